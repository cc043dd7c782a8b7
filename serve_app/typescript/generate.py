"""Write the client: a module that runs as it is, and the types of one contract beside it."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from credit.contract import Contract
from serve_app.openapi import openapi_document
from serve_app.openapi.batch import BATCH_SCHEMAS
from serve_app.typescript.types import interface


@dataclass(frozen=True)
class TypeScriptClient:
    """The two files of a client.

    Attributes
    ----------
    module
        JavaScript for browsers and Node.js from 18 on, without a build step; the same for every contract.
    declarations
        Its types, and those of what travels.
    """

    module: str
    declarations: str

    def write(self, path: Path) -> tuple[Path, Path]:
        """Write ``NAME.mjs`` and ``NAME.d.mts``, which is where TypeScript looks for the types of the first."""
        module = path.with_suffix(".mjs")
        declarations = path.with_suffix(".d.mts")
        module.write_text(self.module, encoding="utf-8")
        declarations.write_text(self.declarations, encoding="utf-8")
        return module, declarations


def typescript_client(contract: Contract) -> TypeScriptClient:
    """Make the client of a product from the OpenAPI document of its contract."""
    document = openapi_document(contract, {}, BATCH_SCHEMAS)
    head = f"// Client of {contract.product}, contract {contract.version}: made by `credit contract typescript`.\n"
    return TypeScriptClient(
        module=head + _template("client.mjs"),
        declarations=head + _types(document) + _template("client.d.mts"),
    )


def _types(document: dict[str, Any]) -> str:
    schemas = document["components"]["schemas"]
    return "".join("\n" + interface(name, schema) for name, schema in schemas.items()) + "\n"


def _template(name: str) -> str:
    return (files("serve_app.typescript") / name).read_text(encoding="utf-8")
