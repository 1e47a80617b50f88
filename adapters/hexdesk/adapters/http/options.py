"""How the HTTP API is set up; made once at the composition root."""

import asyncio
from collections.abc import Callable

import msgspec

from hexdesk.core.model.limits import Rate

MEGABYTE = 1024 * 1024


class HttpRates(msgspec.Struct, frozen=True, kw_only=True):
    """How often one user, organization, address, or address that registers may call.

    None is off.
    """

    user: Rate | None = Rate("user", 600)
    organization: Rate | None = None
    address: Rate | None = Rate("address", 1200)
    register: Rate | None = Rate("register", 60)


class HttpOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What an installation decides about its API.

    `draining` is set when the process is about to end: streams end, and no more traffic should
    come. Addresses in the networks `trusted_proxies` are believed when they name the client they
    speak for.
    `metrics` renders a media type and a text; they are shown to everybody if
    `are_metrics_open`, else to whoever has `metrics_token`. `observe` is told of each answered
    request: its method, route template, status and seconds.
    """

    version: str = "0"
    public_url: str | None = None
    rates: HttpRates = HttpRates()
    draining: asyncio.Event = msgspec.field(default_factory=asyncio.Event)
    trusted_proxies: tuple[str, ...] = ()
    metrics: Callable[[], tuple[str, bytes]] | None = None
    are_metrics_open: bool = False
    metrics_token: str | None = None
    observe: Callable[[str, str, int, float], None] | None = None
    slow_seconds: float = 1.0
    heartbeat_seconds: float = 15.0
    most_body_bytes: int = 10 * MEGABYTE
