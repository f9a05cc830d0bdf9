"""Our few errors, each named by its fault: doors raise them, ``admin/failures`` maps them to status codes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """One wrong value: where it stands (a JSON pointer, RFC 6901) and what is wrong with it and how to mend it."""

    pointer: str
    reason: str


class DnsdError(Exception):
    """Base of every error that dnsd raises on purpose."""

    index: int | None = None
    """In a batch: which of its operations is at fault, from 0."""


class InvalidRecord(DnsdError):
    """A service, endpoint or document breaks the rules; ``faults`` holds all of them, the first first."""

    def __init__(self, *faults: Fault) -> None:
        self.faults = faults
        super().__init__("; ".join(f"{fault.pointer or '/'}: {fault.reason}" for fault in faults))


class NotFound(DnsdError):
    """The object is not in the registry."""


class Gone(DnsdError):
    """The object was deleted on purpose not long ago; it must not come back by a renewal."""


class Conflict(DnsdError):
    """Somebody else changed the object meanwhile, or it exists although it must not."""


class PreconditionFailed(DnsdError):
    """``If-Match`` or ``If-None-Match`` did not hold; the text names the revision that stands."""


class StoreUnavailable(DnsdError):
    """The store cannot take or confirm a write now. ``reason`` is a slug, such as ``read-only``."""

    def __init__(self, reason: str, detail: str, retry_after_seconds: int = 1) -> None:
        self.reason = reason
        self.retry_after_seconds = retry_after_seconds
        super().__init__(detail)


class Herd(DnsdError):
    """More new registrations come at once than are taken; come again after ``retry_after_seconds``."""

    def __init__(self, retry_after_seconds: int) -> None:
        self.retry_after_seconds = retry_after_seconds
        super().__init__(f"many register at once; try again in {retry_after_seconds} s")


class MalformedQuery(DnsdError):
    """Bytes that are not a DNS message we can read."""


class MalformedOpt(MalformedQuery):
    """A readable message whose OPT record is wrong; ``is_do``: what that says of DO."""

    def __init__(self, what: str, is_do: bool) -> None:
        self.is_do = is_do
        super().__init__(what)


class InvalidSetting(DnsdError):
    """A setting is wrong; the text names it, its value, where it came from and what would be right."""


class InvalidFile(DnsdError):
    """A file is wrong, printed as ``path:line: what``; ``line`` counts from 1."""

    def __init__(self, path: str, line: int, what: str) -> None:
        self.path = path
        self.line = line
        self.what = what
        super().__init__(f"{path}:{line}: {what}")
