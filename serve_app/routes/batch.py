"""Deciding many applications at a time."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator
from contextlib import ExitStack, aclosing
from functools import partial

import msgspec

from credit.records import Receipt
from serve_app.batch import BatchKind, Outcome, RefusedRow, batch_rows, read_row
from serve_app.openapi.batch import BATCH_SCHEMAS, batch_operation
from serve_app.reply import Reply
from serve_app.requests import Request
from serve_app.routes.desk import Desk, Group
from serve_app.routes.score import REPLAYED
from serve_app.routes.visit import Visit, visit

ROUTE = "/v1/score/batch"
LINES = b"application/x-ndjson"

KINDS: dict[bytes, BatchKind] = {
    b"application/json": "json",
    LINES: "lines",
    b"text/csv": "csv",
    b"application/vnd.apache.parquet": "parquet",
}
"""Types of a body, and how it is taken apart."""

_NONE_AT_ALL = re.compile(rb";\s*q=0(\.0*)?\s*$")


def batch_routes(desk: Desk) -> Group:
    """Many applications, as many decisions."""
    routes = _BatchRoutes(desk)
    return Group(
        table=[("POST", ROUTE, routes.score)],
        paths={ROUTE: {"post": batch_operation(desk.contract, [k.decode() for k in KINDS])}},
        schemas=BATCH_SCHEMAS,
    )


class _BatchRoutes:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._read = partial(read_row, decoder=desk.gateway.decoder)

    async def score(self, request: Request) -> Reply:
        """Decide the good rows of a batch, and say what is wrong with the others."""
        with ExitStack() as stack:
            visiting = stack.enter_context(visit(self._desk, request))
            outcomes = await self._outcomes(visiting, request)
            if not wants_lines(request.headers.get(b"accept")):
                return await _in_one(outcomes)
            lines = _in_lines(outcomes, stack.pop_all())
            # The first line is made here: what would fail at once is still answered with its status.
            return Reply(200, await anext(lines), LINES, rest=lines)

    async def _outcomes(
        self, visiting: Visit, request: Request
    ) -> AsyncGenerator[list[Outcome], None]:
        body = await visiting.body(KINDS)
        kind = KINDS[request.content_type(b"application/json")]
        maximum = self._desk.limits.max_batch_rows
        rows = await visiting.take_apart(
            partial(batch_rows, kind=kind, contract=self._desk.contract, maximum=maximum), body
        )
        return visiting.decide(rows, self._read)


def wants_lines(accept: bytes | None) -> bool:
    """Tell whether a client asks for JSON lines, which it does by name only."""
    return any(
        part.partition(b";")[0].strip().lower() == LINES and not _NONE_AT_ALL.search(part)
        for part in (accept or b"").split(b",")
    )


async def _in_one(outcomes: AsyncGenerator[list[Outcome], None]) -> Reply:
    answers: list[bytes] = []
    refused: list[RefusedRow] = []
    n_replayed = 0
    async with aclosing(outcomes):
        async for some in outcomes:
            for outcome in some:
                if isinstance(outcome, Receipt):
                    answers.append(outcome.answer)
                    n_replayed += outcome.replayed
                else:
                    refused.append(outcome)
    is_repeated = 0 < len(answers) == n_replayed
    body = b'{"answers":[%b],"refused":%b}' % (b",".join(answers), msgspec.json.encode(refused))
    return Reply(200, body, headers=REPLAYED if is_repeated else ())


async def _in_lines(
    outcomes: AsyncGenerator[list[Outcome], None], held: ExitStack
) -> AsyncGenerator[bytes, None]:
    with held:
        async with aclosing(outcomes):
            async for some in outcomes:
                yield b"".join([_line(outcome) for outcome in some])


def _line(outcome: Outcome) -> bytes:
    if isinstance(outcome, Receipt):
        return outcome.answer + b"\n"
    return msgspec.json.encode(outcome) + b"\n"
