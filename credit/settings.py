"""Settings of every program, read in this one place from ``CREDIT_*`` variables."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Where state lives and how to reach it. Every field can be set as ``CREDIT_<NAME>``."""

    model_config = SettingsConfigDict(env_prefix="CREDIT_", frozen=True, extra="forbid")

    home: Path = Field(
        default=Path("var"),
        validate_default=True,
        description="Folder that holds everything of a laptop: records, state, registry, bundles, keys.",
    )
    mlflow_uri: str | None = Field(
        default=None,
        description="Tracking and registry address; without it, SQLite and a folder below home.",
    )
    token: SecretStr | None = Field(
        default=None,
        description="Bearer token of the service; without it, one is made in home/token on first use.",
    )
    allow_pickle: bool = Field(
        default=False,
        description="Whether bundles that hold a joblib file may be opened: a pickle runs what it says.",
    )

    @field_validator("home")
    @classmethod
    def _absolute(cls, home: Path) -> Path:
        """Ray workers run in other folders, so a relative path would mean another one there."""
        return home.expanduser().resolve()

    @property
    def records_path(self) -> Path:
        """Database of decision records."""
        return self.home / "records.db"

    @property
    def state_path(self) -> Path:
        """Database of cursors, reports and the rollout."""
        return self.home / "state.db"

    @property
    def key_path(self) -> Path:
        """Local key file."""
        return self.home / "keys" / "master.json"

    @property
    def token_path(self) -> Path:
        """Token file of the service."""
        return self.home / "token"

    @property
    def bundles_path(self) -> Path:
        """Bundles by hash."""
        return self.home / "bundles"

    @property
    def sweeps_path(self) -> Path:
        """Results of sweeps, as Ray Tune writes them."""
        return self.home / "sweeps"

    @property
    def registry_uri(self) -> str:
        """Address of MLflow."""
        return self.mlflow_uri or f"sqlite:///{self.home / 'mlflow' / 'mlflow.db'}"

    @property
    def artifacts_path(self) -> Path:
        """Folder of MLflow's artifacts when MLflow runs embedded."""
        return self.home / "mlflow" / "artifacts"
