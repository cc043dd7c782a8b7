"""The page is one sound HTML file that needs nothing else, and tells nobody's name."""

from __future__ import annotations

import dataclasses
import math
import re
from collections import Counter
from html.parser import HTMLParser

import pytest

from credit.metrics import Interval
from credit.report import SECTIONS, render_card
from credit.report.chart import INK
from credit.report.render import interval, number, setting, share, share_interval
from tests.report.conftest import Case

VOID = {"meta", "link", "br", "hr", "img", "input"}


class Outline(HTMLParser):
    """Tags that are open, ids, references, and text by section."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.wrong: list[str] = []
        self.ids: list[str] = []
        self.references: list[str] = []
        self.tags: Counter[str] = Counter()
        self.text: dict[str, str] = {}
        self._section = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._note(tag, attrs)
        if tag not in VOID:
            self.open.append(tag)
        if tag == "section":
            self._section = dict(attrs)["id"] or ""

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._note(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)
        if tag == "section":
            self._section = ""

    def handle_data(self, data: str) -> None:
        self.text[self._section] = self.text.get(self._section, "") + data

    def _note(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        for name, value in attrs:
            if name == "id":
                self.ids.append(value or "")
            if name in ("src", "href", "xlink:href", "srcset", "data", "action", "poster"):
                self.references.append(value or "")


def outline(page: str) -> Outline:
    read = Outline()
    read.feed(page)
    read.close()
    return read


@pytest.fixture(scope="module")
def booster_page(booster: Case) -> str:
    return render_card(booster.card, booster.bundle.scale)


@pytest.fixture(scope="module")
def scorecard_page(scorecard: Case) -> str:
    return render_card(scorecard.card, scorecard.bundle.scale)


@pytest.fixture(params=["booster_page", "scorecard_page"])
def page(request: pytest.FixtureRequest) -> str:
    found: str = request.getfixturevalue(request.param)
    return found


def test_every_tag_is_closed_and_every_id_is_its_own(page: str) -> None:
    read = outline(page)

    assert page.startswith("<!DOCTYPE html>")
    assert read.open == []
    assert read.wrong == []
    assert [name for name, n in Counter(read.ids).items() if n > 1] == []


def test_nothing_is_fetched_and_nothing_runs(page: str) -> None:
    read = outline(page)

    assert [r for r in read.references if not r.startswith(("#", "data:image/png;base64,"))] == []
    assert not {"script", "link", "iframe", "object", "embed", "img", "form"} & set(read.tags)
    assert "@import" not in page
    assert re.findall(r"url\((?!#)", page) == []
    assert not re.search(r"\son\w+=", page)
    # What is left of addresses names kinds of XML, and is never asked for.
    assert set(re.findall(r"https?://[^\s\"'<]+", page)) <= {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
    }


def test_every_reference_within_the_page_is_there(page: str) -> None:
    read = outline(page)

    wanted = {r[1:] for r in read.references if r.startswith("#")}
    wanted |= set(re.findall(r"url\(#([^)]+)\)", page))
    assert wanted <= set(read.ids)


def test_every_section_is_there_in_order_with_words_and_named_in_the_contents(page: str) -> None:
    read = outline(page)

    assert [name for name in read.ids if name in dict(SECTIONS)] == [name for name, _ in SECTIONS]
    for name, title in SECTIONS:
        assert f'<a href="#{name}">{title}</a>' in page
        assert len(read.text[name].split()) > 3, name


def test_every_picture_is_told_in_words_before_it(page: str) -> None:
    figures = re.findall(r"<figure><figcaption>([^<]+)</figcaption>\s*<svg", page)

    assert len(figures) == page.count("<svg") == page.count("<figure>")
    assert len(figures) >= 8
    assert all(len(words.split()) > 10 for words in figures)
    assert page.count('role="img"') == len(figures)


def test_pictures_fit_any_width_and_take_the_colour_of_the_page(page: str) -> None:
    for tag in re.findall(r"<svg[^>]*>", page):
        assert "viewBox" in tag
        assert not re.search(r'\s(width|height)="', tag)
    assert INK not in page
    assert "currentColor" in page
    assert "prefers-color-scheme: dark" in page
    assert "@media print" in page
    assert 'name="viewport"' in page


def test_the_figures_of_the_card_are_on_the_page(booster: Case, booster_page: str) -> None:
    found = booster.card
    text = outline(booster_page).text

    assert f"{found.discrimination.auc.estimate:.4f}" in text["discrimination"]
    assert booster.bundle.hash in text["identity"]
    assert f"{found.data.measured.n:,}" in text["data"]
    assert "Every figure below is of held-out rows" in text["data"]
    assert "place 2 of 2" in text["search"]
    assert "not passed" in text["gates"]
    assert "lending breaks even" in text["costs"]
    for limit in found.limits:
        assert limit in text["limits"]
    for reason in found.reasons.reasons:
        assert reason.text in text["reasons"]


def test_a_scorecard_shows_its_points_and_a_product_its_fallbacks(
    scorecard: Case, scorecard_page: str, booster_page: str
) -> None:
    text = outline(scorecard_page).text

    assert "Points of the scorecard" in text["bins"]
    assert "base points" in text["bins"]
    assert "Points of the scorecard" not in booster_page
    assert "digital, employment" in text["identity"]
    for fallback in scorecard.bundle.fallbacks.values():
        assert fallback.hash[:12] in text["identity"]


def test_nobody_is_named(
    booster: Case, booster_page: str, scorecard: Case, scorecard_page: str
) -> None:
    for case, page in ((booster, booster_page), (scorecard, scorecard_page)):
        words = set(re.findall(r"[\w-]+", page))
        references = {str(reference) for reference in case.rows.references}
        assert references
        assert not references & words


EVIL = "<script>alert('x')</script> & \"quotes\""


@pytest.fixture(scope="module")
def changed_page(booster: Case) -> str:
    """Few bads, other rows than the model learned from, and words that look like a program."""
    found = booster.card
    window = dataclasses.replace(found.data.measured, n_bads=49)
    return render_card(
        dataclasses.replace(
            found,
            identity=dataclasses.replace(
                found.identity, description=EVIL, parameters={"<b>": EVIL}
            ),
            data=dataclasses.replace(found.data, measured=window, is_held_out=False),
            limits=(EVIL,),
        )
    )


def test_words_of_a_contract_are_text_and_never_tags(changed_page: str) -> None:
    told = "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; &#34;quotes&#34;"

    assert "<script>" not in changed_page
    assert changed_page.count(told) >= 3
    assert "&lt;b&gt; = &lt;script" in changed_page
    assert outline(changed_page).wrong == []


def test_few_bads_and_other_rows_are_said_at_once(changed_page: str) -> None:
    text = outline(changed_page).text

    assert "fewer than 50 bads: do not decide anything" in text[""]
    assert "other rows than the model learned from, as far as can be told" in text["data"]


def test_without_gates_search_or_terms_the_page_says_so(scorecard_page: str) -> None:
    text = outline(scorecard_page).text

    assert "No gates were given" in text["gates"]
    assert "No sweep of this home made the bundle" in text["search"]
    assert "No loan terms were given" in text["costs"]


def test_the_same_card_is_the_same_page(booster: Case, booster_page: str) -> None:
    assert render_card(booster.card, booster.bundle.scale) == booster_page


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (0.81234, "0.8123"),
        (1.03899, "1.039"),
        (123.456, "123.5"),
        (12345.6, "12,346"),
        (0.000165432, "0.000165"),
        (0.0, "0.000"),
        (-0.06111, "-0.06111"),
        (3e-7, "3.000e-07"),
        (math.nan, "not defined"),
        (1234, "1,234"),
        ("gbdt", "gbdt"),
        (True, "True"),
    ],
)
def test_numbers_are_told_with_the_digits_that_matter(value: object, told: str) -> None:
    assert number(value) == told


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (0.1234, "12.3%"),
        (0.00123, "0.12%"),
        (0.0, "0.0%"),
        (1.0, "100.0%"),
        (math.nan, "not defined"),
    ],
)
def test_shares_are_told_as_per_cent(value: float, told: str) -> None:
    assert share(value) == told


def test_intervals_and_settings() -> None:
    found = Interval(estimate=0.2, low=0.1, high=0.34567, n=10, n_bads=2)

    assert interval(found) == "0.1000 to 0.3457"
    assert share_interval(found) == "10.0% to 34.6%"
    assert setting(0.1) == "0.1"
    assert setting(8) == "8"
