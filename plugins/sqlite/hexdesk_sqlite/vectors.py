"""Vectors as they are kept and compared: one by one, for SQLite has no index of them."""

import math
import struct
from collections.abc import Sequence
from operator import mul


def packed(vector: Sequence[float]) -> bytes:
    """Return a vector's direction in numbers of 32 bits, as this machine writes them.

    One of zeros has no direction, and stays as it is.
    """
    length = math.hypot(*vector) or 1.0
    return struct.pack(f"{len(vector)}f", *(one / length for one in vector))


def cosine(one: bytes, other: bytes) -> float:
    """Return how close two packed vectors are, from -1 to 1; 0 for those of different lengths."""
    if len(one) != len(other):
        return 0.0
    return sum(map(mul, memoryview(one).cast("f"), memoryview(other).cast("f")))
