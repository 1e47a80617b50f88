"""Logs: one line of JSON for each record, on standard error."""

from hexdesk.adapters.logs.structlog import configure

__all__ = ["configure"]
