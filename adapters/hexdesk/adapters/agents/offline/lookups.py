"""Questions and requests that only read: tickets, figures, health, integrations."""

import re

from hexdesk.adapters.agents.offline import phrases
from hexdesk.adapters.agents.offline.conversation import Call, Conversation, Say
from hexdesk.adapters.agents.offline.language import Message, without_courtesy
from hexdesk.adapters.agents.offline.results import shown_ticket
from hexdesk.adapters.agents.offline.searching import search
from hexdesk.adapters.agents.offline.slots import mentioned_priority, mentioned_status, mentions

_MOST_ROWS = 50
# A request without a verb ("ticket stats") is short; what is longer is a statement.
_SHORT = 6
_TICKETS = r"(?:tickets?|cases?|issues?|requests?|incidents?)"
_IT = r"\b(?:its?|(?:this|that|the) (?:ticket|case|issue|one))\b"
# What a message begins with when it wants to see something.
_SHOW = re.compile(
    r"(?:show|open|view|display|get|see|pull up|look (?:up|at|into)|find|check|give|bring up|fetch|"
    r"read|list|print|tell|details?|status|state|info|information|progress|updates?|news|summary|"
    r"any (?:news|updates?|progress)|i (?:want|need|would like) (?:to (?:see|know)|the|a list))\b"
)
_BARE_TICKET = re.compile(r"(?:(?:ticket|case|issue|number|no|nr|id) )*+#? ?[\da-f-]+")
_ABOUT_IT = re.compile(
    rf"{_IT}.*\b(?:status|state|priority|assigned|assignee|title|fixed|closed|resolved|solved|open|"
    r"done|news|updates?|progress|details)\b|"
    rf"\b(?:who|when|show|details of|status of|news (?:on|about))\b.*{_IT}"
)
_HOW_TO = re.compile(
    r"(?:how (?:do|can|could|should|would|to)|where (?:do|can)|can (?:i|we)|is it possible|"
    r"what (?:do|should) (?:i|we)|(?:can|could|do) (?:you|u)|(?:are you|you are) able)\b.{0,15}?"
    r"\b(?:creat|open|clos|delet|assign|re-?open|resolv|updat|chang|renam|fil|submit|rais)\w*\b.*"
    rf"\b{_TICKETS}\b"
)
_FIGURES = re.compile(
    r"\b(?:how many|number of|counts?|statistics?|stats|overview|figures|metrics|total)\b.*"
    rf"\b(?:{_TICKETS}|open|unassigned|resolved|closed|waiting)\b|"
    rf"\b{_TICKETS} (?:counts?|statistics?|stats|overview|figures|numbers|metrics)\b|\bbacklog\b|"
    rf"\b(?:average|typical)\b.*\b(?:resolv\w+|resolution|clos\w+|{_TICKETS})\b|"
    rf"\bhow long\b.*\b(?:resolv|clos|solv)\w+\b.*\b{_TICKETS}\b"
)
_SYSTEM = (
    r"(?:systems?|servers?|services?|platform|site|website|api|database|everything|hexdesk|backend)"
)
_HEALTH = re.compile(
    rf"^health$|\b{_SYSTEM} (?:health|status|state|uptime)\b|\bhealth ?checks?\b|\bhow healthy\b|"
    rf"\bhealth of\b|\bhow (?:is|are) (?:the |your |our )?{_SYSTEM}(?: doing)?$|"
    rf"\bstatus of (?:the |your |our )?{_SYSTEM}\b"
)
_HEALTH_ASKED = re.compile(
    rf"(?:is|are|does|do|has|have|any)\b.*\b{_SYSTEM}\b.*\b(?:up|down|ok|okay|healthy|running|"
    r"working|online|offline|available|operational|problems?|trouble|outages?|fine)\b|"
    r"(?:is|are) there (?:an? |any )?(?:outages?|downtime)\b"
)
_INTEGRATIONS = re.compile(
    r"\b(?:integrations?|connected (?:apps?|systems?|tools?|services?)|webhooks?)\b"
)
_ACTIVE = re.compile(r"\b(?:active|connected|enabled|running|working|live)\b")
_CONNECTED = re.compile(
    r"(?:which|what|is|are|any|show|list)\b.*\b(?:connected|hooked up|integrated|plugged in)\b"
)
_LISTED = re.compile(
    r"\b(?:tickets|cases|issues|requests|incidents)\b|\b(?:inbox|queue)\b|"
    r"\b(?:the|any) (?:\w+ )?(?:one|ones|item|items)\b|"
    r"\b(?:everything|anything|something) (?:that is |that's |that are |still |currently )*+"
    r"(?:open|waiting|pending|unresolved|urgent|in progress|outstanding|overdue)\b|"
    r"^what(?:'s| is| are)? (?:all |still |currently |now )*+(?:open|waiting|pending|unresolved|"
    r"in progress|on hold|urgent|outstanding|left)\b"
)
_BARE_LIST = re.compile(
    r"(?:(?:all|my|our|the|open|closed|resolved|waiting|pending|urgent|high|low|normal|critical|"
    r"priority|unresolved|unassigned|in|progress|on|hold|new|newest|latest|recent|last|oldest|"
    r"\d+) )*+(?:tickets|cases|incidents)(?: please| pls)?"
)
_MINE = re.compile(r"\bassigned to me\b|\bmy assigned\b")
_COUNT = r"\d{1,3}|two|three|four|five|six|seven|eight|nine|ten|twenty"
_COUNTED = re.compile(
    rf"\b(?P<count>{_COUNT}) (?:\w+ )?(?:newest|latest|last|recent|oldest|tickets|cases)\b|"
    rf"\b(?:top|last|latest|first|newest|oldest) (?P<count_after>{_COUNT})\b"
)
_COUNTS = {
    "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10, "twenty": 20,
}  # fmt: skip


