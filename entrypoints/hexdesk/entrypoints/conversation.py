"""A conversation with an agent over the public API, as any client would have it."""

import secrets
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager, suppress
from types import TracebackType
from typing import Any, Self
from uuid import UUID

import httpx2
import msgspec

API = "/api/v1"
ANSWER_SECONDS = 600
TERMINAL = frozenset({"run.completed", "run.failed"})
MOST_ATTEMPTS = 3
UNAUTHORIZED = 401


class ConversationError(Exception):
    """The API cannot be talked to; the message says why and what to do."""


class Event(msgspec.Struct, frozen=True):
    """One event of an answer's stream."""

    id: int
    type: str
    data: dict[str, Any]


class Conversation:
    """A client of the public API for one person."""

    def __init__(self, url: str) -> None:
        """Keep where the API is."""
        self._url = url
        self._http = httpx2.Client(
            base_url=url, timeout=httpx2.Timeout(30, read=ANSWER_SECONDS), trust_env=False
        )

    def __enter__(self) -> Self:
        """Return the client."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Sign out, if somebody signed in, and close the connections."""
        with closing(self._http):
            if isinstance(self._http.auth, _Session):
                body = {"refresh_token": self._http.auth.refresh_token}
                with suppress(httpx2.HTTPError):
                    self._http.post(f"{API}/auth/logout", json=body, auth=httpx2.Auth())

    def use_key(self, api_key: str) -> None:
        """Present an API key from now on."""
        self._http.headers["Authorization"] = f"Bearer {api_key}"

    def sign_in(self, email: str, password: str) -> None:
        """Present a member's access token from now on, and a fresh one when it expires."""
        tokens = self._call("POST", "/auth/login", {"email": email, "password": password})
        self._http.auth = _Session(tokens, f"{self._url}{API}/auth/refresh")

    def thread(self, thread_id: UUID | None, agent_id: UUID | None) -> UUID:
        """Return a thread: the one that is named, or a new one."""
        if thread_id:
            return UUID(self._call("GET", f"/chat/threads/{thread_id}")["id"])
        wish = {"agent_id": str(agent_id)} if agent_id else {}
        return UUID(self._call("POST", "/chat/threads", wish)["id"])

    def history(self, thread_id: UUID, count: int = 20) -> list[dict[str, Any]]:
        """Return the last messages of a thread, oldest of them first."""
        path = f"/chat/threads/{thread_id}/messages?sort=-created_at&limit={count}"
        messages: list[dict[str, Any]] = self._call("GET", path)["data"]
        return messages[::-1]

    def say(self, thread_id: UUID, content: str) -> Iterator[Event]:
        """Send a message and yield the events of its answer; a lost connection is resumed."""
        path = f"/chat/threads/{thread_id}"
        last, run_id, attempt = 0, None, 0
        key = secrets.token_urlsafe(16)
        while True:
            try:
                for event in self._stream(path, content, key, run_id, last):
                    last, run_id = event.id, event.data.get("run_id", run_id)
                    yield event
                    if event.type in TERMINAL:
                        return
            except httpx2.TransportError as error:
                if attempt == MOST_ATTEMPTS:
                    raise self._unreachable(error) from error
            attempt += 1
            if attempt > MOST_ATTEMPTS:
                raise ConversationError("the answer broke off several times: try again")

    def _stream(
        self, path: str, content: str, key: str, run_id: str | None, last: int
    ) -> Generator[Event]:
        headers = {"Accept": "text/event-stream", "Idempotency-Key": key}
        if run_id:
            headers["Last-Event-ID"] = str(last)
            request = self._http.stream("GET", f"{API}{path}/runs/{run_id}/events", headers=headers)
        else:
            request = self._http.stream(
                "POST", f"{API}{path}/messages", json={"content": content}, headers=headers
            )
        with request as response:
            if response.is_error:
                response.read()
                raise ConversationError(_words(response))
            yield from _events(response.iter_lines())

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        with self._reaching():
            response = self._http.request(method, API + path, json=body)
        if response.is_error:
            raise ConversationError(_words(response))
        return response.json()

    @contextmanager
    def _reaching(self) -> Generator[None]:
        try:
            yield
        except httpx2.TransportError as error:
            raise self._unreachable(error) from error

    def _unreachable(self, error: Exception) -> ConversationError:
        return ConversationError(
            f"cannot reach {self._url}: is `hexdesk up` running? ({type(error).__name__})"
        )


class _Session(httpx2.Auth):
    """Adds a session's access token to requests, and gets the next one when it is refused."""

    def __init__(self, tokens: dict[str, Any], refresh_url: str) -> None:
        self.refresh_token: str = tokens["refresh_token"]
        self._access_token: str = tokens["access_token"]
        self._refresh_url = refresh_url

    def auth_flow(
        self, request: httpx2.Request
    ) -> Generator[httpx2.Request, httpx2.Response, None]:
        request.headers["Authorization"] = f"Bearer {self._access_token}"
        response = yield request
        if response.status_code == UNAUTHORIZED:
            body = {"refresh_token": self.refresh_token}
            refreshed = yield httpx2.Request("POST", self._refresh_url, json=body)
            if refreshed.is_success:
                tokens = msgspec.json.decode(refreshed.read())
                self.refresh_token = tokens["refresh_token"]
                self._access_token = tokens["access_token"]
                request.headers["Authorization"] = f"Bearer {self._access_token}"
                yield request


def _events(lines: Iterator[str]) -> Generator[Event]:
    """Parse server-sent events (WHATWG HTML, section 9.2), as far as hexdesk sends them."""
    fields: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(":")
        if line and name:
            fields[name] = value.removeprefix(" ")
        elif not line and "data" in fields:
            data = msgspec.json.decode(fields["data"])
            yield Event(int(fields["id"]), fields["event"], data)
            fields = {}


def _words(response: httpx2.Response) -> str:
    try:
        problem = response.json()
    except ValueError:
        return f"the API answered {response.status_code}"
    return str(problem.get("detail") or problem.get("title") or response.status_code)
