"""The functions that look further than one organization, and how little they tell."""

from collections.abc import AsyncGenerator
from uuid import UUID

import asyncpg
import pytest

from hexdesk.core.model.knowledge import Passage
from hexdesk.core.ports.storage import Storage
from hexdesk.core.testing import examples
from hexdesk.core.testing.companies import Company, a_company, added
from hexdesk.core.testing.file_examples import a_file
from tests.database import Database

DEFINERS = """
    SELECT proname AS name, pg_get_function_result(oid) AS result, proconfig AS settings,
        pg_get_userbyid(proowner) AS owner, provolatile = 's' AS only_reads,
        has_function_privilege('public', oid, 'EXECUTE') AS is_everybodys,
        has_function_privilege('hexdesk_app', oid, 'EXECUTE') AS is_the_applications
    FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prosecdef
"""
KNOWN = {
    "find_user": "TABLE(user_id uuid, organization_id uuid, password_hash text)",
    "find_refresh_token": "TABLE(token_id uuid, session_id uuid, organization_id uuid)",
    "find_api_key": "TABLE(api_key_id uuid, organization_id uuid)",
    "find_abandoned_runs": "TABLE(run_id uuid, organization_id uuid)",
    "find_organizations_with_expired": "SETOF uuid",
    "find_due_approvals": "TABLE(approval_id uuid, organization_id uuid)",
    "find_organizations_with_old_deliveries": "SETOF uuid",
    "find_due_tasks": "TABLE(task_id uuid, organization_id uuid, priority integer)",
    "find_agents_to_check": "TABLE(agent_id uuid, organization_id uuid)",
    "find_connection": "TABLE(integration_id uuid, organization_id uuid, channel text)",
    "find_connection_of": "TABLE(integration_id uuid, organization_id uuid, channel text)",
    "find_idle_connections": "TABLE(integration_id uuid, organization_id uuid)",
    "search_tickets": "SETOF uuid",
    "tagged_tickets": "SETOF uuid",
    "search_passages": 'TABLE(file_id uuid, "position" integer, score double precision)',
}
READABLE = """
    SELECT table_name, column_name FROM information_schema.column_privileges
    WHERE grantee = 'hexdesk_lookup' AND table_schema = 'public'
"""
RIGHTS = """
    SELECT DISTINCT privilege_type FROM information_schema.column_privileges
    WHERE grantee = 'hexdesk_lookup' AND table_schema = 'public'
"""


@pytest.fixture
async def superuser(database: Database) -> AsyncGenerator[asyncpg.Connection]:
    """Return a connection that nothing is hidden from."""
    connection = await asyncpg.connect(database.superuser_url)
    yield connection
    await connection.close()


@pytest.fixture
async def application(database: Database) -> AsyncGenerator[asyncpg.Connection]:
    """Return a connection with the application's rights."""
    connection = await asyncpg.connect(database.url)
    yield connection
    await connection.close()


@pytest.fixture
async def two_companies(storage: Storage) -> tuple[Company, Company]:
    """Return two organizations with a ticket each, about the same."""
    ours, theirs = await a_company(storage), await a_company(storage)
    for company in (ours, theirs):
        await added(company, examples.a_ticket(company.organization.id, tags=("vpn",)))
    return ours, theirs


async def test_every_function_that_lends_its_owners_rights_is_known(
    superuser: asyncpg.Connection,
) -> None:
    functions = await superuser.fetch(DEFINERS)
    assert {function["name"]: function["result"] for function in functions} == KNOWN
    for function in functions:
        assert function["settings"] == ["search_path=pg_catalog, pg_temp"]
        assert function["owner"] == "hexdesk_lookup"
        assert function["only_reads"]
        assert not function["is_everybodys"]
        assert function["is_the_applications"]


