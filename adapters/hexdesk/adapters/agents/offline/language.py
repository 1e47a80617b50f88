"""Reading English: sentences, and the clauses in them that tell the assistant to do something."""

import re
from collections.abc import Iterator
from itertools import islice

import msgspec
from msgspec import structs

# Nothing is understood behind this: what is longer is a log, and time is bounded.
_LONGEST_READ = 4_000
# Nobody gives an order behind so many commas.
_MOST_CLAUSES = 30
_FILLER = (
    r"(?:(?:hi|hello|hey)(?: there| all| team| everyone| folks)?|"
    r"good (?:morning|afternoon|evening)|okay|ok|alright|great|perfect|cool|thanks|thank you|so|"
    r"well|now|then|and|also|just|please|pls|plz|kindly|quickly|simply|yes|yeah|yep|sure)\b[\s,!.]*"
)
_REQUEST = r"(?:can|could|would|will) (?:you|u|ya)\b(?: (?:please|pls|kindly|maybe|possibly|just))*"
_WISH = (
    r"(?:(?:i|we) (?:want|wish|need|would like|would love)|(?:i'd|we'd|id) (?:like|love))"
    r"(?: (?:you|u))? to\b"
)
_LEAD = re.compile(
    rf"(?>{_FILLER}|would you mind\b|{_REQUEST}|{_WISH}|you (?:can|may)\b|let'?s\b|let us\b|"
    r"go ahead(?: and)?\b|do me a favou?r(?: and)?\b|be so kind(?: as to| and)?\b|"
    r"help me(?: to)?\b|[\s,]+)*+",
    re.IGNORECASE,
)
_WISHED = re.compile(_WISH)
_REQUESTED = re.compile(rf"{_REQUEST}|would you mind")
# Politeness that makes an order of a clause by itself; "then" and "ok" do not.
_ASKED_FOR = re.compile(
    rf"{_REQUEST}|{_WISH}|"
    r"\b(?:please|pls|plz|kindly|you (?:can|may)|would you mind|go ahead)\b"
)
# The words that open a question. What follows them never reaches a tool that writes.
_ASKING = (
    r"(?:who|whom|whose|what|when|where|why|how|which|is|are|am|was|were|has|have|had|do|does|did|"
    r"should|shall|may|might|must|ain'?t|(?:who|what|when|where|how)'?s|"
    r"(?:is|are|was|were|has|have|had|does|did|should|ca|could|wo|would)n'?t|"
    r"(?:can|could|would|will)(?! (?:you|u|ya)\b)|"
    r"(?:can|could|would|will) (?:you|u|ya)(?: please| kindly)? (?:tell|say|explain|confirm|show|"
    r"remember|see|know|describe))\b"
)
_OPENS_QUESTION = re.compile(rf"(?>{_FILLER}|[\s,]+)*+{_ASKING}")
_CONDITION = re.compile(
    r"(?:if|unless|once|as soon as|in case|provided|assuming|suppos(?:e|ing)|until|before)\b"
)
_REPORTING = re.compile(
    r"\b(?:said|says?|saying|told|tells?|wrote|writes?|asked|asks?|wants?|suggest(?:s|ed)?|"
    r"claims?|thinks?|reads?|means?|translate|pretend|imagine|example|phrase|sentence|command|"
    r"button|link|page|labell?ed|called|typed?|enter)\b[^,]{0,40}$"
)
_HEDGE = re.compile(
    r"\b(?:if|when|once|unless|until|after|before|as soon as|tomorrow|tonight|later|but|maybe|"
    r"next (?:week|month|monday|time)|in (?:\d+|an?|two|three|a few) (?:minute|hour|day|week)s?|"
    r"perhaps|i guess|i think|not sure|hypothetically|do not|don'?t|except|or (?:do|should|is|are|"
    r"can|will|not|what|would|maybe|wait|shall))\b"
)
# "I would not, honestly, close #4" and "never, ever, close it" forbid; "I can't log in" does not.
_FORBIDDING = re.compile(
    r"\b(?:not|never|ever|nor|without|n't|to)(?: please| really| just)?[\s,]*$|\bnever\b|"
    r"\b(?:i|we|you|they|nobody|one) (?:would|should|must|shall|will|wo)(?: not\b|n'?t\b)"
)
# After a negation, or joined by "and" to what was not understood, an order needs its own "please":
# "summarise and close #4" may be one thing to do with it.
_TANGLED = re.compile(r"\b(?:not|never|no|without|nobody|cannot|\w+n't)\b|\s(?:and|then|so)\s+$")
_RETRACTION = re.compile(
    r"\b(?:never ?mind|(?:just )?(?:kidding|joking)|actually no|forget (?:it|that)|scratch that|"
    r"on second thoughts?|don'?t do (?:it|that)|wait)\b"
)
_COURTESY = re.compile(
    r"\b(?:if|when|whenever|once) (?:(?:it'?s |that'?s )?(?:possible|ok|okay|fine)|"
    r"you (?:can|could|may|get a (?:chance|moment|minute)|"
    r"have (?:a|the) (?:chance|moment|minute|second|time)))\b"
)
_QUOTED = re.compile(r"\"[^\"\n]{1,400}\"|`[^`\n]{1,400}`|(?<!\w)'[^'\n]{2,400}'(?!\w)")
_SENTENCE_END = re.compile(r"[.!?;]++(?=\s|$)|\n")
_ABBREVIATION = re.compile(r"\b(no|nr)\.(?= ?#?\d)", re.IGNORECASE)
_CLAUSE_END = re.compile(
    r"[,:(]\s*|\s[-\u2013\u2014]\s|\s(?:and|then|so|but)\s|"
    r"\s(?=(?:please|pls|plz|kindly|(?:can|could|would|will) (?:you|u)|(?:i'd|we'd) like)\s)"
)
_UNSEEN = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
_STRAIGHT = str.maketrans(
    {"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u201e": '"', "\u00a0": " "}
)


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """A message twice: as it was written, and in lower case with quotations blanked.

    Both have the same length, so that what is found in `words` can be taken from `text`.
    """

    text: str
    words: str

    @property
    def asks(self) -> bool:
        """Tell whether the message opens with a word that asks."""
        return bool(_OPENS_QUESTION.match(self.words))

    @property
    def is_question(self) -> bool:
        """Tell whether the message wants to be told something."""
        return self.asks or self.words.endswith("?")


