from dnsd.forward.routes import Routes
from dnsd.forward.upstream import Upstream
from dnsd.model.names import ROOT, name_from_text

REST, CORP, DEEP, NET = (Upstream(f"192.0.2.{number}") for number in range(1, 5))


def routes():
    return Routes(
        {
            ROOT: [REST],
            name_from_text("corp.example"): [CORP, REST],
            name_from_text("deep.corp.example"): [DEEP],
            name_from_text("10.in-addr.arpa"): [NET],
            name_from_text("empty.example"): [],
        }
    )


def test_the_longest_domain_decides():
    asked = {name: routes().upstreams_of(name_from_text(name)) for name in ("corp.example", "a.b.corp.example")}
    assert asked == dict.fromkeys(asked, (CORP, REST))
    assert routes().upstreams_of(name_from_text("x.deep.corp.example")) == (DEEP,)
    assert routes().upstreams_of(name_from_text("notcorp.example")) == (REST,)
    assert routes().upstreams_of(name_from_text("a.empty.example")) == (REST,)
    assert routes().upstreams_of(ROOT) == (REST,)


def test_without_a_rest_other_names_are_nobodys():
    only = Routes({name_from_text("corp.example"): [CORP]})
    assert only.upstreams_of(name_from_text("example")) == ()
    assert only.domain_of(ROOT) is None


def test_all_upstreams_stand_once_and_reverse_ranges_are_known():
    assert routes().all() == (REST, CORP, DEEP, NET)
    assert routes().reverse() == {name_from_text("10.in-addr.arpa")}
    assert Routes({}).all() == ()
