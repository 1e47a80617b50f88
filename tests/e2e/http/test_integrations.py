"""Integrations, the audit, health and metrics."""

import httpx2
import pytest

from hexdesk.core.errors import UnavailableError
from hexdesk.core.model.health import ComponentHealth, HealthStatus
from hexdesk.core.ports.health import Probe
from hexdesk.core.testing import RecordingEgress
from tests.e2e.http.house import Company, House, a_house, created, problem, unlimited

MASK = "********"
WEBHOOK = {"url": "https://example.com/hook", "secret": "s3cr3t", "events": ["ticket.created"]}


async def a_webhook(admin: httpx2.AsyncClient) -> dict[str, object]:
    """Connect a webhook."""
    return await created(admin, "/integrations", type="webhook", name="Pager", config=WEBHOOK)


async def test_a_secret_is_masked_and_stays_when_it_comes_back_masked(company: Company):
    made = await a_webhook(company.admin)
    assert made["config"] == WEBHOOK | {"secret": MASK}
    path = f"/api/v1/integrations/{made['id']}"
    change = {"config": WEBHOOK | {"secret": MASK, "events": []}, "name": "Beeper"}
    changed = (await company.admin.patch(path, json=change)).json()
    assert changed["name"] == "Beeper"
    assert changed["config"] == WEBHOOK | {"secret": MASK, "events": []}
    assert "s3cr3t" not in (await company.admin.get("/api/v1/integrations")).text


async def test_an_integration_may_be_told_its_type_and_keeps_it(admin: httpx2.AsyncClient):
    made = await a_webhook(admin)
    path = f"/api/v1/integrations/{made['id']}"
    answer = await admin.patch(path, json={"type": "webhook", "name": "Beeper"})
    assert (answer.status_code, answer.json()["name"]) == (200, "Beeper")
    told = problem(await admin.patch(path, json={"type": "slack"}), 422, "invalid")
    assert told["errors"][0]["pointer"] == "/type"


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"type": "carrier pigeon"}, "/type"),
        ({"config": {"url": "ftp://example.com"}}, "/config/url"),
        ({"config": {}}, "/config/url"),
        ({"config": {"url": "https://refused.example.com"}}, "/config/url"),
        ({"name": ""}, "/name"),
        ({"status": "ok"}, "/status"),
    ],
)
async def test_integrations_have_rules(
    house: House, admin: httpx2.AsyncClient, change: dict[str, object], pointer: str
):
    house.egress.refused.add("https://refused.example.com")
    body = {"type": "webhook", "name": "x", "config": WEBHOOK} | change
    answer = await admin.post("/api/v1/integrations", json=body)
    assert problem(answer, 422, "invalid")["errors"][0]["pointer"] == pointer


async def test_active_ones_are_those_that_are_switched_on(admin: httpx2.AsyncClient):
    one, other = await a_webhook(admin), await a_webhook(admin)
    await admin.patch(f"/api/v1/integrations/{one['id']}", json={"is_active": False})
    told = (await admin.get("/api/v1/integrations/active")).json()["data"]
    assert [found["id"] for found in told] == [other["id"]]


async def test_a_test_calls_the_address_and_tells_how_that_went():
    egress = RecordingEgress(UnavailableError("no answer within 10 s"))
    async with a_house(egress=egress) as house:
        company = await house.company()
        made = await a_webhook(company.admin)
        path = f"/api/v1/integrations/{made['id']}"
        answer = await company.admin.post(f"{path}/test")
        assert answer.status_code == 200
        assert answer.json()["ok"] is False
        assert answer.json()["detail"] == "no answer within 10 s"
        assert (await company.admin.get(path)).json()["status"] == "error"
        assert (await company.admin.post(f"{path}/test")).json()["ok"] is True
        assert [one.url for one in egress.posted] == [WEBHOOK["url"]] * 2
        assert (await company.admin.get(path)).json()["status"] == "ok"
        await company.close()


