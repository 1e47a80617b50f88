"""Words are read from pictures, however the picture was taken."""

from hashlib import shake_128

import pytest
from PIL import Image, ImageOps

from hexdesk.core.model.documents import FileType
from tests.files import pictures
from tests.integration.extraction.reading import reading_of

LINES = ("The lamp came broken.", "Order 48213 was charged twice.", "Please help me soon.")
DARK = pictures.screenshot(*LINES, ground="#1e1e1e", ink="#d4d4d4")
BRIGHT = pictures.screenshot(*LINES)


def noise(width: int, height: int) -> bytes:
    """Return so many grey pixels, all of them by chance, and the same each time."""
    return shake_128(b"specks").digest(width * height)


def speckled() -> Image.Image:
    """Return a picture on which one pixel of twelve is wrong."""
    specks = noise(*BRIGHT.size)
    mask = bytes(255 if speck % 12 == 0 else 0 for speck in specks)
    picture = BRIGHT.convert("L")
    picture.paste(
        Image.frombytes("L", BRIGHT.size, specks), mask=Image.frombytes("L", BRIGHT.size, mask)
    )
    return picture


def transparent() -> Image.Image:
    """Return black words on nothing."""
    picture = Image.new("RGBA", BRIGHT.size, (0, 0, 0, 0))
    picture.putalpha(ImageOps.invert(BRIGHT.convert("L")))
    return picture


@pytest.mark.parametrize(
    "picture",
    [
        pytest.param(BRIGHT, id="dark on light"),
        pytest.param(DARK, id="light on dark"),
        pytest.param(BRIGHT.rotate(90, expand=True), id="turned by a quarter"),
        pytest.param(BRIGHT.rotate(180), id="upside down"),
        pytest.param(speckled(), id="full of specks"),
        pytest.param(transparent(), id="on nothing"),
        pytest.param(BRIGHT.convert("P"), id="with a palette"),
        pytest.param(pictures.screenshot(*LINES, size=14).crop((0, 0, 500, 240)), id="small"),
        pytest.param(ImageOps.scale(BRIGHT, 7), id="large"),
    ],
)
def test_the_words_in_a_picture_are_read(picture: Image.Image) -> None:
    reading = reading_of(FileType.PNG, pictures.png(picture))
    assert [line for line in reading.text.split("\n") if line] == list(LINES)
    assert reading.metadata["ocr_confidence"] == pytest.approx(0.8, abs=0.2)
    assert (reading.metadata["width"], reading.metadata["height"]) == picture.size


def test_a_photograph_is_turned_as_its_camera_was_held() -> None:
    held = BRIGHT.rotate(90, expand=True)
    reading = reading_of(FileType.JPEG, pictures.jpeg(held, orientation=pictures.TURNED_RIGHT))
    assert reading.text.split() == " ".join(LINES).split()
    assert reading.metadata["format"] == "JPEG"


def test_a_picture_of_nothing_has_no_text() -> None:
    blank = pictures.png(Image.new("RGB", (400, 300), "white"))
    assert "no text" in reading_of(FileType.PNG, blank).reason


def test_noise_is_no_text() -> None:
    picture = pictures.png(Image.frombytes("L", (600, 400), noise(600, 400)))
    assert "no text" in reading_of(FileType.PNG, picture).reason
