"""What of a text that a model or a stranger wrote can be kept."""

from typing import Any, cast

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def storable(text: str) -> str:
    """Return the text without what no storage takes: U+0000, and halves of characters."""
    if text.isascii() and "\0" not in text:
        return text
    # In UTF-16 two halves that belong together become one character again.
    whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return whole.replace("\0", REPLACEMENT)


def holds_nul(value: Any) -> bool:
    """Tell whether a text anywhere in a JSON value contains U+0000."""
    match value:
        case str():
            return "\0" in value
        case dict():
            pairs = cast("dict[Any, Any]", value).items()
            return any(holds_nul(part) for pair in pairs for part in pair)
        case list():
            return any(holds_nul(part) for part in cast("list[Any]", value))
        case _:
            return False
