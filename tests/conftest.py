"""What every test may use: a small loan book, bundles made of it as production makes them, a
service over them in this process, and no Ray cluster by accident.
"""

from __future__ import annotations

import functools
import secrets
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from hypothesis import settings

from cluster.local_ray import prepare_environment
from credit.contract import Contract, load_contract
from credit.decision import Bundle, load_bundle, save_bundle
from credit.decision.families import FAMILIES
from tests import families
from tests.loanbook import loan_book
from tune.plan import split_holdout
from tune.rows import Rows, prepare
from tune.spec import Candidate
from tune.verification import Verification
from tune.winner import make_winner

if TYPE_CHECKING:
    from tests.postgres import PostgresServer
    from tests.service import Nodes, Service

# Ray reads its environment when it is imported, which the modules of many tests do.
prepare_environment(None)

# A law that takes long on a busy machine is not broken: no test asserts an absolute time.
settings.register_profile("credit", deadline=None)
settings.load_profile("credit")

# A shell has its background jobs ignore Ctrl-C, and what the tests start would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

BOOSTING = {"num_iterations": 40, "learning_rate": 0.1, "num_leaves": 8, "min_data_in_leaf": 40}
CARD = {"max_bins": 6, "minimum_bin_share": 0.03, "minimum_iv": 0.0}

Winner = tuple[Bundle, Verification]


@pytest.fixture(autouse=True)
def no_ray_cluster(request: pytest.FixtureRequest) -> Iterator[None]:
    """Let ``ray.init`` raise, unless the test is marked ``ray``; Ray is not imported for it."""
    ray = sys.modules.get("ray")
    if ray is None or request.node.get_closest_marker("ray") is not None:
        yield
        return

    def refuse(*arguments: object, **options: object) -> None:
        raise AssertionError("this test started Ray: mark it `ray`, or do without a cluster")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ray, "init", refuse)
        yield


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A PostgreSQL that tests share; those that stop or kill one start their own."""
    from tests.postgres import PostgresServer

    server = PostgresServer()
    yield server
    server.remove()


@pytest.fixture
def postgres_database(postgres_server: PostgresServer) -> str:
    """Address of an empty PostgreSQL database."""
    return postgres_server.database(f"test_{secrets.token_hex(6)}")


@pytest.fixture(scope="session")
def contract() -> Contract:
    return load_contract("give_me_some_credit")


@pytest.fixture(scope="session")
def book(contract: Contract) -> pd.DataFrame:
    """A loan book under the contract's names; every row is good."""
    return loan_book(4_000, seed=7)


@pytest.fixture(scope="session")
def rows(book: pd.DataFrame, contract: Contract) -> Rows:
    return prepare(book, contract)[0]


@pytest.fixture(scope="session")
def lightgbm_winner(rows: Rows, contract: Contract) -> Winner:
    train, held_out = split_holdout(rows)
    return make_winner(
        train,
        held_out,
        contract,
        Candidate(family="lightgbm"),
        parameters=BOOSTING,
        seed=3,
        num_threads=1,
    )


@pytest.fixture(scope="session")
def scorecard_winner(rows: Rows, contract: Contract) -> Winner:
    train, held_out = split_holdout(rows)
    return make_winner(
        train,
        held_out,
        contract,
        Candidate(family="scorecard"),
        parameters=CARD,
        seed=3,
        num_threads=1,
    )


@pytest.fixture(scope="session")
def bundle_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that bundles lie in, by hash. Read it; to change a bundle, copy it elsewhere."""
    return tmp_path_factory.mktemp("bundles")


@pytest.fixture(scope="session")
def lightgbm_folder(lightgbm_winner: Winner, bundle_root: Path) -> Path:
    return save_bundle(lightgbm_winner[0], bundle_root)


@pytest.fixture(scope="session")
def scorecard_folder(scorecard_winner: Winner, bundle_root: Path) -> Path:
    return save_bundle(scorecard_winner[0], bundle_root)


@pytest.fixture(scope="session")
def lightgbm_bundle(lightgbm_folder: Path) -> Bundle:
    return load_bundle(lightgbm_folder)


@pytest.fixture(scope="session")
def scorecard_bundle(scorecard_folder: Path) -> Bundle:
    return load_bundle(scorecard_folder)


@pytest.fixture(scope="session")
def bundle_of(
    request: pytest.FixtureRequest, rows: Rows, contract: Contract, bundle_root: Path
) -> Callable[[str], Bundle]:
    """A small bundle of a family by name, made once and loaded as production loads it."""
    own = {"lightgbm": "lightgbm_bundle", "scorecard": "scorecard_bundle"}

    @functools.cache
    def make(name: str) -> Bundle:
        if name in own:
            found: Bundle = request.getfixturevalue(own[name])
            return found
        if name == "imported":
            folder = save_bundle(families.imported(rows, contract, bundle_root), bundle_root)
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("CREDIT_ALLOW_PICKLE", "1")
                return load_bundle(folder)
        return load_bundle(save_bundle(families.trained(name, rows, contract), bundle_root))

    return make


@pytest.fixture(scope="session", params=sorted(FAMILIES))
def any_bundle(request: pytest.FixtureRequest, bundle_of: Callable[[str], Bundle]) -> Bundle:
    """Each family in turn."""
    return bundle_of(request.param)


@pytest.fixture(scope="session")
def nodes(bundle_root: Path, lightgbm_folder: Path, scorecard_folder: Path) -> Nodes:
    """The graph in this process: LightGBM is champion, the scorecard its challenger."""
    from tests.service import make_nodes

    return make_nodes(bundle_root, champion=lightgbm_folder.name, challenger=scorecard_folder.name)


@pytest.fixture
def service(nodes: Nodes, tmp_path: Path) -> Iterator[Service]:
    """A whole service over HTTP, with a record store of its own."""
    from tests.service import open_service

    with open_service(nodes, tmp_path) as opened:
        yield opened
