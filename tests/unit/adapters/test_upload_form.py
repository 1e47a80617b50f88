"""Forms that bring a file, however their bytes are cut and whatever they say."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as some
from litestar.exceptions import ClientException
from litestar.types import HTTPReceiveMessage

from hexdesk.adapters.http.upload_form import Form
from hexdesk.core.errors import InvalidError, TooLargeError

KIND = "multipart/form-data; boundary=line"
CONTENT = b"\r\n--lin\r\n--line is no end\r\n-\x00\xff" * 3
HEAD = b'Content-Disposition: form-data; name="file"; filename="a.txt"\r\nContent-Type: text/csv'
BODY = (
    b"--line\r\n" + HEAD + b"\r\n\r\n" + CONTENT.replace(b"--line", b"--life") + b"\r\n--line\r\n"
    b'Content-Disposition: form-data; name="agent_id"\r\n\r\n id \r\n--line--\r\nepilogue'
)
Parts = list[tuple[str, str | None, str | None, bytes]]


class Line:
    """A connection on which these pieces come, and then nothing, or the end."""

    def __init__(self, pieces: Sequence[bytes], *, is_whole: bool = True) -> None:
        self._pieces = list(pieces)
        self._is_whole = is_whole

    async def receive(self) -> HTTPReceiveMessage:
        """Return the next piece; wait for ever if there is none and the end has not come."""
        if not self._pieces:
            await asyncio.Event().wait()
        piece = self._pieces.pop(0)
        more_body = bool(self._pieces) or not self._is_whole
        return {"type": "http.request", "body": piece, "more_body": more_body}


async def parts_of(form: Form) -> Parts:
    """Return all that a form says."""
    return [
        (part.name, part.filename, part.content_type, b"".join([one async for one in part.content]))
        async for part in form.parts()
    ]


async def read(*pieces: bytes, most_bytes: int = 10_000) -> Parts:
    """Return what a form says that comes in these pieces."""
    return await parts_of(Form(KIND, Line(pieces).receive, most_bytes))


def with_name(disposition: str) -> bytes:
    """Return a form with a file under a name."""
    head = f"Content-Disposition: form-data; name=file; {disposition}".encode()
    return b"--line\r\n" + head + b"\r\n\r\nx\r\n--line--\r\n"


@given(some.lists(some.integers(min_value=0, max_value=len(BODY)), max_size=8))
def test_it_does_not_matter_where_a_form_is_cut(cuts: list[int]) -> None:
    places = [0, *sorted(cuts), len(BODY)]
    pieces = [BODY[start:end] for start, end in pairwise(places)]
    assert asyncio.run(read(*pieces)) == [
        ("file", "a.txt", "text/csv", CONTENT.replace(b"--line", b"--life")),
        ("agent_id", None, None, b" id "),
    ]


async def test_a_form_may_come_byte_by_byte() -> None:
    assert await read(*(bytes([one]) for one in BODY)) == await read(BODY)


async def test_a_part_that_is_not_read_does_not_stand_in_the_way() -> None:
    form = Form(KIND, Line([BODY]).receive, 10_000)
    assert [part.name async for part in form.parts()] == ["file", "agent_id"]


@pytest.mark.parametrize(
    ("disposition", "expected"),
    [
        ('filename="a;b.txt"', "a;b.txt"),
        ('filename="Käse \U0001f9c0.txt"', "Käse \U0001f9c0.txt"),
        ('filename="%22quoted%22.txt"', '"quoted".txt'),
        ("filename*=UTF-8''K%C3%A4se.txt", "Käse.txt"),
        ("filename*=utf-8'de'a%2Fb.txt", "a/b.txt"),
        ("filename=plain.txt; filename*=UTF-8''other.txt", "plain.txt"),
        ('filename=""', ""),
        ("title=x", None),
    ],
)
async def test_names_come_in_the_ways_that_clients_write_them(
    disposition: str, expected: str | None
) -> None:
    [(_, filename, _, _)] = await read(with_name(disposition))
    assert filename == expected


@pytest.mark.parametrize(
    "body", [BODY[:30], BODY[:-30], b"", b"no form", BODY.replace(b'name="file"', b"")]
)
async def test_what_is_no_form_is_refused(body: bytes) -> None:
    with pytest.raises(ClientException, match="the body is not a form"):
        await read(body)


@pytest.mark.parametrize("kind", ["multipart/form-data", f"{KIND}{'e' * 300}"])
async def test_a_form_says_where_its_parts_end(kind: str) -> None:
    with pytest.raises(ClientException, match="the body is not a form"):
        Form(kind, Line([]).receive, 100)


async def test_a_form_is_bounded_with_what_comes_behind_it() -> None:
    assert await read(BODY, b"x" * 1000)
    with pytest.raises(TooLargeError):
        await read(BODY, *(b"x" * 1000 for _ in range(20)))


async def test_a_field_is_bounded() -> None:
    async def pieces() -> AsyncGenerator[str]:
        async for part in Form(KIND, Line([long]).receive, 10_000).parts():
            yield await part.text()

    long = b'--line\r\nContent-Disposition: form-data; name="a"\r\n\r\n' + b"x" * 2000
    with pytest.raises(InvalidError, match="too long"):
        await anext(pieces())


async def test_whoever_falls_silent_is_not_waited_for() -> None:
    form = Form(KIND, Line([BODY[:90]], is_whole=False).receive, 10_000, most_silence=0.05)
    with pytest.raises(ClientException, match="nothing of it came"):
        await parts_of(form)
