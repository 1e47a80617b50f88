"""Keys for every purpose, derived from the installation's secrets."""

from hashlib import sha256

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

MIN_SECRET_LENGTH = 32
KEY_BYTES = 32
KEY_ID_LENGTH = 12
RECIPE = "python -c 'import secrets; print(secrets.token_urlsafe(32))'"


class SigningKeys:
    """The keys of one installation, from its secrets: the first signs, every one verifies.

    To change the secret without signing anybody out, put a new one in front and take the old
    one away when nothing signed or sealed by it is left.
    """

    def __init__(self, setting: str) -> None:
        """Take the comma-separated secrets of `HEXDESK_SECRET_KEY`."""
        secrets = tuple(part.strip() for part in setting.split(",") if part.strip())
        if not secrets:
            raise ValueError(f"no secret key: set HEXDESK_SECRET_KEY to the output of {RECIPE}")
        for position, secret in enumerate(secrets, start=1):
            if len(secret) < MIN_SECRET_LENGTH:
                raise ValueError(
                    f"secret {position} of {len(secrets)} in HEXDESK_SECRET_KEY has "
                    f"{len(secret)} characters, not the {MIN_SECRET_LENGTH} it needs: "
                    f"make one with {RECIPE}"
                )
        self._secrets = tuple(secret.encode() for secret in secrets)

    def derive(self, purpose: str) -> tuple[bytes, ...]:
        """Return the purpose's keys, newest first; what one purpose knows helps no other."""
        return tuple(
            HKDF(SHA256(), KEY_BYTES, salt=b"hexdesk", info=purpose.encode()).derive(secret)
            for secret in self._secrets
        )


def key_id(key: bytes) -> str:
    """Return a short public name of a key; it does not help to guess the key."""
    return sha256(b"key id:" + key).hexdigest()[:KEY_ID_LENGTH]
