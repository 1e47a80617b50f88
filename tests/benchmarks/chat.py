"""What a chat message costs, beside the bare agent; both take turns, so that noise hits both."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, median

import msgspec

from tests.benchmarks.bare_agent import TURNS
from tests.benchmarks.conversations import Conversation, conversations
from tests.benchmarks.effort import Effort
from tests.benchmarks.load import share
from tests.benchmarks.measure import median_ratio, percentile
from tests.benchmarks.programs import (
    BareProgram,
    ModelServer,
    RunningDesk,
    bare_program,
    desk,
    model_server,
)
from tests.benchmarks.report import Table, milliseconds, verdict
from tests.openai_server.replies import Bench

WARM_UP = 50  # messages that do not count: what loads late has loaded
RATIO_GOAL = 1.25
FIRST_TEXT_GOAL = 0.015
FIRST_TEXT_PAUSE = 0.02  # between two pieces of the model's answer: time to look at the clock
SLOW_MODEL = 1.0
SLOW_CLIENTS = 16
SLOW_GOAL = 5.0


class Round(msgspec.Struct, frozen=True, kw_only=True):
    """CPU seconds of one message, and how long the messages took, on both sides."""

    bare_cpu: float
    tuned_cpu: float
    desk_cpu: float
    database_cpu: float
    bare_latencies: list[float]
    desk_latencies: list[float]


@dataclass(frozen=True)
class ChatBench:
    """Both sides, running, and the model that answers them."""

    model: ModelServer
    bare: BareProgram
    tuned: BareProgram
    desk: RunningDesk
    effort: Effort

    async def cost(self, *, streamed: bool) -> Table:
        """Measure whole messages at every number of clients."""
        rows: list[tuple[str, ...]] = []
        async with conversations(self.desk, max(self.effort.messages), TURNS) as talks:
            await self._round(talks[:1], WARM_UP, streamed=streamed)
            for clients, messages in self.effort.messages.items():
                rounds = [
                    await self._round(talks[:clients], messages, streamed=streamed)
                    for _ in range(self.effort.rounds)
                ]
                rows.append(_cost_row(clients, rounds))
        asked = "`Accept: text/event-stream`" if streamed else "`Accept: application/json`"
        bare = "`Agent.iter` with streamed requests" if streamed else "`Agent.run`"
        return Table(
            title=f"A message, {asked}, beside {bare}",
            columns=(
                "clients",
                "bare CPU ms",
                "hexdesk CPU ms",
                "ratio",
                "goal",
                "tuned bare CPU ms",
                "ratio to it",
                "PostgreSQL CPU ms",
                "bare p50 / p95 ms",
                "hexdesk p50 / p95 ms",
            ),
            rows=tuple(rows),
            remark=f"Medians of {self.effort.rounds} rounds in which all take turns; a ratio is "
            "the median of each round's own. Tuned is the bare agent on the event loop and the "
            "garbage collector's settings that hexdesk has.",
        )

    async def first_text(self) -> Table:
        """Measure the CPU that is used before the first piece of text is out."""
        await self.model.behave(Bench(chunk_latency=FIRST_TEXT_PAUSE))
        count = self.effort.first_texts
        bare: list[float] = []
        whole: list[float] = []
        async with conversations(self.desk, 1, TURNS) as (talk,):
            self.desk.tree.look()
            for _ in range(self.effort.rounds):
                measured = await self.bare.answer("stream", count, 1)
                bare.append(mean(measured.first_text_cpu_seconds))
                whole.append(mean([await self._first_text_of(talk) for _ in range(count)]))
        await self.model.behave(Bench())
        more = median(desk - floor for desk, floor in zip(whole, bare, strict=True))
        cells = milliseconds(median(bare)), milliseconds(median(whole)), milliseconds(more)
        return Table(
            title="From the request to the first `text.delta`, one client",
            columns=("bare CPU ms", "hexdesk CPU ms", "more", "goal, ms"),
            rows=((*cells, verdict(more * 1000, FIRST_TEXT_GOAL * 1000)),),
        )

    async def slow_model(self) -> Table:
        """Measure how long people wait when the model takes its time."""
        async with conversations(self.desk, SLOW_CLIENTS, TURNS) as talks:
            await self.model.behave(Bench(latency=SLOW_MODEL))
            bare = await self.bare.answer("run", self.effort.slow_messages, SLOW_CLIENTS)
            whole = await share(range(self.effort.slow_messages), talks, _post)
        await self.model.behave(Bench())
        p95 = percentile(whole, 95)
        return Table(
            title=f"Two model requests of {SLOW_MODEL:g} s each, {SLOW_CLIENTS} clients",
            columns=("bare p50 / p95 ms", "hexdesk p50 / p95 ms", "p95 within s"),
            rows=((_p50_p95(bare.latencies), _p50_p95(whole), verdict(p95, SLOW_GOAL)),),
        )

    async def _round(self, talks: list[Conversation], messages: int, *, streamed: bool) -> Round:
        command = "stream" if streamed else "run"
        bare = await self.bare.answer(command, messages, len(talks))
        tuned = await self.tuned.answer(command, messages, len(talks))
        before = self.desk.tree.use()
        latencies = await share(range(messages), talks, _stream if streamed else _post)
        used = self.desk.tree.use().since(before)
        return Round(
            bare_cpu=bare.cpu_seconds / messages,
            tuned_cpu=tuned.cpu_seconds / messages,
            desk_cpu=used.program / messages,
            database_cpu=used.database / messages,
            bare_latencies=bare.latencies,
            desk_latencies=latencies,
        )

    async def _first_text_of(self, talk: Conversation) -> float:
        seen: list[float] = []
        before = self.desk.tree.program_cpu()
        await talk.stream(lambda: seen.append(self.desk.tree.program_cpu() - before))
        return seen[0]


@asynccontextmanager
async def chat_bench(effort: Effort, folder: Path) -> AsyncGenerator[ChatBench]:
    """Run both sides."""
    async with (
        model_server() as model,
        bare_program(model) as bare,
        bare_program(model, is_tuned=True) as tuned,
        desk(model, folder) as running,
    ):
        yield ChatBench(model, bare, tuned, running, effort)


async def measure_chat(effort: Effort, folder: Path) -> list[Table]:
    """Measure everything about single messages."""
    async with chat_bench(effort, folder) as bench:
        return [
            await bench.cost(streamed=False),
            await bench.cost(streamed=True),
            await bench.first_text(),
            await bench.slow_model(),
        ]


async def _post(talk: Conversation, _: int) -> None:
    await talk.post()


async def _stream(talk: Conversation, _: int) -> None:
    await talk.stream()


def _cost_row(clients: int, rounds: list[Round]) -> tuple[str, ...]:
    bare = [each.bare_cpu for each in rounds]
    tuned = [each.tuned_cpu for each in rounds]
    whole = [each.desk_cpu for each in rounds]
    ratio = median_ratio(whole, bare)
    return (
        str(clients),
        milliseconds(median(bare)),
        milliseconds(median(whole)),
        f"{ratio:.2f}",
        verdict(ratio, RATIO_GOAL),
        milliseconds(median(tuned)),
        f"{median_ratio(whole, tuned):.2f}",
        milliseconds(median(each.database_cpu for each in rounds)),
        _p50_p95([latency for each in rounds for latency in each.bare_latencies]),
        _p50_p95([latency for each in rounds for latency in each.desk_latencies]),
    )


def _p50_p95(latencies: list[float]) -> str:
    return f"{percentile(latencies, 50) * 1000:.0f} / {percentile(latencies, 95) * 1000:.0f}"
