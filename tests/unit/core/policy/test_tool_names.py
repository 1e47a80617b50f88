"""Names of attached tools: what models take, and the same each time."""

import re
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as some

from hexdesk.core.policy.tool_names import exposed_name, is_attached, prefix_for
from tests.unit.core.laws import law

NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
ID = UUID(int=7)


@pytest.mark.parametrize(
    ("name", "prefix"),
    [
        ("Shop", "shop"),
        ("  Müller & Söhne GmbH ", "muller-sohne-gmbh"),
        ("A name that is longer than it can be", "a-name-that-is-longer-th"),
        ("a__b", "a-b"),
    ],
)
def test_a_server_has_a_slug_of_its_name(name: str, prefix: str) -> None:
    assert prefix_for(name, ID, ()) == prefix


def test_a_name_without_a_letter_that_ascii_has_is_told_apart_by_the_id() -> None:
    first, second = prefix_for("商店", ID, ()), prefix_for("商店", UUID(int=8), ())
    assert re.fullmatch(r"server-[0-9a-f]{8}", first)
    assert first != second


def test_of_two_servers_of_one_name_the_second_is_told_apart_and_always_alike() -> None:
    second = prefix_for("Shop", ID, {"shop"})
    assert re.fullmatch(r"shop-[0-9a-f]{8}", second)
    assert second == prefix_for("Shop", ID, {"shop", "another"})


def test_a_name_that_fits_is_kept_as_it_is() -> None:
    assert exposed_name("shop", "Look_up-7", ()) == "shop__Look_up-7"


def test_a_name_with_other_characters_is_told_from_one_that_is_written_alike() -> None:
    names = {exposed_name("shop", tool, ()) for tool in ("look.up", "look/up", "look up")}
    assert len(names) == 3
    assert all(re.fullmatch(r"shop__look_up_[0-9a-f]{8}", name) for name in names)


def test_a_name_that_is_too_long_is_cut_with_a_hash_that_stays() -> None:
    long = "x" * 80
    name = exposed_name("shop", long, ())
    assert name == exposed_name("shop", long, {"others"})
    assert len(name) == 64
    assert re.fullmatch(r"shop__x+_[0-9a-f]{8}", name)
    assert name != exposed_name("shop", f"{long}y", ())


def test_a_name_that_was_chosen_to_collide_does_not() -> None:
    taken = exposed_name("shop", "look.up", ())
    other = exposed_name("shop", taken.removeprefix("shop__"), {taken})
    assert other != taken
    longer = exposed_name("shop", "look.up", {taken})
    assert re.fullmatch(r"shop__look_up_[0-9a-f]{16}", longer)


def test_half_a_character_has_a_name_too() -> None:
    assert NAME.fullmatch(exposed_name("shop", "\ud800", ()))


@law
@given(some.text(), some.text(), some.uuids())
def test_every_name_is_one_that_models_take(server: str, tool: str, key: UUID) -> None:
    prefix = prefix_for(server, key, ())
    again = prefix_for(server, key, {prefix})
    for one in (prefix, again):
        name = exposed_name(one, tool, ())
        assert NAME.fullmatch(name)
        assert is_attached(name)
        other = exposed_name(one, tool, {name})
        assert NAME.fullmatch(other)
        assert other != name
