"""Where a person stands now, whatever was true when a run or a task began."""

from msgspec.structs import replace

from hexdesk.core.errors import NotFoundError
from hexdesk.core.model.principals import Member, Person
from hexdesk.core.ports.storage import Transaction


async def as_of_now(tx: Transaction, person: Member) -> Member | None:
    """Return the member with the weaker of its two roles; None if it was removed or is inactive."""
    try:
        user = await tx.users.get(person.user_id)
    except NotFoundError:
        return None
    return replace(person, role=person.role.weaker(user.role)) if user.is_active else None


async def still_here(tx: Transaction, person: Person) -> Person | None:
    """Return whom a run acted for, as of now; None if that, or the API key it used, is gone."""
    if not isinstance(person, Member):
        return person
    if person.api_key_id and await tx.api_keys.active_owner(person.api_key_id) is None:
        return None
    return await as_of_now(tx, person)
