"""The story of one decision, as lines for a person."""

from __future__ import annotations

import math
from collections.abc import Iterator

from cluster.lineage import Registered
from credit.records.lineage.story import Contents, Decided, Made, Proof, Story, Subject

_LABEL = 12
_MOST_FEATURES = 6
_WHY_CLOSED = {
    "sealed": "sealed; without --sealed it is opened with the keys",
    "erased": "erased: its keys were destroyed, nobody can open it",
    "restricted": "restricted: kept because a law demands it, and used for nothing",
}


def story_page(
    story: Story, registered: Registered | None, *, asked_registry: bool
) -> Iterator[str]:
    """Tell a story on one screen."""
    asked = story.asked
    yield f"decision {story.decision_id}"
    slot = "outside the experiment" if asked.slot is None else f"slot {asked.slot}"
    yield _line("asked", f"{asked.created_at}, tenant {asked.tenant}, {asked.route}")
    yield _line("arm", f"{asked.arm} ({slot}), generation {asked.generation}")
    stages = ", ".join(f"{stage} {us / 1000:.2f}" for stage, us in asked.latency_us.items())
    yield _line("latency, ms", stages)
    yield from _contents(story.contents)
    yield from _made(story.made, registered, asked_registry=asked_registry)
    yield from _decided(story.decided)
    for name, events in (("reviewer", story.reviews), ("outcome", story.outcomes)):
        told = "; ".join(", ".join(f"{k} {v}" for k, v in event.items()) for event in events)
        yield _line(name, told or "none recorded")
    yield from _proof(story.proof)
    yield _line("subject", _subject(story.subject))


def _contents(contents: Contents) -> Iterator[str]:
    if contents.state != "opened":
        yield _line("application", _WHY_CLOSED[contents.state])
        return
    yield _line(
        "application", f"{contents.application_id}, applicant {contents.applicant_id or '-'}"
    )
    yield _line("", ", ".join(f"{k} {v}" for k, v in (contents.application or {}).items()))
    shap = contents.shap_values or {}
    features = sorted(
        (contents.features or {}).items(), key=lambda item: -abs(shap.get(item[0], 0.0))
    )
    for name, value in features[:_MOST_FEATURES]:
        shown = "missing" if math.isnan(value) else f"{value:g}"
        yield _line("", f"{name} = {shown}, contributes {shap.get(name, math.nan):+.4f}")
    if len(features) > _MOST_FEATURES:
        yield _line(
            "", f"and {len(features) - _MOST_FEATURES} features that weigh less; --json has all"
        )


def _made(made: Made, registered: Registered | None, *, asked_registry: bool) -> Iterator[str]:
    digest = f", digest {made.contract_digest[:12]}" if made.contract_digest else ""
    yield _line("data", made.data or "not known here")
    yield _line("contract", f"{made.contract} version {made.contract_version}{digest}")
    if made.features is not None:
        yield _line("features", f"{len(made.features)}, as the contract lists them")
    yield _line("model", f"{made.model}, bundle {made.bundle}")
    if made.note:
        yield _line("", made.note)
    if registered is not None:
        line = f"{registered.name} version {registered.version}, run {registered.run_id} ({registered.run_name})"
        yield _line("sweep", line)
    else:
        unknown = (
            "not registered" if asked_registry else "--registry asks MLflow for version and run"
        )
        yield _line("sweep", unknown)
    if made.calibration is not None:
        yield _line("calibration", made.calibration)
    cutoff = "" if made.cutoff is None else f", cut-off PD {made.cutoff:.4f}"
    yield _line("policy", f"version {made.policy_version}{cutoff}")
    yield _line("engine", f"{made.engine}, fingerprint {made.fingerprint}")


def _decided(decided: Decided) -> Iterator[str]:
    yield _line(
        "decision",
        f"{decided.decision}: PD {decided.probability_of_default:.6f}, score {decided.score:.2f}, "
        f"{decided.rating}, risk {decided.risk_level}",
    )
    for reason in decided.reasons:
        points = "" if reason.points is None else f" ({reason.points:+.2f} points)"
        yield _line("reason", f"{reason.code}{points} {reason.text or ''}".rstrip())


def _proof(proof: Proof) -> Iterator[str]:
    yield _line(
        "record", f"position {proof.position}; number {proof.sequence} of chain {proof.writer}"
    )
    hash_ = "is that of its content" if proof.hash_ok else "IS NOT THAT OF ITS CONTENT"
    link = "fits the record before" if proof.link_ok else "DOES NOT FIT THE RECORD BEFORE"
    yield _line("", f"its hash {proof.hash[:16]} {hash_}; its link {link}")
    cover = proof.checkpoint
    if cover is None:
        yield _line("checkpoint", "none covers it yet; make one with: credit records checkpoint")
        return
    signature = {
        "good": "well signed by",
        "bad": "BADLY SIGNED, as by",
        "unknown key": "signed by the unknown key",
    }
    line = f"number {cover.number} of {cover.created_at}, {signature[cover.signature]} {cover.signing_key_id}"
    yield _line("checkpoint", line)


def _subject(subject: Subject) -> str:
    told = subject.subject_ref
    if subject.erased_at is not None:
        notes = ", ".join(str(n) for n in subject.tombstones)
        told += f", erased {subject.erased_at}" + (f", signed note {notes}" if notes else "")
    elif subject.restricted_until is not None:
        told += f", restricted until {subject.restricted_until}"
    return told


def _line(label: str, text: str) -> str:
    return f"{label:<{_LABEL}} {text}"
