"""How names become parts of addresses."""

import re
import unicodedata
from uuid import UUID

LONGEST = 40


def slug(name: str, unique: UUID) -> str:
    """Return an ASCII slug of the name that nobody else has."""
    words = ascii_words(name)[:LONGEST].strip("-")
    return f"{words or 'organization'}-{unique.hex[-6:]}"


def ascii_words(name: str) -> str:
    """Return the letters and digits of the name that ASCII has, in lower case, joined by dashes."""
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", ascii_name).strip("-")
