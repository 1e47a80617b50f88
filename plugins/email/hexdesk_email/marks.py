"""Addresses and message ids that only this desk can have made."""

import hashlib
import hmac
from base64 import b32decode, b32encode
from collections.abc import Iterable, Iterator
from uuid import UUID

import msgspec

MAC_BYTES = 10
TOKEN_LENGTH = 16
LONGEST_MAILBOX = 64  # RFC 5321, 4.5.3.1.1


class Marks(msgspec.Struct, frozen=True, kw_only=True):
    """Makes and recognizes what is signed for one mailbox: `key` belongs to it alone."""

    key: bytes
    address: str

    @property
    def inbox(self) -> str:
        """Return for whom the mail is that is handed over, so that only whoever knows it can."""
        return f"in-{self._mac('i', self.address)}"

    def reply_address(self, conversation_key: str) -> str | None:
        """Return the address by which an answer finds its conversation, if it can have one."""
        if not is_token(conversation_key):
            return None
        return self._tagged("c", conversation_key)

    def conversation_of(self, recipients: Iterable[str]) -> str | None:
        """Return the conversation that one of the addresses was made for."""
        return next(self._values_of("c", recipients), None)

    def bounce_address(self, message_id: UUID) -> str | None:
        """Return the envelope's sender for a message, by which a bounce tells what it is about."""
        return self._tagged("b", _text_of(message_id.bytes))

    def bounced_message(self, recipients: Iterable[str]) -> str | None:
        """Return the id of the message that a bounce to one of the addresses is about."""
        value = next(self._values_of("b", recipients), None)
        return None if value is None else self.message_id(UUID(bytes=_bytes_of(value)))

    def message_id(self, message_id: UUID) -> str:
        """Return the Message-ID of one of our messages: always the same, and not to be guessed."""
        value = message_id.hex
        return f"<{value}.{self._mac('m', value)}@{self.address.rpartition('@')[2]}>"

    def is_ours(self, message_id: str) -> bool:
        """Tell whether a message id is that of a message we sent."""
        value, _, mac = message_id.strip("<>").partition("@")[0].partition(".")
        return hmac.compare_digest(mac.encode(), self._mac("m", value).encode())

    def _tagged(self, kind: str, value: str) -> str | None:
        mailbox, _, domain = self.address.rpartition("@")
        tagged = f"{mailbox}+{kind}.{value}.{self._mac(kind, value)}"
        return f"{tagged}@{domain}" if len(tagged) <= LONGEST_MAILBOX else None

    def _values_of(self, kind: str, recipients: Iterable[str]) -> Iterator[str]:
        for recipient in recipients:
            tag = recipient.lower().rpartition("@")[0].partition("+")[2]
            name, _, rest = tag.partition(".")
            value, _, mac = rest.partition(".")
            if name == kind and hmac.compare_digest(mac.encode(), self._mac(kind, value).encode()):
                yield value

    def _mac(self, kind: str, value: str) -> str:
        signed = hmac.new(self.key, f"{kind}:{value}".encode(), hashlib.sha256).digest()
        return _text_of(signed[:MAC_BYTES])


def token(text: str) -> str:
    """Return a short name for a text that can stand in an address."""
    return _text_of(hashlib.sha256(text.encode()).digest()[:MAC_BYTES])


def is_token(text: str) -> bool:
    """Tell whether a text is such a name."""
    return len(text) == TOKEN_LENGTH and text == text.lower() and bool(_bytes_of(text))


def _text_of(value: bytes) -> str:
    # Some mail servers write addresses in lower case, so nothing may hang on that.
    return b32encode(value).decode().rstrip("=").lower()


def _bytes_of(text: str) -> bytes:
    try:
        return b32decode(text.upper() + "=" * (-len(text) % 8))
    except ValueError:
        return b""
