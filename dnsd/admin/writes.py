"""The one way of a request to the registry's writes: is it allowed, is there room, and who is it written down for?"""

from __future__ import annotations

from collections.abc import Sequence

from aiohttp import web

from dnsd.admin.access import Access
from dnsd.admin.reserved import Reserved
from dnsd.registry.operations import Batch, Edit, Operation, Written
from dnsd.registry.quotas import Quotas
from dnsd.registry.services import Services


class Writes:
    """The registry's ``Services`` for whoever sends a request. Raises what they raise, Forbidden and OverQuota."""

    def __init__(self, services: Services, access: Access, quotas: Quotas, reserved: Reserved) -> None:
        self._services = services
        self._access = access
        self._quotas = quotas
        self._reserved = reserved

    def check(self, request: web.Request, operations: Sequence[Operation]) -> None:
        """Whether they might be written now, without doing so."""
        self._access.check_operations(request, operations)
        self._reserved.check(operations)
        with self._quotas.room_for(operations):
            pass

    async def write(self, request: web.Request, operation: Operation) -> Written:
        """One write."""
        self._access.check_operations(request, [operation])
        self._reserved.check([operation])
        with self._quotas.room_for([operation]):
            return await self._services.write(self._measured(operation), self._access.author(request))

    async def batch(self, request: web.Request, operations: Sequence[Operation]) -> Batch:
        """All of them as one change, or none."""
        self._access.check_operations(request, operations)
        self._reserved.check(operations)
        with self._quotas.room_for(operations):
            measured = [self._measured(operation) for operation in operations]
            return await self._services.batch(measured, self._access.author(request))

    def _measured(self, operation: Operation) -> Operation:
        return self._quotas.measured(operation) if isinstance(operation, Edit) else operation
