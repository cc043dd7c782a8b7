"""The drift node's consumer: windows of decisions through the detectors, and the metrics."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import sqlalchemy as sa

from credit.data.reference import Reference, load_reference
from credit.decision.bundle_files import REFERENCE_FOLDER
from credit.errors import DataError
from credit.records import (
    CursorMoved,
    LocalKeyFile,
    RecordReader,
    advance_cursor,
    begin_immediate,
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
        reader = RecordReader(settings.records_path, LocalKeyFile(settings.key_path))
        self._state = open_state(settings.state_path)
        names, rows = reference.feature_names, reference.rows
        levels = DetectorLevels()
        detectors = [DETECTORS[name](rows, names, levels) for name in args.drift_detectors]
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

    def step(self) -> bool:
        """Report on the next window; False when it is not complete."""
        return self._monitor.step() is not None

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
        return self._exporter.render()


def begin_at_end(state: sa.Engine, reader: RecordReader, consumer: str) -> None:
    """Put a cursor that does not exist yet at the end of the log."""
    end = reader.last_position()
    if end == 0:
        return
    try:
        with begin_immediate(state) as connection:
            advance_cursor(connection, consumer, 0, end)
    except CursorMoved:
        # It exists: a replica of this consumer ran before and is to go on from there.
        return


def reference_of(bundle: Path) -> Reference:
    """Load the drift reference that lies beside a bundle's hashed files.

    Raises
    ------
    DataError
        When it was erased or never made.
    """
    files = sorted((bundle / REFERENCE_FOLDER).glob("*.npz"))
    if not files:
        raise DataError(
            f"bundle {bundle.name[:12]} has no drift reference; make one with `credit tune`"
        )
    return load_reference(files[0])
