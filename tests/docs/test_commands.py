"""Commands on the pages exist, with the options that are shown, and the README's table leaves none out."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from cluster.cli.main import app

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")])
CONSOLE = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
SHOWN = re.compile(r"^\$ credit (.+?)(?: +#.*)?$", re.MULTILINE)
ROW = re.compile(r"^\|(.+?)\|", re.MULTILINE)
IN_TABLE = re.compile(r"`credit ([^`]+)`")


def _commands_on(page: Path) -> Iterator[str]:
    for block in CONSOLE.findall(page.read_text(encoding="utf-8")):
        yield from SHOWN.findall(block.replace("\\\n", " "))


SHOWN_COMMANDS = sorted({command for page in PAGES for command in _commands_on(page)})


def _command(words: list[str]) -> tuple[str, Any, list[str]]:
    """Follow groups down to a command; the words that are left are its arguments."""
    command: Any = typer.main.get_command(app)
    path = "credit"
    rest = list(words)
    while hasattr(command, "commands"):
        word = rest.pop(0) if rest else ""
        assert word in command.commands, f"{path} has no command {word!r}"
        command, path = command.commands[word], f"{path} {word}"
    return path, command, rest


def _parse(line: str) -> None:
    path, command, rest = _command(shlex.split(line))
    command.make_context(path, rest)


def _leaves(command: Any, path: str) -> Iterator[str]:
    for name, child in sorted(getattr(command, "commands", {}).items()):
        yield from _leaves(child, f"{path} {name}".strip())
    if not hasattr(command, "commands"):
        yield path


def _table() -> Iterator[tuple[str, Any, str]]:
    """Each command in the first column of the README's table: its path, itself, and what is shown of it."""
    for cell in ROW.findall((ROOT / "README.md").read_text(encoding="utf-8")):
        for shown in IN_TABLE.findall(cell):
            path, command, _ = _command(shown.split())
            yield path, command, shown


def test_the_pages_show_commands() -> None:
    """The other tests of this file would pass on a page whose commands they cannot find."""
    assert len(SHOWN_COMMANDS) > 15
    assert any(command.startswith("model rejects") for command in SHOWN_COMMANDS)


@pytest.mark.parametrize("shown", SHOWN_COMMANDS)
def test_a_shown_command_line_is_understood(shown: str) -> None:
    """Parsed as typed: commands, options, their values and what is required. Nothing is run."""
    _parse(shown)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("tune --no-such-option", "no such option"),
        ("tune --model oracle", "'oracle' is not one of"),
        ("contract approve", "has no command 'approve'"),
        ("model gates x", "missing parameter"),
    ],
)
def test_a_command_line_that_does_not_exist_would_be_seen(wrong: str, said: str) -> None:
    with pytest.raises(Exception, match=f"(?i){said}"):
        _parse(wrong)


def test_the_readme_lists_every_command_once() -> None:
    listed = [path for path, _, _ in _table()]

    assert sorted(listed) == sorted(_leaves(typer.main.get_command(app), "credit"))


def test_options_of_the_readmes_table_exist() -> None:
    unknown = [
        f"{path} {option}"
        for path, command, shown in _table()
        for option in re.findall(r"--[a-z0-9-]+", shown)
        if option not in {name for parameter in command.params for name in parameter.opts}
    ]

    assert unknown == []
