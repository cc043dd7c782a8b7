"""What scores for the shadows of a rollout, beside the service."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Literal

import msgspec
from prometheus_client import CollectorRegistry, Gauge, generate_latest

from credit.decision import Arm, Bundle, load_bundle
from credit.errors import CreditError, SettingsInvalid
from credit.experiment.pairedscores import DECISIONS
from credit.records import LocalKeyFile, RecordReader, open_state
from credit.settings import Settings
from credit.shadow import ShadowConsumer
from credit.shadow.contracts import ContractDigests
from credit.shadow.store import ShadowRun, count_decisions, create_tables, list_runs
from serve_app.rollout.bundles import require_explained
from serve_app.rollout.prepare import contract_of, prepare_elsewhere, require_product
from serve_app.rollout.store import create_tables as create_rollout_tables
from serve_app.rollout.store import read_heads, read_rollout
from serve_app.settings import ServiceArgs

logger = logging.getLogger(__name__)

RETRY_S = 60.0
"""How long a shadow that failed waits: most failures need a person, some only a database."""

State = Literal["loading", "scoring", "failing"]


class HostedShadow(msgspec.Struct, frozen=True, kw_only=True):
    """One shadow of the rollout.

    Attributes
    ----------
    waiting
        Records that it has not read yet; None while its bundle is being loaded.
    error
        Why it fails; tried again after `RETRY_S`. Empty while it does not.
    """

    name: str
    bundle: str
    state: State
    error: str
    waiting: int | None
    n_scored: int
    unscored: dict[str, int]


class ShadowReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a shadow would change so far; ``credit shadow report`` says how sure that is.

    Attributes
    ----------
    matrix
        Counts by what was answered, then by what the shadow would decide.
    """

    name: str
    bundle: str
    begun_at: str
    n_scored: int
    unscored: dict[str, int]
    note: str
    matrix: dict[str, dict[str, int]]
    n_swap_in: int
    n_swap_out: int


@dataclass
class _Place:
    """A shadow on its way: its bundle is loaded aside, then its consumer steps."""

    arm: Arm
    loading: Future[Bundle] | None = None
    consumer: ShadowConsumer | None = None
    error: str = ""
    retry_at: float = field(default=0.0)

    @property
    def state(self) -> State:
        if self.error:
            return "failing"
        return "loading" if self.consumer is None else "scoring"


