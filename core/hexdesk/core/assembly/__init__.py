"""Putting the desk together from its ports."""

from hexdesk.core.assembly.opening import on_storage, open_desk

__all__ = ["on_storage", "open_desk"]
