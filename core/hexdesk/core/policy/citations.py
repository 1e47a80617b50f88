"""Turning the places that a model names into citations, while it is still speaking."""

import re
from collections.abc import Iterator, Sequence

from hexdesk.core.model.chat import Citation
from hexdesk.core.model.knowledge import KnownPassage
from hexdesk.core.policy.quotes import QuotableText

LONGEST_MARKER = 600
_QUOTE = "[\"'`\u2018\u2019\u201a\u201c\u201d\u201e\u00ab\u00bb]"
_GAP = r"\s{0,3}"
_MARKER = re.compile(
    rf"\[\[{_GAP}(?P<number>\d{{1,4}}){_GAP}"
    rf"(?:[:,]{_GAP}{_QUOTE}(?P<quote>[\s\S]*?){_QUOTE}{_GAP})?\]\]"
)
# All beginnings of what the pattern above finds.
_BEGUN = re.compile(rf"\[(?:\[{_GAP}(?:\d{{1,4}}{_GAP}(?:\]|[:,]{_GAP}(?:{_QUOTE}[\s\S]*)?)?)?)?")
MOST_BLANKS = 8


class CitationReader:
    """Reads an answer as it comes and makes numbers of its markers.

    A marker is `[[3: "exact words"]]`: words of the passage with that number. It becomes ` [1]`,
    where 1 is the place of its citation in `citations`; the same words of the same passage keep
    their number. Words that are not in the passage are looked for in the others that were given,
    since a model may miscount; if they are nowhere, or there are none, the marker leaves nothing
    behind and `dropped` counts it. All other text comes out as it went in.
    """

    def __init__(
        self, given: Sequence[KnownPassage], citations: Sequence[Citation] = (), said: str = ""
    ) -> None:
        self.citations = list(citations)
        self.dropped = 0
        self._given = given
        self._quotable: dict[int, QuotableText] = {}
        self._held = ""
        self._last = said[-1:]

    def read(self, text: str) -> str:
        """Return what can be said by now; what may be part of a marker is held back."""
        return "".join(self._pieces(self._held + text))

    def rest(self) -> str:
        """Return what is still held back: it is not going to be a marker any more."""
        text, self._held = self._held, ""
        return self._say(text)

    def _pieces(self, text: str) -> Iterator[str]:
        start = 0
        at = text.find("[")
        while at >= 0:
            found = _MARKER.match(text, at, at + LONGEST_MARKER)
            if found:
                yield self._say(text[start : _before_blanks(text, start, at)])
                yield self._cite(int(found["number"]), found["quote"] or "")
                start = found.end()
            elif len(text) - at < LONGEST_MARKER and _BEGUN.fullmatch(text, at):
                break
            at = text.find("[", found.end() if found else at + 1)
        end = _before_blanks(text, start, at if at >= 0 else len(text))
        self._held = text[end:]
        yield self._say(text[start:end])

    def _say(self, text: str) -> str:
        self._last = text[-1:] or self._last
        return text

    def _cite(self, number: int, quote: str) -> str:
        citation = self._citation(number - 1, quote)
        if citation is None:
            self.dropped += 1
            return ""
        if citation not in self.citations:
            self.citations.append(citation)
        reference = f"[{self.citations.index(citation) + 1}]"
        return self._say(f" {reference}" if self._last.strip() else reference)

    def _citation(self, named: int, quote: str) -> Citation | None:
        places = sorted(range(len(self._given)), key=lambda place: place != named)
        for place in places:
            words = self._text(place).find(quote)
            if words is not None:
                return _cited(self._given[place], words)
        return None

    def _text(self, place: int) -> QuotableText:
        if place not in self._quotable:
            self._quotable[place] = QuotableText.of(self._given[place].passage.text)
        return self._quotable[place]


def _before_blanks(text: str, start: int, end: int) -> int:
    """Return where the blanks before a place begin: a marker takes them with it."""
    blanks = text[max(start, end - MOST_BLANKS) : end]
    return end - len(blanks) + len(blanks.rstrip(" \t"))


def _cited(known: KnownPassage, words: str) -> Citation:
    return Citation(
        file_id=known.passage.file_id,
        filename=known.filename,
        page=known.passage.page,
        sheet=known.passage.sheet,
        quote=words,
    )
