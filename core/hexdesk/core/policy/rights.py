"""Who may do what: one table, for HTTP and tools alike."""

from collections.abc import Mapping
from enum import StrEnum
from uuid import UUID

import msgspec

from hexdesk.core.errors import ForbiddenError
from hexdesk.core.model.agents import AgentSettings
from hexdesk.core.model.chat import CUSTOMER_ID, Thread
from hexdesk.core.model.identity import Role
from hexdesk.core.model.principals import AgentRun, Customer, Member, Principal, System
from hexdesk.core.model.tasks import Task
from hexdesk.core.model.tickets import Ticket, TicketFilter


class Right(StrEnum):
    """Something a principal may or may not do; the value completes "you may not ..."."""

    READ_ORGANIZATION = "read the organization"
    CHANGE_ORGANIZATION = "change the organization"
    MANAGE_MEMBERS = "manage members"
    MANAGE_API_KEYS = "manage API keys"
    CHANGE_OWN_PASSWORD = "change a password"
    READ_AGENTS = "read agents"
    READ_AGENT_RECORDS = "read an agent's configuration, history and actions"
    CHANGE_AGENTS = "change agents"
    CHAT = "chat"
    SEE_ALL_THREADS = "see every thread"
    CREATE_TICKETS = "create tickets"
    READ_TICKETS = "read tickets"
    CHANGE_TICKETS = "change tickets"
    DELETE_TICKETS = "delete tickets"
    READ_FILES = "read files"
    UPLOAD_FILES = "upload files"
    SEE_ALL_FILES = "see every file"
    USE_TASKS = "use tasks"
    SEE_ALL_TASKS = "see every task"
    CHECK_AGENTS = "check agents"
    READ_APPROVALS = "read approvals"
    DECIDE_APPROVALS = "decide on approvals"
    READ_INTEGRATIONS = "read integrations"
    CHANGE_INTEGRATIONS = "change integrations"
    READ_AUDIT = "read the audit"
    READ_HEALTH = "read the system's health"
    USE_PLUGIN_TOOLS = "use the tools of plugins"


USER_RIGHTS = frozenset(
    {
        Right.READ_ORGANIZATION,
        Right.CHANGE_OWN_PASSWORD,
        Right.READ_AGENTS,
        Right.CHAT,
        Right.CREATE_TICKETS,
        Right.READ_TICKETS,
        Right.CHANGE_TICKETS,
        Right.READ_FILES,
        Right.UPLOAD_FILES,
        Right.USE_TASKS,
        Right.READ_APPROVALS,
        Right.READ_INTEGRATIONS,
        Right.READ_HEALTH,
        Right.USE_PLUGIN_TOOLS,
    }
)
ADMIN_RIGHTS = frozenset(Right)
NOT_BY_API_KEY = frozenset({Right.MANAGE_MEMBERS, Right.MANAGE_API_KEYS, Right.CHANGE_OWN_PASSWORD})
UNVERIFIED_CUSTOMER_RIGHTS = frozenset({Right.CHAT, Right.CREATE_TICKETS})
CUSTOMER_RIGHTS = UNVERIFIED_CUSTOMER_RIGHTS | {Right.READ_TICKETS}
NOBODY = UUID(int=0)  # no member has this id
CUSTOMER_TOOLS = frozenset({"create_ticket", "get_ticket", "search_tickets", "list_tickets"})


def rights_of(who: Principal) -> frozenset[Right]:
    """Return all that the principal may do; an agent may what the person it acts for may."""
    match who:
        case System():
            return ADMIN_RIGHTS
        case Member():
            rights = ADMIN_RIGHTS if who.role is Role.ADMIN else USER_RIGHTS
            return rights - NOT_BY_API_KEY if who.api_key_id else rights
        case AgentRun():
            return rights_of(who.acts_for)
        case _:
            return CUSTOMER_RIGHTS if who.is_verified and who.email else UNVERIFIED_CUSTOMER_RIGHTS


def may(who: Principal, right: Right) -> bool:
    """Tell whether the principal may do it."""
    return right in rights_of(who)


def require(who: Principal, right: Right) -> None:
    """Raise `ForbiddenError` unless the principal may do it."""
    if not may(who, right):
        raise ForbiddenError(f"you may not {right}")


def may_use_tool(who: Principal, name: str, right: Right) -> bool:
    """Tell whether the principal may call a tool that needs the right.

    Customers have four tools, whatever their agent has. A run has what its capability names, and
    the tool of a call that a person has allowed: which call that is must be looked at besides.
    """
    match who:
        case AgentRun():
            is_approved = who.approved is not None and who.approved.tool == name
            is_named = name in who.tools or is_approved
            return is_named and may_use_tool(who.acts_for, name, right)
        case Customer():
            return name in CUSTOMER_TOOLS and may(who, right)
        case _:
            return may(who, right)


def enabled_tools(
    person: Principal, settings: AgentSettings, rights: Mapping[str, Right]
) -> frozenset[str]:
    """Return the tools that an agent has and the person it acts for may use, by name."""
    names = settings.tools_enabled if settings.mcp_enabled else ()
    return frozenset(
        name for name in names if name in rights and may_use_tool(person, name, rights[name])
    )


def sees_thread(who: Principal, thread: Thread) -> bool:
    """Tell whether the thread exists for the principal: its own, and customers' for members."""
    match who:
        case System():
            return True
        case Member():
            if may(who, Right.SEE_ALL_THREADS):
                return True
            return thread.is_customers or thread.user_id == who.user_id
        case AgentRun():
            return thread.id == who.thread_id
        case _:
            return thread.is_customers and thread.metadata[CUSTOMER_ID] == who.customer_id


def sees_task(who: Principal, task: Task) -> bool:
    """Tell whether the task exists for the principal: a member's own, or all of them."""
    if may(who, Right.SEE_ALL_TASKS) and not isinstance(who, AgentRun):
        return True
    return isinstance(who, Member) and task.created_by_id == who.user_id


def files_seen_by(who: Principal) -> UUID | None:
    """Return the member to whom only its own files and those of agents are shown; None sees all."""
    if may(who, Right.SEE_ALL_FILES):
        return None
    person = who.acts_for if isinstance(who, AgentRun) else who
    return person.user_id if isinstance(person, Member) else NOBODY


def own_email(who: Principal) -> str | None:
    """Return the address whose tickets alone the principal sees, or None if it sees all."""
    person = who.acts_for if isinstance(who, AgentRun) else who
    return (person.email or "") if isinstance(person, Customer) else None


def sees_ticket(who: Principal, ticket: Ticket) -> bool:
    """Tell whether the ticket exists for the principal: customers see their own only."""
    email = own_email(who)
    return email is None or (ticket.requester_email or "").lower() == email.lower() != ""


def visible(who: Principal, wanted: TicketFilter) -> TicketFilter:
    """Narrow a search to the tickets that exist for the principal."""
    email = own_email(who)
    if email is None:
        return wanted
    return msgspec.structs.replace(wanted, requester_email=email)
