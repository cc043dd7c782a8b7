"""Figures of the promises, from measurements made up by hand."""

from __future__ import annotations

import pytest

from cluster.bench.serve.batching import Batch
from cluster.bench.serve.explaining import Explained, Explaining
from cluster.bench.serve.measure import Measured
from cluster.bench.serve.promises import PROMISES, Promise, ratios
from tests.bench.serve.results import measured

KEYS = {
    "fused_vs_fastapi_c16",
    "fused_vs_fastapi_c64",
    "fused2_vs_fastapi2_c16",
    "fused_p50_vs_fastapi_record_on",
    "fused_p50_vs_fastapi_record_off",
    "fused_vs_mlserver_c16",
    "fused_vs_bentoml_c16",
    "fused_vs_mlflow_c16",
    "graph_vs_documented_graph_c16",
    "graph_vs_documented_graph_c64",
    "graph_vs_documented_graph_p50",
    "graph_c64_vs_c16",
    "explain_vs_pred_contrib_200x15",
    "explain_vs_pred_contrib_300x31",
    "explain_vs_pred_contrib_400x63_depth7",
    "explain_vs_shap_interventional",
    "explain_tables_mb",
    "explain_build_s",
    "batch_rows_per_minute",
    "batch_recorded_rows_per_minute",
    "p95_ms_fused_80",
    "p95_ms_graph_80",
}


def test_a_ratio_is_the_median_of_the_ratios_within_each_round() -> None:
    found = ratios(measured(), None, Batch())

    assert found["fused_vs_fastapi_c16"] == pytest.approx((300 / 200 + 200 / 100) / 2)
    assert found["fused_vs_fastapi_c64"] == pytest.approx((500 / 250 + 160 / 100) / 2)
    assert found["fused_p50_vs_fastapi_record_on"] == pytest.approx((1 / 2 + 2 / 1) / 2)
    assert found["graph_vs_documented_graph_c16"] == pytest.approx(100 / 5)
    assert found["graph_vs_documented_graph_p50"] == pytest.approx(3 / 12)
    assert found["graph_c64_vs_c16"] == pytest.approx(0.9)
    assert found["p95_ms_fused_80"] == pytest.approx(8.0)


def test_what_was_not_run_is_null_and_so_is_a_ratio_to_nothing() -> None:
    found = ratios(measured(), None, Batch())

    assert found["fused2_vs_fastapi2_c16"] is None
    assert found["fused_vs_mlserver_c16"] is None
    assert found["p95_ms_graph_80"] is None
    assert found["explain_tables_mb"] is None
    assert found["batch_rows_per_minute"] is None
    # The documented graph answered nothing at 64 connections: no number says how much better that is.
    assert found["graph_vs_documented_graph_c64"] is None


def test_there_is_a_key_for_every_line_and_a_line_for_every_key() -> None:
    assert set(ratios(Measured(), None, Batch())) == KEYS
    assert [promise.key for promise in PROMISES] == list(dict.fromkeys(p.key for p in PROMISES))
    assert {promise.key for promise in PROMISES} == KEYS


def test_explanations_are_compared_by_shape_and_the_worst_table_counts() -> None:
    shapes = {
        "200x15": Explained(8.0, 280.0, 1600.0, tables_mib=10.0, build_s=0.5),
        "300x31": Explained(20.0, 900.0, None, tables_mib=70.0, build_s=5.0),
    }

    some = ratios(Measured(), Explaining(shapes), Batch())
    deep = Explained(25.0, 1000.0, None, tables_mib=60.0, build_s=7.0)
    every = ratios(Measured(), Explaining({**shapes, "400x63_depth7": deep}), Batch(2e6, 4e5))

    assert some["explain_vs_pred_contrib_200x15"] == 35
    assert some["explain_vs_pred_contrib_400x63_depth7"] is None
    assert some["explain_vs_shap_interventional"] == 200
    assert some["explain_tables_mb"] is None  # the worst may be the one that is missing
    assert (every["explain_tables_mb"], every["explain_build_s"]) == (70, 7)
    assert every["batch_recorded_rows_per_minute"] == 400_000


@pytest.mark.parametrize(
    ("sign", "kept", "missed"), [(">=", 2.0, 1.99), ("<=", 2.0, 2.01), ("<", 1.99, 2.0)]
)
def test_a_promise_is_kept_at_its_bound(sign: str, kept: float, missed: float) -> None:
    promise = Promise("key", "text", sign, 2.0)  # type: ignore[arg-type]

    assert promise.kept(kept) is True
    assert promise.kept(missed) is False
    assert promise.kept(None) is None
