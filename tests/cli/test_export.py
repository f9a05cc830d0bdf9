"""``dnsd export``: the zone of a real server, and of zone files."""

from dnsd.codec.zonefile import read_zone
from dnsd.model.names import name_from_text


def test_a_servers_zone(console):
    console.put(
        f"/v1/namespaces/{console.namespace}/services/web/endpoints/web-1",
        {"address": "192.0.2.7", "ports": {"http": 80}},
    )
    done = console.call("export", "--zone", "cluster.local")
    assert done.status == 0
    read = read_zone(done.out, "out.zone", name_from_text("cluster.local")).data
    owner = name_from_text(f"web-1.web.{console.namespace}.svc.cluster.local")
    assert [rrset.records[0].rdata for rrset in read.rrsets if rrset.owner == owner] == [bytes((192, 0, 2, 7))]


def test_zone_files_without_a_server(console, tmp_path):
    (tmp_path / "example.org.zone").write_text("$TTL 60\n@ SOA ns host 7 1 1 1 1\n@ NS ns\nns A 192.0.2.1\n")
    done = console.call("export", "--zone", "example.org", "--zones", str(tmp_path))
    assert done.status == 0
    assert "ns.example.org.\t60\tIN\tA\t192.0.2.1" in done.out.splitlines()


def test_a_zone_that_is_not_there(console, tmp_path):
    done = console.call("export", "--zone", "example.com")
    assert (done.status, "there are: cluster.local." in done.err) == (1, True)
    (tmp_path / "example.org.zone").write_text("$TTL 60\n@ SOA ns host 7 1 1 1 1\n@ NS ns.example.net.\n")
    done = console.call("export", "--zone", "example.com", "--zones", str(tmp_path))
    assert (done.status, "no zone example.com." in done.err) == (1, True)
    both = console.call("export", "--zone", "example.com", "--zones", str(tmp_path), "--server", "http://127.0.0.1:1")
    assert both.status == 2
