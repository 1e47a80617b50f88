"""What is counted shows in the metrics, with labels that nobody outside can multiply."""

import logging
from uuid import UUID

import pytest
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families,  # pyright: ignore[reportUnknownVariableType]  # untyped there
)

from hexdesk.adapters.telemetry.prometheus import (
    MAX_AGENTS,
    MAX_OPERATIONS,
    MAX_ROUTES,
    PrometheusTelemetry,
)
from hexdesk.core.model.agents import ToolUseStatus
from hexdesk.core.model.chat import ChatResponse, DegradedReason, Message, MessageRole, Usage
from hexdesk.core.model.presence import ProcessKind
from hexdesk.core.testing import NOON

AGENT = UUID(int=4)
MESSAGE = Message(
    id=UUID(int=1), thread_id=UUID(int=2), role=MessageRole.USER, content="hi", created_at=NOON
)


@pytest.fixture
def telemetry() -> PrometheusTelemetry:
    return PrometheusTelemetry(tools={"create_ticket"}, models={"openai:gpt-4o-mini"})


def response(
    seconds: float, reason: DegradedReason | None = None, model: str = "openai:gpt-4o-mini"
) -> ChatResponse:
    return ChatResponse(
        thread_id=UUID(int=2),
        run_id=UUID(int=3),
        user_message=MESSAGE,
        message=None,
        response_time_ms=seconds * 1000,
        degraded=reason is not None,
        degraded_reason=reason,
        model=model,
        usage=Usage(input_tokens=100, output_tokens=20, requests=2),
    )


def samples(telemetry: PrometheusTelemetry) -> dict[str, float]:
    """Return every sample by its name and labels, read by an OpenMetrics parser."""
    media_type, text = telemetry.render()
    assert media_type.startswith("application/openmetrics-text; version=1.0.0")
    found: dict[str, float] = {}
    for family in text_string_to_metric_families(text.decode()):
        for sample in family.samples:
            labels = ",".join(f"{key}={value}" for key, value in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}"] = sample.value
    return found


def test_citations_show_whether_they_were_kept(telemetry: PrometheusTelemetry) -> None:
    telemetry.cited(2, 1)
    telemetry.cited(1, 0)
    found = samples(telemetry)
    assert found["hexdesk_citations_total{outcome=kept}"] == 3
    assert found["hexdesk_citations_total{outcome=dropped}"] == 1


def test_answers_show_their_time_and_why_they_were_degraded(
    telemetry: PrometheusTelemetry,
) -> None:
    telemetry.answered(AGENT, response(0.2))
    telemetry.answered(AGENT, response(3))
    telemetry.answered(AGENT, response(121, DegradedReason.RUN_LIMIT))
    found = samples(telemetry)
    assert found["hexdesk_answers_total{degraded_reason=none}"] == 2
    assert found["hexdesk_answers_total{degraded_reason=run_limit}"] == 1
    assert found["hexdesk_answer_seconds_count{}"] == 3
    assert found["hexdesk_answer_seconds_sum{}"] == pytest.approx(124.2)
    bounds = ["0.05", "0.1", "0.25", "0.5", "1.0", "2.5", "5.0", "10.0", "30.0", "60.0", "120.0"]
    counts = [found[f"hexdesk_answer_seconds_bucket{{le={bound}}}"] for bound in bounds]
    assert counts == [0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 2]


def test_tokens_and_requests_show_by_model(telemetry: PrometheusTelemetry) -> None:
    telemetry.answered(AGENT, response(1))
    telemetry.answered(AGENT, response(1, model="made-up-by-a-tenant"))
    found = samples(telemetry)
    for model in ("openai:gpt-4o-mini", "other"):
        assert found[f"hexdesk_model_tokens_total{{direction=input,model={model}}}"] == 100
        assert found[f"hexdesk_model_tokens_total{{direction=output,model={model}}}"] == 20
        assert found[f"hexdesk_model_requests_total{{model={model}}}"] == 2


def test_tool_calls_show_by_tool_and_outcome(telemetry: PrometheusTelemetry) -> None:
    telemetry.tool_called("create_ticket", ToolUseStatus.OK, 0.02)
    telemetry.tool_called("create_ticket", ToolUseStatus.DENIED, 0.01)
    telemetry.tool_called("made_up_by_a_model", ToolUseStatus.ERROR, 0.01)
    found = samples(telemetry)
    assert found["hexdesk_tool_calls_total{status=ok,tool=create_ticket}"] == 1
    assert found["hexdesk_tool_calls_total{status=denied,tool=create_ticket}"] == 1
    assert found["hexdesk_tool_calls_total{status=error,tool=other}"] == 1
    assert found["hexdesk_tool_call_seconds_count{tool=create_ticket}"] == 2


