"""How much is measured."""

import msgspec


class Effort(msgspec.Struct, frozen=True, kw_only=True):
    """How often, and how much each time; `messages` are those of a round, by clients."""

    rounds: int
    messages: dict[int, int]
    slow_messages: int
    first_texts: int
    remembered: tuple[int, int]
    rows: int
    requests: int
    starts: int
    scanned_pages: int


THOROUGH = Effort(
    rounds=5,
    messages={1: 50, 16: 128, 64: 192},
    slow_messages=96,
    first_texts=40,
    remembered=(1000, 5000),
    rows=10_000,
    requests=100,
    starts=10,
    scanned_pages=50,
)
QUICK = Effort(
    rounds=2,
    messages={1: 20, 16: 48, 64: 96},
    slow_messages=32,
    first_texts=20,
    remembered=(200, 600),
    rows=1000,
    requests=40,
    starts=3,
    scanned_pages=8,
)
