"""hexdesk's core, and all that the author of a plugin needs of it.

```python
from hexdesk.core import ToolContext, hookimpl, tool
```
"""

from hexdesk.core.additions import (
    EmbeddingProvider,
    HostContext,
    ModelProvider,
    PluginSettings,
    StartAction,
    StopAction,
)
from hexdesk.core.errors import (
    ConflictError,
    DeskError,
    EgressRefusedError,
    ExtractionError,
    ForbiddenError,
    InvalidError,
    ModelUnavailableError,
    NotFoundError,
    OutcomeUnknownError,
    RetryAfterError,
    StorageUnavailableError,
    TaskFailedError,
    ToolFailedError,
    UnavailableError,
    UndeliverableError,
)
from hexdesk.core.hookspecs import hookimpl
from hexdesk.core.model.ai_config import Credentials, EmbeddingModel
from hexdesk.core.model.channels import (
    ChannelCapabilities,
    ChannelResponse,
    Inbound,
    InboundDecision,
    InboundFile,
    InboundMessage,
    InboundRequest,
    OutboundKind,
    OutboundMessage,
    Receipt,
    Sender,
    ShownApproval,
    ShownTicket,
)
from hexdesk.core.model.documents import ExtractedDocument, Section, TextExtractor
from hexdesk.core.model.listing import Page, Slice
from hexdesk.core.model.principals import Principal
from hexdesk.core.model.tasks import Endurance
from hexdesk.core.model.tickets import Comment, Priority, Ticket, TicketFilter, TicketStatus
from hexdesk.core.policy.rights import Right
from hexdesk.core.ports.channels import (
    Addressee,
    Channel,
    Connection,
    Emit,
    Installable,
    Source,
    Streaming,
)
from hexdesk.core.ports.clock import Clock
from hexdesk.core.ports.egress import CallTerms, Egress, EgressAnswer
from hexdesk.core.ports.embeddings import Embeddings
from hexdesk.core.ports.storage import Storage, Transaction
from hexdesk.core.ports.storage_backends import (
    ConnectionUse,
    OpenedStorage,
    StorageBackend,
    StorageSurroundings,
)
from hexdesk.core.tools.context import ConnectedSystem, TaskContext, ToolContext
from hexdesk.core.tools.plugin_tasks import PluginTask, task_type
from hexdesk.core.tools.tool import Tool, tool
from hexdesk.core.use_cases.comments import NewComment
from hexdesk.core.use_cases.integration_types import IntegrationType
from hexdesk.core.use_cases.tickets import NewTicket, TicketChange

__all__ = [
    "Addressee",
    "CallTerms",
    "Channel",
    "ChannelCapabilities",
    "ChannelResponse",
    "Clock",
    "Comment",
    "ConflictError",
    "ConnectedSystem",
    "Connection",
    "ConnectionUse",
    "Credentials",
    "DeskError",
    "Egress",
    "EgressAnswer",
    "EgressRefusedError",
    "EmbeddingModel",
    "EmbeddingProvider",
    "Embeddings",
    "Emit",
    "Endurance",
    "ExtractedDocument",
    "ExtractionError",
    "ForbiddenError",
    "HostContext",
    "Inbound",
    "InboundDecision",
    "InboundFile",
    "InboundMessage",
    "InboundRequest",
    "Installable",
    "IntegrationType",
    "InvalidError",
    "ModelProvider",
    "ModelUnavailableError",
    "NewComment",
    "NewTicket",
    "NotFoundError",
    "OpenedStorage",
    "OutboundKind",
    "OutboundMessage",
    "OutcomeUnknownError",
    "Page",
    "PluginSettings",
    "PluginTask",
    "Principal",
    "Priority",
    "Receipt",
    "RetryAfterError",
    "Right",
    "Section",
    "Sender",
    "ShownApproval",
    "ShownTicket",
    "Slice",
    "Source",
    "StartAction",
    "StopAction",
    "Storage",
    "StorageBackend",
    "StorageSurroundings",
    "StorageUnavailableError",
    "Streaming",
    "TaskContext",
    "TaskFailedError",
    "TextExtractor",
    "Ticket",
    "TicketChange",
    "TicketFilter",
    "TicketStatus",
    "Tool",
    "ToolContext",
    "ToolFailedError",
    "Transaction",
    "UnavailableError",
    "UndeliverableError",
    "hookimpl",
    "task_type",
    "tool",
]
