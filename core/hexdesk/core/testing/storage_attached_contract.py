"""The part of the storage contract about tools of attached servers."""

import pytest
from msgspec.structs import replace

from hexdesk.core.errors import ConflictError, NotFoundError
from hexdesk.core.model.attached_tools import FoundTool
from hexdesk.core.model.integrations import Integration
from hexdesk.core.testing import examples
from hexdesk.core.testing.attached_examples import CANCEL, LOOK_UP, an_attached_tool
from hexdesk.core.testing.companies import Company
from hexdesk.core.testing.storage_fixtures import StorageFixtures


class AttachedToolContract(StorageFixtures):
    """Tools of attached servers."""

    @pytest.fixture
    async def shop(self, ours: Company) -> Integration:
        """Return an attached server of ours."""
        made = examples.an_integration(type="mcp", name="Shop", config={"url": "u"})
        async with ours.transaction() as transaction:
            await transaction.integrations.add(made)
        return made

    async def test_an_attached_tool_comes_back_as_it_was_stored(
        self, ours: Company, shop: Integration
    ) -> None:
        plain = an_attached_tool(shop.id, name="a")
        full = an_attached_tool(shop.id, name="b", changed=CANCEL, is_gone=True)
        async with ours.transaction() as transaction:
            for tool in (full, plain):
                await transaction.attached_tools.add(tool)
        async with ours.transaction() as transaction:
            assert list(await transaction.attached_tools.all()) == [
                FoundTool(tool=plain, source="Shop"),
                FoundTool(tool=full, source="Shop"),
            ]

    async def test_attached_tools_are_found_by_name_with_the_state_of_their_server(
        self, ours: Company, shop: Integration
    ) -> None:
        tools = [an_attached_tool(shop.id, name=name) for name in ("c", "B", "a")]
        async with ours.transaction() as transaction:
            for tool in tools:
                await transaction.attached_tools.add(tool)
            await transaction.integrations.update(replace(shop, name="Store", is_active=False))
            found = await transaction.attached_tools.named({"c", "B", "nobody's"})
            assert list(found) == [
                FoundTool(tool=tools[1], source="Store", is_active=False),
                FoundTool(tool=tools[0], source="Store", is_active=False),
            ]
            assert list(await transaction.attached_tools.named(())) == []

    async def test_what_changes_of_an_attached_tool_is_stored_and_its_name_stays(
        self, ours: Company, shop: Integration
    ) -> None:
        tool = an_attached_tool(shop.id)
        changed = replace(
            tool, accepted=CANCEL, changed=LOOK_UP, is_gone=True, accepted_at=examples.later(9)
        )
        async with ours.transaction() as transaction:
            await transaction.attached_tools.add(tool)
            await transaction.attached_tools.update(replace(changed, name="other", prefix="other"))
            [found] = await transaction.attached_tools.all()
            assert found.tool == changed
            await transaction.attached_tools.update(replace(changed, changed=None))
            [found] = await transaction.attached_tools.all()
            assert found.tool.changed is None

    async def test_a_name_belongs_to_one_attached_tool_of_an_organization(
        self, ours: Company, theirs: Company, shop: Integration
    ) -> None:
        other = examples.an_integration(type="mcp")
        async with ours.transaction() as transaction:
            await transaction.integrations.add(other)
            await transaction.attached_tools.add(an_attached_tool(shop.id, name="same"))
        with pytest.raises(ConflictError):
            async with ours.transaction() as transaction:
                await transaction.attached_tools.add(an_attached_tool(other.id, name="same"))
        async with theirs.transaction() as transaction:
            await transaction.integrations.add(replace(other, id=(new := examples.new_id())))
            await transaction.attached_tools.add(an_attached_tool(new, name="same"))
            assert len(await transaction.attached_tools.named(("same",))) == 1

    async def test_attached_tools_go_with_their_integration(
        self, ours: Company, shop: Integration
    ) -> None:
        async with ours.transaction() as transaction:
            await transaction.attached_tools.add(an_attached_tool(shop.id))
            await transaction.integrations.remove(shop.id)
            assert list(await transaction.attached_tools.all()) == []

    async def test_an_attached_tool_needs_its_integration(self, ours: Company) -> None:
        with pytest.raises(NotFoundError):
            async with ours.transaction() as transaction:
                await transaction.attached_tools.add(an_attached_tool(examples.new_id()))
