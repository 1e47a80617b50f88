"""Names of attachments that are safe to show and to store."""

import re
import unicodedata

from hexdesk_email.headers import readable

LONGEST = 120
LONGEST_SUFFIX = 12
SEPARATORS = re.compile(r"[/\\]")
FORBIDDEN = re.compile(r'[<>:"|?*]')
SUFFIXES = {
    "application/ms-tnef": ".dat",
    "application/pdf": ".pdf",
    "image/gif": ".gif",
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "message/rfc822": ".eml",
    "text/calendar": ".ics",
    "text/csv": ".csv",
    "text/html": ".html",
    "text/plain": ".txt",
}


def safe_filename(claimed: str, content_type: str, number: int) -> str:
    """Return the last part of a claimed name without anything that deceives, or a name of ours."""
    name = SEPARATORS.split(readable(claimed))[-1]
    # Category C holds controls, and the marks by which `fdp.exe` reads `exe.pdf`.
    kept = (one for one in name if not unicodedata.category(one).startswith("C"))
    name = FORBIDDEN.sub("_", unicodedata.normalize("NFC", "".join(kept))).strip(" .")
    if not name:
        return f"attachment-{number}{SUFFIXES.get(content_type, '.bin')}"
    if len(name) <= LONGEST:
        return name
    stem, dot, suffix = name.rpartition(".")
    if not stem or len(suffix) > LONGEST_SUFFIX:
        return name[:LONGEST]
    return stem[: LONGEST - len(suffix) - 1] + dot + suffix