def test_requests_show_by_method_route_and_status(telemetry: PrometheusTelemetry) -> None:
    telemetry.http_request("GET", "/api/v1/tickets/{id}", 200, 0.004)
    telemetry.http_request("BREW", "/api/v1/tickets/{id}", 405, 0.004)
    found = samples(telemetry)
    count = "http_server_request_duration_seconds_count{{{}}}".format
    route = "http_route=/api/v1/tickets/{id}"
    get = f"http_request_method=GET,http_response_status_code=200,{route}"
    other = f"http_request_method=other,http_response_status_code=405,{route}"
    assert found[count(get)] == found[count(other)] == 1


def test_a_slow_operation_is_counted_and_logged(
    telemetry: PrometheusTelemetry, caplog: pytest.LogCaptureFixture
) -> None:
    telemetry.slow("search tickets", 1.23456)
    [record] = caplog.records
    assert (record.name, record.levelno) == ("hexdesk.slow", logging.WARNING)
    assert record.__dict__["operation"] == "search tickets"
    assert record.__dict__["seconds"] == 1.235
    assert samples(telemetry)["hexdesk_slow_operations_total{operation=search tickets}"] == 1


def test_routes_and_operations_are_bounded(telemetry: PrometheusTelemetry) -> None:
    for number in range(MAX_ROUTES + 10):
        telemetry.http_request("GET", f"/{number}", 200, 0.1)
    for number in range(MAX_OPERATIONS + 10):
        telemetry.slow(f"operation {number}", 1)
    found = samples(telemetry)
    requests = "http_server_request_duration_seconds_count"
    assert sum(name.startswith(requests) for name in found) == MAX_ROUTES + 1
    slow = "hexdesk_slow_operations_total"
    assert sum(name.startswith(slow) for name in found) == MAX_OPERATIONS + 1
    assert found[f"{slow}{{operation=other}}"] == 10


def test_agents_show_by_how_their_last_answer_went(telemetry: PrometheusTelemetry) -> None:
    for number in (1, 2, 3):
        telemetry.answered(UUID(int=number), response(1, DegradedReason.MODEL_UNAVAILABLE))
    telemetry.answered(UUID(int=1), response(1))
    found = samples(telemetry)
    assert found["hexdesk_agents{status=ok}"] == 1
    assert found["hexdesk_agents{status=degraded}"] == 2


def test_of_many_agents_those_that_answered_last_are_shown(
    telemetry: PrometheusTelemetry,
) -> None:
    telemetry.answered(UUID(int=1), response(1, DegradedReason.RUN_LIMIT))
    for number in range(2, MAX_AGENTS + 2):
        telemetry.answered(UUID(int=number), response(1))
    found = samples(telemetry)
    assert found["hexdesk_agents{status=ok}"] == MAX_AGENTS
    assert found["hexdesk_agents{status=degraded}"] == 0


def test_gauges_show_what_is_at_the_moment_of_asking(telemetry: PrometheusTelemetry) -> None:
    now = {"size": 5.0, "idle": 3.0, "waiting": 0.0}
    telemetry.watch_pool(lambda: now["size"], lambda: now["idle"])
    telemetry.watch_journal(lambda: now["waiting"])
    assert samples(telemetry)["hexdesk_journal_entries{}"] == 0
    now["waiting"] = 7
    found = samples(telemetry)
    assert found["hexdesk_journal_entries{}"] == 7
    assert found["hexdesk_pool_connections{}"] == 5
    assert found["hexdesk_pool_idle_connections{}"] == 3


def test_processes_are_shown_as_far_as_they_are_known(telemetry: PrometheusTelemetry) -> None:
    known = {ProcessKind.API: 2, ProcessKind.WORKER: 0}
    telemetry.watch_processes(known.get)
    found = samples(telemetry)
    assert found["hexdesk_processes{kind=api}"] == 2
    assert found["hexdesk_processes{kind=worker}"] == 0
    assert "hexdesk_processes{kind=mcp}" not in found


def test_the_process_shows_what_it_uses(telemetry: PrometheusTelemetry) -> None:
    found = samples(telemetry)
    assert found["process_cpu_seconds_total{}"] > 0
    assert found["process_resident_memory_bytes{}"] > 1_000_000


def test_two_of_them_do_not_share_their_numbers(telemetry: PrometheusTelemetry) -> None:
    telemetry.answered(AGENT, response(1))
    other = PrometheusTelemetry(tools=(), models=())
    assert samples(other)["hexdesk_answer_seconds_count{}"] == 0