def look_up(message: Message, conversation: Conversation) -> Call | Say | None:
    """Find what a message wants to see; None if it wants nothing that tools can show."""
    words = without_courtesy(message.words).rstrip(" .!?")
    wants = message.is_question or bool(_SHOW.match(words))
    if _HOW_TO.match(words) and not mentions(message.words):
        return Say(text=phrases.HOW_TO)
    return (
        _one_ticket(message, words, wants=wants)
        or _system(words, wants=wants)
        or _figures(words, wants=wants)
        or search(message, wants=wants)
        or _the_ticket_shown(words, conversation, wants=wants)
        or _list(words, conversation, wants=wants)
    )


def _one_ticket(message: Message, words: str, *, wants: bool) -> Call | Say | None:
    tickets = mentions(message.words)
    if not tickets:
        return None
    ticket, *others = tickets
    if others:
        return Say(text=phrases.ONE_AT_A_TIME)
    if wants or _BARE_TICKET.fullmatch(words):
        return Call(tool="get_ticket", arguments={"ticket_id": ticket})
    return Say(text=phrases.WHAT_ABOUT.format(ticket=phrases.named(ticket)))


def _the_ticket_shown(words: str, conversation: Conversation, *, wants: bool) -> Call | None:
    shown = shown_ticket(conversation)
    if shown and wants and _ABOUT_IT.search(words):
        return Call(tool="get_ticket", arguments={"ticket_id": shown})
    return None


def _figures(words: str, *, wants: bool) -> Call | None:
    if _FIGURES.search(words) and (wants or _is_short(words)):
        return Call(tool="get_ticket_stats", arguments={})
    return None


def _system(words: str, *, wants: bool) -> Call | None:
    may_ask = wants or _is_short(words)
    if (may_ask and _HEALTH.search(words)) or (wants and _HEALTH_ASKED.match(words)):
        return Call(tool="get_system_health", arguments={})
    if may_ask and _INTEGRATIONS.search(words):
        tool = "get_active_integrations" if _ACTIVE.search(words) else "list_integrations"
        return Call(tool=tool, arguments={})
    if _CONNECTED.match(words):
        return Call(tool="get_active_integrations", arguments={})
    return None


def _list(words: str, conversation: Conversation, *, wants: bool) -> Call | Say | None:
    is_bare = _BARE_LIST.fullmatch(words)
    if not (is_bare or (wants and _LISTED.search(words))):
        return None
    arguments: dict[str, object] = {}
    # "Open the waiting tickets" asks to see them; "open tickets" are those that are open.
    if status := mentioned_status(words if is_bare else words.removeprefix("open ")):
        arguments["status"] = status
    if priority := mentioned_priority(words):
        arguments["priority"] = priority
    if _MINE.search(words):
        if conversation.member_id is None:
            return Say(text=phrases.MINE_UNKNOWN)
        arguments["assignee_id"] = conversation.member_id
    if found := _COUNTED.search(words):
        arguments["limit"] = _count(found["count"] or found["count_after"])
    return Call(tool="list_tickets", arguments=arguments)


def _count(words: str) -> int:
    count = int(words) if words.isdigit() else _COUNTS[words]
    return max(1, min(count, _MOST_ROWS))


def _is_short(words: str) -> bool:
    return len(words.split()) <= _SHORT
