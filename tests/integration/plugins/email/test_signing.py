"""A signature that a relay puts under what leaves is still true when it has arrived."""

from base64 import b64encode
from importlib import import_module
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from hexdesk.core.testing.channels_contract import an_outbound
from hexdesk_email import EmailChannel
from tests.integration.plugins.email.conftest import Connect
from tests.integration.plugins.email.dovecot_server import Dovecot
from tests.integration.plugins.email.mail_server import MailServer

LONGEST_LINE = 98  # a signed address is long, and cannot be folded
SIGNED = [b"from", b"to", b"subject", b"date", b"message-id", b"in-reply-to", b"references"]
KEY = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
PRIVATE = KEY.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
PUBLIC = KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
RECORD = b"v=DKIM1; k=rsa; p=" + b64encode(PUBLIC)
# It has no annotations to import it by.
DKIM: Any = import_module("dkim")


def is_true(mail: bytes) -> bool:
    def dns(_name: bytes, **_: object) -> bytes:
        return RECORD

    return DKIM.verify(mail, dnsfunc=dns)


@pytest.mark.parametrize(
    "text", ["It has **shipped**.", "Zoë, здравствуйте: " + "w" * 2_000, ".\n..\n\nFrom here\n  \n"]
)
async def test_a_relays_signature_is_true_on_arrival(
    connect: Connect, mail_server: MailServer, dovecot: Dovecot, text: str
) -> None:
    there = connect(smtp_port=mail_server.port, smtp_security="none")
    await EmailChannel().deliver(an_outbound(text), there)
    [envelope] = mail_server.got
    raw = bytes(envelope.original_content or b"")
    signature = DKIM.sign(raw, b"s1", b"desk.test", PRIVATE, include_headers=SIGNED)
    dovecot.deliver(signature + raw)
    with dovecot.opened() as program:
        _, [answer, _] = program.fetch("1", "(BODY.PEEK[])")
    assert isinstance(answer, tuple)
    arrived: bytes = answer[1]
    assert is_true(arrived)
    assert not is_true(arrived.replace(b"Subject: ", b"Subject: Not "))
    # What a relay has no reason to rewrite.
    assert raw.isascii()
    assert max(map(len, raw.split(b"\r\n"))) <= LONGEST_LINE
