"""The score of the offline model on phrases that its rules were, and were not, written for."""

from tests.unit.offline.score import judge, load

# What `python -m tests.unit.offline.score` printed for the held-out set; it may only rise.
HELD_OUT_FLOOR = 242


def test_every_development_phrase_is_understood():
    misses = [each for each in map(judge, load("development")) if not each.is_right]
    assert misses == []


def test_the_held_out_score_does_not_fall():
    verdicts = [judge(phrase) for phrase in load("heldout")]
    assert sum(verdict.is_right for verdict in verdicts) >= HELD_OUT_FLOOR


def test_no_held_out_phrase_reaches_a_wrong_write():
    verdicts = [judge(phrase) for phrase in load("heldout")]
    assert [verdict for verdict in verdicts if verdict.is_wrong_write] == []


def test_the_sets_share_no_phrase():
    held_out = {(phrase.text, phrase.shown) for phrase in load("heldout")}
    development = {(phrase.text, phrase.shown) for phrase in load("development")}
    # The two orders of the requirements belong to development; greetings are too short to differ.
    assert held_out & development <= {("yes, delete ticket 3", None)}
    assert len(held_out) >= 80
