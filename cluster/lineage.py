"""What the registry knows about a bundle: its version, and the search that found it.

The bundle itself cannot say: it was named by its hash before it was registered.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from credit.errors import RegistryUnavailable
from credit.settings import Settings


@dataclass(frozen=True)
class Registered:
    """One model version.

    Attributes
    ----------
    run_id, run_name
        The run that holds the search; its children are the trials.
    candidate
        Which line of the sweep won.
    """

    name: str
    version: str
    run_id: str
    run_name: str
    candidate: str | None


def registered_as(settings: Settings, bundle: str) -> Registered | None:
    """Find the model version that holds a bundle; None when the registry has none.

    Raises
    ------
    RegistryUnavailable
        It cannot be reached.
    """
    uri = settings.registry_uri
    path = Path(uri.removeprefix("sqlite:///"))
    if str(path) != uri and not path.is_file():  # MLflow would make an empty one
        raise RegistryUnavailable(
            f"there is no registry at {path}; name another in CREDIT_MLFLOW_URI"
        )
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    try:
        client = MlflowClient(tracking_uri=uri, registry_uri=uri)
        found = client.search_model_versions(f"tags.bundle = '{bundle}'")
        if not found:
            return None
        version = max(found, key=lambda v: int(v.version))
        run = client.get_run(version.run_id)
    except (MlflowException, OSError) as error:
        first = str(error).splitlines()[0]
        raise RegistryUnavailable(f"the registry at {uri} refused: {first}") from error
    return Registered(
        name=str(version.name),
        version=str(version.version),
        run_id=str(version.run_id),
        run_name=str(run.info.run_name),
        candidate=run.data.tags.get("candidate"),
    )
