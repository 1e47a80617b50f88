"""How rows of a table read as text: each says its columns, so that it can stand alone."""

from collections.abc import Iterable, Iterator, Sequence

LONGEST_HEADER = 100


def spoken_rows(rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Yield a line for each row that holds anything: `name: value; name: value`.

    The first row names the columns where it looks like it; else values stand between bars.
    """
    headers: list[str] | None = None
    for row in rows:
        cells = [" ".join(cell.split()) for cell in row]
        if not any(cells):
            continue
        if headers is None:
            headers = cells if looks_like_headers(cells) else []
            yield " | ".join(cells)
        else:
            yield _spoken(cells, headers)


def looks_like_headers(cells: Sequence[str]) -> bool:
    """Return whether these are names of columns: several, short, distinct, and no figures."""
    names = [cell for cell in cells if cell]
    return (
        len(names) > 1
        and len(set(names)) == len(names)
        and all(len(name) <= LONGEST_HEADER for name in names)
        and not any(is_figure(name) for name in names)
    )


def is_figure(text: str) -> bool:
    """Return whether a cell holds a number or a date rather than a word."""
    return not any(char.isalpha() for char in text)


def _spoken(cells: Sequence[str], headers: Sequence[str]) -> str:
    if not headers:
        return " | ".join(cells)
    names = [*headers, *[""] * (len(cells) - len(headers))]
    pairs = zip(names, cells, strict=False)
    return "; ".join(f"{name}: {cell}" if name else cell for name, cell in pairs if cell)
