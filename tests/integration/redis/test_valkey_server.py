"""The tests' own Valkey, which other tests trust."""

from tests.valkey_server import ValkeyServer


def test_a_test_finds_nothing_that_others_left(valkey: ValkeyServer):
    assert valkey.ask("SET name value") == "+OK"
    assert valkey.ask("DBSIZE") == ":1"
    valkey.forget()
    assert valkey.ask("DBSIZE") == ":0"


def test_it_starts_again_empty_where_it_was(valkey: ValkeyServer):
    for end in (valkey.stop, valkey.kill):
        assert valkey.ask("SET name value") == "+OK"
        url = valkey.url
        end()
        assert not valkey.is_running
        valkey.start()
        assert valkey.url == url
        assert valkey.ask("DBSIZE") == ":0"


def test_a_test_that_stopped_it_hands_it_on_running(valkey: ValkeyServer):
    assert valkey.is_running
    valkey.stop()