async def test_the_audit_tells_what_was_done_from_where(house: House):
    company = await house.company()
    headers = {"X-Request-ID": "the-request"}
    body = {"type": "webhook", "name": "x", "config": WEBHOOK}
    await company.admin.post("/api/v1/integrations", json=body, headers=headers)
    params = {"action": "integration.added", "outcome": "success"}
    told = (await company.admin.get("/api/v1/audit-events", params=params)).json()
    (event,) = told["data"]
    assert (event["ip"], event["request_id"]) == ("127.0.0.1", "the-request")
    assert (event["actor_type"], event["actor_id"]) == ("user", company.tokens["user"]["id"])
    for params in (
        {"action": "nothing"},
        {"outcome": "denied"},
        {"created_to": "2025-01-01T00:00:00Z"},
    ):
        told = (await company.admin.get("/api/v1/audit-events", params=params)).json()
        assert told["total"] == 0
    answer = await company.admin.get("/api/v1/audit-events", params={"outcome": "maybe"})
    problem(answer, 422, "invalid")
    await company.close()


class Told(Probe):
    """A component that is as it is told."""

    def __init__(self, name: str, status: HealthStatus, *, is_vital: bool) -> None:
        self.name = name
        self.is_vital = is_vital
        self.status = status

    async def check(self) -> ComponentHealth:
        return ComponentHealth(status=self.status)


async def test_health_is_told_to_everybody_part_by_part(house: House):
    async with house.client() as nobody:
        answer = await nobody.get("/health")
        assert (await nobody.get("/health/live")).json() == {"status": "ok"}
        assert (await nobody.get("/health/ready")).json() == {"status": "ok"}
    assert answer.json() == {"status": "ok", "version": "0", "components": {}}
    assert "ratelimit" not in answer.headers


async def test_a_database_that_is_down_is_503_and_no_traffic():
    database = Told("database", HealthStatus.DOWN, is_vital=True)
    async with a_house(probes=(database,)) as house, house.client() as nobody:
        answer = await nobody.get("/health")
        assert (answer.status_code, answer.json()["status"]) == (503, "down")
        assert answer.headers["retry-after"]
        problem(await nobody.get("/health/ready"), 503, "unavailable")
        assert (await nobody.get("/health/live")).status_code == 200


async def test_a_model_that_is_down_keeps_no_traffic_away():
    model = Told("model", HealthStatus.DOWN, is_vital=False)
    async with a_house(probes=(model,)) as house, house.client() as nobody:
        answer = await nobody.get("/health")
        assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
        assert (await nobody.get("/health/ready")).status_code == 200


async def test_an_instance_that_drains_gets_no_more_traffic():
    options = unlimited()
    async with a_house(options) as house, house.client() as nobody:
        options.draining.set()
        problem(await nobody.get("/health/ready"), 503, "unavailable")
        assert (await nobody.get("/health")).status_code == 200


def metrics() -> tuple[str, bytes]:
    return "application/openmetrics-text; version=1.0.0", b"# EOF\n"


async def test_metrics_are_open_where_the_installation_says_so():
    options = unlimited(metrics=metrics, are_metrics_open=True)
    async with a_house(options) as house, house.client() as nobody:
        answer = await nobody.get("/metrics")
    assert answer.text == "# EOF\n"
    assert answer.headers["content-type"].startswith("application/openmetrics-text")


@pytest.mark.parametrize("token", [None, "", "wrong", "Bearer wrong", "Bearer ", "Bearer None"])
async def test_metrics_are_not_there_without_their_token(token: str | None):
    headers = {"Authorization": token} if token is not None else {}
    for options in (unlimited(metrics=metrics, metrics_token="t"), unlimited(metrics=metrics)):
        async with a_house(options) as house, house.client() as nobody:
            problem(await nobody.get("/metrics", headers=headers), 404, "not-found")


async def test_metrics_are_there_with_their_token():
    options = unlimited(metrics=metrics, metrics_token="t")
    async with a_house(options) as house, house.client("t") as prometheus:
        assert (await prometheus.get("/metrics")).status_code == 200
