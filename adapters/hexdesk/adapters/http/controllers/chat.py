"""Conversations with agents."""

from typing import Any
from uuid import UUID

from litestar import Controller, Request, Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.response import Stream

from hexdesk.adapters.http.calls import Once, call
from hexdesk.adapters.http.once import REPLAYED
from hexdesk.adapters.http.options import HttpOptions
from hexdesk.adapters.http.queries import OLDEST_FIRST, ListQuery
from hexdesk.adapters.http.runs import LAST_EVENT_ID, begin, last_event_id, wants_stream
from hexdesk.adapters.http.streams import event_stream
from hexdesk.core.desk import Desk
from hexdesk.core.model.chat import ChatResponse, Message, Thread
from hexdesk.core.model.listing import Page
from hexdesk.core.model.principals import Member
from hexdesk.core.policy.rights import Right
from hexdesk.core.use_cases.send_message import NewMessage
from hexdesk.core.use_cases.threads import NewThread, ThreadChange

DEFAULT_THREAD = NewThread()
NOTHING = ThreadChange()


class ChatController(Controller):
    """Conversations with agents."""

    path = "/chat/threads"
    tags = ["Chat"]

    @get(opt=call(Right.CHAT, query=ListQuery))
    async def list_threads(
        self,
        who: NamedDependency[Member],
        desk: NamedDependency[Desk],
        wanted: NamedDependency[ListQuery],
    ) -> Page[Thread]:
        """List your conversations and those of customers; for an admin, all of them."""
        return await desk.chat.list_threads(who, wanted.part())

    @post(opt=call(Right.CHAT, once=Once.ANSWER, example=NewThread(title="Printer on fire")))
    async def start_thread(
        self,
        who: NamedDependency[Member],
        once: NamedDependency[Desk],
        data: JSONBody[NewThread] = DEFAULT_THREAD,
    ) -> Thread:
        """Begin a conversation; unless an agent is named, the default one answers."""
        return await once.chat.start_thread(who, data)

    @get("/{thread_id:uuid}", opt=call(Right.CHAT))
    async def get_thread(
        self,
        who: NamedDependency[Member],
        desk: NamedDependency[Desk],
        thread_id: FromPath[UUID],
    ) -> Thread:
        """Show a conversation."""
        return await desk.chat.get_thread(who, thread_id)

    @patch("/{thread_id:uuid}", opt=call(Right.CHAT, also=(409,)))
    async def change_thread(
        self,
        who: NamedDependency[Member],
        desk: NamedDependency[Desk],
        thread_id: FromPath[UUID],
        data: JSONBody[ThreadChange] = NOTHING,
    ) -> Thread:
        """Change a conversation's title or metadata, close or reopen it.

        One that a person has is given back to the agent by `resume` only.
        """
        return await desk.chat.change_thread(who, thread_id, data)

    @delete("/{thread_id:uuid}", opt=call(Right.CHAT))
    async def remove_thread(
        self,
        who: NamedDependency[Member],
        desk: NamedDependency[Desk],
        thread_id: FromPath[UUID],
    ) -> None:
        """Remove a conversation with all that was said; tickets that came out of it stay."""
        await desk.chat.remove_thread(who, thread_id)

    @get("/{thread_id:uuid}/messages", opt=call(Right.CHAT, query=ListQuery))
    async def list_messages(
        self,
        who: NamedDependency[Member],
        desk: NamedDependency[Desk],
        thread_id: FromPath[UUID],
        wanted: NamedDependency[ListQuery],
    ) -> Page[Message]:
        """List what was said, oldest first."""
        return await desk.chat.list_messages(who, thread_id, wanted.part(OLDEST_FIRST))

    @post(
        "/{thread_id:uuid}/messages",
        opt=call(
            Right.CHAT,
            once=Once.RUN,
            also=(409,),
            example=NewMessage(content="Create a test ticket"),
            answers=ChatResponse,
            streams=True,
        ),
    )
    async def send_message(
        self,
        request: Request[Member, Any, Any],
        desk: NamedDependency[Desk],
        options: NamedDependency[HttpOptions],
        thread_id: FromPath[UUID],
        data: JSONBody[NewMessage],
    ) -> Response[Any]:
        """Say something, and get the agent's answer.

        With `Accept: text/event-stream` the answer is the stream of the run's events, else the
        whole answer once it is there. Once the message is stored, the answer is a success
        whatever breaks behind it: then it says `degraded` and why. While a person has the
        conversation, `message` is null.
        """
        begun = await begin(desk, request, thread_id, data)
        headers = {REPLAYED: "true"} if begun.is_replay else {}
        if wants_stream(request):
            return event_stream(request, await begun.events(), options, headers)
        return Response(await begun.answer(), status_code=201, headers=headers)

    @get(
        "/{thread_id:uuid}/runs/{run_id:uuid}/events",
        opt=call(Right.CHAT, also=(410,), headers=(LAST_EVENT_ID,), streams=True),
    )
    async def follow_run(
        self,
        request: Request[Member, Any, Any],
        desk: NamedDependency[Desk],
        options: NamedDependency[HttpOptions],
        thread_id: FromPath[UUID],
        run_id: FromPath[UUID],
    ) -> Stream:
        """Follow a run, from where you left off.

        `Last-Event-ID` is the last event you have; without it the stream starts from the first.
        """
        after = last_event_id(request)
        events = await desk.chat.follow_run(request.user, thread_id, run_id, after)
        return event_stream(request, events, options)
