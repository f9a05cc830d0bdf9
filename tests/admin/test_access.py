"""Who may do what: every call, under drawn grants, against a small model of its own; and how who asks is proved."""

import asyncio
import fnmatch
import ipaddress
import logging
import re
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any

import aiohttp
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dnsd.admin.calls import CALLS
from dnsd.model.grant import EVERYTHING
from dnsd.model.token import Token, hash_of, token_text
from dnsd.runtime.clock import SystemClock

ROOT_SECRET = "r" * 43
ROOT = Token("0" * 16, "root", EVERYTHING, 0, secret_hash=hash_of(ROOT_SECRET))
BEARER = {"Authorization": f"Bearer {token_text(ROOT.id, ROOT_SECRET)}"}
NAMESPACES = ("shop", "shop-eu", "ops")
SERVICES = ("web", "web-2", "db")
ADDRESSES = ("10.0.0.1", "10.200.0.1", "192.0.2.1", "127.0.0.1", "fd00::1")
NETWORKS = ("10.0.0.0/16", "10.0.0.0/8", "0.0.0.0/0", "::/0", "127.0.0.0/8", "192.0.2.1/32")

ONE = "/v1/namespaces/{ns}/services/{svc}"
MATRIX: dict[str, tuple[str, str]] = {
    f"GET {ONE}": ("read", "one"),
    f"PUT {ONE}": ("register", "service"),
    f"DELETE {ONE}": ("delete", "one"),
    f"PUT {ONE}/endpoints": ("register", "endpoints"),
    f"GET {ONE}/endpoints/e": ("read", "one"),
    f"PUT {ONE}/endpoints/e": ("register", "endpoint"),
    f"PATCH {ONE}/endpoints/e": ("register", "one"),
    f"DELETE {ONE}/endpoints/e": ("delete", "one"),
    f"POST {ONE}/endpoints/e/renew": ("register", "one"),
    f"POST {ONE}/endpoints/e/drain": ("drain", "one"),
    f"POST {ONE}/endpoints/e/undrain": ("drain", "one"),
    "GET /v1/namespaces/{ns}/services": ("read", "any"),
    "GET /v1/services": ("read", "any"),
    "GET /v1/endpoints": ("read", "any"),
    "GET /v1/prometheus": ("read", "any"),
    "GET /v1/answer": ("read", "any"),
    "GET /v1/watch": ("read", "any"),
    "GET /v1/zones": ("read", "any"),
    "GET /v1/replicas": ("read", "any"),
    "GET /metrics": ("read", "any"),
    "GET /v1/zones/cluster.local/file": ("read", "all"),
    "GET /v1/backup": ("read", "all"),
    "POST /v1/renew": ("register", "keys"),
    "POST /v1/batch": ("", "batch"),
    "POST /v1/apply": ("register", "manifest"),
    "POST /v1/restore": ("register", "backup"),
    "POST /v1/store/restore": ("admin", "all"),
    "POST /v1/store/adopt": ("admin", "all"),
    "POST /v1/tokens": ("admin", "all"),
    "GET /v1/tokens": ("admin", "all"),
    "DELETE /v1/tokens/ffffffffffffffff": ("admin", "all"),
    "GET /v1/audit": ("admin", "all"),
    "GET /livez": ("", "open"),
    "GET /readyz": ("", "open"),
    "GET /openapi.json": ("", "open"),
    "GET /problems/gone": ("", "open"),
}
"""Every call, what it needs, and on what, written down a second time."""

Grants = list[dict[str, Any]]


@st.composite
def drawn_grants(draw: st.DrawFn) -> Grants:
    grants = []
    for _ in range(draw(st.integers(1, 3))):
        verbs = draw(st.lists(st.sampled_from(["read", "register", "drain", "delete"]), min_size=1, unique=True))
        namespace = draw(st.sampled_from(["*", "shop", "shop*", "*-eu", "ops"]))
        service = draw(st.sampled_from(["*", "web", "web*", "*b", "w*-*"]))
        if draw(st.integers(0, 4)) == 0:
            verbs, namespace, service = [*verbs, "admin"], "*", "*"
        addresses = draw(st.none() | st.lists(st.sampled_from(NETWORKS), min_size=1, max_size=2, unique=True))
        grants.append({"verbs": verbs, "namespace": namespace, "service": service, "addresses": addresses})
    return grants


