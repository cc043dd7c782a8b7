"""The parts of a service, composed in the process of the program around it."""

from __future__ import annotations

from credit.decision import Rollout
from credit.errors import ServiceUnavailable
from credit.records import LocalKeyFile, RecordReader, RecordWriter, open_state
from credit.settings import Settings
from serve_app.auth import TokenGuard, admin_token, service_token
from serve_app.fused import local_links
from serve_app.gateway import Gateway
from serve_app.limits import Limits
from serve_app.rollout import RolloutFollower
from serve_app.rollout.bundles import rollout_shelf
from serve_app.rollout.control import RolloutControl
from serve_app.routes import build_http_app
from serve_app.scoring import Scoring
from serve_app.tracing import Tracing, tracing_of
from serve_app.wsgi.app import WsgiApp


class NoMonitorHere:
    """Answers for the drift monitor where there is none."""

    async def status(self) -> bytes:
        """Refuse.

        Raises
        ------
        ServiceUnavailable
            Saying where it runs.
        """
        raise ServiceUnavailable(
            "the drift monitor does not run in this process: ask a service that `credit serve` runs over the same "
            "records"
        )

    async def reports(self, limit: int, offset: int) -> bytes:
        """Refuse, as :meth:`status`."""
        return await self.status()

    async def metrics(self) -> bytes:
        """Tell nothing: the metrics of the records are told by whoever reads them."""
        return b""


class WsgiService(WsgiApp):
    """A whole service as a WSGI application; made by :func:`build_wsgi_app`, and closed by who made it.

    Its threads do not survive a fork: servers that fork workers make it in each of them.
    """

    def __init__(
        self, settings: Settings, product: str, *, auth: bool, tracing: Tracing | None
    ) -> None:
        shelf = rollout_shelf(settings, product, explains=True)
        state = open_state(settings.state)
        self._follower = RolloutFollower(state, product, shelf, role="gateway", adopt=self._adopt)
        keys = LocalKeyFile(settings.key_path)
        self._writer = RecordWriter(settings.records, keys)
        self._reader = RecordReader(settings.records, keys)
        self._tracing = tracing
        scoring = Scoring(shelf, local_links(shelf))
        self._gateway = Gateway(self._follower.active, shelf, scoring, self._writer, self._reader)
        guard = (
            TokenGuard(service_token(settings), admin_token(settings)) if auth else TokenGuard(None)
        )
        super().__init__(
            build_http_app(
                self._gateway,
                guard,
                NoMonitorHere(),
                Limits.of(settings),
                control=RolloutControl(settings, state, product),
                tracing=tracing,
            )
        )
        self._follower.start()

    def close(self) -> None:
        """Answer nobody any more; what was submitted to the record is written first."""
        super().close()
        self._follower.close()
        self._writer.close()
        self._reader.close()
        if self._tracing is not None:
            self._tracing.close()

    def _adopt(self, rollout: Rollout) -> None:
        self._gateway.adopt(rollout)


def build_wsgi_app(settings: Settings, product: str, *, auth: bool = True) -> WsgiService:
    """Compose a service in this process.

    Parameters
    ----------
    product
        Whose rollout is followed; `credit serve` or `credit rollout` began it.
    auth
        Whether to ask for the tokens of the settings; False where the program around it has asked already.

    Raises
    ------
    SettingsInvalid
        When there is no rollout of this product.
    CreditError
        When its bundles cannot be loaded, or the record store cannot be opened.
    """
    return WsgiService(settings, product, auth=auth, tracing=tracing_of(settings))
