"""Values that callers send: read strictly, and told exactly where they are wrong."""

from typing import Any, TypeVar, cast

import msgspec
from litestar.exceptions import ClientException

from hexdesk.core.errors import InvalidError
from hexdesk.core.policy.mistakes import escaped, invalid

T = TypeVar("T")

NUL = "\0"
ESCAPED_NUL = b"\\u0000"
MOST_LEVELS = 100
"""How deep a body may be nested: what is stored must be written out again, wherever that is."""


def decoded(body: bytes, shape: type[T]) -> T:
    """Read a JSON body as a shape, nothing converted on the way.

    Raise `ClientException` (400) for what is no JSON, `InvalidError` for what breaks a rule.
    """
    try:
        value = msgspec.json.decode(body, type=shape)
    except msgspec.ValidationError as error:
        return _second_look(body, shape, error)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _malformed(error) from error
    may_be_deep = body.count(b"{") + body.count(b"[") > MOST_LEVELS
    if may_be_deep or ESCAPED_NUL in body:
        look_through(msgspec.json.decode(body))
    return value


def converted(values: dict[str, str | int], shape: type[T]) -> T:
    """Read the values of a query as a shape; raise `InvalidError` for what breaks a rule."""
    look_through(values)
    try:
        return msgspec.convert(values, shape)
    except msgspec.ValidationError as error:
        raise invalid(error) from error


def look_through(value: Any, pointer: str = "", level: int = 0) -> None:
    """Raise `InvalidError` for the character U+0000 in any text, and for too many levels."""
    if level > MOST_LEVELS:
        raise InvalidError(f"is nested more than {MOST_LEVELS} levels deep")
    match value:
        case str():
            if NUL in value:
                raise InvalidError("must not contain the character U+0000", pointer=pointer)
        case dict():
            for name, inner in cast("dict[str, Any]", value).items():
                look_through(name, pointer, level)
                look_through(inner, f"{pointer}/{escaped(name)}", level + 1)
        case list():
            for index, inner in enumerate(cast("list[Any]", value)):
                look_through(inner, f"{pointer}/{index}", level + 1)
        case _:
            return


def _second_look(body: bytes, shape: type[T], error: msgspec.ValidationError) -> T:
    """Read a body that breaks a rule at first sight: 8.0 is an integer to JSON, if not to msgspec.

    What is broken further on is worse than a value that breaks a rule.
    """
    try:
        plain = msgspec.json.decode(body)
        look_through(plain)
        return msgspec.convert(_with_whole_numbers(plain), shape)
    except msgspec.ValidationError:
        raise invalid(error) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as worse:
        raise _malformed(worse) from worse


def _with_whole_numbers(value: Any) -> Any:
    match value:
        case float():
            return int(value) if value.is_integer() else value
        case dict():
            items = cast("dict[str, Any]", value).items()
            return {name: _with_whole_numbers(inner) for name, inner in items}
        case list():
            return [_with_whole_numbers(inner) for inner in cast("list[Any]", value)]
        case _:
            return value


def _malformed(error: Exception) -> ClientException:
    if isinstance(error, RecursionError):
        return ClientException(detail="the body is nested too deeply")
    return ClientException(detail=f"the body is not JSON: {error}")
