"""A reader of subtitles as it should be: what a plugin's own would be."""

from hexdesk.core import ExtractedDocument, ExtractionError, Section, TextExtractor

ARROW = " --> "
FILM = (
    "1\n00:00:01,000 --> 00:00:02,500\nThe zeppelin is warranted\n\n"
    "2\n00:00:03,000 --> 00:00:04,000\nfor seven years. Größe: 20 m.\n"
)


def read(content: bytes) -> ExtractedDocument:
    """Return what is said, without when."""
    try:
        lines = content.decode().splitlines()
    except UnicodeDecodeError as error:
        raise ExtractionError("the subtitles are no UTF-8: save them as UTF-8") from error
    said = [one for one in lines if one.strip() and not one.strip().isdigit() and ARROW not in one]
    if len(said) == len(lines):
        raise ExtractionError("there is no subtitle in the file")
    return ExtractedDocument(
        sections=(Section(text="\n".join(said)),),
        metadata={"subtitles": sum(ARROW in one for one in lines)},
    )


SUBTITLES = TextExtractor(
    name="SRT",
    content_type="application/x-subrip",
    extensions=("srt",),
    reader=f"{__name__}:read",
)
