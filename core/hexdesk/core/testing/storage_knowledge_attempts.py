"""Every method of the repository of passages, as something to try with what somebody has."""

from collections.abc import Awaitable, Callable

from hexdesk.core.model.knowledge import Passage, PassageVector
from hexdesk.core.ports.storage import Transaction
from hexdesk.core.testing.companies import Belongings

Attempt = Callable[[Transaction, Belongings], Awaitable[object]]

PASSAGE_LOOKS: dict[str, Attempt] = {
    "passages.readable": lambda to, its: to.passages.readable(
        its.conversation.agent.id, [its.file.id]
    ),
    "passages.whole": lambda to, its: to.passages.whole([its.file.id], 1000),
    "passages.first": lambda to, its: to.passages.first([its.file.id], 9),
    "passages.search": lambda to, its: to.passages.search("Press F1", [its.file.id], 9),
    "passages.nearest": lambda to, its: to.passages.nearest(
        "words/2", (0.6, 0.8), [its.file.id], 9
    ),
}

PASSAGE_WRITES: dict[str, Attempt] = {
    "passages.replace": lambda to, its: to.passages.replace(
        its.file.id, [Passage(file_id=its.file.id, position=0, text="Taken over.")]
    ),
    "passages.put_vectors": lambda to, its: to.passages.put_vectors(
        its.file.id, "words/2", [PassageVector(position=0, vector=(1.0, 0.0))]
    ),
}

PASSAGES_FOUND_OR_NOT = ("passages.replace",)
