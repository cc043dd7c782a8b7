"""Made-up decisions of two models and of two arms, seeded."""

from __future__ import annotations

import numpy as np

from credit.experiment.arms import Decision, Experiment, Phase
from credit.experiment.pairedscores import PairedScores
from credit.metrics.sample import FloatArray
from tests.records.samples import clear_part


def decisions_of(pd: FloatArray) -> np.ndarray[tuple[int, ...], np.dtype[np.str_]]:
    return np.where(pd >= 1 / 11, "decline", np.where(pd >= 0.08, "review", "approve")).astype(
        np.str_
    )


def score_of(pd: FloatArray) -> FloatArray:
    points: FloatArray = np.round(600 + 20 * np.log2((1 - pd) / pd / 50), 2)
    return points


def paired(
    n: int, *, seed: int, noise: float = 0.3, exposure: bool = False, outcomes: bool = False
) -> PairedScores:
    """Two models that agree but for noise; some applicants come several times."""
    rng = np.random.default_rng(seed)
    true = rng.beta(1.2, 12, n)
    first, second = (
        np.clip(true * np.exp(rng.normal(0, noise, n)), 1e-4, 1 - 1e-4) for _ in range(2)
    )
    codes = np.array(["INCOME", "PAST_DUE", "AGE"])
    reasons = [
        [tuple(rng.permutation(codes)[: rng.integers(0, 3)].tolist()) for _ in range(n)]
        for _ in range(2)
    ]
    bad = (rng.random(n) < true).astype(np.float64)
    return PairedScores(
        applicants=np.array(
            [f"s{i}" for i in rng.integers(0, max(2, int(n * 0.8)), n)], dtype=np.str_
        ),
        answered_pd=first,
        shadow_pd=second,
        answered_score=score_of(first),
        shadow_score=score_of(second),
        answered_decision=decisions_of(first),
        shadow_decision=decisions_of(second),
        answered_reasons=reasons[0],
        shadow_reasons=reasons[1],
        exposure=np.where(rng.random(n) < 0.05, np.nan, rng.lognormal(9, 0.5, n))
        if exposure
        else None,
        bad=np.where(rng.random(n) < 0.4, np.nan, bad) if outcomes else None,
    )


EXPERIMENT = Experiment(
    product="retail",
    arm="challenger",
    champion="a" * 64,
    challenger="b" * 64,
    phases=(Phase(generation=7, champion_share=0.7, challenger_share=0.3),),
)


def arm_decisions(
    n: int, *, seed: int, odds: float = 1.0, latency: float = 1.0, share: float = 0.3
) -> list[Decision]:
    """Decisions of two arms; the challenger's odds and latencies are multiplied."""
    rng = np.random.default_rng(seed)
    found = []
    for i in range(n):
        is_challenger = rng.random() < share
        good_odds = rng.lognormal(2.6, 0.9) / (odds if is_challenger else 1)
        pd = float(np.clip(1 / (1 + good_odds), 1e-4, 1 - 1e-4))
        array = np.array([pd])
        us = rng.lognormal(8, 0.4) * (latency if is_challenger else 1)
        clear = clear_part(
            arm="challenger" if is_challenger else "champion",
            slot=int(rng.integers(0, 1000)),
            probability_of_default=pd,
            score=float(score_of(array)[0]),
            decision=str(decisions_of(array)[0]),
            latency_us={"answer": int(us)},
        )
        found.append(Decision(f"d{i:07}", f"s{i}", clear))
    return found
