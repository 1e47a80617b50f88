"""Pigeons that are connected by signing in at an office."""

from typing import Any

from hexdesk.core.ports.channels import Addressee, Installable
from hexdesk.core.ports.egress import Egress
from hexdesk.core.testing import ScriptedChannel
from hexdesk.core.testing.scripted_channel import ScriptedAddressee


class SignedIn(ScriptedChannel, Installable):
    """Pigeons that are allowed at an office; a code is the name of a loft."""

    def install_url(self, settings: Any, *, state: str, redirect_url: str) -> str:
        return f"https://office.example/?state={state}&back={redirect_url}"

    async def finish_install(
        self, settings: Any, http: Egress, *, code: str, redirect_url: str
    ) -> tuple[str, dict[str, Any]]:
        return f"Loft {code}", {"loft": code, "secret": f"word of {code}"}


class SignedInAddressee(SignedIn, ScriptedAddressee, Addressee):
    """The same, where a loft is an account."""
