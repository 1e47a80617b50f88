"""Counts and times for Prometheus."""

import logging
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable
from uuid import UUID

import psutil
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from hexdesk.core.model.agents import AgentStatus, ToolUseStatus
from hexdesk.core.model.chat import ChatResponse
from hexdesk.core.model.presence import ProcessKind
from hexdesk.core.model.tasks import TaskStatus
from hexdesk.core.ports.telemetry import Telemetry

ANSWER_BUCKETS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)
CALL_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OPEN_METRICS = "application/openmetrics-text"
OTHER = "other"
NOT_DEGRADED = "none"
MAX_ROUTES = 200
MAX_OPERATIONS = 100
MAX_TASK_TYPES = 100
MAX_AGENTS = 10_000

slow_log = logging.getLogger("hexdesk.slow")


class PrometheusTelemetry(Telemetry):
    """Keeps its numbers in a registry of its own, with labels that no user can multiply.

    Tools and models that are not named here count as `other`: tenants choose such names.
    """

    def __init__(self, *, tools: Collection[str], models: Collection[str]) -> None:
        self._tools = frozenset(tools)
        self._models = frozenset(models)
        self._routes = _FirstNames(MAX_ROUTES)
        self._operations = _FirstNames(MAX_OPERATIONS)
        self._task_types = _FirstNames(MAX_TASK_TYPES)
        self._registry = CollectorRegistry()
        self._agents = _AgentHealth(MAX_AGENTS)
        for collector in (_Process(), self._agents):
            self._registry.register(collector)
        self._answer_seconds = self._histogram(
            "hexdesk_answer_seconds", "Time from a message to its answer.", ANSWER_BUCKETS
        )
        self._answers = self._counter(
            "hexdesk_answers", "Answers, by why they were degraded.", "degraded_reason"
        )
        self._tool_calls = self._counter(
            "hexdesk_tool_calls", "Tool calls, by how they ended.", "tool", "status"
        )
        self._tool_seconds = self._histogram(
            "hexdesk_tool_call_seconds", "Time a tool call took.", CALL_BUCKETS, "tool"
        )
        self._tokens = self._counter(
            "hexdesk_model_tokens", "Tokens a model read or wrote.", "model", "direction"
        )
        self._model_requests = self._counter(
            "hexdesk_model_requests", "Requests to a model.", "model"
        )
        self._citations = self._counter(
            "hexdesk_citations", "Citations of answers, by whether the file says so.", "outcome"
        )
        self._slow = self._counter(
            "hexdesk_slow_operations", "Operations slower than the setting allows.", "operation"
        )
        self._count_tasks()
        self._count_requests()

    def _count_tasks(self) -> None:
        self._tasks = self._counter(
            "hexdesk_task_attempts", "Attempts at tasks, by how they ended.", "task_type", "outcome"
        )
        self._task_seconds = self._histogram(
            "hexdesk_task_attempt_seconds", "Time an attempt took.", ANSWER_BUCKETS, "task_type"
        )

    def _count_requests(self) -> None:
        # The name and labels that OpenTelemetry gives this measurement.
        self._http_seconds = self._histogram(
            "http_server_request_duration_seconds",
            "Time from a request to the end of its answer.",
            CALL_BUCKETS,
            "http_request_method",
            "http_route",
            "http_response_status_code",
        )

    def answered(self, agent_id: UUID, response: ChatResponse) -> None:
        model = response.model if response.model in self._models else OTHER
        self._answer_seconds.observe(response.response_time_ms / 1000)
        self._answers.labels(response.degraded_reason or NOT_DEGRADED).inc()
        self._agents.note(agent_id, is_degraded=response.degraded)
        self._tokens.labels(model, "input").inc(response.usage.input_tokens)
        self._tokens.labels(model, "output").inc(response.usage.output_tokens)
        self._model_requests.labels(model).inc(response.usage.requests)

    def tool_called(self, tool: str, status: ToolUseStatus, seconds: float) -> None:
        name = tool if tool in self._tools else OTHER
        self._tool_calls.labels(name, status).inc()
        self._tool_seconds.labels(name).observe(seconds)

    def cited(self, kept: int, dropped: int) -> None:
        self._citations.labels("kept").inc(kept)
        self._citations.labels("dropped").inc(dropped)

    def task_tried(self, task_type: str, outcome: TaskStatus, seconds: float) -> None:
        name = self._task_types.bounded(task_type)
        self._tasks.labels(name, outcome).inc()
        self._task_seconds.labels(name).observe(seconds)

    def slow(self, operation: str, seconds: float) -> None:
        self._slow.labels(self._operations.bounded(operation)).inc()
        slow_log.warning(
            "slow operation", extra={"operation": operation, "seconds": round(seconds, 3)}
        )

    def http_request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count an answered request; `route` is the template, not the path."""
        known = method if method in METHODS else OTHER
        self._http_seconds.labels(known, self._routes.bounded(route), str(status)).observe(seconds)

    def watch_pool(self, size: Callable[[], float], idle: Callable[[], float]) -> None:
        """Show how many database connections there are, and how many do nothing."""
        self._gauge("hexdesk_pool_connections", "Open database connections.", size)
        self._gauge("hexdesk_pool_idle_connections", "Unused database connections.", idle)

    def watch_journal(self, waiting: Callable[[], float]) -> None:
        """Show how many answers wait for the storage."""
        self._gauge("hexdesk_journal_entries", "Answers that wait for the storage.", waiting)

    def watch_processes(self, count: Callable[[ProcessKind], int | None]) -> None:
        """Show how many processes of each kind are alive, where that is known."""
        self._registry.register(_Processes(count))

    def render(self) -> tuple[str, bytes]:
        """Return the media type and the text of all numbers, as OpenMetrics."""
        encode, media_type = choose_encoder(OPEN_METRICS)
        return media_type, encode(self._registry)

    def _counter(self, name: str, documentation: str, *labels: str) -> Counter:
        return Counter(name, documentation, labels, registry=self._registry)

    def _histogram(
        self, name: str, documentation: str, buckets: tuple[float, ...], *labels: str
    ) -> Histogram:
        return Histogram(name, documentation, labels, buckets=buckets, registry=self._registry)

    def _gauge(self, name: str, documentation: str, read: Callable[[], float]) -> None:
        Gauge(name, documentation, registry=self._registry).set_function(read)


class _FirstNames:
    """Lets so many names through; further ones are all the same."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._names: set[str] = set()

    def bounded(self, name: str) -> str:
        if name not in self._names:
            if len(self._names) >= self._limit:
                return OTHER
            self._names.add(name)
        return name


