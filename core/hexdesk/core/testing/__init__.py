"""What tests of the desk are written with: honest implementations of its ports, in memory.

The contract suites that they pass, and every adapter with them, are in the `*_contract` modules;
those need pytest.
"""

from hexdesk.core.testing.memory_ports import (
    Answered,
    CountingLimiter,
    MemoryCache,
    MemoryEvents,
    MemoryJournal,
    Posted,
    RecordingEgress,
    RecordingTelemetry,
    SlowOperation,
    ToolCalled,
    UnlimitedLimiter,
)
from hexdesk.core.testing.memory_storage import MemoryStorage
from hexdesk.core.testing.ngrams import NgramEmbeddings, ngram_vector
from hexdesk.core.testing.plain_secrets import (
    PlainCapabilities,
    PlainPasswords,
    PlainTokens,
    PlainVault,
)
from hexdesk.core.testing.scripted import Script, ScriptedRunner, ScriptedTools, ToolCall, saying
from hexdesk.core.testing.steady import NOON, SteadyClock

__all__ = [
    "NOON",
    "Answered",
    "CountingLimiter",
    "MemoryCache",
    "MemoryEvents",
    "MemoryJournal",
    "MemoryStorage",
    "NgramEmbeddings",
    "PlainCapabilities",
    "PlainPasswords",
    "PlainTokens",
    "PlainVault",
    "Posted",
    "RecordingEgress",
    "RecordingTelemetry",
    "Script",
    "ScriptedRunner",
    "ScriptedTools",
    "SlowOperation",
    "SteadyClock",
    "ToolCall",
    "ToolCalled",
    "UnlimitedLimiter",
    "ngram_vector",
    "saying",
]
