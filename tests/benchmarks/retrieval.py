"""How well passages are found that answer a question, and how fast."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from time import perf_counter

import msgspec

from hexdesk.adapters.storage.postgres.embedded import SUPERUSER, EmbeddedPostgres
from hexdesk.adapters.storage.postgres.migrate import migrate
from hexdesk.adapters.storage.postgres.roles import APPLICATION, OWNER, bootstrap
from hexdesk.adapters.storage.postgres.storage import PostgresStorage
from hexdesk.core.model.files import FileStatus
from hexdesk.core.model.knowledge import FoundPassage, Passage, PassageVector
from hexdesk.core.policy.knowledge import fused
from hexdesk.core.ports.embeddings import Embeddings
from hexdesk.core.ports.storage import Storage
from hexdesk.core.testing import NgramEmbeddings
from hexdesk.core.testing.companies import Company, a_company
from hexdesk.core.testing.file_examples import a_file
from hexdesk.core.use_cases.knowledge import LOOKED_AT, WORDS_FLOOR
from hexdesk.entrypoints.ai_config import find_ai_config, read_ai_config
from hexdesk.entrypoints.bootstrap.knowledge import open_embeddings
from hexdesk.entrypoints.settings import read_settings_here
from tests.benchmarks.effort import Effort
from tests.benchmarks.report import Table, milliseconds

FOLDER = Path(__file__).with_name("questions")
SETS = ("english", "swedish")
COLUMNS = ("found by", "recall@1", "recall@5", "recall@10", "MRR", "ms a question")
DATABASE = "retrieval"


class Answered(msgspec.Struct, frozen=True):
    """A question and the answer to be found."""

    id: str
    question: str
    answer: str


class Ranks(msgspec.Struct, frozen=True):
    """At which place each answer was found, from 1 on; 0 for one that was not."""

    places: tuple[int, ...]

    def recall(self, within: int) -> float:
        """Return the share of the answers that were among so many."""
        return sum(0 < place <= within for place in self.places) / len(self.places)

    @property
    def mean_reciprocal(self) -> float:
        """Return how far up the answers were: 1 if all were first, 0 if none was found."""
        return sum(1 / place for place in self.places if place) / len(self.places)


class Searches(msgspec.Struct, frozen=True, kw_only=True):
    """What two ways to search found for a question, and how long the first took."""

    by_words: Sequence[FoundPassage]
    by_meaning: Sequence[FoundPassage]
    seconds: float


def load(name: str) -> list[Answered]:
    """Return the questions of a set."""
    lines = (FOLDER / f"construction_{name}.jsonl").read_bytes().splitlines()
    return [msgspec.json.decode(line, type=Answered) for line in lines]


def unrelated() -> list[str]:
    """Return questions that no answer answers."""
    return (FOLDER / "unrelated.txt").read_text(encoding="utf-8").splitlines()


class Shelf:
    """A file whose passages are the answers of a set, in an organization of its own."""

    def __init__(self, company: Company, embeddings: Embeddings | None) -> None:
        self.company = company
        self.embeddings = embeddings
        self.file = a_file(status=FileStatus.READY)

    async def fill(self, answers: Sequence[str]) -> None:
        """Store the answers, a passage each."""
        key = self.file.id
        passages = [
            Passage(file_id=key, position=place, text=text) for place, text in enumerate(answers)
        ]
        vectors = await self.embeddings.embed(answers) if self.embeddings else ()
        async with self.company.transaction() as tx:
            await tx.files.add(self.file)
            await tx.passages.replace(key, passages)
            if self.embeddings:
                made = [PassageVector(position=at, vector=one) for at, one in enumerate(vectors)]
                await tx.passages.put_vectors(key, self.embeddings.name, made)

    async def look(self, question: str) -> Searches:
        """Search for the answer to a question."""
        async with self.company.transaction() as tx:
            begun = perf_counter()
            by_words = await tx.passages.search(question, [self.file.id], LOOKED_AT)
            seconds = perf_counter() - begun
        by_meaning: Sequence[FoundPassage] = ()
        if self.embeddings:
            [vector] = await self.embeddings.embed([question])
            async with self.company.transaction() as tx:
                by_meaning = await tx.passages.nearest(
                    self.embeddings.name, vector, [self.file.id], LOOKED_AT
                )
        return Searches(by_words=by_words, by_meaning=by_meaning, seconds=seconds)


async def measure_retrieval(effort: Effort, folder: Path) -> list[Table]:
    """Measure both sets, by words and with each embedding model there is."""
    step = max(1, 5 - effort.rounds)
    settings = read_settings_here()
    config = read_ai_config(find_ai_config(settings.ai_config), settings.environment)
    async with a_database(folder) as storage, open_embeddings(config) as configured:
        models = [one for one in (NgramEmbeddings(), configured) if one]
        return [await _measured(storage, name, step, models) for name in SETS]


@asynccontextmanager
async def a_database(folder: Path) -> AsyncGenerator[PostgresStorage]:
    """Start a database with the present schema."""
    with EmbeddedPostgres(folder / "postgres", {"fsync": "off"}) as server:
        await asyncio.to_thread(server.wait_until_ready)
        await bootstrap(server.url("postgres", SUPERUSER), DATABASE)
        await asyncio.to_thread(migrate, server.url(DATABASE, OWNER))
        async with PostgresStorage.open(server.url(DATABASE, APPLICATION)) as storage:
            yield storage


async def _measured(storage: Storage, name: str, step: int, models: Sequence[Embeddings]) -> Table:
    questions = load(name)
    rows: list[tuple[str, ...]] = []
    remarks: list[str] = []
    for embeddings in models:
        shelf = Shelf(await a_company(storage), embeddings)
        await shelf.fill([one.answer for one in questions])
        asked = list(enumerate(questions))[::step]
        found = [(place, await shelf.look(one.question)) for place, one in asked]
        seconds = sum(searches.seconds for _, searches in found) / len(found)
        strange = [await shelf.look(one) for one in unrelated()]
        if not rows:
            rows.append(_row("words", ranks_by_words(found), milliseconds(seconds)))
            scored = [(place, one.by_words) for place, one in found]
            remarks.append(_remark("words", WORDS_FLOOR, scored, [one.by_words for one in strange]))
        scored = [(place, one.by_meaning) for place, one in found]
        told = [one.by_meaning for one in strange]
        remarks.append(_remark(embeddings.name, embeddings.floor, scored, told))
        rows.append(_row(f"meaning, {embeddings.name}", _ranks_by_meaning(found), ""))
        rows.append(_row(f"both, {embeddings.name}", _ranks_by_both(found), ""))
    title = f"Finding the answer among {len(questions)}, {name}, {len(questions[::step])} questions"
    return Table(title=title, columns=COLUMNS, rows=tuple(rows), remark=" ".join(remarks))


def ranks_by_words(found: Sequence[tuple[int, Searches]]) -> Ranks:
    """Return where the answers were, found by their words."""
    return Ranks(tuple(_place(right, one.by_words) for right, one in found))


def _ranks_by_meaning(found: Sequence[tuple[int, Searches]]) -> Ranks:
    return Ranks(tuple(_place(right, one.by_meaning) for right, one in found))


def _ranks_by_both(found: Sequence[tuple[int, Searches]]) -> Ranks:
    places: list[int] = []
    for right, one in found:
        ranked = [known.passage.position for known in fused(one.by_words, one.by_meaning)]
        places.append(ranked.index(right) + 1 if right in ranked else 0)
    return Ranks(tuple(places))


def _place(right: int, found: Sequence[FoundPassage]) -> int:
    positions = [one.known.passage.position for one in found]
    return positions.index(right) + 1 if right in positions else 0


def _row(name: str, ranks: Ranks, cost: str) -> tuple[str, ...]:
    shares = (ranks.recall(1), ranks.recall(5), ranks.recall(10), ranks.mean_reciprocal)
    return (name, *(f"{share:.3f}" for share in shares), cost)


def _remark(
    by: str,
    floor: float,
    found: Sequence[tuple[int, Sequence[FoundPassage]]],
    strange: Sequence[Sequence[FoundPassage]],
) -> str:
    right = [
        one.score
        for place, ranked in found
        for one in ranked[:10]
        if one.known.passage.position == place
    ]
    kept = sum(score >= floor for score in right) / len(right)
    stopped = sum(all(one.score < floor for one in ranked) for ranked in strange)
    return (
        f"The floor of {floor} keeps {kept:.0%} of the answers found by {by}, and gives "
        f"nothing to {stopped} of {len(strange)} questions that are unrelated."
    )
