"""The part of the storage contract about files, what is read in them, and who knows them."""

from collections.abc import Sequence
from uuid import UUID

import pytest
from msgspec.structs import replace

from hexdesk.core.errors import NotFoundError
from hexdesk.core.model.documents import Section
from hexdesk.core.model.files import File, FileFilter, FileStatus
from hexdesk.core.testing import examples
from hexdesk.core.testing.companies import Company
from hexdesk.core.testing.file_examples import a_file
from hexdesk.core.testing.storage_fixtures import StorageFixtures

TEXT = (
    Section(text="First page.", page=1),
    Section(text="Käse 1", sheet="Prices"),
    Section(text=""),
)


async def stored(company: Company, *files: File) -> None:
    """Store files."""
    async with company.transaction() as transaction:
        for file in files:
            assert await transaction.files.add(file) == file


async def found(company: Company, wanted: FileFilter) -> Sequence[UUID]:
    """Return the ids of the files that are wanted, newest first."""
    async with company.transaction() as transaction:
        return [file.id for file in (await transaction.files.page(wanted, examples.ALL)).data]


class FileContract(StorageFixtures):
    """What is known of files, and what was read in them."""

    async def test_a_file_comes_back_as_it_was_stored(self, ours: Company) -> None:
        plain = a_file(metadata={})
        full = a_file(
            filename="Käse \U0001f9c0.xlsx",
            size=5 * 2**40,
            status=FileStatus.FAILED,
            progress=0.25,
            error="it is encrypted",
            summary="About cheese.",
            metadata={"author": "Ada", "sheets": ["a", "b"], "pages": None},
            task_id=examples.new_id(),
            uploaded_by_id=ours.admin.id,
        )
        await stored(ours, plain, full)
        async with ours.transaction() as transaction:
            assert await transaction.files.get(plain.id) == plain
            assert await transaction.files.get(full.id, lock=True) == full

    async def test_a_changed_file_is_stored_whole(self, ours: Company) -> None:
        file = a_file(uploaded_by_id=ours.admin.id)
        changed = replace(
            file,
            filename="other.txt",
            content_type="text/plain",
            status=FileStatus.READY,
            progress=1.0,
            error="none",
            summary="Short.",
            metadata={},
            task_id=examples.new_id(),
        )
        await stored(ours, file)
        async with ours.transaction() as transaction:
            await transaction.files.update(changed)
        async with ours.transaction() as transaction:
            assert await transaction.files.get(file.id) == changed

    async def test_an_uploader_has_each_content_once(self, ours: Company) -> None:
        first = a_file(uploaded_by_id=ours.admin.id)
        again = replace(first, id=examples.new_id(), filename="again.pdf")
        await stored(ours, first)
        async with ours.transaction() as transaction:
            assert await transaction.files.add(again) == first
            with pytest.raises(NotFoundError):
                await transaction.files.get(again.id)

    async def test_two_uploaders_can_have_the_same_content(self, ours: Company) -> None:
        other = examples.a_user(ours.organization.id)
        async with ours.transaction() as transaction:
            await transaction.users.add(other, "hash")
        first = a_file(uploaded_by_id=ours.admin.id)
        second = replace(first, id=examples.new_id(), uploaded_by_id=other.id)
        third = replace(first, id=examples.new_id(), uploaded_by_id=None)
        fourth = replace(third, id=examples.new_id())
        await stored(ours, first, second, third, fourth)

    async def test_files_are_found_by_what_they_are(self, ours: Company) -> None:
        ready = a_file(status=FileStatus.READY)
        failed = a_file(status=FileStatus.FAILED)
        await stored(ours, ready, failed)
        assert await found(ours, FileFilter()) == [failed.id, ready.id]
        assert await found(ours, FileFilter(status=FileStatus.READY)) == [ready.id]
        assert await found(ours, FileFilter(sha256=failed.sha256)) == [failed.id]
        assert await found(ours, FileFilter(ids=(ready.id, examples.new_id()))) == [ready.id]
        assert await found(ours, FileFilter(ids=())) == []

    async def test_a_removed_member_leaves_its_files(self, ours: Company) -> None:
        member = examples.a_user(ours.organization.id)
        file = a_file(uploaded_by_id=member.id)
        async with ours.transaction() as transaction:
            await transaction.users.add(member, "hash")
            await transaction.files.add(file)
            await transaction.users.remove(member.id)
        async with ours.transaction() as transaction:
            assert await transaction.files.get(file.id) == replace(file, uploaded_by_id=None)

    async def test_text_comes_back_in_its_order(self, ours: Company) -> None:
        file = a_file()
        await stored(ours, file)
        async with ours.transaction() as transaction:
            assert tuple(await transaction.file_texts.of_file(file.id)) == ()
            await transaction.file_texts.replace(file.id, TEXT)
            assert tuple(await transaction.file_texts.of_file(file.id)) == TEXT

    async def test_text_takes_the_place_of_what_was_read_before(self, ours: Company) -> None:
        file = a_file()
        await stored(ours, file)
        async with ours.transaction() as transaction:
            await transaction.file_texts.replace(file.id, TEXT)
            await transaction.file_texts.replace(file.id, TEXT[1:2])
        async with ours.transaction() as transaction:
            assert tuple(await transaction.file_texts.of_file(file.id)) == TEXT[1:2]
            await transaction.file_texts.replace(file.id, ())
            assert tuple(await transaction.file_texts.of_file(file.id)) == ()

    async def test_a_removed_file_is_gone_with_its_text(self, ours: Company) -> None:
        file = a_file()
        await stored(ours, file)
        async with ours.transaction() as transaction:
            await transaction.file_texts.replace(file.id, TEXT)
            await transaction.files.remove(file.id)
        async with ours.transaction() as transaction:
            assert tuple(await transaction.file_texts.of_file(file.id)) == ()
            with pytest.raises(NotFoundError):
                await transaction.files.get(file.id)


