"""Deleting a ticket: asked about first, done only on a plain yes that says so again."""

import re
from collections.abc import Set as AbstractSet

from hexdesk.adapters.agents.offline import phrases
from hexdesk.adapters.agents.offline.conversation import Call, Conversation, Said, Say
from hexdesk.adapters.agents.offline.language import Message
from hexdesk.adapters.agents.offline.slots import TARGET, UUID, ticket_id

_YES = r"(?:yes|yep|yeah|ok|okay|sure|i confirm|confirm|confirmed|i am sure|i'm sure)[\s,.!:]*"
_CONFIRMED = re.compile(
    rf"{_YES}(?:please )?(?:do )?(?:go ahead and )?(?:really )?(?:delete|remove|erase)"
    rf"(?: (?:the )?{TARGET})?(?:,? please)?[\s.!]*"
)
_AGREED = re.compile(rf"{_YES}(?:please|do it|go ahead|really|of course)?[\s.!]*")
_DECLINED = re.compile(r"(?:no|nope|cancel|stop|never ?mind|forget it|keep it|don'?t)\b.{0,60}")


def decide_deletion(message: Message, conversation: Conversation) -> Call | Say | None:
    """Delete the ticket that was just asked about, if the answer says so; None if none was."""
    ticket = _asked_about(conversation)
    if ticket is None or message.is_question:
        return None
    if found := _CONFIRMED.fullmatch(message.words):
        named = found["uuid"] or (found["number"] and ticket_id(found["number"]))
        if named in {None, ticket}:
            return Call(tool="delete_ticket", arguments={"ticket_id": ticket})
    if _AGREED.fullmatch(message.words):
        return Say(text=phrases.ask_to_delete(ticket))
    if _DECLINED.fullmatch(message.words):
        return Say(text=phrases.UNCHANGED)
    return None


def ask_first(order: Call, tools: AbstractSet[str]) -> Say:
    """Answer an order to delete a ticket: with a question, or that it is not possible here."""
    if order.tool not in tools:
        return Say(text=phrases.not_enabled(order.tool, tools))
    return Say(text=phrases.ask_to_delete(str(order.arguments["ticket_id"])))


def _asked_about(conversation: Conversation) -> str | None:
    last = conversation.steps[-1] if conversation.steps else None
    if not isinstance(last, Said) or last.by_user:
        return None
    found = re.search(rf"yes, delete ticket ({UUID}|\d+)\*\*$", last.text.strip())
    # The whole answer must be the question: a ticket's text may hold words like it.
    is_question = found and last.text.strip() == phrases.ask_to_delete(found[1])
    return found[1] if found and is_question else None
