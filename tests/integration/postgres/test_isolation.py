"""The database keeps organizations apart, whatever the application asks of it."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

import asyncpg
import pytest

from hexdesk.adapters.storage.postgres.storage import PostgresStorage
from hexdesk.core.testing import examples
from hexdesk.core.testing.companies import Belongings, Company, a_company
from tests.database import Database

TABLES = """
    SELECT c.oid::regclass::text AS name FROM pg_class AS c
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
"""
OPEN_TABLES = f"""
    {TABLES} AND NOT (
        relrowsecurity AND relforcerowsecurity
        AND EXISTS (SELECT FROM pg_policy WHERE polrelid = c.oid)
    )
"""
OTHER_RELATIONS = """
    SELECT relname FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind NOT IN ('r', 'p', 'i', 'I', 'c')
"""
VERSIONS = "hexdesk_alembic"  # of the schema: which one it is, is no secret
LETTER_BOX = "failed_sign_ins"  # of nobody: filled, and never looked into
LOOKED_UP = (
    *("users", "refresh_tokens", "api_keys", "runs", "idempotency_keys"),
    *("approvals", "threads"),
    *("tickets", "ticket_comments", "tool_calls", "agents", "agent_tasks"),
    *("file_passages", "webhook_deliveries"),
    *("integrations", "channel_connections"),
)
COUNT = "SELECT count(*) FROM {}"
OWNERS = "SELECT {} FROM {}"
ROW_OF = "SELECT * FROM {} WHERE {} = $1"
INSERT = "INSERT INTO {} ({}) VALUES ({})"
GENERATED = {"search", "requester"}
BOUND = (
    "(organization_id = ( SELECT (NULLIF(current_setting("
    "'app.organization_id'::text, true), ''::text))::uuid AS \"nullif\"))"
)


@dataclass(frozen=True)
class Desk:
    """A desk of two organizations, both with one of everything, under the storage."""

    ours: Company
    theirs: Company
    application: asyncpg.Connection
    superuser: asyncpg.Connection

    async def act_for(self, company: Company) -> None:
        """Bind the application's connection to an organization."""
        setting = "SELECT set_config('app.organization_id', $1, false)"
        await self.application.execute(setting, str(company.organization.id))

    async def tenant_tables(self) -> list[str]:
        """Return the tables that organizations have rows in."""
        names = await names_of(self.superuser, TABLES)
        return sorted(names - {VERSIONS, LETTER_BOX})


async def names_of(connection: asyncpg.Connection, query: str) -> set[str]:
    """Return what a query finds, as names."""
    return {row[0] for row in await connection.fetch(query)}


def column_of(table: str) -> str:
    """Return the column that says whose a row is."""
    return "id" if table == "organizations" else "organization_id"


@pytest.fixture
async def desk(database: Database) -> AsyncGenerator[Desk]:
    """Return a desk where each table has rows of two organizations."""
    async with PostgresStorage.open(database.url) as storage:
        ours, theirs = await a_company(storage), await a_company(storage)
        for company in (ours, theirs):
            async with company.transaction() as transaction:
                await Belongings.of(company.organization, company.admin).store(transaction)
        await storage.directory.note_failed_sign_in(examples.a_failed_sign_in())
    application = await asyncpg.connect(database.url)
    superuser = await asyncpg.connect(database.superuser_url)
    yield Desk(ours, theirs, application, superuser)
    await application.close()
    await superuser.close()


async def test_every_table_is_behind_a_forced_policy(desk: Desk) -> None:
    assert await names_of(desk.superuser, OPEN_TABLES) == {VERSIONS}


async def test_nothing_shows_rows_beside_the_tables(desk: Desk) -> None:
    # A view would show them with its owner's rights.
    assert await names_of(desk.superuser, OTHER_RELATIONS) == set()


async def test_every_policy_is_the_same_one_or_a_known_exception(desk: Desk) -> None:
    policies = await desk.superuser.fetch("SELECT * FROM pg_policies WHERE schemaname = 'public'")
    tenants = [policy for policy in policies if policy["policyname"] == "tenant"]
    assert {policy["tablename"] for policy in tenants} == set(await desk.tenant_tables())
    for policy in tenants:
        bound = BOUND.replace("organization_id", column_of(policy["tablename"]), 1)
        assert (policy["qual"], policy["with_check"]) == (bound, bound)
        assert (policy["cmd"], policy["permissive"]) == ("ALL", "PERMISSIVE")
    exceptions = {
        (policy["tablename"], policy["cmd"], *policy["roles"])
        for policy in policies
        if policy["policyname"] != "tenant"
    }
    assert exceptions == {(LETTER_BOX, "INSERT", "public")} | {
        (table, "SELECT", "hexdesk_lookup") for table in LOOKED_UP
    }


