"""What handlers are given: the desk, the caller, and the desk whose effects happen once."""

from typing import Any

from litestar import Request
from litestar.di import NamedDependency, Provide

from hexdesk.adapters.http.exchange import Exchange
from hexdesk.adapters.http.options import HttpOptions
from hexdesk.core.assembly import on_storage
from hexdesk.core.desk import Desk
from hexdesk.core.model.principals import Member, Origin

AnyRequest = Request[Any, Any, Any]


def providers(desk: Desk, options: HttpOptions) -> dict[str, Provide]:
    """Return the dependencies that every handler may name.

    `wanted` is what the query asks for. `once` is the desk on the storage of a call with an
    idempotency key, and the plain desk for one without. What is slow goes over `desk`, before any
    effect, so that no transaction waits.
    """

    def the_desk() -> Desk:
        return desk

    def the_options(desk: NamedDependency[Desk]) -> HttpOptions:
        return options

    sources = {
        "desk": the_desk,
        "options": the_options,
        "who": _who,
        "wanted": _wanted,
        "once": _once,
        "origin": _origin,
    }
    return {name: Provide(source, sync_to_thread=False) for name, source in sources.items()}


# Each depends on the one before: for two that do not, Litestar starts a task group each time.
def _who(request: AnyRequest, desk: NamedDependency[Desk]) -> Member:
    return request.user


def _wanted(request: AnyRequest, desk: NamedDependency[Desk], who: NamedDependency[Member]) -> Any:
    return Exchange.of(request.scope).query


def _once(request: AnyRequest, desk: NamedDependency[Desk], who: NamedDependency[Member]) -> Desk:
    storage = Exchange.of(request.scope).once
    return on_storage(desk, storage) if storage else desk


def _origin(request: AnyRequest, desk: NamedDependency[Desk]) -> Origin:
    return Exchange.of(request.scope).origin
