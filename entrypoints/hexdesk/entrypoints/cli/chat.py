"""`hexdesk chat`: talk to an agent in the terminal."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID

import click

from hexdesk.entrypoints.demo_access import read_demo_access
from hexdesk.entrypoints.served_at import find_api
from hexdesk.entrypoints.settings import read_settings_here

QUIT = frozenset({"/quit", "/exit"})


@click.command()
@click.argument("text", required=False)
@click.option("--thread", "thread_id", type=click.UUID, help="Go on with a conversation.")
@click.option("--agent", "agent_id", type=click.UUID, help="Talk to this agent.")
@click.option(
    "--url", help="Where the API is.  [default: HEXDESK_PUBLIC_URL, or where `hexdesk up` serves]"
)
@click.option("--email", help="Sign in as this member; the password is asked for.")
@click.option("--api-key", envvar="HEXDESK_API_KEY", help="Use an API key instead.")
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path, file_okay=False),
    envvar="HEXDESK_DATA_DIR",
    default=Path(".hexdesk"),
    show_default=True,
    help="The data directory of `hexdesk up`.",
)
def chat(
    text: str | None,
    thread_id: UUID | None,
    agent_id: UUID | None,
    url: str | None,
    email: str | None,
    api_key: str | None,
    data_dir: Path,
) -> None:
    """Talk to an agent in the terminal.

    With TEXT, or with text on standard input, one message is sent and its answer printed.
    """
    # The HTTP client and the terminal's arts are not for `--help` to wait for.
    from hexdesk.entrypoints.conversation import Conversation, ConversationError
    from hexdesk.entrypoints.terminal import Terminal

    address = url or find_api(read_settings_here(), data_dir)
    terminal = Terminal()
    try:
        with Conversation(address) as conversation:
            if api_key:
                conversation.use_key(api_key)
            else:
                conversation.sign_in(*_credentials(email, data_dir))
            thread = conversation.thread(thread_id, agent_id)
            if thread_id:
                terminal.show_history(conversation.history(thread))
            for message in _messages(text, terminal.ask):
                terminal.show_answer(conversation.say(thread, message))
            terminal.show_end(thread)
    except ConversationError as error:
        raise click.ClickException(str(error)) from error


def _credentials(email: str | None, data_dir: Path) -> tuple[str, str]:
    """Return the member's address and password: those asked for, or the demo organization's."""
    if email:
        return email, click.prompt("Password", hide_input=True, err=True)
    demo = read_demo_access(data_dir)
    if demo is None:
        raise click.UsageError(
            f"no demo sign-in in {data_dir}: start `hexdesk up`, or use --email or --api-key"
        )
    return demo.email, demo.password


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
