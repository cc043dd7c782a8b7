"""Gates: what a model must reach before it may be promoted.

A gate file (:func:`load_gates`) states bounds of figures; :func:`evaluate_gates` measures them with
their intervals on rows that the model has not learned from. A model gets through when every gate is
passed (:func:`gates_passed`); :func:`gate_table` shows how sure each answer is.
"""

from credit.gates.evaluate import GateResult, evaluate_gates, gates_passed
from credit.gates.gate_file import Gate, GateFile, load_gates
from credit.gates.table import gate_table

__all__ = [
    "Gate",
    "GateFile",
    "GateResult",
    "evaluate_gates",
    "gate_table",
    "gates_passed",
    "load_gates",
]
