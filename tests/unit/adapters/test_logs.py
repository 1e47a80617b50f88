"""Every record is one line of JSON, says whose request it belongs to, and tells no secret."""

import io
import logging
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
import pytest
import structlog

from hexdesk.adapters.logs.redaction import HIDDEN, redact
from hexdesk.adapters.logs.structlog import CHATTY_LIBRARIES, configure

NAMES = ("", *CHATTY_LIBRARIES)


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """Give configured logging a place to write to, and take back what `configure` changed."""
    root = logging.getLogger()
    handlers, levels = root.handlers[:], {name: logging.getLogger(name).level for name in NAMES}
    # `configure` closes the handlers that it replaces; pytest's are still needed.
    root.handlers = []
    yield io.StringIO()
    root.handlers = handlers
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [msgspec.json.decode(line) for line in stream.getvalue().splitlines()]


def test_structlog_and_logging_write_the_same_kind_of_line(stream: io.StringIO) -> None:
    configure("info", json=True, stream=stream)
    structlog.get_logger("hexdesk.one").info("ticket created", number=7)
    logging.getLogger("hexdesk.two").info("ticket %s", "created", extra={"number": 7})
    first, second = lines(stream)
    for line in (first, second):
        at = datetime.fromisoformat(line.pop("timestamp"))
        assert abs((datetime.now(UTC) - at).total_seconds()) < 10
    expected = {"event": "ticket created", "level": "info", "number": 7}
    assert first == expected | {"logger": "hexdesk.one"}
    assert second == expected | {"logger": "hexdesk.two"}


def test_the_request_shows_in_every_line(stream: io.StringIO) -> None:
    configure("info", json=True, stream=stream)
    organization_id = UUID(int=1)
    with structlog.contextvars.bound_contextvars(
        request_id="r-1", organization_id=organization_id, user_id="u-1"
    ):
        structlog.get_logger().info("one")
        logging.getLogger("two").warning("two")
    logging.getLogger("three").warning("three")
    *inside, outside = lines(stream)
    for line in inside:
        assert line["request_id"] == "r-1"
        assert line["organization_id"] == str(organization_id)
        assert line["user_id"] == "u-1"
    assert "request_id" not in outside


def test_the_level_holds_for_both(stream: io.StringIO) -> None:
    configure("warning", json=True, stream=stream)
    structlog.get_logger("one").info("no")
    logging.getLogger("one").info("no")
    structlog.get_logger("one").warning("yes")
    assert [line["event"] for line in lines(stream)] == ["yes"]


@pytest.mark.parametrize("library", ["httpx2", "mcp.server.lowlevel", "litestar", "openai._base"])
def test_chatty_libraries_are_heard_when_something_is_wrong(
    stream: io.StringIO, library: str
) -> None:
    configure("debug", json=True, stream=stream)
    logging.getLogger(library).info("HTTP Request: POST https://user:pw@example.com")
    logging.getLogger(library).warning("wrong")
    logging.getLogger("asyncio").warning("Executing took 0.2 seconds")
    assert [line["logger"] for line in lines(stream)] == [library, "asyncio"]


def test_warnings_are_lines_too(stream: io.StringIO) -> None:
    configure("info", json=True, stream=stream)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=False)
        logging.captureWarnings(capture=True)
        warnings.warn("old spelling", DeprecationWarning, stacklevel=1)
        logging.captureWarnings(capture=False)
    [line] = lines(stream)
    assert line["logger"] == "py.warnings"
    assert "old spelling" in line["event"]


def connect(address: str) -> None:
    raise ConnectionError(f"cannot reach {address}")


@pytest.mark.parametrize("json", [True, False])
def test_no_secret_gets_out_under_its_name_or_in_a_text(stream: io.StringIO, *, json: bool) -> None:
    configure("debug", json=json, stream=stream)
    structlog.get_logger().info("one", password="hunter2", config={"api_key": "hunter2"})
    logging.getLogger("two").info("Authorization: Bearer hunter2", extra={"token": "hunter2"})
    try:
        connect("postgres://desk:hunter2@db/desk")
    except ConnectionError:
        structlog.get_logger().exception("three")
        logging.getLogger("four").exception("four")
    text = stream.getvalue()
    assert "hunter2" not in text
    assert text.count("Traceback") == 2
    assert text.count(HIDDEN) >= 6


def test_a_line_stays_one_line_whatever_is_in_it(stream: io.StringIO) -> None:
    configure("info", json=True, stream=stream)
    odd = {"nested": {1: {UUID(int=1)}}, "bytes": b"\xff", "half": "\ud800", "any": object()}
    structlog.get_logger().info('new\nline "quoted" \x00', **odd)
    [line] = lines(stream)
    assert line["event"] == 'new\nline "quoted" \x00'
    assert line["nested"] == {"1": [str(UUID(int=1))]}
    assert line["bytes"] == "[1 bytes]"
    assert line["half"] == "\\ud800"


def test_people_get_lines_to_read(stream: io.StringIO) -> None:
    configure("info", json=False, stream=stream)
    structlog.get_logger("hexdesk").info("ticket created", number=7)
    [line] = stream.getvalue().splitlines()
    assert "ticket created" in line
    assert "number=7" in line


@pytest.mark.parametrize(
    "name",
    [
        "password",
        "new_password",
        "refresh_token",
        "Authorization",
        "client_secret",
        "apiKey",
        "api-key",
        "x-api-key",
        "api_key",
        "Set-Cookie",
        "private_key",
        "credentials",
        "tokens",
    ],
)
def test_values_of_secret_names_are_hidden(name: str) -> None:
    assert redact(name, "hunter2") == HIDDEN
    assert redact("event", [{name: ["hunter2"]}]) == [{name: HIDDEN}]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("input_tokens", 7),
        ("max_tokens", 2000),
        ("api_key_id", "7"),
        ("token_type", "Bearer"),
        ("password", None),
        ("has_password", True),
        ("author", "Ada"),
        ("key", "value"),
    ],
)
def test_values_of_harmless_names_are_shown(name: str, value: Any) -> None:
    assert redact(name, value) == value


@pytest.mark.parametrize(
    "text",
    [
        "key hxd_abcDEF-123_x used",
        "key sk-proj-abcdefghij0123456789 used",
        "token eyJhbGciOi.eyJpc3MiOi.c2lnbmF0dXJl used",
        "authorization: bearer abcdef",
        "Basic YWRhOmh1bnRlcjI=",
        "postgresql+asyncpg://desk:hunter2@db:5432/desk",
    ],
)
def test_secrets_in_a_text_are_hidden(text: str) -> None:
    assert HIDDEN in redact("event", text)
    assert not any(secret in redact("event", text) for secret in ("hxd_a", "eyJ", "abcd", "YWRh"))
    assert "hunter2" not in redact("event", text)


def test_values_are_looked_into() -> None:
    class Login(msgspec.Struct):
        email: str
        password: str

    assert redact("data", Login("a@b", "hunter2")) == {"email": "a@b", "password": HIDDEN}


def test_what_contains_itself_ends() -> None:
    endless: list[Any] = []
    endless.append(endless)
    assert HIDDEN in str(redact("data", endless))
