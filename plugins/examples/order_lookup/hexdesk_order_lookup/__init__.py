"""Looks orders up in the shop that a company has connected."""

from collections.abc import Iterable

from hexdesk.core import IntegrationType, Tool, hookimpl
from hexdesk_order_lookup.orders import find_order
from hexdesk_order_lookup.shop import Shop


@hookimpl
def hexdesk_integration_types() -> Iterable[IntegrationType]:
    """Let admins connect a shop."""
    return (Shop(),)


@hookimpl
def hexdesk_tools() -> Iterable[Tool]:
    """Let agents look orders up in it."""
    return (find_order,)
