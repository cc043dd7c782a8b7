"""Whether today's applicants still look like those a model was built on.

Detectors share one protocol (``detector``): a Kolmogorov-Smirnov test by alibi-detect (``alibi``)
and the population stability index (``psi``). :class:`DriftMonitor` (``monitor``) consumes the
record log window by window (``window``), opens the vectors (``rows``), compares them with
its reference and stores a :class:`DriftReport` (``result``, ``store``) in the
transaction that moves its cursor. :class:`MetricsExporter` (``metrics``) is a second consumer, for
Prometheus. Neither can slow an answer down: they only read records. Importing this package does
not import alibi-detect; making a :class:`TabularDriftDetector` does.
"""

from drift.alibi import TabularDriftDetector
from drift.detector import Detector, DetectorLevels
from drift.metrics import MetricsExporter
from drift.monitor import DriftMonitor
from drift.psi import PsiDetector
from drift.result import DetectorResult, DriftReport, FeatureDrift, Level
from drift.status import MonitorStatus, read_status
from drift.store import latest_report, list_reports

__all__ = [
    "Detector",
    "DetectorLevels",
    "DetectorResult",
    "DriftMonitor",
    "DriftReport",
    "FeatureDrift",
    "Level",
    "MetricsExporter",
    "MonitorStatus",
    "PsiDetector",
    "TabularDriftDetector",
    "latest_report",
    "list_reports",
    "read_status",
]
