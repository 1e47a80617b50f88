"""Every method of every repository, as something to try with what somebody has."""

from collections.abc import Awaitable, Callable

from msgspec.structs import replace

from hexdesk.core.model.agents import AgentStatus
from hexdesk.core.model.approvals import ApprovalFilter, ApprovalStatus
from hexdesk.core.model.audit import AuditFilter
from hexdesk.core.model.chat import RunStatus
from hexdesk.core.model.tasks import TaskFilter, TaskStatus
from hexdesk.core.model.tickets import TicketFilter
from hexdesk.core.model.webhooks import DeliveryFilter
from hexdesk.core.ports.storage import Transaction
from hexdesk.core.testing import examples
from hexdesk.core.testing.approval_examples import a_held_call
from hexdesk.core.testing.companies import Belongings
from hexdesk.core.testing.example_tasks import a_task
from hexdesk.core.testing.example_webhooks import a_delivery
from hexdesk.core.testing.storage_channel_attempts import (
    CHANNEL_LOOKS,
    CHANNEL_WRITES,
    CHANNELS_FOUND_OR_NOT,
)
from hexdesk.core.testing.storage_file_attempts import (
    FILE_LOOKS,
    FILE_WRITES,
    FILES_FOUND_OR_NOT,
)
from hexdesk.core.testing.storage_knowledge_attempts import (
    PASSAGE_LOOKS,
    PASSAGE_WRITES,
    PASSAGES_FOUND_OR_NOT,
)

Attempt = Callable[[Transaction, Belongings], Awaitable[object]]


async def _add_ticket(to: Transaction, its: Belongings) -> None:
    await to.tickets.add(examples.a_ticket(its.organization.id))


async def _take_over(to: Transaction, its: Belongings) -> bool:
    token, until = examples.new_id(), examples.FAR_AHEAD
    return await to.runs.take_over(its.conversation.run.id, token, until) is not None


async def _add_task(to: Transaction, its: Belongings) -> None:
    await to.tasks.add(a_task(its.organization.id, agent_id=its.conversation.agent.id))


async def _claim(to: Transaction, its: Belongings) -> bool:
    token, until = examples.new_id(), examples.FAR_AHEAD
    return await to.tasks.claim(its.task.id, token, until) is not None


LOOKS: dict[str, Attempt] = {
    "organizations.get": lambda to, _: to.organizations.get(),
    "users.get": lambda to, its: to.users.get(its.user.id),
    "users.page": lambda to, _: to.users.page(examples.ALL),
    "users.password_hash": lambda to, its: to.users.password_hash(its.user.id),
    "users.lock_admins": lambda to, _: to.users.lock_admins(),
    "sessions.active_user": lambda to, its: to.sessions.active_user(its.session.id),
    "sessions.is_known_address": lambda to, its: to.sessions.is_known_address(
        its.user.id, "192.0.2.1"
    ),
    "api_keys.page": lambda to, _: to.api_keys.page(examples.ALL),
    "api_keys.active_owner": lambda to, its: to.api_keys.active_owner(its.api_key.id),
    "agents.get": lambda to, its: to.agents.get(its.conversation.agent.id),
    "agents.all": lambda to, _: to.agents.all(),
    "agents.has_threads": lambda to, its: to.agents.has_threads(its.conversation.agent.id),
    "agent_log.history": lambda to, its: to.agent_log.history(
        its.conversation.agent.id, examples.ALL
    ),
    "agent_log.actions": lambda to, its: to.agent_log.actions(
        its.conversation.agent.id, examples.ALL
    ),
    "agent_log.count_actions": lambda to, its: to.agent_log.count_actions(
        its.conversation.agent.id
    ),
    "threads.get": lambda to, its: to.threads.get(its.conversation.thread.id),
    "threads.with_agent": lambda to, its: to.threads.with_agent(its.conversation.thread.id),
    "threads.page": lambda to, _: to.threads.page(examples.ALL, own_of=None),
    "messages.get": lambda to, its: to.messages.get(its.conversation.message.id),
    "messages.page": lambda to, its: to.messages.page(its.conversation.thread.id, examples.ALL),
    "messages.latest": lambda to, its: to.messages.latest(its.conversation.thread.id, 10),
    "runs.get": lambda to, its: to.runs.get(its.conversation.run.id),
    "runs.running_in": lambda to, its: to.runs.running_in(its.conversation.thread.id),
    "event_log.after": lambda to, its: to.event_log.after(its.conversation.run.id, 0),
    "approvals.get": lambda to, its: to.approvals.get(its.held_call.id),
    "approvals.page": lambda to, _: to.approvals.page(ApprovalFilter(), examples.ALL, own_of=None),
    "approvals.of_runs": lambda to, its: to.approvals.of_runs([its.conversation.run.id]),
    "approvals.has_pending": lambda to, its: to.approvals.has_pending(its.conversation.thread.id),
    "tickets.get": lambda to, its: to.tickets.get(its.ticket.id),
    "tickets.get with lock": lambda to, its: to.tickets.get(its.ticket.id, lock=True),
    "tickets.get by number": lambda to, its: to.tickets.get(its.ticket.number),
    "tickets.page": lambda to, _: to.tickets.page(TicketFilter(), examples.ALL),
    "tickets.page by query": lambda to, its: to.tickets.page(
        TicketFilter(query=its.ticket.title), examples.BY_RANK
    ),
    "tickets.stats": lambda to, _: to.tickets.stats(examples.NOON),
    "comments.page": lambda to, its: to.comments.page(its.ticket.id, examples.ALL),
    "integrations.get": lambda to, its: to.integrations.get(its.integration.id),
    "integrations.page": lambda to, _: to.integrations.page(examples.ALL),
    "deliveries.receivers": lambda to, _: to.deliveries.receivers(),
    "deliveries.get": lambda to, its: to.deliveries.get(its.delivery.id),
    "deliveries.get with lock": lambda to, its: to.deliveries.get(its.delivery.id, lock=True),
    "deliveries.page": lambda to, its: to.deliveries.page(
        DeliveryFilter(integration_id=its.integration.id), examples.ALL
    ),
    "audit.page": lambda to, _: to.audit.page(AuditFilter(), examples.ALL),
    "idempotency_keys.find": lambda to, its: to.idempotency_keys.find(
        its.idempotency_key, examples.LONG_AGO
    ),
    "tool_calls.of_run": lambda to, its: to.tool_calls.of_run(its.conversation.run.id),
    **CHANNEL_LOOKS,
    **FILE_LOOKS,
    **PASSAGE_LOOKS,
    "tasks.get": lambda to, its: to.tasks.get(its.task.id),
    "tasks.page": lambda to, _: to.tasks.page(TaskFilter(), examples.ALL),
}

