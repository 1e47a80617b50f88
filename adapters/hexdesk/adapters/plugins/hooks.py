"""What each hook may return, and by what it is named."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from hexdesk.core.additions import (
    EmbeddingProvider,
    ModelProvider,
    PluginSettings,
    StartAction,
    StopAction,
    TextExtractor,
)
from hexdesk.core.ports.channels import Channel
from hexdesk.core.ports.storage_backends import StorageBackend
from hexdesk.core.tools.plugin_tasks import PluginTask
from hexdesk.core.tools.tool import Tool
from hexdesk.core.use_cases.integration_types import IntegrationType

TOOL_NAME = re.compile(r"^[a-zA-Z0-9_-]{1,64}$")
NAME = re.compile(r"^[a-z][a-z0-9_-]{0,63}$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """One hook: `names` are those of one thing that it returns, unique among all of `space`."""

    record: type
    names: Callable[[Any], Iterable[str]]
    space: str | None = None
    pattern: re.Pattern[str] = NAME
    check: Callable[[Any], None] = lambda _: None


def _check_tool(tool: Tool) -> None:
    if not tool.description:
        raise ValueError(f"the tool {tool.name!r} has no docstring for the model to read")
    _check_struct(tool.takes, f"what the tool {tool.name!r} takes")
    tool.input_schema()
    tool.output_schema()


def _check_task(task: PluginTask) -> None:
    _check_struct(task.takes, f"the data of the task type {task.name!r}")


def _check_config(kind: IntegrationType | Channel) -> None:
    _check_struct(kind.config, f"the configuration of {kind.name!r}")
    unknown = kind.secrets - set(kind.config.__struct_fields__)
    if unknown:
        raise ValueError(f"{kind.name!r} has no fields {sorted(unknown)} to keep secret")


def _check_struct(shape: Any, what: str) -> None:
    if not (isinstance(shape, type) and issubclass(shape, msgspec.Struct)):
        raise TypeError(f"{what} is no Struct")


def _by_name(one: Any) -> Iterable[str]:
    return (one.name,)


def _nameless(_: Any) -> Iterable[str]:
    return ()


HOOKS: Mapping[str, Hook] = {
    "hexdesk_tools": Hook(
        record=Tool, names=_by_name, space="tool", pattern=TOOL_NAME, check=_check_tool
    ),
    # An organization connects a channel by an integration of its name.
    "hexdesk_channels": Hook(
        record=Channel, names=_by_name, space="integration type", check=_check_config
    ),
    "hexdesk_storage_backends": Hook(
        record=StorageBackend,
        names=lambda one: one.schemes,
        space="scheme",
        pattern=re.compile(r"^[a-z][a-z0-9+.-]*$"),
    ),
    "hexdesk_task_types": Hook(
        record=PluginTask, names=_by_name, space="task type", check=_check_task
    ),
    "hexdesk_integration_types": Hook(
        record=IntegrationType, names=_by_name, space="integration type", check=_check_config
    ),
    "hexdesk_text_extractors": Hook(
        record=TextExtractor,
        names=lambda one: one.extensions,
        space="file extension",
        pattern=re.compile(r"^[a-z0-9]{1,16}$"),
    ),
    "hexdesk_model_providers": Hook(record=ModelProvider, names=_by_name, space="model provider"),
    "hexdesk_embedding_models": Hook(
        record=EmbeddingProvider, names=_by_name, space="embedding provider"
    ),
    "hexdesk_settings": Hook(record=PluginSettings, names=_nameless),
    "hexdesk_start": Hook(record=StartAction, names=_nameless),
    "hexdesk_stop": Hook(record=StopAction, names=_nameless),
}
