"""Every way in which a plugin can add to the desk.

A plugin is a distribution with an entry point of the group `hexdesk` that names a module. Its hooks
are called once, at start, in every process. They describe what the plugin brings, and neither wait
nor ask anybody: what they return does the work later, and may be slow. A hook that a plugin does
not implement adds nothing.
"""

from collections.abc import Iterable

import pluggy

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

PROJECT = "hexdesk"
"""The name of pluggy's project, and of the group of entry points."""

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def hexdesk_tools() -> Iterable[Tool]:
    """Return tools that agents may be allowed to call.

    ```python
    import msgspec
    from hexdesk.core import ToolContext, hookimpl, tool

    class Parcel(msgspec.Struct, frozen=True):
        number: str

    class Whereabouts(msgspec.Struct, frozen=True):
        place: str

    @tool(read_only=True)
    async def find_parcel(context: ToolContext, arguments: Parcel) -> Whereabouts:
        '''Say where a parcel is.'''
        return Whereabouts(place=f"parcel {arguments.number} is in Lund")
    @hookimpl
    def hexdesk_tools():
        return (find_parcel,)
    ```
    """
    return ()


@hookspec
def hexdesk_channels() -> Iterable[Channel]:
    """Return ways by which customers reach the desk.

    ```python
    import msgspec
    from hexdesk.core import Channel, ChannelCapabilities, InboundMessage, Receipt, Sender, hookimpl

    class PostcardConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
        secret: str

    class Postcards(Channel):
        name = "postcards"
        config = PostcardConfig
        secrets = frozenset({"secret"})
        capabilities = ChannelCapabilities(longest_text=200)
        def receive(self, request, connection):
            name = request.headers.get("x-from", "somebody")
            text = request.body.decode(errors="replace")
            return [
                InboundMessage(
                    dedupe_key=text,
                    conversation_key=name,
                    message_id=text,
                    sender=Sender(external_id=name),
                    text=text,
                )
            ]
        async def deliver(self, message, connection):
            await connection.http.post("https://postcards.example/", message.text.encode())
            return Receipt(message_id=str(message.id))
        async def check(self, connection):
            return "the post office is open"
    @hookimpl
    def hexdesk_channels():
        return (Postcards(),)
    ```
    """
    return ()


@hookspec
def hexdesk_storage_backends() -> Iterable[StorageBackend]:
    """Return kinds of storage that `HEXDESK_DATABASE_URL` may choose by its scheme.

    ```python
    from contextlib import asynccontextmanager

    from hexdesk.core import OpenedStorage, StorageBackend, hookimpl

    class Clay(StorageBackend):
        name = "clay"
        schemes = frozenset({"clay"})
        lacks = ("clay tablets cannot be searched",)
        is_shared = False
        @asynccontextmanager
        async def open(self, url, *, connections):
            raise NotImplementedError
            yield OpenedStorage
        async def upgrade(self, url):
            return "tablet-1"
        async def problem(self, url):
            return "nobody has fired the oven"
    @hookimpl
    def hexdesk_storage_backends():
        return (Clay(),)
    ```
    """
    return ()


@hookspec
def hexdesk_task_types() -> Iterable[PluginTask]:
    """Return types of tasks: work that nobody waits for, and that outlives its process.

    ```python
    import msgspec
    from hexdesk.core import TaskContext, hookimpl, task_type

    class Week(msgspec.Struct, frozen=True):
        number: int

    @task_type()
    async def count_week(context: TaskContext, data: Week) -> dict:
        '''Count the tickets of a week.'''
        await context.report(0.5)
        return {"week": data.number}
    @hookimpl
    def hexdesk_task_types():
        return (count_week,)
    ```
    """
    return ()


@hookspec
def hexdesk_integration_types() -> Iterable[IntegrationType]:
    """Return types of integrations: systems that an organization connects.

    ```python
    import msgspec
    from hexdesk.core import IntegrationType, hookimpl

    class ShopConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
        url: str
        api_key: str

    class Shop(IntegrationType):
        name = "shop"
        config = ShopConfig
        secrets = frozenset({"api_key"})
        def address(self, config):
            return config["url"]
        async def check(self, config, http):
            answer = await http.post(config["url"], b"")
            return answer.status_code, f"the shop answered {answer.status_code}"
    @hookimpl
    def hexdesk_integration_types():
        return (Shop(),)
    ```
    """
    return ()


@hookspec
def hexdesk_text_extractors() -> Iterable[TextExtractor]:
    """Return ways to read files of further types.

    ```python
    from hexdesk.core import ExtractedDocument, Section, TextExtractor, hookimpl

    def read_subtitles(content: bytes) -> ExtractedDocument:
        return ExtractedDocument(sections=(Section(text=content.decode()),))
    @hookimpl
    def hexdesk_text_extractors():
        return (
            TextExtractor(
                name="SRT",
                content_type="application/x-subrip",
                extensions=("srt",),
                reader=f"{__name__}:read_subtitles",
            ),
        )
    ```
    """
    return ()


@hookspec
def hexdesk_model_providers() -> Iterable[ModelProvider]:
    """Return providers of language models.

    ```python
    from hexdesk.core import ModelProvider, hookimpl

    def make(name, credentials):
        if credentials.api_key is None:
            raise ValueError("acme has no key")
        from pydantic_ai.models.test import TestModel

        return TestModel(model_name=name)
    @hookimpl
    def hexdesk_model_providers():
        return (ModelProvider(name="acme", make=make),)
    ```
    """
    return ()


@hookspec
def hexdesk_embedding_models() -> Iterable[EmbeddingProvider]:
    """Return providers of models that compare texts by what they mean.

    ```python
    from hexdesk.core import EmbeddingProvider, Embeddings, hookimpl

    class Lengths(Embeddings):
        name = "lengths/2"
        floor = 0.9
        async def embed(self, texts):
            return [(float(len(text)), 1.0) for text in texts]
    @hookimpl
    def hexdesk_embedding_models():
        return (EmbeddingProvider(name="acme", make=lambda model, credentials: Lengths()),)
    ```
    """
    return ()


@hookspec
def hexdesk_settings() -> Iterable[PluginSettings]:
    """Return what an operator decides for the plugin; at most one.

    ```python
    import msgspec
    from hexdesk.core import PluginSettings, hookimpl

    class ParcelSettings(msgspec.Struct, frozen=True, kw_only=True):
        country: str = "se"
        api_key: str | None = None
    @hookimpl
    def hexdesk_settings():
        return (PluginSettings(struct=ParcelSettings, secrets=frozenset({"api_key"})),)
    ```
    """
    return ()


@hookspec
def hexdesk_start() -> Iterable[StartAction]:
    """Return what is to be done when a process of the desk opens.

    ```python
    from hexdesk.core import HostContext, StartAction, hookimpl

    async def greet(context: HostContext) -> None:
        print("the parcels are ready")
    @hookimpl
    def hexdesk_start():
        return (StartAction(run=greet),)
    ```
    """
    return ()


@hookspec
def hexdesk_stop() -> Iterable[StopAction]:
    """Return what is to be done when a process of the desk closes.

    ```python
    from hexdesk.core import HostContext, StopAction, hookimpl

    async def part(context: HostContext) -> None:
        print("the parcels are gone")
    @hookimpl
    def hexdesk_stop():
        return (StopAction(run=part),)
    ```
    """
    return ()
