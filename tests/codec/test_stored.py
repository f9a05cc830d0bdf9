"""The store's text: what was written is read back equal, what is foreign is passed over, what is garbage is refused."""

import json
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dnsd.codec.stored import endpoint_from_stored, service_from_stored, stored_text
from dnsd.model.errors import InvalidRecord
from dnsd.model.health import HealthCheck as Check
from dnsd.model.service import Endpoint, Port, Service, ServicePort

PLAIN = Endpoint("default", "web", "1", ("192.0.2.1",))
FULL = Endpoint(
    "default", "web", "Web-1", ("192.0.2.1", "2001:db8::1"),
    (Port("http", "TCP", 80), Port("", "UDP", 53)), 0, 65_535, "web-a", False, True, {"größe": "1"}, None,
)  # fmt: skip
DECLARED = Service("default", "web")
EVERYTHING = Service(
    "default", "web", (ServicePort("http", "TCP", 80, "web"), ServicePort("dns", "UDP", 53, 5353)),
    ("10.0.0.1",), None, 0, "last_known", True, {"app": "web"}, False,
)  # fmt: skip
EXTERNAL = Service("default", "web", external_name="www.example.com")
CHECKED = Service("default", "web", health=Check("http", "admin", "/healthz", 5, 1, 1, 2))


BARE = replace(FULL, metadata={})


@pytest.mark.parametrize("endpoint", [PLAIN, FULL, BARE, replace(BARE, ready=True, lease_seconds=1)])
def test_an_endpoint_comes_back_as_it_was_written(endpoint: Endpoint) -> None:
    read = endpoint_from_stored(stored_text(endpoint), *endpoint.key, 12, 3)
    assert read == endpoint
    assert (read.revision, read.generation) == (12, 3)


@pytest.mark.parametrize("service", [DECLARED, EVERYTHING, EXTERNAL, CHECKED])
def test_a_service_comes_back_as_it_was_written(service: Service) -> None:
    read = service_from_stored(stored_text(service), *service.key, 12, 3)
    assert read == service
    assert (read.revision, read.generation) == (12, 3)


def test_defaults_are_left_out() -> None:
    assert stored_text(PLAIN) == '{"addresses":["192.0.2.1"]}'
    assert stored_text(DECLARED) == "{}"
    assert stored_text(Service("default", "web", health=Check("tcp"))) == '{"health":{"type":"tcp"}}'
    assert json.loads(stored_text(FULL))["lease_seconds"] is None


def test_fields_of_a_newer_schema_are_passed_over() -> None:
    text = '{"addresses":["192.0.2.1"],"zone":"a","ports":[{"port":80,"shape":"round"}]}'
    assert endpoint_from_stored(text, "default", "web", "1", 1, 1).ports == (Port("", "TCP", 80),)
    checked = service_from_stored('{"health":{"type":"tcp","mood":1}}', "default", "web", 1, 1)
    assert checked.health == Check("tcp")
    assert service_from_stored('{"colour":1}', "default", "web", 1, 1) == DECLARED


@pytest.mark.parametrize("endpoint", [PLAIN, FULL])
def test_other_spacing_and_another_order_read_the_same(endpoint: Endpoint) -> None:
    fields = json.loads(stored_text(endpoint))
    for text in (json.dumps(fields), json.dumps(fields, indent=1), json.dumps(dict(reversed(fields.items())))):
        assert endpoint_from_stored(text, *endpoint.key, 1, 1) == endpoint


def test_the_last_of_two_fields_counts() -> None:
    text = '{"addresses":["192.0.2.1"],"weight":7,"addresses":["192.0.2.2"]}'
    assert endpoint_from_stored(text, "default", "web", "1", 1, 1).addresses == ("192.0.2.2",)


def test_endpoints_that_differ_in_their_addresses_alone_share_the_rest() -> None:
    texts = [f'{{"addresses":["192.0.2.{number}"],"metadata":{{"app":"web"}}}}' for number in (1, 2)]
    one, two = (endpoint_from_stored(text, "default", "web", "1", 1, 1) for text in texts)
    assert one.metadata is two.metadata


