"""Who answers: shown to every client, changed by admins."""

from __future__ import annotations

from typing import Any, Protocol

import msgspec

from serve_app.openapi.operations import get, problem_responses, query
from serve_app.reply import Reply
from serve_app.requests import Request
from serve_app.rollout.commands import Command
from serve_app.routes.desk import Desk, Group
from serve_app.routes.query import decoded, number

PATH = "/v1/rollout"

_command = msgspec.json.Decoder(Command)


class Control(Protocol):
    """What the routes ask of the rollout."""

    async def status(self) -> bytes:
        """Who answers, what is about to, and who serves, as JSON."""
        ...

    async def history(self, limit: int) -> bytes:
        """Generations that were active, the newest first, as JSON."""
        ...

    async def execute(self, command: Command, *, by: str) -> bytes:
        """Carry a command out, and return the status as JSON."""
        ...


def rollout_routes(desk: Desk, control: Control) -> Group:
    """Look at the rollout, and change it."""
    routes = _RolloutRoutes(desk, control)
    looked = get("Who answers, what is about to, and who serves")
    return Group(
        table=[
            ("GET", PATH, routes.status),
            ("GET", f"{PATH}/history", routes.history),
            ("POST", PATH, routes.change),
        ],
        paths={
            PATH: {**looked, "post": _operation()},
            f"{PATH}/history": get("Past generations, newest first", query("limit", 20, 1000)),
        },
    )


class _RolloutRoutes:
    def __init__(self, desk: Desk, control: Control) -> None:
        self._desk = desk
        self._control = control

    async def status(self, request: Request) -> Reply:
        """Show who answers."""
        self._desk.tenant(request)
        return Reply(200, await self._control.status())

    async def history(self, request: Request) -> Reply:
        """Show what was done, by whom and why."""
        self._desk.tenant(request)
        return Reply(200, await self._control.history(number(request, "limit", 20, 1000)))

    async def change(self, request: Request) -> Reply:
        """Carry a command out; the answer comes when every replica answers with it."""
        self._desk.require_admin(request)
        command = decoded(_command, await request.json_body(), prefix="the command: ")
        return Reply(200, await self._control.execute(command, by="an admin, over HTTP"))


def _operation() -> dict[str, Any]:
    _, schemas = msgspec.json.schema_components(
        [Command], ref_template="#/components/schemas/{name}"
    )
    commands = [_plain(schema) for name, schema in sorted(schemas.items())]
    body = {
        "schema": {"oneOf": commands},
        "example": {"action": "set", "arm": "challenger", "share": 100},
    }
    return {
        "summary": "Change who answers",
        "description": "Needs the token of admins. Answered when every replica has loaded the bundles and answers "
        "with the new generation.",
        "requestBody": {"required": True, "content": {"application/json": body}},
        "responses": {
            "200": {"description": "The rollout as it is now"},
            **problem_responses("400", "401", "403", "422"),
            "409": {**problem_responses("409")["409"], "description": "It cannot be changed so"},
        },
    }


def _plain(schema: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in schema.items() if name != "title"}
