import logging
from dataclasses import replace

import pytest

from dnsd.model.errors import StoreUnavailable
from dnsd.registry.contact import Contact
from dnsd.store.operations import Facts


def facts(run_id="a", is_append_only=True):
    return Facts("redis", "7.0.15", "master", run_id, "b", is_append_only, "noeviction", 0)


@pytest.fixture
def contact(hand_clock):
    return Contact("unix:///s", hand_clock, lambda: 1.0)


def test_each_turn_is_logged_once(contact, caplog):
    caplog.set_level(logging.INFO)
    contact.lose(StoreUnavailable("connection", "refused"))
    contact.lose(StoreUnavailable("connection", "reset"))
    assert (contact.is_connected, contact.problem) == (False, "connection: reset")
    contact.lose(StoreUnavailable("store-suspect", "empty"))
    contact.gain("", "revision 3")
    contact.gain("", "revision 4")
    assert (contact.is_connected, contact.problem) == (True, "")
    contact.lose(StoreUnavailable("connection", "refused"))
    assert [record.message.partition(":")[0] for record in caplog.records] == [
        "the store is away, answers go on from memory",
        "the store is away, answers go on from memory",
        "in step with unix",
        "the store is away, answers go on from memory",
    ]


def test_a_server_is_named_when_it_is_another(contact, caplog):
    caplog.set_level(logging.INFO)
    contact.meet(facts())
    contact.meet(facts())
    contact.meet(facts("other", is_append_only=False))
    assert [record.levelname for record in caplog.records] == ["INFO", "INFO", "WARNING"]
    settings = "appendonly yes, maxmemory-policy noeviction, min-replicas-to-write 0"
    assert caplog.records[0].message == f"store: redis 7.0.15 at unix:///s: master, {settings}"
    assert "no append-only file" in caplog.text
    assert contact.facts.run_id == "other"


def test_what_a_server_does_not_tell_is_unknown(contact, caplog):
    caplog.set_level(logging.INFO)
    contact.meet(replace(facts(is_append_only=False), replicas_to_write=None))
    assert "appendonly no, maxmemory-policy noeviction, min-replicas-to-write unknown" in caplog.text


def test_its_age_counts_from_when_the_store_was_heard(contact, hand_clock):
    hand_clock.advance(5)
    assert contact.age_seconds == 5
    contact.hear()
    assert contact.age_seconds == 0


def test_pauses_double_up_to_the_most_and_begin_anew(contact):
    pauses = [contact.pause_seconds() for _ in range(8)]
    assert pauses == pytest.approx([0.1, 0.2, 0.4, 0.8, 1.6, 2.0, 2.0, 2.0])
    contact.gain("", "")
    assert contact.pause_seconds() == pytest.approx(0.1)


@pytest.mark.parametrize(("chance", "second"), [(0.0, 0.1), (0.5, 0.15)])
def test_pauses_are_drawn(hand_clock, chance, second):
    contact = Contact("unix:///s", hand_clock, lambda: chance)
    contact.pause_seconds()
    assert contact.pause_seconds() == pytest.approx(second)
