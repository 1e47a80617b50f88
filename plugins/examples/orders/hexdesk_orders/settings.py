"""What an operator decides for all companies together."""

from typing import Annotated

import msgspec


class OrderSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How long a shop is waited for, by `HEXDESK_ORDERS_SECONDS`."""

    seconds: Annotated[float, msgspec.Meta(gt=0, le=60)] = 5
