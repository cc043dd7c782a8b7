"""The page: what was promised beside what was measured, and all contenders' figures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cluster.bench.serve.chart import draw, memory
from cluster.bench.serve.growth import Growth
from cluster.bench.serve.load import GRACE_S
from cluster.bench.serve.measure import CONNECTIONS, OPEN_LOOP_SHARE
from cluster.bench.serve.promises import PROMISES, Promise
from cluster.bench.serve.result import Result, Told

COMMAND = "credit bench serve --peers mlserver,bentoml,mlflow --out docs/benchmarks.md"

MISSED = "missed"

WRITES = {"record": "durable record", "line": "log line", "nothing": "nothing"}

PROTOTYPE = (
    "Prototype measured before the product was written (2 cores, one worker each, the same work with an "
    "unsynced log line; answers/s at 1 / 16 connections): FastAPI with pydantic 1,342 / 1,453, with msgspec "
    "1,534 / 1,761; bare ASGI 1,777 / 2,134; MLServer 1.7 942 / 998; BentoML 1.4 672 / 702; mlflow models "
    "serve 283 / 191; Ray Serve as documented, four deployments 63 / 26; Ray Serve fused with defaults "
    "149 / 53; fused with HAProxy, throughput mode and msgspec 1,184 / 1,506. The bounds above were set from "
    "these. All other figures on this page are of the run that wrote it."
)


def write_page(result: Result, page: Path) -> None:
    """Write the page, and its chart beside it as an SVG file of the same name."""
    chart = page.with_suffix(".svg")
    page.parent.mkdir(parents=True, exist_ok=True)
    draw(result, chart)
    page.write_text(benchmarks_page(result, chart.name), encoding="utf-8")


def benchmarks_page(result: Result, chart: str) -> str:
    """Return the page as Markdown."""
    packages = ", ".join(f"{name} {version}" for name, version in result.versions.items())
    parts = [
        "# Benchmarks",
        f"Written by `{COMMAND}` (see `--help`) on {result.date}; {result.machine}; commit {result.commit}; "
        f"{packages}.",
        _method(result),
        "## Promised and measured",
        promised(result),
        f"![Answers a second, p50, memory and start of every contender]({chart})",
        "## All contenders",
        contenders_table(result),
        *_ray_costs(result),
        "## At fixed times",
        _open_loops(result),
        "## Exact explanations",
        _explaining(result),
        *_failures(result),
        "## Where the bounds come from",
        PROTOTYPE,
    ]
    return "\n\n".join(parts) + "\n"


def _method(result: Result) -> str:
    driver = max((told.figures.driver_cpu for told in result.contenders.values()), default=0.0)
    return (
        "Every contender does the same work for every request: check all fields against the contract's ranges, "
        "make the features, predict with LightGBM (200 trees of 15 leaves), explain exactly, calibrate, decide, "
        "leave one record. Ours write the durable record before they answer; the others, written by hand with "
        "LightGBM's own `predict` and `pred_contrib`, append a line of about 2 kB to a log without syncing it. "
        f"Before a contender is measured it must give the right answers to {result.n_checked} applicants: PD "
        "within 1e-12, Shapley values within 1e-9, the same decision, the same reasons in the same order. Ours "
        "explain against a background (interventional values), `pred_contrib` against the training rows (path-"
        "dependent values), so each is held against its own definition. Contenders take turns "
        f"({result.rounds} rounds, {result.seconds:g} s a load), one runs at a time, and ratios are medians over "
        "the rounds. The load driver is a process of its own on the same machine with plain HTTP/1.1 on open "
        f"connections and distinct bodies; it used at most {100 * driver:.0f}% of a core."
    )


def promised(result: Result) -> str:
    """Return the table of promises."""
    lines = ["| | must reach | measured | |", "|---|---|---|---|"]
    for promise in PROMISES:
        value = result.ratios[promise.key]
        said = verdict(promise, value)
        said = f"**{said}**" if said == MISSED else said
        lines.append(_row((promise.text, bound_of(promise), figure(value), said)))
    return "\n".join(lines)


def contenders_table(result: Result) -> str:
    """Return the table of all figures."""
    head = (
        "contender",
        "leaves",
        *(f"answers/s, {n}" for n in CONNECTIONS),
        "p50 / p95 / p99 ms, 1",
        *(f"p50 / p99 ms, {n}" for n in CONNECTIONS[1:]),
        "CPU us an answer, 16",
        "memory MiB, shared pages once / each",
        "start s",
        "errors",
    )
    lines = [_row(head), "|" + "---|" * len(head)]
    lines += [_row(_cells(name, told)) for name, told in result.contenders.items()]
    return "\n".join(lines)


def _cells(name: str, told: Told) -> Sequence[str]:
    f = told.figures
    shared = "-" if f.pss_mib is None else f"{f.pss_mib:,.0f}"
    return (
        f"`{name}`: {told.title}",
        WRITES[told.writes],
        *(f"{f.per_second[n]:,.0f}" for n in CONNECTIONS),
        f"{f.p50_ms[1]:.2f} / {f.p95_ms[1]:.2f} / {f.p99_ms[1]:.2f}",
        *(f"{f.p50_ms[n]:.1f} / {f.p99_ms[n]:.1f}" for n in CONNECTIONS[1:]),
        f"{f.cpu_us[16]:,.0f}",
        f"{shared} / {f.rss_mib:,.0f}",
        f"{f.start_s:.1f}",
        f"{f.n_errors:,}",
    )


def _ray_costs(result: Result) -> list[str]:
    """Say where Ray costs more than a plain server."""
    ray, plain = result.contenders.get("fused"), result.contenders.get("fastapi")
    if ray is None or plain is None:
        return []
    more = memory(ray.figures) - memory(plain.figures)
    engine = result.contenders.get("engine-uvicorn")
    without = (
        ""
        if engine is None
        else f" The same engine under plain uvicorn takes {memory(engine.figures):,.0f} MiB and "
        f"{engine.figures.start_s:.1f} s."
    )
    return [
        f"**Where Ray costs more.** `fused` takes {memory(ray.figures):,.0f} MiB with all of Ray's processes, "
        f"{more:,.0f} MiB more than FastAPI with one worker, and its first answer comes "
        f"{ray.figures.start_s:.1f} s after its start against {plain.figures.start_s:.1f} s.{without} That is "
        "the price of placing, scaling and replacing replicas; whoever needs one process on one machine need not "
        "pay it."
    ]


def _open_loops(result: Result) -> str:
    if not result.open_loops:
        return "Not run."
    lines = [
        f"Requests are due at fixed times, {100 * OPEN_LOOP_SHARE:.0f}% of what the closed loops reached, for "
        f"{result.open_loop_seconds:g} s, lighter loads for a tenth of it; latency counts from when a request was "
        "due, so that a stall is felt by all that were due during it. At most "
        f"{max(CONNECTIONS)} are under way, the rest waits; what could not be sent {GRACE_S:g} s after the last "
        "was due is counted with the errors. The driver takes its share of the same cores.",
        "",
        "| placement | share of saturation | due /s | answered /s | p50 ms | p95 ms | p99 ms | max ms | errors "
        "| MiB, and how it grows in an hour (95%) |",
        "|" + "---|" * 10,
    ]
    for name, runs in result.open_loops.items():
        for run in runs:
            load = run.load
            lines.append(
                f"| `{name}` | {100 * run.share:.0f}% of {run.saturation:,.0f} | {run.per_second:,.0f} | "
                f"{load.per_second:,.0f} | {load.p50_ms:.2f} | {load.p95_ms:.2f} | {load.p99_ms:.2f} | "
                f"{load.max_ms:.1f} | {load.n_errors:,} | {_growth(run.growth)} |"
            )
    return "\n".join(lines)


def _growth(grown: Growth | None) -> str:
    if grown is None:
        return "-"
    return f"{grown.last:,.0f}, {grown.slope:+,.0f} ({grown.low:+,.0f} to {grown.high:+,.0f})"


def _explaining(result: Result) -> str:
    if not result.explaining.shapes:
        return "Not run."
    lines = [
        "One row at a time, one thread, the same rows by every engine in turns; medians.",
        "",
        "| trees x leaves | ours us | pred_contrib us | shap interventional us | tables MiB | build s |",
        "|" + "---|" * 6,
    ]
    for shape, e in result.explaining.shapes.items():
        by_shap = "-" if e.shap_us is None else f"{e.shap_us:,.0f}"
        lines.append(
            f"| {shape.replace('_depth', ', max_depth ')} | {e.ours_us:.1f} | {e.pred_contrib_us:,.0f} | {by_shap} "
            f"| {e.tables_mib:,.0f} | {e.build_s:.1f} |"
        )
    return "\n".join(lines)


def _failures(result: Result) -> list[str]:
    """Name those that were not measured; reasons may name folders, so they are told on the terminal only."""
    names = [*result.failed, *result.explaining.failed]
    return [f"Not measured in this run: {', '.join(names)}."] if names else []


def verdict(promise: Promise, value: float | None) -> str:
    """Say whether a promise is kept."""
    return {True: "reached", False: MISSED, None: "not run"}[promise.kept(value)]


def bound_of(promise: Promise) -> str:
    """Write the bound of a promise."""
    return f"{promise.sign} {promise.bound:,}"


def figure(value: float | None) -> str:
    """Write a figure with three digits or more."""
    if value is None:
        return "-"
    decimals = next((d for d, least in enumerate((100, 10, 1)) if abs(value) >= least), 3)
    return f"{value:,.{decimals}f}"


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"
