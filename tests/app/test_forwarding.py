import pytest

from dnsd.app.forwarding import check_forwarding, forwarder_of, is_us, routes_of
from dnsd.config import load
from dnsd.forward.exchange import TRY_SECONDS
from dnsd.forward.forwarder import ANSWER_SECONDS
from dnsd.forward.tries import TRIES
from dnsd.forward.upstream import Upstream
from dnsd.model.errors import InvalidSetting
from dnsd.model.names import ROOT, name_from_text
from dnsd.runtime.clock import SystemClock

NEVER = "192.0.2.1"


def settings(**given):
    return load({"dns": ["127.0.0.1:1053"], **given}, {"HOME": "/home/u"})


def refusal(**given):
    with pytest.raises(InvalidSetting) as refused:
        check_forwarding(settings(**given))
    return str(refused.value)


def test_nothing_is_forwarded_unless_it_is_set():
    assert forwarder_of(settings(), SystemClock()) is None
    check_forwarding(settings())


def test_upstreams_domains_and_networks_become_routes():
    routes = routes_of(
        settings(
            forward=[NEVER, "tls://192.0.2.2#dns.example.net"],
            forward_domain=["corp.example=192.0.2.3", "corp.example=192.0.2.4:5353", "172.16.0.0/12=192.0.2.5"],
        )
    )
    assert routes.upstreams_of(ROOT) == (Upstream(NEVER), Upstream("192.0.2.2", 853, True, "dns.example.net"))
    assert routes.upstreams_of(name_from_text("a.corp.example")) == (Upstream("192.0.2.3"), Upstream("192.0.2.4", 5353))
    assert routes.upstreams_of(name_from_text("1.1.17.172.in-addr.arpa")) == (Upstream("192.0.2.5"),)
    assert len(routes.reverse()) == 16


@pytest.mark.parametrize(
    ("dns", "upstream", "us"),
    [
        ("127.0.0.1:1053", "127.0.0.1:1053", True),
        ("127.0.0.1:1053", "127.0.0.2:1053", False),
        ("127.0.0.1:1053", "127.0.0.1", False),
        ("0.0.0.0:1053", "127.0.0.9:1053", True),
        ("0.0.0.0:1053", "192.0.2.1:1053", False),
        ("[::]:1053", "[::1]:1053", True),
        ("[::1]:1053", "[0:0::1]:1053", True),
    ],
)
def test_our_own_door_is_refused_as_an_upstream(dns, upstream, us):
    if us:
        assert "where this dnsd listens" in refusal(dns=[dns], forward=[upstream])
        assert "where this dnsd listens" in refusal(dns=[dns], forward_domain=[f"corp.example={upstream}"])
    else:
        check_forwarding(settings(dns=[dns], forward=[upstream]))


def test_the_hosts_resolv_conf_is_read_without_ourselves(tmp_path):
    path = tmp_path / "resolv.conf"
    path.write_text("search example.com\nnameserver 127.0.0.1\nnameserver 192.0.2.1\n")
    given = settings(dns=["127.0.0.1:53"], forward=[str(path)])
    assert routes_of(given).upstreams_of(ROOT) == (Upstream(NEVER),)
    assert is_us(Upstream("127.0.0.1"), given)
    path.write_text("nameserver 127.0.0.1\n")
    assert "nobody but this dnsd itself" in refusal(dns=["127.0.0.1:53"], forward=[str(path)])
    path.write_text("search example.com\n")
    assert "names no nameserver" in refusal(forward=[str(path)])
    assert "cannot be read" in refusal(forward=[str(tmp_path / "nowhere")])


def test_authorities_that_cannot_be_read_are_told(tmp_path):
    missing = str(tmp_path / "nowhere.pem")
    assert "forward_ca_file" in refusal(forward=["tls://192.0.2.2"], forward_ca_file=missing)
    check_forwarding(settings(forward=[NEVER], forward_ca_file=missing))


async def test_a_forwarder_is_made_of_the_settings():
    forwarder = forwarder_of(settings(forward=[NEVER, "tls://192.0.2.2"], forward_cache_octets="0"), SystemClock())
    assert forwarder is not None
    assert forwarder.reverse == frozenset()
    await forwarder.close()


def test_its_figures_are_those_that_were_promised():
    # glibc waits for 5 s; RFC 8767 5 lets nothing be stale for more than three days.
    assert (TRIES, TRY_SECONDS, ANSWER_SECONDS) == (2, 1.5, 4.0)
    made = settings(forward=[NEVER])
    assert (made.forward_in_flight, made.forward_stale_seconds) == (1000, 86_400)
    with pytest.raises(InvalidSetting, match="forward_stale_seconds"):
        settings(forward=[NEVER], forward_stale_seconds=3 * 86_400 + 1)
