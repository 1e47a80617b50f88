"""Putting the desk together from its ports."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from hexdesk.core.desk import (
    AgentDesk,
    Chat,
    Desk,
    Identity,
    IntegrationDesk,
    Ports,
    TicketDesk,
)
from hexdesk.core.ports.storage import Storage
from hexdesk.core.tools.call import CallTool, ListCallableTools
from hexdesk.core.tools.catalogue import catalogue
from hexdesk.core.tools.tool import Tool, ToolNeeds
from hexdesk.core.use_cases import (
    agent_log,
    agents,
    answers,
    api_keys,
    audit,
    comments,
    drafts,
    follow_run,
    integrations,
    members,
    organizations,
    registration,
    send_message,
    sessions,
    sign_in,
    threads,
    tickets,
)
from hexdesk.core.use_cases.agent_rules import AgentRules
from hexdesk.core.use_cases.assignments import Assignments
from hexdesk.core.use_cases.configurations import Configurations
from hexdesk.core.use_cases.expiry import ForgetExpired
from hexdesk.core.use_cases.health import CheckHealth
from hexdesk.core.use_cases.integration_types import IntegrationTypes, Webhook
from hexdesk.core.use_cases.knowledge import FindKnowledge
from hexdesk.core.use_cases.refusals import NoteRefusal
from hexdesk.core.use_cases.response_cache import ResponseCache
from hexdesk.core.use_cases.run_desk import RunDesk
from hexdesk.core.use_cases.run_worker import RunWorker


def open_desk(ports: Ports) -> Desk:
    """Return the desk on these ports, with the built-in tools."""
    parts = _Parts.of(ports, catalogue())
    return _desk(parts, _run_desk(parts))


def on_storage(desk: Desk, storage: Storage) -> Desk:
    """Return the same desk on another storage; its runs stay where they are."""
    return _desk(_Parts.of(replace(desk.ports, storage=storage), desk.tools), desk.run_desk)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    """What several use cases share."""

    ports: Ports
    tools: Mapping[str, Tool]
    auditor: audit.Auditor
    rules: AgentRules
    recorder: agent_log.AgentRecorder
    sessions: sessions.SessionStarter
    integration_types: IntegrationTypes
    note_refusal: NoteRefusal
    check_health: CheckHealth
    draft: drafts.DraftTicket

    @classmethod
    def of(cls, ports: Ports, tools: Mapping[str, Tool]) -> "_Parts":
        clock, settings = ports.clock, ports.settings
        auditor = audit.Auditor(clock=clock)
        rules = AgentRules(
            tool_names=frozenset(tools),
            destructive_tools=tuple(one.name for one in tools.values() if one.destructive),
            ai_config=ports.ai_config,
        )
        return cls(
            ports=ports,
            tools=tools,
            auditor=auditor,
            rules=rules,
            recorder=agent_log.AgentRecorder(clock=clock, auditor=auditor),
            sessions=sessions.SessionStarter(
                clock=clock, access_tokens=ports.access_tokens, settings=settings
            ),
            integration_types=IntegrationTypes(
                types={"webhook": Webhook(egress=ports.egress)},
                vault=ports.vault,
                clock=clock,
                egress=ports.egress,
            ),
            note_refusal=NoteRefusal(
                storage=ports.storage, clock=clock, auditor=auditor, telemetry=ports.telemetry
            ),
            check_health=CheckHealth(probes=ports.probes, version=settings.version),
            draft=drafts.DraftTicket(
                storage=ports.storage, clock=clock, rules=rules, runner=ports.runner
            ),
        )


def _desk(parts: _Parts, run_desk: RunDesk) -> Desk:
    ports = parts.ports
    return Desk(
        ports=ports,
        tools=parts.tools,
        identity=_identity(parts),
        agents=_agents(parts),
        chat=_chat(parts, run_desk),
        tickets=_tickets(parts),
        integrations=_integrations(parts),
        list_audit_events=audit.ListAuditEvents(storage=ports.storage),
        check_health=parts.check_health,
        callable_tools=ListCallableTools(catalogue=parts.tools),
        call_tool=_call_tool(parts),
        run_desk=run_desk,
        forget_expired=ForgetExpired(
            storage=ports.storage, clock=ports.clock, settings=ports.settings
        ),
    )


def _identity(parts: _Parts) -> Identity:
    ports, auditor, starter = parts.ports, parts.auditor, parts.sessions
    storage, clock, passwords = ports.storage, ports.clock, ports.passwords
    return Identity(
        register=registration.Register(
            storage=storage, clock=clock, passwords=passwords, sessions=starter, auditor=auditor
        ),
        sign_in=sign_in.SignIn(
            storage=storage,
            clock=clock,
            passwords=passwords,
            limiter=ports.limiter,
            sessions=starter,
            auditor=auditor,
            settings=ports.settings,
        ),
        refresh=sessions.RefreshSession(storage=storage, sessions=starter, auditor=auditor),
        sign_out=sessions.SignOut(storage=storage, auditor=auditor),
        change_password=sign_in.ChangePassword(
            storage=storage, passwords=passwords, auditor=auditor
        ),
        show_myself=sessions.ShowMyself(storage=storage),
        authenticate=sessions.Authenticate(storage=storage, access_tokens=ports.access_tokens),
        get_organization=organizations.GetOrganization(storage=storage),
        change_organization=organizations.ChangeOrganization(
            storage=storage, rules=parts.rules, auditor=auditor
        ),
        list_members=members.ListMembers(storage=storage),
        get_member=members.GetMember(storage=storage),
        add_member=members.AddMember(
            storage=storage, clock=clock, passwords=passwords, auditor=auditor
        ),
        change_member=members.ChangeMember(storage=storage, passwords=passwords, auditor=auditor),
        remove_member=members.RemoveMember(storage=storage, auditor=auditor),
        list_api_keys=api_keys.ListApiKeys(storage=storage),
        add_api_key=api_keys.AddApiKey(storage=storage, clock=clock, auditor=auditor),
        remove_api_key=api_keys.RemoveApiKey(storage=storage, auditor=auditor),
    )


def _agents(parts: _Parts) -> AgentDesk:
    storage, clock = parts.ports.storage, parts.ports.clock
    rules, recorder = parts.rules, parts.recorder
    return AgentDesk(
        list=agents.ListAgents(storage=storage, rules=rules),
        get=agents.GetAgent(storage=storage, rules=rules),
        add=agents.AddAgent(storage=storage, clock=clock, rules=rules, recorder=recorder),
        change=agents.ChangeAgent(storage=storage, clock=clock, rules=rules, recorder=recorder),
        remove=agents.RemoveAgent(storage=storage, clock=clock, recorder=recorder),
        show_configuration=agents.ShowConfiguration(storage=storage, rules=rules),
        list_history=agent_log.ListAgentHistory(storage=storage),
        list_actions=agent_log.ListAgentActions(storage=storage),
        count_actions=agent_log.CountAgentActions(storage=storage),
    )


def _chat(parts: _Parts, run_desk: RunDesk) -> Chat:
    ports = parts.ports
    storage, clock, settings = ports.storage, ports.clock, ports.settings
    follow = follow_run.FollowRun(
        storage=storage, clock=clock, events=ports.events, settings=settings
    )
    return Chat(
        start_thread=threads.StartThread(storage=storage, clock=clock),
        list_threads=threads.ListThreads(storage=storage),
        get_thread=threads.GetThread(storage=storage),
        change_thread=threads.ChangeThread(storage=storage, clock=clock),
        remove_thread=threads.RemoveThread(storage=storage, auditor=parts.auditor),
        list_messages=threads.ListMessages(storage=storage),
        send_message=send_message.SendMessage(
            storage=storage,
            clock=clock,
            assignments=run_desk.assignments,
            run_desk=run_desk,
            settings=settings,
        ),
        follow_run=follow,
        await_answer=follow_run.AwaitAnswer(
            storage=storage, run_desk=run_desk, follow_run=follow, settings=settings
        ),
    )


def _tickets(parts: _Parts) -> TicketDesk:
    storage, clock = parts.ports.storage, parts.ports.clock
    return TicketDesk(
        create=tickets.CreateTicket(storage=storage, clock=clock),
        draft=parts.draft,
        get=tickets.GetTicket(storage=storage),
        list=tickets.ListTickets(storage=storage),
        change=tickets.ChangeTicket(storage=storage, clock=clock),
        move=tickets.MoveTicket(storage=storage, clock=clock),
        assign=tickets.AssignTicket(storage=storage, clock=clock),
        remove=tickets.RemoveTicket(storage=storage, auditor=parts.auditor),
        stats=tickets.CountTickets(storage=storage, clock=clock),
        add_comment=comments.AddComment(storage=storage, clock=clock),
        list_comments=comments.ListComments(storage=storage),
    )


def _integrations(parts: _Parts) -> IntegrationDesk:
    storage, clock = parts.ports.storage, parts.ports.clock
    types, auditor = parts.integration_types, parts.auditor
    return IntegrationDesk(
        list=integrations.ListIntegrations(storage=storage, types=types),
        get=integrations.GetIntegration(storage=storage, types=types),
        add=integrations.AddIntegration(storage=storage, clock=clock, types=types, auditor=auditor),
        change=integrations.ChangeIntegration(storage=storage, types=types, auditor=auditor),
        remove=integrations.RemoveIntegration(storage=storage, auditor=auditor),
        check=integrations.CheckIntegration(storage=storage, clock=clock, types=types),
    )


def _call_tool(parts: _Parts) -> CallTool:
    ports = parts.ports
    return CallTool(
        storage=ports.storage,
        clock=ports.clock,
        catalogue=parts.tools,
        needs=ToolNeeds(
            clock=ports.clock,
            auditor=parts.auditor,
            draft_ticket=parts.draft,
            check_health=parts.check_health,
            integration_types=parts.integration_types,
        ),
        note_refusal=parts.note_refusal,
        telemetry=ports.telemetry,
        timeout_seconds=ports.settings.tool_timeout_seconds,
    )


def _run_desk(parts: _Parts) -> RunDesk:
    ports = parts.ports
    storage, clock, settings = ports.storage, ports.clock, ports.settings
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
            publish_answer=answers.PublishAnswer(
                clock=clock, journal=ports.journal, telemetry=ports.telemetry
            ),
            note_refusal=parts.note_refusal,
            responses=ResponseCache(cache=ports.cache, is_on=settings.caches_responses),
            find_knowledge=FindKnowledge(storage=storage, embeddings=ports.embeddings),
            tool_rights={one.name: one.right for one in parts.tools.values()},
            settings=settings,
        ),
        assignments=Assignments(
            clock=clock,
            configurations=Configurations(cache=ports.cache, rules=parts.rules),
            prompts=ports.ai_config.prompts,
            settings=settings,
        ),
        restore_answers=answers.RestoreAnswers(storage=storage, journal=ports.journal),
        settings=settings,
    )
