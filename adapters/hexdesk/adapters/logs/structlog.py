"""One line of JSON for each log record, whoever wrote it, and no secrets in it."""

import logging
import sys
from typing import TextIO

import msgspec
import structlog
from structlog.stdlib import ExtraAdder, ProcessorFormatter, add_log_level, add_logger_name
from structlog.typing import EventDict, Processor

from hexdesk.adapters.logs.redaction import redact

CHATTY_LIBRARIES = ("dramatiq", "httpcore2", "httpx2", "litestar", "mcp", "openai", "anthropic")


def configure(level: str = "INFO", *, json: bool = True, stream: TextIO | None = None) -> None:
    """Send what structlog and logging record to the stream, by default standard error."""
    # What holds for every record, whichever of the two it came through.
    shared: tuple[Processor, ...] = (
        structlog.contextvars.merge_contextvars,
        add_log_level,
        add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    )
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(_formatter(shared, json=json, colors=handler.stream.isatty()))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    # Warnings too: a bare line between the JSON breaks whoever reads it.
    logging.captureWarnings(capture=True)
    for library in CHATTY_LIBRARIES:
        logging.getLogger(library).setLevel(logging.WARNING)


def _formatter(shared: tuple[Processor, ...], *, json: bool, colors: bool) -> ProcessorFormatter:
    renderer: Processor = (
        _render_json
        if json
        else structlog.dev.ConsoleRenderer(
            colors=colors, exception_formatter=structlog.dev.plain_traceback
        )
    )
    return ProcessorFormatter(
        foreign_pre_chain=[ExtraAdder(), *shared],
        processors=[
            ProcessorFormatter.remove_processors_meta,
            # A traceback becomes text before secrets are looked for.
            structlog.processors.format_exc_info,
            _redact,
            renderer,
        ],
    )


def _redact(_logger: object, _method: str, event: EventDict) -> EventDict:
    return {key: redact(key, value) for key, value in event.items()}


def _render_json(_logger: object, _method: str, event: EventDict) -> str:
    return msgspec.json.encode(event).decode()
