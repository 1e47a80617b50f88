"""The ticket system of a company, as small as it can be, with moods."""

import json
import re
from collections.abc import Callable, Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from threading import Event, Lock, Thread
from typing import Any

TOKEN = "t0ken"
PATIENCE_SECONDS = 30
PATH = re.compile(r"^/organizations/([^/]+)/tickets/([^/]+)$")
Key = tuple[str, str]


def _never(_: str) -> bool:
    return False


class TicketServer:
    """Tickets of several companies, by company and id.

    `status` is what every call is answered with, `cuts` tells for which calls the connection ends
    without an answer after they were done, `is_hanging` keeps callers waiting until `go_on`.
    """

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.tickets: dict[Key, dict[str, Any]] = {}
        self.removed: set[Key] = set()
        self.heard: list[str] = []
        self.status: int | None = None
        self.cuts: Callable[[str], bool] = _never
        self.is_hanging = False
        self._going_on = Event()
        self._etags = count(1)
        self._lock = Lock()

    def of(self, organization_id: object) -> list[dict[str, Any]]:
        """Return the tickets of a company."""
        with self._lock:
            return [one for key, one in self.tickets.items() if key[0] == str(organization_id)]

    def change(self, ticket_id: object, **changes: Any) -> None:
        """Change a ticket as the company's own people do."""
        with self._lock:
            key = self._key(ticket_id)
            etag = f'"{next(self._etags)}"'
            self.tickets[key] = {**self.tickets[key], **changes, "etag": etag}

    def remove(self, ticket_id: object) -> None:
        """Remove a ticket as the company's own people do."""
        with self._lock:
            key = self._key(ticket_id)
            del self.tickets[key]
            self.removed.add(key)

    def lose(self, ticket_id: object) -> None:
        """Know nothing of a ticket any more."""
        with self._lock:
            del self.tickets[self._key(ticket_id)]

    def recover(self) -> None:
        """Be in no mood any more."""
        self.status, self.cuts, self.is_hanging = None, _never, False
        self._going_on.set()
        self._going_on = Event()

    def wait(self) -> None:
        """Keep a caller waiting until the server has recovered."""
        self._going_on.wait(PATIENCE_SECONDS)

    def answer(self, method: str, key: Key, headers: Any, body: bytes) -> tuple[int, Any]:
        """Do what a call wants, and return status and body."""
        with self._lock:
            if key[1] == "lookup":
                return 200, self._look_up(key[0], json.loads(body)["ids"])
            if method == "DELETE":
                if self.tickets.pop(key, None) is None:
                    return 404, None
                self.removed.add(key)
                return 204, None
            return self._put(key, headers, body)

    def _look_up(self, organization_id: str, ids: list[str]) -> Any:
        keys = [(organization_id, one) for one in ids]
        return {
            "tickets": [self.tickets[key] for key in keys if key in self.tickets],
            "removed": [key[1] for key in keys if key in self.removed],
        }

    def _put(self, key: Key, headers: Any, body: bytes) -> tuple[int, Any]:
        there = self.tickets.get(key)
        is_new = headers["if-none-match"] == "*"
        if is_new == (there is not None):
            return (412 if is_new else 410 if key in self.removed else 404), None
        if there is not None and headers["if-match"] != there["etag"]:
            return 412, None
        self.removed.discard(key)
        self.tickets[key] = {**json.loads(body), "etag": f'"{next(self._etags)}"'}
        return 200, self.tickets[key]

    def _key(self, ticket_id: object) -> Key:
        return next(key for key in self.tickets if key[1] == str(ticket_id))


class _Handler(BaseHTTPRequestHandler):
    """Hands each call to the system that it belongs to."""

    system: TicketServer

    def do_PUT(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def do_DELETE(self) -> None:
        self._answer()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - so it is called
        pass

    def _answer(self) -> None:
        system = self.system
        body = self.rfile.read(int(self.headers["content-length"] or 0))
        system.heard.append(f"{self.command} {self.path}")
        if system.is_hanging:
            system.wait()
            return
        status, answer = self._done(body)
        if system.cuts(self.command):
            return
        self.send_response(status)
        if answer is not None and "etag" in answer:
            self.send_header("etag", answer["etag"])
        self.end_headers()
        if answer is not None:
            self.wfile.write(json.dumps(answer).encode())

    def _done(self, body: bytes) -> tuple[int, Any]:
        if self.system.status is not None:
            return self.system.status, None
        found = PATH.match(self.path)
        if found is None:
            return 404, None
        if self.headers["authorization"] != f"Bearer {TOKEN}":
            return 401, None
        return self.system.answer(self.command, (found[1], found[2]), self.headers, body)


@contextmanager
def ticket_server() -> Generator[TicketServer]:
    """Run a ticket system until the block ends."""
    handler = type("Handler", (_Handler,), {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = False  # so that closing waits for whoever is being answered
    handler.system = system = TicketServer(server.server_port)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield system
    finally:
        system.recover()
        server.shutdown()
        thread.join()
        server.server_close()