class _AgentHealth(Collector):
    """Remembers how the last answer of each agent went, of those that answered last."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._is_degraded: OrderedDict[UUID, bool] = OrderedDict()

    def note(self, agent_id: UUID, *, is_degraded: bool) -> None:
        self._is_degraded[agent_id] = is_degraded
        self._is_degraded.move_to_end(agent_id)
        if len(self._is_degraded) > self._limit:
            self._is_degraded.popitem(last=False)

    def collect(self) -> Iterable[Metric]:
        degraded = sum(self._is_degraded.values())
        agents = GaugeMetricFamily(
            "hexdesk_agents", "Agents that answered lately, by health.", labels=["status"]
        )
        agents.add_metric([AgentStatus.OK], len(self._is_degraded) - degraded)
        agents.add_metric([AgentStatus.DEGRADED], degraded)
        yield agents


class _Processes(Collector):
    """Shows which processes of the installation there are, as far as that is known."""

    def __init__(self, count: Callable[[ProcessKind], int | None]) -> None:
        self._count = count

    def collect(self) -> Iterable[Metric]:
        processes = GaugeMetricFamily(
            "hexdesk_processes", "Processes that are alive, by what they do.", labels=["kind"]
        )
        for kind in ProcessKind:
            count = self._count(kind)
            if count is not None:
                processes.add_metric([kind], count)
        yield processes


class _Process(Collector):
    """What this process uses, on every platform alike."""

    def __init__(self) -> None:
        self._process = psutil.Process()

    def collect(self) -> Iterable[Metric]:
        with self._process.oneshot():
            times = self._process.cpu_times()
            memory = self._process.memory_info()
        yield CounterMetricFamily(
            "process_cpu_seconds", "CPU time used.", value=times.user + times.system
        )
        yield GaugeMetricFamily("process_resident_memory_bytes", "Memory in use.", value=memory.rss)
