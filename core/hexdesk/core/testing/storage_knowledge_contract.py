"""The part of the storage contract about passages of files."""

from collections.abc import Sequence
from uuid import UUID

import pytest

from hexdesk.core.errors import NotFoundError
from hexdesk.core.model.files import File, FileStatus
from hexdesk.core.model.knowledge import FoundPassage, KnownPassage, Passage, PassageVector
from hexdesk.core.testing import examples
from hexdesk.core.testing.companies import Company
from hexdesk.core.testing.file_examples import a_file
from hexdesk.core.testing.storage_fixtures import StorageFixtures

MODEL = "words/3"
TEXTS = (
    "Refunds are paid within 14 days of the return.",
    "Parcels are sent on the day of the order, by post.",
    "The warranty of the kettle ends after two years.",
    "The warranty of the toaster ends after three years. A warranty needs a receipt.",
)


def passages_of(file: File, *texts: str) -> tuple[Passage, ...]:
    """Return passages, one on each page."""
    return tuple(
        Passage(file_id=file.id, position=place, page=place + 1, text=text)
        for place, text in enumerate(texts)
    )


async def stored(company: Company, *texts: str, **fields: object) -> File:
    """Store a file that has been read."""
    file = a_file(status=FileStatus.READY, **fields)
    async with company.transaction() as transaction:
        await transaction.files.add(file)
        await transaction.passages.replace(file.id, passages_of(file, *texts))
    return file


async def asked(company: Company, question: str, *files: File, limit: int = 9) -> list[int]:
    """Return the positions of the passages found, best first."""
    found = await searched(company, question, *files, limit=limit)
    return [one.known.passage.position for one in found]


async def searched(
    company: Company, question: str, *files: File, limit: int = 9
) -> Sequence[FoundPassage]:
    """Return the passages found, best first."""
    async with company.transaction() as transaction:
        return await transaction.passages.search(question, [one.id for one in files], limit)


async def nearest(company: Company, *vector: float, files: Sequence[UUID]) -> list[float]:
    """Return the scores of the passages closest to a vector, best first."""
    async with company.transaction() as transaction:
        found = await transaction.passages.nearest(MODEL, vector, files, 9)
    return [round(one.score, 2) for one in found]


