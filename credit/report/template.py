"""How pages are made from templates: strictly, so that a value that is missing is an error and no gap."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined


def page_environment(package: str, filters: Mapping[str, Callable[..., Any]]) -> Environment:
    """Open the templates in the folder ``page`` of a package; what they are given is escaped."""
    environment = Environment(
        loader=PackageLoader(package, "page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"count": lambda n: f"{n:,}", **filters}
    return environment
