"""What every storage does: the suite that a backend passes before it is one.

    class TestMyStorage(StorageContract):
        @pytest.fixture
        async def storage(self) -> AsyncIterator[Storage]:
            async with my_storage() as storage:
                yield storage

The storage may hold other organizations already; the suite makes its own. It runs under anyio's
pytest plugin in auto mode.
"""

from hexdesk.core.testing.storage_agents_contract import AgentContract, AgentLogContract
from hexdesk.core.testing.storage_approvals_contract import DueApprovalContract
from hexdesk.core.testing.storage_backlog_contract import AgentCheckContract, DueTaskContract
from hexdesk.core.testing.storage_channels_contract import (
    ChannelConnectionContract,
    InboundRecordContract,
)
from hexdesk.core.testing.storage_chat_contract import (
    EventLogContract,
    MessageContract,
    ThreadContract,
)
from hexdesk.core.testing.storage_conversations_contract import (
    ChannelConversationContract,
    ChannelDeliveryContract,
)
from hexdesk.core.testing.storage_credentials_contract import ApiKeyContract, SessionContract
from hexdesk.core.testing.storage_desk_contract import AuditContract, IntegrationContract
from hexdesk.core.testing.storage_expiry_contract import ExpiryContract
from hexdesk.core.testing.storage_files_contract import AgentFileContract, FileContract
from hexdesk.core.testing.storage_identity_contract import OrganizationContract, UserContract
from hexdesk.core.testing.storage_knowledge_contract import (
    PassageContract,
    PassageSearchContract,
    PassageVectorContract,
)
from hexdesk.core.testing.storage_leases_contract import TaskLeaseContract
from hexdesk.core.testing.storage_lists_contract import ListContract
from hexdesk.core.testing.storage_once_contract import IdempotencyContract, ToolCallContract
from hexdesk.core.testing.storage_runs_contract import RunContract
from hexdesk.core.testing.storage_search_contract import TicketSearchContract
from hexdesk.core.testing.storage_tasks_contract import TaskRecordContract
from hexdesk.core.testing.storage_tenancy_contract import TenancyContract
from hexdesk.core.testing.storage_tickets_contract import CommentContract, TicketContract
from hexdesk.core.testing.storage_transactions_contract import (
    DirectoryContract,
    TransactionContract,
)
from hexdesk.core.testing.storage_webhooks_contract import DeliveryContract


class StorageContract(
    TransactionContract,
    DirectoryContract,
    TenancyContract,
    ListContract,
    OrganizationContract,
    UserContract,
    SessionContract,
    ApiKeyContract,
    AgentContract,
    AgentLogContract,
    ThreadContract,
    MessageContract,
    RunContract,
    EventLogContract,
    DueApprovalContract,
    TicketContract,
    TicketSearchContract,
    CommentContract,
    IntegrationContract,
    DeliveryContract,
    ChannelConnectionContract,
    InboundRecordContract,
    ChannelConversationContract,
    ChannelDeliveryContract,
    AuditContract,
    IdempotencyContract,
    ToolCallContract,
    ExpiryContract,
    FileContract,
    AgentFileContract,
    PassageContract,
    PassageSearchContract,
    PassageVectorContract,
    TaskRecordContract,
    TaskLeaseContract,
    DueTaskContract,
    AgentCheckContract,
):
    """Every promise of the storage port, in one class; define its fixture `storage`."""
