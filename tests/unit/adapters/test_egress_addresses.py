"""Which addresses may be called is decided before anything is sent."""

import ssl
from ipaddress import ip_address

import pytest

from hexdesk.adapters.egress.addresses import is_public
from hexdesk.adapters.egress.http import HttpEgress
from hexdesk.core.errors import EgressRefusedError

PRIVATE = (
    "0.0.0.1",
    "10.1.2.3",
    "100.64.0.1",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.8",
    "192.168.1.1",
    "198.18.0.1",
    "203.0.113.9",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:93.184.216.34",
    "64:ff9b::5db8:d822",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "3fff::1",
    "fc00::1",
    "fd12:3456::1",
    "fe80::1",
    "fec0::1",
    "ff02::1",
    "5f00::1",
)
PUBLIC = ("93.184.216.34", "1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700:4700::1111")


# Reading the certificates of the world takes long, and nothing is called here.
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


@pytest.fixture
def egress() -> HttpEgress:
    return HttpEgress(tls=NO_TLS)


@pytest.mark.parametrize("address", PRIVATE)
def test_an_address_of_a_special_network_is_not_public(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", PUBLIC)
def test_an_address_of_the_internet_is_public(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize("address", PRIVATE)
def test_a_url_with_a_private_address_is_refused(egress: HttpEgress, address: str) -> None:
    host = f"[{address}]" if ":" in address else address
    with pytest.raises(EgressRefusedError, match="may not be called"):
        egress.check(f"http://{host}/hook")


@pytest.mark.parametrize(
    "host",
    [
        "127.1",
        "0x7f.1",
        "0x7f000001",
        "2130706433",
        "127.0.0.1.",
        "0",
        "10.1",
        "localhost",
        "LOCALHOST.",
        "anything.localhost",
        "[::ffff:7f00:1]",
        "[0:0:0:0:0:0:0:1]",
    ],
)
def test_another_spelling_of_a_private_address_is_refused(egress: HttpEgress, host: str) -> None:
    with pytest.raises(EgressRefusedError, match="may not be called"):
        egress.check(f"http://{host}:8000/hook")


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("ftp://example.com/", "only http and https"),
        ("file:///etc/passwd", "only http and https"),
        ("gopher://example.com/", "only http and https"),
        ("example.com/hook", "only http and https"),
        ("", "only http and https"),
        ("http://user:pw@example.com/", "user name or a password"),
        ("http://user@example.com/", "user name or a password"),
        ("http://example.com\\@10.0.0.1/", "user name or a password"),
        ("http://example.com:0/", "no port 0"),
        ("http://example.com:65536/", "no port 65536"),
        ("http://example.com:http/", "not a URL"),
        ("http:///hook", "no host"),
        ("http://./", "no host"),
        ("http://%31%32%37.0.0.1/", "no host"),
        ("http://[fe80::1%25eth0]/", "no host"),
        ("http://exam ple.com/", "no host"),
        ("http://example.com/\r\nX-Injected: 1", "not a URL"),
        ("http://0177.0.0.1/", "not a URL"),
        ("http://①②⑦.0.0.1/", "not a URL"),
        ("http://example.com/" + "a" * 3000, "2048 characters"),
    ],
)
def test_a_url_that_could_never_be_called_is_refused(
    egress: HttpEgress, url: str, reason: str
) -> None:
    with pytest.raises(EgressRefusedError, match=reason):
        egress.check(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://hooks.example.com/a?b=c",
        "http://93.184.216.34:8080/",
        "https://[2606:4700:4700::1111]/",
        "HTTPS://Bücher.example/",
    ],
)
def test_an_ordinary_url_passes(egress: HttpEgress, url: str) -> None:
    egress.check(url)


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "localhost", "192.168.1.1", "0x7f.1"])
def test_private_addresses_pass_where_the_settings_allow_them(host: str) -> None:
    HttpEgress(allow_private=True, tls=NO_TLS).check(f"http://{host}:8000/hook")


def test_settings_that_allow_private_addresses_allow_no_odd_urls() -> None:
    with pytest.raises(EgressRefusedError):
        HttpEgress(allow_private=True, tls=NO_TLS).check("file:///etc/passwd")
