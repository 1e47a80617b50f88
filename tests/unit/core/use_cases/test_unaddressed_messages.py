"""What is said to nobody in particular is the desk's only where its conversation is."""

from hexdesk.core.model.conversations import InboundStatus
from hexdesk.core.testing import saying
from hexdesk.core.use_cases.channel_messages import NOT_ADDRESSED
from tests.unit.core.pigeons import BOB, Flock, says


async def test_what_begins_nothing_is_not_kept() -> None:
    flock = await Flock.of()
    assert (await flock.post(says("Between us.", is_addressed=False))).status_code == 200
    assert await flock.due() == []
    assert await flock.kept() == []


async def test_what_goes_on_with_a_conversation_is_answered() -> None:
    flock = await Flock.of(saying("Which one?"), saying("It has shipped."))
    await flock.tell(says("Where is it?"))
    await flock.tell(says("Number 7.", dedupe_key="2", message_id="2", is_addressed=False))
    assert await flock.contents() == ["Where is it?", "Which one?", "Number 7.", "It has shipped."]


async def test_what_comes_right_after_the_beginning_goes_on_with_it() -> None:
    flock = await Flock.of(saying("Which one?"), saying("It has shipped."))
    await flock.post(says("Where is it?"))
    await flock.tell(says("Number 7.", dedupe_key="2", message_id="2", is_addressed=False))
    assert await flock.contents() == ["Where is it?", "Which one?", "Number 7.", "It has shipped."]


async def test_what_another_says_meanwhile_begins_nothing() -> None:
    flock = await Flock.of(saying("It has shipped."))
    await flock.post(says("Where is it?"))
    await flock.post(says("Hm.", message_id="2", sender=BOB, is_addressed=False))
    await flock.work()
    [thread] = await flock.threads()
    notes = {one.note for one in await flock.kept() if one.status is InboundStatus.DONE}
    assert NOT_ADDRESSED in notes
    assert "Hm." not in await flock.contents(thread)
