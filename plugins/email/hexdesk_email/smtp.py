"""Sending one letter by SMTP, and saying truly what became of it."""

import asyncio
import socket
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import aiosmtplib
from aiosmtplib.errors import (
    SMTPAuthenticationError,
    SMTPDataError,
    SMTPException,
    SMTPRecipientRefused,
    SMTPResponseException,
    SMTPSenderRefused,
)

from hexdesk.core import (
    Connection,
    DeskError,
    OutcomeUnknownError,
    RetryAfterError,
    UnavailableError,
    UndeliverableError,
)
from hexdesk_email.config import EmailConfig
from hexdesk_email.dialing import dial, trusted
from hexdesk_email.headers import one_line
from hexdesk_email.outbound import Letter

SECONDS = 15.0
# A server may scan what it got before it answers. RFC 5321 gives it ten minutes, but whoever
# sends holds a worker meanwhile.
SECONDS_FOR_DATA = 60.0
# As long as greylisting usually lasts, and what limits per minute or hour are happy with.
RETRY_SECONDS = 300
PERMANENT = 500


async def send(letter: Letter, config: EmailConfig, connection: Connection) -> None:
    """Hand the letter to the server; raise as `Channel.deliver` does."""
    async with signed_in(config, connection) as smtp:
        try:
            await smtp.mail(letter.envelope_from, options=_options(smtp, letter))
            await smtp.rcpt(letter.envelope_to)
        except (SMTPSenderRefused, SMTPRecipientRefused) as error:
            raise _refused(error) from error
        except (SMTPException, OSError) as error:
            raise UnavailableError(f"the mail server did not take it: {_said(error)}") from error
        try:
            await smtp.data(letter.raw, timeout=SECONDS_FOR_DATA)
        except SMTPDataError as error:
            raise _refused(error) from error
        except (SMTPException, OSError) as error:
            # All of it, or none, may have arrived: whoever sends again may send twice.
            raise OutcomeUnknownError(
                f"the mail server did not say whether it took it: {_said(error)}"
            ) from error


@asynccontextmanager
async def signed_in(config: EmailConfig, connection: Connection) -> AsyncGenerator[aiosmtplib.SMTP]:
    """Give a connection to the server; raise `UnavailableError` where there is none to be had."""
    line = await dial(connection.http, config.smtp_host, config.smtp_port)
    smtp = _client(config, line, trusted(connection.settings))
    try:
        try:
            await _greet(smtp, config)
        except SMTPAuthenticationError as error:
            # Not the message's fault: it goes out once somebody mends the password.
            raise RetryAfterError(
                f"the mail server refuses the sign-in: {_said(error)}", retry_after=RETRY_SECONDS
            ) from error
        except (SMTPException, OSError, ssl.SSLError) as error:
            raise UnavailableError(
                f"cannot speak to {config.smtp_host!r}: {_said(error)}"
            ) from error
        yield smtp
    finally:
        # The connection is the client's by now; it hangs up when the loop comes by.
        smtp.close()
        await asyncio.sleep(0)


def _client(config: EmailConfig, line: socket.socket, tls: ssl.SSLContext) -> aiosmtplib.SMTP:
    return aiosmtplib.SMTP(
        hostname=config.smtp_host,
        sock=line,
        use_tls=config.smtp_security == "tls",
        start_tls=config.smtp_security == "starttls",
        tls_context=tls if config.smtp_security != "none" else None,
        timeout=SECONDS,
        local_hostname=config.address.rpartition("@")[2],
    )


async def _greet(smtp: aiosmtplib.SMTP, config: EmailConfig) -> None:
    await smtp.connect()
    await smtp.ehlo()
    if config.smtp_user is not None:
        await smtp.login(config.smtp_user, config.smtp_password or "")


def _options(smtp: aiosmtplib.SMTP, letter: Letter) -> list[str]:
    return [f"SIZE={len(letter.raw)}"] if smtp.supports_extension("size") else []


def _refused(error: SMTPResponseException) -> DeskError:
    said = f"the mail server refuses it: {_said(error)}"
    if error.code >= PERMANENT:
        return UndeliverableError(said)
    return RetryAfterError(said, retry_after=RETRY_SECONDS)


def _said(error: Exception) -> str:
    if isinstance(error, SMTPResponseException):
        return one_line(f"{error.code} {error.message}")[:500]
    return one_line(str(error) or type(error).__name__)[:500]
