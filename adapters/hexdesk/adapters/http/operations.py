"""One call, as the OpenAPI document tells of it."""

import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, get_args, get_origin, get_type_hints

import msgspec
from litestar import Response
from litestar.handlers import HTTPRouteHandler
from litestar.response import Stream

from hexdesk.adapters.http import conventions, streams
from hexdesk.adapters.http.admission import WITH_BODY
from hexdesk.adapters.http.calls import Call, HeaderParameter
from hexdesk.adapters.http.once import IDEMPOTENCY_KEY
from hexdesk.adapters.http.schemas import Schema, Schemas
from hexdesk.adapters.http.upload_form import FORM_TYPE
from hexdesk.adapters.http.upload_form import SCHEMA as FORM_SCHEMA
from hexdesk.core.policy.listing import sortable
from hexdesk.core.policy.rights import NOT_BY_API_KEY, USER_RIGHTS

JSON = "application/json"
RAW_TYPE = "application/octet-stream"
RAW_SCHEMA = {"type": "string", "format": "binary"}
NO_CONTENT = 204
ASIDE = re.compile("[;:] ")
EVENTS = """\
The run's events. Each has an `id` (1, 2, 3 … within the run), an `event` and JSON `data`:
`run.started` is first, `run.completed` (with the whole answer) or `run.failed` (with a problem)
is last; between them come `text.delta`, `tool.started`, `tool.finished` and `approval.required`.
The deltas together are the answer's text. If a person took the conversation over meanwhile, the
problem's type ends in `/thread-taken-over`, and no text is stored. Lines that begin with a colon
are comments."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """A handler at a path, and what holds of its call."""

    handler: HTTPRouteHandler
    call: Call
    path_parameters: tuple[str, ...]
    schemas: Schemas

    def described(self) -> dict[str, Any]:
        """Return the operation object."""
        summary, details = _told(self.handler.fn)
        body = self._body()
        return {
            "operationId": self.handler.fn.__name__,
            "tags": sorted(self.handler.resolve_tags()),
            "summary": summary,
            "description": "\n\n".join(filter(None, (*details, self._who_may()))),
            "security": [] if self.call.is_public else [{"bearer": []}],
            "parameters": [*self._parameters()],
            **({"requestBody": body} if body else {}),
            "responses": self._successes() | self._problems(has_body=body is not None),
        }

    @property
    def _hints(self) -> dict[str, Any]:
        return get_type_hints(self.handler.fn)

    @property
    def _method(self) -> str:
        return next(iter(self.handler.http_methods))

    def _who_may(self) -> str:
        right = self.call.right
        if right is None:
            return "" if self.call.is_public else "Every member may."
        who = "Every member may" if right in USER_RIGHTS else "Only admins may"
        return f"{who}{', but no API key' if right in NOT_BY_API_KEY else ''}."

    def _parameters(self) -> Iterator[dict[str, Any]]:
        for name in self.path_parameters:
            yield _path_parameter(name)
        yield from self._query_parameters()
        for header in (*self.call.headers, *((IDEMPOTENCY_KEY,) if self.call.once else ())):
            yield _header_parameter(header)

    def _query_parameters(self) -> Iterator[dict[str, Any]]:
        fields = self.schemas.fields(self.call.query) if self.call.query else {}
        if "sort" in fields:
            fields["sort"] = _orders(self._hints["return"], fields["sort"])
        for name, schema in fields.items():
            yield _query_parameter(name, schema)

    def _body(self) -> dict[str, Any] | None:
        if self.call.uploads:
            return {"required": True, "content": {FORM_TYPE: {"schema": FORM_SCHEMA}}}
        if self.call.is_raw and self._method in WITH_BODY:
            return {"required": False, "content": {RAW_TYPE: {"schema": RAW_SCHEMA}}}
        if "data" not in self._hints:
            return None
        default = inspect.signature(self.handler.fn).parameters["data"].default
        content: dict[str, Any] = {"schema": self.schemas.taken(self._hints["data"])}
        if self.call.example is not None:
            content["example"] = msgspec.to_builtins(self.call.example)
        return {"required": default is inspect.Parameter.empty, "content": {JSON: content}}

    def _successes(self) -> dict[str, Any]:
        names = conventions.LIMITED if self.call.is_limited else conventions.ALWAYS
        names += self.call.answer_headers
        if self.call.once:
            names += (conventions.REPLAYED,)
        found: dict[str, Any] = {}
        if self.call.streams:
            content = {streams.MEDIA_TYPE: {"schema": streams.EVENT}}
            found["200"] = _answer(EVENTS, names, content)
        shape = self.call.answers or _answer_of(self._hints["return"])
        if self.handler.status_code == NO_CONTENT:
            found[str(NO_CONTENT)] = _answer("It is done.", names, None)
        elif shape is not None:
            found[str(self.handler.status_code)] = _answer(
                _first_line(shape), names, self._content(shape)
            )
        if self.call.when_down:
            down = (conventions.REQUEST_ID, conventions.RETRY_AFTER)
            shape = self.call.when_down
            found["503"] = _answer("It is down.", down, self._content(shape))
        return found

    def _content(self, shape: Any) -> dict[str, Any]:
        if shape is bytes:
            return {str(self.handler.media_type): {"schema": {"type": "string"}}}
        return {JSON: {"schema": self.schemas.given(shape)}}

    def _problems(self, *, has_body: bool) -> dict[str, Any]:
        call = self.call
        possible = {
            400: has_body,
            401: not call.is_public,
            403: call.right is not None,
            404: bool(self.path_parameters),
            409: call.once is not None,
            413: self._method in WITH_BODY,
            415: self._method in WITH_BODY and not call.is_raw,
            422: (has_body and not call.is_raw) or not call.is_public,
            429: call.is_limited,
            500: True,
            503: call.when_down is None,
        }
        statuses = {status for status, is_possible in possible.items() if is_possible}
        return {
            str(status): conventions.problem(status) for status in sorted(statuses | {*call.also})
        }


def _told(handler: Any) -> tuple[str, tuple[str, ...]]:
    """Return the name of a call and what else its docstring tells of it."""
    first, _, rest = inspect.cleandoc(handler.__doc__ or "").partition("\n")
    name, *more = ASIDE.split(first.rstrip("."), maxsplit=1)
    return name, (*(f"{one[:1].upper()}{one[1:]}." for one in more), rest.strip())


def _orders(answer: Any, schema: Schema) -> Schema:
    """Say by which fields of its items a list can be sorted."""
    (item,) = get_args(answer)
    names = sorted(sortable(item))
    schema.pop("pattern")
    return schema | {"enum": [*names, *(f"-{name}" for name in names)]}


def _path_parameter(name: str) -> dict[str, Any]:
    thing = name.removesuffix("_id").replace("_", " ")
    is_id = name.endswith("_id")
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": f"The {'id' if is_id else 'name'} of the {thing}.",
        "schema": {"type": "string", **({"format": "uuid"} if is_id else {})},
    }


def _query_parameter(name: str, schema: Schema) -> dict[str, Any]:
    description = schema.pop("description", "")
    return {
        "name": name,
        "in": "query",
        "required": False,
        **({"description": description} if description else {}),
        "schema": schema,
    }


def _header_parameter(header: HeaderParameter) -> dict[str, Any]:
    schema: Schema = {"type": "string", "pattern": header.pattern}
    return {
        "name": header.name,
        "in": "header",
        "required": False,
        "description": header.description,
        "schema": schema | ({"examples": [header.example]} if header.example else {}),
    }


def _answer(
    description: str, names: tuple[str, ...], content: dict[str, Any] | None
) -> dict[str, Any]:
    return {
        "description": description,
        "headers": conventions.headers(names),
        **({"content": content} if content else {}),
    }


def _answer_of(hint: Any) -> Any:
    """Return what a handler answers with, out of its response; None for a stream."""
    if get_origin(hint) is Response:
        return get_args(hint)[0]
    return None if hint is Stream else hint


def _first_line(shape: Any) -> str:
    origin = get_origin(shape) or shape
    is_struct = isinstance(origin, type) and issubclass(origin, msgspec.Struct)
    doc = inspect.cleandoc(origin.__doc__ or "") if is_struct else ""
    return doc.partition("\n")[0] or "The answer."
