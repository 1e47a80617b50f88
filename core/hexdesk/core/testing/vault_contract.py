"""What every vault does."""

import pytest

from hexdesk.core.ports.vault import Vault


class VaultContract:
    """Define a fixture `vault`."""

    @pytest.mark.parametrize("plain", [b"", b"secret", b"\x00\xff" * 1000])
    def test_a_secret_comes_out_as_it_went_in(self, vault: Vault, plain: bytes) -> None:
        assert vault.open(vault.seal(plain, purpose="integration"), purpose="integration") == plain

    def test_a_sealed_secret_does_not_show_it(self, vault: Vault) -> None:
        assert b"secret" not in vault.seal(b"secret", purpose="integration")

    def test_a_secret_opens_for_its_own_purpose_only(self, vault: Vault) -> None:
        sealed = vault.seal(b"secret", purpose="integration")
        with pytest.raises(ValueError, match="journal"):
            vault.open(sealed, purpose="journal")

    @pytest.mark.parametrize("sealed", [b"", b"never sealed", b"\xff" * 40])
    def test_what_was_never_sealed_does_not_open(self, vault: Vault, sealed: bytes) -> None:
        with pytest.raises(ValueError, match=r"\w"):
            vault.open(sealed, purpose="integration")
