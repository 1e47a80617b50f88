"""The few decisions that the nouns make themselves."""

import pytest

from hexdesk.core.model.agents import AgentOverrides
from hexdesk.core.model.ai_config import ModelChoice, Models
from hexdesk.core.model.identity import Role
from hexdesk.core.model.principals import (
    AgentRun,
    Customer,
    Member,
    Origin,
    System,
    person_behind,
)
from hexdesk.core.testing.examples import new_id

ORGANIZATION = new_id()
MEMBER = Member(
    organization_id=ORGANIZATION, user_id=new_id(), role=Role.USER, origin=Origin(ip="192.0.2.1")
)
CUSTOMER = Customer(organization_id=ORGANIZATION, customer_id="U1")
RUN = AgentRun(organization_id=ORGANIZATION, agent_id=new_id(), run_id=new_id(), acts_for=MEMBER)


@pytest.mark.parametrize("one", Role)
@pytest.mark.parametrize("other", Role)
def test_of_two_roles_the_weaker_counts(one: Role, other: Role) -> None:
    both = {one, other}
    assert one.weaker(other) is (Role.ADMIN if both == {Role.ADMIN} else Role.USER)


def test_behind_an_agent_is_the_person_it_acts_for_and_behind_the_desk_nobody() -> None:
    assert person_behind(RUN) is person_behind(MEMBER) is MEMBER
    assert person_behind(CUSTOMER) is CUSTOMER
    assert person_behind(System(organization_id=ORGANIZATION)) is None


def test_an_agent_comes_from_where_its_person_does() -> None:
    assert RUN.origin is MEMBER.origin


def test_a_layer_decides_what_is_neither_absent_nor_null() -> None:
    layer = AgentOverrides(name="Night shift", tone=None, temperature=0, tools_enabled=())
    assert layer.decided() == {"name": "Night shift", "temperature": 0, "tools_enabled": ()}


@pytest.mark.parametrize(
    ("allowed", "is_allowed"),
    [
        (None, True),
        ((), False),
        (("openai:gpt-4o",), True),
        (("openai:*",), True),
        (("anthropic:*", "openai:gpt-4?"), True),
        (("OpenAI:*",), False),
        (("openai:gpt-4",), False),
    ],
)
def test_models_are_allowed_by_patterns(
    allowed: tuple[str, ...] | None, *, is_allowed: bool
) -> None:
    model = ModelChoice("openai", "gpt-4o")
    assert str(model) == "openai:gpt-4o"
    assert Models(allowed=allowed).allows(model) == is_allowed
