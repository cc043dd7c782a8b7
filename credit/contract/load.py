"""Contracts from YAML: packaged ones by product name, others by path."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import yaml
from pydantic import ValidationError

from credit.contract.model import Contract
from credit.errors import ContractError


def packaged_contracts() -> tuple[str, ...]:
    """Names of the products whose contracts ship with the package."""
    folder = resources.files("credit.contract") / "products"
    return tuple(sorted(f.name[:-5] for f in folder.iterdir() if f.name.endswith(".yaml")))


def load_contract(name_or_path: str | Path) -> Contract:
    """Read and check a contract.

    Parameters
    ----------
    name_or_path
        A packaged product such as ``give_me_some_credit``, or the path of a YAML file.

    Raises
    ------
    ContractError
        When there is no such contract, or it breaks a rule; every broken rule is named.
    """
    label, text = _read(name_or_path)
    try:
        return Contract.model_validate(yaml.safe_load(text))
    except yaml.YAMLError as error:
        raise ContractError(f"{label} is not valid YAML: {error}") from error
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(map(str, e['loc'])) or 'contract'}: {e['msg']}" for e in error.errors()
        )
        raise ContractError(f"{label} is not a valid contract: {problems}") from error


def _read(name_or_path: str | Path) -> tuple[str, str]:
    name = str(name_or_path)
    if name in packaged_contracts():
        file = resources.files("credit.contract") / "products" / f"{name}.yaml"
        return name, file.read_text(encoding="utf-8")
    path = Path(name_or_path)
    if not path.is_file():
        known = ", ".join(packaged_contracts())
        raise ContractError(
            f"no contract {name!r}: give the path of a YAML file or one of: {known}"
        )
    return name, path.read_text(encoding="utf-8")
