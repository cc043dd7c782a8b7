"""Retention policies for tests."""

from __future__ import annotations

from credit.records.erasure import RetentionPolicy


def policy(
    floor: int | None = None,
    ceiling: int | None = None,
    *,
    declined_ceiling: int | None = None,
    notice_days: int = 0,
) -> RetentionPolicy:
    """A policy with the same months for all, save another ceiling for what is not approved."""

    def rule(decisions: list[str], most: int | None) -> dict[str, object]:
        return {
            "products": ["consumer", "business"],
            "decisions": decisions,
            "floor": {"months": floor, "source": "made up for a test"},
            "ceiling": {"months": most, "source": "made up for a test"},
        }

    return RetentionPolicy.model_validate(
        {
            "policy": "test",
            "version": "7",
            "title": "made up for a test",
            "notice_days": notice_days,
            "rights": [],
            "rules": [
                rule(["approve"], ceiling),
                rule(["review", "decline"], declined_ceiling or ceiling),
            ],
        }
    )
