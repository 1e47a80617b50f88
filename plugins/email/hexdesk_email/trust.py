"""Whether our own mail server says that the sender is who the mail says (RFC 8601, RFC 7489)."""

import re
from collections.abc import Sequence

import msgspec

LONGEST = 10_000
QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
METHOD = re.compile(r"\s*([\w-]+)\s*(?:/\s*\d+\s*)?=\s*([\w-]+)")
PROPERTY = re.compile(r"\b([a-z]+\.[\w-]+)\s*=\s*([^\s;]+)")


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """One method's result, and what it is about."""

    method: str
    result: str
    properties: dict[str, str] = {}


def is_proven(results: Sequence[str], authserv_id: str | None, domain: str) -> bool:
    """Tell whether the domain's own servers vouch for the mail.

    `results` are the values of all `Authentication-Results`, topmost first. Only the topmost of
    our own server counts: whatever stands below it may have come with the mail. DMARC decides
    where it was tried. Where the domain has no DMARC, a DKIM signature of exactly this domain
    is as good; SPF alone is not, since many who are strangers to each other send from one server.
    """
    ours = next((one for one in results if _is_of(one, authserv_id)), None)
    if ours is None:
        return False
    verdicts = verdicts_in(ours)
    dmarc = [verdict for verdict in verdicts if verdict.method == "dmarc"]
    if any(verdict.result != "none" for verdict in dmarc):
        return all(
            verdict.result == "pass"
            and verdict.properties.get("header.from", domain).lower() == domain
            for verdict in dmarc
        )
    return any(
        verdict.method == "dkim" and verdict.result == "pass" and _signing_domain(verdict) == domain
        for verdict in verdicts
    )


def verdicts_in(value: str) -> tuple[Verdict, ...]:
    """Return the verdicts in one `Authentication-Results`."""
    _, *clauses = _without_comments(value).split(";")
    found: list[Verdict] = []
    for clause in clauses:
        if (method := METHOD.match(clause)) is not None:
            properties = {
                name.lower(): text for name, text in PROPERTY.findall(clause[method.end() :])
            }
            found.append(
                Verdict(method=method[1].lower(), result=method[2].lower(), properties=properties)
            )
    return tuple(found)


def _is_of(value: str, authserv_id: str | None) -> bool:
    named = _without_comments(value).partition(";")[0].split()
    return bool(authserv_id and named) and named[0].lower() == str(authserv_id).lower()


def _signing_domain(verdict: Verdict) -> str:
    said = verdict.properties.get("header.d", "")
    return (said or verdict.properties.get("header.i", "").rpartition("@")[2]).lower()


def _without_comments(value: str) -> str:
    # What is quoted may hold anything: a semicolon in it would begin a verdict of the sender's.
    value = QUOTED.sub(lambda quoted: re.sub(r"[;=()\s]", "_", quoted[1]), value[:LONGEST])
    kept: list[str] = []
    depth = 0
    for letter in value:
        if letter == "(":
            depth += 1
        elif letter == ")":
            depth = max(0, depth - 1)
        elif not depth:
            kept.append(letter)
    return "".join(kept)
