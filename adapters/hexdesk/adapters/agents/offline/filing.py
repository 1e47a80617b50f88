"""Orders for a new ticket: what it is about, and how urgent somebody says it is."""

import re

from hexdesk.adapters.agents.offline import phrases
from hexdesk.adapters.agents.offline.conversation import Call, Say
from hexdesk.adapters.agents.offline.language import Clause, Message, without_courtesy
from hexdesk.adapters.agents.offline.slots import PRIORITY, stated_priority

_LONGEST_TITLE = 120
_ARTICLE = r"(?:a new|another|a|one more|one|an)"
_NOUN = (
    r"(?P<noun>tickets?|cases?|bug reports?|complaint|incident|issue|bug|request|problem|error)\b"
)
_KIND = r"(?P<kind>(?:[\w/-]+ ){0,4}?)"
_SUBJECT_NEXT = r"(?=$| (?:for|about|because|regarding|please)\b)"
# "create a ticket", "log me a really urgent bug", "file complaint"
_ORDERED = re.compile(
    r"(?P<verb>create|creating|open|opening|file|filing|raise|raising|log|logging|submit|"
    r"submitting|make|making|add|start|register|lodge|write|report|send in|put in)"
    rf"(?: me| us)?(?: up)? (?P<article>{_ARTICLE} )?{_KIND}{_NOUN}"
)
_NEEDED = re.compile(
    r"(?:(?:i|we) (?:need|want|require|would like)|(?:i'd|we'd) like|need) "
    rf"(?P<article>{_ARTICLE} ){_KIND}{_NOUN}{_SUBJECT_NEXT}"
)
_HEADED = re.compile(rf"(?:a )?new (?P<kind>(?:[\w/-]+ )??)(?P<noun>ticket|case)\b{_SUBJECT_NEXT}")
_REPORTED = re.compile(
    r"(?:report|complain) (?=(?:that|about|an?|another|this|my|our|the following)\b)"
)
# "I want to report ..." takes anything but "on" something.
_WISHED = re.compile(r"(?:report|complain) (?!on\b|to\b|tickets\b)(?=\S)")
# Verbs that order a new ticket even without an article; "open ticket" alone may mean the open ones.
_BARE_VERBS = frozenset({"create", "file", "log", "submit", "raise"})
_OPENS_SUBJECT = re.compile(r" ?:| (?:for|about|because|regarding|titled)\b")
_MANY = re.compile(r"\b(?:two|three|four|five|ten|some|many|several|multiple|few|\d+)\b")
# Words before the noun that make another thing of it: "a list of tickets", "the ticket".
_OTHER_THING = re.compile(
    r"\b(?:of|for|the|my|your|our|this|that|these|those|from|in|on|to|with|and|or|all|about|which|"
    r"list|summary|overview|copy|report)\b"
)
# Words after it that do: "ticket list", "ticket #4".
_COMPOUND = re.compile(
    r"(?: (?:reports?|lists?|summary|overview|template|form|system|queue|statistics|stats|"
    r"dashboard|export|view|numbers?)\b|-| ?(?:number |no |nr )?#?\d)"
)
_AND_MORE = re.compile(
    r"\band (?:then |also )?(?:please )?(?:close|resolve|delete|assign|reopen|rename|unassign) "
    r"(?:it|this|that|the ticket|#)"
)
# Words that tell nothing about the trouble.
_GENERIC = re.compile(
    r"\b(?:an?|new|another|one|more|support|help|helpdesk|service|customer|quick|really|very|bug|"
    r"high|low|normal|urgent|critical|medium|priority)\b"
)
_SAYS_NOTHING = re.compile(
    r"(?:this|that|it|me|us|him|her|them|these|[^\s@]+@[^\s@]+)?", re.IGNORECASE
)
_FRONT = re.compile(
    r"(?>[\s,.:;!?\u2013\u2014-]+|(?:for (?:me|us)|please|pls|now|asap|immediately|thanks|titled|"
    r"called|named|with|the title|the subject|title|subject|saying|regarding|concerning|about|"
    r"because of|because|for|that|since|as|re|on|and)\b(?!')|"
    rf"(?:an? )?(?:{PRIORITY})[ -](?:priority|prio)\b|(?:priority|prio) (?:{PRIORITY})\b)*+",
    re.IGNORECASE,
)
_BACK = re.compile(
    r"(?:[\s,;.!?-]|\b(?:please|pls|thanks|thank you|thx|asap|urgent|urgently)\b|"
    rf"(?:\band )?\b(?:make|mark|set|flag) (?:it|this) (?:as |to )?(?:{PRIORITY})\b|"
    r"\b(?:but )?(?:it'?s|it is|this is|with|at) (?:an? )?(?:really |very )?"
    rf"(?:important|{PRIORITY})\b(?: ?(?:priority|prio)\b)?|"
    rf"\b(?:{PRIORITY}) (?:priority|prio)\b|\b(?:priority|prio):? (?:{PRIORITY})\b)+$",
    re.IGNORECASE,
)
_ARTICLES = re.compile(r"^(?:my|our|the|an?) ", re.IGNORECASE)
_QUOTATION = re.compile(r"([\"'`])(.+?)\1")
_SENTENCE_END = re.compile(r"[.!?]+(?=\s|$)|\n")


