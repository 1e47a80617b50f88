"""Types of integrations: what their configuration holds, and how they are checked."""

import base64
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Protocol
from uuid import UUID

import msgspec
from msgspec.structs import replace

from hexdesk.core.errors import EgressRefusedError, InvalidError, UnavailableError
from hexdesk.core.model.integrations import ConnectionCheck, Integration
from hexdesk.core.model.principals import Principal
from hexdesk.core.policy.mistakes import invalid
from hexdesk.core.policy.webhooks import KNOWN_EVENTS, event_body, signing_key, webhook_headers
from hexdesk.core.ports.clock import Clock
from hexdesk.core.ports.egress import CallTerms, Egress, EgressAnswer
from hexdesk.core.ports.storage import Transaction
from hexdesk.core.ports.vault import Vault

MASK = "********"
PURPOSE = "integration"
SEALED = "sealed:"
SEALED_JSON = "sealed-json:"
"""Of a secret that is more than one text."""
SUCCESS = 2
"""The class of the status codes that mean success."""


class IntegrationType(Protocol):
    """One type: `config` is its Struct, `secrets` are the names of the fields to hide."""

    name: str
    config: type[msgspec.Struct]
    secrets: frozenset[str]

    def refuse(self, config: Mapping[str, Any]) -> None:
        """Raise `InvalidError` for what fits the Struct and cannot be meant all the same."""
        return

    @abstractmethod
    def address(self, config: Mapping[str, Any]) -> str | None:
        """Return the address that the configuration makes hexdesk call, or None."""

    @abstractmethod
    async def check(self, config: Mapping[str, Any], http: Egress) -> tuple[int, str]:
        """Call the other system by `http`; return its status code and a sentence.

        Raise `EgressRefusedError` or `UnavailableError` when it cannot be called.
        """

    async def check_integration(
        self,
        who: Principal,
        integration: Integration,
        config: Mapping[str, Any],
        http: Egress,
    ) -> tuple[int | None, str]:
        """Call the system of an integration; return its status code, if it has such, and words.

        Raise as `check` does.
        """
        return await self.check(config, http)

    def refuse_claim(self, config: Mapping[str, Any], before: Mapping[str, Any] | None) -> None:
        """Raise `InvalidError` for a configuration that claims what may be somebody else's.

        Both are opened; `before` is what was configured until now, None where nothing was or
        where it cannot be read any more. What another system has vouched for is not asked about.
        """
        return

    async def keep(
        self, tx: Transaction, integration: Integration, config: Mapping[str, Any], *, is_new: bool
    ) -> None:
        """Store what belongs to an integration besides, when it is new or its config has changed.

        `config` is opened. Raise `ConflictError` if it cannot be beside another one.
        """
        return


# A delivery that was redirected to a GET would arrive without its event, and nobody reads bodies.
DELIVERY_TERMS = CallTerms(seconds=15, answer_bytes=0, follows_redirects=False)
TEST_EVENT = "hexdesk.test"


class WebhookConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a webhook's events go, and the secret that signs them."""

    url: Annotated[str, msgspec.Meta(min_length=1, max_length=2000, pattern=r"^https?://\S+$")]
    secret: Annotated[str, msgspec.Meta(min_length=1, max_length=500)] | None = None
    events: Annotated[
        tuple[Annotated[str, msgspec.Meta(min_length=1, max_length=100)], ...],
        msgspec.Meta(max_length=100),
    ] = ()


