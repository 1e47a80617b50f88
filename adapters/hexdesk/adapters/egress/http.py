"""Calls over HTTP to addresses that users configure."""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass
from ipaddress import ip_address

import httpx2
import msgspec

from hexdesk.adapters.egress.addresses import (
    LOOPBACK,
    IPAddress,
    IPNetwork,
    host_of,
    is_public,
    is_this_machine,
    literal_address,
    parse_url,
    port_of,
)
from hexdesk.core.errors import EgressRefusedError, OutcomeUnknownError, UnavailableError
from hexdesk.core.ports.egress import USUAL_TERMS, CallTerms, Egress, EgressAnswer

MAX_SECONDS = 10.0
MAX_ANSWER_BYTES = 1024 * 1024
MAX_REDIRECTS = 3
MAX_CONNECTIONS = 50
# They share the time there is.
MAX_ADDRESSES = 4
# From here on the other side may have got something.
FIRST_SENT = "send_request_headers.started"
REPEATED = frozenset({307, 308})
TURNED_INTO_GET = frozenset({301, 302, 303})
# Meant for the first address, and for no other that it names.
CREDENTIALS = ("authorization", "cookie", "proxy-authorization")
BODY_HEADERS = ("content-encoding", "content-length", "content-type", "transfer-encoding")

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]


@dataclass(slots=True, kw_only=True)
class _Trip:
    """What a call may take, and whether anything of it has gone out."""

    seconds: float
    answer_bytes: int
    follows_redirects: bool
    is_sent: bool = False

    async def note(self, event: str, _: object) -> None:
        self.is_sent = self.is_sent or event.endswith(FIRST_SENT)

    def failed(self, message: str) -> UnavailableError:
        return OutcomeUnknownError(message) if self.is_sent else UnavailableError(message)


class _Call(msgspec.Struct, frozen=True, kw_only=True):
    method: str
    url: httpx2.URL
    headers: httpx2.Headers
    body: bytes
    trip: _Trip