async def test_the_role_behind_them_reads_ids_hashes_and_what_it_searches_by(
    superuser: asyncpg.Connection,
) -> None:
    readable = {(row["table_name"], row["column_name"]) for row in await superuser.fetch(READABLE)}
    assert readable == {
        *(("users", name) for name in ("id", "organization_id", "email", "is_active")),
        ("users", "password_hash"),
        *(("refresh_tokens", name) for name in ("id", "organization_id", "session_id")),
        *(("refresh_tokens", name) for name in ("token_hash", "expires_at")),
        *(("api_keys", name) for name in ("id", "organization_id", "key_hash")),
        *(("runs", name) for name in ("id", "organization_id", "status", "lease_until")),
        *(("runs", name) for name in ("created_at", "keeps_events", "thread_id")),
        *(("approvals", name) for name in ("id", "organization_id", "thread_id", "status")),
        *(("approvals", name) for name in ("expires_at", "decided_at", "resumed_run_id")),
        *(("threads", name) for name in ("id", "organization_id", "status")),
        *(("idempotency_keys", name) for name in ("organization_id", "created_at")),
        *(("webhook_deliveries", name) for name in ("organization_id", "created_at")),
        *(("integrations", name) for name in ("id", "organization_id", "is_active")),
        *(("channel_connections", name) for name in ("organization_id", "integration_id")),
        *(("channel_connections", name) for name in ("channel", "account", "lease_until")),
        *(("tool_calls", name) for name in ("organization_id", "created_at")),
        *(("agents", name) for name in ("id", "organization_id", "is_active", "checked_at")),
        *(("agent_tasks", name) for name in ("id", "organization_id", "status", "priority")),
        ("agent_tasks", "announce_at"),
        *(("tickets", name) for name in ("id", "organization_id", "search", "tags")),
        *(("ticket_comments", name) for name in ("ticket_id", "organization_id", "search")),
        ("ticket_comments", "internal"),
        *(("file_passages", name) for name in ("organization_id", "file_id", "position")),
        ("file_passages", "search"),
    }
    assert [row[0] for row in await superuser.fetch(RIGHTS)] == ["SELECT"]


async def test_nobody_signs_in_as_that_role(database: Database) -> None:
    with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError, match="not permitted"):
        await asyncpg.connect(database.server.url(database.name, "hexdesk_lookup"))


@pytest.mark.parametrize("call", ["search_tickets('login', true)", "tagged_tickets('vpn')"])
async def test_a_search_is_bound_to_the_organization(
    application: asyncpg.Connection, two_companies: tuple[Company, Company], call: str
) -> None:
    ours, _ = two_companies
    assert await application.fetch(f"SELECT {call}") == []
    async with application.transaction():
        await application.execute(f"SET LOCAL app.organization_id = '{ours.organization.id}'")
        own = [row["id"] for row in await application.fetch("SELECT id FROM tickets")]
        assert [row[0] for row in await application.fetch(f"SELECT {call}")] == own
        assert len(own) == 1


async def test_look_ups_work_without_an_organization(
    application: asyncpg.Connection, two_companies: tuple[Company, Company]
) -> None:
    for company in two_companies:
        [user] = await application.fetch("SELECT * FROM find_user($1)", company.admin.email)
        assert user["organization_id"] == company.organization.id


async def test_a_search_of_files_is_bound_to_the_organization(
    application: asyncpg.Connection, two_companies: tuple[Company, Company]
) -> None:
    ours, theirs = two_companies
    files = [await a_read_file(company) for company in two_companies]
    search = "SELECT file_id FROM search_passages('refunds', $1, 9)"
    assert await application.fetch(search, files) == []
    for company, file_id in zip((ours, theirs), files, strict=True):
        async with application.transaction():
            key = company.organization.id
            await application.execute(f"SET LOCAL app.organization_id = '{key}'")
            assert [row[0] for row in await application.fetch(search, files)] == [file_id]


async def a_read_file(company: Company) -> UUID:
    """Store a file with one passage."""
    file = a_file()
    async with company.transaction() as transaction:
        await transaction.files.add(file)
        passage = Passage(file_id=file.id, position=0, text="A refund takes a week.")
        await transaction.passages.replace(file.id, [passage])
    return file.id
