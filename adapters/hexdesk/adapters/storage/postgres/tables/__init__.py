"""The tables of the database, as migrations make them and as statements are built from them."""

from hexdesk.adapters.storage.postgres.tables.agents import (
    AgentActionRow,
    AgentHistoryRow,
    AgentRow,
)
from hexdesk.adapters.storage.postgres.tables.channels import (
    ChannelConnectionRow,
    ChannelConversationRow,
    ChannelDeliveryRow,
    ChannelInboundRow,
    ConversationNameRow,
)
from hexdesk.adapters.storage.postgres.tables.chat import (
    MessageRow,
    RunEventRow,
    RunRow,
    ThreadRow,
)
from hexdesk.adapters.storage.postgres.tables.desk import (
    AuditEventRow,
    CommentRow,
    IdempotencyKeyRow,
    IntegrationRow,
    TicketCounterRow,
    TicketRow,
    ToolCallRow,
)
from hexdesk.adapters.storage.postgres.tables.files import AgentFileRow, FileRow, FileSectionRow
from hexdesk.adapters.storage.postgres.tables.identity import (
    ApiKeyRow,
    FailedSignInRow,
    OrganizationRow,
    RefreshTokenRow,
    SessionRow,
    UserRow,
)
from hexdesk.adapters.storage.postgres.tables.knowledge import (
    FilePassageRow,
    PassageEmbeddingRow,
)
from hexdesk.adapters.storage.postgres.tables.people import ApprovalRow
from hexdesk.adapters.storage.postgres.tables.tasks import AgentTaskRow
from hexdesk.adapters.storage.postgres.tables.tenancy import Row
from hexdesk.adapters.storage.postgres.tables.webhooks import DeliveryRow

__all__ = [
    "AgentActionRow",
    "AgentFileRow",
    "AgentHistoryRow",
    "AgentRow",
    "AgentTaskRow",
    "ApiKeyRow",
    "ApprovalRow",
    "AuditEventRow",
    "ChannelConnectionRow",
    "ChannelConversationRow",
    "ChannelDeliveryRow",
    "ChannelInboundRow",
    "CommentRow",
    "ConversationNameRow",
    "DeliveryRow",
    "FailedSignInRow",
    "FilePassageRow",
    "FileRow",
    "FileSectionRow",
    "IdempotencyKeyRow",
    "IntegrationRow",
    "MessageRow",
    "OrganizationRow",
    "PassageEmbeddingRow",
    "RefreshTokenRow",
    "Row",
    "RunEventRow",
    "RunRow",
    "SessionRow",
    "ThreadRow",
    "TicketCounterRow",
    "TicketRow",
    "ToolCallRow",
    "UserRow",
]
