"""The handwork as a runtime of MLServer, behind a route of its own with a pydantic model.

Copied beside ``handwork`` and ``request_model``; ``model-settings.json`` names it.
"""

from __future__ import annotations

from typing import Any

from handwork import Handwork, work_folder  # type: ignore[import-not-found]
from mlserver import MLModel  # type: ignore[import-not-found]
from mlserver.handlers import custom_handler  # type: ignore[import-not-found]
from request_model import application_model  # type: ignore[import-not-found]

WORK = Handwork(work_folder())
Application = application_model(WORK.columns)


class Scoring(MLModel):  # type: ignore[misc]
    """Answers ``/v1/score``."""

    async def load(self) -> bool:
        """Be ready: the model was loaded with the module."""
        return True

    @custom_handler(rest_path="/v1/score")  # type: ignore[untyped-decorator]
    async def score(self, application: Application) -> dict[str, Any]:  # type: ignore[valid-type]
        """Score what was checked."""
        return WORK.decide(application.model_dump())  # type: ignore[attr-defined,no-any-return]
