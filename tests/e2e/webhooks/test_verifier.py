"""The verifier of the documentation believes what hexdesk sends, and nothing else."""

import runpy
from collections.abc import Callable, Mapping

import pytest

from tests.docs.pages import Page
from tests.e2e.resilience.client import Member
from tests.e2e.webhooks.receiver import Receiver
from tests.integration.local_server import Heard

SECRETS = ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "any other text")
Verify = Callable[[str, Mapping[str, str], bytes], bool]


@pytest.fixture(scope="module")
def verify(tmp_path_factory: pytest.TempPathFactory) -> Verify:
    """Return the function that readers are shown, as it stands on the page."""
    [code] = Page.read("docs/how-to/receive-webhooks.md").code("python")
    program = tmp_path_factory.mktemp("verifier") / "verifier.py"
    program.write_text(code, encoding="utf-8")
    return runpy.run_path(str(program))["verify"]


@pytest.mark.parametrize("secret", SECRETS)
async def test_it_believes_a_delivery_and_no_other(
    verify: Verify, admin: Member, receiver: Receiver, secret: str
) -> None:
    config = {"url": receiver.url, "secret": secret}
    wish = {"type": "webhook", "name": "Hook", "config": config}
    assert (await admin.call("POST", "/integrations", wish)).status == 201
    assert (await admin.call("POST", "/tickets", {"title": "Größer"})).status == 201
    heard = await receiver.next()
    assert verify(secret, heard.headers, heard.body)
    for headers, body in counterfeits(heard):
        assert not verify(secret, headers, body), headers
    assert not verify("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD", heard.headers, heard.body)


def counterfeits(heard: Heard) -> list[tuple[dict[str, str], bytes]]:
    """Return requests that look like this one and are not."""
    headers, body = heard.headers, heard.body
    earlier = str(int(headers["webhook-timestamp"]) - 301)
    changes: list[dict[str, str]] = [
        {"webhook-id": "another"},
        {"webhook-timestamp": earlier},
        *({"webhook-timestamp": text} for text in ("", "soon", "9" * 5000, "-1", "²")),
        *({"webhook-signature": text} for text in ("", "v1,", "v1,ä", "v2,abc")),
    ]
    without = [
        {name: value for name, value in headers.items() if name != gone}
        for gone in ("webhook-id", "webhook-timestamp", "webhook-signature")
    ]
    return [
        (headers, body + b" "),
        *((headers | change, body) for change in changes),
        *((some, body) for some in without),
    ]
