"""What Slack's requests bring: messages, decisions, or nothing that the desk must know."""

from collections.abc import Iterator, Sequence
from uuid import UUID

from hexdesk.core import Inbound, InboundDecision, InboundFile, InboundMessage, Sender
from hexdesk_slack.approvals import VERDICTS
from hexdesk_slack.configuration import SlackConfig
from hexdesk_slack.payloads import (
    Action,
    Event,
    Interaction,
    Kind,
    Post,
    PostedFile,
    UnreadableError,
    decode,
    hints_of,
)
from hexdesk_slack.places import Place, sender_id
from hexdesk_slack.plain_text import mentions, plain, without_mention

MESSAGES = frozenset({"app_mention", "message"})
WRITTEN = frozenset({None, "file_share", "thread_broadcast"})
ADDRESSED = frozenset({"im", "mpim", "app_home"})
SLACK_ITSELF = "USLACKBOT"
# Slack keeps these elsewhere, or no longer shows them.
NOT_THERE = frozenset({"external", "hidden_by_limit", "tombstone"})
UNNAMED = "file"
LONGEST_TITLE = 80


def brought_by_event(event: Event, config: SlackConfig) -> Sequence[Inbound]:
    """Return the message that an event brings, if a person wrote it to the app."""
    kind = decode(event.event, Kind)
    app = config.bot_user_id or _own_user(event)
    # Edits and deletions have other subtypes; what programs write has a `bot_id`.
    is_written = kind.type in MESSAGES and kind.subtype in WRITTEN and not kind.hidden
    if not is_written or kind.bot_id or kind.user in {None, app, SLACK_ITSELF}:
        return ()
    post = decode(event.event, Post)
    text = post.text or ""
    is_addressed = (
        kind.type == "app_mention" or post.channel_type in ADDRESSED or mentions(text, app)
    )
    if not is_addressed and post.thread_ts is None:
        return ()
    return (_message(post, config, app, is_addressed=is_addressed),)


def brought_by_interaction(interaction: Interaction, team_id: str) -> Sequence[Inbound]:
    """Return the decisions that buttons bring."""
    if interaction.type != "block_actions":
        return ()
    actions = [decode(action, Action) for action in interaction.actions]
    return [
        _decision(action, interaction, team_id)
        for action in actions
        if action.action_id in VERDICTS
    ]


def _message(
    post: Post, config: SlackConfig, app: str | None, *, is_addressed: bool
) -> InboundMessage:
    place = Place(config.team_id, post.channel, post.thread_ts or post.ts)
    full_text = plain(post.text or "").strip()
    text = plain(without_mention(post.text or "", app)).strip()
    return InboundMessage(
        # The mention and the message of one post are two events with two ids.
        dedupe_key=f"{place.team_id}:{post.channel}:{post.ts}",
        conversation_key=place.key,
        message_id=place.message_id(post.ts),
        sender=Sender(external_id=sender_id(place.team_id, post.user), name=post.user),
        # Who says nothing but the app's name says that.
        text=text or ("" if post.files else full_text),
        full_text=full_text,
        # Only direct conversations are listed by a name.
        subject=text.partition("\n")[0][:LONGEST_TITLE] or None if place.is_direct else None,
        files=tuple(_files(post.files or ())),
        is_addressed=is_addressed,
        hints=hints_of(user=post.user, team=post.user_team or place.team_id),
    )


def _files(files: Sequence[PostedFile]) -> Iterator[InboundFile]:
    for file in files:
        if file.mode not in NOT_THERE:
            yield InboundFile(
                filename=file.name or UNNAMED,
                content_type=file.mimetype or "",
                size=file.size,
                reference=file.url_private_download or file.id,
            )


def _decision(action: Action, interaction: Interaction, team_id: str) -> InboundDecision:
    if interaction.user is None:
        raise UnreadableError("nobody pressed the button")
    try:
        approval_id = UUID(action.value or "")
    except ValueError as error:
        raise UnreadableError("the button is for no approval") from error
    user, container = interaction.user, interaction.container
    return InboundDecision(
        dedupe_key=f"{team_id}:{user.id}:{action.action_ts}:{approval_id}",
        approval_id=approval_id,
        is_approved=VERDICTS[action.action_id],
        sender=Sender(external_id=sender_id(team_id, user.id), name=user.name or user.id),
        hints=hints_of(channel=container.channel_id, ts=container.message_ts),
    )


def _own_user(event: Event) -> str | None:
    return next((one.user_id for one in event.authorizations or () if one.user_id), None)
