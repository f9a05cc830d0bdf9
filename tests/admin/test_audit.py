"""The audit in pages."""

from typing import Any

import pytest

BODY = {"address": "192.0.2.1", "lease_seconds": None}


async def test_pages_from_the_newest_on(replica: Any) -> None:
    for number in range(5):
        await replica.call("PUT", f"/v1/namespaces/default/services/web/endpoints/e{number}", BODY)
    told, cursor = [], ""
    while cursor is not None:
        page = (await replica.call("GET", f"/v1/audit?limit=2{f'&cursor={cursor}' if cursor else ''}")).document
        told += page["items"]
        cursor = page["next"]
    assert [each["what"][-2:] for each in told] == ["e4", "e3", "e2", "e1", "e0"]


@pytest.mark.parametrize("query", ["cursor=x", "limit=0", "namespace=a", "cursor=WyJ4Il0", "cursor=WyIrIl0"])
async def test_wrong_parameters(replica: Any, query: str) -> None:
    (await replica.call("GET", f"/v1/audit?{query}")).assert_problem(400, "bad-parameter")
