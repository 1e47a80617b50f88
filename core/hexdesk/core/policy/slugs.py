"""How names become parts of addresses."""

import re
import unicodedata
from uuid import UUID

LONGEST = 40


def slug(name: str, unique: UUID) -> str:
    """Return an ASCII slug of the name that nobody else has."""
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "-", ascii_name).strip("-")[:LONGEST].strip("-")
    return f"{words or 'organization'}-{unique.hex[-6:]}"
