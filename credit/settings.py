"""Settings of every program, read in this one place from ``CREDIT_*`` variables."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, field_validator, model_validator
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
    admin_token: SecretStr | None = Field(
        default=None,
        description="Bearer token of those who may change the rollout over HTTP; without it, one is made in "
        "home/admin-token on first use.",
    )
    records_url: SecretStr | None = Field(
        default=None,
        description="Address of a PostgreSQL database for the decision records; without it, SQLite in home.",
    )
    state_url: SecretStr | None = Field(
        default=None,
        description="Address of a PostgreSQL database for cursors, reports and the rollout; it may be the "
        "same one. Without it, SQLite in home.",
    )
    anchor: str | None = Field(
        default=None,
        description="Where checkpoints of the records are published: a file, best on another machine's disk, or "
        "s3://bucket/prefix. Without it, checkpoints.jsonl in home, which only shows how it works.",
    )
    retention_policy: str = Field(
        default="us",
        description="How long records must be kept and may be: a packaged policy (de, eu, uk, us) or a YAML file.",
    )
    allow_pickle: bool = Field(
        default=False,
        description="Whether bundles that hold a joblib file may be opened: a pickle runs what it says.",
    )
    max_in_flight: int = Field(
        default=64,
        ge=1,
        le=10_000,
        description="Requests that one gateway replica decides at a time.",
    )
    max_waiting: int = Field(
        default=128,
        ge=1,
        le=100_000,
        description="Requests that wait in front of them, their bodies still on the way or in line; more are "
        "answered 503. A tenant may take as many of these places as are free, so one alone gets half.",
    )
    body_timeout_s: float = Field(
        default=5.0,
        gt=0,
        le=60,
        description="Seconds from the arrival of a request until its body must be here; later it is answered 408.",
    )
    answer_timeout_s: float = Field(
        default=10.0,
        gt=0,
        le=600,
        description="Seconds from the arrival of a request until its answer must be made; later it is answered "
        "503, and what has not begun to be scored is not scored.",
    )
    max_batch_bytes: int = Field(
        default=16 * 2**20,
        ge=2**16,
        le=2**30,
        description="Bytes of the body of one batch; more are answered 413. A batch has `body_timeout_s` for each "
        "MiB of its body.",
    )
    max_batch_rows: int = Field(
        default=10_000,
        ge=1,
        le=1_000_000,
        description="Applications in one batch; more are answered 413. A batch has `answer_timeout_s` for each "
        "1,000 of them.",
    )
    max_large_bodies: int = Field(
        default=4,
        ge=1,
        le=1_000,
        description="Bodies above 64 KiB that one gateway replica holds at a time, which bounds its memory; more "
        "are answered 503.",
    )

    otlp_endpoint: str | None = Field(
        default=None,
        pattern=r"^https?://",
        description="Where spans of requests are sent (OTLP over HTTP), such as http://collector:4318/v1/traces; "
        "without it, none are made. Needs the extra `tracing`.",
    )

    @field_validator("home")
    @classmethod
    def _absolute(cls, home: Path) -> Path:
        """Ray workers run in other folders, so a relative path would mean another one there."""
        return home.expanduser().resolve()

    @model_validator(mode="after")
    def _body_before_answer(self) -> Self:
        if self.body_timeout_s > self.answer_timeout_s:
            raise ValueError(
                f"body_timeout_s {self.body_timeout_s:g} > answer_timeout_s {self.answer_timeout_s:g}: a body "
                "must be here before its answer"
            )
        return self

    @property
    def records(self) -> Path | str:
        """Database of decision records: a file, or the address of a server."""
        return self.home / "records.db" if self.records_url is None else _revealed(self.records_url)

    @property
    def state(self) -> Path | str:
        """Database of cursors, reports and the rollout: a file, or the address of a server."""
        return self.home / "state.db" if self.state_url is None else _revealed(self.state_url)

    @property
    def key_path(self) -> Path:
        """Local key file."""
        return self.home / "keys" / "master.json"

    @property
    def signing_key_path(self) -> Path:
        """Private key that signs checkpoints and tombstones."""
        return self.home / "keys" / "signing.json"

    @property
    def public_keys_path(self) -> Path:
        """Public keys of all signing keys that were ever used; anyone may read them."""
        return self.home / "keys" / "signing-public.json"

    @property
    def checkpoints_path(self) -> Path:
        """Where checkpoints are published unless `anchor` says otherwise."""
        return self.home / "checkpoints.jsonl"

    @property
    def cache_path(self) -> Path:
        """What can be made again: tables of explainers, data that was fetched."""
        return self.home / "cache"

    @property
    def token_path(self) -> Path:
        """Token file of the service."""
        return self.home / "token"

    @property
    def admin_token_path(self) -> Path:
        """Token file of admins."""
        return self.home / "admin-token"

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


def _revealed(address: SecretStr) -> str:
    return address.get_secret_value()
