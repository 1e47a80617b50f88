"""Slack's Web API on the loopback interface: strict about what it is asked, and as told."""

import asyncio
from collections import defaultdict, deque
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import msgspec
from aiohttp import web

from tests.slack.workspace import APP, TEAM, Arguments, Posted, RefusedError, Workspace

TOKEN = "xoxb-1-token"
CLIENT_ID, CLIENT_SECRET, CODE = "1.2", "a client's secret", "a-code"
JSON, FORM, QUERY = "application/json", "application/x-www-form-urlencoded", ""
FILE = b"a file of the customer"


class Method(NamedTuple):
    """How a method is to be called: what must be given, and what may."""

    verb: str
    kind: str
    required: frozenset[str]
    optional: frozenset[str] = frozenset()


def _method(verb: str, kind: str, required: str = "", optional: str = "") -> Method:
    return Method(verb, kind, frozenset(required.split()), frozenset(optional.split()))


METHODS = {
    "auth.test": _method("POST", QUERY),
    "users.info": _method("GET", QUERY, "user"),
    "files.info": _method("GET", QUERY, "file"),
    "conversations.replies": _method(
        "GET", QUERY, "channel ts", "oldest limit cursor include_all_metadata"
    ),
    "chat.postMessage": _method(
        "POST",
        JSON,
        "channel thread_ts metadata unfurl_links unfurl_media",
        "markdown_text text blocks",
    ),
    "chat.update": _method("POST", JSON, "channel ts metadata", "markdown_text text blocks"),
    "chat.delete": _method("POST", QUERY, "channel ts"),
    "chat.startStream": _method(
        "POST", JSON, "channel thread_ts chunks", "recipient_team_id recipient_user_id"
    ),
    "chat.appendStream": _method("POST", JSON, "channel ts chunks"),
    "chat.stopStream": _method("POST", JSON, "channel ts", "chunks metadata"),
    "assistant.threads.setStatus": _method("POST", JSON, "channel_id thread_ts status"),
    "assistant.threads.setTitle": _method("POST", QUERY, "channel_id thread_ts title"),
    "assistant.threads.setSuggestedPrompts": _method("POST", JSON, "channel_id thread_ts prompts"),
    "oauth.v2.access": _method("POST", FORM, "client_id client_secret code redirect_uri"),
}


class Behaviour(NamedTuple):
    """How one call goes, if not well: it has its effect first or not, and is then answered so."""

    has_effect: bool = False
    status: int = 200
    body: bytes = b""
    content_type: str = JSON
    headers: tuple[tuple[str, str], ...] = ()
    hangs_up: bool = False


def refused(code: str, **more: Any) -> Behaviour:
    """Return the refusal with a code."""
    return Behaviour(body=msgspec.json.encode({"ok": False, "error": code, **more}))


def limited(seconds: str | None = "7") -> Behaviour:
    """Return the wish to be left alone for a while."""
    headers = () if seconds is None else (("Retry-After", seconds),)
    return refused("ratelimited")._replace(status=429, headers=headers)


LOST_AFTER = Behaviour(has_effect=True, hangs_up=True)
LOST_BEFORE = Behaviour(hangs_up=True)


