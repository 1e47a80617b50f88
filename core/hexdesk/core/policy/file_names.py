"""Names of files: what is left of a name that a stranger chose, and where the bytes lie."""

import re
import unicodedata
from uuid import UUID

LONGEST = 255
NAMELESS = "file"
# What turns the direction of writing makes `gpj.exe` look like a picture's name.
TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
DOTS = re.compile(r"\.*")
# Of a longer ending it is not the ending that tells the type.
LONGEST_ENDING = 16


def file_name(given: str) -> str:
    """Return the base name, in characters that show what they are."""
    base = given.replace("\\", "/").rpartition("/")[2]
    shown = "".join(character for character in base if _is_shown(character)).strip()
    name = NAMELESS if DOTS.fullmatch(shown) else shown
    if len(name) <= LONGEST:
        return name
    stem, dot, ending = name.rpartition(".")
    if not dot or len(ending) > LONGEST_ENDING:
        return name[:LONGEST]
    return f"{stem[: LONGEST - len(ending) - 1]}.{ending}"


def blob_key(organization_id: UUID, file_id: UUID) -> str:
    """Return the key of a file's bytes: of our own making, whatever the file is called."""
    return f"org/{organization_id}/{file_id}"


def _is_shown(character: str) -> bool:
    # Control characters, and halves of characters.
    return character not in TURNING and unicodedata.category(character) not in {"Cc", "Cs"}
