"""What the drift node hosts: windows of decisions through the detectors, checkpoints, metrics."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import sqlalchemy as sa

from cluster.checkpoints import ScheduledCheckpoints
from credit.data.reference import Reference, load_reference
from credit.decision.bundle_files import REFERENCE_FOLDER
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
from serve_app.settings import ServiceArgs

DETECTORS: dict[str, Callable[[Rows, Sequence[str], DetectorLevels], Detector]] = {
    "tabular_drift": TabularDriftDetector,
    "psi": PsiDetector,
}


class DriftConsumer:
    """What the drift node hosts: stepped in a loop, asked by the routes."""

    def __init__(self, args: ServiceArgs, bundle_hash: str) -> None:
        settings, consumer = args.settings, args.drift_consumer
        reference = reference_of(settings.bundles_path / bundle_hash)
        reader = RecordReader(settings.records, LocalKeyFile(settings.key_path))
        self._state = open_state(settings.state)
        detectors = [] if reference is None else _detectors(args, reference)
        self._consumer = consumer
        if args.drift_start == "end":
            begin_at_end(self._state, reader, consumer)
        self._monitor = DriftMonitor(
            reader,
            self._state,
            reference,
            detectors,
            window_size=args.drift_window,
            consumer=consumer,
        )
        self._exporter = MetricsExporter(reader, self._state, consumer)
        self._lease = Lease(self._state, consumer)
        self._checkpoints = ScheduledCheckpoints(settings, self._state)

    def step(self) -> bool:
        """Report on the next window; False when it is not complete, or another instance is at work."""
        self._checkpoints.step()
        return self._lease.hold() and self._monitor.step() is not None

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
