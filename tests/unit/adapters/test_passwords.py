"""Passwords are hashed slowly, off the event loop, and a few at a time."""

import asyncio
import threading

import pytest
from argon2 import Parameters, Type, extract_parameters
from argon2.profiles import RFC_9106_LOW_MEMORY

from hexdesk.adapters.passwords.argon2 import Argon2Passwords, unmatchable_hash


def parameters(*, memory_cost: int = 8, time_cost: int = 1) -> Parameters:
    return Parameters(
        type=Type.ID,
        version=19,
        salt_len=16,
        hash_len=32,
        time_cost=time_cost,
        memory_cost=memory_cost,
        parallelism=1,
    )


@pytest.fixture
def passwords() -> Argon2Passwords:
    return Argon2Passwords(parameters())


async def test_a_password_fits_its_own_hash_only(passwords: Argon2Passwords) -> None:
    kept = await passwords.hash("correct horse")
    assert await passwords.verify("correct horse", kept)
    assert not await passwords.verify("correct horsf", kept)


async def test_the_same_password_never_has_the_same_hash(passwords: Argon2Passwords) -> None:
    assert await passwords.hash("correct horse") != await passwords.hash("correct horse")


async def test_any_text_can_be_a_password(passwords: Argon2Passwords) -> None:
    odd = "pä ss\N{SNOWMAN}\0" * 100
    assert await passwords.verify(odd, await passwords.hash(odd))


async def test_nothing_fits_nobody(passwords: Argon2Passwords) -> None:
    assert not await passwords.verify("correct horse", None)


async def test_nothing_fits_what_is_no_hash(passwords: Argon2Passwords) -> None:
    assert not await passwords.verify("correct horse", "correct horse")


@pytest.mark.parametrize("used", [parameters(), RFC_9106_LOW_MEMORY])
def test_checking_for_nobody_costs_what_checking_a_real_hash_costs(used: Parameters) -> None:
    assert extract_parameters(unmatchable_hash(used)) == used


async def test_a_hash_from_weaker_parameters_is_outdated(passwords: Argon2Passwords) -> None:
    kept = await passwords.hash("correct horse")
    stronger = Argon2Passwords(parameters(time_cost=2))
    assert not passwords.is_outdated(kept)
    assert stronger.is_outdated(kept)
    assert await stronger.verify("correct horse", kept)


async def test_the_event_loop_turns_while_at_most_two_threads_hash() -> None:
    others = set(threading.enumerate())  # pools of tests before may not be collected yet
    passwords = Argon2Passwords(parameters(memory_cost=4096, time_cost=2))
    work = [asyncio.create_task(passwords.hash("correct horse")) for _ in range(6)]
    turns, most_threads = 0, 0
    while not all(task.done() for task in work):
        await asyncio.sleep(0)
        names = [thread.name for thread in threading.enumerate() if thread not in others]
        most_threads = max(most_threads, sum(name.startswith("argon2") for name in names))
        turns += 1
    assert turns > 10
    assert most_threads <= 2
