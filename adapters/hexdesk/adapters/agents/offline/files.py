"""Answers from files: the sentence that has most of the question's words, as it stands there."""

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence

import msgspec

from hexdesk.adapters.agents.offline.answers import inline
from hexdesk.adapters.agents.offline.conversation import Say
from hexdesk.adapters.agents.offline.language import Message
from hexdesk.core.model.knowledge import UnreadFile

# How much of a message a sentence must have: a question wants an answer, a remark perhaps none.
_ASKED_FLOOR = 0.3
_TOLD_FLOOR = 0.6
_LONGEST_QUOTE = 360
_FEWEST_LETTERS = 15
_SENTENCE = re.compile(r".+?(?:[.!?](?=[\s\"')]|$)[\"')]*|$)", re.DOTALL)
# A row, an item or a heading is a piece of its own, however it ends.
_OWN_LINE = re.compile(r"\s*(?:#{1,6}\s|[-*\u2022]\s|\d{1,3}[.)]\s)|.*[\t|]")
_ABOUT_FILE = re.compile(
    r"\b(?:summari[sz]e|summary of|what(?: is|'s) in|what (?:does|do)|what(?: is|'s))\b.{0,30}"
    r"\b(?:files?|attachments?|documents?|pdf)\b(?:.{0,12}(?:say|tell|about|for))?[\s?.!]*$"
)
_SAY_NOTHING = frozenset(
    re.findall(
        r"\w+",
        "a about am an and any are as at be been but by can could did do does for from get had has "
        "have how i if in is it its know like long many may me much my need no of on one or our "
        "please shall should so take tell than that the their them then there they this to us "
        "want was we were what when where which who why will with would yes you your",
    )
)


class _Sentence(msgspec.Struct, frozen=True):
    """A sentence of a passage."""

    number: int
    text: str
    stems: frozenset[str]


def from_files(message: Message, knowledge: Sequence[tuple[int, str]]) -> Say | None:
    """Answer with the best sentence of the passages and name its place; None if none fits."""
    sentences = [one for number, text in knowledge for one in _sentences(number, text)]
    if not sentences:
        return None
    if _ABOUT_FILE.search(message.words):
        return _quoted(sentences[0])
    asked = _stems(message.words)
    if len(asked) < (1 if message.is_question else 2):
        return None
    weights = _weights(asked, sentences)
    best = max(sentences, key=lambda one: _share(one, weights))
    floor = _ASKED_FLOOR if message.is_question else _TOLD_FLOOR
    return _quoted(best) if _share(best, weights) >= floor else None


def not_read(unread: Sequence[UnreadFile]) -> Say | None:
    """Say which files could not be read, and why; None if there are none."""
    if not unread:
        return None
    told = "\n".join(f"- {inline(one.filename)}: {inline(one.reason)}" for one in unread)
    return Say(text=f"I know nothing of what came with your message:\n\n{told}")


def _quoted(sentence: _Sentence) -> Say:
    words = sentence.text
    if len(words) > _LONGEST_QUOTE:
        words = words[:_LONGEST_QUOTE].rpartition(" ")[0]
    shown = inline(words, _LONGEST_QUOTE).removeprefix("# ").lstrip("#-*\u2022 ")
    return Say(text=f'{shown} [[{sentence.number}: "{words}"]]')


def _sentences(number: int, text: str) -> Iterator[_Sentence]:
    for piece in _pieces(text):
        for found in _SENTENCE.finditer(piece):
            sentence = " ".join(found.group().split())
            if len(sentence) >= _FEWEST_LETTERS:
                yield _Sentence(number, sentence, _stems(sentence.lower()))


def _pieces(text: str) -> Iterator[str]:
    """Yield paragraphs with their lines joined; rows, items and headings one by one."""
    lines: list[str] = []
    for line in [*text.splitlines(), ""]:
        is_own = bool(_OWN_LINE.match(line))
        if lines and (is_own or not line.strip()):
            yield " ".join(lines)
            lines = []
        if is_own:
            yield line
        elif line.strip():
            lines.append(line)


def _weights(asked: frozenset[str], sentences: Sequence[_Sentence]) -> dict[str, float]:
    """Weigh the words that are asked for: the fewer sentences have one, the more it counts."""
    counts = Counter(stem for one in sentences for stem in one.stems & asked)
    return {stem: math.log(1 + len(sentences) / (counts[stem] or 1)) for stem in asked}


def _share(sentence: _Sentence, weights: dict[str, float]) -> float:
    has = sentence.stems & weights.keys()
    return sum(weights[stem] for stem in has) / sum(weights.values())


def _stems(words: str) -> frozenset[str]:
    return frozenset(
        re.sub(r"(?<=\w{3})(?:ations?|ments?|ings?|ies|ed|es|s|e|y)$", "", word)
        for word in re.findall(r"\w+", words.lower())
        if word not in _SAY_NOTHING
    )
