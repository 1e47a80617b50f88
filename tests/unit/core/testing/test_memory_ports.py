"""What the small ports in memory do beside their ports' promises."""

import pytest

from hexdesk.core.errors import EgressRefusedError, JournalFullError, UnavailableError
from hexdesk.core.model.agents import ToolUseStatus
from hexdesk.core.ports.egress import EgressAnswer
from hexdesk.core.ports.limits import Attempt, Rate
from hexdesk.core.testing import (
    Answered,
    CountingLimiter,
    MemoryJournal,
    Posted,
    RecordingEgress,
    RecordingTelemetry,
    SlowOperation,
    SteadyClock,
    ToolCalled,
    UnlimitedLimiter,
)
from hexdesk.core.testing.companies import Conversation
from hexdesk.core.testing.examples import a_member, a_response, a_user, new_id

URL = "https://example.com/hook"


async def test_a_journal_can_be_made_full() -> None:
    journal = MemoryJournal()
    journal.is_full = True
    with pytest.raises(JournalFullError):
        await journal.append(b"entry")
    assert journal.problem() == "the journal is full"
    journal.is_full = False
    await journal.append(b"entry")
    assert journal.problem() is None


async def test_the_unlimited_limiter_lets_everything_pass() -> None:
    limiter = UnlimitedLimiter()
    verdicts = [await limiter.hit([Attempt(Rate("user", 1), "ann")]) for _ in range(3)]
    assert [(verdict.is_allowed, verdict.remaining) for verdict in verdicts] == [(True, 1)] * 3


async def test_the_counting_limiter_records_what_it_allowed() -> None:
    limiter = CountingLimiter(SteadyClock())
    ann, bob = Attempt(Rate("user", 1), "ann"), Attempt(Rate("user", 1), "bob")
    for attempts in ([ann], [ann], [bob], [ann, bob]):
        await limiter.hit(attempts)
    assert limiter.allowed == [ann, bob]


def test_telemetry_records_what_it_was_told() -> None:
    talk = Conversation.of(a_member(a_user(new_id())))
    response = a_response(talk.run, talk.message)
    telemetry = RecordingTelemetry()
    telemetry.answered(talk.agent.id, response)
    telemetry.tool_called("get_ticket", ToolUseStatus.DENIED, 0.5)
    telemetry.slow("list tickets", 2.5)
    assert telemetry.answers == [Answered(agent_id=talk.agent.id, response=response)]
    assert telemetry.tool_calls == [
        ToolCalled(tool="get_ticket", status=ToolUseStatus.DENIED, seconds=0.5)
    ]
    assert telemetry.slow_operations == [SlowOperation(operation="list tickets", seconds=2.5)]


async def test_egress_answers_as_told_and_then_with_success() -> None:
    told = EgressAnswer(status_code=500, headers={"X-A": "b"}, body=b"no")
    egress = RecordingEgress(told, UnavailableError("cannot be reached"))
    assert await egress.post(URL, b"1", {"X-Signature": "s"}) == told
    with pytest.raises(UnavailableError):
        await egress.post(URL, b"2")
    assert (await egress.post(URL, b"3")).status_code == 200
    assert egress.posted == [
        Posted(url=URL, body=b"1", headers={"X-Signature": "s"}),
        Posted(url=URL, body=b"2"),
        Posted(url=URL, body=b"3"),
    ]


async def test_egress_refuses_the_addresses_it_was_told_to() -> None:
    egress = RecordingEgress()
    egress.check(URL)
    egress.refused.add(URL)
    with pytest.raises(EgressRefusedError):
        egress.check(URL)
    with pytest.raises(EgressRefusedError):
        await egress.post(URL, b"")
    assert egress.posted == []


async def test_every_host_has_an_address_unless_it_is_refused() -> None:
    egress = RecordingEgress()
    egress.refused.add("inside.example")
    assert await egress.resolve("example.com", 443) == ("192.0.2.1",)
    with pytest.raises(EgressRefusedError):
        await egress.resolve("inside.example", 443)
