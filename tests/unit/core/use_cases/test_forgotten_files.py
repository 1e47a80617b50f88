"""Files that are gone when a run goes on: the model sees them no more, and nothing cites them."""

from hexdesk.core.model.chat import DegradedReason
from hexdesk.core.model.files import File
from hexdesk.core.model.principals import Member
from hexdesk.core.model.settings import DeskSettings
from hexdesk.core.ports.agents import TextDelta
from hexdesk.core.testing import saying
from tests.unit.core.asking import content
from tests.unit.core.lost_runs import LEASE, begin, recovered
from tests.unit.core.people import APPROVE, Waiting, waiting
from tests.unit.core.reading import give_to_agent, read_file
from tests.unit.core.scenes import Fakes, Scene
from tests.unit.core.scripts import Gate, degraded, finished, started, step
from tests.unit.core.tasks import add, do, stored

TEXT = "Refunds are paid within 14 days."
CITING = 'Two weeks [[1: "paid within 14 days"]].'


async def removed(scene: Scene, who: Member, file: File) -> None:
    async with scene.storage.transaction(who) as tx:
        await tx.files.remove(file.id)


async def test_a_run_that_is_taken_over_cites_no_file_that_was_removed_meanwhile() -> None:
    fakes, gate = Fakes.new(), Gate()
    dead = Scene.of((TextDelta("Let me see. "), step(), started(), gate), fakes=fakes)
    alive = Scene.of((started(), finished(), *saying(CITING)), fakes=fakes)
    who = await dead.founder()
    file = await read_file(dead, who, TEXT)
    await give_to_agent(dead, who, file)
    run = await begin(dead, who)
    await gate.wait()
    await dead.desk.run_desk.drain(0)
    await removed(dead, who, file)
    alive.clock.advance(LEASE)
    response = await recovered(alive, who, run)
    assert alive.runner.requests[0].knowledge == ""
    assert content(response) == "Let me see. Two weeks."
    assert response.message
    assert response.message.citations == ()
    assert alive.telemetry.citations == [(0, 1)]


async def test_a_run_that_was_decided_about_cites_what_is_there_by_then() -> None:
    talk = await Waiting.begin(waiting(), waiting(), saying(CITING), saying(CITING))
    scene, who = talk.scene, talk.admin
    file = await read_file(scene, who, TEXT)
    async with scene.storage.transaction(who) as tx:
        await tx.agent_files.link(talk.thread.agent_id, file.id)
    second = await scene.ask(who, talk.thread, "Delete the other one, too!")
    assert TEXT in scene.runner.requests[1].knowledge
    await talk.resumed(await talk.decide())
    assert TEXT in scene.runner.requests[2].knowledge
    await removed(scene, who, file)
    await talk.resumed(await scene.desk.people.decide(who, second.approvals[0].id, APPROVE))
    assert scene.runner.requests[3].knowledge == ""
    assert (await talk.contents())[-2:] == ["Two weeks [1].", "Two weeks."]


async def test_a_task_that_is_tried_again_cites_no_file_that_was_removed_meanwhile() -> None:
    fails = degraded(DegradedReason.MODEL_UNAVAILABLE)
    scene = Scene.of(
        (started(), step("one"), finished(), *fails),
        (finished(), *saying(CITING)),
    )
    who = await scene.founder()
    file = await read_file(scene, who, TEXT)
    await give_to_agent(scene, who, file)
    data = {"text": "How long?"}
    task = await add(scene, who, task_type="api_request", task_data=data)
    await do(scene.desk.task_desk, task)
    await removed(scene, who, file)
    scene.clock.advance(10)
    await do(scene.desk.task_desk, task)
    result = (await stored(scene, task)).result
    assert result
    assert (result["text"], result["citations"]) == ("Two weeks.", [])
    assert scene.telemetry.citations == [(0, 1)]


async def test_a_kept_answer_cites_no_file_that_was_handed_in_anew() -> None:
    scene = Scene.of(saying(CITING), saying(CITING), settings=DeskSettings(caches_responses=True))
    who = await scene.founder()
    for _ in range(2):
        file = await read_file(scene, who, TEXT, filename="manual.pdf")
        await give_to_agent(scene, who, file)
        message = (await scene.ask(who, await scene.thread(who))).message
        assert message
        assert [one.file_id for one in message.citations] == [file.id]
        await removed(scene, who, file)
    assert len(scene.runner.requests) == 2
