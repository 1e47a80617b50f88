"""What is done with channels: connected, listened to, taken in, seen to and sent."""

from hexdesk.core.assembly.areas import integrations_of
from hexdesk.core.assembly.parts import Parts
from hexdesk.core.assembly.people import people_of
from hexdesk.core.desk import ChannelDesk
from hexdesk.core.use_cases import uploads
from hexdesk.core.use_cases.channel_conversations import JoinConversation
from hexdesk.core.use_cases.channel_decisions import DecideByChannel
from hexdesk.core.use_cases.channel_delivery import SendChannelMessage
from hexdesk.core.use_cases.channel_files import FetchFiles
from hexdesk.core.use_cases.channel_inbound import KeepInbound, ReceiveFromChannel
from hexdesk.core.use_cases.channel_installation import (
    BeginInstallation,
    FinishInstallation,
    ReadInstallation,
)
from hexdesk.core.use_cases.channel_messages import AnswerChannelMessage
from hexdesk.core.use_cases.channel_sources import ListenToSources
from hexdesk.core.use_cases.channel_streams import ShowAnswer
from hexdesk.core.use_cases.follow_run import FollowRun
from hexdesk.core.use_cases.run_desk import RunDesk
from hexdesk.core.use_cases.send_message import SendMessage
from hexdesk.core.use_cases.task_types import TaskType


def channels_of(parts: Parts) -> ChannelDesk:
    """Return the use cases of channels."""
    ports = parts.ports
    storage, clock, vault = ports.storage, ports.clock, ports.vault
    keep = KeepInbound(storage=storage, clock=clock)
    read = ReadInstallation(storage=storage, clock=clock, vault=vault, channels=parts.channels)
    integrations = integrations_of(parts)
    return ChannelDesk(
        receive=ReceiveFromChannel(
            storage=storage, clock=clock, channels=parts.channels, keep_inbound=keep
        ),
        listen=ListenToSources(
            storage=storage,
            clock=clock,
            channels=parts.channels,
            keep_inbound=keep,
            settings=ports.settings,
        ),
        begin_installation=BeginInstallation(clock=clock, vault=vault, channels=parts.channels),
        read_installation=read,
        finish_installation=FinishInstallation(
            storage=storage,
            channels=parts.channels,
            read=read,
            add=integrations.add,
            change=integrations.change,
        ),
    )


def channel_tasks(parts: Parts, run_desk: RunDesk) -> tuple[TaskType, ...]:
    """Return the types of tasks that are about channels."""
    ports = parts.ports
    storage, clock, settings = ports.storage, ports.clock, ports.settings
    blobs = ports.blobs
    sending = SendChannelMessage(storage=storage, clock=clock, channels=parts.channels)
    return (
        AnswerChannelMessage(
            storage=storage,
            clock=clock,
            limiter=ports.limiter,
            channels=parts.channels,
            join=JoinConversation(storage=storage, clock=clock, outbox=parts.outbox),
            fetch_files=FetchFiles(
                receive=uploads.ReceiveUpload(blobs=blobs, clock=clock, settings=settings),
                keep=uploads.KeepUpload(storage=storage, clock=clock),
                discard=uploads.DiscardUpload(storage=storage, blobs=blobs, clock=clock),
            ),
            send_message=SendMessage(
                storage=storage,
                clock=clock,
                assignments=run_desk.assignments,
                run_desk=run_desk,
                outbox=parts.outbox,
                settings=settings,
            ),
            decide=DecideByChannel(
                storage=storage, auditor=parts.auditor, decide=people_of(parts, run_desk).decide
            ),
            show=_show_answer(parts, run_desk, sending),
            settings=settings,
        ),
        sending,
    )


def _show_answer(parts: Parts, run_desk: RunDesk, sending: SendChannelMessage) -> ShowAnswer:
    ports = parts.ports
    storage, clock, settings = ports.storage, ports.clock, ports.settings
    return ShowAnswer(
        storage=storage,
        clock=clock,
        run_desk=run_desk,
        follow_run=FollowRun(storage=storage, clock=clock, events=ports.events, settings=settings),
        sending=sending,
        settings=settings,
    )