@pytest.mark.parametrize(
    "text",
    [
        '{"addresses":["192.0.2.1"],}', '{"addresses":["192.0.2.1"]', '{"addresses":["192.0.2.1"]}}',
        '{"addresses":["192.0.2.1"," 192.0.2.2"]}', '{"addresses":["192.0.2.1""192.0.2.2"]}',
        "", "{", "null", "[]", "7", '"x"', "[" * 100_000, "{}", '{"addresses":null}', '{"addresses":"192.0.2.1"}',
        '{"addresses":[1]}', '{"addresses":["x"]}', '{"addresses":[]}', '{"addresses":{"192.0.2.1":1}}',
        '{"addresses":["192.0.2.1"],"weight":1.5}', '{"addresses":["192.0.2.1"],"weight":true}',
        '{"addresses":["192.0.2.1"],"weight":null}', '{"addresses":["192.0.2.1"],"priority":"1"}',
        '{"addresses":["192.0.2.1"],"ready":1}', '{"addresses":["192.0.2.1"],"draining":"no"}',
        '{"addresses":["192.0.2.1"],"hostname":0}', '{"addresses":["192.0.2.1"],"hostname":"A"}',
        '{"addresses":["192.0.2.1"],"metadata":[]}', '{"addresses":["192.0.2.1"],"metadata":{"a":1}}',
        r'{"addresses":["192.0.2.1"],"metadata":{"a":"\ud800"}}',
        r'{"addresses":["192.0.2.1"],"metadata":{"\ud800":""}}',
        '{"addresses":["192.0.2.1"],"lease_seconds":1.5}', '{"addresses":["192.0.2.1"],"lease_seconds":0}',
        '{"addresses":["192.0.2.1"],"ports":5}', '{"addresses":["192.0.2.1"],"ports":[5]}',
        '{"addresses":["192.0.2.1"],"ports":[{}]}', '{"addresses":["192.0.2.1"],"ports":[{"port":0}]}',
        '{"addresses":["192.0.2.1"],"ports":[{"port":80,"name":[]}]}',
        '{"addresses":["192.0.2.1"],"ports":[{"port":80,"protocol":[]}]}',
    ],
)  # fmt: skip
def test_garbage_is_no_endpoint(text: str) -> None:
    with pytest.raises(InvalidRecord):
        endpoint_from_stored(text, "default", "web", "1", 1, 1)


@pytest.mark.parametrize(
    "text",
    [
        "", "[]", '{"ports":{"http":80}}', '{"ports":[{"port":"80"}]}', '{"ports":[{"port":80,"target_port":1.5}]}',
        '{"ports":[{"port":80,"target_port":{}}]}', '{"cluster_ips":"None"}', '{"cluster_ips":[null]}',
        '{"external_name":5}', '{"ttl_seconds":5.0}', '{"ttl_seconds":"5"}', '{"when_empty":[]}', '{"when_empty":"x"}',
        '{"publish_not_ready":0}', '{"labels":{"a":{}}}', '{"declared":null}', r'{"labels":{"a":"\ud800"}}',
    ],
)  # fmt: skip
def test_garbage_is_no_service(text: str) -> None:
    with pytest.raises(InvalidRecord):
        service_from_stored(text, "default", "web", 1, 1)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
FIELDS = st.sampled_from([*Endpoint.__dataclass_fields__, *Service.__dataclass_fields__, "port", "target_port"])


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(FIELDS, JSON | st.just(["192.0.2.1"]), max_size=6))
def test_whatever_the_store_holds_reading_it_ends_in_a_value_or_invalid_record(stored: dict[str, object]) -> None:
    text = json.dumps(stored)
    for read in (
        lambda: endpoint_from_stored(text, "default", "web", "1", 1, 1),
        lambda: service_from_stored(text, "default", "web", 1, 1),
    ):
        try:
            value = read()
        except InvalidRecord:
            continue
        assert json.loads(stored_text(value)) is not None
