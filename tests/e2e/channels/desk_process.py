"""An API that does tasks too, with two channels, as a process of its own."""

import asyncio
import sys

from hexdesk.core.errors import OutcomeUnknownError
from hexdesk.core.model.channels import OutboundMessage, Receipt
from hexdesk.core.model.tasks import ALL_PRIORITIES
from hexdesk.core.ports.channels import Connection
from hexdesk.entrypoints.bootstrap.house import open_house
from hexdesk.entrypoints.bootstrap.logs import configure
from hexdesk.entrypoints.bootstrap.site import Place
from hexdesk.entrypoints.serve import Listener, serve
from hexdesk.entrypoints.settings import (
    needed_database_url,
    needed_secret_key,
    read_settings_here,
)
from hexdesk_webhook_channel.channel import WebhookChannel


class ForgetfulChannel(WebhookChannel):
    """The same to a receiver that cannot tell one message from another."""

    name = "forgetful"

    async def look_up(self, message: OutboundMessage, connection: Connection) -> Receipt | None:
        raise OutcomeUnknownError("the receiver keeps no record")


async def main(port: int) -> None:
    """Serve until a signal asks to stop."""
    settings = read_settings_here()
    configure(settings.log_level, json=True)
    assert settings.data_dir
    place = Place(
        database_url=needed_database_url(settings),
        secret_key=needed_secret_key(settings),
        data_dir=settings.data_dir,
    )
    channels = (WebhookChannel(), ForgetfulChannel())
    async with open_house(settings, place, channels) as house, house.working(8, ALL_PRIORITIES):
        await serve(
            (Listener(app=house.api, host="127.0.0.1", port=port),),
            draining=house.draining,
            drain=house.drain,
            ready=lambda: None,
        )


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
