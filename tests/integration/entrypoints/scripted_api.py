"""An API that answers what it is told to, and cuts connections where it is told to."""

import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec

STREAM = "text/event-stream"


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """One answer; one that `is_cut` promises more than it sends."""

    status: int = 200
    body: bytes = b"{}"
    media_type: str = "application/json"
    is_cut: bool = False


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One request as it arrived; header names are in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(kw_only=True)
class ScriptedApi:
    """Gives the replies one after the other, and remembers what was asked."""

    url: str
    replies: list[Reply]
    requests: list[Request] = field(default_factory=list[Request])


def json(value: Any, status: int = 200) -> Reply:
    """Return an answer in JSON."""
    return Reply(status=status, body=msgspec.json.encode(value))


def events(*events: tuple[int, str, dict[str, Any]], is_cut: bool = False) -> Reply:
    """Return a stream of events."""
    frames = [
        b": heartbeat\n\n",
        *(
            b"id: %d\nevent: %s\ndata: %s\n\n" % (number, name.encode(), msgspec.json.encode(data))
            for number, name, data in events
        ),
    ]
    return Reply(body=b"".join(frames), media_type=STREAM, is_cut=is_cut)


@contextmanager
def scripted_api(*replies: Reply) -> Generator[ScriptedApi]:
    """Serve the replies on a free port."""
    api = ScriptedApi(url="", replies=list(replies))

    class Script(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
            """Stay silent."""

        def answer(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            api.requests.append(
                Request(
                    method=self.command,
                    path=self.path,
                    headers={name.lower(): value for name, value in self.headers.items()},
                    body=self.rfile.read(length),
                )
            )
            reply = api.replies.pop(0)
            self.send_response(reply.status)
            self.send_header("Content-Type", reply.media_type)
            self.send_header("Content-Length", str(len(reply.body) + reply.is_cut))
            self.end_headers()
            self.wfile.write(reply.body)
            self.close_connection = reply.is_cut

        do_GET = do_POST = answer  # noqa: N815 - the names that the library looks for

    with ThreadingHTTPServer(("127.0.0.1", 0), Script) as server:
        api.url = f"http://127.0.0.1:{server.server_address[1]}"
        serving = threading.Thread(target=server.serve_forever, args=(0.01,))
        serving.start()
        try:
            yield api
        finally:
            server.shutdown()
            serving.join()
