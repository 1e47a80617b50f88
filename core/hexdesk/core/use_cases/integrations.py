"""Integrations: connecting other systems, and finding out whether they answer."""

from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from hexdesk.core.errors import InvalidError
from hexdesk.core.model.integrations import ConnectionCheck, Integration, IntegrationStatus
from hexdesk.core.model.listing import Page, Slice
from hexdesk.core.model.principals import Principal
from hexdesk.core.policy.changes import given
from hexdesk.core.policy.listing import check_sort
from hexdesk.core.policy.rights import Right, require
from hexdesk.core.ports.clock import Clock
from hexdesk.core.ports.storage import Storage
from hexdesk.core.use_cases.attached_refresh import RefreshTools, ScheduleRefresh
from hexdesk.core.use_cases.audit import Auditor
from hexdesk.core.use_cases.integration_types import IntegrationTypes
from hexdesk.core.use_cases.mcp_servers import MCP

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=r"[^\s\x1c-\x1f\x85]")]


class NewIntegration(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an integration is made from; what `config` holds depends on the type."""

    type: Name
    name: Name
    config: dict[str, Any]


class IntegrationChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What changes of an integration; what is absent stays, and so does a masked secret.

    The `type` may be named, and stays as it is.
    """

    type: Name | UnsetType = UNSET
    name: Name | UnsetType = UNSET
    config: dict[str, Any] | UnsetType = UNSET
    is_active: bool | UnsetType = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class ListIntegrations:
    """Show what the organization has connected."""

    storage: Storage
    types: IntegrationTypes

    async def __call__(
        self, who: Principal, part: Slice, *, active_only: bool = False
    ) -> Page[Integration]:
        """Return a part of the list, secrets masked."""
        require(who, Right.READ_INTEGRATIONS)
        check_sort(Integration, part.sort)
        async with self.storage.transaction(who) as tx:
            page = await tx.integrations.page(part, active_only=active_only)
        return replace(page, data=tuple(self.types.masked(one) for one in page.data))


@dataclass(frozen=True, slots=True, kw_only=True)
class GetIntegration:
    """Show one integration."""

    storage: Storage
    types: IntegrationTypes

    async def __call__(self, who: Principal, integration_id: UUID) -> Integration:
        """Return the integration, secrets masked."""
        require(who, Right.READ_INTEGRATIONS)
        async with self.storage.transaction(who) as tx:
            return self.types.masked(await tx.integrations.get(integration_id))


@dataclass(frozen=True, slots=True, kw_only=True)
class AddIntegration:
    """Connect another system."""

    storage: Storage
    clock: Clock
    types: IntegrationTypes
    auditor: Auditor
    schedule_refresh: ScheduleRefresh

    async def __call__(
        self, who: Principal, wish: NewIntegration, *, is_vouched: bool = False
    ) -> Integration:
        """Return the integration; raise `InvalidError` for an unknown type or a wrong config.

        `is_vouched` if the config comes from the other system, which has let `who` in there.
        """
        require(who, Right.CHANGE_INTEGRATIONS)
        integration = Integration(
            id=self.clock.new_id(),
            type=wish.type,
            name=wish.name,
            config=self.types.sealed(wish.type, wish.config, kept={}),
            created_at=self.clock.now(),
        )
        if not is_vouched:
            self.types.refuse_claim(wish.type, integration.config, before=None)
        async with self.storage.transaction(who) as tx:
            await tx.integrations.add(integration)
            await self.types.keep(tx, integration, is_new=True)
            target = ("integration", integration.id)
            await self.auditor.note(tx, who, "integration.added", target=target, type=wish.type)
            await self.schedule_refresh(tx, who, integration)
        return self.types.masked(integration)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeIntegration:
    """Change an integration's name or configuration, or switch it off or on."""

    storage: Storage
    types: IntegrationTypes
    auditor: Auditor
    schedule_refresh: ScheduleRefresh

    async def __call__(
        self,
        who: Principal,
        integration_id: UUID,
        change: IntegrationChange,
        *,
        is_vouched: bool = False,
    ) -> Integration:
        """Return the integration, secrets masked; raise `InvalidError` for another type.

        `is_vouched` as for `AddIntegration`.
        """
        require(who, Right.CHANGE_INTEGRATIONS)
        fields = given(change)
        async with self.storage.transaction(who) as tx:
            before = await tx.integrations.get(integration_id, lock=True)
            if fields.pop("type", before.type) != before.type:
                message = "an integration keeps its type: connect another one"
                raise InvalidError(message, pointer="/type")
            if "config" in fields:
                config = self.types.sealed(before.type, fields["config"], kept=before.config)
                if not is_vouched:
                    self.types.refuse_claim(before.type, config, before=before.config)
                fields |= {"config": config}
                if self.types.is_same(before.type, config, before.config):
                    del fields["config"]
                else:
                    fields |= {"status": IntegrationStatus.UNKNOWN, "last_error": None}
            after = replace(before, **fields)
            if after != before:
                await tx.integrations.update(after)
                if "config" in fields:
                    await self.types.keep(tx, after, is_new=False)
                target = ("integration", integration_id)
                await self.auditor.note(
                    tx, who, "integration.changed", target=target, fields=sorted(given(change))
                )
                await self.schedule_refresh(tx, who, after)
        return self.types.masked(after)


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveIntegration:
    """Disconnect a system and forget its secrets."""

    storage: Storage
    auditor: Auditor

    async def __call__(self, who: Principal, integration_id: UUID) -> None:
        """Remove it."""
        require(who, Right.CHANGE_INTEGRATIONS)
        async with self.storage.transaction(who) as tx:
            integration = await tx.integrations.get(integration_id)
            await tx.integrations.remove(integration_id)
            target = ("integration", integration_id)
            await self.auditor.note(
                tx, who, "integration.removed", target=target, type=integration.type
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckIntegration:
    """Call an integration's address, and note how it went."""

    storage: Storage
    clock: Clock
    types: IntegrationTypes
    refresh: RefreshTools

    async def __call__(self, who: Principal, integration_id: UUID) -> ConnectionCheck:
        """Return how the call went, never what came back."""
        require(who, Right.CHANGE_INTEGRATIONS)
        async with self.storage.transaction(who) as tx:
            integration = await tx.integrations.get(integration_id)
        if integration.type == MCP:
            return await self.refresh(who, integration)
        # No transaction is open while the other side thinks about it.
        check = await self.types.check(who, integration)
        async with self.storage.transaction(who) as tx:
            present = await tx.integrations.get(integration_id, lock=True)
            # What was found out about an address that was changed meanwhile says nothing.
            if present.config == integration.config:
                await tx.integrations.update(
                    replace(
                        present,
                        status=IntegrationStatus.OK if check.ok else IntegrationStatus.ERROR,
                        last_checked_at=self.clock.now(),
                        last_error=None if check.ok else check.detail,
                    )
                )
        return check