class Clause(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of a message that may be an order, without the politeness before its verb."""

    words: str
    starts_at: int
    verb_at: int
    sentence_ends_at: int
    is_wish: bool
    is_conditional: bool
    is_forbidden: bool
    is_doubtful: bool


def read(text: str) -> Message:
    """Straighten quotes, drop invisible characters and quoted mail, and single out spaces."""
    seen = _UNSEEN.sub("", text[:_LONGEST_READ]).translate(_STRAIGHT)
    lines = (" ".join(line.split()) for line in seen.splitlines())
    plain = "\n".join(line for line in lines if line and not line.startswith(">"))
    plain = _ABBREVIATION.sub(r"\1 ", plain)
    words = _QUOTED.sub(lambda found: "_" * len(found.group()), "".join(map(_lower, plain)))
    return Message(text=plain, words=words)


def orders(message: Message) -> Iterator[Clause]:
    """Yield the clauses that could be orders: not those that ask, quote or report."""
    if message.asks and message.words.endswith("?"):
        return
    words = _COURTESY.sub(lambda found: " " * len(found.group()), message.words)
    retracted_at = max((found.start() for found in _RETRACTION.finditer(words)), default=-1)
    start = 0
    while start < len(words):
        found = _SENTENCE_END.search(words, start)
        end = found.start() if found else len(words)
        if not _OPENS_QUESTION.match(words, start, end):
            is_asking = bool(found) and "?" in found.group()
            for clause in _orders_in(words, start, end, is_asking=is_asking):
                is_retracted = retracted_at >= clause.verb_at
                yield structs.replace(clause, is_doubtful=clause.is_doubtful or is_retracted)
        # What follows a line that ends in a colon is somebody else's text, or a list.
        if found and found.group() == "\n" and words[start:end].endswith(":"):
            return
        start = found.end() if found else end


def without_courtesy(text: str) -> str:
    """Drop greetings and politeness from the front of a text."""
    return text[courtesy_ends_at(text) :]


def courtesy_ends_at(text: str) -> int:
    """Return where a text begins after its greetings and politeness."""
    found = _LEAD.match(text)
    return found.end() if found else 0


def _orders_in(words: str, start: int, end: int, *, is_asking: bool) -> Iterator[Clause]:
    is_conditional = False
    for at, stop in islice(_clause_spans(words, start, end), _MOST_CLAUSES):
        before = words[start:at]
        # "The task is: close #4" quotes an order; it gives none.
        if ":" in before or "(" in before or _REPORTING.search(before):
            return
        verb_at = at + courtesy_ends_at(words[at:stop])
        polite = words[at:verb_at]
        is_conditional |= bool(_CONDITION.match(words, verb_at, stop))
        if is_asking and not _REQUESTED.search(polite):
            continue
        is_tangled = not _ASKED_FOR.search(polite) and bool(_TANGLED.search(before))
        yield Clause(
            words=words[verb_at:stop].rstrip(" .!?;"),
            starts_at=at,
            verb_at=verb_at,
            sentence_ends_at=end,
            is_wish=bool(_WISHED.search(polite)),
            is_conditional=is_conditional,
            is_forbidden=bool(_FORBIDDING.search(before)),
            is_doubtful=is_tangled or bool(_HEDGE.search(words, verb_at, end)),
        )


def _clause_spans(words: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    for cut in _CLAUSE_END.finditer(words, start, end):
        # "Hello, could you please" is politeness and belongs to the clause it introduces.
        if without_courtesy(words[start : cut.start()]):
            yield start, cut.start()
            start = cut.end()
    if words[start:end].strip():
        yield start, end


def _lower(character: str) -> str:
    lowered = character.lower()
    return lowered if len(lowered) == 1 else character