class ShadowHost:
    """Runs a consumer for each shadow of the rollout, and follows the rollout.

    A shadow that cannot be loaded, or fails, is reported and tried again later; the others go on.
    `step` is called by one thread; the other methods may be called beside it.

    Parameters
    ----------
    clock
        Seconds that only go forward.
    """

    def __init__(self, args: ServiceArgs, *, clock: Callable[[], float] = time.monotonic) -> None:
        settings = args.settings
        self._settings = settings
        self._product = args.product
        self._reader = RecordReader(settings.records, LocalKeyFile(settings.key_path))
        self._state = open_state(settings.state)
        self._digests = ContractDigests(settings.bundles_path)
        self._clock = clock
        self._generation = 0
        self._places: tuple[_Place, ...] = ()
        self._loader = ThreadPoolExecutor(1, "shadow-bundles")
        create_tables(self._state)
        create_rollout_tables(self._state)

    def step(self) -> bool:
        """Let each shadow score its next records; True when more are waiting for one of them."""
        self._follow()
        worked = [self._step(place) for place in self._places]
        return any(worked)

    def close(self) -> None:
        """Give back leases and connections."""
        self._loader.shutdown(wait=True, cancel_futures=True)
        for place in self._places:
            _close(place)
        self._reader.close()
        self._state.dispose()

    def shadows(self) -> list[HostedShadow]:
        """Tell where each shadow stands."""
        return [_hosted(place) for place in self._places]

    def status(self) -> bytes:
        """State of each shadow, as JSON."""
        return msgspec.json.encode({"generation": self._generation, "shadows": self.shadows()})

    def reports(self, limit: int, offset: int) -> bytes:
        """What each shadow of the product would change, the one begun last first, as JSON."""
        runs = list_runs(self._state, self._product)[offset : offset + limit]
        return msgspec.json.encode([self._report(run) for run in runs])

    def metrics(self) -> bytes:
        """Metrics in the Prometheus text format."""
        registry = CollectorRegistry()
        gauges = {
            name: Gauge(f"credit_shadow_{name}", said, ["shadow", *labels], registry=registry)
            for name, (said, *labels) in _GAUGES.items()
        }
        for shadow in self.shadows():
            gauges["failing"].labels(shadow.name).set(shadow.state == "failing")
            gauges["scored"].labels(shadow.name).set(shadow.n_scored)
            if shadow.waiting is not None:
                gauges["waiting"].labels(shadow.name).set(shadow.waiting)
            for why, n in shadow.unscored.items():
                gauges["unscored"].labels(shadow.name, why).set(n)
        return generate_latest(registry)

    def _report(self, run: ShadowRun) -> ShadowReport:
        counts = count_decisions(self._state, run.id)
        matrix = {
            then: {now: counts.get((then, now), 0) for now in DECISIONS} for then in DECISIONS
        }
        return ShadowReport(
            name=run.name,
            bundle=run.bundle,
            begun_at=run.begun_at,
            n_scored=run.n_scored,
            unscored=run.unscored,
            note=run.note,
            matrix=matrix,
            n_swap_in=matrix["review"]["approve"] + matrix["decline"]["approve"],
            n_swap_out=matrix["approve"]["review"] + matrix["approve"]["decline"],
        )

    def _follow(self) -> None:
        heads = read_heads(self._state, self._product)
        if heads is None or heads.generation == self._generation:
            return
        rollout = read_rollout(self._state, self._product)
        if rollout is None:
            return
        kept = {(place.arm.name, place.arm.bundle): place for place in self._places}
        wanted = [(shadow.name, shadow.bundle) for shadow in rollout.shadows]
        self._places = tuple(
            kept.pop(key) if key in kept else _Place(shadow)
            for key, shadow in zip(wanted, rollout.shadows, strict=True)
        )
        for gone in kept.values():
            _close(gone)
        self._generation = rollout.generation

    def _step(self, place: _Place) -> bool:
        if self._clock() < place.retry_at:
            return False
        try:
            if place.consumer is None and not self._loaded(place):
                return False
            place.error = ""
            return place.consumer is not None and place.consumer.step()
        except Exception as error:  # whatever one shadow does must not end the others
            place.error = str(error) if isinstance(error, CreditError) else type(error).__name__
            place.retry_at = self._clock() + RETRY_S
            known = isinstance(error, CreditError)
            logger.warning("shadow %s: %s", place.arm.name, place.error, exc_info=not known)
            return False

    def _loaded(self, place: _Place) -> bool:
        """Load the bundle aside; True when the consumer is there."""
        if place.loading is None:
            place.loading = self._loader.submit(self._load, place.arm.bundle)
        if not place.loading.done():
            return False
        loading, place.loading = place.loading, None
        place.consumer = ShadowConsumer(
            self._reader,
            self._state,
            loading.result(),
            place.arm.name,
            digest_of=self._digests,
        )
        return True

    def _load(self, hash_: str) -> Bundle:
        return load_shadow(self._settings, self._product, self._champion(), hash_)

    def _champion(self) -> str:
        rollout = read_rollout(self._state, self._product)
        if rollout is None:
            raise SettingsInvalid(f"there is no rollout of {self._product} in the state database")
        return rollout.champion.bundle


def load_shadow(settings: Settings, product: str, champion: str, hash_: str) -> Bundle:
    """Load a bundle that is to score what the champion's contract let in; fetched if it is not here.

    Raises
    ------
    BundleError
        It cannot be trusted or used, or was made with another contract than the champion.
    RolloutRefused
        It is not here and cannot be fetched.
    """
    if not (settings.bundles_path / hash_).is_dir():
        prepare_elsewhere(settings, product, hash_)
    bundle = load_bundle(settings.bundles_path / hash_, settings.cache_path)
    require_product(bundle, contract_of(settings, champion))
    require_explained(bundle)
    return bundle


_GAUGES: dict[str, tuple[str, ...]] = {
    "failing": ("1 while a shadow cannot be loaded or fails.",),
    "scored": ("Records that have a shadow score.",),
    "waiting": ("Records that a shadow has not read yet.",),
    "unscored": ("Records that have no shadow score, by the reason.", "reason"),
}


def _hosted(place: _Place) -> HostedShadow:
    consumer = place.consumer
    run = None if consumer is None else consumer.status()
    return HostedShadow(
        name=place.arm.name,
        bundle=place.arm.bundle,
        state=place.state,
        error=place.error,
        waiting=None if consumer is None else consumer.waiting(),
        n_scored=0 if run is None else run.n_scored,
        unscored={} if run is None else run.unscored,
    )


def _close(place: _Place) -> None:
    if place.loading is not None:
        place.loading.cancel()
    if place.consumer is not None:
        place.consumer.close()
