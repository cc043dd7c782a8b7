"""Bearer tokens."""

from __future__ import annotations

import hmac
import os
import secrets
from pathlib import Path

from credit.errors import SettingsInvalid
from credit.settings import Settings

DEFAULT_TENANT = "default"


class Unauthorized(Exception):
    """No token, or a wrong one. Not a :class:`CreditError`: only the HTTP edge knows of it."""


class TokenGuard:
    """Admits requests that carry the service's token.

    Parameters
    ----------
    token
        The secret, or None to admit everybody: possible on loopback only, which the settings check.
    """

    def __init__(self, token: str | None) -> None:
        self._expected = None if token is None else token.encode()

    def tenant(self, authorization: bytes | None) -> str:
        """Tenant of a request.

        Raises
        ------
        Unauthorized
            When the token is missing or wrong; the comparison takes the same time for every wrong
            token.
        """
        if self._expected is None:
            return DEFAULT_TENANT
        scheme, _, given = (authorization or b"").partition(b" ")
        right = hmac.compare_digest(given.strip(), self._expected)
        if not right or scheme.lower() != b"bearer":
            raise Unauthorized
        return DEFAULT_TENANT


def service_token(settings: Settings) -> str:
    """Token from the settings, or from the token file, which is made on first use with mode 600.

    Raises
    ------
    SettingsInvalid
        When the file can be read by others, or the token is empty.
    """
    if settings.token is not None:
        given = settings.token.get_secret_value()
        if not given.strip():
            raise SettingsInvalid("CREDIT_TOKEN is empty: unset it, or give it a secret")
        return given
    path = settings.token_path
    path.parent.mkdir(parents=True, exist_ok=True)
    _create_once(path)
    if path.stat().st_mode & 0o077:
        raise SettingsInvalid(f"{path} can be read by others: chmod 600 {path}")
    token = path.read_text(encoding="ascii").strip()
    if not token:
        raise SettingsInvalid(f"{path} is empty: delete it, and a new token is made")
    return token


def _create_once(path: Path) -> None:
    """Write a new token under a private name, then link it: no reader ever sees half a token."""
    if path.exists():
        return
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secrets.token_urlsafe(32) + "\n")
    try:
        os.link(draft, path)
    except FileExistsError:  # another process was first; its token holds
        pass
    finally:
        draft.unlink()
