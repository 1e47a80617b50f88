"""Opening a desk on its ports."""

from dataclasses import replace

from hexdesk.core.additions import Additions
from hexdesk.core.assembly.areas import (
    agents_of,
    chat_of,
    identity_of,
    integrations_of,
    tickets_of,
)
from hexdesk.core.assembly.channels import channel_tasks, channels_of
from hexdesk.core.assembly.files import files_of
from hexdesk.core.assembly.parts import Parts
from hexdesk.core.assembly.people import people_of
from hexdesk.core.assembly.work import call_tool_of, run_desk_of, task_desk_of
from hexdesk.core.desk import Desk, Ports
from hexdesk.core.ports.storage import Storage
from hexdesk.core.tools.call import ListCallableTools
from hexdesk.core.tools.catalogue import BUILTIN, catalogue
from hexdesk.core.tools.check import CheckCall
from hexdesk.core.tools.guarding import guarded
from hexdesk.core.use_cases import audit
from hexdesk.core.use_cases.announcing import AnnouncingStorage
from hexdesk.core.use_cases.expiry import ForgetExpired
from hexdesk.core.use_cases.run_desk import RunDesk
from hexdesk.core.use_cases.task_desk import TaskDesk
from hexdesk.core.use_cases.task_types import TaskType
from hexdesk.core.use_cases.tasks import TaskBoard

NOTHING = Additions()


def open_desk(ports: Ports, *task_types: TaskType, additions: Additions = NOTHING) -> Desk:
    """Return the desk on these ports, with what plugins add, and more types of tasks."""
    storage = AnnouncingStorage(storage=ports.storage, clock=ports.clock, queue=ports.queue)
    tools = catalogue((*BUILTIN, *map(guarded, additions.tools)))
    parts = Parts.of(replace(ports, storage=storage), additions, tools)
    run_desk = run_desk_of(parts)
    types = (*channel_tasks(parts, run_desk), *task_types)
    return _desk(parts, run_desk, task_desk_of(parts, types))


def on_storage(desk: Desk, storage: Storage) -> Desk:
    """Return the same desk on another storage; its runs and tasks stay where they are."""
    parts = Parts.of(replace(desk.ports, storage=storage), desk.additions, desk.tools)
    return _desk(parts, desk.run_desk, desk.task_desk)


def _desk(parts: Parts, run_desk: RunDesk, task_desk: TaskDesk) -> Desk:
    ports = parts.ports
    return Desk(
        ports=ports,
        additions=parts.additions,
        tools=parts.tools,
        identity=identity_of(parts),
        agents=agents_of(parts),
        chat=chat_of(parts, run_desk),
        people=people_of(parts, run_desk),
        tickets=tickets_of(parts),
        integrations=integrations_of(parts),
        channels=channels_of(parts),
        tasks=TaskBoard.of(ports.storage, ports.clock, task_desk.types),
        files=files_of(parts),
        list_audit_events=audit.ListAuditEvents(storage=ports.storage),
        check_health=parts.check_health,
        callable_tools=ListCallableTools(catalogue=parts.tools),
        call_tool=call_tool_of(parts),
        check_call=CheckCall(
            storage=ports.storage, catalogue=parts.tools, note_refusal=parts.note_refusal
        ),
        run_desk=run_desk,
        task_desk=task_desk,
        forget_expired=ForgetExpired(
            storage=ports.storage, clock=ports.clock, settings=ports.settings
        ),
    )
