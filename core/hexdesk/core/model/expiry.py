"""How long things are kept that are of use for a while only."""

from datetime import datetime

import msgspec


class KeptSince(msgspec.Struct, frozen=True, kw_only=True):
    """What is older than this has expired.

    Ended runs' events, answers, refresh tokens, results of tool calls, deliveries to webhooks.
    """

    events: datetime
    answers: datetime
    refresh_tokens: datetime
    tool_calls: datetime
    deliveries: datetime