class AgentFileContract(StorageFixtures):
    """Which files an agent knows, and who sees them therefore."""

    async def test_an_agent_knows_what_it_was_given(self, ours: Company) -> None:
        agent = examples.an_agent(ours.organization.id)
        newer = a_file(created_at=examples.later(5))
        older = a_file()
        unknown = a_file()
        await stored(ours, newer, older, unknown)
        async with ours.transaction() as transaction:
            await transaction.agents.add(agent)
            for file in (newer, older, newer):
                await transaction.agent_files.link(agent.id, file.id)
        async with ours.transaction() as transaction:
            assert await transaction.agent_files.of_agent(agent.id) == [older.id, newer.id]
            assert await transaction.agent_files.is_known(older.id)
            assert not await transaction.agent_files.is_known(unknown.id)
        assert await found(ours, FileFilter(agent_id=agent.id)) == [newer.id, older.id]

    async def test_an_agent_can_be_made_to_forget(self, ours: Company) -> None:
        agent, file = examples.an_agent(ours.organization.id), a_file()
        await stored(ours, file)
        async with ours.transaction() as transaction:
            await transaction.agents.add(agent)
            await transaction.agent_files.link(agent.id, file.id)
            await transaction.agent_files.unlink(agent.id, file.id)
            assert await transaction.agent_files.of_agent(agent.id) == []
        with pytest.raises(NotFoundError):
            async with ours.transaction() as transaction:
                await transaction.agent_files.unlink(agent.id, file.id)

    async def test_a_removed_file_or_agent_is_known_no_more(self, ours: Company) -> None:
        kept, gone = (examples.an_agent(ours.organization.id) for _ in range(2))
        removed, left = a_file(), a_file()
        await stored(ours, removed, left)
        async with ours.transaction() as transaction:
            for agent in (kept, gone):
                await transaction.agents.add(agent)
                await transaction.agent_files.link(agent.id, removed.id)
            await transaction.agent_files.link(gone.id, left.id)
            await transaction.files.remove(removed.id)
            await transaction.agents.remove(gone.id)
        async with ours.transaction() as transaction:
            assert await transaction.agent_files.of_agent(kept.id) == []
            assert await transaction.agent_files.of_agent(gone.id) == []
            assert not await transaction.agent_files.is_known(left.id)
            assert await transaction.files.get(left.id) == left

    async def test_a_member_sees_its_own_files_and_what_an_agent_knows(self, ours: Company) -> None:
        agent = examples.an_agent(ours.organization.id)
        own = a_file(uploaded_by_id=ours.admin.id)
        known, hidden = a_file(), a_file()
        await stored(ours, own, known, hidden)
        async with ours.transaction() as transaction:
            await transaction.agents.add(agent)
            await transaction.agent_files.link(agent.id, known.id)
        assert await found(ours, FileFilter(seen_by=ours.admin.id)) == [known.id, own.id]
        wanted = FileFilter(seen_by=examples.new_id(), ids=(own.id, known.id, hidden.id))
        assert await found(ours, wanted) == [known.id]
