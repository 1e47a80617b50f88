"""The secret key gives one key for each purpose, and says how to make a good one."""

import pytest

from hexdesk.adapters.tokens.signing_keys import SigningKeys, key_id

OLD = "an-old-secret-of-enough-characters"
NEW = "a-new-secret-of-enough-characters"


def test_the_same_secret_gives_the_same_keys_in_every_process() -> None:
    assert SigningKeys(OLD).derive("tokens") == SigningKeys(OLD).derive("tokens")


def test_keys_are_256_bits() -> None:
    assert [len(key) for key in SigningKeys(f"{NEW},{OLD}").derive("tokens")] == [32, 32]


def test_every_purpose_and_every_secret_has_a_key_of_its_own() -> None:
    keys = SigningKeys(f"{NEW},{OLD}")
    assert len({*keys.derive("tokens"), *keys.derive("capabilities")}) == 4


def test_the_first_secret_comes_first() -> None:
    both = SigningKeys(f"{NEW},{OLD}").derive("tokens")
    assert both == SigningKeys(NEW).derive("tokens") + SigningKeys(OLD).derive("tokens")


def test_blanks_around_secrets_do_not_count() -> None:
    assert SigningKeys(f" {OLD} , ").derive("tokens") == SigningKeys(OLD).derive("tokens")


def test_a_short_secret_is_refused_with_a_recipe_and_not_repeated() -> None:
    with pytest.raises(ValueError, match=r"secret 2 of 2 .* has 7 characters.*token_urlsafe") as no:
        SigningKeys(f"{NEW},hunter2")
    assert "hunter2" not in str(no.value)


@pytest.mark.parametrize("nothing", ["", " , "])
def test_no_secret_is_refused_with_a_recipe(nothing: str) -> None:
    with pytest.raises(
        ValueError, match=r"set HEXDESK_SECRET_KEY to the output of .*token_urlsafe"
    ):
        SigningKeys(nothing)


def test_a_key_has_a_short_name_that_does_not_show_it() -> None:
    [old] = SigningKeys(OLD).derive("tokens")
    [new] = SigningKeys(NEW).derive("tokens")
    assert key_id(old) != key_id(new)
    assert len(key_id(old)) == 12
    assert key_id(old) not in old.hex()
