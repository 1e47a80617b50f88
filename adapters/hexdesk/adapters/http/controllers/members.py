"""Members of the organization."""

from uuid import UUID

from litestar import Controller, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from hexdesk.adapters.http.calls import Once, call
from hexdesk.adapters.http.queries import ListQuery
from hexdesk.core.desk import Desk
from hexdesk.core.model.identity import User
from hexdesk.core.model.listing import Page
from hexdesk.core.model.principals import Member
from hexdesk.core.policy.rights import Right
from hexdesk.core.use_cases.members import MemberChange, NewMember

NOTHING = MemberChange()
NEW_MEMBER = NewMember(
    email="grace@example.com",
    password="one bug in a relay",  # noqa: S106  an example for the reference
)


class MembersController(Controller):
    """Members of the organization."""

    path = "/users"
    tags = ["Members"]

    @get(opt=call(Right.MANAGE_MEMBERS, query=ListQuery))
    async def list_members(
        self,
        who: NamedDependency[Member],
        desk: NamedDependency[Desk],
        wanted: NamedDependency[ListQuery],
    ) -> Page[User]:
        """List the members."""
        return await desk.identity.list_members(who, wanted.part())

    @post(opt=call(Right.MANAGE_MEMBERS, once=Once.ANSWER, also=(409,), example=NEW_MEMBER))
    async def add_member(
        self,
        who: NamedDependency[Member],
        once: NamedDependency[Desk],
        data: JSONBody[NewMember],
    ) -> User:
        """Add a member."""
        return await once.identity.add_member(who, data)

    @get("/{user_id:uuid}", opt=call(Right.MANAGE_MEMBERS))
    async def get_member(
        self,
        who: NamedDependency[Member],
        desk: NamedDependency[Desk],
        user_id: FromPath[UUID],
    ) -> User:
        """Show a member."""
        return await desk.identity.get_member(who, user_id)

    @patch("/{user_id:uuid}", opt=call(Right.MANAGE_MEMBERS, also=(409,)))
    async def change_member(
        self,
        who: NamedDependency[Member],
        desk: NamedDependency[Desk],
        user_id: FromPath[UUID],
        data: JSONBody[MemberChange] = NOTHING,
    ) -> User:
        """Change a member; what is absent stays.

        The last admin cannot be demoted or deactivated. Deactivation and a new password end the
        member's sessions.
        """
        return await desk.identity.change_member(who, user_id, data)

    @delete("/{user_id:uuid}", opt=call(Right.MANAGE_MEMBERS, also=(409,)))
    async def remove_member(
        self,
        who: NamedDependency[Member],
        desk: NamedDependency[Desk],
        user_id: FromPath[UUID],
    ) -> None:
        """Remove a member with its sessions and keys; the last admin cannot be removed."""
        await desk.identity.remove_member(who, user_id)
