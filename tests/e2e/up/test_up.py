"""`hexdesk up`: what it says at the start, what it refuses, how it ends and comes back."""

import json
import signal
from pathlib import Path
from typing import Any

import httpx2
import pytest

from hexdesk.entrypoints.demo import EMAIL
from tests.e2e.hexdesk_up import Up, free_ports, hexdesk, running_up

API = "/api/v1"
PASSWORD = "correct horse battery"
OWNERS_EYES = 0o600


def test_the_banner_says_where_everything_is(up: Up) -> None:
    assert "hexdesk is ready" in up.banner
    for address in (up.api, f"{up.api}/docs", f"{up.api}/health", f"{up.mcp}/mcp"):
        assert address in up.banner
    assert str(up.data_dir) in up.banner


def test_the_banner_says_which_model_answers_and_why(up: Up) -> None:
    assert "hexdesk-offline-1: built in, follows rules; set OPENAI_API_KEY" in up.banner


def test_the_banner_says_what_to_try_next_as_it_can_be_typed(up: Up) -> None:
    assert f"hexdesk chat --data-dir {up.data_dir} " in up.banner
    assert f"hexdesk doctor --data-dir {up.data_dir} " in up.banner


def test_the_addresses_of_the_banner_answer(up: Up) -> None:
    assert httpx2.get(f"{up.api}/docs", trust_env=False).status_code == 200
    for address in (up.api, up.mcp):
        health = httpx2.get(f"{address}/health", trust_env=False).json()
        assert (health["status"], health["components"]["database"]["status"]) == ("ok", "ok")


def test_the_demo_sign_in_of_the_banner_works(up: Up) -> None:
    access = demo_access(up)
    assert f"{access['email']}  {access['password']}" in up.banner

    signed_in = post(up, "/auth/login", access)

    assert signed_in.status_code == 200
    assert signed_in.json()["user"]["role"] == "admin"


def test_the_demo_desk_has_tickets_to_look_at(up: Up) -> None:
    token = post(up, "/auth/login", demo_access(up)).json()["access_token"]

    found = get(up, "/tickets?query=login", token).json()

    assert [one["title"] for one in found["data"]] == ["Login fails after a password reset"]


def test_secrets_are_for_their_owners_eyes_only(up: Up) -> None:
    modes = {
        path.name: path.stat().st_mode & 0o777
        for path in up.data_dir.iterdir()
        if path.name in ("secret_key", "demo.json")
    }
    assert modes == {"secret_key": OWNERS_EYES, "demo.json": OWNERS_EYES}
    # Others may pass through at most: root has PostgreSQL run by another account.
    assert up.data_dir.stat().st_mode & 0o666 == 0o600


def test_a_second_up_on_the_same_data_says_so(up: Up) -> None:
    second = hexdesk("up", "--data-dir", str(up.data_dir))

    assert second.returncode == 1
    assert second.stderr == (
        f"Error: hexdesk is up on {str(up.data_dir)!r} already, as process {up.process.pid},"
        f" at {up.api}: stop it, or choose another --data-dir and other ports\n"
    )


@pytest.mark.parametrize("option", ["--port", "--mcp-port"])
def test_a_taken_port_is_named_with_what_to_do(up: Up, folder: Path, option: str) -> None:
    [port, mcp_port] = free_ports()
    ports = {"--port": port, "--mcp-port": mcp_port, option: up.port}

    arguments = [word for name, value in ports.items() for word in (name, str(value))]
    refused = hexdesk("up", "--data-dir", str(folder / "other"), *arguments)

    assert refused.returncode == 1
    assert refused.stderr == (
        f"Error: cannot listen on 127.0.0.1:{up.port}: address already in use;"
        f" choose another with {option}\n"
    )
    assert not (folder / "other").exists()


def test_a_killed_desk_starts_again_with_its_data(folder: Path) -> None:
    data_dir = folder / "data"
    with running_up(data_dir, "--no-demo") as killed:
        token = register(killed)
        created = post(killed, "/tickets", {"title": "Printer on fire"}, token).json()
        killed.process.kill()
        killed.process.wait()

    # On the same ports, since a token is good for one address.
    ports = (killed.port, killed.mcp_port)
    with running_up(data_dir, "--no-demo", ports=ports) as up:
        signed_in = post(up, "/auth/login", {"email": "ada@example.com", "password": PASSWORD})
        new_token = signed_in.json()["access_token"]
        ticket = get(up, f"/tickets/{created['id']}", new_token).json()
        # The session of before the kill goes on too: the secret was kept.
        assert get(up, "/auth/me", token).status_code == 200
        assert ticket == created

        assert up.stop(signal.SIGTERM) == 0
        assert up.database_processes() == []


def test_a_desk_without_demo_has_no_demo_and_ends_on_ctrl_c_all_the_same(folder: Path) -> None:
    with running_up(folder / "data", "--no-demo") as up:
        assert "Demo sign-in" not in up.banner
        assert "hexdesk chat" not in up.banner
        assert not (up.data_dir / "demo.json").exists()
        assert post(up, "/auth/login", {"email": EMAIL, "password": PASSWORD}).status_code == 401

        token = register(up)
        thread = post(up, "/chat/threads", {}, token).json()["id"]
        headers = {"Authorization": f"Bearer {token}"}
        with httpx2.Client(base_url=up.api, headers=headers, trust_env=False) as client:
            # A connection that is kept open, as every browser does.
            assert client.get(f"{API}/chat/threads/{thread}").status_code == 200
            assert up.database_processes() != []

            assert up.stop(signal.SIGINT) == 0

        assert up.database_processes() == []
        assert "Traceback" not in up.log.read_text()


@pytest.mark.parametrize("option", ["--port", "--mcp-port"])
def test_a_port_that_is_none_is_refused_in_words(option: str) -> None:
    refused = hexdesk("up", option, "70000")

    assert refused.returncode == 2
    assert f"Invalid value for '{option}': 70000 is not in the range" in refused.stderr


def test_a_data_folder_that_cannot_be_made_is_named(folder: Path) -> None:
    (folder / "file").touch()
    [port, mcp_port] = free_ports()
    where = str(folder / "file" / "data")

    arguments = ("--data-dir", where, "--port", str(port), "--mcp-port", str(mcp_port))
    refused = hexdesk("up", *arguments)

    assert refused.returncode == 1
    assert refused.stderr == (
        f"Error: cannot make {where!r}: not a directory: choose another folder with --data-dir\n"
    )


def register(up: Up) -> str:
    """Found an organization and return its admin's access token."""
    wish = {"organization_name": "Acme", "email": "ada@example.com", "password": PASSWORD}
    answer = post(up, "/auth/register", wish)
    assert answer.status_code == 201
    token: str = answer.json()["access_token"]
    return token


def demo_access(up: Up) -> dict[str, str]:
    access: dict[str, str] = json.loads((up.data_dir / "demo.json").read_text())
    return access


def post(up: Up, path: str, body: dict[str, Any], token: str = "") -> httpx2.Response:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return httpx2.post(f"{up.api}{API}{path}", json=body, headers=headers, trust_env=False)


def get(up: Up, path: str, token: str) -> httpx2.Response:
    headers = {"Authorization": f"Bearer {token}"}
    return httpx2.get(f"{up.api}{API}{path}", headers=headers, trust_env=False)
