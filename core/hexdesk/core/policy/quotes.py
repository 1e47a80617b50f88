"""Whether words stand in a text, however quotes, dashes, ligatures and spaces are written."""

import re
import unicodedata
from dataclasses import dataclass

SHORTEST = 8
# A letter with the marks on it: what is one character in one file is two in another.
_CLUSTER = re.compile("[\\s\\S][\u0300-\u036f]*")
_UNSEEN = frozenset("\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff")
_PLAIN = str.maketrans(
    {
        **dict.fromkeys("\u2018\u2019\u201a\u201b\u2032\u00b4`", "'"),
        **dict.fromkeys("\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb", '"'),
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d", "-"),
    }
)
_EDGES = " \"'.,;:"


@dataclass(frozen=True, slots=True)
class QuotableText:
    """A text made ready to be searched for quotes; `places` leads back to what was written."""

    text: str
    plain: str
    places: tuple[int, ...]

    @classmethod
    def of(cls, text: str) -> "QuotableText":
        """Make a text ready."""
        plain: list[str] = []
        places: list[int] = []
        for cluster in _CLUSTER.finditer(text):
            for character in _plain(cluster.group()):
                if character != " " or plain[-1:] != [" "]:
                    plain.append(character)
                    places.append(cluster.start())
        return cls(text, "".join(plain), (*places, len(text)))

    def find(self, quote: str) -> str | None:
        """Return the quoted words as they are written here; None if they are not, or too few.

        Quotation marks and punctuation around the quote are not part of it.
        """
        wanted = QuotableText.of(quote).plain.strip(_EDGES)
        at = self.plain.find(wanted) if len(wanted) >= SHORTEST else -1
        if at < 0:
            return None
        found = self.text[self.places[at] : self.places[at + len(wanted)]]
        return " ".join(found.split())


def _plain(cluster: str) -> str:
    if cluster in _UNSEEN:
        return ""
    plain = unicodedata.normalize("NFKC", cluster).translate(_PLAIN)
    return " " if plain.isspace() else plain
