"""What the vault sealed opens for the same purpose only, also after the secret has changed."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hexdesk.adapters.tokens.signing_keys import SigningKeys
from hexdesk.adapters.vault.aead import AeadVault

OLD = "an-old-secret-of-enough-characters"
NEW = "a-new-secret-of-enough-characters"


def vault(secrets: str = OLD) -> AeadVault:
    return AeadVault(SigningKeys(secrets).derive)


old_vault = vault()


@given(st.binary(max_size=2000), st.text(max_size=20))
@settings(database=None, deadline=None)
def test_anything_comes_out_as_it_went_in(plain: bytes, purpose: str) -> None:
    assert old_vault.open(old_vault.seal(plain, purpose=purpose), purpose=purpose) == plain


def test_what_is_sealed_does_not_show_and_never_looks_the_same() -> None:
    first, second = (old_vault.seal(b"hunter2", purpose="webhook") for _ in range(2))
    assert b"hunter2" not in first
    assert first != second


def test_it_opens_for_its_own_purpose_only() -> None:
    with pytest.raises(ValueError, match="for something else than 'journal', or by an unknown"):
        old_vault.open(old_vault.seal(b"hunter2", purpose="webhook"), purpose="journal")


def test_a_new_secret_in_front_opens_what_the_old_one_sealed_and_seals_anew() -> None:
    before, during, after = vault(OLD), vault(f"{NEW},{OLD}"), vault(NEW)
    old = before.seal(b"hunter2", purpose="webhook")
    assert during.open(old, purpose="webhook") == b"hunter2"
    assert after.open(during.seal(b"hunter2", purpose="webhook"), purpose="webhook") == b"hunter2"
    with pytest.raises(ValueError, match="unknown key"):
        after.open(old, purpose="webhook")


@given(st.data())
@settings(database=None, deadline=None)
def test_one_changed_bit_anywhere_is_noticed(data: st.DataObject) -> None:
    sealed = bytearray(old_vault.seal(b"hunter2", purpose="webhook"))
    position = data.draw(st.integers(0, len(sealed) - 1))
    sealed[position] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(ValueError, match="sealed"):
        old_vault.open(bytes(sealed), purpose="webhook")


@given(st.binary(max_size=60))
@settings(database=None, deadline=None)
def test_what_was_never_sealed_does_not_open(junk: bytes) -> None:
    with pytest.raises(ValueError, match="sealed"):
        old_vault.open(junk, purpose="webhook")
