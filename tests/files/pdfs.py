"""PDF files written by hand, so that every byte of a hostile one is ours."""

import hashlib
import zlib
from collections.abc import Callable, Iterable, Sequence

import msgspec

FONT = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"
PADDING = bytes.fromhex("28bf4e5e4e758a4164004e56fffa01082e2e00b6d0683e802f0ca9fe6453697a")
FILE_ID = b"0123456789abcdef"
PERMISSIONS = -44
LINE = 95
FIRST_PAGE = 4
CATALOG, PAGES, FONT_NUMBER = 1, 2, 3

Transform = Callable[[int, bytes], bytes]


class Lock(msgspec.Struct, frozen=True, kw_only=True):
    """Passwords by the first of PDF's ciphers: RC4 with 40 bits."""

    user: bytes = b""
    owner: bytes = b"owner"

    @property
    def owner_entry(self) -> bytes:
        """Return the user's password as the owner's password hides it."""
        return rc4(md5(padded(self.owner))[:5], padded(self.user))

    @property
    def key(self) -> bytes:
        """Return what everything is encrypted with."""
        permissions = PERMISSIONS.to_bytes(4, "little", signed=True)
        whole = padded(self.user) + self.owner_entry + permissions + FILE_ID
        return md5(whole)[:5]

    def dictionary(self) -> bytes:
        """Return the entry that says how the file is encrypted."""
        return b"<</Filter/Standard/V 1/R 2/O<%s>/U<%s>/P %d>>" % (
            self.owner_entry.hex().encode(),
            rc4(self.key, PADDING).hex().encode(),
            PERMISSIONS,
        )

    def encrypted(self, number: int, content: bytes) -> bytes:
        """Return an object's stream as it is stored."""
        salted = self.key + number.to_bytes(3, "little") + b"\0\0"
        return rc4(md5(salted)[:10], content)


def pdf(pages: Sequence[str], *, title: str = "", lock: Lock | None = None) -> bytes:
    """Return a PDF with these pages of text, wrapped into lines."""
    contents = [drawn(text) for text in pages]
    if lock:
        numbered = enumerate(contents)
        contents = [lock.encrypted(FIRST_PAGE + 2 * at + 1, one) for at, one in numbered]
    return from_contents([stream(one) for one in contents], title=title, lock=lock)


def from_contents(contents: Sequence[bytes], *, title: str = "", lock: Lock | None = None) -> bytes:
    """Return a PDF whose pages are drawn by these streams."""
    kids = b" ".join(b"%d 0 R" % (FIRST_PAGE + 2 * at) for at in range(len(contents)))
    objects = [
        b"<</Type/Catalog/Pages %d 0 R>>" % PAGES,
        b"<</Type/Pages/Kids[%s]/Count %d>>" % (kids, len(contents)),
        FONT,
    ]
    for at, content in enumerate(contents):
        objects += (page(FIRST_PAGE + 2 * at + 1), content)
    trailer = b""
    if title:
        objects.append(b"<</Title(%s)/Author(Ann)>>" % title.encode("latin-1"))
        trailer += b"/Info %d 0 R" % len(objects)
    if lock:
        objects.append(lock.dictionary())
        trailer += b"/Encrypt %d 0 R" % len(objects)
    return assembled(objects, trailer)


def page(contents: int, resources: bytes = b"") -> bytes:
    """Return a page that is drawn by the object of this number."""
    return (
        b"<</Type/Page/Parent %d 0 R/MediaBox[0 0 595 842]/Contents %d 0 R"
        b"/Resources<</Font<</F1 %d 0 R>>%s>>>>"
    ) % (PAGES, contents, FONT_NUMBER, resources)


def many_pages(count: int) -> bytes:
    """Return a PDF of many pages, all drawn by one stream."""
    kids = b" ".join(b"%d 0 R" % (FIRST_PAGE + 1 + at) for at in range(count))
    objects = [
        b"<</Type/Catalog/Pages %d 0 R>>" % PAGES,
        b"<</Type/Pages/Kids[%s]/Count %d>>" % (kids, count),
        FONT,
        stream(drawn("again and again")),
        *[page(FIRST_PAGE)] * count,
    ]
    return assembled(objects)


def bomb(size: int) -> bytes:
    """Return a PDF whose one page unpacks to so many bytes, made without packing them."""
    packer = zlib.compressobj(9)
    piece = b" " * (1 << 20)
    first = packer.compress(piece) + packer.flush(zlib.Z_FULL_FLUSH)
    again = packer.compress(piece) + packer.flush(zlib.Z_FULL_FLUSH)
    # After a full flush nothing refers back, so that the same bytes may stand there any time.
    packed = first + again * (size >> 20) + packer.compress(drawn("boom")) + packer.flush()
    return from_contents([stream(packed, b"/Filter/FlateDecode")])


def drawn(text: str) -> bytes:
    """Return the operators that draw a text."""
    lines = [line for row in text.split("\n") for line in _wrapped(row)]
    shown = b"".join(b"(%s) Tj T*\n" % _escaped(line) for line in lines)
    return b"BT /F1 9 Tf 40 800 Td 11 TL\n%sET" % shown


def stream(content: bytes, more: bytes = b"") -> bytes:
    """Return a stream object."""
    return b"<</Length %d%s>>stream\n%s\nendstream" % (len(content), more, content)


def assembled(objects: Iterable[bytes], trailer: bytes = b"") -> bytes:
    """Return the file: objects numbered from 1, their places, and where to begin."""
    out = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    places = list[int]()
    for number, content in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj%s\nendobj\n" % (number, content)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(places) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer<</Size %d/Root %d 0 R/ID[<%s><%s>]%s>>\n" % (
        len(places) + 1,
        CATALOG,
        FILE_ID.hex().encode(),
        FILE_ID.hex().encode(),
        trailer,
    )
    return bytes(out + b"startxref\n%d\n%%%%EOF" % start)


def padded(password: bytes) -> bytes:
    """Return a password as PDF's first cipher wants it."""
    return (password + PADDING)[:32]


def rc4(key: bytes, content: bytes) -> bytes:
    """Return the content encrypted, or decrypted, which is the same."""
    box = list(range(256))
    at = 0
    for index in range(256):
        at = (at + box[index] + key[index % len(key)]) % 256
        box[index], box[at] = box[at], box[index]
    out, first, second = bytearray(), 0, 0
    for byte in content:
        first = (first + 1) % 256
        second = (second + box[first]) % 256
        box[first], box[second] = box[second], box[first]
        out.append(byte ^ box[(box[first] + box[second]) % 256])
    return bytes(out)


def md5(content: bytes) -> bytes:
    """Return the hash that PDF's first cipher is made of."""
    return hashlib.md5(content, usedforsecurity=False).digest()


def _wrapped(row: str) -> list[str]:
    lines = [""]
    for word in row.split():
        if len(lines[-1]) + len(word) >= LINE:
            lines.append("")
        lines[-1] += f" {word}" if lines[-1] else word
    return lines


def _escaped(line: str) -> bytes:
    text = line.encode("cp1252")
    return text.replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")
