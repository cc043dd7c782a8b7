"""The handwork as a service of BentoML, with a pydantic model as its input.

Copied beside ``handwork`` and ``request_model``; then ``bentoml serve bentoml_service:Scoring``.
"""

from __future__ import annotations

from typing import Any

import bentoml  # type: ignore[import-not-found]
from handwork import Handwork, work_folder  # type: ignore[import-not-found]
from request_model import application_model  # type: ignore[import-not-found]

Application = application_model(Handwork(work_folder()).columns)


@bentoml.service(workers=1)
class Scoring:
    """Answers ``/v1/score``."""

    def __init__(self) -> None:
        self._work = Handwork(work_folder())

    @bentoml.api(route="/v1/score", input_spec=Application)  # type: ignore[untyped-decorator]
    async def score(self, **application: Any) -> dict[str, Any]:
        """Score what was checked."""
        return self._work.decide(application)  # type: ignore[no-any-return]
