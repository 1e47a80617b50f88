"""Requests to find tickets by what they are about."""

import re

from hexdesk.adapters.agents.offline.conversation import Call
from hexdesk.adapters.agents.offline.language import Message, courtesy_ends_at
from hexdesk.adapters.agents.offline.slots import mentioned_priority, mentioned_status

_LONGEST_QUERY = 200
_ROWS = r"(?:tickets?|cases?|issues?|requests?|incidents?|everything|anything|something)"
_ABOUT = (
    r"(?:(?:that |which )?(?:mention(?:s|ing)?|contain(?:s|ing)?)|about|regarding|concerning|"
    r"related to|involving)"
)
_ARTICLE = r"(?:(?:the|all|any|an?|my|our|through|in) )*+"
_WHICH = (
    r"(?:(?:the|all|any|an?|my|our|through|in|existing|other|old|open|closed|resolved|waiting|"
    r"pending|urgent|high|normal|low|priority) )*+"
)
_SUBJECT = r"(?P<subject>\S.*)"
_SOMEONE = (
    r"(?:any(?:one|body)|some(?:one|body)|who|other (?:people|customers?|users?)|"
    r"another (?:customer|user)|others)"
)
# At the beginning of a message, after its politeness.
_ORDERS = (
    re.compile(
        rf"(?:search|look|query)(?: (?:for|up))? {_WHICH}{_ROWS}"
        rf"(?: (?:for|with|on|{_ABOUT})|:) ?{_SUBJECT}"
    ),
    re.compile(rf"(?:search|look|query)(?: (?:for|up)|:) ?{_ARTICLE}{_SUBJECT}"),
    re.compile(rf"search {_ARTICLE}{_SUBJECT}"),
    re.compile(
        rf"(?:find|get|show|list|give|check)(?: for)?(?: me| us)? {_WHICH}{_ROWS} "
        rf"(?:{_ABOUT}|with(?! (?:\w+ )?(?:priority|status))|on(?! hold)|for(?! me| us| today)) "
        rf"{_SUBJECT}"
    ),
    re.compile(rf"find(?: me| us)? {_ARTICLE}(?!{_ROWS}$){_SUBJECT}"),
)
# Anywhere in a question.
_QUESTIONS = (
    re.compile(rf"\b{_ROWS} (?:\w+ ){{0,3}}?{_ABOUT} {_SUBJECT}"),
    re.compile(
        rf"\b{_SOMEONE} (?:else )?(?:(?:has|have|had|is|are|been|ever|also|already) )*+"
        r"(?:complain(?:ed|ing)?|report(?:ed|ing)?|ask(?:ed|ing)?|writ(?:ten|ing)|"
        rf"mention(?:ed|ing)?)(?: (?:about|for|on))? {_SUBJECT}"
    ),
    re.compile(
        rf"\b{_SOMEONE} else (?:(?:has|have|had|having|is|are|been|also|already) )++{_SUBJECT}"
    ),
)
_COURTESY = re.compile(r"[\s,]*\b(?:please|pls|thanks|thank you)$", re.IGNORECASE)
_ARTICLES = re.compile(r"(?:the (?:words?|term|phrase) |the |an? |any )", re.IGNORECASE)
_SAYS_NOTHING = re.compile(
    r"(?:it|this|that|them|me|tickets?|these|those)?(?: for (?:me|us))?", re.IGNORECASE
)
_EDGES = " \"'`.!?:,\n"


def search(message: Message, *, wants: bool) -> Call | None:
    """Return a search for what a message names; None if it looks for nothing."""
    start = courtesy_ends_at(message.words)
    found = next(filter(None, (each.match(message.words, start) for each in _ORDERS)), None)
    if wants and not found:
        found = next(filter(None, (each.search(message.words) for each in _QUESTIONS)), None)
    if not found:
        return None
    query = _query(message.text[slice(*found.span("subject"))])
    if not query:
        return None
    about = message.words[start : found.start("subject")]
    filters = {"status": mentioned_status(about), "priority": mentioned_priority(about)}
    given = {name: value for name, value in filters.items() if value}
    return Call(tool="search_tickets", arguments={"query": query, **given})


def _query(subject: str) -> str:
    text = _COURTESY.sub("", subject.strip(_EDGES)).strip(_EDGES)
    if found := _ARTICLES.match(text):
        text = text[found.end() :].strip(_EDGES)
    return "" if _SAYS_NOTHING.fullmatch(text) else text[:_LONGEST_QUERY]
