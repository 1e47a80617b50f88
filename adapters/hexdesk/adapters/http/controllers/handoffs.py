"""Conversations that change hands between agents and people."""

from uuid import UUID

from litestar import Controller, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from hexdesk.adapters.http.calls import Once, call
from hexdesk.core.desk import Desk
from hexdesk.core.model.chat import Message, Thread
from hexdesk.core.model.principals import Member
from hexdesk.core.policy.rights import Right
from hexdesk.core.use_cases.handoffs import Handoff, Reply

NO_REASON = Handoff()


class HandoffsController(Controller):
    """Conversations that change hands between agents and people."""

    path = "/chat/threads/{thread_id:uuid}"
    tags = ["Chat"]

    @post(
        "/handoff",
        status_code=200,
        opt=call(Right.CHAT, once=Once.ANSWER, example=Handoff(reason="The customer is upset.")),
    )
    async def hand_off_thread(
        self,
        who: NamedDependency[Member],
        once: NamedDependency[Desk],
        thread_id: FromPath[UUID],
        data: JSONBody[Handoff] = NO_REASON,
    ) -> Thread:
        """Take a conversation from the agent: messages are stored, and no model is asked.

        An answer that is being made meanwhile is dropped. Whoever replies first holds the
        conversation.
        """
        return await once.people.hand_off(who, thread_id, data)

    @post(
        "/resume",
        status_code=200,
        opt=call(Right.CHAT, once=Once.ANSWER, example=Handoff(reason="It is settled.")),
    )
    async def resume_thread(
        self,
        who: NamedDependency[Member],
        once: NamedDependency[Desk],
        thread_id: FromPath[UUID],
        data: JSONBody[Handoff] = NO_REASON,
    ) -> Thread:
        """Give a conversation back to the agent, which is told what was said."""
        return await once.people.resume(who, thread_id, data)

    @post(
        "/reply",
        opt=call(
            Right.CHAT, once=Once.ANSWER, also=(409,), example=Reply(content="Let me look at it.")
        ),
    )
    async def reply_in_thread(
        self,
        who: NamedDependency[Member],
        once: NamedDependency[Desk],
        thread_id: FromPath[UUID],
        data: JSONBody[Reply],
    ) -> Message:
        """Say something in the agent's place, in a conversation that was handed off."""
        return await once.people.reply(who, thread_id, data)
