"""`hexdesk chat`: one message, a pipe, an earlier conversation, and a person at a person."""

import re
import subprocess
from pathlib import Path

import httpx2
import pytest

from tests.e2e.hexdesk_up import Up, free_ports, hexdesk
from tests.e2e.person import person_at

UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"


@pytest.fixture(scope="module")
def said(up: Up) -> subprocess.CompletedProcess[str]:
    """Return what a message on the command line led to."""
    return up.chat("list resolved tickets")


def test_one_message_gets_one_answer_on_standard_output(
    said: subprocess.CompletedProcess[str],
) -> None:
    assert said.returncode == 0
    assert said.stdout == (
        "1 ticket with status resolved, newest first:\n\n"
        "- **#4** How do I add a colleague? (resolved, low priority)\n"
    )


def test_what_the_agent_did_is_told_beside_the_answer(
    said: subprocess.CompletedProcess[str],
) -> None:
    assert '● list_tickets {"status": "resolved"}\n  ✓ ok in ' in said.stderr
    assert re.search(r"hexdesk-offline-1 · \d+\.\d s · \d+ tokens", said.stderr)
    assert re.search(f"go on with: hexdesk chat --thread {UUID}\n$", said.stderr)


def test_text_in_a_pipe_is_the_message(up: Up) -> None:
    said = up.chat(stdin="list resolved tickets\n")

    assert said.returncode == 0
    assert said.stdout.startswith("1 ticket with status resolved")


def test_text_and_pipe_together_are_one_message(up: Up) -> None:
    said = up.chat("create a ticket: coffee machine is out of order", stdin="No milk since noon.")

    found = re.search(r"Created \*\*#(\d+)\*\*", said.stdout)
    assert found, said.stdout
    assert "No milk since noon." in up.chat(f"show #{found[1]}").stdout


def test_an_empty_pipe_says_nothing(up: Up) -> None:
    said = up.chat(stdin="")

    assert (said.returncode, said.stdout) == (0, "")


def test_a_conversation_goes_on_with_what_was_said(up: Up) -> None:
    first = up.chat("show #3")
    thread = re.search(UUID, first.stderr.splitlines()[-1])
    assert thread

    second = up.chat("--thread", thread[0], "who has it?")

    assert "you > show #3\nagent > **#3** CSV export drops the header row" in second.stderr
    # "it" is the ticket of the first message: the model was given the history.
    assert "#3" in second.stdout


def test_a_thread_that_does_not_exist_is_told(up: Up) -> None:
    nobodys = "01a20000-0000-7000-8000-000000000000"

    refused = up.chat("--thread", nobodys, "hello")

    assert (refused.returncode, refused.stderr) == (1, f"Error: no thread {nobodys}\n")


def test_a_member_signs_in_with_a_password_that_is_asked_for(up: Up) -> None:
    wish = {"organization_name": "Red", "email": "eve@red.example", "password": "correct horse"}
    registered = httpx2.post(f"{up.api}/api/v1/auth/register", json=wish, trust_env=False)
    assert registered.status_code == 201

    with person_at("chat", "--url", up.api, "--email", "eve@red.example") as person:
        person.wait_for("Password: ")
        person.type("correct horse\n")
        person.wait_for("you > ")
        person.type("search tickets for unicorns\n")
        person.wait_for("There are no tickets matching")
        person.type("/quit\n")
        assert person.exit_code() == 0
        assert "correct horse" not in person.seen


def test_at_a_terminal_the_conversation_goes_on_until_ctrl_d(up: Up) -> None:
    with person_at("chat", "--data-dir", str(up.data_dir)) as person:
        person.wait_for("you > ")
        person.type("show #2\n")
        person.wait_for("Invoice for October shows the wrong address")
        person.wait_for("you > ")
        person.type("\x04")
        person.wait_for("go on with: hexdesk chat --thread ")
        assert person.exit_code() == 0


def test_a_wrong_password_is_told_in_a_sentence(up: Up) -> None:
    with person_at("chat", "--url", up.api, "--email", "nobody@x.example") as person:
        person.wait_for("Password: ")
        person.type("not the password\n")
        person.wait_for("Error: wrong e-mail address or password")
        assert person.exit_code() == 1


def test_an_api_key_is_enough(up: Up) -> None:
    wish = {"organization_name": "Key", "email": "kim@key.example", "password": "correct horse"}
    tokens = httpx2.post(f"{up.api}/api/v1/auth/register", json=wish, trust_env=False).json()
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    made = httpx2.post(
        f"{up.api}/api/v1/api-keys", json={"name": "cli"}, headers=headers, trust_env=False
    )

    said = hexdesk(
        "chat", "--url", up.api, "search tickets for unicorns",
        env={"HEXDESK_API_KEY": made.json()["key"]},
    )  # fmt: skip

    assert (said.returncode, said.stderr.startswith("●")) == (0, True), said.stderr


def test_a_desk_that_is_not_there_is_told_with_what_to_do() -> None:
    [nobody] = free_ports(1)
    address = f"http://127.0.0.1:{nobody}"

    refused = hexdesk("chat", "--url", address, "--api-key", "hxd_x", "hello")

    assert refused.returncode == 1
    assert f"Error: cannot reach {address}: is `hexdesk up` running?" in refused.stderr


def test_without_anybody_to_be_the_ways_to_sign_in_are_told(tmp_path: Path) -> None:
    refused = hexdesk("chat", "--data-dir", str(tmp_path), "hello")

    assert refused.returncode == 2
    assert "start `hexdesk up`, or use --email or --api-key" in refused.stderr
