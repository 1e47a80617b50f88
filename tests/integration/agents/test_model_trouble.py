"""Models fail in many ways; the run goes on with the next one, or says what happened."""

from typing import Any

import pytest

from hexdesk.adapters.agents.pydantic_ai import ModelShelf
from hexdesk.core.model.ai_config import Credentials, ModelChoice, Models
from hexdesk.core.model.chat import DegradedReason
from tests.integration.agents.runs import Scene, with_models
from tests.openai_server import Always, OpenAIServer, Reply, ToolCall

FIRST, SECOND = "openai:gpt-4o-mini", "openai:gpt-4o"
GOOD = Reply(text="Good day.")
SEARCH = ToolCall(name="search_tickets", arguments={"query": "login"})


def asked(model: OpenAIServer) -> list[str]:
    """Return which models were asked, in order."""
    return [request.body["model"] for request in model.requests]


@pytest.mark.parametrize("trouble", [{"status": 500}, {"status": 429}, {"dies_after": 0}])
async def test_what_may_pass_is_tried_once_more(
    model: OpenAIServer, scene: Scene, trouble: dict[str, Any], *, streams: bool
) -> None:
    model.script(Reply(**trouble), GOOD)
    answer = await scene.told(streams=streams)
    assert answer.text == "Good day."
    assert (answer.end.model, answer.end.degraded_reason, answer.end.detail) == (FIRST, None, None)
    assert asked(model) == ["gpt-4o-mini", "gpt-4o-mini"]


async def test_after_that_the_next_model_is_asked(
    model: OpenAIServer, scene: Scene, *, streams: bool
) -> None:
    model.script(Reply(status=500), Reply(status=500), GOOD)
    answer = await scene.told(streams=streams)
    assert answer.text == "Good day."
    assert (answer.end.model, answer.end.degraded_reason) == (SECOND, None)
    assert asked(model) == ["gpt-4o-mini", "gpt-4o-mini", "gpt-4o"]


@pytest.mark.parametrize("status", [400, 401, 403, 404])
async def test_what_will_not_pass_is_not_tried_again(
    model: OpenAIServer, scene: Scene, status: int
) -> None:
    model.script(Reply(status=status), GOOD)
    answer = await scene.told()
    assert (answer.text, answer.end.model) == ("Good day.", SECOND)
    assert asked(model) == ["gpt-4o-mini", "gpt-4o"]


@pytest.mark.parametrize("trouble", [{"is_garbled": True}, {"text": ""}])
async def test_nonsense_is_left_to_the_next_model(
    model: OpenAIServer, scene: Scene, trouble: dict[str, Any], *, streams: bool
) -> None:
    nonsense = Always(Reply(**trouble))

    def behave(request: Any) -> Reply:
        return GOOD if request.body["model"] == "gpt-4o" else nonsense(request)

    model.behave(behave)
    answer = await scene.told(streams=streams)
    assert (answer.text, answer.end.model) == ("Good day.", SECOND)
    assert answer.end.degraded_reason is None


async def test_a_model_that_hangs_is_left_after_its_time(
    model: OpenAIServer, scene: Scene, *, streams: bool
) -> None:
    model.script(Reply(text="Good day.", hangs_after=0), GOOD)
    answer = await scene.told(timeout=1, streams=streams)
    assert (answer.text, answer.end.model) == ("Good day.", SECOND)
    assert asked(model) == ["gpt-4o-mini", "gpt-4o"]


async def test_when_all_models_fail_the_run_says_so(
    model: OpenAIServer, scene: Scene, *, streams: bool
) -> None:
    model.behave(Always(Reply(status=500, text="secret words of the provider")))
    answer = await scene.told(streams=streams)
    assert answer.end.degraded_reason is DegradedReason.MODEL_UNAVAILABLE
    assert answer.end.detail is not None
    assert "gpt-4o answered 500" in answer.end.detail
    assert "secret words" not in answer.end.detail
    assert answer.text == ""
    assert asked(model) == ["gpt-4o-mini", "gpt-4o-mini", "gpt-4o", "gpt-4o"]


