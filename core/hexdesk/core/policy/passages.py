"""Cutting what files say into passages that are short enough to find and long enough to read."""

import re
from collections.abc import Iterable, Iterator, Sequence
from enum import IntEnum
from uuid import UUID

from hexdesk.core.model.documents import Section
from hexdesk.core.model.knowledge import Passage

WORDS = 200
OVERLAP = 40
# A cut comes in the second half, so that a passage is not much shorter than it may be.
FEWEST_WORDS = 100
# Scripts without spaces count two characters as a word, and no word is longer than this.
_WORD = re.compile(r"[\u3040-\u9fff\uac00-\ud7af]{1,2}|[^\s\u3040-\u9fff\uac00-\ud7af]{1,40}")
_MARKED_HEADING = re.compile(r"\s{0,3}#{1,6}\s+\S.*")
_UNDERLINE = re.compile(r"\s{0,3}(?:={3,}|-{3,})\s*")
# Only after an empty line: a table may have rows that look so.
_NUMBERED_HEADING = re.compile(
    r"\s{0,3}(?:\d{1,3}(?:\.\d{1,3})+\.?|"
    r"(?:chapter|section|part|article|appendix|annex)\s+[\divxla-z]{1,6}\b[.:]?)"
    r"\s+\S.{0,80}(?<![.,;])",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"[.!?\u3002\uff01\uff1f][\"'\u201d\u2019)\]]*$")


class _Start(IntEnum):
    """What begins with a word; a cut before it is the better the higher it stands here."""

    NOTHING = 0
    SENTENCE = 1
    LINE = 2
    PARAGRAPH = 3
    HEADING = 4


def split(file_id: UUID, sections: Iterable[Section]) -> tuple[Passage, ...]:
    """Return the passages of a file, in order.

    They have about 200 words and end where a paragraph, a line or a sentence does, if one does;
    the next repeats about the last 40. None reaches over a heading, a page or a sheet, and each
    is an unbroken part of its section's text.
    """
    cuts = ((section, part) for section in sections for part in _parts(section.text))
    return tuple(
        Passage(
            file_id=file_id, position=position, page=section.page, sheet=section.sheet, text=text
        )
        for position, (section, text) in enumerate(cuts)
    )


def _parts(text: str) -> Iterator[str]:
    words = list(_WORD.finditer(text))
    starts = _starts(text, words)
    headings = [place for place, start in enumerate(starts) if start is _Start.HEADING]
    ends = [*(place for place in headings if place), len(words)] if words else []
    begin = 0
    for end in ends:
        for first, last in _under_heading(starts, begin, end):
            yield text[words[first].start() : words[last - 1].end()]
        begin = end


def _under_heading(starts: Sequence[_Start], begin: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield the first words of passages, and those behind their last, up to the next heading."""
    while end - begin > WORDS:
        cut = max(
            range(begin + FEWEST_WORDS, begin + WORDS + 1), key=lambda place: (starts[place], place)
        )
        yield begin, cut
        # What is repeated begins with a sentence, if one begins there.
        repeated = range(cut - OVERLAP, cut)
        begin = next((place for place in repeated if starts[place]), repeated[0])
    yield begin, end


def _starts(text: str, words: Sequence[re.Match[str]]) -> list[_Start]:
    """Return for each word what begins with it."""
    lines = _line_starts(text)
    starts: list[_Start] = []
    before = ""
    for word in words:
        is_sentence = bool(_SENTENCE_END.search(before))
        otherwise = _Start.SENTENCE if is_sentence else _Start.NOTHING
        starts.append(lines.get(word.start(), otherwise))
        before = word.group()
    return starts


def _line_starts(text: str) -> dict[int, _Start]:
    """Return what begins where the first word of each line stands."""
    starts: dict[int, _Start] = {}
    lines = text.splitlines(keepends=True)
    at, before = 0, _Start.PARAGRAPH
    for place, line in enumerate(lines):
        if not line.strip():
            before = _Start.PARAGRAPH
        else:
            is_new = before is _Start.PARAGRAPH
            is_heading = _is_heading(lines[place : place + 2], is_paragraph=is_new)
            # A heading right below another belongs to it.
            if is_heading and before is not _Start.HEADING:
                kind = _Start.HEADING
            else:
                kind = _Start.PARAGRAPH if is_new else _Start.LINE
            starts[at + len(line) - len(line.lstrip())] = kind
            before = _Start.HEADING if is_heading else _Start.LINE
        at += len(line)
    return starts


def _is_heading(lines: Sequence[str], *, is_paragraph: bool) -> bool:
    line, *following = (one.rstrip() for one in lines)
    if _MARKED_HEADING.fullmatch(line):
        return True
    is_underlined = any(map(_UNDERLINE.fullmatch, following))
    return is_paragraph and (is_underlined or bool(_NUMBERED_HEADING.fullmatch(line)))
