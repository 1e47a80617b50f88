"""What agents and tool clients can do: their company's work, with its things, and nothing else."""

import asyncio
import json
from collections.abc import Callable

import httpx2
import pytest

from hexdesk.core.errors import ToolsUnavailableError
from hexdesk.core.tools.catalogue import catalogue
from tests.e2e.isolation.companies import Company, an_agent, made
from tests.e2e.isolation.exchange import everything_of, filled
from tests.e2e.isolation.installation import Installation
from tests.e2e.isolation.tools import TOOLS

CREDENTIALS: dict[str, Callable[[Company], str]] = {
    "an admin's access token": lambda company: company.tokens["access_token"],
    "an admin's API key": lambda company: company.names["api_key"],
    "a run's capability": lambda company: company.capability(*TOOLS),
}
KNOWN_CACHES = {"config", "response"}


def test_every_tool_has_its_case():
    assert set(TOOLS) == set(catalogue())


@pytest.mark.parametrize("credential", CREDENTIALS)
async def test_no_tool_shows_or_changes_anything_of_another_company(
    installation: Installation, acme: Company, rival: Company, credential: str
):
    """The requirements' third test: tools keep to the organization of whoever calls."""
    before = await everything_of(acme)
    async with installation.tool_client(CREDENTIALS[credential](rival)) as client:
        for name, case in TOOLS.items():
            arguments = filled(case.arguments, acme.names)
            result = await client.call_tool(name, arguments)
            told = result.model_dump_json()
            assert result.is_error == case.fails, (name, told)
            assert acme.known_in(told) - acme.known_in(json.dumps(arguments)) == set(), name
    assert await everything_of(acme) == before


async def test_the_number_of_a_ticket_means_ones_own(
    installation: Installation, acme: Company, rival: Company
):
    third = await made(acme.admin, "/tickets", title="One more")
    answers: list[bool] = []
    for company in (rival, acme):
        async with installation.tool_client(company.capability("get_ticket")) as client:
            result = await client.call_tool("get_ticket", {"ticket_id": third["number"]})
            answers.append(result.is_error)
    assert answers == [True, False]


async def test_no_argument_names_the_organization(
    installation: Installation, acme: Company, rival: Company
):
    claimed = {"organization_id": acme.names["organization_id"]}
    async with installation.tool_client(rival.capability(*TOOLS)) as client:
        for name, case in TOOLS.items():
            result = await client.call_tool(name, filled(case.arguments, rival.names) | claimed)
            assert "unknown field" in result.model_dump_json(), name


async def test_a_capability_of_another_installation_is_worth_nothing(
    installation: Installation, acme: Company
):
    forged = acme.capability("list_tickets")[:-4] + "AAAA"
    with pytest.raises(ToolsUnavailableError):
        async with installation.tool_client(forged):
            raise AssertionError("nobody gets here")


async def test_an_agent_works_with_the_things_of_its_own_company(acme: Company, rival: Company):
    """The requirements' second test: the tools of agent A reach the data of organization A."""
    for own, other in ((acme, rival), (rival, acme)):
        found = await own.tell_to_call("search_tickets", query="printer")
        assert own.known_in(found["message"]["content"])
        assert other.known_in(json.dumps(found)) == set()
        read = await own.tell_to_call("get_ticket", ticket_id=own.names["ticket_id"])
        assert [use["status"] for use in read["tools_used"]] == ["ok"]
        hidden = await own.tell_to_call("get_ticket", ticket_id=other.names["ticket_id"])
        assert [use["status"] for use in hidden["tools_used"]] == ["error"]
        assert other.known_in(json.dumps(hidden)) == {other.names["ticket_id"]}


async def test_agents_of_two_companies_at_work_at_once_share_a_session_and_nothing_else(
    acme: Company, rival: Company
):
    async def look(company: Company) -> tuple[Company, str]:
        thread = await made(
            company.admin, "/chat/threads", agent_id=company.names["agent_id"], title=company.word
        )
        wish = json.dumps({"tool": "list_tickets", "arguments": {}})
        return company, json.dumps(await company.ask(wish, thread["id"]))

    answers = await asyncio.gather(*(look(one) for one in (acme, rival) * 8))
    for own, told in answers:
        [other] = {acme.word, rival.word} - {own.word}
        assert own.word in told
        assert other not in told


async def test_nobody_gets_an_answer_that_was_kept_for_another(acme: Company, rival: Company):
    ours, twin, theirs = [await an_agent_like_others(one) for one in (acme, acme, rival)]
    first = await said(acme.admin, ours)
    assert await said(acme.admin, ours) == first
    _, another_user = await acme.colleague("another")
    others = [
        (rival.admin, theirs),
        (acme.admin, twin),
        (acme.user, ours),
        (another_user, ours),
    ]
    answers = {first, *[await said(client, agent_id) for client, agent_id in others]}
    assert len(answers) == 1 + len(others)


async def test_a_cache_key_belongs_to_one_company(
    installation: Installation, acme: Company, rival: Company
):
    keys: list[set[str]] = []
    for company in (acme, rival):
        installation.cache.keys.clear()
        await said(company.admin, await an_agent_like_others(company))
        await everything_of(company)
        keys.append(set(installation.cache.keys))
    assert keys[0] & keys[1] == set()
    # Whoever adds a kind of entry says here that its key cannot be another company's.
    assert {key.partition("_")[0] for key in keys[0] | keys[1]} == KNOWN_CACHES


async def test_what_is_kept_of_an_agent_is_kept_under_its_id(
    installation: Installation, acme: Company, rival: Company
):
    agents = {await an_agent_like_others(one): one for one in (acme, acme, rival)}
    for agent_id, company in agents.items():
        await said(company.admin, agent_id)
    for kept in installation.kept_of_agents():
        named = [agent_id for agent_id in agents for key in kept if agent_id in key]
        assert sorted(named) == sorted(agents), kept


async def test_agents_that_are_set_up_alike_are_told_apart(acme: Company, rival: Company):
    for company in (acme, rival):
        agent_id = await an_agent_like_others(company)
        thread = await made(company.admin, "/chat/threads", agent_id=agent_id)
        company.names["thread_id"] = thread["id"]
    for own, other in ((acme, rival), (rival, acme)):
        listed = await own.tell_to_call("list_tickets")
        assert own.known_in(listed["message"]["content"])
        assert other.known_in(json.dumps(listed)) == set()


async def an_agent_like_others(company: Company) -> str:
    """Make an agent whose configuration has the same hash in every company."""
    return (await made(company.admin, "/agents", **an_agent("some company")))["id"]


async def said(client: httpx2.AsyncClient, agent_id: str) -> str:
    """Ask the one question in a new thread, and return the answer."""
    thread = await made(client, "/chat/threads", agent_id=agent_id)
    path = f"/chat/threads/{thread['id']}/messages"
    answer = await made(client, path, content="What are your opening hours?")
    return answer["message"]["content"]