class Model:
    """What the grants allow, in the fewest words."""

    def __init__(self, grants: Grants, loopback_at_home: bool) -> None:
        self.grants = grants
        self.loopback_at_home = loopback_at_home

    def on(self, verb: str, ns: str, svc: str) -> Grants:
        return [
            each
            for each in self.grants
            if verb in each["verbs"]
            and fnmatch.fnmatchcase(ns, each["namespace"])
            and fnmatch.fnmatchcase(svc, each["service"])
        ]

    def address(self, ns: str, svc: str, text: str) -> bool:
        address = ipaddress.ip_address(text)
        for grant in self.on("register", ns, svc):
            if grant["addresses"] is None:
                if not address.is_loopback or self.loopback_at_home:
                    return True
                continue
            networks = [ipaddress.ip_network(each) for each in grant["addresses"]]
            if any(address in each and (each.is_loopback or not address.is_loopback) for each in networks):
                return True
        return False

    def allows(self, need: tuple[str, str], ns: str, svc: str, address: str) -> bool:
        verb, on = need
        if on == "open":
            return True
        if on == "all":
            return any(verb in g["verbs"] and g["namespace"] == g["service"] == "*" for g in self.grants)
        if on == "any":
            return any(verb in g["verbs"] for g in self.grants)
        if on == "batch":
            needed = [("delete", ns, svc), ("drain", ns, "web"), ("register", "shop", "db")]
            return all(self.on(*each) for each in needed) and self.address("shop", "db", address)
        if on in ("endpoint", "backup", "manifest"):
            return self.address(ns, svc, address)
        if on == "endpoints":
            # A put and, since "e" of every other service stands there, a delete.
            return self.address(ns, svc, address) and bool(self.on("delete", ns, svc))
        if on == "service":
            return self.address(ns, svc, address)
        return bool(self.on(verb, ns, svc))


def body_of(need: tuple[str, str], ns: str, svc: str, address: str, path: str) -> object:
    endpoint = {"addresses": [address], "lease_seconds": None}
    key = {"namespace": ns, "service": svc}
    match need[1]:
        case "endpoint":
            return endpoint
        case "endpoints":
            return {"endpoints": {"other": endpoint}}
        case "service":
            return {"cluster_ips": [address]}
        case "keys":
            return {"endpoints": [{**key, "id": "e"}]}
        case "backup":
            return {"items": [{"kind": "endpoint", **key, "id": "back", **endpoint}]}
        case "batch":
            return {
                "operations": [
                    {"op": "delete", "kind": "endpoint", **key, "id": "nobody"},
                    {"op": "drain", "kind": "endpoint", "namespace": ns, "service": "web", "id": "nobody"},
                    {
                        "op": "put",
                        "kind": "endpoint",
                        "namespace": "shop",
                        "service": "db",
                        "id": "b",
                        "value": endpoint,
                    },
                ]
            }
        case "manifest":
            service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": svc, "namespace": ns}}
            return service | {"spec": {"clusterIP": address, "ports": [{"port": 80}]}}
    if path == "/v1/tokens":
        return {"name": "made", "grants": [{"verbs": ["read"]}], "expires_seconds": 1}
    return {"weight": 5} if path.endswith("endpoints/e") else None


async def answered(replica: Any, call: str, body: object, headers: dict[str, str]) -> tuple[int, str]:
    """Status, and the slug of the problem if it is one."""
    method, path = call.split(" ")
    query = {"/v1/answer": "?name=web.shop.svc.cluster.local", "/v1/prometheus": "?port=http"}.get(path, "")
    if path == "/v1/watch":
        async with replica.session.get(path, headers=headers) as response:
            problem = (await response.json())["type"] if response.status >= 400 else ""
            return response.status, problem.rpartition("/")[2]
    answer = await replica.call(method, path + query, body if method in ("PUT", "POST", "PATCH") else None, headers)
    slug = answer.document["type"].rpartition("/")[2] if answer.status >= 400 and answer.octets else ""
    return answer.status, slug


