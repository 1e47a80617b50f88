"""Values that callers send: read strictly, and told exactly where they are wrong."""

import re
from collections.abc import Iterator
from typing import Any, TypeVar, cast

import msgspec
from litestar.exceptions import ClientException

from hexdesk.core.errors import InvalidError

T = TypeVar("T")

PLACE = re.compile(r"(?P<problem>.*?)(?: - at `(?:key in )?\$(?P<path>.*)`)?", re.DOTALL)
STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]|\[\.\.\.\]")
FIELD = re.compile(r"Object (contains unknown|missing required) field `(.*)`", re.DOTALL)
BLANK = r"Expected `str` matching regex '\\S'"
NUL = "\0"
ESCAPED_NUL = b"\\u0000"


def decoded(body: bytes, shape: type[T]) -> T:
    """Read a JSON body as a shape, nothing converted on the way.

    Raise `ClientException` (400) for what is no JSON, `InvalidError` for what breaks a rule.
    """
    try:
        value = msgspec.json.decode(body, type=shape)
    except msgspec.ValidationError as error:
        # What is broken further on is worse than a value that breaks a rule.
        _untyped(body)
        raise invalid(error) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _malformed(error) from error
    if ESCAPED_NUL in body:
        refuse_nul(_untyped(body))
    return value


def converted(values: dict[str, str], shape: type[T]) -> T:
    """Read the texts of a query as a shape; raise `InvalidError` for what breaks a rule."""
    refuse_nul(values)
    try:
        return msgspec.convert(values, shape, strict=False)
    except msgspec.ValidationError as error:
        raise invalid(error) from error


def invalid(error: msgspec.ValidationError) -> InvalidError:
    """Return the error with the pointer to the value, and in words."""
    found = PLACE.fullmatch(str(error))
    problem, path = (found["problem"], found["path"] or "") if found else (str(error), "")
    pointer = "".join(f"/{_escaped(name or index)}" for name, index in _steps(path))
    field = FIELD.fullmatch(problem)
    if field:
        is_unknown = field[1] == "contains unknown"
        problem = "is not a known field" if is_unknown else "is missing"
        pointer += f"/{_escaped(field[2])}"
    elif problem == BLANK:
        problem = "must not be blank"
    else:
        problem = problem[:1].lower() + problem[1:]
    return InvalidError(problem, pointer=pointer)


def refuse_nul(value: Any) -> None:
    """Raise `InvalidError` for a text with the character U+0000, however deep it lies."""
    for pointer, text in _texts(value, ""):
        if NUL in text:
            raise InvalidError("must not contain the character U+0000", pointer=pointer)


def _steps(path: str) -> Iterator[tuple[str, str]]:
    for step in STEP.finditer(path):
        if step[0] != "[...]":
            yield step[1] or "", step[2] or ""


def _texts(value: Any, pointer: str) -> Iterator[tuple[str, str]]:
    match value:
        case str():
            yield pointer, value
        case dict():
            for name, inner in cast("dict[str, Any]", value).items():
                yield pointer, name
                yield from _texts(inner, f"{pointer}/{_escaped(name)}")
        case list():
            for index, inner in enumerate(cast("list[Any]", value)):
                yield from _texts(inner, f"{pointer}/{index}")
        case _:
            return


def _untyped(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _malformed(error) from error


def _malformed(error: Exception) -> ClientException:
    if isinstance(error, RecursionError):
        return ClientException(detail="the body is nested too deeply")
    return ClientException(detail=f"the body is not JSON: {error}")


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
