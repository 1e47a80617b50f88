"""Who somebody is beyond the id that Slack's events name."""

import msgspec

from hexdesk.core import Sender
from hexdesk_slack.calls import WebClient, asked
from hexdesk_slack.places import user_of


class _Profile(msgspec.Struct, frozen=True):
    email: str | None = None
    real_name: str = ""
    display_name: str = ""


class _OfCompany(msgspec.Struct, frozen=True):
    teams: tuple[str, ...] = ()


class _User(msgspec.Struct, frozen=True):
    profile: _Profile = _Profile()
    team_id: str | None = None
    enterprise_user: _OfCompany = _OfCompany()
    deleted: bool = False
    is_bot: bool = False
    is_stranger: bool = False
    is_email_confirmed: bool = False


class _Answer(msgspec.Struct, frozen=True):
    user: _User


async def known(sender: Sender, client: WebClient, team_id: str) -> Sender:
    """Return the sender with name and address.

    The address is proven where the workspace that is connected has confirmed it. What another
    company's workspace says of its people, in a channel that both share, that company wrote.
    """
    call = client.users_info(user=user_of(sender.external_id))
    user = (await asked(call, _Answer)).user
    email = (user.profile.email or "").strip() or None
    # In a company of many workspaces, people belong to one and work in several.
    is_member = team_id in {user.team_id, *user.enterprise_user.teams}
    is_proven = is_member and not (user.deleted or user.is_bot or user.is_stranger)
    return msgspec.structs.replace(
        sender,
        name=user.profile.display_name or user.profile.real_name or sender.name,
        email=email,
        is_verified=email is not None and is_proven and user.is_email_confirmed,
    )
