"""MLflow: the search as runs, the winner as a model version.

A parent run holds the search, a child run each trial, and one model version exactly one bundle.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from credit.contract import Contract
from credit.decision.bundle import Bundle
from credit.errors import RegistryUnavailable
from credit.settings import Settings
from tune.leaderboard import Entry, Registered
from tune.verification import flat_metrics, plain_report

EXPERIMENT = "credit-risk-modelling"
REPORT_FILE = "classification_report.json"


class Registry:
    """Writes to MLflow; importing this module does not import MLflow, which takes seconds."""

    def __init__(self, settings: Settings) -> None:
        from mlflow import MlflowClient

        self._settings = settings
        if settings.mlflow_uri is None:
            settings.artifacts_path.mkdir(parents=True, exist_ok=True)
        self._client = MlflowClient(
            tracking_uri=settings.registry_uri, registry_uri=settings.registry_uri
        )

    def register(self, contract: Contract, entry: Entry) -> Registered:
        """Log a search and register its bundle; nothing is registered when any step fails.

        Raises
        ------
        RegistryUnavailable
            When MLflow refuses or cannot be reached.
        """
        with _as_registry_error(self._settings.registry_uri):
            experiment = self._experiment()
            run_id = self._log_search(experiment, contract, entry)
            self._client.log_artifacts(run_id, str(entry.folder), artifact_path="bundle")
            self._client.log_dict(run_id, plain_report(entry.verification), REPORT_FILE)
            source = self._client.get_run(run_id).info.artifact_uri + "/bundle"
            version = self._create_version(contract.registry_name, source, run_id, entry.bundle)
            self._client.set_terminated(run_id)
            return Registered(contract.registry_name, version, run_id)

    def set_alias(self, registered: Registered, alias: str) -> None:
        """Point an alias such as ``champion`` at a version."""
        with _as_registry_error(self._settings.registry_uri):
            self._client.set_registered_model_alias(registered.name, alias, registered.version)

    def _experiment(self) -> str:
        found = self._client.get_experiment_by_name(EXPERIMENT)
        if found is not None:
            return str(found.experiment_id)
        location = None
        if self._settings.mlflow_uri is None:
            location = self._settings.artifacts_path.as_uri()
        return str(self._client.create_experiment(EXPERIMENT, artifact_location=location))

    def _log_search(self, experiment: str, contract: Contract, entry: Entry) -> str:
        bundle = entry.bundle
        tags = {
            "bundle": bundle.hash,
            "family": bundle.manifest.family,
            "candidate": entry.candidate.label,
            "product": contract.product,
            "contract": bundle.manifest.contract,
            "data": bundle.manifest.data,
            **{f"version.{name}": v for name, v in bundle.manifest.versions.items()},
        }
        name = f"{entry.candidate.label} {bundle.hash[:12]}"
        parent = str(self._client.create_run(experiment, tags=tags, run_name=name).info.run_id)
        self._log(parent, bundle.manifest.parameters, _figures(entry))
        for rank, trial in enumerate(entry.board, start=1):
            child = self._client.create_run(
                experiment,
                tags={"mlflow.parentRunId": parent, "rank": str(rank)},
                run_name=f"trial {trial.trial}",
            )
            self._log(
                child.info.run_id,
                trial.best.parameters,
                {name: v for name, v in vars(trial.best).items() if isinstance(v, float)},
            )
            self._client.set_terminated(child.info.run_id)
        return parent

    def _log(
        self, run_id: str, parameters: Mapping[str, Any], metrics: Mapping[str, float]
    ) -> None:
        from mlflow.entities import Metric, Param

        self._client.log_batch(
            run_id,
            # MLflow's SQL store has no NaN; a figure that could not be computed is left out.
            metrics=[Metric(k, v, 0, 0) for k, v in metrics.items() if math.isfinite(v)],
            params=[Param(key, str(value)) for key, value in parameters.items()],
        )

    def _create_version(self, name: str, source: str, run_id: str, bundle: Bundle) -> str:
        from mlflow.exceptions import MlflowException

        try:
            self._client.create_registered_model(name)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
        tags = {"bundle": bundle.hash, "family": bundle.manifest.family}
        version = self._client.create_model_version(name, source, run_id, tags=tags)
        return str(version.version)


def _figures(entry: Entry) -> dict[str, float]:
    """Held-out figures, and those of the outer folds where there are any."""
    figures = flat_metrics(entry.verification) | {"searched_auc": entry.searched_auc}
    if entry.outer is not None:
        figures |= {
            "outer_auc": entry.outer.auc.estimate,
            "outer_auc_low": entry.outer.auc.low,
            "outer_auc_high": entry.outer.auc.high,
        }
    return figures


@contextmanager
def _as_registry_error(uri: str) -> Iterator[None]:
    from mlflow.exceptions import MlflowException

    try:
        yield
    except (MlflowException, OSError) as error:
        first = str(error).splitlines()[0]
        raise RegistryUnavailable(f"the registry at {uri} refused: {first}") from error
