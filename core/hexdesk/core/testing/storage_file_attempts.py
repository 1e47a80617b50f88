"""Every method of the repositories of files, as something to try with what somebody has."""

from collections.abc import Awaitable, Callable

from msgspec.structs import replace

from hexdesk.core.model.documents import Section
from hexdesk.core.model.files import FileFilter
from hexdesk.core.ports.storage import Transaction
from hexdesk.core.testing import examples
from hexdesk.core.testing.companies import Belongings

Attempt = Callable[[Transaction, Belongings], Awaitable[object]]


async def _add_file(to: Transaction, its: Belongings) -> bool:
    # The same content: what others have is no reason to answer with theirs.
    mine = replace(its.file, id=examples.new_id(), uploaded_by_id=None)
    return await to.files.add(mine) == mine


FILE_LOOKS: dict[str, Attempt] = {
    "files.get": lambda to, its: to.files.get(its.file.id),
    "files.get with lock": lambda to, its: to.files.get(its.file.id, lock=True),
    "files.page": lambda to, _: to.files.page(FileFilter(), examples.ALL),
    "files.page by ids": lambda to, its: to.files.page(
        FileFilter(ids=(its.file.id,)), examples.ALL
    ),
    "files.page by content": lambda to, its: to.files.page(
        FileFilter(sha256=its.file.sha256), examples.ALL
    ),
    "files.page by agent": lambda to, its: to.files.page(
        FileFilter(agent_id=its.conversation.agent.id), examples.ALL
    ),
    "file_texts.of_file": lambda to, its: to.file_texts.of_file(its.file.id),
    "agent_files.of_agent": lambda to, its: to.agent_files.of_agent(its.conversation.agent.id),
    "agent_files.is_known": lambda to, its: to.agent_files.is_known(its.file.id),
}

FILE_WRITES: dict[str, Attempt] = {
    "files.add": _add_file,
    "files.update": lambda to, its: to.files.update(replace(its.file, filename="taken.pdf")),
    "files.remove": lambda to, its: to.files.remove(its.file.id),
    "file_texts.replace": lambda to, its: to.file_texts.replace(
        its.file.id, [Section(text="Taken over.")]
    ),
    "agent_files.link": lambda to, its: to.agent_files.link(its.conversation.agent.id, its.file.id),
    "agent_files.unlink": lambda to, its: to.agent_files.unlink(
        its.conversation.agent.id, its.file.id
    ),
}

FILES_FOUND_OR_NOT = (
    "files.get",
    "files.get with lock",
    "files.update",
    "files.remove",
    "file_texts.replace",
    "agent_files.link",
    "agent_files.unlink",
)
