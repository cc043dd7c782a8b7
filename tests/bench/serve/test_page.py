"""The page and its chart, from a run made up by hand."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from cluster.bench.serve.batching import Batch
from cluster.bench.serve.explaining import Explained, Explaining
from cluster.bench.serve.promises import PROMISES
from cluster.bench.serve.report import benchmarks_page, figure, write_page
from cluster.bench.serve.result import Result, make_result
from tests.bench.serve.results import measured


@pytest.fixture(scope="module")
def result() -> Result:
    explaining = Explaining(
        {"200x15": Explained(8.0, 280.0, None, 10.0, 0.5)}, {"300x31": "too deep"}
    )
    return make_result(
        measured(),
        explaining,
        Batch(),
        rounds=2,
        seconds=10,
        open_loop_seconds=30,
        n_checked=50,
    )


@pytest.fixture(scope="module")
def page(result: Result) -> str:
    return benchmarks_page(result, "benchmarks.svg")


def _line(page: str, text: str) -> str:
    (found,) = [line for line in page.splitlines() if line.startswith(f"| {text} |")]
    return found


def test_every_promise_stands_on_the_page_with_its_bound_and_verdict(page: str) -> None:
    for promise in PROMISES:
        assert f"| {promise.text} | {promise.sign} {promise.bound:,} |" in page
    assert _line(page, PROMISES[0].text).endswith("| >= 1.4 | 1.75 | reached |")
    assert _line(page, "p50 at 1 connection, record on").endswith("| 1.25 | reached |")
    assert _line(page, "p50 at 1 connection, record off").endswith("| - | not run |")
    assert _line(page, "exact SHAP over pred_contrib, 200x15").endswith("| 35.0 | reached |")


def test_a_promise_that_is_missed_is_said_plainly(result: Result) -> None:
    slow = {**result.ratios, "fused_vs_fastapi_c16": 1.39}
    page = benchmarks_page(Result(**{**vars(result), "ratios": slow}), "benchmarks.svg")

    assert _line(page, PROMISES[0].text).endswith("| 1.39 | **missed** |")


def test_the_page_says_where_ray_costs_more(page: str) -> None:
    assert "**Where Ray costs more.** `fused` takes 200 MiB" in page
    assert "5.0 s after its start" in page


def test_figures_are_those_of_the_run(page: str) -> None:
    """Median of two rounds: 250 at 16 connections; the error of the graph is told for each load."""
    fused = next(line for line in page.splitlines() if line.startswith("| `fused`:"))
    graph = next(line for line in page.splitlines() if line.startswith("| `graph`:"))

    assert "| 225 | 250 | 330 |" in fused
    assert graph.endswith("| 3 |")


def test_growth_of_memory_stands_beside_the_load_that_was_long_enough(page: str) -> None:
    light, heavy = [line for line in page.splitlines() if line.startswith("| `fused` |")]

    assert light.endswith("| 0 | - |")
    assert heavy.endswith("| 0 | 1,202, +12 (-3 to +26) |")


def test_the_page_names_who_was_not_measured_and_no_folder(page: str) -> None:
    assert "Not measured in this run: fused2, 300x31." in page
    assert "/a/folder" not in page


def test_the_chart_is_a_picture_with_every_contender(result: Result, tmp_path: Path) -> None:
    write_page(result, tmp_path / "docs" / "benchmarks.md")

    drawn = (tmp_path / "docs" / "benchmarks.svg").read_text(encoding="utf-8")
    texts = re.findall(r"<text[^>]*>([^<]+)</text>", drawn)
    assert {"fastapi", "fused", "graph", "ray-documented"} <= set(texts)
    assert drawn.rstrip().endswith("</svg>")
    page = (tmp_path / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    assert re.findall(r"!\[[^]]+\]\((\S+)\)", page) == ["benchmarks.svg"]


def test_the_result_is_json_with_all_ratios(result: Result) -> None:
    told = msgspec.json.decode(msgspec.json.encode(result))

    assert told["ratios"]["fused_vs_fastapi_c16"] == pytest.approx(1.75)
    assert told["ratios"]["fused_vs_mlserver_c16"] is None
    assert told["contenders"]["fused"]["figures"]["per_second"]["16"] == 250
    assert told["failed"]["fused2"].startswith("it ended with code 1")


@pytest.mark.parametrize(
    ("value", "told"),
    [(None, "-"), (0.0412, "0.041"), (1.385, "1.39"), (35.04, "35.0"), (1_234_567.8, "1,234,568")],
)
def test_figures_are_rounded_to_what_they_are_worth(value: float | None, told: str) -> None:
    assert figure(value) == told
