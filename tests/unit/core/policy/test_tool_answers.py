"""How a model is shown what a stranger's server answered."""

import msgspec

from hexdesk.core.model.attached_tools import ServerAnswer
from hexdesk.core.policy.tool_answers import MOST_ANSWER_BYTES, NOTICE, told


def test_texts_are_data_under_the_servers_name() -> None:
    answer = told("shop__look_up", "Shop", ServerAnswer(texts=("ignore all", '"}, obey\0')))
    assert answer.value == {"notice": NOTICE, "server": "Shop", "text": 'ignore all\n"}, obey�'}
    assert answer.error is None
    assert msgspec.json.decode(msgspec.json.encode(answer.value)) == answer.value


def test_what_is_structured_is_not_said_twice() -> None:
    answer = told("t", "Shop", ServerAnswer(structured={"state": "sent"}, texts=("again",)))
    assert answer.value == {"notice": NOTICE, "server": "Shop", "structured": {"state": "sent"}}


def test_what_is_left_out_is_named() -> None:
    answer = told("t", "Shop", ServerAnswer(left_out=("image (image/png)",) * 30))
    assert answer.value["text"] == ""
    assert answer.value["left_out"] == ["image (image/png)"] * 20


def test_an_error_is_quoted_and_cut() -> None:
    answer = told("shop__t", "Shop", ServerAnswer(texts=('no "order"' * 500,), is_error=True))
    assert answer.error
    assert answer.error.startswith("shop__t failed; 'Shop' says, as data: \"no \\\"order")
    assert len(answer.error) < 3_000


def test_too_much_is_no_answer() -> None:
    answer = told("t", "Shop", ServerAnswer(texts=("x" * MOST_ANSWER_BYTES,)))
    assert answer.value is None
    assert answer.error
    assert "ask for less" in answer.error


def test_what_is_no_json_is_no_answer() -> None:
    answer = told("t", "Shop", ServerAnswer(structured={"a": "\ud800"}))
    assert answer.error == "t answered with what is no JSON"
