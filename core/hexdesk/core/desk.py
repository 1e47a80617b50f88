"""The desk: all that people and agents can do, in one frozen value."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hexdesk.core.additions import Additions
from hexdesk.core.model.ai_config import AIConfig
from hexdesk.core.model.idempotency import IdempotencyKey
from hexdesk.core.model.principals import Principal
from hexdesk.core.model.settings import DeskSettings
from hexdesk.core.ports.agents import AgentRunner
from hexdesk.core.ports.attached_servers import AttachedServers
from hexdesk.core.ports.blobs import Blobs
from hexdesk.core.ports.cache import Cache
from hexdesk.core.ports.clock import Clock
from hexdesk.core.ports.egress import Egress
from hexdesk.core.ports.embeddings import Embeddings
from hexdesk.core.ports.events import RunEvents
from hexdesk.core.ports.extraction import Extraction
from hexdesk.core.ports.health import Probe
from hexdesk.core.ports.journal import Journal
from hexdesk.core.ports.limits import RateLimiter
from hexdesk.core.ports.passwords import Passwords
from hexdesk.core.ports.queue import Queue
from hexdesk.core.ports.storage import Storage
from hexdesk.core.ports.telemetry import Telemetry
from hexdesk.core.ports.tokens import AccessTokens, Capabilities
from hexdesk.core.ports.vault import Vault
from hexdesk.core.tools.call import CallTool, ListCallableTools
from hexdesk.core.tools.check import CheckCall
from hexdesk.core.tools.tool import Tool
from hexdesk.core.use_cases import (
    agent_files,
    agent_log,
    agents,
    api_keys,
    approvals,
    attached_tools,
    audit,
    comments,
    deliveries,
    drafts,
    files,
    handoffs,
    integrations,
    members,
    organizations,
    registration,
    sessions,
    threads,
    tickets,
    uploads,
)
from hexdesk.core.use_cases.approval_watch import WatchApprovals
from hexdesk.core.use_cases.channel_inbound import ReceiveFromChannel
from hexdesk.core.use_cases.channel_installation import (
    BeginInstallation,
    FinishInstallation,
    ReadInstallation,
)
from hexdesk.core.use_cases.channel_sources import ListenToSources
from hexdesk.core.use_cases.expiry import ForgetExpired
from hexdesk.core.use_cases.follow_run import AwaitAnswer, FollowRun
from hexdesk.core.use_cases.health import CheckHealth
from hexdesk.core.use_cases.idempotency import OnceStorage
from hexdesk.core.use_cases.run_desk import RunDesk
from hexdesk.core.use_cases.send_message import SendMessage
from hexdesk.core.use_cases.sign_in import ChangePassword, SignIn
from hexdesk.core.use_cases.task_desk import TaskDesk
from hexdesk.core.use_cases.tasks import TaskBoard


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """What the desk needs from outside.

    `near_cache` never leaves this process, for what is asked for within a transaction; without
    it, `cache` is taken, which all processes may share.
    """

    storage: Storage
    clock: Clock
    passwords: Passwords
    access_tokens: AccessTokens
    capabilities: Capabilities
    vault: Vault
    egress: Egress
    attached_servers: AttachedServers
    limiter: RateLimiter
    cache: Cache
    journal: Journal
    events: RunEvents
    telemetry: Telemetry
    runner: AgentRunner
    queue: Queue
    blobs: Blobs
    extraction: Extraction
    embeddings: Embeddings | None = None
    near_cache: Cache | None = None
    probes: Sequence[Probe] = ()
    ai_config: AIConfig = AIConfig()
    settings: DeskSettings = DeskSettings()


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who is who."""

    register: registration.Register
    sign_in: SignIn
    refresh: sessions.RefreshSession
    sign_out: sessions.SignOut
    change_password: ChangePassword
    show_myself: sessions.ShowMyself
    authenticate: sessions.Authenticate
    get_organization: organizations.GetOrganization
    change_organization: organizations.ChangeOrganization
    list_members: members.ListMembers
    get_member: members.GetMember
    add_member: members.AddMember
    change_member: members.ChangeMember
    remove_member: members.RemoveMember
    list_api_keys: api_keys.ListApiKeys
    add_api_key: api_keys.AddApiKey
    remove_api_key: api_keys.RemoveApiKey


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentDesk:
    """Agents and what is known of them."""

    list: agents.ListAgents
    get: agents.GetAgent
    add: agents.AddAgent
    change: agents.ChangeAgent
    remove: agents.RemoveAgent
    show_configuration: agents.ShowConfiguration
    list_history: agent_log.ListAgentHistory
    list_actions: agent_log.ListAgentActions
    count_actions: agent_log.CountAgentActions


