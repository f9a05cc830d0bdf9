import pytest

from dnsd.forward.upstream import Upstream, nameservers_of, parse_upstream


@pytest.mark.parametrize(
    ("text", "upstream", "shown"),
    [
        ("192.0.2.1", Upstream("192.0.2.1"), "192.0.2.1:53"),
        ("192.0.2.1:5353", Upstream("192.0.2.1", 5353), "192.0.2.1:5353"),
        ("2001:DB8::1", Upstream("2001:db8::1"), "[2001:db8::1]:53"),
        ("[2001:db8::1]:5353", Upstream("2001:db8::1", 5353), "[2001:db8::1]:5353"),
        ("[2001:db8::1]", Upstream("2001:db8::1"), "[2001:db8::1]:53"),
        ("::ffff:192.0.2.1", Upstream("192.0.2.1"), "192.0.2.1:53"),
        ("tls://192.0.2.1", Upstream("192.0.2.1", 853, True), "tls://192.0.2.1:853"),
        ("tls://[2001:db8::1]:8853", Upstream("2001:db8::1", 8853, True), "tls://[2001:db8::1]:8853"),
        (
            "tls://192.0.2.1#DNS.Example.net.",
            Upstream("192.0.2.1", 853, True, "dns.example.net"),
            "tls://192.0.2.1:853#dns.example.net",
        ),
    ],
)
def test_an_upstream_is_read_and_shown_in_one_spelling(text, upstream, shown):
    assert parse_upstream(text) == upstream
    assert str(upstream) == shown
    assert parse_upstream(shown) == upstream


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "ADDR"),
        ("dns.example.net", "ADDR"),
        ("192.0.2.1:0", "port"),
        ("192.0.2.1:65536", "port"),
        ("192.0.2.1:five", "port"),
        ("[2001:db8::1", "ADDR"),
        ("[2001:db8::1]x", "ADDR"),
        ("0.0.0.0", "one resolver"),
        ("224.0.0.251", "one resolver"),
        ("tls://user@192.0.2.1", "ADDR"),
        ("tls://192.0.2.1/path", "ADDR"),
        ("https://192.0.2.1", "ADDR"),
    ],
)
def test_what_is_no_upstream_says_what_is_right(text, why):
    with pytest.raises(ValueError, match=why):
        parse_upstream(text)


def test_a_resolv_conf_names_three_resolvers_at_most():
    text = """# made by hand
search example.com
nameserver 192.0.2.1
nameserver 192.0.2.1
nameserver dns.example.net
nameserver
  nameserver 2001:db8::1 # the other
nameserver 192.0.2.3
nameserver 192.0.2.4
options ndots:5
"""
    assert nameservers_of(text) == (Upstream("192.0.2.1"), Upstream("2001:db8::1"), Upstream("192.0.2.3"))
    assert nameservers_of("search example.com\n") == ()
