"""What the drift node hosts: windows of decisions through the detectors, checkpoints, metrics."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import sqlalchemy as sa

from cluster.checkpoints import ScheduledCheckpoints
from credit.data.reference import Reference, load_reference
from credit.decision import Rollout
from credit.decision.bundle_files import REFERENCE_FOLDER
from credit.errors import SettingsInvalid
from credit.records import (
    START,
    CursorMoved,
    Lease,
    LocalKeyFile,
    RecordReader,
    advance_cursor,
    begin_write,
    open_state,
)
from drift import (
    Detector,
    DetectorLevels,
    DriftMonitor,
    MetricsExporter,
    PsiDetector,
    TabularDriftDetector,
    list_reports,
)
from drift.detector import Rows
from serve_app.rollout.store import read_heads, read_rollout
from serve_app.settings import ServiceArgs

DETECTORS: dict[str, Callable[[Rows, Sequence[str], DetectorLevels], Detector]] = {
    "tabular_drift": TabularDriftDetector,
    "psi": PsiDetector,
}


class DriftConsumer:
    """What the drift node hosts: stepped in a loop, asked by the routes.

    It watches against the reference of the champion, and changes it when the champion does.
    """

    def __init__(self, args: ServiceArgs) -> None:
        settings, consumer = args.settings, args.drift_consumer
        self._args = args
        self._reader = RecordReader(settings.records, LocalKeyFile(settings.key_path))
        self._state = open_state(settings.state)
        self._consumer = consumer
        if args.drift_start == "end":
            begin_at_end(self._state, self._reader, consumer)
        self._rollout = _require_rollout(self._state, args.product)
        self._monitor = self._watch()
        self._exporter = MetricsExporter(self._reader, self._state, consumer)
        self._lease = Lease(self._state, consumer)
        self._checkpoints = ScheduledCheckpoints(settings, self._state)

    def step(self) -> bool:
        """Report on the next window; False when it is not complete, or another instance is at work."""
        self._checkpoints.step()
        self._follow_champion()
        return self._lease.hold() and self._monitor.step() is not None

    def _follow_champion(self) -> None:
        heads = read_heads(self._state, self._args.product)
        if heads is None or heads.generation == self._rollout.generation:
            return
        before, self._rollout = self._rollout, _require_rollout(self._state, self._args.product)
        if self._rollout.champion.bundle != before.champion.bundle:
            self._monitor = self._watch()

    def _watch(self) -> DriftMonitor:
        """Watch against the champion's reference, from where the cursor is."""
        settings = self._args.settings
        reference = reference_of(settings.bundles_path / self._rollout.champion.bundle)
        return DriftMonitor(
            self._reader,
            self._state,
            reference,
            [] if reference is None else _detectors(self._args, reference),
            window_size=self._args.drift_window,
            consumer=self._consumer,
        )

    def status(self) -> bytes:
        """State and latest report, as JSON."""
        return msgspec.json.encode(self._monitor.status())

    def reports(self, limit: int, offset: int) -> bytes:
        """Reports, newest first, as JSON."""
        return msgspec.json.encode(
            list_reports(self._state, self._consumer, limit=limit, offset=offset)
        )

    def metrics(self) -> bytes:
        """Metrics in the Prometheus text format."""
        return self._exporter.render() + self._checkpoints.metrics()


def _require_rollout(state: sa.Engine, product: str) -> Rollout:
    rollout = read_rollout(state, product)
    if rollout is None:
        raise SettingsInvalid(f"there is no rollout of {product} in the state database")
    return rollout


def begin_at_end(state: sa.Engine, reader: RecordReader, consumer: str) -> None:
    """Put a cursor that does not exist yet at the end of the log."""
    end = reader.end()
    if end == START:
        return
    try:
        with begin_write(state) as connection:
            advance_cursor(connection, consumer, START, end)
    except CursorMoved:
        # It exists: a replica of this consumer ran before and is to go on from there.
        return


def _detectors(args: ServiceArgs, reference: Reference) -> list[Detector]:
    names, rows = reference.feature_names, reference.rows
    return [DETECTORS[name](rows, names, DetectorLevels()) for name in args.drift_detectors]


def reference_of(bundle: Path) -> Reference | None:
    """Load the drift reference that lies beside a bundle's hashed files; None when it was erased."""
    files = sorted((bundle / REFERENCE_FOLDER).glob("*.npz"))
    return load_reference(files[0]) if files else None
