"""The work of the service as one would write it by hand for this one product.

It needs LightGBM, NumPy and msgspec and nothing of this product, so that other servers run the same code in
environments of their own.
"""

from __future__ import annotations

import datetime
import math
import os
import uuid
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import lightgbm
import msgspec
import numpy as np

WORK_VARIABLE = "CREDIT_BENCH_WORK"
"""Names the folder with ``model.txt`` and ``work.json``; the log is written there, too."""

WORK, MODEL, LOG = "work.json", "model.txt", "decisions.jsonl"

FEATURES = (
    "utilization",
    "age_capped",
    "past_due_30_59",
    "past_due_60_89",
    "past_due_90",
    "past_due_total",
    "past_due_coded",
    "debt_to_income",
    "monthly_debt",
    "income",
    "income_per_person",
    "open_credit_lines",
    "real_estate_loans",
    "dependents",
    "lines_in_use",
    "real_estate_share",
    "income_per_line",
    "debt_per_line",
    "utilization_is_amount",
)
"""What :meth:`Handwork.features` computes, in the order of the contract."""

FLOOR, PDO, BASE_SCORE, BASE_ODDS, MOST_REASONS, LEAST_POINTS = 1e-4, 20.0, 600.0, 50.0, 4, 0.5
PER_LOG_ODDS = PDO / math.log(2)
LATE = ("past_due_30_59", "past_due_60_89", "past_due_90")
NAN = math.nan


def work_folder() -> Path:
    """Return the folder that the bench names to every contender."""
    return Path(os.environ[WORK_VARIABLE])