def file(clause: Clause, message: Message, description: str) -> Call | Say | None:
    """Turn a clause into a new ticket, or into the question what it is about."""
    found = _order(clause, message)
    if not found:
        return None
    groups = found.groupdict(default="")
    kind, noun = groups.get("kind", ""), groups.get("noun", "")
    subject_at = clause.verb_at + found.end()
    if noun.endswith("s") or _MANY.search(kind) or _AND_MORE.search(message.words, subject_at):
        return Say(text=phrases.ONE_AT_A_TIME)
    if clause.is_conditional or clause.is_forbidden:
        return Say(text=phrases.NOT_NOW)
    title = (
        _title(message.text[subject_at:])
        or _title(_last_sentence(message.text[: clause.starts_at]))
        or _title_of_kind(kind, noun)
    )
    if not title:
        return Say(text=phrases.ASK_SUBJECT)
    return _new_ticket(title, description, stated_priority(message.words))


def file_subject(message: Message, description: str, asked_for: Message) -> Call | None:
    """Turn the answer to "what is the ticket about?" into a new ticket."""
    title = _title(message.text)
    priority = stated_priority(message.words) or stated_priority(asked_for.words)
    return _new_ticket(title, description, priority) if title else None


def _new_ticket(title: str, description: str, priority: str | None) -> Call:
    arguments = {"title": title, "description": description}
    if priority:
        arguments["priority"] = priority
    return Call(tool="create_ticket", arguments=arguments)


def _order(clause: Clause, message: Message) -> re.Match[str] | None:
    patterns = (_ORDERED, _NEEDED, _HEADED, _REPORTED, *((_WISHED,) if clause.is_wish else ()))
    for pattern in patterns:
        found = pattern.match(clause.words)
        if found and _is_new_ticket(found, message.words[clause.verb_at + found.end() :]):
            return found
    return None


def _is_new_ticket(found: re.Match[str], rest: str) -> bool:
    groups = found.groupdict(default="")
    kind = groups.get("kind", "")
    if _OTHER_THING.search(kind) or _COMPOUND.match(rest):
        return False
    verb = groups.get("verb")
    if verb is None or groups["article"] or _MANY.search(kind):
        return True
    return verb in _BARE_VERBS or (verb == "open" and bool(_OPENS_SUBJECT.match(rest)))


def _title(text: str) -> str:
    found = _FRONT.match(text)
    subject = text[found.end() :] if found else text
    if quotation := _QUOTATION.match(subject):
        subject = quotation[2]
    else:
        subject = _SENTENCE_END.split(subject, maxsplit=1)[0]
    subject = _ARTICLES.sub("", _BACK.sub("", subject[: 2 * _LONGEST_TITLE]))
    if _SAYS_NOTHING.fullmatch(subject):
        return ""
    if len(subject) > _LONGEST_TITLE:
        subject = subject[:_LONGEST_TITLE].rsplit(" ", 1)[0] + "\u2026"
    return subject[0].upper() + subject[1:]


def _title_of_kind(kind: str, noun: str) -> str:
    telling = " ".join(_GENERIC.sub("", kind).split())
    return f"{telling} {noun}".capitalize() if telling else ""


def _last_sentence(text: str) -> str:
    sentences = [without_courtesy(sentence).strip() for sentence in _SENTENCE_END.split(text)]
    return next((sentence for sentence in reversed(sentences) if sentence), "")
