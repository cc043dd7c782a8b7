"""The handwork as an MLflow model made of code, with a pydantic model for its input.

Copied beside ``handwork`` and ``request_model``. Run as a script it saves the model to the folder ``model``;
then ``mlflow models serve -m model``.
"""

from __future__ import annotations

from typing import Any

import mlflow
from handwork import Handwork, work_folder  # type: ignore[import-not-found]
from mlflow.models import set_model
from mlflow.pyfunc import PythonModel
from request_model import application_model  # type: ignore[import-not-found]

WORK = Handwork(work_folder())
Application = application_model(WORK.columns)


class Scoring(PythonModel):  # type: ignore[misc]
    """Scores what MLflow has checked."""

    # The hint keeps MLflow from making arrays of the fields. It cannot check ranges: the model is asked here.
    def predict(self, model_input: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Score each of a list."""
        return [WORK.decide(Application.model_validate(row).model_dump()) for row in model_input]


set_model(Scoring())

if __name__ == "__main__":
    mlflow.pyfunc.save_model(
        "model",
        python_model="mlflow_model.py",
        code_paths=["handwork.py", "request_model.py"],
        pip_requirements=[],
    )