class Handwork:
    """Features, LightGBM, its own ``pred_contrib``, calibration, policy, reasons, one line in a log."""

    def __init__(self, folder: Path) -> None:
        work = msgspec.json.decode((folder / WORK).read_bytes())
        self.columns: list[dict[str, Any]] = work["columns"]
        self._caps: dict[str, float] = work["caps"]
        self._codes = frozenset(work["codes"])
        self._calibrator: dict[str, Any] = work["calibrator"]
        self._policy: dict[str, Any] = work["policy"]
        self._reason_of: list[str] = work["reasons"]
        self._texts: dict[str, str] = work["texts"]
        self._booster = lightgbm.Booster(model_file=str(folder / MODEL))
        self._encode = msgspec.json.Encoder().encode
        self._log = os.open(folder / LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def decide(self, application: Mapping[str, Any]) -> dict[str, Any]:
        """Do it all for one application, whose ranges were checked before."""
        vector = self.features(application)
        return self.answer(application, vector, self.margin(vector), self.contributions(vector))

    def features(self, a: Mapping[str, Any]) -> list[float]:
        """Compute :data:`FEATURES`; NaN for missing."""
        used, lines, loans, debt = (
            a["revolving_utilization"],
            a["open_credit_lines"],
            a["real_estate_loans"],
            a["debt_ratio"],
        )
        stated, dependents = a["monthly_income"], a["dependents"]
        income = stated if stated is not None and stated > 1 else NAN
        has_income = not math.isnan(income)
        household = NAN if dependents is None else float(dependents)
        late = [NAN if a[name] in self._codes else float(a[name]) for name in LATE]
        return [
            self._capped("utilization", used),
            min(a["age"], 62.0),
            late[0],
            late[1],
            late[2],
            late[0] + late[1] + late[2],
            1.0 if any(a[name] in self._codes for name in LATE) else 0.0,
            self._capped("debt_to_income", debt if has_income else NAN),
            self._capped("monthly_debt", debt * income if has_income else debt),
            self._capped("income", income),
            self._capped("income_per_person", income / (household + 1)),
            lines,
            loans,
            household,
            self._capped("lines_in_use", used * lines),
            loans / (lines + 1),
            self._capped("income_per_line", income / (lines + 1)),
            self._capped("debt_per_line", debt / (lines + 1)),
            1.0 if used > 10 else 0.0,  # noqa: PLR2004 - from here on it is an amount
        ]

    def margin(self, vector: Sequence[float]) -> float:
        """Log-odds of bad; ``Booster.predict`` on one row, with one thread."""
        return float(self._booster.predict(np.array([vector]), raw_score=True, num_threads=1)[0])

    def contributions(self, vector: Sequence[float]) -> list[float]:
        """Path-dependent Shapley values, by LightGBM's ``pred_contrib``."""
        found = self._booster.predict(np.array([vector]), pred_contrib=True, num_threads=1)
        values: list[float] = found[0, :-1].tolist()
        return values

    def answer(
        self,
        application: Mapping[str, Any],
        vector: Sequence[float],
        margin: float,
        contributions: Sequence[float],
    ) -> dict[str, Any]:
        """Calibrate, decide, give reasons, and write one line of about 2 kB, which is not synced."""
        prob_default = self._probability(margin)
        log2_odds = math.log2(1 - prob_default) - math.log2(prob_default)
        band = self._policy["bands"][bisect_right(self._policy["edges"], prob_default)]
        rules = [r for r in self._policy["rules"] if application[r["column"]] in r["values"]]
        answer = {
            "decision_id": uuid.uuid4().hex,
            "application_id": application["application_id"],
            "probability_of_default": prob_default,
            "score": round(BASE_SCORE + PDO * (log2_odds - math.log2(BASE_ODDS)), 2),
            "rating": band["rating"],
            "risk_level": band["risk_level"],
            "decision": self._decision(prob_default, rules),
            "reason_codes": self._reasons(contributions, rules),
            "model": "lightgbm",
        }
        self._write_line(application, vector, contributions, answer)
        return answer

    def _capped(self, name: str, value: float) -> float:
        cap = self._caps[name]
        return cap if value > cap else value

    def _probability(self, margin: float) -> float:
        c = self._calibrator
        method = c.get("method", "platt")
        if method == "platt":
            z = c["slope"] * margin + c["intercept"]
        elif method == "beta":
            rising, falling = math.log1p(math.exp(margin)), math.log1p(math.exp(-margin))
            z = c["b"] * rising - c["a"] * falling + c["c"]
        else:
            z = _between(c["margins"], c["levels"], c["slope"], margin)
        return FLOOR + (1 - 2 * FLOOR) / (1 + math.exp(-z))

    def _decision(self, prob_default: float, rules: Sequence[Mapping[str, Any]]) -> str:
        cutoff, review_from = self._policy["cutoff"], self._policy["review_from"]
        severity = ("approve", "review", "decline")
        by_model = (prob_default >= review_from) + (prob_default >= cutoff)
        return severity[max([by_model, *(severity.index(r["decision"]) for r in rules)])]

    def _reasons(
        self, contributions: Sequence[float], rules: Sequence[Mapping[str, Any]]
    ) -> list[dict[str, Any]]:
        totals: dict[str, float] = {}
        heaviest: dict[str, tuple[float, str]] = {}
        for code, name, value in zip(self._reason_of, FEATURES, contributions, strict=True):
            totals[code] = totals.get(code, 0.0) + value
            if code not in heaviest or value > heaviest[code][0]:
                heaviest[code] = (value, name)
        found = [
            {"code": r["code"], "feature": r["column"], "text": r["text"], "points": None}
            for r in rules
        ]
        adverse = sorted(totals.items(), key=lambda item: -item[1])
        points = [(code, round(-PER_LOG_ODDS * total, 2)) for code, total in adverse]
        for place, (code, lost) in enumerate(p for p in points if p[1] < 0):
            if place == 0 or lost <= -LEAST_POINTS:
                found.append(
                    {
                        "code": code,
                        "feature": heaviest[code][1],
                        "text": self._texts[code],
                        "points": lost,
                    }
                )
        return found[:MOST_REASONS]

    def _write_line(
        self,
        application: Mapping[str, Any],
        vector: Sequence[float],
        contributions: Sequence[float],
        answer: Mapping[str, Any],
    ) -> None:
        line = self._encode(
            {
                "created_at": datetime.datetime.now(datetime.UTC).isoformat(),
                "application": application,
                "features": dict(zip(FEATURES, vector, strict=True)),
                "shap_values": dict(zip(FEATURES, contributions, strict=True)),
                "answer": answer,
            }
        )
        os.write(self._log, line + b"\n")


def _between(
    margins: Sequence[float], levels: Sequence[float], slope: float, margin: float
) -> float:
    """Straight lines through knots, and on with one slope outside them."""
    right = bisect_right(margins, margin)
    if right == 0:
        return levels[0] + slope * (margin - margins[0])
    if right == len(margins):
        return levels[-1] + slope * (margin - margins[-1])
    share = (margin - margins[right - 1]) / (margins[right] - margins[right - 1])
    return levels[right - 1] + share * (levels[right] - levels[right - 1])