@pytest.fixture
async def guarded(new_replica: Callable[..., Any]) -> AsyncIterator[Any]:
    """A replica where tokens are needed, with a root token, and an endpoint in each service."""
    async with new_replica(required=True, root=ROOT, loopback_allowed=False) as replica:
        for ns in NAMESPACES:
            for svc in SERVICES:
                path = f"/v1/namespaces/{ns}/services/{svc}/endpoints/e"
                body = {"address": "192.0.2.9", "lease_seconds": None}
                assert (await replica.call("PUT", path, body, BEARER)).status == 201
        yield replica


def route_of(call: str) -> str:
    """The route that a call of the matrix goes to."""
    places = {"{ns}": "{namespace}", "{svc}": "{service}", "/endpoints/e": "/endpoints/{id}", "/gone": "/{slug}"}
    places |= {"cluster.local": "{zone}", "f" * 16: "{token}"}
    for place, name in places.items():
        call = call.replace(place, name)
    return call


def test_the_matrix_holds_every_route(replica: Any) -> None:
    routes = {
        f"{route.method} {route.resource.canonical}"
        for route in replica.admin.application().router.routes()
        if route.method != "HEAD"
    }
    assert routes <= {route_of(call) for call in MATRIX}


STANDING = {f"{call.method.upper()} {call.path}" for call in CALLS}
CASES = {"grants": drawn_grants(), "ns": st.sampled_from(NAMESPACES), "svc": st.sampled_from(SERVICES)}
CASES["address"] = st.sampled_from(ADDRESSES)
UNHURRIED = settings(deadline=None, suppress_health_check=list(HealthCheck))


@given(**CASES)
@settings(UNHURRIED, max_examples=40)
async def test_every_call_is_allowed_as_the_model_says(
    guarded: Any, grants: Grants, ns: str, svc: str, address: str
) -> None:
    await assert_every_call_is_allowed_as_told(guarded, grants, ns, svc, address)


@pytest.mark.long
@pytest.mark.timeout(1200)
@given(**CASES)
@settings(UNHURRIED, max_examples=300)
async def test_every_call_is_allowed_as_the_model_says_for_long(
    guarded: Any, grants: Grants, ns: str, svc: str, address: str
) -> None:
    await assert_every_call_is_allowed_as_told(guarded, grants, ns, svc, address)


async def assert_every_call_is_allowed_as_told(guarded: Any, grants: Grants, ns: str, svc: str, address: str) -> None:
    made = await guarded.call("POST", "/v1/tokens", {"name": "drawn", "grants": grants}, BEARER)
    headers = {"Authorization": f"Bearer {made.document['token']}"}
    model = Model(grants, loopback_at_home=False)
    place = f"/v1/namespaces/{ns}/services/{svc}/endpoints"
    for call, need in MATRIX.items():
        if route_of(call) not in STANDING:
            continue
        if need[1] == "endpoints":  # there is one to be deleted
            await guarded.call("PUT", f"{place}/e", {"address": "192.0.2.9", "lease_seconds": None}, BEARER)
            await guarded.call("DELETE", f"{place}/other", None, BEARER)
        body = body_of(need, ns, svc, address, call.split(" ")[1])
        status, slug = await answered(guarded, call.replace("{ns}", ns).replace("{svc}", svc), body, headers)
        expected = model.allows(need, ns, svc, address)
        assert (slug != "forbidden") == expected, (call, status, slug, ns, svc, address, grants)
        assert status not in (401, 500), (call, status)
    await assert_lists_show_what_may_be_read(guarded, model, headers)
    assert (await guarded.call("DELETE", f"/v1/tokens/{made.document['id']}", None, BEARER)).status == 200
    assert (await guarded.call("GET", "/v1/services", None, headers)).status == 401


