"""A draft as the YAML file that a person goes through."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from typing import Any

import yaml

from credit.contract.inference.draft import Draft
from credit.contract.inference.note import THE_FILE, THE_POLICY

LINE_LENGTH = 116


def to_yaml(draft: Draft) -> str:
    """Write a draft with its notes as comments beside what they are about.

    The text loads as the draft's document.
    """
    document = draft.document
    beside = _notes_by_field(draft)
    lines = [
        *_comment(
            f"Drafted contract {document['product']}: every line is a guess until you confirm it."
        ),
        *_comment(
            "warn: left out or refused; ask: only you can know; check: unusual, and possibly right."
        ),
        *(line for note in beside.pop(THE_FILE, []) for line in _comment(note)),
        *_block({key: document[key] for key in ("product", "version", "description")}),
        "",
        "columns:",
    ]
    for column in document["columns"]:
        source = next(iter(column.get("source_names", [])), column["name"])
        for note in beside.pop(source, []):
            lines += _comment(note, indent=2)
        lines += _block([column], indent=2)
    lines += ["", "features:"]
    for feature in document["features"]:
        lines += _comment(draft.directions.get(feature["name"], ""), indent=2)
        lines += [f"  - {_flow(feature)}"]
    lines += ["", "reasons:"]
    lines += [f"  - {_flow(reason)}" for reason in document["reasons"]]
    lines += ["", "policy:"]
    for note in beside.pop(THE_POLICY, []):
        lines += _comment(note, indent=2)
    policy = dict(document["policy"])
    bands = policy.pop("bands")
    lines += [*_block(policy, indent=2), "  bands:"]
    lines += [f"    - {_flow(band)}" for band in bands]
    return "\n".join(lines) + "\n"


def _notes_by_field(draft: Draft) -> dict[str, list[str]]:
    beside: dict[str, list[str]] = {}
    for note in draft.notes:
        beside.setdefault(note.field, []).append(f"{note.severity}: {note.text}")
    return beside


def _comment(text: str, *, indent: int = 0) -> Iterable[str]:
    """Wrap a sentence; names of columns in it may hold any character."""
    plain = "".join(letter if letter.isprintable() else " " for letter in text)
    return textwrap.wrap(
        plain,
        width=LINE_LENGTH,
        initial_indent=" " * indent + "# ",
        subsequent_indent=" " * indent + "#   ",
        break_long_words=False,
    )


class _Dumper(yaml.SafeDumper):
    """Writes every text on one line, whatever the file calls its columns and codes."""


def _one_line(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    style = None if text.isprintable() else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _one_line)


def _block(value: Any, *, indent: int = 0) -> list[str]:
    return [" " * indent + line for line in _dumped(value, flow=False)]


def _flow(value: Any) -> str:
    return _dumped(value, flow=True)[0]


def _dumped(value: Any, *, flow: bool) -> list[str]:
    text: str = yaml.dump(
        value,
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        width=float("inf"),
        default_flow_style=flow,
    )
    return text.rstrip("\n").split("\n")
