"""Calls go out to the address that was checked, and come back within bounds."""

import asyncio
import gzip
import ssl
from collections.abc import AsyncGenerator, Sequence
from ipaddress import ip_network

import pytest

from hexdesk.adapters.egress.http import MAX_ANSWER_BYTES, HttpEgress
from hexdesk.core.errors import EgressRefusedError, UnavailableError
from tests.integration.local_server import LocalServer, local_server, response

# Nothing here is called over TLS, and reading the certificates of the world takes long.
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


class Names:
    """A name server that says what it is told, one answer after the other, the last for ever."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.asked: list[tuple[str, int]] = []
        self._answers = list(answers)

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append((host, port))
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]


@pytest.fixture
async def server() -> AsyncGenerator[LocalServer]:
    async with local_server() as running:
        yield running


@pytest.fixture
async def egress() -> AsyncGenerator[HttpEgress]:
    open_egress = HttpEgress(allow_private=True, tls=NO_TLS)
    yield open_egress
    await open_egress.aclose()


def url(server: LocalServer, path: str = "/hook", host: str = "127.0.0.1") -> str:
    return f"http://{host}:{server.port}{path}"


async def test_a_post_arrives_with_body_and_headers_and_its_answer_comes_back(
    server: LocalServer, egress: HttpEgress
) -> None:
    server.says("/hook?a=b", response(202, b"thanks", {"X-Seen": "yes"}))
    headers = {"Content-Type": "application/json", "X-Signature": "s"}
    answer = await egress.post(url(server, "/hook?a=b"), b'{"n":1}', headers)
    assert (answer.status_code, answer.body, answer.headers["x-seen"]) == (202, b"thanks", "yes")
    [heard] = server.heard
    assert (heard.method, heard.body) == ("POST", b'{"n":1}')
    assert heard.headers["content-type"] == "application/json"
    assert heard.headers["x-signature"] == "s"
    assert heard.headers["host"] == f"127.0.0.1:{server.port}"


async def test_names_are_looked_up_where_the_system_looks_them_up(
    server: LocalServer, egress: HttpEgress
) -> None:
    server.says("/hook", response(200))
    assert (await egress.post(url(server, host="localhost"), b"")).status_code == 200


async def test_private_addresses_are_not_called_unless_allowed(server: LocalServer) -> None:
    egress = HttpEgress(tls=NO_TLS)
    for host in ("127.0.0.1", "localhost", "127.1"):
        with pytest.raises(EgressRefusedError):
            await egress.post(url(server, host=host), b"")
    assert server.connections == 0


@pytest.mark.parametrize(
    "addresses", [["127.0.0.1"], ["93.184.216.34", "127.0.0.1"], ["::ffff:127.0.0.1"], ["fe80::1"]]
)
async def test_a_name_that_leads_to_a_private_address_is_refused(
    server: LocalServer, addresses: Sequence[str]
) -> None:
    egress = HttpEgress(resolve=Names(addresses), tls=NO_TLS)
    with pytest.raises(EgressRefusedError, match=r"'hooks\.example' lies in a network"):
        await egress.post(url(server, host="hooks.example"), b"")
    assert server.connections == 0


async def test_the_connection_goes_to_the_address_that_was_checked(server: LocalServer) -> None:
    names = Names(["127.0.0.1"], ["192.0.2.1"])
    egress = HttpEgress(allow_private=True, resolve=names, tls=NO_TLS)
    server.says("/hook", response(200))
    assert (await egress.post(url(server, host="hooks.example"), b"")).status_code == 200
    assert names.asked == [("hooks.example", server.port)]
    assert server.heard[0].headers["host"] == f"hooks.example:{server.port}"


async def test_the_next_address_is_tried_where_one_does_not_listen(server: LocalServer) -> None:
    names = Names(["::1", "127.0.0.1"])
    egress = HttpEgress(allow_private=True, resolve=names, tls=NO_TLS)
    server.says("/hook", response(200))
    assert (await egress.post(url(server, host="hooks.example"), b"")).status_code == 200


@pytest.mark.parametrize("status", [301, 302, 303])
async def test_most_redirects_are_followed_by_a_get_without_the_body(
    server: LocalServer, egress: HttpEgress, status: int
) -> None:
    server.says("/hook", response(status, headers={"location": "/there"}))
    server.says("/there", response(200, b"here"))
    assert (await egress.post(url(server), b"x", {"content-type": "a/b"})).body == b"here"
    assert [(heard.method, heard.body) for heard in server.heard] == [("POST", b"x"), ("GET", b"")]
    assert "content-type" not in server.heard[1].headers
    assert "content-length" not in server.heard[1].headers


@pytest.mark.parametrize("status", [307, 308])
async def test_some_redirects_repeat_the_request(
    server: LocalServer, egress: HttpEgress, status: int
) -> None:
    server.says("/hook", response(status, headers={"location": "there"}))
    server.says("/there", response(200))
    await egress.post(url(server), b"x", {"content-type": "a/b"})
    again = server.heard[1]
    assert (again.method, again.body, again.headers["content-type"]) == ("POST", b"x", "a/b")


async def test_three_redirects_are_followed_and_a_fourth_is_not(
    server: LocalServer, egress: HttpEgress
) -> None:
    for step in range(4):
        server.says(f"/{step}", response(307, headers={"location": f"/{step + 1}"}))
    server.says("/4", response(200))
    assert (await egress.post(url(server, "/1"), b"")).status_code == 200
    with pytest.raises(EgressRefusedError, match="more than 3 redirects"):
        await egress.post(url(server, "/0"), b"")


@pytest.mark.parametrize(
    "location",
    [
        "http://10.0.0.1/",
        "//[::1]/",
        "http://inner.example/",
        "http://127.2/",
        "file:///etc/passwd",
        "http://a:0/",
        "http://user:pw@hooks.example/",
        "http://a:x/",
    ],
)
async def test_each_step_of_a_redirect_is_checked(server: LocalServer, location: str) -> None:
    names = Names(["127.0.0.1"], ["10.0.0.1"])
    egress = HttpEgress(allow_networks=[ip_network("127.0.0.1/32")], resolve=names, tls=NO_TLS)
    server.says("/hook", response(307, headers={"location": location}))
    with pytest.raises(EgressRefusedError):
        await egress.post(url(server, host="hooks.example"), b"")


async def test_credentials_stay_with_the_host_they_are_for(
    server: LocalServer, egress: HttpEgress
) -> None:
    secret = {"Authorization": "Bearer x", "Cookie": "a=b", "X-Event": "e"}
    async with local_server() as other:
        server.says("/hook", response(307, headers={"location": "/next"}))
        server.says("/next", response(307, headers={"location": url(other)}))
        other.says("/hook", response(200))
        await egress.post(url(server), b"", secret)
        assert server.heard[1].headers["authorization"] == "Bearer x"
        [stranger] = other.heard
    assert stranger.headers["x-event"] == "e"
    assert not {"authorization", "cookie"} & set(stranger.headers)


async def test_cookies_are_not_kept_from_one_call_to_the_next(
    server: LocalServer, egress: HttpEgress
) -> None:
    server.says("/hook", response(200, headers={"set-cookie": "tenant=1"}))
    for _ in range(2):
        await egress.post(url(server), b"")
    assert "cookie" not in server.heard[1].headers
    assert server.connections == 2


async def test_an_answer_is_cut_at_its_limit(server: LocalServer, egress: HttpEgress) -> None:
    server.says("/hook", response(200, bytes(MAX_ANSWER_BYTES * 3)))
    assert len((await egress.post(url(server), b"")).body) == MAX_ANSWER_BYTES


async def test_a_packed_answer_is_not_unpacked(server: LocalServer, egress: HttpEgress) -> None:
    packed = gzip.compress(bytes(10_000_000))
    server.says("/hook", response(200, packed, {"content-encoding": "gzip"}))
    assert (await egress.post(url(server), b"")).body == packed
    assert server.heard[0].headers["accept-encoding"] == "identity"


@pytest.mark.parametrize("sent", [None, b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf"])
async def test_whoever_does_not_answer_in_time_is_unavailable(
    server: LocalServer, sent: bytes | None
) -> None:
    egress = HttpEgress(allow_private=True, seconds=0.2, tls=NO_TLS)
    server.answers["/hook"] = lambda _: sent
    with pytest.raises(UnavailableError, match=r"within 0\.2 seconds"):
        await egress.post(url(server), b"")


async def test_the_time_limit_holds_for_all_redirects_together(server: LocalServer) -> None:
    egress = HttpEgress(allow_private=True, seconds=0.3, tls=NO_TLS)
    server.says("/hook", response(307, headers={"location": "/slow"}))
    server.answers["/slow"] = lambda _: None
    started = asyncio.get_running_loop().time()
    with pytest.raises(UnavailableError):
        await egress.post(url(server), b"")
    assert asyncio.get_running_loop().time() - started < 2


@pytest.mark.parametrize("answer", [b"", b"SSH-2.0-OpenSSH\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n"])
async def test_whoever_speaks_no_http_is_unavailable(
    server: LocalServer, egress: HttpEgress, answer: bytes
) -> None:
    async def rude(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        writer.close()

    listening = await asyncio.start_server(rude, "127.0.0.1", 0)
    async with listening:
        port = listening.sockets[0].getsockname()[1]
        with pytest.raises(UnavailableError, match=r"cannot reach '127\.0\.0\.1'"):
            await egress.post(f"http://127.0.0.1:{port}/", b"")


async def test_a_closed_port_and_an_unknown_name_are_unavailable(server: LocalServer) -> None:
    closed = HttpEgress(allow_private=True, resolve=Names(["::1"]), tls=NO_TLS)
    with pytest.raises(UnavailableError, match=r"cannot reach 'hooks\.example'"):
        await closed.post(url(server, host="hooks.example"), b"")
    unknown = HttpEgress(resolve=Names([]), tls=NO_TLS)
    with pytest.raises(UnavailableError, match=r"cannot find 'hooks\.example'"):
        await unknown.post(url(server, host="hooks.example"), b"")
    with pytest.raises(UnavailableError, match="cannot find"):
        await HttpEgress(tls=NO_TLS).post(f"http://{'a' * 70}.example/", b"")


async def test_proxies_in_the_environment_are_not_asked(
    server: LocalServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with local_server() as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.port}")
        monkeypatch.setenv("ALL_PROXY", f"http://127.0.0.1:{proxy.port}")
        server.says("/hook", response(200))
        egress = HttpEgress(allow_private=True, tls=NO_TLS)
        assert (await egress.post(url(server), b"")).status_code == 200
        assert proxy.connections == 0
