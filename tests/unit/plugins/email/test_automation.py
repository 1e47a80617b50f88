"""What no person wrote is known, so that no two machines write to each other for ever."""

import pytest

from hexdesk_email.automation import automation_of, is_auto_reply
from hexdesk_email.parsing import parse_mail
from tests.unit.plugins.email.ugly_mail import BOUNCE, HEAD

DESK = "support@desk.test"


def reason(raw: bytes, *robots: str) -> str | None:
    return automation_of(parse_mail(raw), address=DESK, robots=robots)


@pytest.mark.parametrize(
    "header",
    [
        b"Auto-Submitted: auto-replied",
        b"Auto-Submitted: auto-generated; x=y",
        b"auto-submitted: AUTO-NOTIFIED",
        b"Precedence: bulk",
        b"Precedence: junk",
        b"Precedence: LIST",
        b"List-Id: <l.example.com>",
        b"List-Unsubscribe: <mailto:x@example.com>",
        b"X-Auto-Response-Suppress: All",
        b"X-Auto-Response-Suppress: DR, OOF, AutoReply",
        b"X-Autoreply: yes",
        b"X-Autorespond: Out of office",
        b"X-Loop: someone",
        b"Return-Path: <>",
        b"Return-Path: < >",
        b"X-Failed-Recipients: x@example.com",
        b"Content-Type: multipart/report; report-type=disposition-notification",
        b"X-Hexdesk-Loop: support@elsewhere.test",
        b"From: somebody@example.com",
    ],
)
def test_a_header_tells_a_program(header: bytes) -> None:
    assert reason(header + b"\r\n" + HEAD + b"\r\nhi")


@pytest.mark.parametrize(
    "header",
    [
        b"X-Nothing: at all",
        b"Auto-Submitted: no",
        b"Precedence: first-class",
        b"X-Auto-Response-Suppress: None",
        b"Return-Path: <ann@example.com>",
        b"Subject: Out of office",
    ],
)
def test_a_person_is_a_person(header: bytes) -> None:
    assert reason(header + b"\r\n" + HEAD + b"\r\nhi") is None


@pytest.mark.parametrize(
    "mailbox",
    [
        "mailer-daemon",
        "MAILER-DAEMON",
        "postmaster",
        "no-reply",
        "noreply",
        "no_reply",
        "donotreply",
        "do-not-reply",
        "noreply+abc",
        "bounce-123",
        "bounces+x",
        "notifications",
        "verify",
        "verification",
        "confirm",
    ],
)
def test_some_names_are_a_robots(mailbox: str) -> None:
    raw = HEAD.replace(b"ann@example.com", f"{mailbox}@example.com".encode())
    assert reason(raw + b"\r\nYour code is 1234")


@pytest.mark.parametrize("mailbox", ["ann", "norbert", "confirmed", "bob.noreply", "verifier"])
def test_other_names_are_not(mailbox: str) -> None:
    raw = HEAD.replace(b"ann@example.com", f"{mailbox}@example.com".encode())
    assert reason(raw + b"\r\nhi") is None


def test_an_organization_names_robots_of_its_own() -> None:
    raw = HEAD + b"\r\nhi"
    for robot in ("ann@example.com", "ANN", "@example.com"):
        assert reason(raw, robot) == "its sender is on the list of robots"
    assert reason(raw, "@other.example", "bob") is None


def test_the_desk_does_not_answer_itself() -> None:
    raw = HEAD.replace(b"ann@example.com", b"Support@Desk.Test")
    assert reason(raw + b"\r\nhi") == "it comes from the desk's own address"


def test_a_bounce_is_a_servers_report() -> None:
    assert reason(BOUNCE) == "it is a mail server's report"


def test_a_sender_who_is_a_riddle_is_not_answered() -> None:
    assert reason(b"From: a@b\r\nFrom: c@d\r\n\r\nhi") == "it names its sender twice"
    assert reason(b"\r\nhi") == "it names no sender that can be read"


def test_who_is_away_is_known() -> None:
    away = parse_mail(b"Auto-Submitted: auto-replied (vacation)\r\n" + HEAD + b"\r\nhi")
    robot = parse_mail(b"Auto-Submitted: auto-generated\r\n" + HEAD + b"\r\nhi")
    assert (is_auto_reply(away), is_auto_reply(robot)) == (True, False)
