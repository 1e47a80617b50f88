"""How answers look in a terminal, and what goes into a pipe."""

import io
from typing import Any
from uuid import UUID

import pytest
from rich.console import Console

from hexdesk.entrypoints.conversation import Event
from hexdesk.entrypoints.terminal import Terminal

THREAD = UUID("01a20000-0000-7000-8000-000000000001")
ANSWER: dict[str, Any] = {
    "model": "openai:gpt-4o-mini",
    "response_time_ms": 1234.5,
    "degraded": False,
    "degraded_reason": None,
    "approvals": [],
    "usage": {"input_tokens": 100, "output_tokens": 20, "requests": 2},
}


def test_the_answer_alone_goes_to_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    Terminal().show_answer(
        [
            Event(1, "run.started", {"run_id": "1", "thread_id": "2"}),
            Event(2, "tool.started", {"call_id": "a", "name": "get_ticket", "arguments": {"x": 1}}),
            Event(3, "tool.finished", {"call_id": "a", "status": "ok", "duration_ms": 12.5}),
            Event(4, "text.delta", {"text": "Ticket "}),
            Event(5, "text.delta", {"text": "**#1**"}),
            Event(6, "run.completed", ANSWER),
        ]
    )

    told = capsys.readouterr()
    assert told.out == "Ticket **#1**\n"
    assert told.err == (
        '● get_ticket {"x": 1}\n  ✓ ok in 12.5 ms\nopenai:gpt-4o-mini · 1.2 s · 120 tokens\n'
    )


@pytest.mark.parametrize(
    ("status", "mark"),
    [("ok", "✓"), ("error", "✗"), ("denied", "⊘"), ("awaiting_approval", "…"), ("new", "?")],
)
def test_each_outcome_of_a_tool_has_its_mark(
    capsys: pytest.CaptureFixture[str], status: str, mark: str
) -> None:
    Terminal().show_answer([Event(1, "tool.finished", {"status": status, "duration_ms": 1})])

    assert capsys.readouterr().err == f"  {mark} {status} in 1 ms\n"


def test_a_degraded_answer_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    answer = ANSWER | {"degraded": True, "degraded_reason": "mcp_unavailable"}

    Terminal().show_answer([Event(1, "run.completed", answer)])

    assert capsys.readouterr().err.endswith(" · degraded: mcp_unavailable\n")


def test_what_waits_for_a_person_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    answer = ANSWER | {"approvals": [{"id": "7", "tool": "delete_ticket"}]}

    Terminal().show_answer([Event(1, "run.completed", answer)])

    assert "delete_ticket waits for a person: approval 7\n" in capsys.readouterr().err


def test_nobody_answered_where_a_person_has_the_conversation(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Terminal().show_answer([Event(1, "run.completed", ANSWER | {"model": ""})])

    assert "a person has this conversation" in capsys.readouterr().err


def test_a_run_that_failed_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    Terminal().show_answer([Event(1, "run.failed", {"detail": "a person took over"})])

    assert capsys.readouterr().err == "a person took over\n"


def test_what_is_said_is_never_taken_for_markup(capsys: pytest.CaptureFixture[str]) -> None:
    said = "[bold]not bold[/bold] [/] :smile:"

    terminal = Terminal()
    terminal.show_history([{"role": "user", "content": said}])
    terminal.show_answer([Event(1, "text.delta", {"text": said})])

    told = capsys.readouterr()
    assert (told.out, told.err) == (said, f"you > {said}\n")


@pytest.mark.parametrize(
    ("role", "name"),
    [
        ("user", "you"),
        ("assistant", "agent"),
        ("human_agent", "staff"),
        ("system", "desk"),
        ("bot", "bot"),
    ],
)
def test_history_says_who_spoke(capsys: pytest.CaptureFixture[str], role: str, name: str) -> None:
    Terminal().show_history([{"role": role, "content": "hello"}])

    assert capsys.readouterr().err == f"{name} > hello\n"


def test_the_end_tells_how_to_go_on(capsys: pytest.CaptureFixture[str]) -> None:
    Terminal().show_end(THREAD)

    assert capsys.readouterr().err == f"go on with: hexdesk chat --thread {THREAD}\n"


def test_long_lines_are_not_broken(capsys: pytest.CaptureFixture[str]) -> None:
    console = Console(file=io.StringIO(), width=20, highlight=False, soft_wrap=True)
    said = "a sentence that is much longer than the terminal is wide"

    Terminal(console).show_answer([Event(1, "text.delta", {"text": said})])

    assert isinstance(console.file, io.StringIO)
    assert console.file.getvalue() == said


def test_a_person_is_asked_until_the_input_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("  hello \n\n"))
    terminal = Terminal()

    assert [terminal.ask(), terminal.ask(), terminal.ask()] == ["hello", "", None]
