"""What ticket requests cost in an organization that has many tickets."""

import random
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import median
from typing import Any

from tests.benchmarks.effort import Effort
from tests.benchmarks.load import LoadClient, share
from tests.benchmarks.measure import Use, percentile
from tests.benchmarks.programs import RunningDesk, desk, model_server
from tests.benchmarks.report import Table, milliseconds, verdict

CPU_GOAL = 0.004
FILLERS = 16
TITLE_WORDS = 6
DESCRIPTION_WORDS = 60
# A word stands in the fewer tickets the later it comes here, as words do.
VOCABULARY = """the login page password invoice customer error email account order browser payment
printer export refund shipping address upload download calendar mobile crash slow button search
report filter delivery discount voucher license server backup network certificate timeout dashboard
webhook translation keyboard attachment notification subscription cancellation onboarding migration
permission currency warehouse returns warranty telephone headset firmware bluetooth screen battery
charger adapter cable router firewall tunnel gateway proxy domain hosting mailbox newsletter spam
quota archive folder template signature contract renewal reminder receipt statement balance"""
QUERIES = ("password", "refund shipping", "certificate", "calendar crash", "newsletter", "warranty")

Act = Callable[[LoadClient, int], Awaitable[None]]


async def measure_tickets(effort: Effort, folder: Path) -> list[Table]:
    """Measure creating, listing and searching among many tickets."""
    dice = random.Random(1)  # noqa: S311 - it makes test data, the same in every run
    async with model_server() as model, desk(model, folder) as running:
        token = await running.register("tickets")
        clients = [LoadClient(running.url, token) for _ in range(FILLERS)]
        await share([_ticket(dice) for _ in range(effort.rows)], clients, _create)
        acts: dict[str, Act] = {
            "create": lambda client, _: _create(client, _ticket(dice)),
            "list twenty": _list_twenty,
            "search": _search,
        }
        rounds: dict[str, list[tuple[Use, list[float]]]] = {name: [] for name in acts}
        for _ in range(effort.rounds):
            for name, act in acts.items():
                rounds[name].append(await _round(running, clients[0], effort.requests, act))
        for client in clients:
            await client.close()
    return [
        Table(
            title=f"Tickets, {effort.rows:,} rows, one client",
            columns=("request", "hexdesk CPU ms", "goal, ms", "PostgreSQL CPU ms", "p50 / p95 ms"),
            rows=tuple(_row(name, measured, effort.requests) for name, measured in rounds.items()),
        )
    ]


async def _round(
    running: RunningDesk, client: LoadClient, requests: int, act: Act
) -> tuple[Use, list[float]]:
    before = running.tree.use()
    latencies = await share(range(requests), [client], act)
    return running.tree.use().since(before), latencies


def _row(name: str, rounds: list[tuple[Use, list[float]]], requests: int) -> tuple[str, ...]:
    program = median(use.program for use, _ in rounds) / requests
    database = median(use.database for use, _ in rounds) / requests
    latencies = [latency for _, each in rounds for latency in each]
    return (
        name,
        milliseconds(program),
        verdict(program * 1000, CPU_GOAL * 1000),
        milliseconds(database),
        f"{milliseconds(percentile(latencies, 50))} / {milliseconds(percentile(latencies, 95))}",
    )


async def _create(client: LoadClient, ticket: dict[str, Any]) -> None:
    await client.call("POST", "/api/v1/tickets", ticket, expect=201)


async def _list_twenty(client: LoadClient, _: int) -> None:
    page = await client.call("GET", "/api/v1/tickets?limit=20")
    _expect_rows(page)


async def _search(client: LoadClient, number: int) -> None:
    query = QUERIES[number % len(QUERIES)].replace(" ", "%20")
    page = await client.call("GET", f"/api/v1/tickets?query={query}&limit=20")
    _expect_rows(page)


def _expect_rows(page: dict[str, Any]) -> None:
    if len(page["data"]) != 20:
        raise RuntimeError(f"expected twenty tickets, not {len(page['data'])}")


def _ticket(dice: random.Random) -> dict[str, Any]:
    return {
        "title": " ".join(_words(dice, TITLE_WORDS)),
        "description": " ".join(_words(dice, DESCRIPTION_WORDS)),
        "priority": dice.choice(("low", "normal", "high", "urgent")),
        "category": dice.choice(("billing", "technical", "account")),
        "tags": _words(dice, 2),
    }


def _words(dice: random.Random, count: int) -> list[str]:
    words = VOCABULARY.split()
    weights = [1 / (place + 1) for place in range(len(words))]
    return dice.choices(words, weights, k=count)
