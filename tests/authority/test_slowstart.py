"""A new endpoint's weight rises from 1 to its own; what was there before counts in full."""

from dataclasses import replace

import pytest

from dnsd.answer.policy import AS_THEY_COME, Asked
from dnsd.answer.why import explain
from dnsd.authority.catalog import Catalog
from dnsd.model.change import Change, Removal
from dnsd.model.message import RRType
from dnsd.model.names import name_from_text
from dnsd.model.service import Endpoint, Port, Service

WEB = Service("default", "web", slow_start_seconds=10)
OLD = Endpoint("default", "web", "old", ("192.0.2.1",), (Port("http", "TCP", 80),), weight=100)
NEW = replace(OLD, id="new", addresses=("192.0.2.2",), weight=201)
SRV = Asked(name_from_text("_http._tcp.web.default.svc.cluster.local"), RRType.SRV, "192.0.2.9", 1232)


def weights(catalog: Catalog) -> dict[str, int]:
    """What SRV tells, by the first label of the target."""
    records = explain(SRV, catalog, 0, AS_THEY_COME).whole.answer
    return {
        record.rdata[7 : 7 + record.rdata[6]].decode(): int.from_bytes(record.rdata[2:4], "big") for record in records
    }


@pytest.fixture
def catalog() -> Catalog:
    made = Catalog([name_from_text("cluster.local")], [], [])
    made.load([WEB], [OLD], 1)
    return made


def test_it_rises_to_its_own_and_stays(catalog: Catalog) -> None:
    catalog.apply(Change(2, (NEW,)), now=100.0)
    assert weights(catalog) == {"old": 100, "new": 1}
    assert catalog.expire(105.0) is not None
    assert weights(catalog) == {"old": 100, "new": 101}
    catalog.apply(Change(3, (replace(NEW, weight=21),)), now=105.0)
    assert weights(catalog)["new"] == 11
    assert catalog.expire(110.0) is not None
    assert weights(catalog)["new"] == 21
    assert catalog.expire(111.0) is None


def test_who_comes_back_starts_anew(catalog: Catalog) -> None:
    catalog.apply(Change(2, (NEW,)), now=100.0)
    catalog.apply(Change(3, (), (Removal(NEW.key, "expired"),)), now=109.0)
    assert catalog.expire(109.5) is None
    catalog.apply(Change(4, (NEW,)), now=110.0)
    assert weights(catalog)["new"] == 1


def test_a_service_and_its_first_endpoint_in_one_change(catalog: Catalog) -> None:
    other = replace(WEB, name="other")
    catalog.apply(Change(2, (other, replace(NEW, service="other"))), now=100.0)
    assert [each.weight for each in catalog.published(other.key)] == [1]
    catalog.apply(Change(3, (replace(other, slow_start_seconds=0),)), now=101.0)
    assert [each.weight for each in catalog.published(other.key)] == [201]


def test_weights_of_none_and_one_stay(catalog: Catalog) -> None:
    catalog.apply(Change(2, (replace(NEW, weight=1), replace(NEW, id="off", weight=0))), now=100.0)
    assert {each.id: each.weight for each in catalog.published(WEB.key)} == {"old": 100, "new": 1, "off": 0}


def test_no_slow_start_no_work(catalog: Catalog) -> None:
    catalog.apply(Change(2, (replace(WEB, slow_start_seconds=0), NEW)), now=100.0)
    assert weights(catalog)["new"] == 201
    assert catalog.expire(101.0) is None


def test_each_step_is_due_a_second_after_the_one_before(catalog: Catalog) -> None:
    assert not catalog.is_due(99.0)
    catalog.apply(Change(2, (NEW,)), now=100.0)
    assert not catalog.is_due(100.9)
    assert catalog.is_due(101.0)
    catalog.apply(Change(3), now=101.0)
    assert weights(catalog)["new"] == 21
    assert not catalog.is_due(101.9)
    catalog.apply(Change(4), now=110.0)
    assert weights(catalog)["new"] == 201
    assert not catalog.is_due(200.0)
