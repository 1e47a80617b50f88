"""Files handed in at a running desk, as a program does it."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx2

FILES = "/api/v1/files"
DEADLINE_SECONDS = 60
LOOK_AGAIN_SECONDS = 0.1
ENDED = {"ready", "failed"}


@dataclass(frozen=True)
class Filing:
    """Somebody who hands files in at one address."""

    client: httpx2.Client

    def hand_in(self, name: str, content: bytes, **fields: str) -> dict[str, Any]:
        """Return what the desk says of a file."""
        answer = self.client.post(FILES, files={"file": (name, content)}, data=fields)
        assert answer.status_code == 202, answer.text
        return answer.json()

    def look(self, file: dict[str, Any], path: str = "") -> httpx2.Response:
        """Return what is answered about a file."""
        return self.client.get(f"{FILES}/{file['id']}{path}")

    def read(self, file: dict[str, Any]) -> dict[str, Any]:
        """Return the file when it is ready, or has failed."""
        until(lambda: self.look(file).json()["status"] in ENDED)
        return self.look(file).json()


def signed_in(address: str, answer: httpx2.Response) -> Filing:
    """Return somebody who hands in files with the token of an answer."""
    assert answer.is_success, answer.text
    token = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    return Filing(httpx2.Client(base_url=address, headers=token, trust_env=False, timeout=60))


def until(holds: Callable[[], bool]) -> None:
    """Return as soon as something holds; fail if it does not in good time."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(LOOK_AGAIN_SECONDS)
