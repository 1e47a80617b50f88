"""Rate limits, and the headers that tell how they stand."""

import httpx2
import pytest

from hexdesk.adapters.http.edge import UNLIMITED
from hexdesk.adapters.http.options import HttpOptions, HttpRates
from hexdesk.core.model.limits import Rate
from hexdesk.core.model.settings import DeskSettings
from hexdesk.core.testing import SteadyClock
from tests.e2e.http.every_call import CALLS
from tests.e2e.http.house import PASSWORD, SETTINGS, House, a_house, problem

WRONG = {"email": "ada@example.com", "password": "wrong password"}
RIGHT = {"email": "ada@example.com", "password": PASSWORD}


def rates_of(answer: httpx2.Response) -> tuple[str, str]:
    """Return both headers."""
    return answer.headers["ratelimit-policy"], answer.headers["ratelimit"]


def options(**rates: Rate | None) -> HttpOptions:
    """Return options with just these rates."""
    none: dict[str, Rate | None] = dict.fromkeys(("user", "address", "register"))
    return HttpOptions(rates=HttpRates(**(none | rates)))


async def pass_time(house: House, seconds: float) -> None:
    """Let time pass."""
    assert isinstance(house.clock, SteadyClock)
    house.clock.advance(seconds)


async def test_a_user_is_told_how_its_rate_stands():
    async with a_house(HttpOptions()) as house:
        company = await house.company()
        for left in (599, 598):
            answer = await company.admin.get("/api/v1/auth/me")
            assert rates_of(answer) == ('"user";q=600;w=60', f'"user";r={left};t=60')
        await company.close()


async def test_whoever_has_no_name_yet_is_told_of_its_address():
    async with a_house(HttpOptions()) as house, house.client() as nobody:
        answer = await nobody.get("/api/v1/auth/me")
        problem(answer, 401, "unauthenticated")
        assert rates_of(answer) == ('"address";q=1200;w=60', '"address";r=1199;t=60')
        answer = await nobody.get("/nothing")
        assert rates_of(answer) == ('"address";q=1200;w=60', '"address";r=1198;t=60')


async def test_a_user_that_comes_too_often_is_refused_until_it_has_waited():
    async with a_house(options(user=Rate("user", 2))) as house:
        company = await house.company()
        for _ in range(2):
            assert (await company.admin.get("/api/v1/auth/me")).status_code == 200
        # Before the right and the body are looked at.
        answer = await company.admin.post("/api/v1/tickets", content=b"{")
        problem(answer, 429, "rate-limited")
        assert answer.headers["retry-after"] == "30"
        assert rates_of(answer) == ('"user";q=2;w=60', '"user";r=0;t=30')
        program = await company.house.company("eve")
        assert (await program.admin.get("/api/v1/auth/me")).status_code == 200
        await pass_time(house, 30)
        assert (await company.admin.get("/api/v1/auth/me")).status_code == 200
        await program.close()
        await company.close()


async def test_the_members_of_an_organization_share_its_rate():
    async with a_house(
        options(user=Rate("user", 3), organization=Rate("organization", 4))
    ) as house:
        company, stranger = await house.company(), await house.company("eve")
        grace = await company.user()
        for left in (2, 1):
            answer = await company.admin.get("/api/v1/auth/me")
            assert answer.status_code == 200
            # One was spent on making the second member.
            assert rates_of(answer)[1] == f'"user";r={left - 1};t=60'
        answer = await grace.get("/api/v1/auth/me")
        assert rates_of(answer) == ('"organization";q=4;w=60', '"organization";r=0;t=60')
        answer = await grace.get("/api/v1/auth/me")
        problem(answer, 429, "rate-limited")
        assert rates_of(answer) == ('"organization";q=4;w=60', '"organization";r=0;t=15')
        assert answer.headers["retry-after"] == "15"
        assert (await stranger.admin.get("/api/v1/auth/me")).status_code == 200
        await pass_time(house, 15)
        answer = await grace.get("/api/v1/auth/me")
        # What the organization's rate refused was not counted against the member.
        assert rates_of(answer) == ('"organization";q=4;w=60', '"organization";r=0;t=60')
        await stranger.close()
        await company.close()


async def test_an_address_that_comes_too_often_is_refused_whatever_it_asks_for():
    async with a_house(options(address=Rate("address", 2))) as house:
        async with house.client(address="192.0.2.1") as nobody:
            for path in ("/nothing", "/openapi.json"):
                assert (await nobody.get(path)).status_code in {200, 404}
            answer = await nobody.get("/api/v1/auth/me")
            problem(answer, 429, "rate-limited")
            assert int(answer.headers["retry-after"]) == 30
            assert answer.headers["x-content-type-options"] == "nosniff"
            for path in ("/health", "/health/live", "/health/ready", "/metrics"):
                assert (await nobody.get(path)).status_code != 429
        async with house.client(address="192.0.2.2") as somebody_else:
            assert (await somebody_else.get("/nothing")).status_code == 404


