"""How laws are tried: often enough to find a hole, seldom enough for tests of a few seconds."""

from hypothesis import settings

law = settings(max_examples=30, deadline=None)
