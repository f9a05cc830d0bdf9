import argparse

import pytest

from dnsd.config import add_flags, load
from dnsd.config.options import OPTIONS
from dnsd.model.errors import InvalidSetting
from dnsd.server.address import Address


def parsed(*words):
    parser = argparse.ArgumentParser()
    add_flags(parser)
    return parser.parse_args(words)


@pytest.fixture
def settings_file(tmp_path):
    def write(text):
        path = tmp_path / "dnsd.toml"
        path.write_text(text)
        return str(path)

    return write


def refusal_of(arguments, environ):
    with pytest.raises(InvalidSetting) as refusal:
        load(arguments, environ)
    text = str(refusal.value)
    assert "\n" not in text
    return text


def test_the_defaults_are_those_of_the_contract():
    settings = load(parsed(), {"HOME": "/home/u"})
    assert settings.dns == (Address("127.0.0.1", 1053),)
    assert settings.admin == Address("127.0.0.1", 8053)
    assert (settings.redis, settings.redis_prefix, settings.required_copies) == (None, "dnsd", 0)
    assert settings.zone == ("cluster.local",)
    assert settings.reverse == ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")
    assert settings.advertise == ("127.0.0.1",)
    assert settings.zones is None
    assert settings.state_dir == "/home/u/.local/state/dnsd"
    assert (settings.workers, settings.lame_duck_seconds, settings.udp_payload) == (1, 5.0, 1232)
    assert settings.query_log == 0
    assert (settings.tokens, settings.insecure, settings.strict_namespaces) == (False, False, False)
    quotas = (settings.quota_services, settings.quota_endpoints, settings.quota_service_endpoints)
    assert (*quotas, settings.quota_metadata_octets) == (1000, 10_000, 1000, 1024)


def test_flags_beat_environment_beats_file_beats_default(settings_file):
    path = settings_file("workers = 2\nlog_level = 'debug'\nredis_prefix = 'file'\n")
    environ = {"DNSD_CONFIG": path, "DNSD_WORKERS": "3", "DNSD_REDIS_PREFIX": "environment"}
    settings = load(parsed("--workers", "4"), environ)
    assert (settings.workers, settings.redis_prefix, settings.log_level) == (4, "environment", "debug")
    assert settings.log_format == "plain"


def test_the_file_of_the_flag_beats_the_one_of_the_environment(settings_file):
    assert load(parsed("--config", settings_file("workers = 2")), {"DNSD_CONFIG": "/nowhere"}).workers == 2


def test_a_list_replaces_the_one_of_a_weaker_source(settings_file):
    path = settings_file("zone = ['a.local', 'b.local']\nreverse = ['192.0.2.0/24']")
    settings = load(parsed("--config", path, "--zone", "c.local", "--zone", "d.local"), {"DNSD_REVERSE": "10.0.0.0/8"})
    assert settings.zone == ("c.local", "d.local")
    assert settings.reverse == ("10.0.0.0/8",)


def test_a_list_in_the_environment_is_split_at_commas():
    settings = load({}, {"DNSD_DNS": "127.0.0.1:53,[::1]:53"})
    assert settings.dns == (Address("127.0.0.1", 53), Address("::1", 53))
    assert settings.advertise == ("127.0.0.1", "::1")


def test_an_empty_variable_counts_as_not_set():
    assert load({}, {"DNSD_WORKERS": ""}).workers == 1


def test_a_bare_switch_is_on():
    assert load(parsed("--insecure"), {}).insecure
    assert not load(parsed("--insecure=false"), {"DNSD_INSECURE": "true"}).insecure


@pytest.mark.parametrize("name", OPTIONS)
def test_every_setting_is_refused_by_name_and_origin_when_it_is_nonsense(name, settings_file):
    option = OPTIONS[name]
    nonsense = "\0" if option.kind.metavar in ("DIR", "FILE") else "!"
    if nonsense == "!":
        assert f"{name}: '!' (from {option.flag}) is wrong: " in refusal_of(parsed(option.flag + "=!"), {})
    assert f"(from {option.variable}) is wrong: " in refusal_of({}, {option.variable: nonsense})
    path = settings_file(f"# a comment\n\n{name} = {{}}\n")
    assert f"(from {path}:3) is wrong: " in refusal_of({"config": path}, {})


def test_a_wrong_value_in_the_file_is_named_with_its_line(settings_file):
    path = settings_file("redis_prefix = 'x'\n  workers=99 # many\n")
    text = refusal_of({"config": path}, {})
    assert text == f"workers: 99 (from {path}:2) is wrong: a whole number from 0 to 64 is needed"


