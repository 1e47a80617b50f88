"""What a company's people can do over the API: nothing shows them, or changes, what others have."""

import json
from typing import Any

from hexdesk.core.model.principals import Origin
from tests.e2e.isolation.companies import API, ID, Company, made, nobodys
from tests.e2e.isolation.exchange import everything_of, filled, make
from tests.e2e.isolation.installation import Installation
from tests.e2e.isolation.routes import CASES, HIDDEN, NEW_TASK, routes_of

AUDIT = f"GET {API}/audit-events"
THREADS = f"GET {API}/chat/threads"
STATS = f"GET {API}/tickets/stats/overview"
FILTERS = (
    "tickets?assignee_id={user_id}",
    "tickets?query={word}",
    "tickets?tag={word}",
    "tickets?category={word}",
    "tasks?agent_id={agent_id}",
    "files?agent_id={agent_id}",
    "audit-events?actor_id={admin_id}",
    "audit-events?target_id={agent_id}",
)
TIES: dict[tuple[str, str], Any] = {
    ("PATCH", "tickets/{ticket_id}/assign"): {"assignee_id": "{their_user_id}"},
    ("PATCH", "organization"): {"settings": {"default_agent_id": "{their_agent_id}"}},
    ("POST", "chat/threads"): {"agent_id": "{their_agent_id}"},
    ("POST", "tasks"): {**NEW_TASK, "agent_id": "{their_agent_id}"},
    ("POST", "agents/{agent_id}/files"): {"file_id": "{their_file_id}"},
    ("DELETE", "agents/{agent_id}/files/{their_file_id}"): None,
    ("POST", "chat/threads/{thread_id}/messages"): {
        "content": "Look!",
        "attachments": ["{their_file_id}"],
    },
    ("GET", "chat/threads/{thread_id}/runs/{their_run_id}/events"): None,
    ("GET", "chat/threads/{their_thread_id}/runs/{run_id}/events"): None,
}


async def test_every_route_has_its_case(installation: Installation):
    assert set(routes_of(installation.app)) == set(CASES)


async def test_no_route_shows_or_changes_anything_of_another_company(acme: Company, rival: Company):
    before = await everything_of(acme)
    await everything_of(rival)
    for route, case in CASES.items():
        exchanged = await make(rival.admin, route, acme.names)
        assert exchanged.answer.status_code == case.stranger, (route, exchanged.told)
        assert exchanged.leaked(acme) == set(), route
        if case.shows_own:
            assert rival.known_in(exchanged.told), route
    after = await everything_of(acme)
    assert [route for route in after if rival.known_in(after[route])] == []
    assert [route for route in after if after[route] != before[route]] == [AUDIT]
    # A password was guessed at: the guesser learns nothing of it, those who own the account do.
    events = [json.loads(shown[AUDIT])["data"] for shown in (before, after)]
    assert events[1][1:] == events[0]
    assert (events[1][0]["action"], events[1][0]["outcome"]) == ("session.refused", "failure")


async def test_what_another_company_has_looks_as_if_it_did_not_exist(acme: Company, rival: Company):
    for route, case in CASES.items():
        if case.stranger == HIDDEN:
            theirs = await make(rival.admin, route, acme.names)
            nothing = await make(rival.admin, route, nobodys(acme.names))
            assert theirs.form == nothing.form, route


async def test_a_colleague_gets_what_the_rights_say(acme: Company, rival: Company):
    await everything_of(rival)
    for route, case in CASES.items():
        exchanged = await make(acme.user, route, acme.names)
        assert exchanged.answer.status_code == case.colleague, (route, exchanged.told)
        assert exchanged.leaked(rival) == set(), route


async def test_a_colleague_does_not_see_the_conversations_of_an_admin(acme: Company):
    exchanged = await make(acme.user, THREADS, acme.names)
    # Those of customers are everybody's.
    assert [one["channel"] for one in exchanged.answer.json()["data"]] == ["pigeon"]
    shown = await make(acme.admin, THREADS, acme.names)
    assert acme.names["thread_id"] in {one["id"] for one in shown.answer.json()["data"]}
    thread = await made(acme.user, "/chat/threads")
    # The run of another thread is not in this one, though this one is the caller's own.
    run = await acme.user.get(
        f"{API}/chat/threads/{thread['id']}/runs/{acme.names['run_id']}/events"
    )
    assert run.status_code == 404


async def test_a_filter_finds_nothing_of_another_company(acme: Company, rival: Company):
    ticket, colleague = acme.names["ticket_id"], acme.names["user_id"]
    given = {"assignee_id": colleague}
    await acme.admin.patch(f"{API}/tickets/{ticket}/assign", json=given)
    for query in FILTERS:
        path = f"{API}/{query.format(**acme.names)}"
        assert (await acme.admin.get(path)).json()["total"] > 0, query
        assert (await rival.admin.get(path)).json()["data"] == [], query


async def test_ones_own_things_cannot_be_tied_to_those_of_another_company(
    acme: Company, rival: Company
):
    for (method, path), body in TIES.items():
        answers: list[tuple[int, str]] = []
        for theirs in (acme.names, nobodys(acme.names)):
            names = rival.names | {f"their_{name}": value for name, value in theirs.items()}
            answer = await rival.admin.request(
                method, f"{API}/{path.format(**names)}", json=filled(body, names)
            )
            answers.append((answer.status_code, ID.sub("an id", answer.text)))
        assert answers[0] == answers[1], path
        assert answers[0][0] in {404, 422}, answers


async def test_an_idempotency_key_is_another_one_in_another_company(acme: Company, rival: Company):
    request: dict[str, Any] = {
        "json": {"title": "The same words"},
        "headers": {"Idempotency-Key": "the same key"},
    }
    first = await acme.admin.post(f"{API}/tickets", **request)
    for client in (rival.admin, acme.user):
        other = await client.post(f"{API}/tickets", **request)
        assert other.status_code == 201
        assert "idempotent-replayed" not in other.headers
        assert other.json()["id"] != first.json()["id"]
    again = await acme.admin.post(f"{API}/tickets", **request)
    assert (again.headers["idempotent-replayed"], again.json()) == ("true", first.json())


async def test_numbers_are_counted_within_a_company(acme: Company, rival: Company):
    third = await made(acme.admin, "/tickets", title="One more")
    assert third["number"] == 3
    assert (await made(rival.admin, "/tickets", title="One more"))["number"] == 3
    await made(acme.admin, "/tickets", title="Yet one more")
    counted = [(await make(one.admin, STATS, one.names)).answer.json() for one in (acme, rival)]
    assert [stats["total"] for stats in counted] == [4, 3]


async def test_a_token_acts_for_the_company_that_signed_in_and_no_other(
    installation: Installation, acme: Company, rival: Company
):
    """The requirements' first test: user A does not see the tickets of user B."""
    for own, other in ((acme, rival), (rival, acme)):
        who = await installation.desk.identity.authenticate(own.tokens["access_token"], Origin())
        assert who.organization_id == own.who.organization_id
        ticket = await own.admin.get(f"{API}/tickets/{own.names['ticket_id']}")
        assert ticket.status_code == 200
        assert other.known_in(ticket.text) == set()
        for client in (own.admin, own.user):
            page = (await client.get(f"{API}/tickets")).json()
            assert page["total"] == 2
            assert {one["organization_id"] for one in page["data"]} == {str(who.organization_id)}
            hidden = await client.get(f"{API}/tickets/{other.names['ticket_id']}")
            assert hidden.status_code == 404
