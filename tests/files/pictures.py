"""Pictures of text, as screens, cameras and scanners make them, and of nothing."""

import io
import struct
import zlib
from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont

ORIENTATION = 0x0112
TURNED_RIGHT = 6
WHITE, BLACK = "white", "black"
PAPER = (1240, 1754)  # A4 at 150 dots an inch


def screenshot(*lines: str, size: int = 32, ground: str = WHITE, ink: str = BLACK) -> Image.Image:
    """Return a picture of these lines."""
    picture = Image.new("RGB", (1200, 60 + 60 * len(lines)), ground)
    pen = ImageDraw.Draw(picture)
    font = ImageFont.load_default(size)
    for at, line in enumerate(lines):
        pen.text((40, 30 + 60 * at), line, fill=ink, font=font)
    return picture


def scanned(text: str) -> Image.Image:
    """Return a sheet of paper with a text on it."""
    picture = Image.new("L", PAPER, 255)
    pen = ImageDraw.Draw(picture)
    font = ImageFont.load_default(23)
    words = text.split()
    for at in range(0, len(words), 11):
        pen.text((110, 100 + at // 11 * 32), " ".join(words[at : at + 11]), fill=0, font=font)
    return picture


def png(picture: Image.Image) -> bytes:
    """Return the picture as a PNG file."""
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def jpeg(picture: Image.Image, *, orientation: int = 1) -> bytes:
    """Return the picture as a JPEG file, held as a camera says."""
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=90, exif=exif)
    return out.getvalue()


def scan_pdf(pages: Sequence[Image.Image]) -> bytes:
    """Return a PDF of pictures, as scanners make them."""
    out = io.BytesIO()
    first, *others = pages
    first.save(out, "PDF", save_all=True, append_images=others, resolution=150)
    return out.getvalue()


def pixel_bomb(side: int) -> bytes:
    """Return a small PNG of so many pixels a side."""
    packer = zlib.compressobj(9)
    row = bytes(1 + side // 8)
    pixels = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    chunks = _chunk(b"IHDR", header) + _chunk(b"IDAT", pixels) + _chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def _chunk(name: bytes, content: bytes) -> bytes:
    checked = name + content
    return struct.pack(">I", len(content)) + checked + struct.pack(">I", zlib.crc32(checked))
