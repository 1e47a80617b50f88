"""The offline model's decision: which tool to call, or what to say, for any message."""

import re
from collections.abc import Set as AbstractSet

import msgspec

from hexdesk.adapters.agents.offline import phrases
from hexdesk.adapters.agents.offline.answers import answer
from hexdesk.adapters.agents.offline.changing import change
from hexdesk.adapters.agents.offline.conversation import Call, Conversation, HandOver, Said, Say
from hexdesk.adapters.agents.offline.deleting import ask_first, decide_deletion
from hexdesk.adapters.agents.offline.files import from_files, not_read
from hexdesk.adapters.agents.offline.filing import file, file_subject
from hexdesk.adapters.agents.offline.language import Clause, Message, orders, read
from hexdesk.adapters.agents.offline.lookups import look_up
from hexdesk.adapters.agents.offline.smalltalk import converse

# Tools that answer the same wish.
_INSTEAD = {
    "create_ticket": "create_ticket_with_ai",
    "get_active_integrations": "list_integrations",
    "list_integrations": "get_active_integrations",
}
_FORBIDS = re.compile(
    r"(?:do not|don'?t|never|not|stop|no need to|there(?:'s| is) no need to|refrain from|avoid|"
    r"(?:i|we) (?:do not|don'?t) (?:want|need) (?:you )?to)(?: ever| please)? "
    r"(?:close|reopen|open|resolve|solve|delete|remove|erase|create|file|raise|log|submit|assign|"
    r"unassign|change|set|mark|rename|update|escalate|touch|do|\w+ing)\b"
)
_UNFINISHED = re.compile(
    r"(?P<verb>close|resolve|reopen|delete|erase|assign|reassign|unassign|rename|escalate)\b"
    r"(?P<many> (?:all|every|each|any|everything|both|them|these|those|\d+|(?:\w+ ){0,3}"
    r"(?:tickets|cases|issues)\b))?"
)
_CANCELS = re.compile(r"(?:no|nope|cancel|stop|never ?mind|forget it|nothing|abort)\b.{0,40}")


def decide(
    conversation: Conversation, tools: AbstractSet[str], *, has_people: bool = False
) -> Call | Say | HandOver:
    """Answer the newest message: by one of the tools, in words, or by calling a person.

    A tool that writes is called for a plain order only, never for a question. A deletion is asked
    about first. Whatever a tool answered ends the turn: no call is repeated.
    """
    if conversation.result is not None:
        return Say(text=answer(conversation.result))
    decision = _understand(conversation, tools, has_people=has_people)
    if not isinstance(decision, Call):
        return decision
    return _with_tools(decision, conversation, tools)


def _understand(
    conversation: Conversation, tools: AbstractSet[str], *, has_people: bool
) -> Call | Say | HandOver:
    message = read(conversation.text)
    return (
        decide_deletion(message, conversation)
        or _obey(message, conversation, tools)
        or converse(message.words, tools, has_people=has_people)
        or look_up(message, conversation)
        or _subject_given(message, conversation)
        or from_files(message, conversation.knowledge)
        or not_read(conversation.unread)
        or Say(text=phrases.not_understood(tools))
    )


def _obey(
    message: Message, conversation: Conversation, tools: AbstractSet[str]
) -> Call | Say | None:
    clauses = tuple(orders(message))
    if any(_FORBIDS.match(clause.words) for clause in clauses):
        return Say(text=phrases.UNCHANGED)
    found: list[Call | Say] = []
    for clause in clauses:
        if ticket := file(clause, message, conversation.text.strip()):
            # What follows is the ticket's text, whatever it sounds like.
            found.append(ticket)
            break
        if changed := change(clause, message, conversation):
            found.append(changed)
    match found:
        case []:
            return _ask_to_finish(clauses)
        case [Call(tool="delete_ticket") as order]:
            return ask_first(order, tools)
        case [order]:
            return order
        case _:
            return Say(text=phrases.ONE_AT_A_TIME)


def _ask_to_finish(clauses: tuple[Clause, ...]) -> Say | None:
    for clause in clauses:
        if found := _UNFINISHED.match(clause.words):
            if found["many"]:
                return Say(text=phrases.ONE_AT_A_TIME)
            example = phrases.example_of(found["verb"])
            return Say(text=phrases.WHICH_TICKET.format(example=example))
    return None


def _subject_given(message: Message, conversation: Conversation) -> Call | Say | None:
    match conversation.steps[-2:]:
        case (Said(by_user=True, text=asked_for), Said(by_user=False, text=question)):
            is_answer = question.strip() == phrases.ASK_SUBJECT and not message.is_question
        case _:
            return None
    if not is_answer:
        return None
    if _CANCELS.fullmatch(message.words):
        return Say(text=phrases.UNCHANGED)
    return file_subject(message, conversation.text.strip(), read(asked_for))


def _with_tools(call: Call, conversation: Conversation, tools: AbstractSet[str]) -> Call | Say:
    if call.tool in tools:
        return call
    other = _INSTEAD.get(call.tool)
    if other is None or other not in tools:
        return Say(text=phrases.not_enabled(call.tool, tools))
    if other == "create_ticket_with_ai":
        return Call(tool=other, arguments={"text": conversation.text.strip()})
    return msgspec.structs.replace(call, tool=other)
