"""The zones as master files, as the API gives them."""

from typing import Any

from dnsd.codec.zonefile import read_zone
from dnsd.model.names import name_from_text

WEB_1 = "/v1/namespaces/default/services/web/endpoints/web-1"


async def test_a_zone_as_a_master_file(replica: Any) -> None:
    put = await replica.call("PUT", WEB_1, {"address": "192.0.2.10", "ports": {"http": 8080}})
    assert put.status == 201
    answer = await replica.call("GET", "/v1/zones/Cluster.Local./file")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/dns; charset=us-ascii")
    text = answer.octets.decode("ascii")
    read = read_zone(text, "cluster.local.zone", name_from_text("cluster.local")).data
    owners = {rrset.owner for rrset in read.rrsets}
    assert name_from_text("_http._tcp.web.default.svc.cluster.local") in owners
    assert f"SOA\tns.dns.cluster.local. hostmaster.cluster.local. {put.document['revision']} " in text


async def test_names_without_records_are_told_in_comments(replica: Any) -> None:
    await replica.call("PUT", "/v1/namespaces/default/services/idle", {"ports": [{"name": "http", "port": 80}]})
    text = (await replica.call("GET", "/v1/zones/cluster.local/file")).octets.decode("ascii")
    assert "; idle.default.svc.cluster.local. exists without any record, which a master file cannot say\n" in text


async def test_the_list_of_zones(replica: Any) -> None:
    listed = (await replica.call("GET", "/v1/zones")).document
    revision = replica.mirror.revision
    assert listed["items"] == [{"zone": "cluster.local.", "serial": revision, "static": False}]


async def test_a_zone_that_is_not_there(replica: Any) -> None:
    answer = await replica.call("GET", "/v1/zones/example.org/file")
    assert "there are: cluster.local." in answer.assert_problem(404, "not-found")["detail"]
    assert (await replica.call("GET", "/v1/zones/a..b/file")).status == 404
