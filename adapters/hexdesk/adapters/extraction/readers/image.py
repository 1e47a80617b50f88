"""Pictures: screenshots, photographs and scans, as PNG or JPEG."""

import warnings
from typing import Any, BinaryIO

from PIL import Image, ImageOps, UnidentifiedImageError

from hexdesk.adapters.extraction.readers.ocr import Recognizer
from hexdesk.adapters.extraction.readers.reading import Bounds, Ocr, Outlet, RefusedError

FORMATS = ("PNG", "JPEG")
OPENED = 0.1
MOST_PIXELS_READ = 12_000_000
SMALL = 1000
"""Pictures less wide than this are doubled: their letters are too small to be told apart."""


def read(file: BinaryIO, outlet: Outlet, ocr: Ocr) -> dict[str, Any]:
    """Read the words in a picture, which is turned as its camera was held."""
    picture = _opened(file, outlet.bounds)
    outlet.progress(OPENED)
    width, height = picture.size
    words = Recognizer(ocr).begin(prepared(picture)).result()
    outlet.put(words.text)
    return {
        "width": width,
        "height": height,
        "format": picture.format,
        "ocr_confidence": words.confidence / 100,
    }


def prepared(picture: Image.Image) -> Image.Image:
    """Return it upright, grey, on white where nothing is, and of a size that reads well."""
    upright = ImageOps.exif_transpose(picture)
    if upright.has_transparency_data:
        ground = Image.new("RGBA", upright.size, "white")
        ground.alpha_composite(upright.convert("RGBA"))
        upright = ground
    grey = upright.convert("L")
    pixels = grey.width * grey.height
    if pixels > MOST_PIXELS_READ:
        return grey.reduce(round((pixels / MOST_PIXELS_READ) ** 0.5 + 0.5))
    return ImageOps.scale(grey, 2) if grey.width < SMALL else grey


def _opened(file: BinaryIO, bounds: Bounds) -> Image.Image:
    """Decode a picture, after a look at its size."""
    # Pillow refuses twice as many; between the two it warns.
    Image.MAX_IMAGE_PIXELS = bounds.pixels
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            picture = Image.open(file, formats=FORMATS)
            picture.load()
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        most = bounds.pixels // 1_000_000
        raise RefusedError(f"the picture is too large: at most {most} megapixels") from error
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise RefusedError("the picture is damaged, or ends too early") from error
    return picture
