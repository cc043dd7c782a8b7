"""A shadow says of each recorded applicant what its bundle says of the same application alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from credit.decision import Bundle, score
from credit.errors import BundleIncompatible, KeyUnavailable
from credit.records import Location, NewRecord, RecordReader, RecordWriter
from credit.records.replay.replay import received
from credit.shadow import Unscored, score_records
from credit.shadow.contracts import ContractDigests
from credit.shadow.score import require_same_contract
from tests import twosources
from tests.records.replay.decisions import decided, write
from tests.records.samples import clear_part, destroy_keys, tamper

Answered = Callable[..., list[str]]


def with_clear(**changes: object) -> Callable[[NewRecord], NewRecord]:
    return lambda record: replace(record, clear=replace(record.clear, **changes))


def test_scores_are_those_of_the_decision_function_to_the_bit(
    answered: Answered, reader: RecordReader, scorecard_bundle: Bundle
) -> None:
    answered(60)
    records = reader.after()

    page = score_records(reader, scorecard_bundle, records)

    assert [s.decision_id for s in page.scores] == [r.decision_id for r in records]
    for found, record in zip(page.scores, records, strict=True):
        application = received(scorecard_bundle, reader.open(record))
        alone = score(scorecard_bundle, scorecard_bundle.explainer, application)
        assert found.shadow_pd == alone.probability_of_default
        assert (found.shadow_score, found.shadow_decision) == (alone.score, alone.decision)
        assert found.shadow_reasons == tuple(r.code for r in alone.reason_codes)
        clear = record.clear
        assert (found.answered_pd, found.answered_decision) == (
            clear.probability_of_default,
            clear.decision,
        )
        assert found.answered_reasons == tuple(clear.reason_codes)
        assert (found.subject_ref, found.arm, found.bundle) == (
            record.subject_ref,
            clear.arm,
            clear.bundle,
        )
    assert {s.shadow_decision for s in page.scores} != {"approve"}
    assert page.unscored == Counter()


def test_the_bundle_that_answered_says_the_same_again(
    answered: Answered, reader: RecordReader, lightgbm_bundle: Bundle
) -> None:
    answered(40)

    page = score_records(reader, lightgbm_bundle, reader.after())

    assert all(
        (s.answered_pd, s.answered_score, s.answered_decision, s.answered_reasons)
        == (s.shadow_pd, s.shadow_score, s.shadow_decision, s.shadow_reasons)
        for s in page.scores
    )


def test_erased_records_are_counted_and_not_scored(
    answered: Answered, location: Location, reader: RecordReader, scorecard_bundle: Bundle
) -> None:
    answered(10)
    destroy_keys(location)

    page = score_records(reader, scorecard_bundle, reader.after())

    assert page.scores == []
    assert page.unscored == {Unscored.ERASED: 10}


def test_restricted_records_are_counted_and_not_scored(
    answered: Answered, location: Location, reader: RecordReader, scorecard_bundle: Bundle
) -> None:
    answered(10)
    who = reader.after()[3].subject_ref
    n = sum(record.subject_ref == who for record in reader.after())
    tamper(
        location,
        "UPDATE subjects SET restricted_until = '2099-01-01' WHERE subject_ref = :who",
        who=who,
    )

    page = score_records(reader, scorecard_bundle, reader.after())

    assert page.unscored == {Unscored.RESTRICTED: n}
    assert len(page.scores) == 10 - n


def test_one_that_does_not_open_keeps_no_other_from_being_scored(
    answered: Answered, location: Location, reader: RecordReader, scorecard_bundle: Bundle
) -> None:
    answered(8)
    tamper(location, "UPDATE records SET sealed = :noise WHERE position = 3", noise=b"noise" * 20)

    page = score_records(reader, scorecard_bundle, reader.after())

    assert page.unscored == {Unscored.UNREADABLE: 1}
    assert [s.position for s in page.scores] == [1, 2, 4, 5, 6, 7, 8]


def test_without_keys_nothing_is_scored_and_it_says_so(
    answered: Answered, location: Location, scorecard_bundle: Bundle
) -> None:
    answered(2)

    with RecordReader(location) as blind, pytest.raises(KeyUnavailable):
        score_records(blind, scorecard_bundle, blind.after())


def test_records_of_another_product_are_left_alone_and_counted(
    answered: Answered, reader: RecordReader, scorecard_bundle: Bundle
) -> None:
    answered(4, change=with_clear(contract="german"))

    page = score_records(reader, scorecard_bundle, reader.after())

    assert (page.scores, page.unscored, page.note) == ([], {Unscored.OTHER_PRODUCT: 4}, "")


def test_records_of_another_contract_are_refused_with_a_sentence(
    answered: Answered, reader: RecordReader, scorecard_bundle: Bundle
) -> None:
    answered(4, change=with_clear(contract_version="0"))

    page = score_records(reader, scorecard_bundle, reader.after())

    assert (page.scores, page.unscored) == ([], {Unscored.OTHER_CONTRACT: 4})
    version = scorecard_bundle.contract.version
    assert page.note == (
        f"bundle {scorecard_bundle.hash[:12]} reads applications under contract give_me_some_credit version "
        f"{version}, and these were decided under give_me_some_credit version 0: retrain it on that contract, "
        "or leave them out with --since"
    )


def test_another_contract_of_the_same_version_is_refused_too(scorecard_bundle: Bundle) -> None:
    clear = clear_part(
        contract=scorecard_bundle.contract.product,
        contract_version=scorecard_bundle.contract.version,
    )

    require_same_contract(scorecard_bundle, clear, scorecard_bundle.contract.digest())
    with pytest.raises(
        BundleIncompatible, match="were made with different contracts that are both"
    ):
        require_same_contract(scorecard_bundle, clear, "0" * 64)


def test_digests_of_contracts_are_found_by_the_hash_of_a_bundle(
    bundle_root: Path, lightgbm_bundle: Bundle
) -> None:
    digests = ContractDigests(bundle_root)

    assert digests(lightgbm_bundle.hash) == lightgbm_bundle.contract.digest()
    assert digests("0" * 64) is None
    assert digests("../secret") is None


def test_who_withholds_a_source_is_scored_by_the_fallback_of_the_shadow(
    writer: RecordWriter, reader: RecordReader, two_sources: Bundle
) -> None:
    """The fallback that answered has another contract digest than the bundle that it lies in."""
    cases: tuple[list[str], ...] = ([], ["employment"], ["digital"], ["employment", "digital"])
    asked = [
        twosources.application(consents=consents, as_of="2026-03-02", application_id=f"A-{i}")
        for i, consents in enumerate(cases * 2)
    ]
    write(writer, (decided(two_sources, row) for row in asked))
    root: Path = two_sources.root  # type: ignore[attr-defined]

    page = score_records(reader, two_sources, reader.after(), ContractDigests(root))

    assert (page.unscored, page.note) == (Counter(), "")
    assert all(
        (s.answered_pd, s.answered_reasons) == (s.shadow_pd, s.shadow_reasons) for s in page.scores
    )
    assert len({s.bundle for s in page.scores}) > 1

    two_sources.fallbacks, kept = {}, two_sources.fallbacks
    try:
        without = score_records(reader, two_sources, reader.after(), ContractDigests(root))
    finally:
        two_sources.fallbacks = kept
    assert without.unscored == {Unscored.NOT_SCORABLE: 6}
    assert [s.shadow_pd for s in without.scores] == [
        s.shadow_pd for s in page.scores if s.bundle == two_sources.hash
    ]
