"""What the desk counts about itself."""

from abc import abstractmethod
from typing import Protocol
from uuid import UUID

from hexdesk.core.model.agents import ToolUseStatus
from hexdesk.core.model.chat import ChatResponse
from hexdesk.core.model.tasks import TaskStatus


class Telemetry(Protocol):
    """Counts and times; never raises, never waits, knows no organization."""

    @abstractmethod
    def answered(self, agent_id: UUID, response: ChatResponse) -> None:
        """Count an answer: its time, tokens, model, and whether and why it was degraded.

        An agent's last answer tells its health.
        """

    @abstractmethod
    def tool_called(self, tool: str, status: ToolUseStatus, seconds: float) -> None:
        """Count a tool call."""

    @abstractmethod
    def cited(self, kept: int, dropped: int) -> None:
        """Count an answer's citations, and those that were not in any file."""

    @abstractmethod
    def task_tried(self, task_type: str, outcome: TaskStatus, seconds: float) -> None:
        """Count an attempt at a task: `queued` if another one follows."""

    @abstractmethod
    def slow(self, operation: str, seconds: float) -> None:
        """Count and log an operation that took longer than the setting allows."""
