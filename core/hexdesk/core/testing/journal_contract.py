"""What every journal does."""

import pytest

from hexdesk.core.errors import JournalFullError
from hexdesk.core.ports.journal import Journal


class JournalContract:
    """Define fixtures `journal`, and `full_journal` with one entry and no space for another."""

    async def test_entries_are_kept_in_order_until_they_are_removed(self, journal: Journal) -> None:
        entries = [b"first", b"", b"\x00\xff" * 1000]
        for entry in entries:
            await journal.append(entry)
        pending = await journal.pending()
        assert [entry for _, entry in pending] == entries
        await journal.remove(pending[1][0])
        assert await journal.pending() == (pending[0], pending[2])

    async def test_an_empty_journal_has_no_entries_and_no_problem(self, journal: Journal) -> None:
        assert await journal.pending() == ()
        assert journal.problem() is None

    async def test_removing_what_is_not_there_changes_nothing(self, journal: Journal) -> None:
        await journal.append(b"entry")
        [(name, _)] = await journal.pending()
        await journal.remove(name)
        await journal.remove(name)
        await journal.remove("unknown")
        assert await journal.pending() == ()

    async def test_a_full_journal_refuses_and_says_why_until_there_is_space(
        self, full_journal: Journal
    ) -> None:
        with pytest.raises(JournalFullError):
            await full_journal.append(b"one too many")
        assert "full" in (full_journal.problem() or "")
        [(name, _)] = await full_journal.pending()
        await full_journal.remove(name)
        assert full_journal.problem() is None
        await full_journal.append(b"another")
        assert [entry for _, entry in await full_journal.pending()] == [b"another"]
