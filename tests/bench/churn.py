"""Changes at a steady pace while something else is measured: endpoints that come, renew and go."""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from itertools import count
from types import TracebackType

import calls
from calls import Line
from records import put_operation

from dnsd.model.service import Endpoint, Port

ENDPOINTS_A_SECOND = 1000
ENDPOINTS_A_CALL = 10
_SERVICES = 300
_NAMESPACE = "churn"
_LEASE_SECONDS = 30
_RENEWED_AFTER, _REMOVED_AFTER = 50, 100
"""Steps of a hundredth of a second: an endpoint renews after half a second and goes after a whole one."""
_CLIENTS = 5
"""One alone would wait for the answer to each of its calls, and be late where two at once are not; divides both."""


class Pacing:
    """Takes so many steps a second while it is entered, from so long after; a step is some calls in turn."""

    def __init__(
        self,
        admin: tuple[str, int],
        steps: Iterator[Sequence[bytes]],
        steps_a_second: float,
        after_seconds: float = 0.0,
    ) -> None:
        self._admin = admin
        self._steps = steps
        self._wanted = steps_a_second
        self._after_seconds = after_seconds
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._fault: Exception | None = None
        self.steps_a_second = 0.0

    def __enter__(self) -> "Pacing":
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, at: TracebackType | None) -> None:
        self._ending.set()
        self._thread.join()
        if self._fault is not None and fault is None:
            raise self._fault

    def _run(self) -> None:
        line = Line(self._admin)
        start = time.monotonic() + self._after_seconds
        taken = 0
        try:
            while not self._ending.wait(start + taken / self._wanted - time.monotonic()):
                for request in next(self._steps):
                    line.call(request)
                taken += 1
            self.steps_a_second = taken / (time.monotonic() - start)
            self._clear(line, taken)
        except (OSError, RuntimeError) as fault:
            self._fault = fault
        finally:
            line.close()

    def _clear(self, line: Line, taken: int) -> None:
        """Undo what so many steps have left."""


class Churn:
    """A thousand endpoints a second that are registered, renewed and removed, ten a call, by clients side by side."""

    def __init__(self, admin: tuple[str, int]) -> None:
        self._lives = [_Lives(admin, first) for first in range(_CLIENTS)]
        self._stack = ExitStack()

    def __enter__(self) -> "Churn":
        for each in self._lives:
            self._stack.enter_context(each)
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, at: TracebackType | None) -> None:
        self._stack.__exit__(kind, fault, at)

    @property
    def endpoints_a_second(self) -> float:
        """How many were registered a second in fact; when it ran for long, as many were renewed and removed."""
        return sum(each.steps_a_second for each in self._lives) * ENDPOINTS_A_CALL


class _Lives(Pacing):
    """One client: every so manieth step is its own."""

    def __init__(self, admin: tuple[str, int], first: int) -> None:
        steps_a_second = ENDPOINTS_A_SECOND / ENDPOINTS_A_CALL
        super().__init__(admin, _life(first), steps_a_second / _CLIENTS, first / steps_a_second)
        self._first = first

    def _clear(self, line: Line, taken: int) -> None:
        for number in range(max(0, taken - _REMOVED_AFTER // _CLIENTS), taken):
            line.call(_removals(self._first + number * _CLIENTS))


def _life(first: int) -> Iterator[list[bytes]]:
    for number in count(first, _CLIENTS):
        calls_now = [_registrations(number)]
        if number >= _RENEWED_AFTER:
            keys = [_key(endpoint) for endpoint in _endpoints(number - _RENEWED_AFTER)]
            calls_now.append(calls.request("POST", "/v1/renew", {"endpoints": keys}))
        if number >= _REMOVED_AFTER:
            calls_now.append(_removals(number - _REMOVED_AFTER))
        yield calls_now


def _endpoints(step: int) -> list[Endpoint]:
    numbers = range(step * ENDPOINTS_A_CALL, (step + 1) * ENDPOINTS_A_CALL)
    return [
        Endpoint(
            _NAMESPACE,
            f"s{number % _SERVICES}",
            f"e{number}",
            (f"10.254.{number >> 8 & 255}.{number & 255}",),
            (Port("http", "TCP", 8080),),
            lease_seconds=_LEASE_SECONDS,
        )
        for number in numbers
    ]


def _key(endpoint: Endpoint) -> dict[str, object]:
    return {"namespace": endpoint.namespace, "service": endpoint.service, "id": endpoint.id}


def _registrations(step: int) -> bytes:
    return calls.request("POST", "/v1/batch", {"operations": [put_operation(each) for each in _endpoints(step)]})


def _removals(step: int) -> bytes:
    operations = [{"op": "delete", "kind": "endpoint", **_key(each)} for each in _endpoints(step)]
    return calls.request("POST", "/v1/batch", {"operations": operations})
