"""What files say is found for a question, and only where it answers it."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest
from msgspec.structs import replace

from hexdesk.core.model.documents import Section
from hexdesk.core.model.files import File, FileStatus
from hexdesk.core.model.knowledge import Knowledge, KnownPassage, UnreadFile
from hexdesk.core.model.principals import System
from hexdesk.core.policy.knowledge import MOST_PASSAGES, WHOLE_CHARACTERS
from hexdesk.core.testing import NgramEmbeddings
from hexdesk.core.testing.examples import new_id
from hexdesk.core.testing.file_examples import a_file
from hexdesk.core.use_cases import knowledge
from hexdesk.core.use_cases.knowledge import BATCH, FindKnowledge, IndexFile, Question
from tests.unit.core.reading import give_to_agent, read_file
from tests.unit.core.scenes import DEADLINE_SECONDS, Scene

FILLER = "Nothing of interest stands here about any matter. " * 40
MANUAL = [f"{FILLER} Page {number}." for number in range(1, 12)]
REFUNDS = f"Refunds are paid within 14 days. {FILLER}"
ROOM = 100_000


async def found(
    scene: Scene, question: Question, embeddings: NgramEmbeddings | None = None
) -> Sequence[KnownPassage]:
    return (await all_found(scene, question, embeddings)).passages


async def all_found(
    scene: Scene, question: Question, embeddings: NgramEmbeddings | None = None
) -> Knowledge:
    return await FindKnowledge(storage=scene.storage, embeddings=embeddings)(question)


def pages(known: Sequence[KnownPassage]) -> list[int | None]:
    return [one.passage.page for one in known]


async def a_desk_that_knows(
    *texts: str, embeddings: NgramEmbeddings | None = None
) -> tuple[Scene, Question, UUID]:
    """Return a desk whose agent knows a file with these pages, and a question about refunds."""
    scene = Scene.of()
    who = await scene.founder()
    file = await read_file(scene, who, *texts, embeddings=embeddings, filename="manual.pdf")
    agent_id = await give_to_agent(scene, who, file)
    question = Question(
        organization_id=who.organization_id,
        agent_id=agent_id,
        text="How long do refunds take?",
        room=ROOM,
    )
    return scene, question, file.id


async def test_what_is_short_is_given_whole_whatever_is_asked() -> None:
    scene, question, file_id = await a_desk_that_knows("Refunds take 14 days.", "Ask us.")
    known = await found(scene, replace(question, text="Hello"))
    assert [one.passage.text for one in known] == ["Refunds take 14 days.", "Ask us."]
    assert {one.filename for one in known} == {"manual.pdf"}
    assert {one.passage.file_id for one in known} == {file_id}


async def test_of_what_is_long_the_passages_that_answer_are_given() -> None:
    scene, question, _ = await a_desk_that_knows(*MANUAL, REFUNDS)
    assert len("".join(MANUAL)) > WHOLE_CHARACTERS
    assert pages(await found(scene, question)) == [12]


async def test_an_unrelated_question_gets_nothing() -> None:
    scene, question, _ = await a_desk_that_knows(*MANUAL, REFUNDS)
    unrelated = replace(question, text="Which stars are closest to the sun, and how bright?")
    assert await found(scene, unrelated) == ()


async def test_no_more_than_the_best_are_given() -> None:
    scene, question, _ = await a_desk_that_knows(*(f"{REFUNDS} {text}" for text in MANUAL))
    assert len(await found(scene, question)) == MOST_PASSAGES


async def test_what_is_given_fits_into_the_room() -> None:
    scene, question, _ = await a_desk_that_knows("Refunds take 14 days.", "Refunds. " * 100)
    assert pages(await found(scene, replace(question, room=1200))) == [1]
    assert await found(scene, replace(question, room=0)) == ()


async def test_an_agent_without_files_costs_one_look() -> None:
    scene, question, _ = await a_desk_that_knows("Refunds take 14 days.")
    assert await found(scene, replace(question, agent_id=new_id())) == ()


async def test_what_is_attached_is_read_too() -> None:
    scene = Scene.of()
    who = await scene.founder()
    attached = await read_file(scene, who, "Order 7 was sent on Monday.")
    earlier = await read_file(scene, who, "Order 6 was sent on Sunday.")
    question = Question(
        organization_id=who.organization_id,
        agent_id=new_id(),
        text="When was it sent?",
        attached=(attached.id,),
        attached_earlier=(earlier.id,),
        room=ROOM,
    )
    known = await found(scene, question)
    assert {one.passage.file_id for one in known} == {attached.id, earlier.id}
    async with scene.storage.transaction(who) as tx:
        await tx.files.remove(earlier.id)
    known = await found(scene, question)
    assert {one.passage.file_id for one in known} == {attached.id}


async def test_of_a_long_attachment_that_does_not_answer_the_beginning_is_given() -> None:
    scene, question, file_id = await a_desk_that_knows(*MANUAL, REFUNDS)
    attached = replace(question, text="What is this about?", attached=(file_id,))
    assert pages(await found(scene, attached)) == [1, 1, 2]
    assert pages(await found(scene, replace(attached, text=question.text))) == [12]


async def test_meaning_finds_what_words_do_not() -> None:
    embeddings = NgramEmbeddings()
    long_words = f"Reimbursements are made within 14 days. {' '.join(['A b c.'] * 90)}"
    scene, question, _ = await a_desk_that_knows(*MANUAL, long_words, embeddings=embeddings)
    asked = replace(question, text="reimbursement?")
    assert pages(await found(scene, asked, embeddings)) == [12]
    assert await found(scene, replace(asked, text="xylophone quagga"), embeddings) == ()
    assert embeddings.texts[-1] == "xylophone quagga"


async def test_a_question_that_cannot_be_embedded_is_answered_by_words(
    caplog: pytest.LogCaptureFixture,
) -> None:
    embeddings = NgramEmbeddings()
    scene, question, _ = await a_desk_that_knows(*MANUAL, REFUNDS, embeddings=embeddings)
    embeddings.is_down = True
    with caplog.at_level(logging.WARNING, "hexdesk.knowledge"):
        assert pages(await found(scene, question, embeddings)) == [12]
    assert [record.message for record in caplog.records] == ["question not embedded"]


async def test_nobody_waits_long_for_the_meaning_of_a_question(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Stuck(NgramEmbeddings):
        async def embed(self, texts: Sequence[str]) -> Sequence[tuple[float, ...]]:
            await asyncio.get_running_loop().create_future()
            raise AssertionError(texts)

    monkeypatch.setattr(knowledge, "EMBEDDING_SECONDS", 0)
    scene, question, _ = await a_desk_that_knows(*MANUAL, REFUNDS)
    with caplog.at_level(logging.WARNING, "hexdesk.knowledge"):
        assert pages(await found(scene, question, Stuck())) == [12]
    assert [vars(record)["reason"] for record in caplog.records] == ["it took too long"]


async def test_a_file_that_cannot_be_embedded_is_found_by_words(
    caplog: pytest.LogCaptureFixture,
) -> None:
    embeddings = NgramEmbeddings()
    embeddings.is_down = True
    with caplog.at_level(logging.WARNING, "hexdesk.knowledge"):
        scene, question, _ = await a_desk_that_knows(*MANUAL, REFUNDS, embeddings=embeddings)
    assert [record.message for record in caplog.records] == ["file not embedded"]
    embeddings.is_down = False
    assert pages(await found(scene, question, embeddings)) == [12]


async def test_a_long_file_is_embedded_in_batches() -> None:
    embeddings = NgramEmbeddings()
    texts = [f"Page {number} tells of matter {number}." for number in range(1000, 1005 + BATCH)]
    scene = Scene.of()
    who = await scene.founder()
    file = await read_file(scene, who, *texts, embeddings=embeddings)
    assert embeddings.texts == texts
    [vector] = await embeddings.embed(texts[-1:])
    async with scene.storage.transaction(who) as tx:
        [best] = await tx.passages.nearest(embeddings.name, vector, [file.id], 1)
    assert best.known.passage.text == texts[-1]


UNREAD = UnreadFile(filename="letter.pdf", reason=knowledge.NOT_YET)


async def a_message_with(status: FileStatus, **fields: Any) -> tuple[Scene, File, Question]:
    """Return a question that came with a file which has not been read."""
    scene = Scene.of()
    who = await scene.founder()
    file = a_file(status=status, filename="letter.pdf", **fields)
    async with scene.storage.transaction(who) as tx:
        await tx.files.add(file)
    question = Question(
        organization_id=who.organization_id,
        agent_id=new_id(),
        text="What does it say?",
        attached=(file.id,),
        room=ROOM,
    )
    return scene, file, question


@pytest.mark.parametrize("status", [FileStatus.QUEUED, FileStatus.PROCESSING])
async def test_what_came_with_a_message_and_is_being_read_is_named(status: FileStatus) -> None:
    scene, _, question = await a_message_with(status)
    assert await all_found(scene, question) == Knowledge(unread=(UNREAD,))
    assert await all_found(scene, replace(question, room=100)) == Knowledge()


async def test_what_came_with_a_message_and_cannot_be_read_is_named_at_once() -> None:
    scene, _, question = await a_message_with(FileStatus.FAILED, error="the file is damaged")
    looks = len(scene.storage.opened_for)
    [unread] = (await all_found(scene, replace(question, patience=100))).unread
    assert unread.reason == "it could not be read: the file is damaged"
    assert len(scene.storage.opened_for) == looks + 2


async def test_an_answer_waits_until_what_came_with_its_message_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(knowledge, "LOOK_AGAIN_SECONDS", 0.001)
    scene, file, question = await a_message_with(FileStatus.QUEUED)
    has_looked = asyncio.Event()

    async def look() -> None:
        has_looked.set()

    scene.storage.at_commit.append(look)
    waiting = asyncio.create_task(all_found(scene, replace(question, patience=DEADLINE_SECONDS)))
    async with asyncio.timeout(DEADLINE_SECONDS):
        await has_looked.wait()
        store = await IndexFile()(file, [Section(text="We wait for an answer.")])
        who = System(organization_id=question.organization_id)
        async with scene.storage.transaction(who) as tx:
            await tx.files.update(replace(file, status=FileStatus.READY))
            await store(tx)
        found = await waiting
    assert [one.passage.text for one in found.passages] == ["We wait for an answer."]
    assert found.unread == ()


async def test_nobody_waits_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(knowledge, "LOOK_AGAIN_SECONDS", 0.001)
    scene, _, question = await a_message_with(FileStatus.QUEUED)
    found = await all_found(scene, replace(question, patience=0.004))
    assert found.unread == (UNREAD,)
