"""Orders that change one ticket: its status, priority, title, category, assignee or end."""

import re
from collections.abc import Callable

import msgspec

from hexdesk.adapters.agents.offline import phrases
from hexdesk.adapters.agents.offline.conversation import Call, Conversation, Say
from hexdesk.adapters.agents.offline.language import Clause, Message
from hexdesk.adapters.agents.offline.results import shown_ticket
from hexdesk.adapters.agents.offline.slots import (
    PRIORITY,
    STATUS,
    TARGET,
    UUID,
    mentions,
    priority_of,
    status_of,
    ticket_id,
)

# A longer message is a mail or a log, and an order in it may be meant for somebody else.
_LONGEST_MESSAGE = 400
_LONGEST_TITLE = 200
# What may follow an order without making it another one.
_END = (
    r"(?=\s*(?:$|(?:please|pls|plz|now|thanks|thank you|thx|for (?:me|now|good|us)|as|because|"
    r"since|right (?:away|now)|immediately|asap|again|today)\b))"
)
_IT = rf"(?:the )?{TARGET}"
_TO = r"(?:(?:back )?(?:to|as|in|into|on|at|=)(?: being)? )?"
_VALUE = (
    rf"(?:an? )?(?:(?P<status>{STATUS})(?: status| state)?|"
    rf"(?P<priority>{PRIORITY})(?: priority| prio)?)"
)
_SET_VERB = r"(?:set|mark|move|put|change|switch|update|flag|make|turn|give)"
_RANK_VERB = r"(?:bump|raise|lower|reduce|increase|escalate|upgrade|downgrade|prioriti[sz]e)"
_KIND = r"(?:status|state|priority|prio)(?: level)?"

_OPEN_AGAIN = re.compile(rf"(?:opening|open) {_IT} (?:again|back up|once more){_END}")
_FINISHED = re.compile(
    r"(?P<verb>closing|close|resolving|resolve|solving|solve|reopening|reopen|re-open)"
    rf"(?: (?:out|off|up|down))? {_IT}{_END}"
)
_BEGUN = re.compile(rf"(?:start|begin)(?: work| working)? on {_IT}{_END}")
_RENAMED = re.compile(rf"(?:rename|retitle) {_IT} (?:to|into|as) (?=\S)")
_RETITLED = re.compile(
    rf"(?:change|set|update) (?:the )?(?:title|subject) (?:of|for|on) {_IT} (?:to|as) (?=\S)"
)
_CATEGORISED = re.compile(
    rf"(?:change|set|update) (?:the )?category (?:of|for|on) {_IT} (?:to|as) "
    r"(?P<category>[\w -]{1,60})$"
)
# "set high priority for #4", "set the status to closed for #4"
_VALUE_FIRST = re.compile(
    rf"{_SET_VERB} (?:the )?(?:(?P<kind>{_KIND}) (?:to |as )?)?{_VALUE} "
    rf"(?:on|for|of|to) {_IT}{_END}"
)
# "set #4 to high", "set the status of #4 to closed", "change #4's priority to low"
_TICKET_FIRST = re.compile(
    rf"(?:{_SET_VERB}|(?P<rank>{_RANK_VERB})) (?:up |down )?"
    rf"(?:(?:the )?(?P<kind>{_KIND}) (?:of|for|on) )?{_IT}(?:'s)? ?"
    rf"(?:(?P<kind_after>{_KIND}) )?(?:up |down )?{_TO}{_VALUE}{_END}"
)
# "mark as done", "set its priority to high": about the ticket shown.
_VALUE_ONLY = re.compile(
    rf"{_SET_VERB} (?:(?:its|the) (?P<kind>{_KIND}) )?(?:back )?(?:to|as) {_VALUE}{_END}"
)
_RANKED = re.compile(rf"{_RANK_VERB} (?:up |down )?(?:(?:the )?{_KIND} (?:of|for|on) )?{_IT}{_END}")
_UNASSIGNED = re.compile(
    rf"(?:unassign|(?:remove|clear|delete) (?:the )?assignee (?:of|from|on)) {_IT}{_END}"
)
_ASSIGNED = re.compile(
    rf"(?:re-?assign|assign|give|hand|pass)(?: over)? {_IT}(?: over)? to (?P<who>.+)$"
)
_DELETED = re.compile(
    rf"(?:delete|deleting|remove|erase|destroy|purge|trash|wipe|get rid of) {_IT}(?! from\b)"
)


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """A clause that fits a rule: which ticket it is about, and the words it was found by."""

    ticket: str
    found: re.Match[str]
    clause: Clause
    message: Message
    member_id: str | None