async def test_without_an_organization_there_are_no_rows(desk: Desk) -> None:
    for table in await desk.tenant_tables():
        assert await desk.superuser.fetchval(COUNT.format(table)) >= 2, table
        assert await desk.application.fetchval(COUNT.format(table)) == 0, table


async def test_an_organization_sees_its_own_rows_only(desk: Desk) -> None:
    await desk.act_for(desk.ours)
    for table in await desk.tenant_tables():
        owners = await names_of(desk.application, OWNERS.format(column_of(table), table))
        assert owners == {desk.ours.organization.id}, table


async def test_a_setting_ends_with_its_transaction(desk: Desk) -> None:
    organization_id = str(desk.ours.organization.id)
    async with desk.application.transaction():
        await desk.application.execute(f"SET LOCAL app.organization_id = '{organization_id}'")
        assert await desk.application.fetchval("SELECT count(*) FROM users") == 1
    assert await desk.application.fetchval("SELECT count(*) FROM users") == 0


async def test_a_row_for_another_organization_is_refused(desk: Desk) -> None:
    await desk.act_for(desk.ours)
    for table in await desk.tenant_tables():
        row = await a_row_of(desk, table)
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
            await insert(desk.application, table, row)


async def test_a_row_cannot_be_given_to_another_organization(desk: Desk) -> None:
    await desk.act_for(desk.ours)
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
        await desk.application.execute(
            "UPDATE integrations SET organization_id = $1", desk.theirs.organization.id
        )


async def test_a_reference_does_not_reach_into_another_organization(desk: Desk) -> None:
    await desk.act_for(desk.ours)
    theirs = await desk.superuser.fetchval(
        "SELECT id FROM tickets WHERE organization_id = $1", desk.theirs.organization.id
    )
    row = await a_row_of(desk, "ticket_comments")
    row |= {"organization_id": str(desk.ours.organization.id), "author_id": None}
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await insert(desk.application, "ticket_comments", row | {"ticket_id": str(theirs)})


async def a_row_of(desk: Desk, table: str) -> dict[str, Any]:
    """Return one of their rows, without what the database fills in."""
    found = await desk.superuser.fetchrow(
        ROW_OF.format(table, column_of(table)), desk.theirs.organization.id
    )
    assert found is not None
    return {name: value for name, value in found.items() if name not in GENERATED}


async def insert(connection: asyncpg.Connection, table: str, row: dict[str, Any]) -> None:
    """Insert a row, its organization too."""
    places = ", ".join(f"${place}" for place, _ in enumerate(row, 1))
    await connection.execute(INSERT.format(table, ", ".join(row), places), *row.values())


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE tickets NO FORCE ROW LEVEL SECURITY",
        "ALTER TABLE tickets DISABLE ROW LEVEL SECURITY",
        "DROP POLICY tenant ON tickets",
        "CREATE POLICY mine ON tickets USING (true)",
        "ALTER ROLE hexdesk_app BYPASSRLS",
        "SET ROLE hexdesk_owner",
        "SET ROLE hexdesk_lookup",
        "SET SESSION AUTHORIZATION hexdesk_owner",
        "TRUNCATE tickets",
        "CREATE TABLE mine (n int)",
        "CREATE TEMPORARY TABLE mine (n int)",
        "CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE VIEW mine AS SELECT * FROM tickets",
        "UPDATE hexdesk_alembic SET version_num = '0000'",
        "DELETE FROM hexdesk_alembic",
        "COPY tickets TO PROGRAM 'cat'",
        "SELECT pg_read_file('postgresql.conf')",
        "SELECT * FROM failed_sign_ins",
    ],
)
async def test_the_application_cannot_lift_the_barrier(desk: Desk, statement: str) -> None:
    await desk.act_for(desk.ours)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await desk.application.execute(statement)


async def test_switching_row_security_off_shows_nothing(desk: Desk) -> None:
    await desk.application.execute("SET row_security = off")
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
        await desk.application.fetch("SELECT * FROM tickets")


@pytest.mark.parametrize(
    "table", ["audit_events", "agent_history", "agent_actions", "messages", "failed_sign_ins"]
)
@pytest.mark.parametrize("statement", ["UPDATE {} SET created_at = now()", "DELETE FROM {}"])
async def test_what_only_grows_is_not_changed(desk: Desk, table: str, statement: str) -> None:
    await desk.act_for(desk.ours)
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="permission denied"):
        await desk.application.execute(statement.format(table))


async def test_the_number_of_a_ticket_cannot_be_taken_back(desk: Desk) -> None:
    await desk.act_for(desk.ours)
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="permission denied"):
        await desk.application.execute("DELETE FROM ticket_counters")
