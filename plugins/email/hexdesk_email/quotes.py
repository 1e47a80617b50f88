"""Cutting off what a reply quotes: line by line, in a time that grows no faster than the text."""

import re
from collections.abc import Sequence

LONGEST = 100_000
# What introduces a quote is short, and mail programs break it into a few lines.
LONGEST_INTRODUCTION = 300
MOST_LINES = 3
LONGEST_HEAD = 6
ENOUGH_FIELDS = 2

STARTS = re.compile(r"(?:on|am|le|el|il|op|w dniu|dnia|dne|den|em|в)\b|\d{4}", re.IGNORECASE)
WROTE = re.compile(
    r"\b(?:wrote|schrieb|a écrit|escribió|ha scritto|schreef|napisał|napisała|napsal|napsala|skrev"
    r"|escreveu|написал|написала)\b|のメール|写道|작성",
    re.IGNORECASE,
)
WIDE_COLON = "\N{FULLWIDTH COLON}"
DATED = re.compile(r"\d|@")
SEPARATOR = re.compile(
    r"\s*(?:_{8,}|-{3,}\s*(?:original message|forwarded message|ursprüngliche nachricht"
    r"|originalnachricht|message d'origine|mensaje original|messaggio originale"
    r"|oorspronkelijk bericht|wiadomość oryginalna|původní zpráva|oprindelig meddelelse"
    r"|ursprungligt meddelande|mensagem original)\s*-{3,})\s*",
    re.IGNORECASE,
)
FROM_FIELD = re.compile(
    r"[\s*]*(?:from|von|de|da|van|od|fra|från|от|差出人|보낸 사람|发件人)"
    r"[\s*]*[:\N{FULLWIDTH COLON}]",
    re.IGNORECASE,
)
OTHER_FIELD = re.compile(
    r"[\s*]*(?:sent|date|to|cc|subject|gesendet|datum|an|betreff|envoyé|à|objet|enviado|para|asunto"
    r"|inviato|oggetto|verzonden|aan|onderwerp|wysłano|do|temat|odesláno|komu|předmět|sendt|til"
    r"|emne|skickat|till|ämne|assunto|送信日時|宛先|件名|发送时间|收件人|主题)"
    r"[\s*]*[:\N{FULLWIDTH COLON}]",
    re.IGNORECASE,
)


def without_quotes(text: str) -> str:
    """Return what the sender wrote now, or all of it where nothing would be left.

    Answers between the lines of a quote stay together with what they answer.
    """
    lines = text[:LONGEST].split("\n")
    end = next(
        (number for number in range(len(lines)) if _introduces(lines, number)),
        len(lines),
    )
    if _is_answered(lines[end:]):
        end = len(lines)
    kept = lines[:end]
    while kept and (not kept[-1].strip() or kept[-1].lstrip().startswith(">")):
        kept.pop()
    return "\n".join(kept).strip() or text[:LONGEST].strip()


def _introduces(lines: Sequence[str], number: int) -> bool:
    line = lines[number]
    if len(line) > LONGEST_INTRODUCTION:
        return False
    if SEPARATOR.fullmatch(line):
        return _is_head(lines, number + 1) or "_" not in line
    return _is_head(lines, number) or _is_wrote_line(lines, number)


def _is_head(lines: Sequence[str], number: int) -> bool:
    """Tell whether some lines repeat the headers of the message that is quoted."""
    head = [line for line in lines[number : number + LONGEST_HEAD] if line.strip()]
    if not head or not FROM_FIELD.match(head[0]):
        return False
    return sum(bool(OTHER_FIELD.match(line)) for line in head[1:]) >= ENOUGH_FIELDS


def _is_wrote_line(lines: Sequence[str], number: int) -> bool:
    if not STARTS.match(lines[number].lstrip()):
        return False
    said = ""
    for line in lines[number : number + MOST_LINES]:
        said = f"{said} {line.strip()}"
        if len(said) > LONGEST_INTRODUCTION:
            return False
        if said.endswith((":", WIDE_COLON)):
            return bool(WROTE.search(said) and DATED.search(said))
    return False


def _is_answered(quote: Sequence[str]) -> bool:
    """Tell whether somebody wrote between the lines of a quote that is marked by `>`."""
    marked = [number for number, line in enumerate(quote) if line.lstrip().startswith(">")]
    if not marked:
        return False
    between = quote[marked[0] : marked[-1]]
    return any(line.strip() and not line.lstrip().startswith(">") for line in between)
