"""How the commands that call the API find it, and who they are there."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any, Protocol

import click

from hexdesk.entrypoints.demo_access import read_demo_access
from hexdesk.entrypoints.served_at import find_api
from hexdesk.entrypoints.settings import read_settings_here

OPTIONS = (
    click.option(
        "--url",
        help="Where the API is.  [default: HEXDESK_PUBLIC_URL, or where `hexdesk up` serves]",
    ),
    click.option("--email", help="Sign in as this member; the password is asked for."),
    click.option("--api-key", envvar="HEXDESK_API_KEY", help="Use an API key instead."),
    click.option(
        "--data-dir",
        type=click.Path(path_type=Path, file_okay=False),
        envvar="HEXDESK_DATA_DIR",
        default=Path(".hexdesk"),
        show_default=True,
        help="The data directory of `hexdesk up`.",
    ),
)


class Guest(Protocol):
    """Whoever can present itself to the API."""

    def use_key(self, api_key: str) -> None:
        """Present an API key from now on."""
        ...

    def sign_in(self, email: str, password: str) -> None:
        """Present a member's access token from now on."""
        ...


@dataclass(frozen=True, kw_only=True)
class ApiAccess:
    """Where the API is called, and as whom."""

    url: str | None
    email: str | None
    api_key: str | None
    data_dir: Path

    @property
    def address(self) -> str:
        """Where the API is."""
        return self.url or find_api(read_settings_here(), self.data_dir)

    def sign_in(self, client: Guest) -> None:
        """Present the key that was given, else sign in."""
        if self.api_key:
            client.use_key(self.api_key)
        else:
            client.sign_in(*self._credentials())

    def _credentials(self) -> tuple[str, str]:
        """Return the member's address and password: those asked for, or the demo organization's."""
        if self.email:
            return self.email, click.prompt("Password", hide_input=True, err=True)
        demo = read_demo_access(self.data_dir)
        if demo is None:
            raise click.UsageError(
                f"no demo sign-in in {self.data_dir}: "
                "start `hexdesk up`, or use --email or --api-key"
            )
        return demo.email, demo.password


def with_api_access(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that say where the API is and who calls, as its `access`."""

    @wraps(command)
    def with_access(
        *,
        url: str | None,
        email: str | None,
        api_key: str | None,
        data_dir: Path,
        **others: Any,
    ) -> None:
        access = ApiAccess(url=url, email=email, api_key=api_key, data_dir=data_dir)
        command(access=access, **others)

    decorated: Callable[..., None] = with_access
    for option in reversed(OPTIONS):
        decorated = option(decorated)
    return decorated
