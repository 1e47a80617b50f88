"""The part of the storage contract about tenancy: other organizations do not exist."""

import asyncio
import inspect
from collections.abc import Iterator

import msgspec
import pytest

from hexdesk.core.errors import NotFoundError
from hexdesk.core.ports.storage import Transaction
from hexdesk.core.testing import examples
from hexdesk.core.testing.companies import Belongings, Company
from hexdesk.core.testing.storage_attempts import FOUND_OR_NOT, LOOKS, WRITES, Attempt
from hexdesk.core.testing.storage_fixtures import StorageFixtures


class TenancyContract(StorageFixtures):
    """Each method of each repository, tried with the ids of another organization."""

    @pytest.fixture
    async def their_things(self, theirs: Company) -> Belongings:
        """Return one of everything that theirs has."""
        things = Belongings.of(theirs.organization, theirs.admin)
        async with theirs.transaction() as transaction:
            await things.store(transaction)
        return things

    @pytest.fixture
    def nobodys_things(self) -> Belongings:
        """Return what nobody has."""
        organization = examples.an_organization()
        return Belongings.of(organization, examples.a_user(organization.id))

    def test_every_method_of_every_repository_is_tried(self) -> None:
        tried = {name.partition(" ")[0] for name in (*LOOKS, *WRITES)}
        assert tried == set(repository_methods())

    async def test_what_others_have_looks_as_if_it_did_not_exist(
        self, ours: Company, their_things: Belongings, nobodys_things: Belongings
    ) -> None:
        seen = {name: await outcome(ours, look, their_things) for name, look in LOOKS.items()}
        assert seen == {
            name: await outcome(ours, look, nobodys_things) for name, look in LOOKS.items()
        }

    async def test_the_others_see_what_they_have(
        self, ours: Company, theirs: Company, their_things: Belongings
    ) -> None:
        hidden = [
            name
            for name, look in LOOKS.items()
            if await outcome(theirs, look, their_things) == await outcome(ours, look, their_things)
        ]
        assert hidden == []

    async def test_what_is_written_about_others_never_reaches_them(
        self, ours: Company, theirs: Company, their_things: Belongings
    ) -> None:
        before = {name: await outcome(theirs, look, their_things) for name, look in LOOKS.items()}
        for write in WRITES.values():
            await outcome(ours, write, their_things)
        after = {name: await outcome(theirs, look, their_things) for name, look in LOOKS.items()}
        assert after == before

    async def test_a_write_cannot_tell_what_others_have_from_what_nobody_has(
        self, ours: Company, their_things: Belongings, nobodys_things: Belongings
    ) -> None:
        for name, write in WRITES.items():
            theirs = await outcome(ours, write, their_things)
            assert theirs == await outcome(ours, write, nobodys_things), name

    @pytest.mark.parametrize("name", FOUND_OR_NOT)
    async def test_what_is_not_there_is_not_found(
        self, ours: Company, nobodys_things: Belongings, name: str
    ) -> None:
        with pytest.raises(NotFoundError):
            async with ours.transaction() as transaction:
                await (LOOKS | WRITES)[name](transaction, nobodys_things)


async def outcome(company: Company, attempt: Attempt, belongings: Belongings) -> bytes | str:
    """Return what came of an attempt, in a form that can be compared."""

    async def made() -> bytes:
        async with company.transaction() as transaction:
            return msgspec.json.encode(await attempt(transaction, belongings))

    # Storages refuse what breaks their rules with errors of their own: any will do.
    [end] = await asyncio.gather(made(), return_exceptions=True)
    return type(end).__name__ if isinstance(end, BaseException) else end


def repository_methods() -> Iterator[str]:
    """Yield every method of every repository, as `repository.method`."""
    for name, repository in inspect.get_annotations(Transaction).items():
        for method, _ in inspect.getmembers(repository, inspect.isfunction):
            if not method.startswith("_"):
                yield f"{name}.{method}"
