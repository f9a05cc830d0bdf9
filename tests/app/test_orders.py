import os

import pytest

from dnsd.app.orders import Orders, post, take
from dnsd.config import load

SETTINGS = load({"redis": "redis://:secret@h/0", "dns": ["127.0.0.1:53", "[::1]:53"]}, {})
ORDERS = Orders(
    role="control",
    settings=SETTINGS,
    parent=7,
    store_url="redis://:secret@h/0",
    cookie_secret="00ff",
    dns=((3, 4), (5, 6)),
    admin=8,
    feeds=(9, 10),
    channel=11,
)


def test_orders_arrive_as_they_were_posted():
    reading = post(ORDERS)
    assert take(reading) == ORDERS
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(reading)


def test_a_child_inherits_what_its_orders_name():
    assert sorted(ORDERS.descriptors()) == [3, 4, 5, 6, 8, 9, 10, 11]
    assert Orders("responder", SETTINGS, 7, "", "").descriptors() == ()


def test_orders_that_would_fill_the_pipe_are_refused():
    with pytest.raises(OSError, match="60000 are possible"):
        post(Orders("control", SETTINGS, 7, "redis://" + "x" * 60_000, ""))
