"""The use cases, area by area."""

from hexdesk.core.assembly.parts import Parts
from hexdesk.core.desk import AgentDesk, Chat, Identity, IntegrationDesk, TicketDesk
from hexdesk.core.use_cases import (
    agent_log,
    agents,
    api_keys,
    attached_tools,
    comments,
    deliveries,
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
from hexdesk.core.use_cases.attached_refresh import ScheduleRefresh
from hexdesk.core.use_cases.run_desk import RunDesk


def identity_of(parts: Parts) -> Identity:
    """Return the use cases of who is who."""
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


def agents_of(parts: Parts) -> AgentDesk:
    """Return the use cases of agents."""
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


def chat_of(parts: Parts, run_desk: RunDesk) -> Chat:
    """Return the use cases of conversations."""
    ports = parts.ports
    storage, clock, settings = ports.storage, ports.clock, ports.settings
    outbox = parts.outbox
    follow = follow_run.FollowRun(
        storage=storage, clock=clock, events=ports.events, settings=settings
    )
    return Chat(
        start_thread=threads.StartThread(storage=storage, clock=clock, outbox=outbox),
        list_threads=threads.ListThreads(storage=storage),
        get_thread=threads.GetThread(storage=storage),
        change_thread=threads.ChangeThread(storage=storage, clock=clock, outbox=outbox),
        remove_thread=threads.RemoveThread(storage=storage, auditor=parts.auditor, outbox=outbox),
        list_messages=threads.ListMessages(storage=storage),
        send_message=send_message.SendMessage(
            storage=storage,
            clock=clock,
            assignments=run_desk.assignments,
            run_desk=run_desk,
            outbox=outbox,
            settings=settings,
        ),
        follow_run=follow,
        await_answer=follow_run.AwaitAnswer(
            storage=storage, run_desk=run_desk, follow_run=follow, settings=settings
        ),
    )


def tickets_of(parts: Parts) -> TicketDesk:
    """Return the use cases of tickets."""
    storage, clock, outbox = parts.ports.storage, parts.ports.clock, parts.outbox
    writer = tickets.TicketWriter(clock=clock, outbox=outbox)
    return TicketDesk(
        create=tickets.CreateTicket(storage=storage, clock=clock, outbox=outbox),
        draft=parts.draft,
        get=tickets.GetTicket(storage=storage),
        list=tickets.ListTickets(storage=storage),
        change=tickets.ChangeTicket(storage=storage, writer=writer),
        move=tickets.MoveTicket(storage=storage, writer=writer),
        assign=tickets.AssignTicket(storage=storage, writer=writer),
        remove=tickets.RemoveTicket(storage=storage, auditor=parts.auditor, outbox=outbox),
        stats=tickets.CountTickets(storage=storage, clock=clock),
        add_comment=comments.AddComment(storage=storage, clock=clock, outbox=outbox),
        list_comments=comments.ListComments(storage=storage),
    )


def integrations_of(parts: Parts) -> IntegrationDesk:
    """Return the use cases of integrations."""
    storage, clock = parts.ports.storage, parts.ports.clock
    types, auditor = parts.integration_types, parts.auditor
    schedule = ScheduleRefresh(clock=clock)
    return IntegrationDesk(
        list=integrations.ListIntegrations(storage=storage, types=types),
        get=integrations.GetIntegration(storage=storage, types=types),
        add=integrations.AddIntegration(
            storage=storage, clock=clock, types=types, auditor=auditor, schedule_refresh=schedule
        ),
        change=integrations.ChangeIntegration(
            storage=storage, types=types, auditor=auditor, schedule_refresh=schedule
        ),
        remove=integrations.RemoveIntegration(storage=storage, auditor=auditor),
        check=integrations.CheckIntegration(
            storage=storage, clock=clock, types=types, refresh=parts.refresh_tools
        ),
        known_tools=attached_tools.KnownTools(storage=storage),
        list_tools=attached_tools.ListAttachedTools(storage=storage),
        accept_tool=attached_tools.AcceptTool(storage=storage, clock=clock, auditor=auditor),
        list_deliveries=deliveries.ListDeliveries(storage=storage),
        redeliver=deliveries.Redeliver(
            storage=storage, clock=clock, outbox=parts.outbox, auditor=auditor
        ),
    )
