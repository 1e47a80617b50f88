"""How an installation is set up, as far as the desk cares; made once at the composition root."""

import msgspec

from hexdesk.core.model.limits import Rate


class DeskSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Times are in seconds; a rate of None is off.

    `sweep_seconds` lie between two looks for tasks that are due, `health_check_seconds` between
    two checks of an agent, 0 for never. `poll_seconds` is how long to wait before looking again
    for what another process does. `most_uploads` is how many files are taken in at once.
    `attachment_wait_seconds` is how long an answer waits for what came with its message to be read.
    `channel_answers_per_hour` is how many messages of one sender are answered, None for all;
    `channel_unproved_answers_per_hour` the same for all senders of a connection together who
    prove nothing.
    """

    version: str = "0"
    access_token_seconds: int = 600
    refresh_token_seconds: int = 30 * 86_400
    login_rate: Rate | None = Rate("login", 10)
    login_address_rate: Rate | None = Rate("login-address", 100)
    idempotency_seconds: int = 86_400
    events_kept_seconds: int = 86_400
    thread_wait_seconds: float = 30
    poll_seconds: float = 0.25
    attachment_wait_seconds: float = 15
    run_lease_seconds: float = 15
    most_runs: int = 256
    sweep_seconds: float = 1.0
    health_check_seconds: float = 300
    tool_timeout_seconds: float = 10
    most_file_bytes: int = 50 * 1024 * 1024
    most_uploads: int = 32
    channel_answers_per_hour: int | None = 20
    channel_unproved_answers_per_hour: int | None = 200
    flush_seconds: float = 0.05
    caches_responses: bool = False
    slow_seconds: float = 1.0
