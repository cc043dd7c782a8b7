"""Applications and answers in the words of earlier systems; what is decided, and how, is the same."""

from serve_app.earlier.answers import PredictionLog, earlier_answer, prediction_log
from serve_app.earlier.applications import EarlierReader

__all__ = ["EarlierReader", "PredictionLog", "earlier_answer", "prediction_log"]
