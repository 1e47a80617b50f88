"""The OpenAPI document: drawn from the routes, so that it cannot tell of others."""

import inspect
import re
from collections.abc import Iterator
from functools import cache
from typing import Any, get_args, get_origin, get_type_hints

import msgspec
from litestar import Response
from litestar.handlers import HTTPRouteHandler
from litestar.routes import BaseRoute, HTTPRoute

from hexdesk.adapters.http.calls import Call, HeaderParameter, call_in
from hexdesk.adapters.http.described import (
    ANSWER_HEADERS,
    DESCRIPTION,
    PROBLEMS,
    SECURITY_SCHEMES,
    TAGS,
    problem_responses,
)
from hexdesk.adapters.http.once import IDEMPOTENCY_KEY
from hexdesk.adapters.http.problems import Problem
from hexdesk.adapters.http.queries import ListQuery
from hexdesk.adapters.http.schemas import Schema, Schemas
