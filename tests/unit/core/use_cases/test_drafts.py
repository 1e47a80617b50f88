"""Tickets drawn from a text by a model, and without one."""

from hypothesis import given
from hypothesis import strategies as some

from hexdesk.core.errors import ModelUnavailableError
from hexdesk.core.model.agents import AgentChange, AgentOverrides, NewAgent
from hexdesk.core.model.chat import DegradedReason
from hexdesk.core.model.principals import Member
from hexdesk.core.model.tickets import Priority, TicketDraft
from hexdesk.core.use_cases.drafts import INSTRUCTIONS, create_drafted
from hexdesk.core.use_cases.organizations import OrganizationChange, SettingsChange
from tests.unit.core.laws import law
from tests.unit.core.scenes import Scene

TEXT = "\n Nobody can log in!  \nSince Monday, everywhere.\n"
DRAFT = TicketDraft(title="Login fails", priority=Priority.URGENT, category="login", tags=("vpn",))


async def test_a_model_draws_the_ticket_from_the_text(scene: Scene, user: Member) -> None:
    scene.runner.drafts.append(DRAFT)
    draft = await scene.desk.tickets.draft(user, TEXT)
    ticket = await create_drafted(scene.desk.tickets.create, user, draft)
    assert (ticket.title, ticket.priority, ticket.category) == ("Login fails", "urgent", "login")
    assert (ticket.tags, ticket.number) == (("vpn",), 1)
    assert (ticket.degraded, ticket.degraded_reason) == (False, None)
    assert (await scene.desk.tickets.get(user, ticket.id)).title == "Login fails"


async def test_the_model_is_the_organizations_and_has_no_tools(scene: Scene, user: Member) -> None:
    scene.runner.drafts.append(DRAFT)
    agent = await scene.agent(user)
    await scene.desk.tickets.draft(user, TEXT)
    (request,) = scene.runner.requests
    assert (request.agent_id, request.content) == (agent.id, TEXT)
    assert (request.instructions, request.history) == (INSTRUCTIONS, ())
    assert (request.tools, request.capability) == (frozenset(), "")
    assert request.inherits_model


async def test_a_model_that_a_tenant_chose_is_not_stood_in_for(scene: Scene, admin: Member) -> None:
    scene.runner.drafts.append(DRAFT)
    settings = SettingsChange(agent_defaults=AgentOverrides(model_name="gpt-4o"))
    await scene.desk.identity.change_organization(admin, OrganizationChange(settings=settings))
    await scene.desk.tickets.draft(admin, TEXT)
    (request,) = scene.runner.requests
    assert (request.settings.model_name, request.inherits_model) == ("gpt-4o", False)


async def test_within_a_run_it_is_the_runs_own_agent(scene: Scene, admin: Member) -> None:
    scene.runner.drafts.append(DRAFT)
    run = await scene.agent_run(admin)
    other = await scene.desk.agents.add(admin, NewAgent())
    settings = SettingsChange(default_agent_id=other.id)
    await scene.desk.identity.change_organization(admin, OrganizationChange(settings=settings))
    await scene.desk.agents.change(admin, run.agent_id, AgentChange(is_active=False))
    await scene.desk.tickets.draft(run, TEXT)
    assert scene.runner.requests[0].agent_id == run.agent_id


async def test_without_a_model_the_first_line_is_the_title(scene: Scene, user: Member) -> None:
    scene.runner.drafts.append(ModelUnavailableError("no key"))
    draft = await scene.desk.tickets.draft(user, TEXT)
    ticket = await create_drafted(scene.desk.tickets.create, user, draft)
    assert ticket.title == "Nobody can log in!"
    assert ticket.description == TEXT.strip()
    assert ticket.degraded
    assert ticket.degraded_reason is DegradedReason.MODEL_UNAVAILABLE


async def test_without_an_agent_there_is_no_model_either(scene: Scene, admin: Member) -> None:
    agent = await scene.agent(admin)
    async with scene.fakes.memory.transaction(admin) as tx:
        await tx.agents.remove(agent.id)
    draft = await scene.desk.tickets.draft(admin, TEXT)
    assert (draft.wish.title, draft.degraded) == ("Nobody can log in!", True)
    assert scene.runner.requests == []


@law
@given(some.text(min_size=1, max_size=300).filter(lambda text: text.strip() != ""))
async def test_any_text_with_a_word_in_it_has_a_title(text: str) -> None:
    scene = Scene.of()
    admin = await scene.founder()
    scene.runner.drafts.append(ModelUnavailableError("no key"))
    title = (await scene.desk.tickets.draft(admin, text)).wish.title
    assert 1 <= len(title) <= 200
    assert title.strip()
