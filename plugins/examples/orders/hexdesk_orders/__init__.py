"""Tools that look up and cancel orders in a company's own shop."""

from collections.abc import Iterable

from hexdesk.core import IntegrationType, PluginSettings, Tool, hookimpl
from hexdesk_orders.settings import OrderSettings
from hexdesk_orders.shop import Shop
from hexdesk_orders.tools import cancel_order, find_order


@hookimpl
def hexdesk_tools() -> Iterable[Tool]:
    """Return the tools."""
    return (find_order, cancel_order)


@hookimpl
def hexdesk_integration_types() -> Iterable[IntegrationType]:
    """Return the type by which a company connects its shop."""
    return (Shop(),)


@hookimpl
def hexdesk_settings() -> Iterable[PluginSettings]:
    """Return what an operator decides."""
    return (PluginSettings(struct=OrderSettings),)
