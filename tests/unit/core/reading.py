"""Files that have been read, for tests of what is made of them."""

from typing import Any
from uuid import UUID

from hexdesk.core.model.documents import Section
from hexdesk.core.model.files import File, FileStatus
from hexdesk.core.model.principals import Member, System
from hexdesk.core.ports.embeddings import Embeddings
from hexdesk.core.testing.file_examples import a_file
from hexdesk.core.use_cases.knowledge import IndexFile
from tests.unit.core.scenes import Scene


async def read_file(
    scene: Scene, who: Member, *pages: str, embeddings: Embeddings | None = None, **fields: Any
) -> File:
    """Store a file with these pages as `file_processing` does."""
    file = a_file(status=FileStatus.READY, **fields)
    sections = [Section(text=text, page=number) for number, text in enumerate(pages, 1)]
    store = await IndexFile(embeddings=embeddings)(file, sections)
    async with scene.storage.transaction(System(organization_id=who.organization_id)) as tx:
        await tx.files.add(file)
        await store(tx)
    return file


async def give_to_agent(scene: Scene, who: Member, *files: File) -> UUID:
    """Let the organization's oldest agent know files, and return its id."""
    agent = await scene.agent(who)
    async with scene.storage.transaction(who) as tx:
        for file in files:
            await tx.agent_files.link(agent.id, file.id)
    return agent.id
