"""Keeps tickets in a system that the company has already, and everything else in PostgreSQL."""

from collections.abc import Iterable

from hexdesk.core import PluginSettings, StorageBackend, hookimpl
from hexdesk_remote_tickets.backend import RemoteTicketsBackend, RemoteTicketsSettings


@hookimpl
def hexdesk_settings() -> Iterable[PluginSettings]:
    """Let the operator say where the system is."""
    return (PluginSettings(struct=RemoteTicketsSettings, secrets=frozenset({"token"})),)


@hookimpl
def hexdesk_storage_backends() -> Iterable[StorageBackend]:
    """Take URLs that begin with `tickets+postgresql:`."""
    return (RemoteTicketsBackend(),)
