"""Door two, HTTP: the admin API under ``/v1``, health and metrics. Beside ``cli/client`` the one room with aiohttp.

A request's way: ``connections`` (limits of the socket) -> ``guards`` (who may ask) -> the call of its column
(``services``, ``endpoints``, ``leases``, ``drains``, ``batch``, ``apply``, ``changes``, ``status``) -> ``replies``; an
error leaves through ``failures``. A call reads with ``bodies``, ``paths``, ``queries`` and ``preconditions``.
"""
