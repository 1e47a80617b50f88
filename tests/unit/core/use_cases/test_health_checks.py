"""Every active agent is checked now and then, and its status is what was found out."""

from msgspec.structs import replace

from hexdesk.core.model.agents import AgentStatus
from hexdesk.core.model.health import ComponentHealth, HealthStatus
from hexdesk.core.model.listing import Slice
from hexdesk.core.model.principals import Member, System
from hexdesk.core.model.settings import DeskSettings
from hexdesk.core.model.tasks import Task, TaskFilter, TaskStatus
from hexdesk.core.ports.agents import AgentHealth
from hexdesk.core.ports.health import Probe
from hexdesk.core.use_cases.agents import AgentChange
from tests.unit.core.scenes import Scene
from tests.unit.core.tasks import add, do, stored

PERIOD = DeskSettings().health_check_seconds
DOWN = AgentHealth(status=AgentStatus.DOWN, detail="nobody answers")


class ToolServer(Probe):
    """A tool server that does as it is told."""

    name = "mcp"
    is_vital = False

    def __init__(self, status: HealthStatus) -> None:
        self._health = ComponentHealth(status=status)

    async def check(self) -> ComponentHealth:
        return self._health


async def checks(scene: Scene, who: Member) -> tuple[Task, ...]:
    """Return the health checks that there are."""
    async with scene.fakes.memory.transaction(who) as tx:
        return (await tx.tasks.page(TaskFilter(task_type="health_check"), Slice())).data


async def test_an_agent_is_checked_regularly_by_one_task() -> None:
    scene = Scene.of(probes=(ToolServer(HealthStatus.OK),))
    admin = await scene.founder()
    schedule = scene.desk.task_desk.schedule_health_checks
    assert (await scene.agent(admin)).status is AgentStatus.UNKNOWN
    assert await schedule() == 1
    assert await schedule() == 1  # nobody has done it yet
    (task,) = await checks(scene, admin)
    await do(scene.desk.task_desk, task)
    assert (await scene.agent(admin)).status is AgentStatus.OK
    after = await stored(scene, task)
    assert after.result == {"status": "ok", "detail": "scripted answers"}
    assert (after.ready_at - scene.clock.now()).total_seconds() == PERIOD
    assert await schedule() == 0
    scene.clock.advance(PERIOD)
    scene.runner.health = DOWN
    await do(scene.desk.task_desk, task)
    assert (await scene.agent(admin)).status is AgentStatus.DOWN
    assert len(await checks(scene, admin)) == 1


async def test_an_agent_whose_tools_are_away_is_degraded() -> None:
    scene = Scene.of(probes=(ToolServer(HealthStatus.DEGRADED),))
    admin = await scene.founder()
    task = await add(scene, admin, task_type="health_check")
    await do(scene.desk.task_desk, task)
    assert (await scene.agent(admin)).status is AgentStatus.DEGRADED
    assert (await stored(scene, task)).result == {
        "status": "degraded",
        "detail": "its tools cannot be reached",
    }


async def test_an_agent_without_tools_misses_none() -> None:
    scene = Scene.of(probes=(ToolServer(HealthStatus.DEGRADED),))
    admin = await scene.founder()
    agent = await scene.agent(admin)
    await scene.desk.agents.change(admin, agent.id, AgentChange(mcp_enabled=False))
    await do(scene.desk.task_desk, await add(scene, admin, task_type="health_check"))
    assert (await scene.agent(admin)).status is AgentStatus.OK


async def test_a_check_that_somebody_asked_for_does_not_recur(scene: Scene, admin: Member) -> None:
    task = await add(scene, admin, task_type="health_check")
    await do(scene.desk.task_desk, task)
    assert (await stored(scene, task)).status is TaskStatus.SUCCEEDED


async def test_a_check_ends_with_its_agent_and_begins_anew_with_it(
    scene: Scene, admin: Member
) -> None:
    schedule = scene.desk.task_desk.schedule_health_checks
    await schedule()
    (task,) = await checks(scene, admin)
    async with scene.fakes.memory.transaction(admin) as tx:
        agent = (await tx.agents.all())[0]
        await tx.agents.update(replace(agent, is_active=False))
    await do(scene.desk.task_desk, task)
    assert (await stored(scene, task)).status is TaskStatus.FAILED
    scene.clock.advance(3 * PERIOD)
    assert await schedule() == 0
    async with scene.fakes.memory.transaction(admin) as tx:
        await tx.agents.update(replace(agent, is_active=True))
    assert await schedule() == 1
    assert (await stored(scene, task)).status is TaskStatus.QUEUED
    await do(scene.desk.task_desk, task)
    assert (await scene.agent(admin)).status is AgentStatus.OK


async def test_nobody_is_checked_where_the_period_is_zero() -> None:
    scene = Scene.of(settings=DeskSettings(health_check_seconds=0))
    admin = await scene.founder()
    assert await scene.desk.task_desk.schedule_health_checks() == 0
    who = System(organization_id=admin.organization_id)
    task = await add(scene, who, task_type="health_check")
    await do(scene.desk.task_desk, task)
    assert (await stored(scene, task)).status is TaskStatus.SUCCEEDED


async def test_a_cancelled_check_says_nothing_of_the_agent(scene: Scene, admin: Member) -> None:
    agent = await scene.agent(admin)
    task = await add(scene, admin, task_type="health_check", agent_id=agent.id)
    kind = scene.desk.task_desk.types["health_check"]
    async with scene.fakes.memory.transaction(admin) as tx:
        await kind.give_up(tx, replace(task, status=TaskStatus.CANCELLED))
    assert await scene.storage.backlog.agents_to_check(scene.clock.now(), 10) != []
