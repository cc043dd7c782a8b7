"""Who has the newest state already is told so."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from serve_app.etags import entity_tag, tag_of_coded, unless_known
from serve_app.reply import Reply
from tests.loanbook import application
from tests.service import Service

PATHS = ("/v1/model", "/openapi.json", "/docs")
PLAIN = {"accept-encoding": "identity"}


@pytest.mark.parametrize("path", PATHS)
def test_what_is_known_is_not_sent_again(service: Service, path: str) -> None:
    first = service.client.get(path, headers=PLAIN)
    tag = first.headers["etag"]

    again = service.client.get(path, headers={**PLAIN, "if-none-match": f'"other", {tag}'})

    assert tag[0] == tag[-1] == '"'
    assert again.status_code == 304
    assert again.content == b""
    assert "content-length" not in again.headers
    assert "content-type" not in again.headers
    for name in ("etag", "cache-control", "vary"):
        assert again.headers[name] == first.headers[name]
    assert "no-store" not in first.headers["cache-control"]


@pytest.mark.parametrize("path", PATHS)
def test_a_compressed_form_has_a_tag_of_its_own_which_is_known_too(
    service: Service, path: str
) -> None:
    plain = service.client.get(path, headers=PLAIN)
    coded = service.client.get(path, headers={"accept-encoding": "gzip"})

    is_long = len(plain.content) > 1024
    assert (coded.headers["etag"] != plain.headers["etag"]) == is_long
    assert coded.content == plain.content
    again = service.client.get(path, headers={"if-none-match": coded.headers["etag"]})
    assert again.status_code == 304


def test_a_model_of_another_generation_has_another_tag(service: Service) -> None:
    tag = service.client.get("/v1/model").headers["etag"]

    service.gateway.adopt(replace(service.gateway.rollout, generation=6))

    response = service.client.get("/v1/model", headers={"if-none-match": tag})
    assert response.status_code == 200
    assert response.json()["generation"] == 6


def test_who_may_not_see_the_model_does_not_learn_that_it_is_the_same(service: Service) -> None:
    tag = service.client.get("/v1/model").headers["etag"]
    headers = {"if-none-match": tag, "authorization": "Bearer wrong"}

    assert service.client.get("/v1/model", headers=headers).status_code == 401


def test_what_is_about_a_person_is_never_kept(service: Service) -> None:
    scored = service.score(application())
    shown = service.client.get(f"/v1/decisions/{scored.json()['decision_id']}")

    for response in (scored, shown, service.score({}), service.client.get("/nowhere")):
        assert response.headers["cache-control"] == "no-store"
        assert "etag" not in response.headers


@pytest.mark.parametrize(
    ("value", "is_known"),
    [
        (b"*", True),
        (b'"t"', True),
        (b'W/"t"', True),
        (b'"t-gzip"', True),
        (b'"a", "t"', True),
        (b'"a,\xff" , "t"', True),
        (b"t", False),
        (b'"T"', False),
        (b'"a"', False),
        (b"", False),
        (b'"', False),
    ],
)
def test_a_list_of_tags_is_read_as_the_standard_says(value: bytes, is_known: bool) -> None:
    reply = unless_known(Reply(200, b"body"), b'"t"', value)

    assert (reply.status == 304) == is_known
    assert (reply.body == b"") == is_known


@given(st.binary(), st.binary(), st.text(), st.text())
def test_tags_differ_when_anything_does(one: bytes, other: bytes, a: str, b: str) -> None:
    is_same = (one, a) == (other, b)

    assert (entity_tag(one, a) == entity_tag(other, b)) == is_same
    assert tag_of_coded(entity_tag(one)) != entity_tag(one)
