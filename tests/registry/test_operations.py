import pytest

from dnsd.model.service import Endpoint, Service
from dnsd.registry.operations import Precondition, Put


@pytest.mark.parametrize(
    ("precondition", "expected"),
    [(Precondition(), ""), (Precondition(revision=12), "12"), (Precondition(absent=True), "absent")],
)
def test_a_precondition_as_the_store_takes_it(precondition, expected):
    assert precondition.expected == expected


def test_a_put_is_about_its_values_key():
    assert Put(Service("default", "web")).key == ("default", "web")
    assert Put(Endpoint("default", "web", "a", ("192.0.2.1",))).key == ("default", "web", "a")