class SlackServer:
    """One workspace and its API; `mistakes` are calls that the true one would not understand."""

    def __init__(self) -> None:
        self.workspace = Workspace()
        self.port = 0
        self.calls: list[tuple[str, Arguments]] = []
        self.mistakes: list[str] = []
        self.tokens = {TOKEN}
        self.revoked: set[str] = set()
        self.installed: dict[str, Any] = {
            "access_token": TOKEN,
            "bot_user_id": APP,
            "team": {"id": TEAM, "name": "Acme"},
        }
        self.always: dict[str, Behaviour] = {}
        self.heard = asyncio.Event()
        self.downloads: list[tuple[str, str | None]] = []
        self.pages: dict[str, Callable[[], web.StreamResponse]] = {}
        self.breaking: set[str] = set()
        self._next: defaultdict[str, deque[Behaviour]] = defaultdict(deque)
        self._runner: web.AppRunner | None = None

    @property
    def base_url(self) -> str:
        """Return where the API is."""
        return f"http://127.0.0.1:{self.port}/api/"

    def url(self, path: str) -> str:
        """Return the address of a file."""
        return f"http://127.0.0.1:{self.port}/files-pri/{path}"

    def next_time(self, method: str, *behaviours: Behaviour) -> None:
        """Let the next calls of the method go so."""
        self._next[method].extend(behaviours)

    def called(self, method: str) -> list[Arguments]:
        """Return what the method was called with."""
        return [arguments for name, arguments in self.calls if name == method]

    async def start(self) -> None:
        """Listen."""
        app = web.Application(client_max_size=2**22)
        app.router.add_route("*", "/api/{method}", self._call)
        app.router.add_get("/files-pri/{path:.+}", self._file)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Be gone."""
        if self._runner:
            await self._runner.cleanup()

    async def _call(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["method"]
        arguments = await self._arguments(request, name)
        self.calls.append((name, arguments))
        self.heard.set()
        waiting = self._next[name]
        behaviour = waiting.popleft() if waiting else self.always.get(name)
        if behaviour is None:
            return web.json_response(self._done(request, name, arguments))
        if behaviour.has_effect:
            self._done(request, name, arguments)
        if behaviour.hangs_up and request.transport is not None:
            request.transport.abort()
        return web.Response(
            status=behaviour.status,
            body=behaviour.body,
            content_type=behaviour.content_type,
            headers=dict(behaviour.headers),
        )

    async def _arguments(self, request: web.Request, name: str) -> Arguments:
        arguments: Arguments = dict(request.query)
        if request.content_type == JSON and request.can_read_body:
            arguments |= await request.json()
        elif request.can_read_body:
            arguments |= dict(await request.post())
        method = METHODS.get(name)
        if method is None:
            self.mistakes.append(f"there is no method {name}")
            return arguments
        if request.method != method.verb:
            self.mistakes.append(f"{name} is a {method.verb}")
        if method.kind == JSON and request.content_type != JSON:
            self.mistakes.append(f"{name} takes JSON")
        missing = method.required - set(arguments)
        unknown = set(arguments) - method.required - method.optional
        if missing or unknown:
            self.mistakes.append(f"{name}: {missing} missing, {unknown} unknown")
        return arguments

    def _done(self, request: web.Request, name: str, arguments: Arguments) -> dict[str, Any]:
        try:
            if name != "oauth.v2.access":
                self._refuse_token(request)
            return {"ok": True, **self._answer(name, arguments)}
        except RefusedError as error:
            return {"ok": False, "error": str(error)}

    def _refuse_token(self, request: web.Request) -> None:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if token in self.revoked:
            raise RefusedError("token_revoked")
        if token not in self.tokens:
            raise RefusedError("invalid_auth")

    def _answer(self, name: str, arguments: Arguments) -> dict[str, Any]:
        space = self.workspace
        changes: dict[str, Callable[[Arguments], Posted]] = {
            "chat.postMessage": space.post,
            "chat.update": space.update,
            "chat.delete": space.delete,
            "chat.startStream": space.start,
            "chat.appendStream": space.append,
            "chat.stopStream": space.stop,
        }
        if name in changes:
            posted = changes[name](arguments)
            return {"channel": arguments["channel"], "ts": posted.ts}
        questions: dict[str, Callable[[Arguments], dict[str, Any]]] = {
            "auth.test": lambda _: {"team_id": TEAM, "team": "Acme", "user": "hexdesk"},
            "users.info": space.person,
            "files.info": space.file,
            "conversations.replies": space.replies,
            "oauth.v2.access": self._install,
        }
        if name in questions:
            return questions[name](arguments)
        if name.startswith("assistant.threads.") and not space.streams:
            raise RefusedError("missing_scope")
        shown = arguments.get("status", arguments.get("title")) or str(arguments.get("prompts", ""))
        space.assistant.append((name.rpartition(".")[2], shown))
        return {}

    def _install(self, arguments: Arguments) -> dict[str, Any]:
        if (arguments["client_id"], arguments["client_secret"]) != (CLIENT_ID, CLIENT_SECRET):
            raise RefusedError("bad_client_secret")
        if arguments["code"] != CODE:
            raise RefusedError("invalid_code")
        return self.installed

    async def _file(self, request: web.Request) -> web.StreamResponse:
        path, token = request.match_info["path"], request.headers.get("Authorization")
        self.downloads.append((path, token))
        if path in self.breaking and request.transport is not None:
            response = web.StreamResponse(headers={"Content-Length": "5"})
            await response.prepare(request)
            await response.write(b"ab")
            request.transport.close()
            return response
        if path in self.pages:
            return self.pages[path]()
        if token != f"Bearer {TOKEN}":
            return web.Response(text="<html>Sign in</html>", content_type="text/html")
        return web.Response(body=FILE, content_type="text/plain")


@asynccontextmanager
async def slack_server() -> AsyncGenerator[SlackServer]:
    """Run a workspace until the block ends, and hold it against whoever calls it wrongly."""
    server = SlackServer()
    await server.start()
    try:
        yield server
    finally:
        await server.stop()
    assert server.mistakes == []