async def assert_lists_show_what_may_be_read(guarded: Any, model: Model, headers: dict[str, str]) -> None:
    """Lists show what may be read, and no more."""
    if not model.allows(("read", "any"), "", "", ""):
        return
    for path, service in (("/v1/services", "name"), ("/v1/endpoints", "service")):
        everything = (await guarded.call("GET", path, None, BEARER)).document["items"]
        shown = (await guarded.call("GET", path, None, headers)).document["items"]
        assert shown == [each for each in everything if model.on("read", each["namespace"], each[service])]
    told = (await guarded.call("GET", "/v1/answer?name=web.shop.svc.cluster.local", None, headers)).document
    may = bool(model.on("read", "shop", "web"))
    assert bool(told["endpoints"]) <= may
    assert bool(told["services"]) <= may


async def end_of(response: aiohttp.ClientResponse) -> None:
    """Come back when the server has closed the stream."""
    async with asyncio.timeout(10):
        with suppress(aiohttp.ClientError):
            while await response.content.readline():
                pass
    response.close()


def limited(*verbs: str, **more: Any) -> dict[str, Any]:
    return {"name": "limited", "grants": [{"verbs": list(verbs), **more}]}


async def token_of(replica: Any, body: dict[str, Any]) -> dict[str, str]:
    made = (await replica.call("POST", "/v1/tokens", body, BEARER)).document
    return {"Authorization": f"Bearer {made['token']}", "id": made["id"]}


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Basic cm9vdDpyb290",
        "Bearer",
        "Bearer x",
        f"Bearer {token_text(ROOT.id, 'x' * 43)}",
        f"Bearer {token_text('f' * 16, ROOT_SECRET)}",
        f"Token {token_text(ROOT.id, ROOT_SECRET)}",
    ],
)
async def test_who_proves_nothing_is_401_and_told_how(guarded: Any, header: str | None) -> None:
    answer = await guarded.call("GET", "/v1/services", None, {} if header is None else {"Authorization": header})
    answer.assert_problem(401, "unauthorized")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="dnsd"'
    assert ROOT_SECRET not in answer.octets.decode()


async def test_two_headers_are_none(guarded: Any) -> None:
    text = BEARER["Authorization"]
    raw = f"GET /v1/services HTTP/1.1\r\nHost: localhost\r\nAuthorization: {text}\r\nAuthorization: {text}\r\n"
    assert b" 401 " in await guarded.raw((raw + "Connection: close\r\n\r\n").encode())


async def test_the_body_of_a_stranger_is_not_read(guarded: Any) -> None:
    """401 comes before a body of which nothing has arrived."""
    head = "POST /v1/batch HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    head += "Content-Length: 2000000\r\n\r\n"
    reader, writer = await asyncio.open_connection("127.0.0.1", guarded.port)
    try:
        writer.write(head.encode())
        assert b" 401 " in await asyncio.wait_for(reader.readline(), 10)
    finally:
        writer.close()
        await writer.wait_closed()


async def test_paths_are_folded_as_the_registry_folds_them(guarded: Any) -> None:
    headers = await token_of(guarded, limited("read", namespace="shop"))
    for path in ("/v1/namespaces/SHOP/services/WEB", "/v1/namespaces/sh%6fp/services/web"):
        assert (await guarded.call("GET", path, None, headers)).status == 200
    for path in ("/v1/namespaces/OPS/services/web", "/v1/namespaces/%6fps/services/web"):
        (await guarded.call("GET", path, None, headers)).assert_problem(403, "forbidden")


async def test_head_needs_what_get_needs(guarded: Any) -> None:
    assert (await guarded.call("HEAD", "/v1/services")).status == 401
    headers = await token_of(guarded, limited("drain"))
    assert (await guarded.call("HEAD", "/v1/services", None, headers)).status == 403


async def test_an_external_name_may_point_anywhere_so_it_needs_all_addresses(guarded: Any) -> None:
    path, body = "/v1/namespaces/shop/services/alias", {"external_name": "www.example.net"}
    bound = await token_of(guarded, limited("register", addresses=["10.0.0.0/8"]))
    (await guarded.call("PUT", path, body, bound)).assert_problem(403, "forbidden")
    free = await token_of(guarded, limited("register"))
    assert (await guarded.call("PUT", path, body, free)).status == 201


