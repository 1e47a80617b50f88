"""What several use cases share."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Self

from hexdesk.core.additions import Additions
from hexdesk.core.desk import Ports
from hexdesk.core.policy.rights import Right
from hexdesk.core.tools.context import ToolNeeds
from hexdesk.core.tools.tool import Tool
from hexdesk.core.use_cases import agent_log, audit, drafts, sessions
from hexdesk.core.use_cases.agent_rules import AgentRules
from hexdesk.core.use_cases.channel_type import Channels, ChannelType
from hexdesk.core.use_cases.configurations import Configurations
from hexdesk.core.use_cases.health import CheckHealth
from hexdesk.core.use_cases.integration_types import IntegrationType, IntegrationTypes, Webhook
from hexdesk.core.use_cases.outbox import Outbox
from hexdesk.core.use_cases.refusals import NoteRefusal


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What several use cases share."""

    ports: Ports
    additions: Additions
    tools: Mapping[str, Tool]
    auditor: audit.Auditor
    outbox: Outbox
    rules: AgentRules
    configurations: Configurations
    recorder: agent_log.AgentRecorder
    sessions: sessions.SessionStarter
    webhook: Webhook
    integration_types: IntegrationTypes
    channels: Channels
    note_refusal: NoteRefusal
    check_health: CheckHealth
    draft: drafts.DraftTicket

    @property
    def tool_rights(self) -> dict[str, Right]:
        """Return the right that each tool needs."""
        return {one.name: one.right for one in self.tools.values()}

    @property
    def tool_needs(self) -> ToolNeeds:
        """Return what tools and plugins' tasks are made of."""
        return ToolNeeds(
            clock=self.ports.clock,
            egress=self.ports.egress,
            auditor=self.auditor,
            outbox=self.outbox,
            draft_ticket=self.draft,
            check_health=self.check_health,
            integration_types=self.integration_types,
            own_types=self.additions.own_types,
        )

    @classmethod
    def of(cls, ports: Ports, additions: Additions, tools: Mapping[str, Tool]) -> Self:
        """Make them from the ports, and from what plugins add."""
        clock, settings = ports.clock, ports.settings
        auditor = audit.Auditor(clock=clock)
        webhook = Webhook(egress=ports.egress, clock=clock)
        channels = _channels(ports, additions)
        types = (webhook, *channels.values(), *additions.integration_types)
        integration_types = _integration_types(ports, types)
        rules = AgentRules(
            tool_names=frozenset(tools),
            destructive_tools=tuple(one.name for one in tools.values() if one.destructive),
            ai_config=ports.ai_config,
        )
        return cls(
            ports=ports,
            additions=additions,
            tools=tools,
            auditor=auditor,
            outbox=Outbox(clock=clock),
            rules=rules,
            configurations=Configurations(cache=ports.near_cache or ports.cache, rules=rules),
            recorder=agent_log.AgentRecorder(clock=clock, auditor=auditor),
            sessions=sessions.SessionStarter(
                clock=clock, access_tokens=ports.access_tokens, settings=settings
            ),
            webhook=webhook,
            integration_types=integration_types,
            channels=Channels(types=channels, integration_types=integration_types),
            note_refusal=NoteRefusal(
                storage=ports.storage, clock=clock, auditor=auditor, telemetry=ports.telemetry
            ),
            check_health=CheckHealth(probes=ports.probes, version=settings.version),
            draft=drafts.DraftTicket(
                storage=ports.storage, clock=clock, rules=rules, runner=ports.runner
            ),
        )


def _integration_types(ports: Ports, types: Iterable[IntegrationType]) -> IntegrationTypes:
    return IntegrationTypes(
        types={one.name: one for one in types},
        vault=ports.vault,
        clock=ports.clock,
        egress=ports.egress,
    )


def _channels(ports: Ports, additions: Additions) -> dict[str, ChannelType]:
    return {
        one.name: ChannelType.of(
            one,
            additions.channel_settings.get(one.name),
            storage=ports.storage,
            clock=ports.clock,
            egress=ports.egress,
            vault=ports.vault,
        )
        for one in additions.channels
    }
