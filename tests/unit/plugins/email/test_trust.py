"""A sender is who the mail says if our own mail server says so, and never otherwise."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hexdesk_email.trust import Verdict, is_proven, verdicts_in

OURS = "mx.desk.test"
PASS = f"{OURS}; dmarc=pass header.from=example.com"


@pytest.mark.parametrize(
    "result",
    [
        PASS,
        f"{OURS} 1; spf=fail; dmarc=pass (p=REJECT) header.from=example.com",
        "MX.Desk.Test; dmarc=PASS header.from=Example.COM",
        f"{OURS}; dmarc=pass",
        f"{OURS}; dmarc=none header.from=example.com; dkim=pass header.d=example.com",
        f"{OURS}; dkim=fail header.d=other.com; dkim=pass header.i=@example.com header.s=s1",
        f'{OURS}; dkim=pass reason="good; really" header.d=example.com',
    ],
)
def test_our_server_vouches_for_a_domain(result: str) -> None:
    assert is_proven([result], OURS, "example.com")


@pytest.mark.parametrize(
    "result",
    [
        "",
        ";",
        OURS,
        f"{OURS}; none",
        f"{OURS}; dmarc=fail header.from=example.com; dkim=pass header.d=example.com",
        f"{OURS}; dmarc=temperror header.from=example.com; dkim=pass header.d=example.com",
        f"{OURS}; dmarc=pass header.from=evil.test",
        f"{OURS}; dmarc=pass header.from=example.com; dmarc=fail header.from=example.com",
        f"{OURS}; dkim=pass header.d=evil.test",
        f"{OURS}; dkim=pass header.d=ample.com",
        f"{OURS}; spf=pass smtp.mailfrom=ann@example.com",
        f"{OURS}; spf=fail (dmarc=pass header.from=example.com)",
        f"{OURS}; dkim=fail (; dmarc=pass",
        f'{OURS}; dkim=fail header.i="; dmarc=pass"@example.com',
        "mx.evil.test; dmarc=pass header.from=example.com",
        f"mx.evil.test; x={PASS}",
        f"({OURS};) mx.evil.test; dmarc=pass header.from=example.com",
        f"x{PASS}",
    ],
)
def test_nothing_else_vouches(result: str) -> None:
    assert not is_proven([result], OURS, "example.com")


def test_only_the_topmost_of_ours_counts() -> None:
    failed = f"{OURS}; dmarc=fail header.from=example.com"
    other = "relay.example; dmarc=pass header.from=example.com"
    assert not is_proven([failed, PASS], OURS, "example.com")
    assert is_proven([PASS, failed], OURS, "example.com")
    assert is_proven([other, PASS], OURS, "example.com")


def test_who_names_no_server_trusts_none() -> None:
    assert not is_proven([PASS], None, "example.com")
    assert not is_proven([PASS], "", "example.com")
    assert not is_proven([], OURS, "example.com")


def test_verdicts_are_taken_apart() -> None:
    said = verdicts_in(f"{OURS}; dkim/1=pass (2048-bit; key) header.d=a.example header.s=s; junk")
    assert said == (
        Verdict(
            method="dkim", result="pass", properties={"header.d": "a.example", "header.s": "s"}
        ),
    )


@given(st.text(max_size=300))
def test_no_result_is_too_strange(value: str) -> None:
    assert not is_proven([value], OURS, "example.com")
