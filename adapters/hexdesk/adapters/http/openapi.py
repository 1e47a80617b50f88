"""The OpenAPI document: drawn from the routes, so that it can tell of no others."""

import re
from collections.abc import Iterable
from typing import Any, cast

import msgspec
from litestar.routes import BaseRoute, HTTPRoute

from hexdesk.adapters.http import conventions
from hexdesk.adapters.http.calls import PLACE, Call
from hexdesk.adapters.http.operations import Operation
from hexdesk.adapters.http.problems import Problem
from hexdesk.adapters.http.schemas import Schemas

GENERIC = re.compile(r"\bPage_([A-Za-z]+)_")


def document(routes: Iterable[BaseRoute], version: str, public_url: str | None) -> bytes:
    """Return the document of the routes, as JSON."""
    schemas = Schemas()
    schemas.given(Problem)
    paths = _paths(routes, schemas)
    whole = {
        "openapi": "3.1.0",
        "info": {
            "title": "hexdesk",
            "version": version,
            "description": conventions.DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": public_url or "/"}],
        "tags": [{"name": name, "description": text} for name, text in conventions.TAGS.items()],
        "paths": paths,
        "components": {
            "securitySchemes": conventions.SECURITY_SCHEMES,
            "headers": conventions.header_components(),
            "responses": conventions.problem_components(),
            "schemas": schemas.components(),
        },
    }
    text = msgspec.json.encode(whole).decode()
    return GENERIC.sub(r"\1Page", text).encode()


def _paths(routes: Iterable[BaseRoute], schemas: Schemas) -> dict[str, Any]:
    paths: dict[str, dict[str, Any]] = {}
    for route in sorted(routes, key=lambda route: route.path_format):
        if not isinstance(route, HTTPRoute):
            continue
        for handler in route.route_handlers:
            call = cast("Call | None", handler.opt.get(PLACE))
            if call is None or not handler.resolve_include_in_schema():
                continue
            operation = Operation(
                handler=handler,
                call=call,
                path_parameters=tuple(route.path_parameters),
                schemas=schemas,
            )
            (method,) = handler.http_methods
            paths.setdefault(route.path_format, {})[method.lower()] = operation.described()
    return paths
