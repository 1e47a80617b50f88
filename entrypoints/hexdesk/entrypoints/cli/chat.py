"""`hexdesk chat`: talk to an agent in the terminal."""

import sys
from collections.abc import Callable, Iterator
from uuid import UUID

import click

from hexdesk.entrypoints.cli.access import ApiAccess, with_api_access

QUIT = frozenset({"/quit", "/exit"})


@click.command()
@click.argument("text", required=False)
@click.option("--thread", "thread_id", type=click.UUID, help="Go on with a conversation.")
@click.option("--agent", "agent_id", type=click.UUID, help="Talk to this agent.")
@with_api_access
def chat(
    text: str | None,
    thread_id: UUID | None,
    agent_id: UUID | None,
    access: ApiAccess,
) -> None:
    """Talk to an agent in the terminal.

    With TEXT, or with text on standard input, one message is sent and its answer printed.
    """
    # The HTTP client and the terminal's arts are not for `--help` to wait for.
    from hexdesk.entrypoints.api_client import ApiError
    from hexdesk.entrypoints.conversation import Conversation
    from hexdesk.entrypoints.terminal import Terminal

    terminal = Terminal()
    try:
        with Conversation(access.address) as conversation:
            access.sign_in(conversation)
            thread = conversation.thread(thread_id, agent_id)
            if thread_id:
                terminal.show_history(conversation.history(thread))
            for message in _messages(text, terminal.ask):
                terminal.show_answer(conversation.say(thread, message))
            terminal.show_end(thread)
    except ApiError as error:
        raise click.ClickException(str(error)) from error


def _messages(text: str | None, ask: Callable[[], str | None]) -> Iterator[str]:
    """Yield what is to be said: what was given, else what is typed until the end of input."""
    piped = "" if sys.stdin.isatty() else sys.stdin.read().strip()
    given = "\n\n".join(part for part in (text, piped) if part)
    if given or not sys.stdin.isatty():
        yield from [given] if given else []
        return
    while (typed := ask()) is not None and typed not in QUIT:
        if typed:
            yield typed
