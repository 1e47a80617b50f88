"""Scores the offline model's answers from files: `python -m tests.unit.offline.file_score`."""

import random
import sys
from collections import Counter
from pathlib import Path

import msgspec

from hexdesk.adapters.agents.offline import Call, Conversation, decide
from hexdesk.adapters.agents.offline.conversation import HandOver
from tests.unit.offline.score import TOOLS

QUESTIONS = Path(__file__).parents[2] / "benchmarks" / "questions" / "construction_english.jsonl"
PASSAGES = 8


class Asked(msgspec.Struct, frozen=True):
    """A question of a customer, and its answer."""

    question: str
    answer: str


def score() -> Counter[str]:
    """Ask each question with its answer among eight, and count what is quoted."""
    asked = [msgspec.json.decode(line, type=Asked) for line in QUESTIONS.read_bytes().splitlines()]
    dice = random.Random(1)  # noqa: S311 - it makes test data, the same in every run
    counts: Counter[str] = Counter()
    for place, one in enumerate(asked):
        others = dice.sample([*asked[:place], *asked[place + 1 :]], PASSAGES - 1)
        right = dice.randrange(PASSAGES)
        texts = [each.answer for each in (*others[:right], one, *others[right:])]
        counts[_outcome(one.question, texts, right + 1)] += 1
    return counts


def _outcome(question: str, texts: list[str], right: int) -> str:
    knowledge = tuple(enumerate(texts, 1))
    decision = decide(Conversation(text=question, knowledge=knowledge), TOOLS)
    if isinstance(decision, Call):
        return "calls a tool"
    if isinstance(decision, HandOver):
        return "hands over"
    if "[[" not in decision.text:
        return "quotes nothing"
    return "quotes the answer" if f"[[{right}:" in decision.text else "quotes another passage"


def main() -> None:
    """Print how often it quotes what."""
    counts = score()
    for outcome, count in counts.most_common():
        sys.stdout.write(f"{outcome}: {count} of {counts.total()} ({count / counts.total():.0%})\n")


if __name__ == "__main__":
    main()
