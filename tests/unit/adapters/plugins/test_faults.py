"""What anybody is told of a broken plugin, and what only operators are."""

from pathlib import Path

import pytest

from hexdesk.adapters.plugins import HostOptions, find_candidates, load_plugins
from tests.unit.adapters.plugins.installing import install, on_path

DSN = "postgresql://u:hunter2@h/db is down"
FAULTS = {
    "it cannot be imported": f"raise RuntimeError('{DSN}')",
    "hexdesk_tools failed": f"""
        from hexdesk.core import hookimpl
        @hookimpl
        def hexdesk_tools():
            raise RuntimeError("{DSN}")
    """,
    "its settings cannot be used": f"""
        import msgspec
        from hexdesk.core import PluginSettings, hookimpl
        class Settings(msgspec.Struct):
            days: int = 3
            def __post_init__(self):
                raise ValueError("{DSN}")
        @hookimpl
        def hexdesk_settings():
            return (PluginSettings(struct=Settings),)
    """,
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_a_plugins_code_says_is_for_operators_and_its_fault_for_anybody(
    tmp_path: Path, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    install(tmp_path, "broken", FAULTS[fault])

    with on_path(tmp_path):
        candidates = [one for one in find_candidates() if one.name == "broken"]
        found = load_plugins(candidates, HostOptions(core_version="0.1.0"))

    assert found.faults() == {"broken": fault}
    assert DSN in (found.problem() or "")
    [told] = caplog.records
    assert DSN in vars(told)["reason"]
