"""Bundles from MLflow aliases."""

from __future__ import annotations

import tempfile
from pathlib import Path

from credit.decision.bundle_files import install_bundle, load_bundle
from credit.errors import RegistryUnavailable
from credit.settings import Settings


def fetch_alias(settings: Settings, registered_name: str, alias: str) -> str:
    """Bring the bundle behind an alias into the bundle folder and return its hash.

    Raises
    ------
    RegistryUnavailable
        When the registry is not there or does not know the model or the alias.
    BundleCorrupt
        When the registry's files are not what the version's tag says.
    """
    _require_present(settings)
    from mlflow import MlflowClient
    from mlflow.artifacts import download_artifacts
    from mlflow.exceptions import MlflowException

    uri = settings.registry_uri
    try:
        client = MlflowClient(tracking_uri=uri, registry_uri=uri)
        version = client.get_model_version_by_alias(registered_name, alias)
        hash_ = str(version.tags["bundle"])
        if not (settings.bundles_path / hash_).is_dir():
            with tempfile.TemporaryDirectory() as folder:
                source = download_artifacts(
                    artifact_uri=version.source, dst_path=folder, tracking_uri=uri
                )
                install_bundle(Path(source), settings.bundles_path, hash_)
    except KeyError as error:
        raise RegistryUnavailable(
            f"version {version.version} of {registered_name} holds no bundle; it was not made by credit tune"
        ) from error
    except (MlflowException, OSError) as error:
        first = str(error).splitlines()[0]
        raise RegistryUnavailable(
            f"no bundle behind {registered_name}@{alias} at {uri}: {first}. "
            "Train and register one with: credit tune"
        ) from error
    load_bundle(settings.bundles_path / hash_)
    return hash_


def _require_present(settings: Settings) -> None:
    """Refuse to let MLflow create an empty registry where there is none."""
    path = settings.registry_uri.removeprefix("sqlite:///")
    if path != settings.registry_uri and not Path(path).is_file():
        raise RegistryUnavailable(
            f"there is no registry at {path}: make one with `credit tune` or `credit demo`, or name another "
            "in CREDIT_MLFLOW_URI"
        )
