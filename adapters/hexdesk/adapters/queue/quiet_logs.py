"""A library's log lines as lines of our own, and no more of them than anybody reads."""

import logging
import time
from collections.abc import Generator
from contextlib import contextmanager

SECONDS = 30
DRAMATIQ_LEVEL = logging.WARNING


class _Seldom(logging.Handler):
    """Passes a message on, and the same one again only after a while.

    Twenty threads that have lost one server say so each second.
    """

    def __init__(self, told: logging.Logger) -> None:
        super().__init__(DRAMATIQ_LEVEL)
        self._told = told
        self._last: dict[str, float] = {}

    def emit(self, record: logging.LogRecord) -> None:
        now, text = time.monotonic(), str(record.msg)
        if now - self._last.get(text, -SECONDS) < SECONDS:
            return
        self._last[text] = now
        self._told.warning("queue trouble", extra={"reason": record.getMessage()})


@contextmanager
def quieted(library: logging.Logger, told: logging.Logger) -> Generator[None]:
    """Tell what a library logs by another logger, seldom and without traces, while inside."""
    handler, propagates = _Seldom(told), library.propagate
    library.addHandler(handler)
    library.propagate = False
    try:
        yield
    finally:
        library.removeHandler(handler)
        library.propagate = propagates
