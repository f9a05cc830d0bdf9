"""``dnsd list`` against a real server."""

import json

import pytest


@pytest.fixture
def filled(console, tmp_path):
    """A headless service with three endpoints in three states, one with addresses, one with an external name."""
    manifests = [
        {"metadata": {"name": "web", "labels": {"app": "web"}}, "spec": {"ports": [{"name": "http", "port": 80}]}},
        {"metadata": {"name": "vip"}, "spec": {"clusterIP": "192.0.2.100", "ports": [{"port": 53, "protocol": "UDP"}]}},
        {"metadata": {"name": "away"}, "spec": {"type": "ExternalName", "externalName": "db.example.com"}},
    ]
    for manifest in manifests:
        manifest |= {"apiVersion": "v1", "kind": "Service"}
        manifest["metadata"]["namespace"] = console.namespace
    addresses = {"addresses": [{"ip": "192.0.2.1"}, {"ip": "192.0.2.2"}], "notReadyAddresses": [{"ip": "192.0.2.3"}]}
    manifests.append(
        {
            "apiVersion": "v1",
            "kind": "Endpoints",
            "metadata": {"name": "web", "namespace": console.namespace},
            "subsets": [addresses | {"ports": [{"name": "http", "port": 8080}]}],
        }
    )
    file = tmp_path / "all.json"
    file.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": manifests}))
    assert console.call("apply", "-f", str(file)).status == 0
    assert console.of("drain", "--service", "web", "--id", "192.0.2.2").status == 0
    return console


def test_services_are_shown_with_the_states_of_their_endpoints(filled):
    done = filled.of("list")
    assert done.status == 0
    assert done.out.splitlines()[0].split() == ["NAMESPACE", "SERVICE", "ADDRESS", "PORTS", "ENDPOINTS"]
    assert {row[1]: row[2:] for row in done.rows} == {
        "away": ["db.example.com", "-", "none"],
        "vip": ["192.0.2.100", "53/udp", "none"],
        "web": ["headless", "http=80", "1", "ready,", "1", "not-ready,", "1", "draining"],
    }


def test_endpoints_are_shown_with_their_state(filled):
    done = filled.of("list", "endpoints")
    assert {row[2]: row[7] for row in done.rows} == {
        "192.0.2.1": "ready",
        "192.0.2.2": "draining",
        "192.0.2.3": "not-ready",
    }
    assert done.rows[0][3:7] == ["192.0.2.1", "http=8080", "100", "0"]
    assert done.rows[0][8] == "permanent"


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["endpoints", "--state", "draining"], {"192.0.2.2"}),
        (["endpoints", "--service", "web", "--state", "ready"], {"192.0.2.1"}),
        (["endpoints", "--label", "app=web"], {"192.0.2.1", "192.0.2.2", "192.0.2.3"}),
        (["endpoints", "--service", "other"], set()),
        (["services", "--label", "app=web"], {"web"}),
        (["services", "--label", "app in (web, api)"], {"web"}),
        (["services", "--label", "app=web", "--label", "app=x"], set()),
    ],
)
def test_filters(filled, words, found):
    done = filled.of("list", *words, "--output", "json")
    assert {item.get("id") or item["name"] for item in done.document["items"]} == found
    assert done.document["revision"] > 0


def test_nothing_is_no_failure(console):
    done = console.of("list", "endpoints")
    assert (done.status, done.rows) == (0, [])


def test_leases_are_shown_with_what_is_left(console):
    console.of("register", "--service", "web", "--id", "web-1", "--lease", "40")
    assert console.of("list", "endpoints").rows[0][-4:] in [[str(left), "of", "40", "s"] for left in (39, 40, 41)]


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--service", "web"], "dnsd list: --service is for endpoints: dnsd list endpoints --service NAME"),
        (["--label", "a b"], "dnsd list: --label: 'a b' is no label selector: write k=v"),
        (["--state", "happy"], "dnsd list: argument --state: invalid choice: 'happy'"),
    ],
)
def test_wrong_calls(console, words, line):
    done = console.of("list", *words)
    assert done.status == 2
    assert done.err.startswith(line)


def test_the_replicas_are_shown(console):
    done = console.call("list", "--replicas")
    assert done.out.splitlines()[0].split()[:4] == ["REPLICA", "REVISION", "LAG", "DIGEST"]
    assert len(done.rows) == 1
    assert console.call("list", "--replicas", "-o", "json").document["items"][0]["is_self"] is True
