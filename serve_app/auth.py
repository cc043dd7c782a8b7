"""Bearer tokens."""

from __future__ import annotations

import hmac
import os
import secrets
from pathlib import Path

from pydantic import SecretStr

from credit.errors import SettingsInvalid
from credit.settings import Settings

DEFAULT_TENANT = "default"


class Unauthorized(Exception):
    """No token, or a wrong one. Not a :class:`CreditError`: only the HTTP edge knows of it."""


class Forbidden(Exception):
    """A token that is right, for less than was asked. Not a :class:`CreditError`, as :class:`Unauthorized`."""


class TokenGuard:
    """Admits requests that carry the service's token, and admins who carry theirs.

    Parameters
    ----------
    token
        The secret of clients, or None to admit everybody: possible on loopback only, which the settings check.
    admin_token
        The secret of admins, which opens every route. None: nobody is an admin, unless everybody is
        admitted.
    """

    def __init__(self, token: str | None, admin_token: str | None = None) -> None:
        self._expected = None if token is None else token.encode()
        self._admin = None if admin_token is None else admin_token.encode()

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
        given = _bearer(authorization)
        # Both are compared, whichever is right, so that the time says nothing.
        right = hmac.compare_digest(given, self._expected)
        if not (self._is_admin(given) or right):
            raise Unauthorized
        return DEFAULT_TENANT

    def require_admin(self, authorization: bytes | None) -> None:
        """Admit admins only.

        Raises
        ------
        Unauthorized
            When the token is missing or wrong.
        Forbidden
            When it is a client's.
        """
        self.tenant(authorization)
        if self._expected is not None and not self._is_admin(_bearer(authorization)):
            raise Forbidden

    def _is_admin(self, given: bytes) -> bool:
        return self._admin is not None and hmac.compare_digest(given, self._admin)


def _bearer(authorization: bytes | None) -> bytes:
    scheme, _, given = (authorization or b"").partition(b" ")
    return given.strip() if scheme.lower() == b"bearer" else b""


def service_token(settings: Settings) -> str:
    """Token of clients, from the settings, or from its file, which is made on first use with mode 600.

    Raises
    ------
    SettingsInvalid
        When the file can be read by others, or the token is empty.
    """
    return _token("CREDIT_TOKEN", settings.token, settings.token_path)


def admin_token(settings: Settings) -> str:
    """Token of admins, in the same way.

    Raises
    ------
    SettingsInvalid
        When the file can be read by others, or the token is empty.
    """
    return _token("CREDIT_ADMIN_TOKEN", settings.admin_token, settings.admin_token_path)


def _token(variable: str, secret: SecretStr | None, path: Path) -> str:
    if secret is not None:
        given = secret.get_secret_value()
        if not given.strip():
            raise SettingsInvalid(f"{variable} is empty: unset it, or give it a secret")
        return given
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
