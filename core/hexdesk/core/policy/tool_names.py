"""Names of attached tools, as models take them: `server__tool`, of at most 64 characters."""

import hashlib
import re
from collections.abc import Collection
from uuid import UUID

from hexdesk.core.policy.slugs import ascii_words

LONGEST_NAME = 64
LONGEST_PREFIX = 24
BETWEEN = "__"
HASH_LENGTHS = (8, 16, 32)
NOT_IN_NAMES = re.compile(r"[^a-zA-Z0-9_-]")


def is_attached(name: str) -> bool:
    """Tell whether a tool's name is one that only tools of attached servers have."""
    return BETWEEN in name


def prefix_for(name: str, integration_id: UUID, taken: Collection[str]) -> str:
    """Return the part of tools' names that is the server's: a slug of the integration's name.

    If another server of the organization has it, the integration's id is told apart in it.
    """
    words = ascii_words(name)[:LONGEST_PREFIX].strip("-")
    # Not the id's own beginning or end: ids that were made together share the one.
    mark = _hash(str(integration_id))[: HASH_LENGTHS[0]]
    slug = words or f"server-{mark}"
    return slug if slug not in taken else f"{slug}-{mark}"


def exposed_name(prefix: str, tool: str, taken: Collection[str]) -> str:
    """Return the name of a server's tool for agents, which none of `taken` is.

    What fits is kept as it is. What holds other characters or is too long is cut, and a hash of
    the server's own name for it tells it from what is cut alike.
    """
    clean = NOT_IN_NAMES.sub("_", tool)
    whole = f"{prefix}{BETWEEN}{clean}"
    if clean == tool and len(whole) <= LONGEST_NAME and whole not in taken:
        return whole
    marks = (_hash(tool)[:length] for length in HASH_LENGTHS)
    names = (f"{whole[: LONGEST_NAME - len(mark) - 1]}_{mark}" for mark in marks)
    return next(name for name in names if name not in taken)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