def test_an_unknown_key_is_refused_with_the_nearest_name(settings_file):
    path = settings_file("workers = 1\nlame-duck-second = 3\n")
    text = refusal_of({"config": path}, {})
    assert text == f"{path}:2: unknown setting 'lame-duck-second'; is 'lame_duck_seconds' meant?"


def test_an_unknown_key_like_nothing_is_refused_with_all_names(settings_file):
    path = settings_file("[xyzzyxyzzy]\nx = 1\n")
    text = refusal_of({"config": path}, {})
    assert text.startswith(f"{path}:1: unknown setting 'xyzzyxyzzy'; there are dns, dot")


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"workers = = 1", "is not TOML: Invalid value (at line 1"),
        (b"\xff", "UTF-8"),
        (b"#" * (1 << 20) + b"#", "longer"),
    ],
)
def test_a_file_that_is_no_settings_file_is_refused(tmp_path, content, what):
    path = tmp_path / "dnsd.toml"
    path.write_bytes(content)
    assert what in refusal_of({"config": str(path)}, {})


def test_a_file_that_is_not_there_is_refused_with_who_named_it():
    assert "'/nowhere' (from --config) cannot be read: No such file" in refusal_of({"config": "/nowhere"}, {})
    assert "'/nowhere' (from DNSD_CONFIG) cannot be read" in refusal_of({}, {"DNSD_CONFIG": "/nowhere"})


def test_a_password_is_not_shown_with_a_wrong_url():
    assert "secret" not in refusal_of({}, {"DNSD_REDIS": "rediz://:secret@h/0"})


@pytest.mark.parametrize(
    ("environ", "directory"),
    [
        ({"STATE_DIRECTORY": "/var/lib/dnsd:/var/lib/more", "XDG_STATE_HOME": "/x"}, "/var/lib/dnsd"),
        ({"XDG_STATE_HOME": "/x", "HOME": "/h"}, "/x/dnsd"),
        ({"HOME": "/h"}, "/h/.local/state/dnsd"),
    ],
)
def test_the_state_directory_is_found(environ, directory):
    assert load({}, environ).state_dir == directory


def test_a_replica_has_a_name_of_its_own_that_lasts():
    one, again, other = load({}, {}), load({}, {}), load({"admin": "127.0.0.1:8054"}, {})
    assert one.replica == again.replica != other.replica
    assert load({"replica": one.replica}, {}).replica == one.replica


@pytest.mark.parametrize(
    ("url", "copies"),
    [("redis://h", 0), ("unix:///s", 0), ("sentinel://h:1/main/0", 1), ("cluster://h:1", 1)],
)
def test_copies_are_required_where_there_are_copies(url, copies):
    assert load({"redis": url}, {}).required_copies == copies
    assert load({"redis": url, "required_copies": "2"}, {}).required_copies == 2


def test_the_help_teaches_every_flag_with_default_and_variable():
    parser = argparse.ArgumentParser()
    add_flags(parser)
    text = " ".join(parser.format_help().split())
    for option in OPTIONS.values():
        assert option.flag in text
        assert option.variable in text
    assert "127.0.0.1:1053" in text
    assert "else ~/.local/state/dnsd" in text


def test_forwarding_may_stand_as_a_table(settings_file):
    path = settings_file(
        "workers = 2\n[forward]\nupstreams = ['192.0.2.1', 'tls://192.0.2.2#dns.example.net']\nin_flight = 10\n"
        "[forward.domains]\n'corp.example' = ['192.0.2.3', '192.0.2.4']\n'10.0.0.0/8' = '192.0.2.5'\n"
    )
    settings = load({"config": path}, {})
    assert settings.forward == ("192.0.2.1:53", "tls://192.0.2.2:853#dns.example.net")
    domains = ("corp.example.=192.0.2.3:53", "corp.example.=192.0.2.4:53", "10.0.0.0/8=192.0.2.5:53")
    assert (settings.forward_domain, settings.forward_in_flight) == (domains, 10)
    assert load({"config": path}, {"DNSD_FORWARD": "192.0.2.9"}).forward == ("192.0.2.9:53",)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("upstreams = ['dns.example']", "forward: 'dns.example' (from {}:3) is wrong"),
        ("in_flight = 0", "forward_in_flight: 0 (from {}:3) is wrong"),
        ("nonsense = 1", "{}:3: unknown setting 'forward_nonsense'"),
        ("domains = {'corp.example' = 'x'}", "forward_domain: 'corp.example=x' (from {}:3) is wrong"),
    ],
)
def test_what_is_wrong_in_the_table_is_told_with_its_line(settings_file, line, told):
    path = settings_file(f"workers = 2\n[forward]\n{line}\n")
    assert told.format(path) in refusal_of({"config": path}, {})