class PassageContract(StorageFixtures):
    """What is kept of what files say, and which of it is readable."""

    async def test_passages_come_back_in_order_with_the_name_of_their_file(
        self, ours: Company
    ) -> None:
        newer = await stored(ours, "c", filename="new.txt", created_at=examples.later(5))
        older = await stored(ours, "a", "b", filename="old.txt")
        async with ours.transaction() as transaction:
            found = await transaction.passages.whole([newer.id, older.id, examples.new_id()], 3)
        assert tuple(found or ()) == tuple(
            KnownPassage(passage=passage, filename=file.filename)
            for file, passages in (
                (older, passages_of(older, "a", "b")),
                (newer, passages_of(newer, "c")),
            )
            for passage in passages
        )

    async def test_a_passage_may_stand_on_a_sheet(self, ours: Company) -> None:
        file = await stored(ours)
        row = Passage(file_id=file.id, position=0, sheet="Käse", text="Gouda 3 \U0001f9c0")
        async with ours.transaction() as transaction:
            await transaction.passages.replace(file.id, [row])
            found = await transaction.passages.first([file.id], 1)
        assert [one.passage for one in found] == [row]

    async def test_what_is_too_long_is_not_given_whole(self, ours: Company) -> None:
        file = await stored(ours, "1234", "5678")
        empty = await stored(ours)
        async with ours.transaction() as transaction:
            assert await transaction.passages.whole([file.id], 7) is None
            assert len(await transaction.passages.whole([file.id], 8) or ()) == 2
            assert tuple(await transaction.passages.whole([empty.id], 0) or ()) == ()
            assert await transaction.passages.whole([empty.id], 0) is not None

    async def test_files_can_be_read_from_their_beginning(self, ours: Company) -> None:
        long, short = await stored(ours, "a", "b", "c"), await stored(ours, "d")
        async with ours.transaction() as transaction:
            found = await transaction.passages.first([long.id, short.id], 2)
        assert [one.passage.text for one in found] == ["a", "b", "d"]

    async def test_passages_take_the_place_of_those_before(self, ours: Company) -> None:
        file = await stored(ours, *TEXTS)
        async with ours.transaction() as transaction:
            await transaction.passages.put_vectors(
                file.id, MODEL, [PassageVector(position=0, vector=(1, 0, 0))]
            )
            await transaction.passages.replace(file.id, passages_of(file, "Only a gift."))
        assert await asked(ours, "refund", file) == []
        assert await asked(ours, "gifts", file) == [0]
        assert await nearest(ours, 1, 0, 0, files=[file.id]) == []

    async def test_a_removed_file_is_found_no_more(self, ours: Company) -> None:
        file = await stored(ours, *TEXTS)
        async with ours.transaction() as transaction:
            await transaction.passages.put_vectors(
                file.id, MODEL, [PassageVector(position=0, vector=(1, 0, 0))]
            )
            await transaction.files.remove(file.id)
        assert await asked(ours, "refund", file) == []
        assert await nearest(ours, 1, 0, 0, files=[file.id]) == []
        async with ours.transaction() as transaction:
            assert tuple(await transaction.passages.whole([file.id], 9) or ()) == ()
            assert tuple(await transaction.passages.first([file.id], 9)) == ()

    async def test_an_unknown_file_takes_no_passages(self, ours: Company) -> None:
        unknown = a_file()
        with pytest.raises(NotFoundError):
            async with ours.transaction() as transaction:
                await transaction.passages.replace(unknown.id, passages_of(unknown, "a"))

    async def test_what_was_read_of_the_agents_files_and_attachments_is_readable(
        self, ours: Company
    ) -> None:
        agent = examples.an_agent(ours.organization.id)
        attached = await stored(ours, "a", created_at=examples.later(5))
        known = await stored(ours, "b")
        await stored(ours, "c")
        queued, failed = a_file(), a_file(status=FileStatus.FAILED)
        async with ours.transaction() as transaction:
            await transaction.agents.add(agent)
            for file in (queued, failed):
                await transaction.files.add(file)
            for file in (known, queued):
                await transaction.agent_files.link(agent.id, file.id)
            attachments = [attached.id, failed.id, known.id, examples.new_id()]
            found = await transaction.passages.readable(agent.id, attachments)
            assert list(found) == [known.id, attached.id]
            assert list(await transaction.passages.readable(agent.id, ())) == [known.id]
            assert list(await transaction.passages.readable(examples.new_id(), ())) == []

    async def test_an_agent_is_seen_with_whether_it_knows_files(self, ours: Company) -> None:
        agent = examples.an_agent(ours.organization.id)
        thread = examples.a_thread(agent)
        file = await stored(ours, "a")
        async with ours.transaction() as transaction:
            await transaction.agents.add(agent)
            await transaction.threads.add(thread)
            assert (await transaction.threads.with_agent(thread.id)).knows_files is False
            await transaction.agent_files.link(agent.id, file.id)
            assert (await transaction.threads.with_agent(thread.id)).knows_files is True


