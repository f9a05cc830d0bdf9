"""From looks to a verdict: so many of the same in a row, as the check says, and only what is news."""

from __future__ import annotations

from typing import Literal

from dnsd.health.probe import Seen
from dnsd.model.health import Failing, HealthCheck

Verdict = Failing | Literal["passes"]


class Judgement:
    """What was seen of one endpoint by this replica: ``passed`` or ``failed`` so often in a row, one of them 0."""

    __slots__ = ("failed", "passed")

    def __init__(self) -> None:
        self.passed = 0
        self.failed = 0

    def take(self, seen: Seen, standing: Failing | None, check: HealthCheck) -> Verdict | None:
        """What the registry has to be told after this look; ``standing``: what it says by now. None: nothing."""
        if seen == "unknown":
            return None
        if seen == "passes":
            self.passed, self.failed = self.passed + 1, 0
            return "passes" if standing is not None and self.passed >= check.up else None
        self.passed, self.failed = 0, self.failed + 1
        return seen if standing is None and self.failed >= check.down else None
