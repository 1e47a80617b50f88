"""Fixtures for tests of what a desk does: the desk, and people who have come to it."""

import pytest

from hexdesk.core.model.principals import Member
from tests.unit.core.scenes import Scene


@pytest.fixture
def scene() -> Scene:
    """Return a desk on fakes."""
    return Scene.of()


@pytest.fixture
async def admin(scene: Scene) -> Member:
    """Return the admin of an organization that has just signed up."""
    return await scene.founder()


@pytest.fixture
async def user(scene: Scene, admin: Member) -> Member:
    """Return a member of the same organization with the role `user`."""
    return await scene.member(admin)


@pytest.fixture
async def stranger(scene: Scene, admin: Member) -> Member:
    """Return the admin of another organization."""
    return await scene.founder("eve@example.org", "Other")