class PassageSearchContract(StorageFixtures):
    """Which passages are found for a question, and in what order."""

    @pytest.mark.parametrize(
        ("question", "best"),
        [
            ("How long do refunds take?", [0]),
            ("refunded?", [0]),
            ("RETURNS", [0]),
            ("when are orders posted", [1]),
            ("kettle warranty", [2, 3]),
            ("Is there a warranty for the toaster?", [3, 2]),
            ("unheard", []),
            ("what is the", []),
            ("how long does it take", []),
            ("", []),
            ("?!", []),
        ],
    )
    async def test_a_question_finds_passages_with_some_of_its_words(
        self, ours: Company, question: str, best: list[int]
    ) -> None:
        file = await stored(ours, *TEXTS)
        assert await asked(ours, question, file) == best

    @pytest.mark.parametrize(
        "question",
        [
            "refund' | !(\\",
            '"refund',
            "refund & | ! <-> :* ((",
            "refund \\' \\\\",
            "refund:*A",
            "-refund or",
            "refund % _ $1 $$",
            "refund https://example.com/a?b=c&d=%27 a@b.c 1.5e-3 /etc/it's",
            "refund " + "very " * 20_000 + " ".join(f"word{number}" for number in range(500)),
        ],
    )
    async def test_no_text_of_a_person_breaks_a_search(self, ours: Company, question: str) -> None:
        file = await stored(ours, *TEXTS)
        assert 0 in await asked(ours, question, file)

    async def test_a_rare_word_counts_more_than_a_frequent_one(self, ours: Company) -> None:
        common = [f"The order number {number}." for number in range(20)]
        file = await stored(ours, *common, "A gift card.")
        assert (await asked(ours, "order a gift", file))[0] == 20

    async def test_the_score_is_the_share_of_the_question(self, ours: Company) -> None:
        file = await stored(ours, *TEXTS)
        [whole] = await searched(ours, "refunds paid", file)
        assert whole.score == pytest.approx(1)
        [part] = await searched(ours, "refunds xylophone quagga", file)
        assert 0.1 < part.score < 0.4

    async def test_only_these_files_are_searched(self, ours: Company) -> None:
        one, other = await stored(ours, TEXTS[0]), await stored(ours, TEXTS[0])
        [found] = await searched(ours, "refund", other)
        assert found.known.passage.file_id == other.id
        assert len(await searched(ours, "refund", one, other)) == 2
        assert await searched(ours, "refund") == []

    async def test_no_more_are_found_than_wanted(self, ours: Company) -> None:
        file = await stored(ours, *TEXTS)
        assert len(await asked(ours, "warranty ends", file, limit=1)) == 1


class PassageVectorContract(StorageFixtures):
    """Which passages are close to a vector. A storage may keep none, and then finds nothing."""

    async def test_the_closest_come_first(self, ours: Company) -> None:
        file, other = await stored(ours, *TEXTS), await stored(ours, "a")
        vectors = [(1.0, 0.0, 0.0), (0.6, 0.8, 0.0), (-1.0, 0.0, 0.0)]
        async with ours.transaction() as transaction:
            await transaction.passages.put_vectors(
                file.id,
                MODEL,
                [PassageVector(position=at, vector=one) for at, one in enumerate(vectors)],
            )
            await transaction.passages.put_vectors(
                other.id, "another/3", [PassageVector(position=0, vector=(1.0, 0.0, 0.0))]
            )
        both = [file.id, other.id]
        assert await nearest(ours, 1, 0, 0, files=both) in ([1.0, 0.6, 0.0], [])
        assert await nearest(ours, 1, 0, 0, files=[]) == []
        async with ours.transaction() as transaction:
            found = await transaction.passages.nearest(MODEL, (2.0, 0.1, 0.0), both, 1)
        assert [one.known.passage.position for one in found] in ([0], [])

    async def test_vectors_made_anew_take_the_place_of_the_old(self, ours: Company) -> None:
        file = await stored(ours, "a")
        async with ours.transaction() as transaction:
            for vector in ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0)):
                await transaction.passages.put_vectors(
                    file.id, MODEL, [PassageVector(position=0, vector=vector)]
                )
        assert await nearest(ours, 0, 1, 0, files=[file.id]) in ([1.0], [])

    async def test_a_vector_of_zeros_is_close_to_nothing(self, ours: Company) -> None:
        file = await stored(ours, *TEXTS)
        vectors = [(0.0, 0.0, 0.0), (0.6, 0.8, 0.0), (1.0, 0.0, 0.0)]
        async with ours.transaction() as transaction:
            await transaction.passages.put_vectors(
                file.id,
                MODEL,
                [PassageVector(position=at, vector=one) for at, one in enumerate(vectors)],
            )
        assert await nearest(ours, 1, 0, 0, files=[file.id]) in ([1.0, 0.6, 0.0], [])
        assert await nearest(ours, 0, 0, 0, files=[file.id]) in ([0.0, 0.0, 0.0], [])
