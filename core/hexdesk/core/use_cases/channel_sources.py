"""Listening to channels that must ask for messages: once in the installation to a connection."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from hexdesk.core.errors import BusyError, DeskError, NotFoundError, UnavailableError
from hexdesk.core.model.channels import Inbound
from hexdesk.core.model.conversations import FoundConnection
from hexdesk.core.model.integrations import Integration
from hexdesk.core.model.principals import System
from hexdesk.core.model.settings import DeskSettings
from hexdesk.core.model.tasks import Endurance
from hexdesk.core.policy.retries import pause
from hexdesk.core.ports.channels import Connection, Source
from hexdesk.core.ports.clock import Clock
from hexdesk.core.ports.storage import Storage
from hexdesk.core.use_cases.channel_inbound import KeepInbound, about
from hexdesk.core.use_cases.channel_type import Channels
from hexdesk.core.use_cases.integration_health import note_health

log = logging.getLogger("hexdesk.channels")
MOST_AT_ONCE = 100
PAUSES = Endurance(first_pause=2, longest_pause=300)
UNEXPECTED = "something went wrong inside the channel: the log tells what"
Listening = asyncio.Task[None]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenToSources:
    """Runs the sources of connections that nobody listens on, each under a lease.

    Whoever holds the lease listens; a process that dies lets go of it by that, and one whose
    connection was changed or switched off begins anew or ends.
    """

    storage: Storage
    clock: Clock
    channels: Channels
    keep_inbound: KeepInbound
    settings: DeskSettings
    _listening: dict[UUID, Listening] = field(default_factory=dict[UUID, Listening])

    @property
    def sources(self) -> dict[str, Source]:
        """The channels that must be listened to, by name."""
        channels = {name: kind.channel for name, kind in self.channels.types.items()}
        return {name: one for name, one in channels.items() if isinstance(one, Source)}

    @property
    def is_listening(self) -> bool:
        """Whether this process listens on any connection."""
        return bool(self._listening)

    async def keep_listening(self) -> None:
        """Listen wherever nobody does, until cancelled."""
        if not self.sources:
            return
        try:
            while True:
                try:
                    await self.begin()
                except UnavailableError as error:
                    log.warning("listening put off", extra={"reason": str(error)})
                except Exception:
                    # Whatever goes wrong, it must go on.
                    log.exception("listening failed")
                await asyncio.sleep(self.settings.sweep_seconds)
        finally:
            for one in self._listening.values():
                one.cancel()
            await asyncio.gather(*self._listening.values(), return_exceptions=True)

    async def begin(self) -> int:
        """Begin to listen on connections that nobody listens on; return how many."""
        begun, names = 0, tuple(self.sources)
        for key, owner in await self.storage.backlog.idle_connections(names, MOST_AT_ONCE):
            found = await self.storage.directory.connection(key)
            token = self.clock.new_id()
            is_taken = found is None or key in self._listening
            if found is None or is_taken or not await self._hold(found, token):
                continue
            name = f"listening on {key} of {owner}"
            listening = asyncio.create_task(self._listen(found, token), name=name)
            self._listening[key] = listening
            listening.add_done_callback(lambda _, key=key: self._listening.pop(key, None))
            begun += 1
        return begun

    async def _listen(self, found: FoundConnection, token: UUID) -> None:
        """Listen for as long as the lease is held, again and again after a pause."""
        failures = 0
        try:
            while await self._hold(found, token):
                began = self.clock.elapsed()
                error = await self._once(found, token)
                if error is None:
                    failures = 0
                    continue
                is_old = self.clock.elapsed() - began > PAUSES.longest_pause
                failures = 1 if is_old else failures + 1
                await self._pause(found, token, pause(PAUSES, failures, 1).total_seconds())
        except NotFoundError:
            return
        except (BusyError, UnavailableError) as error:
            # The lease ends, and then somebody listens again.
            log.warning("listening broke off", extra=about(found, reason=str(error)))
        finally:
            await asyncio.shield(self._let_go(found, token))

    async def _once(self, found: FoundConnection, token: UUID) -> str | None:
        """Listen until something happens; return what went wrong, None if it is to begin anew."""
        who = System(organization_id=found.organization_id)
        async with self.storage.transaction(who) as tx:
            integration = await tx.integrations.get(found.integration_id)
            kept = await tx.channel_connections.get(found.integration_id)
        if not integration.is_active:
            raise NotFoundError(f"no connection {found.integration_id}")
        try:
            connection = self.channels.connection(who, integration, kept)
            await self._note(who, integration, None)
            is_over = await self._run(found, token, integration, connection)
        except DeskError as error:
            problem = str(error)
        except ValueError as error:
            problem = str(error)
        except Exception:
            # The edge to other people's code.
            log.exception("source failed", extra=about(found))
            problem = UNEXPECTED
        else:
            return "the source ended by itself" if is_over else None
        log.warning("source failed", extra=about(found, reason=problem))
        await self._note(who, integration, problem)
        return problem

    async def _run(
        self, found: FoundConnection, token: UUID, integration: Integration, connection: Connection
    ) -> bool:
        """Run the source; False if it was ended since its connection is no longer what it was."""
        source = self.sources[found.channel]
        running = asyncio.create_task(source.run(connection, self._emit(found)))
        watching = asyncio.create_task(self._until_changed(found, token, integration))
        both = (running, watching)
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            if running.done():
                running.result()
                return True
            watching.result()
            return False
        finally:
            for one in both:
                one.cancel()
            await asyncio.gather(*both, return_exceptions=True)

    def _emit(self, found: FoundConnection) -> Callable[[Inbound], Awaitable[None]]:
        async def emit(inbound: Inbound) -> None:
            await self.keep_inbound(found.organization_id, found, (inbound,))

        return emit

    async def _until_changed(
        self, found: FoundConnection, token: UUID, integration: Integration
    ) -> None:
        """Hold the lease, and return once it is lost, or the connection was changed."""
        who = System(organization_id=found.organization_id)
        while True:
            await asyncio.sleep(self.settings.run_lease_seconds / 3)
            async with self.storage.transaction(who) as tx:
                present = await tx.integrations.get(found.integration_id)
            is_same = present.is_active and present.config == integration.config
            if not is_same or not await self._hold(found, token):
                return

    async def _pause(self, found: FoundConnection, token: UUID, seconds: float) -> None:
        """Wait, and hold the lease meanwhile."""
        until = self.clock.elapsed() + seconds
        while (left := until - self.clock.elapsed()) > 0:
            await asyncio.sleep(min(left, self.settings.run_lease_seconds / 3))
            if not await self._hold(found, token):
                return

    async def _note(self, who: System, integration: Integration, problem: str | None) -> None:
        async with self.storage.transaction(who) as tx:
            await note_health(tx, integration, self.clock.now(), problem)

    async def _hold(self, found: FoundConnection, token: UUID) -> bool:
        until = self.clock.now() + timedelta(seconds=self.settings.run_lease_seconds)
        async with self.storage.transaction(System(organization_id=found.organization_id)) as tx:
            return await tx.channel_connections.hold(found.integration_id, token, until)

    async def _let_go(self, found: FoundConnection, token: UUID) -> None:
        try:
            async with self.storage.transaction(
                System(organization_id=found.organization_id)
            ) as tx:
                await tx.channel_connections.let_go(found.integration_id, token)
        except DeskError as error:
            log.warning("lease not let go", extra=about(found, reason=str(error)))
