"""Who may make which call: all of them, so that a new one cannot be forgotten."""

from datetime import timedelta
from uuid import UUID, uuid4

import httpx2

from hexdesk.core.model.identity import Role
from hexdesk.core.model.principals import AgentRun, Member
from hexdesk.core.testing.examples import new_id
from tests.e2e.http.every_call import CALLS, Known
from tests.e2e.http.house import (
    Company,
    House,
    a_delivery,
    a_file,
    a_task,
    an_approval,
    created,
    problem,
)

PUBLIC = {
    "challenge_for_account",
    "challenge_for_connection",
    "check_health",
    "check_life",
    "check_readiness",
    "confirm_installation",
    "finish_installation",
    "login",
    "logout",
    "receive_for_account",
    "receive_for_connection",
    "refresh",
    "register",
    "show_metrics",
}
EVERY_MEMBER = {
    "add_comment",
    "assign_ticket",
    "cancel_task",
    "change_password",
    "change_thread",
    "count_tickets",
    "create_task",
    "create_ticket",
    "create_ticket_with_ai",
    "follow_run",
    "hand_off_thread",
    "get_agent",
    "get_content",
    "get_file",
    "get_approval",
    "get_integration",
    "get_organization",
    "get_task",
    "get_text",
    "get_thread",
    "get_ticket",
    "list_active_integrations",
    "list_agent_files",
    "list_agents",
    "list_approvals",
    "list_attached_tools",
    "list_comments",
    "list_files",
    "list_integrations",
    "list_messages",
    "list_tasks",
    "list_threads",
    "list_tickets",
    "list_tools",
    "move_ticket",
    "remove_file",
    "remove_thread",
    "replace_ticket",
    "reply_in_thread",
    "resume_thread",
    "retry_task",
    "send_message",
    "show_myself",
    "start_thread",
    "upload_file",
}
NO_API_KEY = {
    "add_api_key",
    "add_member",
    "change_member",
    "change_password",
    "get_member",
    "list_api_keys",
    "list_members",
    "remove_api_key",
    "remove_member",
}
ADMINS_ONLY = {
    "accept_attached_tool",
    "add_agent",
    "add_agent_file",
    "add_integration",
    "begin_installation",
    "change_agent",
    "change_integration",
    "change_organization",
    "count_agent_actions",
    "decide_approval",
    "list_agent_actions",
    "list_agent_history",
    "list_audit_events",
    "list_deliveries",
    "redeliver",
    "remove_agent",
    "remove_agent_file",
    "remove_integration",
    "remove_ticket",
    "show_agent_configuration",
    "test_integration",
} | NO_API_KEY - {"change_password"}

PROTECTED = [call for call in CALLS if not call.is_public]
WITH_IDS = [call for call in CALLS if call.parameters]
MEMBERS_OWN = {"approval_id", "file_id", "task_id", "thread_id"}
OF_A_MEMBER = [
    call for call in WITH_IDS if MEMBERS_OWN & {*call.parameters} and call.name not in ADMINS_ONLY
]
CHALLENGE = 'Bearer realm="hexdesk"'


def test_these_are_all_the_calls():
    assert {call.name for call in CALLS} == PUBLIC | EVERY_MEMBER | ADMINS_ONLY
    assert {call.name for call in CALLS if call.is_public} == PUBLIC


async def test_nobody_gets_in_without_credentials(house: House):
    async with house.client() as nobody:
        for call in PROTECTED:
            answer = await call.by(nobody, somewhere(call))
            problem(answer, 401, "unauthenticated")
            assert answer.headers["www-authenticate"] == CHALLENGE


async def test_a_runs_capability_is_no_key_to_the_api(company: Company):
    async with company.house.client(capability_of(company)) as agent:
        for call in PROTECTED:
            answer = await call.by(agent, somewhere(call))
            problem(answer, 401, "unauthenticated")
            assert answer.headers["www-authenticate"] == f'{CHALLENGE}, error="invalid_token"'


async def test_a_user_is_refused_what_the_table_says_before_the_body_is_read(company: Company):
    assert await refused(await company.user()) == ADMINS_ONLY


async def test_an_admin_is_refused_nothing(company: Company):
    assert await refused(company.admin) == set()


async def test_an_admins_key_does_not_manage_keys_members_and_passwords(company: Company):
    assert await refused(await company.api_key()) == NO_API_KEY


async def test_a_users_key_may_no_more_than_a_user(company: Company):
    assert await refused(await company.api_key("user")) == ADMINS_ONLY | NO_API_KEY


async def test_things_of_another_organization_do_not_exist(company: Company):
    theirs = await things_of(company)
    stranger = await company.house.company("eve")
    for call in WITH_IDS:
        found = await call.by(stranger.admin, theirs, json=call.example)
        missing = await call.by(stranger.admin, somewhere(call), json=call.example)
        told, expected = problem(found, 404, "not-found"), problem(missing, 404, "not-found")
        assert told.keys() == expected.keys()
        assert told["title"] == expected["title"]
    await stranger.close()


async def test_another_members_conversations_tasks_and_files_do_not_exist(company: Company):
    theirs = await things_of(company)
    user = await company.user()
    for call in OF_A_MEMBER:
        problem(await call.by(user, theirs, json=call.example), 404, "not-found")


async def refused(client: httpx2.AsyncClient) -> set[str]:
    """Make every call about nothing, with a broken body, and return those that are refused."""
    refused: set[str] = set()
    for call in PROTECTED:
        answer = await call.by(client, somewhere(call), content=b"{")
        if answer.status_code == 403:
            problem(answer, 403, "forbidden")
            refused.add(call.name)
        else:
            expected = {415} if call.takes_form else {200, 204, 400, 404}
            assert answer.status_code in expected, answer.text
    return refused


def somewhere(call: Known) -> dict[str, str]:
    """Return ids of nothing, also none of those that a steady clock gives out."""
    return {name: str(uuid4()) for name in call.parameters}


def capability_of(company: Company) -> str:
    """Return what a run for the admin presents to the tool server."""
    user = company.tokens["user"]
    organization_id = UUID(user["organization_id"])
    who = Member(organization_id=organization_id, user_id=UUID(user["id"]), role=Role.ADMIN)
    run = AgentRun(
        organization_id=organization_id, agent_id=new_id(), run_id=new_id(), acts_for=who
    )
    return company.house.desk.ports.capabilities.mint(run, timedelta(minutes=5))


async def things_of(company: Company) -> dict[str, str]:
    """Make one of everything, and return the ids by the names that paths give them."""
    admin, webhook = company.admin, {"url": "https://example.com/hook"}
    thread = await created(admin, "/chat/threads")
    member = {"email": "somebody@example.com", "password": "long enough"}
    made = {
        "agent_id": await created(admin, "/agents"),
        "approval_id": await an_approval(company.house, admin),
        "api_key_id": await created(admin, "/api-keys", name="key"),
        "file_id": await a_file(admin),
        "integration_id": await created(
            admin, "/integrations", type="webhook", name="x", config=webhook
        ),
        "task_id": await a_task(admin),
        "thread_id": thread,
        "ticket_id": await created(admin, "/tickets", title="x"),
        "user_id": await created(admin, "/users", **member),
    }
    ids = {name: one["id"] for name, one in made.items()}
    ids |= {"run_id": str(new_id()), "channel": "webhook", "tool": "shop__look_up"}
    return ids | {"delivery_id": await a_delivery(admin, ids["integration_id"])}