def change(clause: Clause, message: Message, conversation: Conversation) -> Call | Say | None:
    """Turn a clause into a change of one ticket, or into the question that it leaves open."""
    for pattern, answer in _RULES:
        if not (found := pattern.match(clause.words)):
            continue
        ticket = _ticket_meant(found, message, conversation)
        if isinstance(ticket, Say):
            return ticket
        # A new title may hold any word, so none of them says anything about the order.
        is_doubtful = clause.is_doubtful and answer is not _rename
        is_uncertain = is_doubtful or clause.is_conditional or clause.is_forbidden
        if is_uncertain or len(message.text) > _LONGEST_MESSAGE:
            return Say(text=phrases.NOT_NOW)
        order = Order(
            ticket=ticket,
            found=found,
            clause=clause,
            message=message,
            member_id=conversation.member_id,
        )
        return answer(order)
    return None


def _ticket_meant(found: re.Match[str], message: Message, conversation: Conversation) -> str | Say:
    groups = found.groupdict()
    # An assignee's id looks like a ticket's.
    named = mentions(message.words.replace(groups.get("who") or "\n", ""))
    if number := groups.get("number"):
        named = tuple(dict.fromkeys((*named, ticket_id(number))))
    if len(named) > 1:
        return Say(text=phrases.ONE_AT_A_TIME)
    if groups.get("number") or groups.get("uuid"):
        return next(iter(named))
    # "It" is the ticket this message names, or the one shown before; of two, neither.
    candidates = {*named, shown_ticket(conversation)} - {None}
    if len(candidates) == 1:
        return next(ticket for ticket in candidates if ticket)
    verb = found.group().split()[0]
    return Say(text=phrases.WHICH_TICKET.format(example=phrases.example_of(verb)))


def _finish(order: Order) -> Call:
    verb = order.found["verb"]
    status = "open" if verb.startswith("re") and "open" in verb else "resolved"
    return _status_call(order, "closed" if verb.startswith("clos") else status)


def _reopen(order: Order) -> Call:
    return _status_call(order, "open")


def _begin(order: Order) -> Call:
    return _status_call(order, "in_progress")


def _set_value(order: Order) -> Call | Say:
    groups = order.found.groupdict()
    status, priority = groups["status"], groups["priority"]
    kind = groups.get("kind") or groups.get("kind_after") or ""
    if status and not kind.startswith("prio") and not groups.get("rank"):
        return _status_call(order, status_of(status))
    if priority and not kind.startswith("stat"):
        return _update_call(order, priority=priority_of(priority))
    return _ask_priority(order) if status else Say(text=phrases.WHICH_STATUS)


def _ask_priority(order: Order) -> Say:
    return Say(text=phrases.WHICH_PRIORITY.format(ticket=phrases.named(order.ticket)))


def _rename(order: Order) -> Call | Say:
    start = order.clause.verb_at + order.found.end()
    title = order.message.text[start : order.clause.sentence_ends_at].strip(" \"'`.")
    if not title:
        return Say(text=phrases.WHICH_TITLE.format(ticket=phrases.named(order.ticket)))
    return _update_call(order, title=title[:_LONGEST_TITLE].strip())


def _categorise(order: Order) -> Call:
    start = order.clause.verb_at + order.found.start("category")
    return _update_call(order, category=order.message.text[start:][: len(order.found["category"])])


def _assign(order: Order) -> Call | Say:
    who = order.found["who"].strip(" .!")
    ticket = phrases.named(order.ticket)
    if re.fullmatch(r"me|myself", who):
        if order.member_id is None:
            return Say(text=phrases.ME_UNKNOWN.format(ticket=ticket))
        return _assign_call(order, order.member_id)
    if re.fullmatch(r"nobody|no one|no-one|none", who):
        return _assign_call(order, None)
    if found := re.fullmatch(rf"(?:the )?(?:member|user|agent|id)?\s*({UUID})", who):
        return _assign_call(order, found[1])
    return Say(text=phrases.ASSIGNEE_UNKNOWN.format(ticket=ticket))


def _unassign(order: Order) -> Call:
    return _assign_call(order, None)


def _delete(order: Order) -> Call:
    return Call(tool="delete_ticket", arguments={"ticket_id": order.ticket})


def _status_call(order: Order, status: str) -> Call:
    return Call(
        tool="update_ticket_status", arguments={"ticket_id": order.ticket, "status": status}
    )


def _update_call(order: Order, **fields: str) -> Call:
    return Call(tool="update_ticket", arguments={"ticket_id": order.ticket, **fields})


def _assign_call(order: Order, assignee_id: str | None) -> Call:
    return Call(
        tool="assign_ticket", arguments={"ticket_id": order.ticket, "assignee_id": assignee_id}
    )


_RULES: tuple[tuple[re.Pattern[str], Callable[[Order], Call | Say]], ...] = (
    (_OPEN_AGAIN, _reopen),
    (_FINISHED, _finish),
    (_BEGUN, _begin),
    (_RENAMED, _rename),
    (_RETITLED, _rename),
    (_CATEGORISED, _categorise),
    (_VALUE_FIRST, _set_value),
    (_TICKET_FIRST, _set_value),
    (_VALUE_ONLY, _set_value),
    (_RANKED, _ask_priority),
    (_UNASSIGNED, _unassign),
    (_ASSIGNED, _assign),
    (_DELETED, _delete),
)
