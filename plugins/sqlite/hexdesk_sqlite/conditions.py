"""The part of a statement that says which rows are wanted."""

from typing import Any

# Which rows of a table may be changed. A trigger stops whoever leaves this out; with it, the
# statement finds them by an index.
OURS = "organization_id = this_organization()"


class Conditions:
    """Conditions that must all hold, with the values they compare with."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        self._terms: list[str] = []

    def place(self, value: Any) -> str:
        """Take a value in and return what stands for it in the statement."""
        self.values.append(value)
        return f"?{len(self.values)}"

    def add(self, term: str, *values: Any) -> None:
        """Demand something; each `{}`, or `{0}`, stands for one of the values."""
        self._terms.append(term.format(*map(self.place, values)))

    def add_known(self, term: str, value: Any) -> None:
        """Demand something of a value, unless the value is None and so does not matter."""
        if value is not None:
            self.add(term, value)

    def __str__(self) -> str:
        """Return the conditions as they stand in a statement."""
        return f" WHERE {' AND '.join(self._terms)}" if self._terms else ""
