"""A body is read as far as it can be; faults of shape and of value are told together, each at its place."""

import pytest

from dnsd.codec.reading import escaped, read, read_shape
from dnsd.codec.shapes import EndpointShape, PatchShape
from dnsd.model.errors import Fault, InvalidRecord
from dnsd.model.service import METADATA_OCTETS_MOST, Service


def test_what_is_sound_is_read_beside_what_is_not() -> None:
    reading = read(PatchShape, {"weight": 7, "ready": "yes", "colour": "red"})
    assert (reading.shape.weight, reading.shape.model_fields_set) == (7, {"weight"})
    assert reading.wrong == {"ready", "colour"}
    assert {fault.pointer: fault.reason for fault in reading.faults} == {
        "/ready": "must be true or false",
        "/colour": "unknown field",
    }


def test_faults_of_the_value_follow_those_of_the_shape_unless_the_field_is_known_to_be_wrong() -> None:
    reading = read(PatchShape, {"ready": "yes"})
    reading.wrong |= {"ttl_seconds"}
    with pytest.raises(InvalidRecord) as invalid:
        reading.build(lambda: Service("default", "-", ttl_seconds=-1))
    assert [fault.pointer for fault in invalid.value.faults] == ["/ready", "/name"]


def test_pointers_lead_to_what_the_writer_wrote() -> None:
    reading = read(PatchShape, {})
    with pytest.raises(InvalidRecord) as invalid:
        reading.build(
            lambda: Service("default", "web", cluster_ips=("x", "y")), lambda: {"/cluster_ips/0": "/cluster_ip"}
        )
    assert [fault.pointer for fault in invalid.value.faults] == ["/cluster_ip", "/cluster_ips/1"]


def test_a_value_with_noted_faults_is_not_given_out() -> None:
    reading = read(PatchShape, {})
    reading.refuse(
        [("/address", "10.0.0.1"), ("/addresses/1", "10.0.0.2")], lambda text: (text.endswith(".2") and "no") or None
    )
    reading.limit_metadata({"k": "x" * METADATA_OCTETS_MOST})
    with pytest.raises(InvalidRecord) as invalid:
        reading.build(lambda: Service("default", "web"))
    assert [fault.pointer for fault in invalid.value.faults] == ["/addresses/1", "/metadata"]


def test_nothing_wrong_is_the_value() -> None:
    assert read(PatchShape, {}).build(lambda: Service("default", "web")) == Service("default", "web")


@pytest.mark.parametrize("document", [None, 5, "x", []])
def test_what_is_no_object_is_read_no_further(document: object) -> None:
    for reader in (read, read_shape):
        with pytest.raises(InvalidRecord) as invalid:
            reader(PatchShape, document)
        assert invalid.value.faults == (Fault("", "must be a JSON object"),)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"ports": {"a/b": "x"}}, "/ports/a~1b"),
        ({"ports": [{"port": "x"}]}, "/ports/0/port"),
        ({"ports": 5}, "/ports"),
        ({"metadata": {"[key]": 1}}, "/metadata/[key]"),
        ({"metadata": {"\ud800": "a", "b": "c"}}, "/metadata/\ufffd\ufffd\ufffd"),
    ],
)
def test_places(body: object, pointer: str) -> None:
    with pytest.raises(InvalidRecord) as invalid:
        read_shape(EndpointShape, body)
    assert [fault.pointer for fault in invalid.value.faults] == [pointer]


def test_a_step_of_a_pointer() -> None:
    """RFC 6901 3: '~' needs to be encoded as '~0' and '/' needs to be encoded as '~1'."""
    assert (escaped("a/b~c"), escaped("~1"), escaped(3)) == ("a~1b~0c", "~01", "3")
