"""The OpenAPI document: drawn from the routes, so that it can tell of no others."""

import re
from collections.abc import Iterable, Iterator
from typing import Any, cast

import msgspec
from litestar.routes import BaseRoute, HTTPRoute

from hexdesk.adapters.http import conventions
from hexdesk.adapters.http.calls import PLACE, Call
from hexdesk.adapters.http.operations import Operation
from hexdesk.adapters.http.problems import Problem
from hexdesk.adapters.http.schemas import Schemas

METHODS = ("get", "post", "put", "patch", "delete")
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
    found = {(place, method): call for place, method, call in _calls(routes, schemas)}
    # Litestar keeps handlers in sets; the document is the same each time.
    for path, method in sorted(found, key=lambda one: (one[0], METHODS.index(one[1]))):
        paths.setdefault(path, {})[method] = found[path, method].described()
    return paths


def _calls(routes: Iterable[BaseRoute], schemas: Schemas) -> Iterator[tuple[str, str, Operation]]:
    for route in routes:
        for handler in route.route_handlers if isinstance(route, HTTPRoute) else ():
            call = cast("Call | None", handler.opt.get(PLACE))
            if call is None or not handler.resolve_include_in_schema():
                continue
            operation = Operation(
                handler=handler,
                call=call,
                path_parameters=tuple(route.path_parameters),
                schemas=schemas,
            )
            for method in handler.http_methods:
                yield route.path_format, method.lower(), operation
