"""Which type a file is of: its name, what its sender claims and its first bytes must agree."""

import re
from collections.abc import Mapping, Sequence

from hexdesk.core.errors import UnsupportedFileError
from hexdesk.core.model.documents import FileType, TextExtractor

HEAD_BYTES = 8192
"""How much of a file is enough to tell its type."""

EXTENSIONS: Mapping[str, FileType] = {
    "pdf": FileType.PDF,
    "txt": FileType.TXT,
    "text": FileType.TXT,
    "md": FileType.MD,
    "markdown": FileType.MD,
    "csv": FileType.CSV,
    "xlsx": FileType.XLSX,
    "docx": FileType.DOCX,
    "png": FileType.PNG,
    "jpg": FileType.JPEG,
    "jpeg": FileType.JPEG,
}

TEXTS = frozenset({FileType.TXT, FileType.MD, FileType.CSV})
ARCHIVES = frozenset({FileType.XLSX, FileType.DOCX})
ANYTHING = frozenset({"", "application/octet-stream", "binary/octet-stream"})
# What browsers and mail programs say for a type, beside its own name.
CLAIMS: Mapping[str, frozenset[FileType]] = {
    "application/x-pdf": frozenset({FileType.PDF}),
    "text/plain": TEXTS,
    "text/x-markdown": frozenset({FileType.MD}),
    "application/csv": frozenset({FileType.CSV}),
    "application/vnd.ms-excel": frozenset({FileType.CSV, FileType.XLSX}),
    "application/zip": ARCHIVES,
    "application/x-zip-compressed": ARCHIVES,
    "image/jpg": frozenset({FileType.JPEG}),
    "image/pjpeg": frozenset({FileType.JPEG}),
    **{one.value: frozenset({one}) for one in FileType if one is not FileType.TXT},
}
SIGNATURES: Mapping[bytes, frozenset[FileType]] = {
    b"%PDF-": frozenset({FileType.PDF}),
    b"\x89PNG\r\n\x1a\n": frozenset({FileType.PNG}),
    b"\xff\xd8\xff": frozenset({FileType.JPEG}),
    b"PK\x03\x04": ARCHIVES,
}
OLD_OFFICE = b"\xd0\xcf\x11\xe0"
"""How Office files begin that are encrypted, or of the time before DOCX and XLSX."""

MARKS = (b"\xff\xfe", b"\xfe\xff")
"""Byte order marks of UTF-16."""

UNPRINTABLE = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
ACCEPTED = "PDF, TXT, MD, CSV, XLSX, DOCX, PNG or JPEG"


def type_of_file(
    filename: str, claimed: str | None, head: bytes, further: Sequence[TextExtractor] = ()
) -> str:
    """Return the type that all three agree on, or raise `UnsupportedFileError`.

    `head` is the file's first `HEAD_BYTES`. An archive is taken for what its name says it is:
    what lies in it is looked at where it can do no harm. A file is of a `further` type by the end
    of its name alone, and must not begin like anything else.
    """
    extension = _extension(filename)
    for one in further:
        if extension in one.extensions:
            return _further_type(one, claimed, head)
    found = possible_types(head)
    accepted = ", ".join((*(one.name for one in further), ACCEPTED))
    if not found:
        raise UnsupportedFileError(why_unread(head, accepted))
    named = _named_types(filename, accepted)
    if not found & named:
        raise UnsupportedFileError("the file holds something else than its name says")
    agreed = found & named & _claimed_types(claimed)
    if not agreed:
        raise UnsupportedFileError("the file is not of the type that is given for it")
    if FileType.TXT in agreed:
        return FileType.TXT
    if len(agreed) > 1:
        raise UnsupportedFileError("the file's type must be told by its name or its content type")
    return next(iter(agreed))


def possible_types(head: bytes) -> frozenset[FileType]:
    """Return the types that a file with these first bytes may be of."""
    for signature, types in SIGNATURES.items():
        if head.startswith(signature):
            return types
    return TEXTS if is_text(head) else frozenset()


def why_unread(head: bytes, wanted: str) -> str:
    """Return why a file with these first bytes is not what is wanted."""
    if head.startswith(OLD_OFFICE):
        return (
            "the file is encrypted or of an old Office format:"
            " save it as .docx or .xlsx without a password"
        )
    return f"the file is no {wanted}, whatever its name says"


def is_text(head: bytes) -> bool:
    """Return whether the bytes may be the beginning of a text, in whatever encoding."""
    return bool(head) and (
        utf16_of(head) is not None or UNPRINTABLE.search(head, 0, HEAD_BYTES) is None
    )


def utf16_of(head: bytes) -> str | None:
    """Return the codec if this is UTF-16, with a byte order mark or evidently without one."""
    if head.startswith(MARKS):
        return "utf-16"
    half = len(head[:HEAD_BYTES]) // 2
    even, odd = (head[start : half * 2 : 2].count(0) for start in (0, 1))
    if odd * 2 > half and not even:
        return "utf-16-le"
    if even * 2 > half and not odd:
        return "utf-16-be"
    return None


def begins_like(one: TextExtractor, head: bytes) -> bool:
    """Return whether a file with these first bytes may be of a further type."""
    if one.signature:
        return head.startswith(one.signature)
    return possible_types(head) == TEXTS


def _further_type(one: TextExtractor, claimed: str | None, head: bytes) -> str:
    if not begins_like(one, head):
        raise UnsupportedFileError("the file holds something else than its name says")
    said = _content_type(claimed)
    is_text = not one.signature and said.startswith("text/")
    if said not in ANYTHING and said != one.content_type and not is_text:
        raise UnsupportedFileError("the file is not of the type that is given for it")
    return one.content_type


def _extension(filename: str) -> str | None:
    """Return how the name ends, in lower case and without the dot; None if it has no end."""
    name, _, extension = filename.rpartition(".")
    return extension.lower() if name else None


def _named_types(filename: str, accepted: str) -> frozenset[FileType]:
    """Return what the end of the name stands for; a name without an end says nothing."""
    extension = _extension(filename)
    if extension is None:
        return frozenset(FileType)
    if extension not in EXTENSIONS:
        raise UnsupportedFileError(f"the file's name does not end like that of a {accepted} file")
    return frozenset({EXTENSIONS[extension]})


def _claimed_types(claimed: str | None) -> frozenset[FileType]:
    content_type = _content_type(claimed)
    if content_type in ANYTHING:
        return frozenset(FileType)
    return CLAIMS.get(content_type, frozenset())


def _content_type(claimed: str | None) -> str:
    return (claimed or "").partition(";")[0].strip().lower()
