"""Tensors become applications: one text of JSON a row, or one tensor a column of the contract."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from credit.contract import Application, ApplicationDecoder, Contract, RowValidator
from credit.contract.cells import CONSENTS
from credit.errors import InvalidInput
from serve_app.inference.message import InferRequest, InputTensor
from serve_app.inference.tensors import tensor_values
from serve_app.problems import MalformedRequest

APPLICATION = "application"
MOST_ROWS_TOLD = 5
"""Rows whose mistakes are told: an answer must not grow with them."""

_UNPROCESSABLE = 422


class TensorReader:
    """Reads applications of one contract out of tensors.

    Parameters
    ----------
    maximum
        Most rows of a request.
    """

    def __init__(self, contract: Contract, maximum: int) -> None:
        self._contract = contract
        self._maximum = maximum
        self._decoder = ApplicationDecoder(contract)
        self._validator = RowValidator(contract)
        texts = ["application_id", "applicant_id", "as_of"]
        texts += [CONSENTS] if contract.consents else []
        self._datatypes: dict[str, tuple[str, ...]] = dict.fromkeys(texts, ("BYTES",))
        for column in contract.inputs:
            self._datatypes[column.name] = ("FP64", "INT64") if column.is_number else ("BYTES",)
        optional = {c.name for c in contract.inputs if c.source in contract.consent_sources}
        self._required = [name for name in self._validator.required if name not in optional]

    def describe(self) -> list[dict[str, Any]]:
        """Inputs for the metadata of the model: a request sends the first, or the others."""
        columns = self._contract.by_name
        described = [{"name": APPLICATION, "datatype": "BYTES", "shape": [-1]}]
        for name, datatypes in self._datatypes.items():
            column = columns.get(name)
            whole = column is not None and column.type == "integer" and not column.nullable
            datatype = "INT64" if whole else datatypes[0]
            described.append({"name": name, "datatype": datatype, "shape": [-1]})
        return described

    def read(self, request: InferRequest, blobs: Sequence[bytes]) -> list[Application]:
        """Read all rows, or refuse all of them: the protocol has no answer for a part.

        Raises
        ------
        MalformedRequest
            When tensors are missing, unknown or do not fit each other, or a row breaks the contract.
        """
        n_rows = self._n_rows(request.inputs)
        if [tensor.name for tensor in request.inputs] == [APPLICATION]:
            tensor = request.inputs[0]
            _require_datatype(tensor, ("BYTES",))
            texts = tensor_values(tensor, blobs[0], n_rows)
            return _all_of(texts, lambda text: self._decoder.decode(str(text or "").encode()))
        self._require_columns(request.inputs)
        columns = {
            tensor.name: tensor_values(tensor, blob, n_rows)
            for tensor, blob in zip(request.inputs, blobs, strict=True)
        }
        if CONSENTS in columns:
            columns[CONSENTS] = [str(c).split(";") if c else [] for c in columns[CONSENTS]]  # type: ignore[misc]
        rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        return _all_of(rows, self._validator.application)

    def _n_rows(self, tensors: Sequence[InputTensor]) -> int:
        if not tensors or not tensors[0].shape:
            raise MalformedRequest(400, "inputs: expected at least one tensor with the shape [n]")
        n_rows = tensors[0].shape[0]
        if n_rows < 1:
            raise MalformedRequest(400, "inputs: expected at least one row")
        if n_rows > self._maximum:
            raise MalformedRequest(413, f"the request has more than {self._maximum:,} rows")
        return n_rows

    def _require_columns(self, tensors: Sequence[InputTensor]) -> None:
        names = [tensor.name for tensor in tensors]
        unknown = [name[:64] for name in names if name not in self._datatypes]
        missing = [name for name in self._required if name not in names]
        told = [f"unknown {', '.join(unknown[:10])}"] if unknown else []
        told += [f"missing {', '.join(missing)}"] if missing else []
        told += ["one of them stands twice"] if len(set(names)) < len(names) else []
        if told:
            raise MalformedRequest(
                400,
                f"inputs: {'; '.join(told)}. Expected either {APPLICATION} alone, texts of JSON, or a tensor for "
                f"each column of {self._contract.product}",
            )
        for tensor in tensors:
            _require_datatype(tensor, self._datatypes[tensor.name])


def _require_datatype(tensor: InputTensor, expected: tuple[str, ...]) -> None:
    if tensor.datatype not in expected:
        raise MalformedRequest(
            400, f"input {tensor.name}: expected the datatype {' or '.join(expected)}"
        )


def _all_of(rows: Sequence[Any], read: Callable[[Any], Application]) -> list[Application]:
    applications, told, n_refused = [], [], 0
    for number, row in enumerate(rows, start=1):
        try:
            applications.append(read(row))
        except InvalidInput as error:
            n_refused += 1
            if n_refused <= MOST_ROWS_TOLD:
                told.append(f"row {number}: {error}")
    if n_refused:
        more = f" | and {n_refused - MOST_ROWS_TOLD} more" if n_refused > MOST_ROWS_TOLD else ""
        raise MalformedRequest(_UNPROCESSABLE, f"nothing was decided: {' | '.join(told)}{more}")
    return applications