class AnHourLater(SystemClock):
    def wall(self) -> float:
        return super().wall() + 3600


async def test_a_token_ends_and_so_does_its_stream(guarded: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    headers = await token_of(guarded, limited("read") | {"expires_seconds": 3500})
    response = await guarded.session.get("/v1/watch", headers=headers)
    assert response.status == 200
    monkeypatch.setattr(guarded.access, "_clock", AnHourLater())
    await end_of(response)
    told = (await guarded.call("GET", "/v1/services", None, headers)).assert_problem(401, "unauthorized")
    assert "is over" in told["detail"]


async def test_a_revoked_token_ends_what_is_under_way(guarded: Any) -> None:
    headers = await token_of(guarded, limited("read"))
    response = await guarded.session.get("/v1/watch", headers=headers)
    assert response.status == 200
    assert (await guarded.call("DELETE", f"/v1/tokens/{headers['id']}", None, BEARER)).status == 200
    await end_of(response)


async def test_watchers_see_what_they_may_read(guarded: Any) -> None:
    headers = await token_of(guarded, limited("read", namespace="shop", service="web"))
    async with guarded.session.get("/v1/watch", headers=headers) as response:
        for svc, weight in (("db", 1), ("web", 2)):
            path = f"/v1/namespaces/shop/services/{svc}/endpoints/e"
            assert (await guarded.call("PATCH", path, {"weight": weight}, BEARER)).status == 200
        async with asyncio.timeout(10):
            while not (line := await response.content.readline()).startswith(b"data:"):
                pass
    assert b'"service":"web"' in line


async def test_a_minimal_install_asks_nobody(replica: Any) -> None:
    assert (await replica.call("GET", "/v1/tokens")).status == 200
    assert (await replica.call("GET", "/v1/services", None, {"Authorization": "Bearer x"})).status == 200


async def test_no_token_is_known_before_they_were_read(new_replica: Callable[..., Any]) -> None:
    async with new_replica(loaded=False, required=True, root=ROOT) as replica:
        unknown = {"Authorization": f"Bearer {token_text('f' * 16, ROOT_SECRET)}"}
        (await replica.call("GET", "/v1/zones", None, unknown)).assert_problem(503, "store-unavailable")
        assert (await replica.call("GET", "/metrics", None, BEARER)).status == 200


async def test_secrets_are_not_logged(guarded: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    headers = await token_of(guarded, limited("read"))
    await guarded.call("GET", "/v1/services", None, headers)
    await guarded.call("PUT", "/v1/namespaces/shop/services/web", {}, headers)
    secret = re.sub(".*_", "", headers["Authorization"][-43:])
    assert secret
    assert secret not in caplog.text
    assert ROOT_SECRET not in caplog.text


async def test_a_prune_is_noted_as_who_asked_for_it(guarded: Any) -> None:
    """Each object that went, too, and nothing of a prune that was refused or only planned."""
    ci = await token_of(guarded, limited("register", "delete", namespace="shop") | {"name": "ci"})
    who = f"token ci ({ci.pop('id')})"
    manifest = b"{apiVersion: v1, kind: Service, metadata: {name: fresh, namespace: shop}, spec: {ports: [{port: 80}]}}"
    headers = ci | {"Content-Type": "application/yaml"}
    before = len((await guarded.call("GET", "/v1/audit", None, BEARER)).document["items"])
    for query, status in (("", 409), ("&dry_run=true", 200), ("&force=true", 200)):
        answer = await guarded.call("POST", f"/v1/apply?prune=true{query}", None, headers, manifest)
        assert answer.status == status, answer.document
    items = (await guarded.call("GET", "/v1/audit", None, BEARER)).document["items"]
    [noted] = items[: len(items) - before]
    assert (noted["who"], noted["from"]) == (who, "127.0.0.1")
    assert "created service shop/fresh" in noted["what"]
    assert all(f"deleted endpoint shop/{service}/e" in noted["what"] for service in SERVICES)
