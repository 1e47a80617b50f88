"""A local server that speaks the OpenAI chat-completions protocol and says what it is told to."""

from tests.openai_server.replies import (
    Always,
    Behaviour,
    Bench,
    ChatRequest,
    Reply,
    Structured,
    ToolCall,
    ToolLoop,
)
from tests.openai_server.server import OpenAIServer

__all__ = [
    "Always",
    "Behaviour",
    "Bench",
    "ChatRequest",
    "OpenAIServer",
    "Reply",
    "Structured",
    "ToolCall",
    "ToolLoop",
]
