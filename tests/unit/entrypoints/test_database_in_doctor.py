"""What `hexdesk doctor` says to do about a database that cannot be used."""

from pathlib import Path

import pytest

from hexdesk.entrypoints.diagnosis import Finding, diagnose


def database(tmp_path: Path) -> Finding:
    (found,) = [one for one in diagnose(tmp_path) if one.subject == "database"]
    return found


def test_a_postgresql_that_does_not_answer_leads_to_its_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEXDESK_DATABASE_URL", "postgresql://hexdesk@127.0.0.1:1/hexdesk")

    found = database(tmp_path)

    assert found.status == "failure"
    assert found.fix == "see docs/how-to/use-your-own-postgresql.md"


@pytest.mark.parametrize("scheme", ["sqlite", "oracle"])
def test_another_storage_leads_to_its_plugin_and_not_to_postgresql(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("HEXDESK_DATABASE_URL", f"{scheme}:///{tmp_path}/file/desk.sqlite")

    found = database(tmp_path)

    assert found.status == "failure"
    assert "the plugin" in (found.fix or "")
    assert "postgresql" not in (found.fix or "")
