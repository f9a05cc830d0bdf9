"""Bodies that name many objects: their shape here, what they mean at the door."""

import pytest

from dnsd.codec.requests import keys_in_document, operations_in_document
from dnsd.model.errors import InvalidRecord

KEY = {"namespace": "default", "service": "web", "id": "a"}


def test_keys_as_they_were_given() -> None:
    (key,) = keys_in_document({"endpoints": [KEY]})
    assert (key.namespace, key.service, key.id) == ("default", "web", "a")
    assert keys_in_document({"endpoints": []}) == []


def test_a_value_that_is_null_is_there_and_one_that_is_not_is_not() -> None:
    operation = {"op": "put", "kind": "endpoint"} | KEY
    given, missing = operations_in_document({"operations": [operation | {"value": None}, operation]})
    assert (given.has_value, missing.has_value) == (True, False)


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        (None, [""]),
        ({}, ["/endpoints"]),
        ({"endpoints": [KEY, 5]}, ["/endpoints/1"]),
        ({"endpoints": [{"namespace": 1}]}, ["/endpoints/0/namespace", "/endpoints/0/service", "/endpoints/0/id"]),
        ({"endpoints": [], "x": 1}, ["/x"]),
    ],
)
def test_every_fault_of_shape_has_its_place(body: object, fields: list[str]) -> None:
    with pytest.raises(InvalidRecord) as invalid:
        keys_in_document(body)
    assert [fault.pointer for fault in invalid.value.faults] == fields


def test_an_operation_is_one_of_five() -> None:
    with pytest.raises(InvalidRecord) as invalid:
        operations_in_document({"operations": [{"op": "create", "kind": "node", "namespace": "a", "service": "b"}]})
    assert [fault.pointer for fault in invalid.value.faults] == ["/operations/0/op", "/operations/0/kind"]
