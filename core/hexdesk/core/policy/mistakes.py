"""Where a value breaks a rule, and how to say so to people."""

import re
from collections.abc import Iterator

import msgspec

from hexdesk.core.errors import InvalidError

STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]|\[\.\.\.\]")
FIELD = re.compile(r"Object (contains unknown|missing required) field `(.*)`", re.DOTALL)
PATTERN = "Expected `str` matching regex "
# Some of it is blank for Python and not for JavaScript, so it is spelled out.
NOT_BLANK = r"[^\\s\\x1c-\\x1f\\x85]"
BLANK = frozenset({f"{PATTERN}'{NOT_BLANK}'", f"{PATTERN}'^$|{NOT_BLANK}'"})


def invalid(error: msgspec.ValidationError, *, within: str = "") -> InvalidError:
    """Return the error with the RFC 6901 pointer to the value that msgspec refused.

    `within` is the pointer to what was read, where that is a part of something larger. A pointer
    ends at an object whose keys are free: msgspec does not tell which key it was.
    """
    problem, _, place = str(error).partition(" - at `")
    path = place.removeprefix("key in ").removesuffix("`")
    pointer = within + "".join(f"/{escaped(step)}" for step in _steps(path))
    field = FIELD.fullmatch(problem)
    if field:
        is_unknown = field[1] == "contains unknown"
        message = "is not a known field" if is_unknown else "is missing"
        return InvalidError(message, pointer=f"{pointer}/{escaped(field[2])}")
    return InvalidError(_in_words(problem), pointer=pointer)


def _in_words(problem: str) -> str:
    if problem in BLANK:
        return "must not be blank"
    if problem.startswith(PATTERN):
        # A regular expression tells people nothing; the OpenAPI document has it for programs.
        return "does not have the form that is described for it"
    return problem[:1].lower() + problem[1:]


def escaped(name: str) -> str:
    """Return a field's name as a pointer writes it."""
    return name.replace("~", "~0").replace("/", "~1")


def _steps(path: str) -> Iterator[str]:
    for step in STEP.finditer(path):
        if step[0] == "[...]":
            return
        yield step[1] or step[2]
