"""What can go wrong with an upstream."""

from __future__ import annotations

from dnsd.model.errors import DnsdError


class UpstreamFailed(DnsdError):
    """An upstream gave no answer that helps. ``outcome`` is one word for the count."""

    def __init__(self, outcome: str) -> None:
        self.outcome = outcome
        super().__init__(outcome)

    @property
    def is_answer(self) -> bool:
        """True when it did answer, only not with what was wanted: asking it once more is of no use."""
        return self.outcome not in ("timeout", "network")
