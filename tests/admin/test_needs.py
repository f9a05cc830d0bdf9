"""Every call says what it needs; a route that says nothing lets nobody in."""

from typing import Any, get_args

import pytest
from aiohttp import web

from dnsd.admin.calls import CALLS
from dnsd.admin.needs import Need
from dnsd.model.grant import VERBS, Verb

OPEN = {"/livez", "/readyz", "/openapi.json", "/problems/{slug}"}


def test_only_these_are_open() -> None:
    assert {call.path for call in CALLS if call.needs is None} == OPEN


@pytest.mark.parametrize("call", CALLS, ids=lambda call: f"{call.method} {call.path}")
def test_what_changes_something_needs_more_than_reading(call: Any) -> None:
    if call.needs is None:
        return
    assert call.needs.verbs
    assert set(call.needs.verbs) <= set(VERBS) == set(get_args(Verb))
    assert call.method == "get" or "read" not in call.needs.verbs
    assert (call.needs.on == "one") == ("{service}" in call.path)
    if call.path.startswith(("/v1/tokens", "/v1/audit", "/v1/store")):
        assert call.needs == Need(("admin",), "all")


async def test_a_route_without_a_description_lets_nobody_in(replica: Any) -> None:
    async def undescribed(_: web.Request) -> web.Response:
        return web.Response(text="in")

    application = replica.admin.application()
    application.add_routes([web.get("/v1/undescribed", undescribed)])
    runner = web.AppRunner(application)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1/undescribed"
        async with replica.session.get(url) as response:
            assert response.status == 403
    finally:
        await runner.cleanup()
