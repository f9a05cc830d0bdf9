"""``/v1/answer``: what is told, and for each endpoint why it is in or out."""

from collections.abc import Callable
from typing import Any

import pytest

from dnsd.answer.policy import Policy
from dnsd.model.change import Change, Removal
from tests.admin.conftest import PLAIN, WEB, WEB_1

NAME = "web.default.svc.cluster.local"


async def why(replica: Any, name: str = NAME, rtype: str = "A", more: str = "") -> Any:
    answer = await replica.call("GET", f"/v1/answer?name={name}&type={rtype}{more}")
    assert answer.status == 200, answer
    return answer.document


def reasons(told: Any) -> dict[str, tuple[bool, str]]:
    return {each["id"]: (each["in"], each["reason"]) for each in told["endpoints"]}


async def test_records_lease_ttl_and_origin(replica: Any) -> None:
    await replica.call("PUT", WEB_1, PLAIN)
    told = await why(replica, more="&client=198.51.100.7")
    assert told["answer"] == [{"name": f"{NAME}.", "ttl": 5, "class": "IN", "type": "A", "data": "192.0.2.10"}]
    assert (told["status"], told["client"], told["services"]) == (
        "NOERROR",
        "198.51.100.7",
        [{"namespace": "default", "name": "web"}],
    )
    assert told["ttl"] == {"seconds": 5, "from": "ttl_seconds of service default/web, which is the default"}
    assert told["udp"] == {"limit": 1232, "octets": told["udp"]["octets"], "truncated": False, "records": 1}
    assert (told["replica"], told["revision"], told["degraded"]) == ("replica-1", replica.mirror.revision, False)
    assert told["mirror_age_seconds"] >= 0
    [endpoint] = told["endpoints"]
    assert (endpoint["in"], endpoint["reason"], endpoint["lease"]["seconds"]) == (True, "ready", 30)
    assert 0 < endpoint["lease"]["remaining_seconds"] <= 31


async def test_every_way_out(replica: Any, wait_until: Any) -> None:
    bodies: dict[str, dict[str, object]] = {
        "stays": {"address": "192.0.2.1"},
        "drained": {"address": "192.0.2.2"},
        "unready": {"address": "192.0.2.3", "ready": False},
        "weightless": {"address": "192.0.2.4", "weight": 0},
        "six": {"address": "2001:db8::1"},
        "gone": {"address": "192.0.2.5"},
    }
    for identifier, body in bodies.items():
        await replica.call("PUT", f"{WEB}/endpoints/{identifier}", {"ports": {"http": 80}} | body)
    await replica.call("POST", f"{WEB}/endpoints/drained/drain")
    await replica.call("DELETE", f"{WEB}/endpoints/gone")
    replica.departures.note(Change(99, (), (Removal(("default", "web", "expired"), "expired"),)))
    await wait_until(lambda: len(replica.departures.of(("default", "web"))) == 5, "all departures are seen")
    told = await why(replica)
    assert reasons(told) == {
        "stays": (True, "ready"),
        "drained": (False, "draining"),
        "unready": (False, "not-ready"),
        "weightless": (False, "weight-0"),
        "six": (False, "other-family"),
        "gone": (False, "deregistered"),
        "expired": (False, "lease-ended"),
    }
    details = {each["id"]: each["detail"] for each in told["endpoints"]}
    assert "draining since 0 s ago" in details["drained"]
    assert "its lease ended 0 s ago" in details["expired"]
    assert reasons(await why(replica, f"_http._udp.{NAME}", "SRV"))["stays"] == (False, "other-protocol")


async def test_cut_by_size(replica: Any) -> None:
    operations = [
        {
            "op": "put",
            "kind": "endpoint",
            "namespace": "default",
            "service": "web",
            "id": f"n{number}",
            "value": {"address": f"192.0.2.{number}"},
        }
        for number in range(1, 61)
    ]
    await replica.call("POST", "/v1/batch", {"operations": operations})
    told = await why(replica, more="&size=512")
    assert (told["udp"]["truncated"], len(told["answer"])) == (True, 60)
    assert sum(each["in"] for each in told["endpoints"]) == told["udp"]["records"] < 60
    assert {each["reason"] for each in told["endpoints"]} == {"ready", "cut-by-size"}


async def test_nothing_there(replica: Any) -> None:
    told = await why(replica, "no.default.svc.cluster.local")
    assert (told["status"], told["why"], told["endpoints"]) == (
        "NXDOMAIN",
        "there is no service no in namespace default",
        [],
    )
    assert told["ttl"]["seconds"] == 5


@pytest.mark.parametrize(
    "query",
    ["", "?name=", "?name=a..b", "?name=a&type=NONE", "?name=a&type=AXFR", "?name=a&client=x", "?name=a&size=511",
     "?name=a&size=x", "?name=a&more=1"],
)  # fmt: skip
async def test_wrong_parameters(replica: Any, query: str) -> None:
    (await replica.call("GET", f"/v1/answer{query}")).assert_problem(400, "bad-parameter")


async def test_what_is_forwarded_has_no_answer_here(new_replica: Callable[..., Any]) -> None:
    """Where names are forwarded, the explanation of a foreign name does not say REFUSED, which nobody is told."""
    async with new_replica(policy=Policy(forwarding=frozenset())) as replica:
        told = await why(replica, "example.org")
        assert (told["status"], told["why"], told["answer"]) == ("FORWARDED", "the name is forwarded", [])
        assert told["udp"]["octets"] == 0
        assert (await why(replica, "example.org", more="&client=198.51.100.7"))["status"] == "REFUSED"
