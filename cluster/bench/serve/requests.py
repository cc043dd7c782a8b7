"""Requests with distinct bodies, at the price of filling two numbers in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

_REFERENCE = "REFERENCE"
"""Stands where a reference of ten digits will; no contract has a text of this kind."""


@dataclass(frozen=True)
class Requests:
    """HTTP/1.1 requests, ready but for the references of application and applicant.

    Attributes
    ----------
    templates
        One per applicant, with two places for a number.
    """

    templates: Sequence[bytes]

    @classmethod
    def of(
        cls,
        applicants: Sequence[Mapping[str, Any]],
        *,
        path: str,
        headers: Mapping[str, str],
        wrap: Callable[[dict[str, Any]], Any],
    ) -> Requests:
        """Make them.

        Parameters
        ----------
        applicants
            Raw values by column.
        wrap
            Puts an application into the form that a contender's route takes.
        """
        extra = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        templates = []
        for values in applicants:
            application = {"application_id": "A-REFERENCE", "applicant_id": "P-REFERENCE", **values}
            content = msgspec.json.encode(wrap(application)).decode()
            length = len(content) + 2 * (len(f"{0:010d}") - len(_REFERENCE))
            head = (
                f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
                f"{extra}Content-Length: {length}\r\n\r\n"
            )
            template = (head + content).replace("%", "%%").replace(_REFERENCE, "%010d")
            templates.append(template.encode())
        return cls(templates)

    def __call__(self, number: int) -> bytes:
        """Return the request of this number; its references are those of no other."""
        return self.templates[number % len(self.templates)] % (number, number)
