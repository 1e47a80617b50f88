"""What is logged and counted of each request."""

from collections.abc import MutableMapping
from typing import Any

from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from hexdesk.core.testing import SteadyClock, saying
from tests.e2e.http.house import Company, House, a_house, created, unlimited

Line = MutableMapping[str, Any]


def lines(logs: list[Line], event: str = "request") -> list[Line]:
    """Return the lines of one event."""
    return [line for line in logs if line["event"] == event]


async def test_a_request_is_one_line_without_its_query_and_its_bodies(company: Company):
    with capture_logs(processors=[merge_contextvars]) as logs:
        await company.admin.get(
            "/api/v1/tickets", params={"query": "my secret"}, headers={"X-Request-ID": "r-1"}
        )
    (line,) = lines(logs)
    user = company.tokens["user"]
    assert line == {
        "event": "request",
        "log_level": "info",
        "method": "GET",
        "route": "/api/v1/tickets",
        "status": 200,
        "ms": 0.0,
        "request_id": "r-1",
        "organization_id": user["organization_id"],
        "user_id": user["id"],
    }
    assert "secret" not in str(logs)


async def test_a_route_is_named_by_its_template(company: Company):
    ticket = await created(company.admin, "/tickets", title="x")
    with capture_logs() as logs:
        await company.admin.get(f"/api/v1/tickets/{ticket['id']}")
        await company.admin.get("/api/v1/nothing")
        await company.admin.put("/api/v1/tickets")
    told = [(line["route"], line["status"]) for line in lines(logs)]
    assert told == [("/api/v1/tickets/{ticket_id}", 200), ("unrouted", 404), ("unrouted", 405)]


async def test_one_caller_is_not_named_in_the_next_ones_lines(company: Company):
    with capture_logs(processors=[merge_contextvars]) as logs:
        await company.admin.get("/api/v1/auth/me")
        async with company.house.client() as nobody:
            await nobody.get("/health")
    assert "user_id" not in lines(logs)[1]


async def test_a_mistake_of_ours_is_logged_once_with_its_trace(house: House):
    company = await house.company()
    with capture_logs() as logs:
        # The script has no draft.
        await company.admin.post("/api/v1/tickets/ai-create", json={"text": "x"})
    (line,) = lines(logs, "request failed")
    assert isinstance(line["exc_info"], IndexError)
    await company.close()


async def test_what_takes_long_is_told_to_telemetry():
    async with a_house(unlimited(slow_seconds=0.5)) as house:
        clock = house.clock
        assert isinstance(clock, SteadyClock)

        async def takes_long() -> None:
            clock.advance(0.6)

        company = await house.company()
        house.runner.scripts += [(takes_long, *saying("one")), (takes_long, *saying("two"))]
        thread = await created(company.admin, "/chat/threads")
        path = f"/chat/threads/{thread['id']}/messages"
        await created(company.admin, path, content="Hi")
        (slow,) = house.telemetry.slow_operations
        assert slow.operation == "POST /api/v1/chat/threads/{thread_id}/messages"
        assert round(slow.seconds, 1) == 0.6
        headers = {"Accept": "text/event-stream"}
        await company.admin.post(f"/api/v1{path}", json={"content": "Hi"}, headers=headers)
        assert len(house.telemetry.slow_operations) == 1
        await company.close()


async def test_each_answer_is_observed():
    seen: list[tuple[str, str, int]] = []

    def observe(method: str, route: str, status: int, seconds: float) -> None:
        seen.append((method, route, status))

    async with a_house(unlimited(observe=observe)) as house, house.client() as nobody:
        await nobody.get("/health/live")
        await nobody.get("/api/v1/tickets")
        await nobody.delete("/nothing")
    assert seen == [
        ("GET", "/health/live", 200),
        ("GET", "/api/v1/tickets", 401),
        ("DELETE", "unrouted", 404),
    ]
