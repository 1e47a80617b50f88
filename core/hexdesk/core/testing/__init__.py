"""What tests of the desk are written with: honest implementations of its ports, in memory.

The contract suites that they pass, and every adapter with them, are in the `*_contract` modules;
those need pytest.
"""

from hexdesk.core.testing.memory_blobs import MemoryBlobs
from hexdesk.core.testing.memory_extraction import MemoryExtraction
from hexdesk.core.testing.memory_ports import (
    Answered,
    CountingLimiter,
    MemoryCache,
    MemoryEvents,
    MemoryJournal,
    RecordingTelemetry,
    SlowOperation,
    TaskTried,
    ToolCalled,
    UnlimitedLimiter,
)
from hexdesk.core.testing.memory_queue import MemoryQueue
from hexdesk.core.testing.memory_storage import MemoryStorage
from hexdesk.core.testing.ngrams import NgramEmbeddings, ngram_vector
from hexdesk.core.testing.plain_secrets import (
    PlainCapabilities,
    PlainPasswords,
    PlainTokens,
    PlainVault,
)
from hexdesk.core.testing.recording_egress import Posted, RecordingEgress
from hexdesk.core.testing.scripted import Script, ScriptedRunner, ScriptedTools, ToolCall, saying
from hexdesk.core.testing.scripted_channel import (
    ScriptedAddressee,
    ScriptedChannel,
    ScriptedSource,
)
from hexdesk.core.testing.steady import NOON, SteadyClock

__all__ = [
    "NOON",
    "Answered",
    "CountingLimiter",
    "MemoryBlobs",
    "MemoryCache",
    "MemoryEvents",
    "MemoryExtraction",
    "MemoryJournal",
    "MemoryQueue",
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
    "ScriptedAddressee",
    "ScriptedChannel",
    "ScriptedRunner",
    "ScriptedSource",
    "ScriptedTools",
    "SlowOperation",
    "SteadyClock",
    "TaskTried",
    "ToolCall",
    "ToolCalled",
    "UnlimitedLimiter",
    "ngram_vector",
    "saying",
]