async def test_one_ipv6_network_is_one_address():
    async with a_house(options(address=Rate("address", 1))) as house:
        for address, status in (
            ("2001:db8::1", 404),
            ("2001:db8::2", 429),
            ("2001:db8:0:1::1", 404),
            ("::ffff:192.0.2.1", 404),
            ("192.0.2.1", 429),
        ):
            async with house.client(address=address) as nobody:
                assert (await nobody.get("/nothing")).status_code == status, address


def test_the_document_tells_which_paths_are_not_limited():
    unlimited = {call.path for call in CALLS if "429" not in call.operation["responses"]}
    assert unlimited == UNLIMITED


async def test_registrations_are_counted_per_address():
    async with a_house(options(register=Rate("register", 1))) as house:
        await (await house.company()).close()
        body = {"organization_name": "x", "email": "x@example.com", "password": PASSWORD}
        async with house.client() as nobody:
            answer = await nobody.post("/api/v1/auth/register", json=body)
            problem(answer, 429, "rate-limited")
            assert rates_of(answer) == ('"register";q=1;w=60', '"register";r=0;t=60')
        async with house.client(address="192.0.2.7") as nobody:
            answer = await nobody.post("/api/v1/auth/register", json=body)
            assert answer.status_code == 201
            assert rates_of(answer) == ('"register";q=1;w=60', '"register";r=0;t=60')


async def test_signing_in_tells_how_its_rate_stands_on_answers_and_refusals():
    async with a_house(HttpOptions(), settings=DeskSettings()) as house:
        await (await house.company()).close()
        async with house.client() as nobody:
            answer = await nobody.post("/api/v1/auth/login", json=RIGHT)
            assert answer.status_code == 200
            assert rates_of(answer) == ('"login";q=10;w=60', '"login";r=9;t=60')
            for left in range(8, -1, -1):
                answer = await nobody.post("/api/v1/auth/login", json=WRONG)
                problem(answer, 401, "unauthenticated")
                assert rates_of(answer) == ('"login";q=10;w=60', f'"login";r={left};t=60')
            answer = await nobody.post("/api/v1/auth/login", json=WRONG)
            problem(answer, 429, "rate-limited")
            assert rates_of(answer) == ('"login";q=10;w=60', '"login";r=0;t=6')
            assert answer.headers["retry-after"] == "6"


async def test_nobody_can_lock_another_out():
    async with a_house(HttpOptions(), settings=DeskSettings()) as house:
        await (await house.company()).close()
        async with house.client() as somebody:
            for _ in range(12):
                await somebody.post("/api/v1/auth/login", json=WRONG)
            assert (await somebody.post("/api/v1/auth/login", json=RIGHT)).status_code == 200


async def test_rates_that_are_off_have_no_headers(house: House):
    async with house.client() as nobody:
        answer = await nobody.post("/api/v1/auth/login", json=WRONG)
    assert SETTINGS.login_rate is None
    assert not {"ratelimit", "ratelimit-policy"} & answer.headers.keys()


@pytest.mark.parametrize(
    ("client", "forwarded", "subject"),
    [
        ("192.0.2.1", "198.51.100.9", "192.0.2.1"),
        ("10.0.0.1", "198.51.100.9", "198.51.100.9"),
        ("10.0.0.1", "203.0.113.5, 198.51.100.9", "198.51.100.9"),
        ("10.0.0.1", "198.51.100.9, 10.0.0.2", "198.51.100.9"),
        ("10.0.0.1", "nonsense", "10.0.0.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("::ffff:10.0.0.1", "2001:db8::1", "2001:db8::1"),
        ("nobody", "198.51.100.9", None),
    ],
)
async def test_a_trusted_proxy_is_believed_and_nobody_else(
    client: str, forwarded: str, subject: str | None
):
    one = HttpOptions(rates=HttpRates(), trusted_proxies=("10.0.0.0/8",))
    async with a_house(one) as house, house.client(address=client) as caller:
        headers = {"X-Forwarded-For": forwarded}
        body = {"organization_name": "x", "email": "x@example.com", "password": PASSWORD}
        tokens = (await caller.post("/api/v1/auth/register", json=body, headers=headers)).json()
        token = {"Authorization": f"Bearer {tokens['access_token']}"}
        events = (await caller.get("/api/v1/audit-events", headers=token)).json()["data"]
    assert [event["ip"] for event in events] == [subject]
