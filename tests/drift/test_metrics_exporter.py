"""What Prometheus is told, parsed by Prometheus' own parser."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import Engine

from credit.records import Location, RecordReader
from drift import DriftMonitor, MetricsExporter
from drift.detector import Rows
from drift.labels import OTHER, BoundedLabels

Append = Callable[..., None]
Sample = tuple[str, frozenset[tuple[str, str]]]


def samples(exporter: MetricsExporter) -> dict[Sample, float]:
    text = exporter.render().decode()
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def of(name: str, **labels: str) -> Sample:
    return name, frozenset(labels.items())


@pytest.fixture
def exporter(reader: RecordReader, state: Engine) -> MetricsExporter:
    return MetricsExporter(reader, state)


def test_it_counts_decisions_by_arm(append: Append, exporter: MetricsExporter) -> None:
    append([[1.0]] * 3)
    append([[1.0]] * 2, arm="challenger", decision="decline", probability_of_default=0.3)

    found = samples(exporter)

    assert found[of("credit_decisions_total", arm="champion", decision="approve")] == 3
    assert found[of("credit_decisions_total", arm="challenger", decision="decline")] == 2
    assert found[of("credit_probability_of_default_sum", arm="challenger")] == pytest.approx(0.6)
    assert found[of("credit_probability_of_default_bucket", arm="champion", le="0.06")] == 3
    assert found[of("credit_probability_of_default_bucket", arm="champion", le="0.04")] == 0


def test_it_shows_the_time_of_each_stage_in_seconds(
    append: Append, exporter: MetricsExporter
) -> None:
    append([[1.0]] * 2, latency_us={"model": 400, "record": 2_000})

    found = samples(exporter)

    assert found[of("credit_stage_latency_seconds_count", stage="model")] == 2
    assert found[of("credit_stage_latency_seconds_sum", stage="record")] == pytest.approx(0.004)
    assert found[of("credit_stage_latency_seconds_bucket", stage="model", le="0.0005")] == 2


def test_it_counts_each_record_once_from_the_end_at_its_start(
    append: Append, reader: RecordReader, state: Engine
) -> None:
    append([[1.0]] * 5)
    exporter = MetricsExporter(reader, state)
    decisions = of("credit_decisions_total", arm="champion", decision="approve")

    assert decisions not in samples(exporter)
    append([[1.0]] * 1_200)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(samples, [exporter] * 4))

    found = samples(exporter)
    assert found[decisions] == 1_200
    assert found[of("credit_records_position")] == 1_205


def test_it_shows_where_the_drift_monitor_stands(
    append: Append,
    exporter: MetricsExporter,
    make_monitor: Callable[..., DriftMonitor],
    population: Callable[[int], Rows],
) -> None:
    append(population(400) + 3)
    append(population(7))

    before = samples(exporter)
    make_monitor(window_size=400).step()
    after = samples(exporter)

    assert before[of("credit_records_lag")] == 407
    assert not [name for name, _ in before if name == "credit_drift_level"]
    assert after[of("credit_records_lag")] == 7
    assert after[of("credit_drift_level", detector="psi")] == 2
    assert after[of("credit_drift_level", detector="coverage")] == 0


def test_it_needs_no_keys(append: Append, log: Location, state: Engine) -> None:
    append([[1.0]])

    with RecordReader(log) as without_keys:
        assert MetricsExporter(without_keys, state).render()


def test_labels_do_not_grow_without_bound(append: Append, exporter: MetricsExporter) -> None:
    append([[1.0]], latency_us={f"stage_{index}": 1 for index in range(40)})

    stages = {
        dict(labels)["stage"]
        for name, labels in samples(exporter)
        if name == "credit_stage_latency_seconds_count"
    }

    assert OTHER in stages
    assert len(stages) == 25


def test_a_known_label_stays_itself_when_the_bound_is_reached() -> None:
    label = BoundedLabels(2)

    assert [label(value) for value in ("a", "b", "c", "a", "d")] == ["a", "b", OTHER, "a", OTHER]
