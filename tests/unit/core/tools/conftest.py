"""The desk and its people."""

from tests.unit.core.desk_fixtures import admin, scene, stranger, user

__all__ = ["admin", "scene", "stranger", "user"]