@dataclass(frozen=True, slots=True, kw_only=True)
class Chat:
    """Conversations and their runs."""

    start_thread: threads.StartThread
    list_threads: threads.ListThreads
    get_thread: threads.GetThread
    change_thread: threads.ChangeThread
    remove_thread: threads.RemoveThread
    list_messages: threads.ListMessages
    send_message: SendMessage
    follow_run: FollowRun
    await_answer: AwaitAnswer


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleDesk:
    """Approvals, and conversations that change hands."""

    list_approvals: approvals.ListApprovals
    get_approval: approvals.GetApproval
    decide: approvals.DecideApproval
    watch_approvals: WatchApprovals
    hand_off: handoffs.HandOffThread
    resume: handoffs.ResumeThread
    reply: handoffs.ReplyInThread


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketDesk:
    """Tickets and their comments."""

    create: tickets.CreateTicket
    draft: drafts.DraftTicket
    get: tickets.GetTicket
    list: tickets.ListTickets
    change: tickets.ChangeTicket
    move: tickets.MoveTicket
    assign: tickets.AssignTicket
    remove: tickets.RemoveTicket
    stats: tickets.CountTickets
    add_comment: comments.AddComment
    list_comments: comments.ListComments


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegrationDesk:
    """Connected systems."""

    list: integrations.ListIntegrations
    get: integrations.GetIntegration
    add: integrations.AddIntegration
    change: integrations.ChangeIntegration
    remove: integrations.RemoveIntegration
    check: integrations.CheckIntegration
    known_tools: attached_tools.KnownTools
    list_tools: attached_tools.ListAttachedTools
    accept_tool: attached_tools.AcceptTool
    list_deliveries: deliveries.ListDeliveries
    redeliver: deliveries.Redeliver


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelDesk:
    """What comes on channels, and how they are connected."""

    receive: ReceiveFromChannel
    listen: ListenToSources
    begin_installation: BeginInstallation
    read_installation: ReadInstallation
    finish_installation: FinishInstallation


@dataclass(frozen=True, slots=True, kw_only=True)
class FileDesk:
    """Files, and who knows them."""

    receive: uploads.ReceiveUpload
    keep: uploads.KeepUpload
    discard: uploads.DiscardUpload
    list: files.ListFiles
    get: files.GetFile
    open: files.OpenFile
    read: files.ReadFile
    remove: files.RemoveFile
    list_known: agent_files.ListAgentFiles
    link: agent_files.LinkFile
    unlink: agent_files.UnlinkFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Everything a driving adapter is given."""

    ports: Ports
    additions: Additions
    tools: Mapping[str, Tool]
    identity: Identity
    agents: AgentDesk
    chat: Chat
    people: PeopleDesk
    tickets: TicketDesk
    integrations: IntegrationDesk
    channels: ChannelDesk
    tasks: TaskBoard
    files: FileDesk
    list_audit_events: audit.ListAuditEvents
    check_health: CheckHealth
    callable_tools: ListCallableTools
    call_tool: CallTool
    check_call: CheckCall
    run_desk: RunDesk
    task_desk: TaskDesk
    forget_expired: ForgetExpired

    def once(self, who: Principal, key: IdempotencyKey) -> OnceStorage:
        """Return the storage of a request that is carried out once."""
        ports = self.ports
        return OnceStorage(
            storage=ports.storage, clock=ports.clock, settings=ports.settings, who=who, key=key
        )
