"""What goes on by itself: runs, tasks, calls of tools."""

from collections.abc import Iterator, Sequence

from hexdesk.core.assembly.files import file_tasks
from hexdesk.core.assembly.parts import Parts
from hexdesk.core.desk import Ports
from hexdesk.core.policy.approvals import digest
from hexdesk.core.tools.call import CallTool
from hexdesk.core.tools.plugin_tasks import RunPluginTask
from hexdesk.core.use_cases.agent_requests import AgentRequests
from hexdesk.core.use_cases.agent_tasks import agent_tasks
from hexdesk.core.use_cases.answers import PublishAnswer
from hexdesk.core.use_cases.assignments import Assignments
from hexdesk.core.use_cases.decided_calls import DecidedCalls
from hexdesk.core.use_cases.health_checks import CheckAgent, ScheduleHealthChecks
from hexdesk.core.use_cases.held_calls import HeldCalls
from hexdesk.core.use_cases.knowledge import FindKnowledge
from hexdesk.core.use_cases.response_cache import ResponseCache
from hexdesk.core.use_cases.restoring import RestoreAnswers
from hexdesk.core.use_cases.run_desk import RunDesk
from hexdesk.core.use_cases.run_worker import RunWorker
from hexdesk.core.use_cases.storing import StoreAnswer
from hexdesk.core.use_cases.task_desk import TaskDesk
from hexdesk.core.use_cases.task_types import TaskType
from hexdesk.core.use_cases.webhook_delivery import SendDelivery


def run_desk_of(parts: Parts) -> RunDesk:
    """Return the desk of chat runs."""
    ports = parts.ports
    storage, clock, settings = ports.storage, ports.clock, ports.settings
    store = StoreAnswer(auditor=parts.auditor, outbox=parts.outbox)
    held_calls = HeldCalls(
        clock=clock,
        vault=ports.vault,
        schema_hashes={one.name: digest(one.input_schema()) for one in parts.tools.values()},
    )
    return RunDesk(
        storage=storage,
        clock=clock,
        events=ports.events,
        worker=RunWorker(
            storage=storage,
            clock=clock,
            runner=ports.runner,
            capabilities=ports.capabilities,
            events=ports.events,
            publish_answer=_publishing(parts, store, held_calls),
            note_refusal=parts.note_refusal,
            responses=ResponseCache(cache=ports.cache, is_on=settings.caches_responses),
            find_knowledge=_find_knowledge(ports),
            tool_rights=parts.tool_rights,
            settings=settings,
        ),
        assignments=Assignments(
            clock=clock,
            configurations=parts.configurations,
            prompts=ports.ai_config.prompts,
            settings=settings,
            decided_calls=DecidedCalls(held_calls=held_calls, tool_rights=parts.tool_rights),
        ),
        restore_answers=RestoreAnswers(storage=storage, journal=ports.journal, store=store),
        settings=settings,
    )


def _publishing(parts: Parts, store: StoreAnswer, held_calls: HeldCalls) -> PublishAnswer:
    ports = parts.ports
    return PublishAnswer(
        clock=ports.clock,
        journal=ports.journal,
        telemetry=ports.telemetry,
        store=store,
        held_calls=held_calls,
    )


def call_tool_of(parts: Parts) -> CallTool:
    """Return how tools are called."""
    ports = parts.ports
    return CallTool(
        storage=ports.storage,
        clock=ports.clock,
        catalogue=parts.tools,
        needs=parts.tool_needs,
        note_refusal=parts.note_refusal,
        telemetry=ports.telemetry,
        timeout_seconds=ports.settings.tool_timeout_seconds,
    )


def task_types_of(parts: Parts, more: Sequence[TaskType]) -> dict[str, TaskType]:
    """Return the types of tasks there are, by name: the built-in ones and more."""
    ports = parts.ports
    requests = AgentRequests(
        storage=ports.storage,
        clock=ports.clock,
        capabilities=ports.capabilities,
        configurations=parts.configurations,
        prompts=ports.ai_config.prompts,
        tool_rights=parts.tool_rights,
    )
    types: tuple[TaskType, ...] = (
        *file_tasks(parts),
        *agent_tasks(
            clock=ports.clock,
            runner=ports.runner,
            requests=requests,
            find_knowledge=_find_knowledge(ports),
            telemetry=ports.telemetry,
        ),
        CheckAgent(
            clock=ports.clock,
            runner=ports.runner,
            requests=requests,
            check_health=parts.check_health,
            settings=ports.settings,
        ),
        SendDelivery(
            storage=ports.storage,
            clock=ports.clock,
            types=parts.integration_types,
            webhook=parts.webhook,
            auditor=parts.auditor,
        ),
        *_plugin_tasks(parts),
        *more,
    )
    return {one.name: one for one in types}


def _plugin_tasks(parts: Parts) -> Iterator[RunPluginTask]:
    for task in parts.additions.task_types:
        yield RunPluginTask.of(task, parts.ports.storage, parts.tool_needs)


def task_desk_of(parts: Parts, more_types: Sequence[TaskType]) -> TaskDesk:
    """Return the desk of tasks."""
    ports = parts.ports
    return TaskDesk(
        storage=ports.storage,
        clock=ports.clock,
        queue=ports.queue,
        types=task_types_of(parts, more_types),
        telemetry=ports.telemetry,
        schedule_health_checks=ScheduleHealthChecks(
            storage=ports.storage, clock=ports.clock, settings=ports.settings
        ),
        settings=ports.settings,
    )


def _find_knowledge(ports: Ports) -> FindKnowledge:
    return FindKnowledge(storage=ports.storage, embeddings=ports.embeddings)
