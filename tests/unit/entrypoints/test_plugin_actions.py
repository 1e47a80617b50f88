"""What plugins want done when a process opens or closes, and what becomes of what fails."""

import sys
from pathlib import Path
from typing import Any

import pytest

from hexdesk.adapters.health.probes import StateProbe
from hexdesk.adapters.plugins import LoadedPlugins, Plugin, PluginAction, PluginStatus
from hexdesk.core.additions import HostContext, StartAction
from hexdesk.core.model.ai_config import AIConfig
from hexdesk.core.model.health import HealthStatus
from hexdesk.core.testing.recording_egress import RecordingEgress
from hexdesk.entrypoints.bootstrap.plugins import act
from hexdesk.entrypoints.bootstrap.site import Place, Site
from hexdesk.entrypoints.settings import Settings

SECRET = "postgresql://u:hunter2@h/db is down"


async def stumble(context: HostContext) -> None:
    raise RuntimeError(SECRET)


async def leave(context: HostContext) -> None:
    sys.exit(SECRET)


def of(plugin: str, run: Any, settings: Any = None) -> PluginAction:
    return PluginAction(plugin=plugin, action=StartAction(run=run), settings=settings)


def site_with(folder: Path, *plugins: Plugin) -> Site:
    place = Place(database_url="", secret_key="k" * 32, data_dir=folder)
    return Site.of(Settings(), place, AIConfig(), LoadedPlugins(plugins=plugins))


async def test_what_fails_is_named_and_logged_and_the_rest_is_done(
    caplog: pytest.LogCaptureFixture,
) -> None:
    seen: list[Any] = []

    async def note(context: HostContext) -> None:
        seen.append(context.settings)

    failed = await act(
        (of("shop", stumble), of("post", leave), of("good", note, settings=7)), RecordingEgress()
    )

    assert (failed, seen) == (("shop", "post"), [7])
    assert [vars(record)["plugin"] for record in caplog.records] == ["shop", "post"]
    assert caplog.text.count(SECRET) == 2


async def test_a_plugin_that_did_not_start_degrades_the_desk_and_is_named(tmp_path: Path) -> None:
    broken = Plugin(
        name="broken",
        version="1.0",
        status=PluginStatus.QUARANTINED,
        problem=f"it cannot be imported: {SECRET}",
        fault="it cannot be imported",
    )
    site = site_with(tmp_path, broken)
    site.failed_starts.extend(await act((of("shop", stumble),), RecordingEgress()))

    health = await StateProbe(name="plugins", problem=site.plugin_faults).check()

    assert health.status is HealthStatus.DEGRADED
    assert health.detail == "shop: hexdesk_start failed; broken: it cannot be imported"


def test_where_all_plugins_work_there_is_nothing_to_tell(tmp_path: Path) -> None:
    assert site_with(tmp_path).plugin_faults() is None
