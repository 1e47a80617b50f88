"""A short summary drawn from a text itself, where no model is there to write one."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence

from hexdesk.core.model.documents import Section

MOST_CHARACTERS = 500
MOST_READ = 100_000
LONGEST_TITLE = 120
FEWEST_WORDS = 4
"""A line of fewer words is no sentence: a page number, a stamp, a cell."""

HEADING = re.compile(r"#{1,6}\s+")
MARK = re.compile(r"(?:#{1,6}|[-*+>]|\d+[.)])\s+")
# A line that goes on in lower case goes on with the sentence of the line before.
WRAPPED = re.compile(r"(?<![.!?:;\n])\n(?=[a-zà-öø-ÿ])")
SENTENCE_END = re.compile(r"(?<=[.!?…])\s+|(?<=[\u3002\uff01\uff1f])|\n+")
WORD = re.compile(r"[^\W\d_]{4,}")
LATE = 0.5
"""How much the last sentence weighs beside the first."""


def summary_of(sections: Iterable[Section]) -> str:
    """Return at most `MOST_CHARACTERS`: the title, and the sentences that say most of the text.

    A sentence weighs as much as its words are frequent in the whole; what comes early weighs more.
    """
    text = _beginning(sections)
    title = _title(text)
    sentences = _sentences(text, title)
    room = MOST_CHARACTERS - len(title) - len(": ")
    picked = set[int]()
    for at in _by_weight(sentences):
        if len(sentences[at]) < room:
            picked.add(at)
            room -= len(sentences[at]) + 1
    body = " ".join(sentences[at] for at in sorted(picked))
    if not picked and sentences:
        body = sentences[0][: room - 1].rstrip() + "…"
    return ": ".join(filter(None, (title, body)))


def _beginning(sections: Iterable[Section]) -> str:
    """Return as much of the text as is worth a look, with wrapped lines made whole."""
    pieces = list[str]()
    room = MOST_READ
    for section in sections:
        pieces.append(section.text[:room])
        room -= len(section.text)
        if room <= 0:
            break
    return WRAPPED.sub(" ", "\n\n".join(pieces))


def _title(text: str) -> str:
    """Return the first heading, else the first line if it is short and no sentence, else ''."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    headings = [line for line in lines if HEADING.match(line)]
    title = _plain(next(iter(headings or lines), ""))
    is_title = bool(headings) or not title.endswith((".", "!", "?", "…", ";", ","))
    return title if is_title and len(title) <= LONGEST_TITLE else ""


def _sentences(text: str, title: str) -> list[str]:
    """Return the sentences in their order, each once, without the title."""
    found = (_plain(one) for one in SENTENCE_END.split(text))
    whole = (one for one in found if len(one.split()) >= FEWEST_WORDS and one != title)
    return list(dict.fromkeys(whole))


def _plain(line: str) -> str:
    """Return a line without Markdown's marks before it, with single spaces."""
    return " ".join(MARK.sub("", line.strip(), count=1).split())


def _by_weight(sentences: Sequence[str]) -> list[int]:
    """Return the places of the sentences, those first that say most."""
    words = [set(WORD.findall(sentence.lower())) for sentence in sentences]
    counted = Counter(word for one in words for word in one)

    def weight(at: int) -> float:
        told = sum(math.log1p(counted[word]) for word in words[at])
        return told / (len(words[at]) + 1) * (1 - (1 - LATE) * at / len(sentences))

    return sorted(range(len(sentences)), key=weight, reverse=True)
