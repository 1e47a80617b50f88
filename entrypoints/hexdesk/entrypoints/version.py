"""Which hexdesk this is."""

from importlib.metadata import version

VERSION = version("hexdesk")
