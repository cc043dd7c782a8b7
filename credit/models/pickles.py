"""Opening a joblib file: a program in disguise, so only on request and only after every check."""

from __future__ import annotations

import hashlib
import importlib.metadata
import io
import warnings
from collections.abc import Mapping
from typing import Any

from credit.errors import BundleIncompatible, DataError, SettingsInvalid
from credit.settings import Settings

VARIABLE = "CREDIT_ALLOW_PICKLE"
LIBRARIES = ("joblib", "numpy", "scikit-learn")


def pickle_allowed() -> bool:
    """Whether this process may open the joblib file of a bundle; the one place that asks."""
    return Settings().allow_pickle


def library_versions() -> dict[str, str]:
    """Versions of what a joblib file is opened with."""
    return {name: importlib.metadata.version(name) for name in LIBRARIES}


def require_sha256(raw: bytes, expected: str) -> None:
    """Compare the content with the hash it is known by.

    Raises
    ------
    BundleIncompatible
        When they differ.
    """
    found = hashlib.sha256(raw).hexdigest()
    if found != expected.lower():
        raise BundleIncompatible(
            f"the joblib file hashes to {found[:12]}, expected {expected[:12]}; it was not opened: "
            "fetch the file that was vouched for"
        )


def require_versions(expected: Mapping[str, str]) -> None:
    """Compare the libraries of this process with those that a file was wrapped under.

    Raises
    ------
    BundleIncompatible
        Naming each library that differs.
    """
    here = library_versions()
    differ = [
        f"{name} {version} (here {here.get(name, 'none')})"
        for name, version in sorted(expected.items())
        if here.get(name) != version
    ]
    if differ:
        raise BundleIncompatible(
            f"the joblib file was wrapped under {', '.join(differ)}; it was not opened: "
            "install those versions, or import the model again"
        )


def require_allowed() -> None:
    """Ask whether this process may open pickles.

    Raises
    ------
    SettingsInvalid
        Saying what to set.
    """
    if not pickle_allowed():
        raise SettingsInvalid(
            f"this bundle holds a joblib file, and opening one runs whatever is in it: set {VARIABLE}=1 "
            "if you trust where it comes from, or import the model in a form that is converted"
        )


def open_joblib(raw: bytes) -> Any:
    """Unpickle. Callers have checked hash, versions and permission.

    Raises
    ------
    BundleIncompatible
        When it was saved under another scikit-learn.
    DataError
        When it cannot be opened.
    """
    import joblib
    from sklearn.exceptions import InconsistentVersionWarning

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", InconsistentVersionWarning)
            return joblib.load(io.BytesIO(raw))
    except InconsistentVersionWarning as warning:
        raise BundleIncompatible(
            f"the joblib file was saved under scikit-learn {warning.original_sklearn_version}, here is "
            f"{warning.current_sklearn_version}; save the model again under this version"
        ) from warning
    except Exception as error:  # a pickle may raise anything
        raise DataError(
            f"the joblib file cannot be opened ({type(error).__name__}); it needs the libraries that it "
            "was saved with, and must hold a classifier"
        ) from error
