"""Hand decisions over as evidence that a stranger can check.

:func:`export_evidence` writes a folder of Parquet and JSON with the signed checkpoints, and beside them
:mod:`credit.records.evidence.verify_evidence`, a script that needs nothing of this product.
"""

from credit.records.evidence.chosen import Chosen, of_model, of_period, of_subject
from credit.records.evidence.export import export_evidence
from credit.records.evidence.manifest import EvidenceManifest

__all__ = [
    "Chosen",
    "EvidenceManifest",
    "export_evidence",
    "of_model",
    "of_period",
    "of_subject",
]
