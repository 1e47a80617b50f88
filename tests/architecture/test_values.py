"""Values do not change under anyone's feet."""

import importlib
import inspect
import pkgutil

import msgspec
import pytest

import hexdesk.core


def name_of(struct: type[msgspec.Struct]) -> str:
    """Return the value's name, below the core."""
    return f"{struct.__module__}.{struct.__name__}".removeprefix("hexdesk.core.")


STRUCTS = sorted(
    {
        value
        for info in pkgutil.walk_packages(hexdesk.core.__path__, "hexdesk.core.")
        if ".testing" not in info.name
        for _, value in inspect.getmembers(importlib.import_module(info.name), inspect.isclass)
        if issubclass(value, msgspec.Struct) and value.__module__.startswith("hexdesk.core")
    },
    key=name_of,
)


def test_there_are_values_to_check() -> None:
    assert {"Message", "Ticket", "User"} <= {struct.__name__ for struct in STRUCTS}


@pytest.mark.parametrize("struct", STRUCTS, ids=name_of)
def test_a_value_is_frozen(struct: type[msgspec.Struct]) -> None:
    assert struct.__struct_config__.frozen


@pytest.mark.parametrize("struct", STRUCTS, ids=name_of)
def test_a_value_that_needs_more_than_two_fields_takes_them_by_keyword(
    struct: type[msgspec.Struct],
) -> None:
    positional = [
        parameter.name
        for parameter in inspect.signature(struct).parameters.values()
        if parameter.kind is not parameter.KEYWORD_ONLY and parameter.default is parameter.empty
    ]
    assert len(positional) <= 2


@pytest.mark.parametrize("struct", STRUCTS, ids=name_of)
def test_a_value_holds_no_lists(struct: type[msgspec.Struct]) -> None:
    lists = [
        field.name
        for field in msgspec.structs.fields(struct)
        if getattr(field.type, "__origin__", field.type) in {list, set}
    ]
    assert lists == []
