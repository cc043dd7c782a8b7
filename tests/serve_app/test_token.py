"""The service's token: made once, kept private, never empty."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from pydantic import SecretStr

from credit.errors import SettingsInvalid
from credit.settings import Settings
from serve_app.auth import service_token


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.delenv("CREDIT_TOKEN", raising=False)
    return Settings(home=tmp_path / "var")


def test_it_is_made_on_first_use_for_its_owner_alone(settings: Settings) -> None:
    token = service_token(settings)

    assert len(token) >= 40
    assert settings.token_path.stat().st_mode & 0o777 == 0o600
    assert service_token(settings) == token
    assert [f.name for f in settings.home.iterdir()] == ["token"]


def test_two_homes_have_two_tokens(settings: Settings, tmp_path: Path) -> None:
    assert service_token(settings) != service_token(Settings(home=tmp_path / "other"))


def test_replicas_that_start_at_once_agree(settings: Settings) -> None:
    """Nobody reads half a token, and nobody's token is replaced."""
    start, found = threading.Barrier(8), []

    def replica() -> None:
        start.wait()
        found.append(service_token(settings))

    threads = [threading.Thread(target=replica) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(found) == 8
    assert set(found) == {settings.token_path.read_text(encoding="ascii").strip()}
    assert [f.name for f in settings.home.iterdir()] == ["token"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
def test_a_file_that_others_can_read_is_refused(settings: Settings, mode: int) -> None:
    service_token(settings)
    settings.token_path.chmod(mode)

    with pytest.raises(SettingsInvalid, match="can be read by others: chmod 600 .*/var/token"):
        service_token(settings)


def test_an_empty_file_is_refused(settings: Settings) -> None:
    service_token(settings)
    settings.token_path.write_text("\n", encoding="ascii")

    with pytest.raises(SettingsInvalid, match="is empty: delete it, and a new token is made"):
        service_token(settings)


def test_a_token_of_the_settings_comes_first(settings: Settings) -> None:
    given = settings.model_copy(update={"token": SecretStr("given")})

    assert service_token(given) == "given"
    assert not settings.token_path.exists()
    assert "given" not in repr(given)


@pytest.mark.parametrize("empty", ["", "  "])
def test_an_empty_token_of_the_settings_lets_nobody_in(settings: Settings, empty: str) -> None:
    """As an unset secret of a manifest gives it; `Authorization: Bearer` would match it."""
    with pytest.raises(SettingsInvalid, match="CREDIT_TOKEN is empty: unset it, or give it a secr"):
        service_token(settings.model_copy(update={"token": SecretStr(empty)}))
