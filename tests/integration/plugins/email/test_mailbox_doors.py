"""How the desk gets into a mailbox, and what keeps its password safe."""

import asyncio

import pytest

from hexdesk.core.errors import (
    RetryAfterError,
    UnavailableError,
)
from hexdesk_email import EmailChannel
from tests.integration.plugins.email.conftest import Connect
from tests.integration.plugins.email.desk_end import DeskEnd, running
from tests.integration.plugins.email.dovecot_server import Dovecot
from tests.integration.plugins.email.letters import a_letter, bytes_of


def bring(dovecot: Dovecot, text: str = "Where is my parcel?") -> None:
    dovecot.deliver(bytes_of(a_letter(text)))


@pytest.mark.parametrize(
    ("security", "door"), [("tls", "imaps"), ("starttls", "imap"), ("none", "imap")]
)
async def test_a_mailbox_is_spoken_to_as_its_connection_says(
    dovecot: Dovecot, connect: Connect, security: str, door: str
) -> None:
    port = dovecot.imaps_port if door == "imaps" else dovecot.imap_port
    desk = DeskEnd()
    bring(dovecot)
    async with running(connect.mailbox(dovecot, imap_security=security, imap_port=port), desk):
        await desk.has(1)


@pytest.mark.parametrize("security", ["tls", "starttls"])
async def test_a_mailbox_with_another_name_gets_no_password(
    dovecot: Dovecot, connect: Connect, security: str
) -> None:
    port = dovecot.imaps_port if security == "tls" else dovecot.imap_port
    there = connect.mailbox(dovecot, imap_host="other.test", imap_security=security, imap_port=port)
    with pytest.raises(UnavailableError, match="certificate"):
        await EmailChannel().run(there, DeskEnd().emit)
    assert f"user=<{dovecot.user}>" not in dovecot.log()


async def test_a_wrong_password_is_not_tried_again_at_once(
    dovecot: Dovecot, connect: Connect
) -> None:
    with pytest.raises(RetryAfterError, match="sign-in") as refused:
        await EmailChannel().run(connect.mailbox(dovecot, imap_password="no"), DeskEnd().emit)
    assert refused.value.retry_after >= 60


async def test_a_mailbox_that_only_sends_takes_nothing_in(connect: Connect) -> None:
    async with running(connect(), DeskEnd()) as task:
        await asyncio.sleep(0)
        assert not task.done()