WRITES: dict[str, Attempt] = {
    "organizations.add": lambda to, its: to.organizations.add(
        examples.an_organization(id=its.organization.id)
    ),
    "organizations.update": lambda to, its: to.organizations.update(
        replace(its.organization, name="Taken over")
    ),
    "users.add": lambda to, its: to.users.add(examples.a_user(its.organization.id), "hash"),
    "users.update": lambda to, its: to.users.update(replace(its.user, full_name="Eve"), "hash"),
    "users.remove": lambda to, its: to.users.remove(its.user.id),
    "sessions.add": lambda to, its: to.sessions.add(examples.a_session(its.user.id)),
    "sessions.end": lambda to, its: to.sessions.end(its.session.id),
    "sessions.end_all": lambda to, its: to.sessions.end_all(its.user.id),
    "refresh_tokens.add": lambda to, its: to.refresh_tokens.add(
        examples.a_refresh_token(its.session.id)
    ),
    "refresh_tokens.spend": lambda to, its: to.refresh_tokens.spend(its.refresh_token.id),
    "refresh_tokens.forget": lambda to, _: to.refresh_tokens.forget(examples.FAR_AHEAD),
    "api_keys.add": lambda to, its: to.api_keys.add(
        examples.an_api_key(its.user.id), examples.new_id().bytes
    ),
    "api_keys.remove": lambda to, its: to.api_keys.remove(its.api_key.id),
    "agents.add": lambda to, its: to.agents.add(examples.an_agent(its.organization.id)),
    "agents.update": lambda to, its: to.agents.update(
        replace(its.conversation.agent, is_active=False)
    ),
    "agents.remove": lambda to, its: to.agents.remove(its.conversation.agent.id),
    "agents.lock": lambda to, _: to.agents.lock(),
    "agent_checks.note": lambda to, its: to.agent_checks.note(
        its.conversation.agent.id, AgentStatus.DOWN, examples.NOON
    ),
    "agent_log.add_history": lambda to, its: to.agent_log.add_history(
        examples.an_agent_change(its.conversation.agent.id)
    ),
    "agent_log.add_actions": lambda to, its: to.agent_log.add_actions(
        [examples.an_action(its.conversation.agent.id, run_id=its.conversation.run.id)]
    ),
    "threads.add": lambda to, its: to.threads.add(examples.a_thread(its.conversation.agent)),
    "threads.update": lambda to, its: to.threads.update(
        replace(its.conversation.thread, title="Taken over")
    ),
    "threads.remove": lambda to, its: to.threads.remove(its.conversation.thread.id),
    "messages.add": lambda to, its: to.messages.add(examples.a_message(its.conversation.thread.id)),
    "runs.begin": lambda to, its: to.runs.begin(
        replace(its.conversation.run, id=examples.new_id())
    ),
    "runs.take_over": _take_over,
    "runs.renew": lambda to, its: to.runs.renew(
        its.conversation.run.id, its.conversation.run.lease_token, examples.LONG_AGO
    ),
    "runs.save_steps": lambda to, its: to.runs.save_steps(
        its.conversation.run.id, its.conversation.run.lease_token, b"steps"
    ),
    "runs.finish": lambda to, its: to.runs.finish(
        replace(its.conversation.run, status=RunStatus.FAILED)
    ),
    "event_log.add": lambda to, its: to.event_log.add(
        its.conversation.run.id, [examples.an_event(2)]
    ),
    "event_log.forget": lambda to, _: to.event_log.forget(examples.FAR_AHEAD),
    "approvals.add": lambda to, its: to.approvals.add(
        a_held_call(its.conversation.run, call_id="call-2")
    ),
    "approvals.settle": lambda to, its: to.approvals.settle(
        replace(its.held_call, status=ApprovalStatus.APPROVED)
    ),
    "approvals.resume": lambda to, its: to.approvals.resume(its.held_call.id, examples.new_id()),
    "tickets.add": _add_ticket,
    "tickets.update": lambda to, its: to.tickets.update(
        replace(its.ticket, title="Taken over", version=2)
    ),
    "tickets.remove": lambda to, its: to.tickets.remove(its.ticket.id),
    "comments.add": lambda to, its: to.comments.add(examples.a_comment(its.ticket.id)),
    "integrations.add": lambda to, _: to.integrations.add(examples.an_integration()),
    "integrations.update": lambda to, its: to.integrations.update(
        replace(its.integration, name="Taken over")
    ),
    "integrations.remove": lambda to, its: to.integrations.remove(its.integration.id),
    "deliveries.add": lambda to, its: to.deliveries.add(a_delivery(its.integration.id)),
    "deliveries.update": lambda to, its: to.deliveries.update(replace(its.delivery, attempts=7)),
    "deliveries.forget": lambda to, _: to.deliveries.forget(examples.FAR_AHEAD),
    "audit.add": lambda to, its: to.audit.add(
        examples.an_audit_event(its.organization.id), once_key=str(its.audit_event.id)
    ),
    "idempotency_keys.forget": lambda to, _: to.idempotency_keys.forget(examples.FAR_AHEAD),
    "idempotency_keys.keep": lambda to, its: to.idempotency_keys.keep(
        its.idempotency_key, examples.a_kept_answer(body=b"other"), examples.LONG_AGO
    ),
    "tool_calls.forget": lambda to, _: to.tool_calls.forget(examples.FAR_AHEAD),
    "tool_calls.claim": lambda to, its: to.tool_calls.claim(
        its.conversation.run.id, "call-1", "create_ticket"
    ),
    "tool_calls.keep": lambda to, its: to.tool_calls.keep(
        its.conversation.run.id, "call-1", b"other"
    ),
    **CHANNEL_WRITES,
    **FILE_WRITES,
    **PASSAGE_WRITES,
    "tasks.add": _add_task,
    "tasks.claim": _claim,
    "tasks.renew": lambda to, its: to.tasks.renew(
        its.task.id, its.task.lease_token or its.task.id, examples.LONG_AGO
    ),
    "tasks.settle": lambda to, its: to.tasks.settle(replace(its.task, status=TaskStatus.FAILED)),
    "tasks.update": lambda to, its: to.tasks.update(replace(its.task, status=TaskStatus.CANCELLED)),
}

# What is not there is not found, nor what something new would belong to.
FOUND_OR_NOT = (
    "users.get",
    "users.password_hash",
    "users.update",
    "users.remove",
    "sessions.add",
    "sessions.end",
    "refresh_tokens.add",
    "api_keys.add",
    "api_keys.remove",
    "agents.get",
    "agents.update",
    "agents.remove",
    "agent_checks.note",
    "threads.get",
    "threads.with_agent",
    "threads.add",
    "threads.update",
    "threads.remove",
    "messages.add",
    "messages.get",
    "approvals.add",
    "approvals.get",
    "runs.begin",
    "runs.get",
    "runs.take_over",
    "event_log.add",
    "event_log.after",
    "tickets.get",
    "tickets.get with lock",
    "tickets.get by number",
    "tickets.update",
    "tickets.remove",
    "comments.add",
    "integrations.get",
    "integrations.update",
    "integrations.remove",
    "deliveries.add",
    "deliveries.get",
    "deliveries.get with lock",
    "deliveries.update",
    "tool_calls.keep",
    *CHANNELS_FOUND_OR_NOT,
    *FILES_FOUND_OR_NOT,
    *PASSAGES_FOUND_OR_NOT,
    "tasks.get",
    "tasks.add",
    "tasks.update",
)
