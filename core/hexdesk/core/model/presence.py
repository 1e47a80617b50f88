"""Presence: which processes of an installation are alive."""

from enum import StrEnum


class ProcessKind(StrEnum):
    """What a process is there for; one of `hexdesk up` is there for everything."""

    API = "api"
    MCP = "mcp"
    WORKER = "worker"
