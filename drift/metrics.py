"""Decisions and drift as Prometheus metrics: a second consumer of the record log."""

from __future__ import annotations

from threading import Lock

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from sqlalchemy import Engine

from credit.records import ClearPart, Cursor, RecordReader
from drift.labels import BoundedLabels
from drift.result import LEVELS
from drift.status import MonitorStatus, read_status
from drift.store import create_tables
from drift.window import MAX_READ

# Dense around the cut-off 1/11, where a shift of the population turns into other decisions.
_PD_BUCKETS = (0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 1 / 11, 0.1, 0.12, 0.15, 0.2, 0.3, 0.5)
# From one feature vector (tens of microseconds) to a request that waited for a second.
_LATENCY_BUCKETS_S = (
    *(0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005),
    *(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0),
)
_MAX_ARMS, _MAX_DECISIONS, _MAX_STAGES = 8, 8, 24


class MetricsExporter:
    """Counts the decisions recorded since it was made, and shows where the drift monitor stands.

    Counters begin at 0 at the end of the log, as Prometheus expects of a process that starts. It
    keeps no cursor: each instance counts for itself and needs no keys. Safe to share between
    threads.

    Parameters
    ----------
    state
        The state database, for the cursor and the reports of the monitor.
    consumer
        The monitor to show.
    """

    def __init__(self, reader: RecordReader, state: Engine, consumer: str = "drift") -> None:
        self._reader = reader
        self._state = state
        self._consumer = consumer
        create_tables(state)
        self._cursor = reader.end()
        # Two scrapes at once would count the same records twice.
        self._scraping = Lock()
        self._arm = BoundedLabels(_MAX_ARMS)
        self._decision = BoundedLabels(_MAX_DECISIONS)
        self._stage = BoundedLabels(_MAX_STAGES)
        self._registry = CollectorRegistry()
        self._decisions = Counter(
            "credit_decisions_total",
            "Decisions recorded since this process started.",
            ["arm", "decision"],
            registry=self._registry,
        )
        self._default_probability = Histogram(
            "credit_probability_of_default",
            "Probability of default as decided on.",
            ["arm"],
            buckets=_PD_BUCKETS,
            registry=self._registry,
        )
        self._stage_latency = Histogram(
            "credit_stage_latency_seconds",
            "Time that one decision spent in one stage.",
            ["stage"],
            buckets=_LATENCY_BUCKETS_S,
            registry=self._registry,
        )
        self._drift_level = Gauge(
            "credit_drift_level",
            "Level of the newest drift report: 0 none, 1 warning, 2 alarm.",
            ["detector"],
            registry=self._registry,
        )
        self._seen_position = Gauge(
            "credit_records_position",
            "Last position of the record log that these metrics count.",
            registry=self._registry,
        )
        self._lag = Gauge(
            "credit_records_lag",
            "Records that no drift report covers yet.",
            registry=self._registry,
        )

    def render(self) -> bytes:
        """Count what is new and write the Prometheus text format; blocking, reads two databases."""
        with self._scraping:
            status = read_status(self._reader, self._state, self._consumer)
            self._count_until(self._reader.end())
            self._show(status)
            return generate_latest(self._registry)

    def _count_until(self, end: Cursor) -> None:
        """Count to the end seen when the scrape began, so that steady writers cannot prolong it."""
        while self._cursor < end and (new := self._reader.after(self._cursor, MAX_READ)):
            for record in new:
                self._count(record.clear)
            self._cursor = new[-1].cursor

    def _count(self, decision: ClearPart) -> None:
        arm = self._arm(decision.arm)
        self._decisions.labels(arm, self._decision(decision.decision)).inc()
        self._default_probability.labels(arm).observe(decision.probability_of_default)
        for stage, microseconds in decision.latency_us.items():
            self._stage_latency.labels(self._stage(stage)).observe(microseconds / 1e6)

    def _show(self, status: MonitorStatus) -> None:
        self._seen_position.set(self._cursor.position)
        self._lag.set(status.waiting)
        if status.latest is not None:
            for result in status.latest.detectors:
                self._drift_level.labels(result.detector).set(LEVELS.index(result.level))
