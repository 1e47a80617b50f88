"""Ports: whether they can be had, and how a server on them is called."""

import socket

import pytest

from hexdesk.entrypoints.listening import (
    PortTakenError,
    http_address,
    is_loopback,
    refuse_taken,
)


def test_a_free_port_is_let_be() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]

    refuse_taken("127.0.0.1", port, "--port")


def test_a_taken_port_is_told_with_the_option_that_chooses_another() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]

        with pytest.raises(PortTakenError) as refused:
            refuse_taken("127.0.0.1", port, "--mcp-port")

    assert str(refused.value) == (
        f"cannot listen on 127.0.0.1:{port}: address already in use; choose another with --mcp-port"
    )


def test_an_address_that_is_not_ours_is_told_as_one() -> None:
    with pytest.raises(PortTakenError, match=r"cannot listen on 192\.0\.2\.1:8000: "):
        refuse_taken("192.0.2.1", 8000, "--port")


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "http://127.0.0.1:80"),
        ("localhost", "http://localhost:80"),
        ("0.0.0.0", "http://127.0.0.1:80"),  # noqa: S104 - a name, nobody listens
        ("::", "http://[::1]:80"),
        ("::1", "http://[::1]:80"),
    ],
)
def test_a_server_is_called_where_it_can_be_reached(host: str, address: str) -> None:
    assert http_address(host, 80) == address


@pytest.mark.parametrize(
    ("host", "is_so"),
    [
        ("127.0.0.1", True),
        ("127.1.2.3", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),  # noqa: S104 - a name, nobody listens
        ("::", False),
        ("192.0.2.1", False),
        ("desk.example", False),
    ],
)
def test_only_loopback_is_for_this_machine_alone(host: str, is_so: bool) -> None:  # noqa: FBT001 - a parameter of the test
    assert is_loopback(host) is is_so
