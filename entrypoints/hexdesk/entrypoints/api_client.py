"""A client of the public API for one person, as any client would be."""

from collections.abc import Generator
from contextlib import closing, contextmanager, suppress
from types import TracebackType
from typing import Any, Self

import httpx2
import msgspec

API = "/api/v1"
UNAUTHORIZED = 401
ANSWER_SECONDS = 30


class ApiError(Exception):
    """The API cannot be talked to, or refuses; the message says why and what to do."""


class ApiClient:
    """Calls the API, signed in or with a key."""

    def __init__(self, url: str, *, answer_seconds: float = ANSWER_SECONDS) -> None:
        """Keep where the API is, and how long an answer is waited for."""
        self._url = url
        timeout = httpx2.Timeout(ANSWER_SECONDS, read=answer_seconds)
        self._http = httpx2.Client(base_url=url, timeout=timeout, trust_env=False)

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
        tokens = self.call("POST", "/auth/login", {"email": email, "password": password})
        self._http.auth = _Session(tokens, f"{self._url}{API}/auth/refresh")

    def call(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        *,
        query: dict[str, Any] | None = None,
    ) -> Any:
        """Make a call and return its answer; raise `ApiError` for a refusal."""
        with self._reaching():
            response = self._http.request(method, API + path, json=body, params=query)
        if response.is_error:
            raise ApiError(words_of(response))
        return response.json()

    @contextmanager
    def _reaching(self) -> Generator[None]:
        try:
            yield
        except httpx2.TransportError as error:
            raise self._unreachable(error) from error

    def _unreachable(self, error: Exception) -> ApiError:
        return ApiError(
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


def words_of(response: httpx2.Response) -> str:
    """Return what a refusal says, in the API's own words where it has some."""
    try:
        problem = response.json()
    except ValueError:
        return f"the API answered {response.status_code}"
    return str(problem.get("detail") or problem.get("title") or response.status_code)
