"""The way out for HTTP clients of others' making, under the same rules."""

import ssl
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

import httpx2

from hexdesk.adapters.egress.addresses import IPAddress, host_of

Find = Callable[[str], Awaitable[tuple[httpx2.URL, Sequence[IPAddress]]]]


class CheckedTransport(httpx2.AsyncBaseTransport):
    """Connects to exactly those addresses that were checked, for each request anew.

    Give it to clients that talk to one host only: a connection that is kept was made for the name
    of that host.
    """

    def __init__(self, find: Find, tls: ssl.SSLContext) -> None:
        """Keep what finds and checks addresses: it raises as `Egress.post` does."""
        self._find = find
        self._transport = httpx2.AsyncHTTPTransport(verify=tls, trust_env=False)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        url, (*others, last) = await self._find(str(request.url))
        for address in others:
            # Where nobody listens nothing was sent, so the next address may get it.
            with suppress(httpx2.ConnectError, httpx2.ConnectTimeout):
                return await self._send_to(address, url, request)
        return await self._send_to(last, url, request)

    async def aclose(self) -> None:
        await self._transport.aclose()

    async def _send_to(
        self, address: IPAddress, url: httpx2.URL, request: httpx2.Request
    ) -> httpx2.Response:
        headers = request.headers.copy()
        headers["host"] = url.netloc.decode("ascii")
        sent = httpx2.Request(
            request.method,
            url.copy_with(host=str(address)),
            headers=headers,
            stream=request.stream,
            # The certificate must name the host that was asked for, not the address.
            extensions={**request.extensions, "sni_hostname": host_of(url)},
        )
        return await self._transport.handle_async_request(sent)
