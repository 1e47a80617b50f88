"""What every clock does."""

from datetime import timedelta
from re import fullmatch

from hexdesk.core.ports.clock import Clock


class ClockContract:
    """Define a fixture `clock`."""

    def test_the_time_is_aware_and_in_utc(self, clock: Clock) -> None:
        assert clock.now().utcoffset() == timedelta()

    def test_elapsed_seconds_never_go_back(self, clock: Clock) -> None:
        seconds = [clock.elapsed() for _ in range(100)]
        assert seconds == sorted(seconds)

    def test_ids_are_of_version_7_and_of_this_time(self, clock: Clock) -> None:
        before, made = clock.now(), clock.new_id()
        assert (made.version, made.variant) == (7, "specified in RFC 4122")
        milliseconds = made.int >> 80
        assert int(before.timestamp() * 1000) <= milliseconds <= clock.now().timestamp() * 1000

    def test_later_ids_sort_after_earlier_ones(self, clock: Clock) -> None:
        ids = [clock.new_id() for _ in range(10_000)]
        assert ids == sorted(set(ids))

    def test_secrets_are_256_bits_and_no_two_are_alike(self, clock: Clock) -> None:
        secrets = [clock.new_secret() for _ in range(1000)]
        assert len(set(secrets)) == 1000
        # The last of 43 characters stands for four bits, so its lowest two are zero.
        assert all(fullmatch(r"[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]", secret) for secret in secrets)