@dataclass(frozen=True, kw_only=True)
class Webhook(IntegrationType):
    """An address that is told what happens."""

    egress: Egress
    clock: Clock
    name: str = "webhook"
    config: type[msgspec.Struct] = WebhookConfig
    secrets: frozenset[str] = frozenset({"secret"})

    def refuse(self, config: Mapping[str, Any]) -> None:
        """Refuse events that there are not, and a secret that nobody could verify with."""
        for place, name in enumerate(config["events"]):
            if name not in KNOWN_EVENTS:
                known = ", ".join(sorted(KNOWN_EVENTS))
                message = f"there is no event {name!r}; known are {known}"
                raise InvalidError(message, pointer=f"/config/events/{place}")
        try:
            signing_key(config["secret"] or "")
        except ValueError as error:
            raise InvalidError(str(error), pointer="/config/secret") from error

    def address(self, config: Mapping[str, Any]) -> str | None:
        """Return the webhook's own address."""
        return str(config["url"])

    async def check(self, config: Mapping[str, Any], http: Egress) -> tuple[int, str]:
        """Post a test event."""
        body = event_body(TEST_EVENT, self.clock.now(), {})
        answer = await self.send(config, self.clock.new_id(), body)
        return answer.status_code, f"the address answered {answer.status_code}"

    async def send(self, config: Mapping[str, Any], event_id: UUID, body: bytes) -> EgressAnswer:
        """Post an event, signed with the secret of this moment; raise `ValueError` for a bad one.

        Raise as `Egress.post` does.
        """
        headers = webhook_headers(str(event_id), self.clock.now(), body, config.get("secret"))
        return await self.egress.post(str(config["url"]), body, headers, terms=DELIVERY_TERMS)


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegrationTypes:
    """The types there are, and how their configurations are checked, sealed, opened and masked."""

    types: Mapping[str, IntegrationType]
    vault: Vault
    clock: Clock
    egress: Egress

    def sealed(
        self, type_name: str, config: Mapping[str, Any], *, kept: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Return the configuration as it is stored; a masked secret is taken from `kept`.

        Raise `InvalidError` for an unknown type, a configuration that does not fit it or cannot
        be meant, or an address that may not be called.
        """
        kind = self._kind(type_name)
        try:
            checked = msgspec.convert(self._unmasked(kind, config, kept), kind.config)
        except msgspec.ValidationError as error:
            raise invalid(error, within="/config") from error
        # As it comes back from storage, with lists for tuples.
        stored: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(checked))
        kind.refuse(stored)
        address = kind.address(stored)
        if address:
            try:
                self.egress.check(address)
            except EgressRefusedError as error:
                raise InvalidError(str(error), pointer="/config/url") from error
        return {
            name: self._seal(value) if name in kind.secrets and value is not None else value
            for name, value in stored.items()
        }

    def opened(self, type_name: str, stored: Mapping[str, Any]) -> dict[str, Any]:
        """Return the configuration with its secrets."""
        secrets = self._kind(type_name).secrets
        return {
            name: self._open(value) if name in secrets and value is not None else value
            for name, value in stored.items()
        }

    def refuse_claim(
        self, type_name: str, stored: Mapping[str, Any], *, before: Mapping[str, Any] | None
    ) -> None:
        """Raise `InvalidError` for a configuration that claims what may be somebody else's."""
        try:
            until_now = None if before is None else self.opened(type_name, before)
        except ValueError:
            until_now = None
        self._kind(type_name).refuse_claim(self.opened(type_name, stored), until_now)

    def read(self, integration: Integration) -> Any:
        """Return the configuration as the Struct of its type, with its secrets.

        Raise `ValueError` for what can no longer be opened or does not fit the type any more.
        """
        opened = self.opened(integration.type, integration.config)
        return msgspec.convert(opened, self._kind(integration.type).config)

    def is_same(self, type_name: str, stored: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
        """Tell whether two stored configurations say the same, however they are sealed."""
        try:
            return self.opened(type_name, stored) == self.opened(type_name, other)
        except ValueError:
            return False

    def masked(self, integration: Integration) -> Integration:
        """Return the integration as it is shown."""
        kind = self.types.get(integration.type)
        config = {
            name: MASK if value is not None and (kind is None or name in kind.secrets) else value
            for name, value in integration.config.items()
        }
        return replace(integration, config=config)

    async def keep(self, tx: Transaction, integration: Integration, *, is_new: bool) -> None:
        """Store what belongs to an integration besides; raise as the type's own `keep` does."""
        config = self.opened(integration.type, integration.config)
        await self._kind(integration.type).keep(tx, integration, config, is_new=is_new)

    async def check(self, who: Principal, integration: Integration) -> ConnectionCheck:
        """Call the integration's system and say how it went."""
        started = self.clock.elapsed()
        status_code: int | None = None
        is_well = False
        try:
            config = self.opened(integration.type, integration.config)
            kind = self._kind(integration.type)
            status_code, detail = await kind.check_integration(
                who, integration, config, self.egress
            )
            is_well = status_code is None or status_code // 100 == SUCCESS
        except (EgressRefusedError, InvalidError, UnavailableError, ValueError) as error:
            detail = str(error)
        return ConnectionCheck(
            ok=is_well,
            status_code=status_code,
            latency_ms=round((self.clock.elapsed() - started) * 1000, 1),
            detail=detail,
        )

    def _kind(self, type_name: str) -> IntegrationType:
        try:
            return self.types[type_name]
        except KeyError as error:
            known = ", ".join(sorted(self.types))
            message = f"unknown type {type_name!r}; known are {known}"
            raise InvalidError(message, pointer="/type") from error

    def _unmasked(
        self, kind: IntegrationType, config: Mapping[str, Any], kept: Mapping[str, Any]
    ) -> dict[str, Any]:
        masked = {name for name in kind.secrets if config.get(name) == MASK}
        try:
            known = {name: self._open(kept[name]) for name in masked if kept.get(name) is not None}
        except ValueError as error:
            message = "the stored secret can no longer be read: give it again"
            raise InvalidError(message, pointer="/config") from error
        return {**config, **{name: known.get(name) for name in masked}}

    def _seal(self, secret: Any) -> str:
        is_text = isinstance(secret, str)
        plain = secret.encode() if is_text else msgspec.json.encode(secret)
        sealed = base64.b64encode(self.vault.seal(plain, purpose=PURPOSE)).decode()
        return (SEALED if is_text else SEALED_JSON) + sealed

    def _open(self, sealed: str) -> Any:
        is_json = sealed.startswith(SEALED_JSON)
        coded = sealed.removeprefix(SEALED_JSON).removeprefix(SEALED)
        plain = self.vault.open(base64.b64decode(coded), purpose=PURPOSE)
        return msgspec.json.decode(plain) if is_json else plain.decode()
