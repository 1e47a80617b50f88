"""Files that people attach to what they write."""

from collections.abc import AsyncGenerator

import aiohttp
import msgspec
from yarl import URL

from hexdesk.core import InboundFile, RetryAfterError, UnavailableError, UndeliverableError
from hexdesk_slack.calls import FIRST_FAILURE, OK, TOO_MANY, WebClient, asked, seconds
from hexdesk_slack.payloads import PostedFile

# A file may be long, but it may not stand still.
TIMEOUT = aiohttp.ClientTimeout(total=600, connect=10, sock_read=30)
PIECE_BYTES = 64 * 1024
LONGEST_FILE = 1024 * 1024 * 1024
MOST_REDIRECTS = 3
REDIRECTS = frozenset({301, 302, 303, 307, 308})
PAGE = "text/html"


class _Info(msgspec.Struct, frozen=True):
    file: PostedFile


async def content(file: InboundFile, client: WebClient) -> AsyncGenerator[bytes]:
    """Yield a file's bytes, and no more of them than Slack said that it has."""
    url = await _url(file, client)
    async with aiohttp.ClientSession(timeout=TIMEOUT) as session:
        try:
            async with await _opened(url, client, session) as response:
                _refuse_page(response, file)
                async for piece in _within(response, file):
                    yield piece
        except (aiohttp.ClientError, TimeoutError) as error:
            raise UnavailableError(f"Slack did not send the file: {error!r}") from error


async def _url(file: InboundFile, client: WebClient) -> str:
    if "://" in file.reference:
        return file.reference
    # In a channel that companies share, an event names no more than the file's id.
    answer = await asked(client.files_info(file=file.reference), _Info)
    return answer.file.url_private_download or ""


async def _opened(
    url: str, client: WebClient, session: aiohttp.ClientSession
) -> aiohttp.ClientResponse:
    """Return the answer of the address, or of where it leads within Slack."""
    address = _within_slack(url, client.base_url)
    for _ in range(MOST_REDIRECTS + 1):
        response = await session.get(
            address,
            headers={"Authorization": f"Bearer {client.token}", "Accept-Encoding": "identity"},
            # The token goes with every request, so that each place is looked at before.
            allow_redirects=False,
            proxy=client.proxy,
        )
        location = response.headers.get("Location")
        if response.status not in REDIRECTS or location is None:
            return _accepted(response)
        response.close()
        address = _within_slack(str(address.join(URL(location))), client.base_url)
    raise UndeliverableError("Slack sends from one place to the next, and never to the file")


def _within_slack(url: str, base_url: str) -> URL:
    """Return the address if it is one of Slack's, which alone may see the token."""
    slack = URL(base_url)
    try:
        address = URL(url)
        host = address.host or ""
        same_port = address.port == slack.port
    except ValueError as error:
        raise UndeliverableError("the address of the file is none") from error
    is_slack = host == slack.host or host.endswith(f".{slack.host}")
    if not (is_slack and same_port and address.scheme == slack.scheme and address.user is None):
        raise UndeliverableError(f"the file is not kept by Slack, but by {host!r}")
    return address


def _accepted(response: aiohttp.ClientResponse) -> aiohttp.ClientResponse:
    if response.status == OK:
        return response
    response.close()
    if response.status == TOO_MANY:
        wait = seconds(response.headers.get("Retry-After"))
        raise RetryAfterError("Slack asks to be left alone for a while", retry_after=wait)
    if response.status >= FIRST_FAILURE:
        raise UnavailableError(f"Slack failed: {response.status}")
    raise UndeliverableError(f"Slack does not give the file out ({response.status})")


def _refuse_page(response: aiohttp.ClientResponse, file: InboundFile) -> None:
    # Where the token may not read files, Slack answers with its page to sign in.
    if response.content_type == PAGE and not file.content_type.startswith(PAGE):
        raise UndeliverableError("the app may not read files: install it again")


async def _within(response: aiohttp.ClientResponse, file: InboundFile) -> AsyncGenerator[bytes]:
    most = LONGEST_FILE if file.size is None else min(file.size, LONGEST_FILE)
    got = 0
    async for piece in response.content.iter_chunked(PIECE_BYTES):
        got += len(piece)
        if got > most:
            raise UndeliverableError("the file is longer than Slack said")
        yield piece
