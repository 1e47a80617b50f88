"""Signing up, in and out."""

from typing import Annotated

import msgspec
from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from hexdesk.adapters.http.calls import call
from hexdesk.adapters.http.rate_limits import rate_headers
from hexdesk.core.desk import Desk
from hexdesk.core.model.identity import Email, Password, Registration, Tokens
from hexdesk.core.model.principals import Member, Origin
from hexdesk.core.policy.rights import Right
from hexdesk.core.use_cases.sessions import WhoAmI

Secret = Annotated[str, msgspec.Meta(min_length=1, max_length=1024)]


class Credentials(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a member signs in with."""

    email: Email
    password: Secret


class RefreshRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The refresh token of the session."""

    refresh_token: Secret


class PasswordChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The present password, and the one to come."""

    current_password: Secret
    new_password: Password


REGISTRATION = Registration(
    organization_name="Analytical Engines",
    email="ada@example.com",
    password="correct horse battery",  # noqa: S106  an example for the reference
    full_name="Ada Lovelace",
)
CREDENTIALS = Credentials(
    email="ada@example.com",
    password="correct horse battery",  # noqa: S106  an example for the reference
)


class AuthController(Controller):
    """Signing up, in and out."""

    path = "/auth"
    tags = ["Sign-in"]

    @post("/register", opt=call(is_public=True, registers=True, also=(409,), example=REGISTRATION))
    async def register(
        self,
        desk: NamedDependency[Desk],
        origin: NamedDependency[Origin],
        data: JSONBody[Registration],
    ) -> Tokens:
        """Found an organization.

        Creates the organization, its first member (an admin) and its default agent, and signs the
        member in. It is 409 if the e-mail address is taken.
        """
        return await desk.identity.register(data, origin)

    @post("/login", status_code=200, opt=call(is_public=True, also=(401,), example=CREDENTIALS))
    async def login(
        self,
        desk: NamedDependency[Desk],
        origin: NamedDependency[Origin],
        data: JSONBody[Credentials],
    ) -> Response[Tokens]:
        """Sign in.

        An unknown e-mail address and a wrong password get the same answer, in about the same time.
        """
        tokens, verdict = await desk.identity.sign_in(data.email, data.password, origin)
        return Response(tokens, headers=rate_headers(verdict) if verdict else {})

    @post("/refresh", status_code=200, opt=call(is_public=True, also=(401,)))
    async def refresh(
        self,
        desk: NamedDependency[Desk],
        origin: NamedDependency[Origin],
        data: JSONBody[RefreshRequest],
    ) -> Tokens:
        """Exchange a refresh token for the next pair of tokens.

        The old one is spent. Using a spent one again ends the session.
        """
        return await desk.identity.refresh(data.refresh_token, origin)

    @post("/logout", status_code=204, opt=call(is_public=True))
    async def logout(
        self,
        desk: NamedDependency[Desk],
        origin: NamedDependency[Origin],
        data: JSONBody[RefreshRequest],
    ) -> None:
        """Sign out: the session's access tokens stop working too."""
        await desk.identity.sign_out(data.refresh_token, origin)

    @post("/password", status_code=204, opt=call(Right.CHANGE_OWN_PASSWORD))
    async def change_password(
        self,
        who: NamedDependency[Member],
        desk: NamedDependency[Desk],
        data: JSONBody[PasswordChange],
    ) -> None:
        """Change your password: your other sessions end."""
        await desk.identity.change_password(who, data.current_password, data.new_password)

    @get("/me", opt=call())
    async def show_myself(
        self, who: NamedDependency[Member], desk: NamedDependency[Desk]
    ) -> WhoAmI:
        """Show who you are, and your organization."""
        return await desk.identity.show_myself(who)
