"""What the assistant's pane shows beside answers: that one is made, a title, what to ask next."""

from collections.abc import Sequence
from contextlib import suppress

from hexdesk.core import DeskError
from hexdesk_slack.calls import told
from hexdesk_slack.configuration import Prompt
from hexdesk_slack.delivery import Delivery

THINKING = "is thinking…"
# A button has room for so much; what it says is the whole of it.
LONGEST_BUTTON = 60

# A workspace without assistants refuses all of these, and loses nothing but them.


async def show_thinking(delivery: Delivery) -> None:
    """Say that an answer is being made; Slack takes that away when it is there."""
    await _show_status(delivery, THINKING)


async def show_nothing(delivery: Delivery) -> None:
    """Say no more that an answer is being made, where there will be none."""
    await _show_status(delivery, "")


async def show_around(delivery: Delivery, prompts: Sequence[Prompt]) -> None:
    """Say what the conversation is about, and what may be asked next."""
    place = delivery.place
    if not place.is_direct:
        return
    subject = delivery.message.subject
    with suppress(DeskError):
        if subject:
            await told(
                delivery.client.assistant_threads_setTitle(
                    channel_id=place.channel, thread_ts=place.root, title=subject
                )
            )
        if prompts:
            await told(
                delivery.client.assistant_threads_setSuggestedPrompts(
                    channel_id=place.channel,
                    thread_ts=place.root,
                    prompts=[
                        {"title": prompt[:LONGEST_BUTTON], "message": prompt} for prompt in prompts
                    ],
                )
            )


async def _show_status(delivery: Delivery, status: str) -> None:
    place = delivery.place
    with suppress(DeskError):
        await told(
            delivery.client.assistant_threads_setStatus(
                channel_id=place.channel, thread_ts=place.root, status=status
            )
        )
