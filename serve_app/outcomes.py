"""How requests end that no route answered: what is told, counted and logged."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from credit.errors import CreditError
from serve_app.admission import Admission, Overloaded
from serve_app.auth import Forbidden, Unauthorized
from serve_app.deadlines import DeadlinePassed
from serve_app.problems import MalformedRequest, problem_for
from serve_app.reply import Reply
from serve_app.requests import Request

logger = logging.getLogger(__name__)

_PLANNED = (CreditError, MalformedRequest, Unauthorized, Forbidden, Overloaded, DeadlinePassed)
_UNAVAILABLE = 503


class DeskOutcomes:
    """Outcomes of one service.

    Parameters
    ----------
    admission
        Counts them, beside what it refuses itself.
    translations
        By route: how it says what a problem document says, where it speaks a protocol of others.
    """

    def __init__(
        self,
        admission: Admission,
        product: str,
        translations: Mapping[str, Callable[[Reply], Reply]],
    ) -> None:
        self._admission = admission
        self._product = product
        self._translations = translations

    def refuse(self, error: Exception, request: Request) -> Reply:
        """Turn what a route raised into a problem document; log what nobody planned, without its values."""
        if not isinstance(error, _PLANNED):
            # The message of an unplanned error may hold a value of the application: only its type
            # is logged.
            logger.error(
                "%s in %s (request %s)",
                type(error).__name__,
                request.route or "the way to a route",
                request.id.decode("ascii"),
            )
        reply = problem_for(
            error, retry_after_s=self._admission.retry_after_s(), product=self._product
        )
        if isinstance(error, DeadlinePassed):
            self._admission.n_deadline += 1
        elif reply.status == _UNAVAILABLE and not isinstance(error, Overloaded):
            self._admission.n_unavailable += 1
        translate = self._translations.get(request.route)
        return reply if translate is None else translate(reply)

    def hung_up(self, request: Request) -> None:
        """Count a client that left. The status of that, 499, is nginx's: it is never sent."""
        self._admission.n_hung_up += 1
        logger.info(
            "499 in %s (request %s)", request.route or "no route", request.id.decode("ascii")
        )
