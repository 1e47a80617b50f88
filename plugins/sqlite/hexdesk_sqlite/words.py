"""Which words of a question are searched for, and how FTS5 is asked for them."""

import re

LONGEST_QUESTION = 4000
MOST_WORDS = 32
_PARTS = re.compile(r'(-?)"([^"]*)"|(\S+)')
# Words that are in nearly every text, and words that ask and name no matter.
_SAY_NOTHING = frozenset(
    re.findall(
        r"\w+",
        """
        a about after all also am an and any are as at be because been before being but by can could
        did do does doing for from had has have having he her here him his how i if in into is it
        its just long many may me might more most much must my need no not now of off on once only
        or other our out over own please possible same shall she should so some such take takes tell
        than that the their them then there these they this those through to too under until up very
        want was we were what when where which while who whom why will with would you your get gets
        happen happens know mean means
        hur vad när varför vilka vilken vilket får kan ska måste finns gäller
        wie wann wo warum wer kann muss darf gibt
        quand pourquoi combien quel quelle où faut
        cómo cuándo qué dónde cuánto puedo hay
        hoe wat wanneer waarom moet
        """,
    )
)


def words_of(question: str) -> list[str]:
    """Return the words of a question that say something, each once, and a bounded number."""
    words = re.findall(r"\w+", question[:LONGEST_QUESTION].lower())
    return list(dict.fromkeys(one for one in words if one not in _SAY_NOTHING))[:MOST_WORDS]


def quoted(words: str) -> str:
    """Return words that follow one another as a phrase, in which nothing is an operator."""
    return '"' + words.replace('"', '""') + '"'


def asked_of_tickets(query: str) -> str | None:
    """Return what a person typed as FTS5 understands it; None if it names nothing.

    All words must be there, in any order; "several words" must follow one another, `or` gives a
    choice, and a word with `-` before it must not be there.
    """
    choices: list[list[str]] = [[]]
    without: list[str] = []
    for sign, phrase, word in _PARTS.findall(query[:LONGEST_QUESTION].replace("\0", " ")):
        is_excluded = sign == "-" or word.startswith("-")
        said = re.findall(r"\w+", (phrase or word).lower())
        if word.lower() == "or":
            choices.append([])
        elif said and (len(said) > 1 or said[0] not in _SAY_NOTHING):
            (without if is_excluded else choices[-1]).append(quoted(" ".join(said)))
    wanted = [" AND ".join(one[:MOST_WORDS]) for one in choices if one]
    if not wanted:
        return None
    found = " OR ".join(f"({one})" for one in wanted)
    return f"({found}) NOT ({' OR '.join(without)})" if without else found
