"""What everything that keeps passwords does."""

from hexdesk.core.ports.passwords import Passwords


class PasswordsContract:
    """Define fixtures `passwords`, and `stronger_passwords` that ask for more."""

    async def test_a_password_fits_its_own_hash_only(self, passwords: Passwords) -> None:
        kept = await passwords.hash("correct: horse battery")
        assert await passwords.verify("correct: horse battery", kept)
        assert not await passwords.verify("correct: horse", kept)
        assert not await passwords.verify("", kept)

    async def test_nobodys_hash_fits_no_password(self, passwords: Passwords) -> None:
        assert not await passwords.verify("correct horse battery", None)

    async def test_a_hash_is_outdated_once_more_is_asked_for(
        self, passwords: Passwords, stronger_passwords: Passwords
    ) -> None:
        kept = await passwords.hash("correct horse battery")
        assert not passwords.is_outdated(kept)
        assert stronger_passwords.is_outdated(kept)
        assert await stronger_passwords.verify("correct horse battery", kept)