class HttpEgress(Egress):
    """Calls public addresses only, and exactly those that it has checked.

    A name is resolved once for each call, and the connection goes to the address that was
    checked, so that a name server cannot change its mind in between. There are no proxies, no
    cookies, and no connections that one call leaves to the next.
    """

    def __init__(
        self,
        *,
        allow_private: bool = False,
        allow_networks: Sequence[IPNetwork] = (),
        seconds: float = MAX_SECONDS,
        resolve: Resolve | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Call private networks too, all of them or those that are named."""
        self._allow_private = allow_private
        self._allow_networks = tuple(allow_networks)
        self._seconds = seconds
        self._resolve = resolve or _resolve
        # A transport instead of a client: a client would keep cookies, of all tenants in one jar.
        self._transport = httpx2.AsyncHTTPTransport(
            verify=tls or True,
            trust_env=False,
            limits=httpx2.Limits(max_connections=MAX_CONNECTIONS, max_keepalive_connections=0),
        )

    def check(self, url: str) -> None:
        self._checked(url)

    async def resolve(self, host: str, port: int) -> Sequence[str]:
        in_url = f"[{host}]" if ":" in host else host
        url = self._checked(f"https://{in_url}:{port}")
        return tuple(str(address) for address in await self._addresses(url))

    async def request(
        self,
        method: str,
        url: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        *,
        terms: CallTerms = USUAL_TERMS,
    ) -> EgressAnswer:
        target = self._checked(url)
        sent = httpx2.Headers({"user-agent": "hexdesk", "accept": "*/*", **(headers or {})})
        # What is packed could unpack to any size.
        sent["accept-encoding"] = "identity"
        trip = _Trip(
            seconds=self._seconds if terms.seconds is None else terms.seconds,
            answer_bytes=MAX_ANSWER_BYTES if terms.answer_bytes is None else terms.answer_bytes,
            follows_redirects=terms.follows_redirects,
        )
        call = _Call(method=method, url=target, headers=sent, body=body, trip=trip)
        try:
            async with asyncio.timeout(trip.seconds):
                return await self._follow(call)
        except TimeoutError as error:
            raise trip.failed(
                f"{host_of(target)!r} did not answer within {trip.seconds:g} seconds"
            ) from error

    async def aclose(self) -> None:
        """Close what is open."""
        await self._transport.aclose()

    async def _follow(self, call: _Call) -> EgressAnswer:
        for _ in range(MAX_REDIRECTS + 1):
            answer = await self._send(call)
            location = answer.headers.get("location")
            is_redirect = answer.status_code in REPEATED | TURNED_INTO_GET
            if location is None or not is_redirect or not call.trip.follows_redirects:
                return answer
            call = self._redirected(call, location, answer.status_code)
        raise EgressRefusedError(
            f"more than {MAX_REDIRECTS} redirects, the last to {host_of(call.url)!r}"
        )

    def _redirected(self, call: _Call, location: str, status_code: int) -> _Call:
        try:
            url = self._checked(str(call.url.join(location)))
        except httpx2.InvalidURL as error:
            raise EgressRefusedError(f"redirected to what is not a URL: {error}") from error
        if (call.url.scheme, url.scheme) == ("https", "http"):
            raise EgressRefusedError("redirected from https to http")
        headers = call.headers.copy()
        if _origin(url) != _origin(call.url):
            _drop(headers, CREDENTIALS)
        if status_code in REPEATED:
            return msgspec.structs.replace(call, url=url, headers=headers)
        _drop(headers, BODY_HEADERS)
        return msgspec.structs.replace(call, method="GET", url=url, headers=headers, body=b"")

    async def _send(self, call: _Call) -> EgressAnswer:
        *others, last = await self._addresses(call.url)
        rivals = len(others) + 1
        try:
            for address in others:
                # Where nobody listens nothing was sent, so the next address may get it.
                with suppress(httpx2.ConnectError, httpx2.ConnectTimeout):
                    return await self._send_to(address, call, rivals)
            return await self._send_to(last, call, rivals)
        except httpx2.TransportError as error:
            raise call.trip.failed(
                f"cannot reach {host_of(call.url)!r}: {error or type(error).__name__}"
            ) from error

    async def _send_to(self, address: IPAddress, call: _Call, rivals: int) -> EgressAnswer:
        headers = call.headers.copy()
        headers["host"] = call.url.netloc.decode("ascii")
        seconds = call.trip.seconds
        request = httpx2.Request(
            call.method,
            call.url.copy_with(host=str(address)),
            headers=headers,
            content=call.body or None,
            extensions={
                # The certificate must name the host that was asked for, not the address.
                "sni_hostname": host_of(call.url),
                "trace": call.trip.note,
                "timeout": {
                    "connect": seconds / rivals,
                    "read": seconds,
                    "write": seconds,
                    "pool": seconds,
                },
            },
        )
        response = await self._transport.handle_async_request(request)
        try:
            body = await _start_of_body(response, call.trip.answer_bytes)
        finally:
            await response.aclose()
        return EgressAnswer(
            status_code=response.status_code, headers=dict(response.headers), body=body
        )

    async def _addresses(self, url: httpx2.URL) -> Sequence[IPAddress]:
        host = host_of(url)
        literal = literal_address(host)
        if literal is not None:
            return (literal,)
        try:
            found = await self._resolve(host, port_of(url))
        except (OSError, UnicodeError) as error:
            raise UnavailableError(f"cannot find {host!r}: {error}") from error
        addresses = tuple(dict.fromkeys(ip_address(text) for text in found))
        if not addresses:
            raise UnavailableError(f"cannot find {host!r}: it has no address")
        for address in addresses:
            self._refuse_private(host, address)
        return addresses[:MAX_ADDRESSES]

    def _checked(self, url: str) -> httpx2.URL:
        parsed = parse_url(url)
        host = host_of(parsed)
        known = LOOPBACK if is_this_machine(host) else literal_address(host)
        if known is not None:
            self._refuse_private(host, known)
        return parsed

    def _refuse_private(self, host: str, address: IPAddress) -> None:
        if self._allow_private or is_public(address):
            return
        if not any(address in network for network in self._allow_networks):
            raise EgressRefusedError(f"{host!r} lies in a network that may not be called")


async def _resolve(host: str, port: int) -> Sequence[str]:
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(str(address[0]) for *_, address in found)


async def _start_of_body(response: httpx2.Response, most: int) -> bytes:
    if not most:
        return b""
    body = bytearray()
    async with aclosing(response.aiter_raw()) as parts:
        async for part in parts:
            body += part
            if len(body) >= most:
                break
    return bytes(body[:most])


def _origin(url: httpx2.URL) -> tuple[str, str, int]:
    return url.scheme, host_of(url), port_of(url)


def _drop(headers: httpx2.Headers, names: Sequence[str]) -> None:
    for name in names:
        headers.pop(name, None)