async def test_when_all_models_hang_the_run_says_that_it_timed_out(
    model: OpenAIServer, scene: Scene, *, streams: bool
) -> None:
    model.behave(Always(Reply(hangs_after=0)))
    answer = await scene.told(timeout=0.2, streams=streams)
    assert answer.end.degraded_reason is DegradedReason.MODEL_UNAVAILABLE
    assert answer.end.detail is not None
    assert "time" in answer.end.detail


@pytest.mark.parametrize("trouble", [{"dies_after": 4}, {"hangs_after": 4}])
async def test_once_something_was_said_no_other_model_goes_on_with_it(
    model: OpenAIServer, scene: Scene, trouble: dict[str, Any]
) -> None:
    model.behave(Always(Reply(text="Good day to you, Sir or Madam.", **trouble)))
    answer = await scene.told(timeout=1)
    assert answer.text.startswith("Good day")
    assert not answer.text.endswith("Madam.")
    assert answer.end.degraded_reason is DegradedReason.MODEL_UNAVAILABLE
    assert asked(model) == ["gpt-4o-mini"]


async def test_a_failure_after_a_tool_call_is_tried_again_without_calling_twice(
    model: OpenAIServer, scene: Scene, *, streams: bool
) -> None:
    create = ToolCall(name="create_ticket", arguments={"title": "Login fails"})
    model.script(Reply(tool_calls=(create,)), Reply(status=500), Reply(status=500), GOOD)
    answer = await scene.told(streams=streams)
    assert (answer.text, answer.end.model) == ("Good day.", SECOND)
    assert len(answer.started) == len(await scene.desk.tickets(scene.admin.who)) == 1
    assert model.requests[-1].messages == model.requests[1].messages


async def test_text_before_a_call_that_was_not_shown_may_be_gone_on_with(
    model: OpenAIServer, scene: Scene
) -> None:
    model.script(
        Reply(text="Let me look.", tool_calls=(SEARCH,)),
        Reply(status=400),
        Reply(text="Nothing there."),
    )
    answer = await scene.told(streams=False)
    assert answer.deltas == ["Let me look.\n\nNothing there."]
    assert (answer.end.model, answer.end.degraded_reason) == (SECOND, None)


async def test_requests_that_failed_count_against_the_runs_limit_too(
    model: OpenAIServer, scene: Scene
) -> None:
    loop = Reply(tool_calls=(SEARCH,))
    model.script(loop, Reply(status=400), loop, loop, then=Always(loop))
    answer = await scene.told(max_iterations=4)
    assert answer.end.degraded_reason is DegradedReason.RUN_LIMIT
    assert len(model.requests) <= 5


@pytest.mark.parametrize(
    "choice",
    [
        ModelChoice("nobody", "model-1"),
        ModelChoice("anthropic", "claude-haiku-4-5"),
        ModelChoice("openai", "gpt-4o-mini"),
        ModelChoice("", "gpt"),
        ModelChoice("groq", "x"),
    ],
)
async def test_a_provider_that_is_unknown_or_has_no_key_is_unavailable(
    scene: Scene, choice: ModelChoice, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("ANTHROPIC_API_KEY", "OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    alone = with_models(scene, ModelShelf())
    end = (await alone.told(model_provider=choice.provider, model_name=choice.name)).end
    assert end.degraded_reason is DegradedReason.MODEL_UNAVAILABLE
    assert end.model == str(choice)
    assert end.detail == "no model can be asked: no provider in the chain is known and has a key"


async def test_a_provider_without_a_key_is_passed_over(
    model: OpenAIServer, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    shelf = ModelShelf(
        models=Models(fallback=(ModelChoice("openai", "gpt-4o"),)),
        credentials={"openai": Credentials(base_url=model.base_url)},
    )
    alone = with_models(scene, shelf)
    answer = await alone.told(model_provider="anthropic", model_name="claude-haiku-4-5")
    await shelf.aclose()
    assert answer.text
    assert (answer.end.model, answer.end.degraded_reason) == (SECOND, None)
