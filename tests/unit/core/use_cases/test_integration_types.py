"""Types of integrations that need no address, as plugins may bring them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from hexdesk.core.model.principals import System
from hexdesk.core.ports.egress import Egress
from hexdesk.core.testing import PlainVault, RecordingEgress, SteadyClock
from hexdesk.core.testing.examples import an_integration, new_id
from hexdesk.core.use_cases.integration_types import MASK, IntegrationType, IntegrationTypes


class PagerConfig(msgspec.Struct, frozen=True, kw_only=True):
    number: str
    pin: str | None = None


@dataclass(frozen=True, kw_only=True)
class Pager(IntegrationType):
    name: str = "pager"
    config: type[msgspec.Struct] = PagerConfig
    secrets: frozenset[str] = frozenset({"pin"})

    def address(self, config: Mapping[str, Any]) -> str | None:
        return None

    async def check(self, config: Mapping[str, Any], http: Egress) -> tuple[int, str]:
        return 202, f"beeped {config['number']} with {config['pin']}"


TYPES = IntegrationTypes(
    types={"pager": Pager()}, vault=PlainVault(), clock=SteadyClock(), egress=RecordingEgress()
)


async def test_a_type_without_an_address_is_checked_with_its_secrets_open() -> None:
    config = TYPES.sealed("pager", {"number": "7", "pin": "1234"}, kept={})
    assert config["pin"] != "1234"
    pager = an_integration(type="pager", config=config)
    check = await TYPES.check(System(organization_id=new_id()), pager)
    assert (check.ok, check.status_code, check.detail) == (True, 202, "beeped 7 with 1234")
    assert TYPES.masked(pager).config == {"number": "7", "pin": MASK}


def test_an_absent_secret_is_neither_sealed_nor_masked() -> None:
    config = TYPES.sealed("pager", {"number": "7"}, kept={})
    assert config == TYPES.opened("pager", config) == {"number": "7", "pin": None}


def test_configurations_are_the_same_however_they_are_sealed() -> None:
    one = TYPES.sealed("pager", {"number": "7", "pin": "1234"}, kept={})
    other = TYPES.sealed("pager", {"number": "7", "pin": MASK}, kept=one)
    assert TYPES.is_same("pager", one, other)
    assert not TYPES.is_same("pager", one, {**one, "number": "8"})
