"""Bundles in the MLflow registry: by alias, by hash, and the aliases themselves."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from credit.decision.bundle_files import install_bundle
from credit.errors import RegistryUnavailable
from credit.settings import Settings

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion


def fetch_alias(settings: Settings, registered_name: str, alias: str) -> str:
    """Bring the bundle behind an alias into the bundle folder and return its hash.

    Raises
    ------
    RegistryUnavailable
        When the registry is not there or does not know the model or the alias.
    BundleCorrupt
        When the registry's files are not what the version's tag says.
    """
    with _told(settings, f"{registered_name}@{alias}") as client:
        return _install(client.get_model_version_by_alias(registered_name, alias), settings)


def fetch_hash(settings: Settings, registered_name: str, hash_: str) -> None:
    """Bring the bundle of a hash into the bundle folder, from whichever version holds it.

    Raises
    ------
    RegistryUnavailable
        When the registry is not there, or no version holds it.
    BundleCorrupt
        When the registry's files are not what the version's tag says.
    """
    with _told(settings, f"{registered_name}, hash {hash_[:12]},") as client:
        versions = _versions_of(client, registered_name, hash_)
        if not versions:
            raise RegistryUnavailable(
                f"no version of {registered_name} at {settings.registry_uri} holds bundle {hash_[:12]}"
            )
        _install(versions[0], settings)


def point_alias(settings: Settings, registered_name: str, alias: str, hash_: str) -> bool:
    """Let an alias name the version that holds a bundle; False when no version does.

    Raises
    ------
    RegistryUnavailable
        When the registry is not there.
    """
    with _told(settings, f"{registered_name}@{alias}") as client:
        versions = _versions_of(client, registered_name, hash_)
        if not versions:
            return False
        client.set_registered_model_alias(registered_name, alias, versions[0].version)
        return True


@contextmanager
def _told(settings: Settings, what: str) -> Iterator[MlflowClient]:
    """Give a client of the registry, and word what it raises."""
    _require_present(settings)
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    uri = settings.registry_uri
    try:
        yield MlflowClient(tracking_uri=uri, registry_uri=uri)
    except (MlflowException, OSError) as error:
        first = str(error).splitlines()[0]
        raise RegistryUnavailable(
            f"no bundle behind {what} at {uri}: {first}. Train and register one with: credit tune"
        ) from error


def _versions_of(client: MlflowClient, registered_name: str, hash_: str) -> list[ModelVersion]:
    """Return the versions that hold a bundle, the newest first."""
    found = client.search_model_versions(f"name = '{registered_name}' and tags.bundle = '{hash_}'")
    return sorted(found, key=lambda version: int(version.version), reverse=True)


def _install(version: ModelVersion, settings: Settings) -> str:
    from mlflow.artifacts import download_artifacts

    if "bundle" not in version.tags:
        raise RegistryUnavailable(
            f"version {version.version} of {version.name} holds no bundle; it was not made by credit tune"
        )
    hash_ = str(version.tags["bundle"])
    if not (settings.bundles_path / hash_).is_dir():
        with tempfile.TemporaryDirectory() as folder:
            source = download_artifacts(
                artifact_uri=version.source, dst_path=folder, tracking_uri=settings.registry_uri
            )
            install_bundle(Path(source), settings.bundles_path, hash_)
    return hash_


def _require_present(settings: Settings) -> None:
    """Refuse to let MLflow create an empty registry where there is none."""
    path = settings.registry_uri.removeprefix("sqlite:///")
    if path != settings.registry_uri and not Path(path).is_file():
        raise RegistryUnavailable(
            f"there is no registry at {path}: make one with `credit tune` or `credit demo`, or name another "
            "in CREDIT_MLFLOW_URI"
        )
