"""An application stays with the arm that decided it when its applicant's slot changes hands."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from credit.decision import Rollout, save_bundle
from credit.decision.assignment import slot_of
from credit.decision.rollout_changes import paused, promoted, resumed, with_moves, with_share
from tests import twosources
from tests.loanbook import application
from tests.service import Nodes, Service, make_nodes, open_service
from tune.plan import split_holdout
from tune.rows import prepare
from tune.spec import Candidate
from tune.winner import make_winner


@pytest.fixture(scope="module")
def consented_nodes(tmp_path_factory: pytest.TempPathFactory) -> Nodes:
    """Two bundles of a product whose applicants may withhold sources, so each has fallbacks."""
    root = tmp_path_factory.mktemp("bundles")
    contract = twosources.contract()
    train, held_out = split_holdout(prepare(twosources.book(800, seed=3), contract)[0])
    champion, challenger = (
        make_winner(
            train,
            held_out,
            contract,
            Candidate(family="lightgbm"),
            parameters={"num_iterations": n, "num_leaves": 4, "min_data_in_leaf": 30},
            seed=3,
            num_threads=1,
        )[0]
        for n in (5, 8)
    )
    return make_nodes(
        root,
        champion=save_bundle(champion, root).name,
        challenger=save_bundle(challenger, root).name,
        product=contract.product,
    )


def change(service: Service, wanted: Rollout) -> Rollout:
    """Let another rollout answer, as the operators' commands make it."""
    before = service.gateway.rollout
    made = replace(with_moves(before, wanted), generation=before.generation + 1)
    service.gateway.adopt(made)
    return made


def somebody(nodes: Nodes, *, between: tuple[int, int]) -> str:
    """Return an applicant whose slot a challenger owns with the upper share only."""
    lower, upper = (
        with_share(nodes.rollout, "challenger", share).arms[1].slots for share in between
    )
    slots = set(upper) - set(lower)
    salt = nodes.rollout.salt
    return next(f"P-{i}" for i in range(10_000) if slot_of(salt, f"P-{i}") in slots)


def decided(service: Service, applicant: str, application_id: str = "A-1") -> tuple[str, Any]:
    """Arm and slot of a decision, as its record has them."""
    row = application(applicant_id=applicant, application_id=application_id)
    told = service.score(row)
    assert told.status_code == 200, told.text
    found = service.reader.find("default", told.json()["decision_id"])
    assert found is not None
    assert found.clear.arm == told.json()["arm"]
    return found.clear.arm, found.clear.slot


def test_it_stays_with_the_champion_when_a_challenger_grows(service: Service, nodes: Nodes) -> None:
    who = somebody(nodes, between=(300, 600))
    slot = slot_of(nodes.rollout.salt, who)
    assert decided(service, who) == ("champion", slot)

    change(service, with_share(service.gateway.rollout, "challenger", 600))

    assert decided(service, who) == ("champion", None)
    assert decided(service, who, "A-2") == ("challenger", slot)
    assert decided(service, who) == ("champion", None)


def test_it_stays_with_a_challenger_that_shrinks_but_not_with_one_that_was_taken_off(
    service: Service, nodes: Nodes
) -> None:
    who = somebody(nodes, between=(100, 300))
    slot = slot_of(nodes.rollout.salt, who)
    assert decided(service, who) == ("challenger", slot)

    change(service, with_share(service.gateway.rollout, "challenger", 100))
    assert decided(service, who) == ("challenger", None)
    assert decided(service, who, "A-2") == ("champion", slot)

    change(service, with_share(service.gateway.rollout, "challenger", 0))
    assert decided(service, who) == ("champion", slot)


def test_a_promotion_takes_its_applications_along(service: Service, nodes: Nodes) -> None:
    who = somebody(nodes, between=(0, 300))
    assert decided(service, who)[0] == "challenger"

    made = change(service, promoted(service.gateway.rollout, "challenger"))

    slot = slot_of(nodes.rollout.salt, who)
    assert decided(service, who) == ("champion", slot)
    assert made.champion.bundle == nodes.rollout.arms[1].bundle

    change(service, replace(made, arms=nodes.rollout.arms))  # rolled back
    assert decided(service, who) == ("challenger", slot)


def test_what_was_decided_in_a_pause_stays_with_the_champion(
    service: Service, nodes: Nodes
) -> None:
    who = somebody(nodes, between=(0, 300))
    change(service, paused(service.gateway.rollout))
    assert decided(service, who) == ("champion", None)

    change(service, resumed(service.gateway.rollout))

    assert decided(service, who) == ("champion", None)
    assert decided(service, who, "A-2")[0] == "challenger"


def test_an_earlier_record_that_cannot_be_read_keeps_nobody_from_a_decision(
    service: Service, nodes: Nodes, caplog: pytest.LogCaptureFixture
) -> None:
    who = somebody(nodes, between=(300, 600))
    slot = slot_of(nodes.rollout.salt, who)
    assert decided(service, who) == ("champion", slot)
    with contextlib.closing(sqlite3.connect(service.records)) as store, store:
        store.execute("UPDATE records SET sealed = zeroblob(64)")

    change(service, with_share(service.gateway.rollout, "challenger", 600))

    assert decided(service, who) == ("challenger", slot)
    assert "an earlier decision cannot be read, the slot decides" in caplog.text
    assert who not in caplog.text


def test_who_was_answered_by_a_fallback_stays_with_the_bundle_it_belongs_to(
    consented_nodes: Nodes, tmp_path: Path
) -> None:
    """Its record names the fallback, and the arm that answered has the name of another bundle by now."""
    with open_service(consented_nodes, tmp_path) as service:
        who = somebody(consented_nodes, between=(0, 300))
        row = twosources.application(applicant_id=who, consents=[])
        told = service.score(row).json()
        assert (told["arm"], told["fallback"]) == ("challenger", "without employment, digital")

        before, challenger = service.gateway.rollout.arms
        promoted_one = change(service, promoted(service.gateway.rollout, "challenger"))
        next_one = replace(challenger, bundle=before.bundle)
        change(service, replace(promoted_one, arms=(promoted_one.champion, next_one)))

        again = service.score(row).json()
        assert (again["arm"], again["bundle"]) == ("champion", told["bundle"])


def test_records_are_only_asked_where_a_slot_changed_hands(
    service: Service, nodes: Nodes, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []
    look = service.gateway.from_records

    async def counted(read: Any) -> Any:
        asked.append(read)
        return await look(read)

    monkeypatch.setattr(service.gateway, "from_records", counted)
    change(service, with_share(service.gateway.rollout, "challenger", 600))
    for who in (somebody(nodes, between=(0, 300)), somebody(nodes, between=(600, 1000))):
        decided(service, who)
        decided(service, who)
    assert not asked

    decided(service, somebody(nodes, between=(300, 600)))

    assert len(asked) == 1


def test_who_gave_no_id_is_outside_of_it(service: Service) -> None:
    row = application(applicant_id=None)
    assert service.score(row).json()["arm"] == "champion"

    change(service, with_share(service.gateway.rollout, "challenger", 1000))

    assert service.score(row).json()["arm"] == "champion"
