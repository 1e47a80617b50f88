"""Where a person stands now, whatever was true when a run or a task began."""

from msgspec.structs import replace

from hexdesk.core.errors import NotFoundError
from hexdesk.core.model.principals import Member
from hexdesk.core.ports.storage import Transaction


async def as_of_now(tx: Transaction, person: Member) -> Member | None:
    """Return the member with the weaker of its two roles; None if it was removed or is inactive."""
    try:
        user = await tx.users.get(person.user_id)
    except NotFoundError:
        return None
    return replace(person, role=person.role.weaker(user.role)) if user.is_active else None
