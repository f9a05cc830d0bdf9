from upstreams import a_question

from dnsd.forward import flights as flights_module
from dnsd.forward.flights import Flights
from dnsd.model.message import Rcode, Resolved


def test_identical_questions_are_one_flight():
    flights, told = Flights(10), []
    assert [flights.join(a_question(), told.append) for _ in range(3)] == [True, False, False]
    assert flights.join(a_question(is_do=True), told.append)
    assert len(flights) == 2
    for deliver in flights.land(a_question()):
        deliver(Resolved(Rcode.NOERROR))
    assert (len(told), len(flights)) == (3, 1)
    assert flights.land(a_question()) == []
    assert flights.join(a_question(), told.append)


def test_more_than_the_most_is_full_but_for_who_joins():
    flights = Flights(2)
    for name in ("a.example", "b.example"):
        assert not flights.is_full_for(a_question(name))
        flights.join(a_question(name), list)
    assert flights.is_full_for(a_question("c.example"))
    assert not flights.is_full_for(a_question("a.example"))
    flights.land(a_question("a.example"))
    assert not flights.is_full_for(a_question("c.example"))


def test_who_waits_is_bounded_over_all_questions(monkeypatch):
    monkeypatch.setattr(flights_module, "WAITING_MOST", 5)
    flights = Flights(10)
    for _ in range(5):
        flights.join(a_question(), list)
    assert flights.is_full_for(a_question())
    flights.land(a_question())
    assert not flights.is_full_for(a_question())
