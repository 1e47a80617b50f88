"""Which kind of storage a URL chooses, and what that kind is given."""

from pathlib import Path

import pytest

from hexdesk.adapters.plugins import HostOptions, find_candidates, load_plugins
from hexdesk.core.additions import Additions
from hexdesk.entrypoints.bootstrap.database import POSTGRES, backend_for
from hexdesk.entrypoints.settings import SettingsError
from tests.unit.adapters.plugins.installing import install, on_path

LID = """
    from contextlib import asynccontextmanager
    import msgspec
    from hexdesk.core import PluginSettings, StorageBackend, hookimpl

    class LidSettings(msgspec.Struct, frozen=True):
        colour: str = "red"

    class Lid(StorageBackend):
        name = "lid"
        schemes = frozenset({"lid+postgresql"})
        lacks = ()
        is_shared = True

        def fitted(self, surroundings):
            lid = Lid()
            lid.colour = surroundings.settings.colour
            lid.under = surroundings.backend_for("postgresql://x/y")
            return lid
        @asynccontextmanager
        async def open(self, url, *, connections):
            raise NotImplementedError
            yield
        async def upgrade(self, url):
            return "closed"
        async def problem(self, url):
            return None

    @hookimpl
    def hexdesk_settings():
        return (PluginSettings(struct=LidSettings),)

    @hookimpl
    def hexdesk_storage_backends():
        return (Lid(),)
"""


def test_a_backend_gets_its_plugins_settings_and_the_backends_of_other_urls(
    tmp_path: Path,
) -> None:
    with on_path(tmp_path):
        install(tmp_path, "lid", LID)
        candidates = [one for one in find_candidates() if one.name == "lid"]
        options = HostOptions(core_version="0.1.0", environment={"HEXDESK_LID_COLOUR": "blue"})
        found = load_plugins(candidates, options)
        assert found.problem() is None
        lid = backend_for("lid+postgresql://x/y", found.additions)
    assert vars(lid) == {"colour": "blue", "under": POSTGRES}


def test_a_url_that_no_backend_takes_is_refused_with_those_that_are_taken() -> None:
    with pytest.raises(SettingsError, match="no storage for 'clay'; installed are postgres, postg"):
        backend_for("clay://x", Additions())
