"""Finds plugins, takes in what they bring, and keeps out those that are broken."""

from hexdesk.adapters.plugins.entry_points import Candidate, find_candidates
from hexdesk.adapters.plugins.host import HostOptions, LoadedPlugins, PluginAction, load_plugins
from hexdesk.adapters.plugins.plugin import Plugin, PluginStatus

__all__ = [
    "Candidate",
    "HostOptions",
    "LoadedPlugins",
    "Plugin",
    "PluginAction",
    "PluginStatus",
    "find_candidates",
    "load_plugins",
]
