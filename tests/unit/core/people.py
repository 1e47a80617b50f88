"""Conversations in which a call waits for a person, or a person goes on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from hexdesk.core.model.agents import NewAgent, ToolUseStatus
from hexdesk.core.model.approvals import (
    Approval,
    ApprovalFilter,
    ApprovalStatus,
    Decision,
    HeldCall,
)
from hexdesk.core.model.chat import ChatResponse, Run, Thread
from hexdesk.core.model.principals import Member
from hexdesk.core.policy.approvals import decided_call_id
from hexdesk.core.ports.agents import ApprovalNeeded, RunProgress, TextDelta
from hexdesk.core.testing import Script, saying
from hexdesk.core.testing.examples import ALL
from tests.unit.core.scenes import Fakes, Scene
from tests.unit.core.scripts import DONE, finished, started, step

APPROVE, DENY = Decision(approve=True), Decision(approve=False, note="Not this one.")
ARGUMENTS = {"ticket_id": 1}
DELETE = "delete_ticket"


def waiting(*texts: str, call_ids: Sequence[str] = ("call-1",), **arguments: Any) -> Script:
    """Return a script that ends with calls that wait for a person."""
    told = arguments or ARGUMENTS
    calls: list[RunProgress] = []
    for call_id in call_ids:
        calls.append(started(call_id, DELETE, told))
        calls.append(finished(call_id, DELETE, ToolUseStatus.AWAITING_APPROVAL))
    needed = [ApprovalNeeded(call_id=one, name=DELETE, arguments=told) for one in call_ids]
    return (*map(TextDelta, texts), step(), *calls, *needed, replace(DONE, steps=b"so far"))


def carried_out(approval: Approval, text: str) -> Script:
    """Return the script of a run in which the approved call is made."""
    call_id = decided_call_id(approval.id)
    return (started(call_id, DELETE, ARGUMENTS), finished(call_id, DELETE), *saying(text))


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """A conversation in which a call waits for a person."""

    scene: Scene
    admin: Member
    thread: Thread
    response: ChatResponse

    @classmethod
    async def begin(cls, *scripts: Script, fakes: Fakes | None = None, **agent: Any) -> "Waiting":
        """Have an agent ask; with one script the others are those of later runs."""
        first, *later = scripts or (waiting(),)
        scene = Scene.of(first, *later, fakes=fakes)
        admin = await scene.founder()
        settings: dict[str, Any] = {"tools_enabled": (DELETE, "get_ticket"), **agent}
        made = await scene.desk.agents.add(admin, NewAgent(**settings))
        thread = await scene.thread(admin, agent_id=made.id)
        response = await scene.ask(admin, thread, "Delete it!")
        return cls(scene=scene, admin=admin, thread=thread, response=response)

    @property
    def approval(self) -> Approval:
        """The one approval that was asked for."""
        (approval,) = self.response.approvals
        return approval

    async def decide(self, decision: Decision = APPROVE, **more: Any) -> Approval:
        """Decide on it."""
        return await self.scene.desk.people.decide(self.admin, self.approval.id, decision, **more)

    async def now(self) -> Thread:
        """Return the thread as it is stored."""
        return await self.scene.desk.chat.get_thread(self.admin, self.thread.id)

    async def approvals(self, status: ApprovalStatus | None = None) -> tuple[Approval, ...]:
        """Return the approvals there are."""
        wanted = ApprovalFilter(status=status)
        return (await self.scene.desk.people.list_approvals(self.admin, wanted, ALL)).data

    async def contents(self) -> list[str]:
        """Return what was said, oldest first."""
        messages = await self.scene.messages(self.admin, self.thread)
        return [message.content for message in messages]

    async def resumed(self, approval: Approval) -> Run:
        """Wait for the run that a decision began, and return it as it is stored."""
        assert approval.resumed_run_id
        run = await self.scene.stored_run(self.admin, approval.resumed_run_id)
        await self.scene.settle(run)
        return await self.scene.stored_run(self.admin, run.id)

    async def change_held(self, **fields: Any) -> None:
        """Change what is stored of the call that waits, as no use case can."""
        async with self.scene.fakes.memory.transaction(self.admin) as tx:
            await tx.approvals.add(replace(await tx.approvals.get(self.approval.id), **fields))

    async def held(self) -> HeldCall:
        """Return all that is stored of the call that waits."""
        async with self.scene.fakes.memory.transaction(self.admin) as tx:
            return await tx.approvals.get(self.approval.id)
