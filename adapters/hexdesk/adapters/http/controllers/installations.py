"""Connecting channels by signing in at the other system, which leads the browser back here."""

from html import escape
from typing import Annotated, Any, cast
from urllib.parse import parse_qs

import msgspec
from litestar import Controller, Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from msgspec import UNSET, Meta, UnsetType

from hexdesk.adapters.http.calls import call
from hexdesk.adapters.http.options import HttpOptions
from hexdesk.adapters.http.queries import read_query
from hexdesk.core.desk import Desk
from hexdesk.core.errors import InvalidError
from hexdesk.core.model.principals import Member
from hexdesk.core.policy.rights import Right
from hexdesk.core.use_cases.channel_installation import InstallAddress

MOST_BYTES = 16 * 1024
MOST_FIELDS = 10
HTML = "text/html"
NO_SCRIPTS = {
    "content-security-policy": (
        "default-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "cache-control": "no-store",
    # The code and the state stand in the address.
    "referrer-policy": "no-referrer",
}
QUESTION = """\
<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Connect {channel}</title>
<h1>Connect {channel} to {organization}?</h1>
<p>People at {organization} will see what is said to the desk there, and answer it.
Go on only if that is your company.</p>
<form method="post"><input type="hidden" name="code" value="{code}">
<input type="hidden" name="state" value="{state}"><button>Connect</button></form>
</html>
"""
DONE = """\
<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Connected</title>
<h1>{name} is connected</h1><p>You may close this page.</p></html>
"""

Text = Annotated[str, Meta(min_length=1, max_length=4000)]
AnyRequest = Request[Any, Any, Any]


class LedBack(msgspec.Struct, frozen=True, kw_only=True):
    """What the other system leads back with: a code, or why there is none."""

    state: Annotated[str, Meta(description="What the address of the installation held.")] = ""
    code: Annotated[Text, Meta(description="What the account is traded for.")] | UnsetType = UNSET
    error: Annotated[Text, Meta(description="Why the other system gives no code.")] | UnsetType = (
        UNSET
    )


class InstallationsController(Controller):
    """Channels that are connected by signing in at the other system."""

    path = "/channels/{channel:str}"
    tags = ["Channels"]

    @get("/install", opt=call(Right.CHANGE_INTEGRATIONS, also=(404,)))
    async def begin_installation(
        self,
        request: AnyRequest,
        who: NamedDependency[Member],
        desk: NamedDependency[Desk],
        options: NamedDependency[HttpOptions],
        channel: FromPath[str],
    ) -> InstallAddress:
        """Say where to allow the desk in the other system; open it in a browser soon."""
        back = _back(request, options, channel)
        return await desk.channels.begin_installation(who, channel, back)

    @get(
        "/installed",
        media_type=HTML,
        opt=call(is_public=True, query=LedBack, also=(403, 404, 422)),
    )
    async def confirm_installation(
        self, request: AnyRequest, desk: NamedDependency[Desk], channel: FromPath[str]
    ) -> Response[bytes]:
        """Ask whoever was led back here whether that is the organization they mean.

        Anybody may have sent them the address at which they have just allowed the desk.
        """
        # Admission reads the query of calls that need credentials.
        wanted = cast("LedBack", read_query(request.scope["query_string"], LedBack))
        _, organization = await desk.channels.read_installation(channel, wanted.state)
        if wanted.code is UNSET:
            reason = "it was not allowed" if wanted.error is UNSET else str(wanted.error)
            raise InvalidError(f"nothing was connected: {reason}")
        return _page(
            QUESTION,
            channel=channel,
            organization=organization.name,
            code=wanted.code,
            state=wanted.state,
        )

    @post(
        "/installed",
        status_code=200,
        media_type=HTML,
        request_max_body_size=MOST_BYTES,
        opt=call(is_public=True, is_raw=True, most_bytes=MOST_BYTES, also=(403, 404, 409, 422)),
    )
    async def finish_installation(
        self,
        request: AnyRequest,
        desk: NamedDependency[Desk],
        options: NamedDependency[HttpOptions],
        channel: FromPath[str],
    ) -> Response[bytes]:
        """Connect what was allowed, for the admin who began it."""
        code, state = _form(await request.body())
        made = await desk.channels.finish_installation(
            channel,
            code=code,
            state=state,
            redirect_url=_back(request, options, channel),
        )
        return _page(DONE, name=made.name)


def _back(request: AnyRequest, options: HttpOptions, channel: str) -> str:
    base = options.public_url or str(request.base_url)
    return f"{base.rstrip('/')}/api/v1/channels/{channel}/installed"


def _form(body: bytes) -> tuple[str, str]:
    """Return the code and the state; what cannot be read holds neither."""
    try:
        fields = parse_qs(body.decode(), max_num_fields=MOST_FIELDS, errors="strict")
    except ValueError:
        return "", ""
    return fields.get("code", [""])[0], fields.get("state", [""])[0]


def _page(text: str, **values: str) -> Response[bytes]:
    safe = {name: escape(value) for name, value in values.items()}
    return Response(text.format(**safe).encode(), media_type=HTML, headers=NO_SCRIPTS)
