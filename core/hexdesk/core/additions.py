"""What plugins add to the desk, beside what has a port or a decorator of its own."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from hexdesk.core.model.ai_config import Credentials, EmbeddingModel
from hexdesk.core.ports.channels import Channel
from hexdesk.core.ports.egress import Egress
from hexdesk.core.ports.embeddings import Embeddings
from hexdesk.core.ports.storage_backends import StorageBackend
from hexdesk.core.tools.plugin_tasks import PluginTask
from hexdesk.core.tools.tool import Tool
from hexdesk.core.use_cases.integration_types import IntegrationType


class PluginSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator decides for a plugin, by variables `HEXDESK_<PLUGIN>_<FIELD>`.

    `secrets` are the fields that are never shown.
    """

    struct: type[msgspec.Struct]
    secrets: frozenset[str] = frozenset()


class TextExtractor(msgspec.Struct, frozen=True, kw_only=True):
    """How files of a further type are read.

    `content_type` is the type's name, `extensions` are how such files' names end, without the dot,
    and `signature` is how they begin, unless they are text. `reader` names a function as
    `module:function`. It runs where it has no network and may open nothing, is given the file's
    bytes, and returns an `ExtractedDocument`; it raises `ExtractionError` with words for the file's
    owner.
    """

    name: str
    content_type: str
    extensions: tuple[str, ...]
    signature: bytes = b""
    reader: str


class ModelProvider(msgspec.Struct, frozen=True, kw_only=True):
    """A provider of models, named as in `ai_config.yaml`.

    `make` takes a model's name and the provider's credentials, and returns a model of pydantic-ai;
    it raises `ValueError` where the model cannot be asked, for want of a key.
    """

    name: str
    make: Callable[[str, Credentials], Any]


class EmbeddingProvider(msgspec.Struct, frozen=True, kw_only=True):
    """A provider of models that compare texts by what they mean, named as in `ai_config.yaml`."""

    name: str
    make: Callable[[EmbeddingModel, Credentials], Embeddings]


@dataclass(frozen=True, slots=True, kw_only=True)
class HostContext:
    """What an action at start or stop is given: no organization, and so none of their data."""

    settings: Any
    http: Egress


class StartAction(msgspec.Struct, frozen=True, kw_only=True):
    """What is done when a process of the desk opens, before it takes requests."""

    run: Callable[[HostContext], Awaitable[None]]


class StopAction(msgspec.Struct, frozen=True, kw_only=True):
    """What is done when a process of the desk closes, after its last request."""

    run: Callable[[HostContext], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Additions:
    """All that plugins add; `own_types` are the integration types of each plugin."""

    tools: Sequence[Tool] = ()
    channels: Sequence[Channel] = ()
    storage_backends: Sequence[StorageBackend] = ()
    task_types: Sequence[PluginTask] = ()
    integration_types: Sequence[IntegrationType] = ()
    text_extractors: Sequence[TextExtractor] = ()
    model_providers: Sequence[ModelProvider] = ()
    embedding_providers: Sequence[EmbeddingProvider] = ()
    own_types: dict[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])
    channel_settings: dict[str, Any] = field(default_factory=dict[str, Any])
