"""The small files that `up` keeps in its data directory."""

from pathlib import Path

import msgspec
import pytest

from hexdesk.entrypoints.demo_access import DemoAccess, keep_demo_access, read_demo_access
from hexdesk.entrypoints.secret_file import secret_key
from hexdesk.entrypoints.served_at import find_api, keep_api_url, kept_api_url
from hexdesk.entrypoints.settings import Settings

ACCESS = DemoAccess(email="admin@demo.example", password="secret")
OWNERS_EYES = 0o600


def test_the_secret_is_made_once(tmp_path: Path) -> None:
    assert secret_key(tmp_path) == secret_key(tmp_path)


def test_every_installation_has_a_secret_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()

    assert secret_key(tmp_path / "a") != secret_key(tmp_path / "b")


def test_the_secret_is_long_and_for_its_owners_eyes_only(tmp_path: Path) -> None:
    assert len(secret_key(tmp_path)) >= 64
    assert (tmp_path / "secret_key").stat().st_mode & 0o777 == OWNERS_EYES


def test_the_demo_sign_in_is_kept_for_its_owners_eyes_only(tmp_path: Path) -> None:
    keep_demo_access(ACCESS, tmp_path)

    assert read_demo_access(tmp_path) == ACCESS
    assert (tmp_path / "demo.json").stat().st_mode & 0o777 == OWNERS_EYES


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"email": "x"}'])
def test_a_demo_sign_in_that_cannot_be_read_is_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "demo.json").write_bytes(content)

    assert read_demo_access(tmp_path) is None


def test_where_there_was_no_demo_there_is_no_sign_in(tmp_path: Path) -> None:
    assert read_demo_access(tmp_path / "nowhere") is None


def test_the_api_is_where_up_serves_it(tmp_path: Path) -> None:
    keep_api_url("http://127.0.0.1:8100", tmp_path)

    assert kept_api_url(tmp_path) == "http://127.0.0.1:8100"
    assert find_api(Settings(), tmp_path) == "http://127.0.0.1:8100"


def test_the_environment_knows_better_where_the_api_is(tmp_path: Path) -> None:
    keep_api_url("http://127.0.0.1:8100", tmp_path)
    told = Settings(environment={"HEXDESK_PUBLIC_URL": "https://desk.example"})

    assert find_api(told, tmp_path) == "https://desk.example"


def test_without_a_trace_of_up_the_api_is_at_its_default(tmp_path: Path) -> None:
    assert kept_api_url(tmp_path) is None
    assert find_api(Settings(), tmp_path) == "http://127.0.0.1:8000"


def test_the_demo_sign_in_is_what_other_programs_can_read(tmp_path: Path) -> None:
    keep_demo_access(ACCESS, tmp_path)

    assert msgspec.json.decode((tmp_path / "demo.json").read_bytes()) == {
        "email": ACCESS.email,
        "password": ACCESS.password,
    }
