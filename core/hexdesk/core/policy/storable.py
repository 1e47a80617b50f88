"""What of a text that a model or a stranger wrote can be kept."""

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def storable(text: str) -> str:
    """Return the text without what no storage takes: U+0000, and halves of characters."""
    if text.isascii() and "\0" not in text:
        return text
    # In UTF-16 two halves that belong together become one character again.
    whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return whole.replace("\0", REPLACEMENT)
