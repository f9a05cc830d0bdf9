"""The directory of static zones: what is served, what is told, and that a wrong file keeps its old zone."""

import ctypes
import subprocess
import sys
from pathlib import Path

import pytest

from dnsd.model.names import name_from_text, name_to_text
from dnsd.registry.zones import StaticZones

CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 1, 2
PR_CAPBSET_DROP = 24
"""Of capabilities(7) and prctl(2)."""
EXAMPLE = Path(__file__).parents[2] / "zones"
OWNED = [name_from_text("cluster.local")]
GOOD = "$TTL 60\n@ SOA ns1 host 1 2 3 4 5\n@ NS ns1\nns1 A 192.0.2.1\n"


@pytest.fixture
def directory(tmp_path):
    (tmp_path / "example.org.zone").write_text(GOOD)
    return tmp_path


def served(read):
    return {name_to_text(zone.origin): len(zone.rrsets) for zone in read.zones}


def test_the_files_name_is_the_zones(directory):
    read = StaticZones(directory, OWNED).load()
    assert served(read) == {"example.org.": 3}
    assert (read.problems, read.warnings) == ((), ())
    assert read.zones[0].source == str(directory / "example.org.zone")


def test_the_shipped_example_is_right():
    read = StaticZones(EXAMPLE, OWNED).load()
    assert (read.problems, read.warnings) == ((), ())
    assert served(read) == {"example.internal.": 37}


def test_a_wrong_file_keeps_its_old_zone_and_says_why(directory):
    zones = StaticZones(directory, OWNED)
    before = zones.load().zones
    (directory / "example.org.zone").write_text(GOOD + "www A 192.0.2.256\n\nx FOO y\n")
    read = zones.load()
    path = directory / "example.org.zone"
    assert read.zones == before
    assert read.problems == (
        f"{path}:5: '192.0.2.256' is not an IPv4 address",
        f"{path}:7: 'FOO' is not a record type: a name such as SRV, or TYPE with a number up to 65535",
        f"{path}:1: example.org. goes on as it was read before",
    )
    (directory / "example.org.zone").write_text(GOOD + "www A 192.0.2.2\n")
    read = zones.load()
    assert (served(read), read.problems) == ({"example.org.": 4}, ())


def test_a_file_wrong_from_the_start_is_told_and_the_others_are_served(directory):
    (directory / "wrong.org.zone").write_text("nothing here\n")
    read = StaticZones(directory, OWNED).load()
    assert served(read) == {"example.org.": 3}
    assert [problem.rpartition("/")[2] for problem in read.problems] == [
        "wrong.org.zone:1: 'here' is not a record type: a name such as SRV, or TYPE with a number up to 65535"
    ]


def test_a_file_that_is_gone_takes_its_zone_with_it(directory):
    zones = StaticZones(directory, OWNED)
    zones.load()
    (directory / "example.org.zone").unlink()
    read = zones.load()
    assert (read.zones, read.problems, read.warnings) == ((), (), ())


def test_a_directory_that_cannot_be_read_keeps_all_zones(directory):
    zones = StaticZones(directory, OWNED)
    before = zones.load().zones
    directory.rename(directory.with_name("elsewhere"))
    read = zones.load()
    assert read.zones == before
    assert read.problems == (f"{directory}:1: cannot be read: No such file or directory",)


def test_the_soa_stands_at_the_name_of_the_file(directory):
    (directory / "copy.org.zone").write_text(GOOD.replace("@", "example.org."))
    read = StaticZones(directory, OWNED).load()
    assert served(read) == {"example.org.": 3}
    assert read.problems[0].endswith("copy.org.zone:2: SOA at example.org., but the zone is copy.org.")


def test_one_zone_in_two_files_is_served_from_the_first(directory):
    (directory / "EXAMPLE.org.zone").write_text(GOOD + "x A 192.0.2.3\n")
    read = StaticZones(directory, OWNED).load()
    assert served(read) == {"example.org.": 4}
    assert read.problems == (
        f"{directory / 'example.org.zone'}:1: example.org. is served from {directory / 'EXAMPLE.org.zone'} already",
    )


def test_a_second_file_for_a_zone_does_not_bring_an_old_one_back(directory):
    zones = StaticZones(directory, OWNED)
    zones.load()
    (directory / "EXAMPLE.org.zone").write_text(GOOD + "x A 192.0.2.3\n")
    read = zones.load()
    assert served(read) == {"example.org.": 4}
    assert len(read.problems) == 1


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("cluster.local", "cluster.local. is the registry's own zone cluster.local."),
        ("svc.Cluster.Local", "svc.cluster.local. lies inside the registry's own zone cluster.local."),
        ("local", "local. holds the registry's own zone cluster.local."),
    ],
)
def test_the_registrys_own_zones_are_not_touched(directory, name, what):
    (directory / f"{name}.zone").write_text(GOOD)
    read = StaticZones(directory, OWNED).load()
    assert served(read) == {"example.org.": 3}
    assert read.problems == (f"{directory / name}.zone:1: {what}",)


def test_a_zone_inside_another_static_one_is_possible(directory):
    (directory / "sub.example.org.zone").write_text(GOOD)
    assert served(StaticZones(directory, OWNED).load()) == {"example.org.": 3, "sub.example.org.": 3}


def test_a_file_whose_name_is_no_domain_name(directory):
    (directory / "a..b.zone").write_text(GOOD)
    (problem,) = StaticZones(directory, OWNED).load().problems
    assert problem.endswith("a..b.zone:1: the file's name is no zone's: empty label in 'a..b'")


def test_included_files_lie_beside_and_are_no_zones(directory):
    (directory / "hosts.inc").write_text("www A 192.0.2.2\n")
    (directory / "example.org.zone").write_text(GOOD + "$INCLUDE hosts.inc\n")
    read = StaticZones(directory, OWNED).load()
    assert (served(read), read.problems, read.warnings) == ({"example.org.": 4}, (), ())


def test_a_fault_in_an_included_file_names_it(directory):
    (directory / "hosts.inc").write_text("\nwww A x\n")
    (directory / "example.org.zone").write_text(GOOD + "$INCLUDE hosts.inc\n$INCLUDE gone.inc\n")
    assert StaticZones(directory, OWNED).load().problems == (
        f"{directory / 'hosts.inc'}:2: 'x' is not an IPv4 address",
        f"{directory / 'example.org.zone'}:6: {directory / 'gone.inc'} cannot be read: No such file or directory",
    )


def test_a_file_that_looks_like_a_zone_is_not_passed_over_in_silence(directory):
    for name in ("db.example.net", "README.md", ".swp.zone", ".hidden"):
        (directory / name).write_text(GOOD)
    (directory / "folder.zone").mkdir()
    read = StaticZones(directory, OWNED).load()
    assert served(read) == {"example.org.": 3}
    assert read.warnings == (
        f"{directory / 'db.example.net'}:1: not read: it does not end in .zone, and no zone includes it",
    )


def test_oddities_are_told_with_file_and_line(directory):
    (directory / "example.org.zone").write_text(GOOD + "@ MX 1 mail\n")
    (warning,) = StaticZones(directory, OWNED).load().warnings
    assert warning.endswith("example.org.zone:5: MX target mail.example.org. has no address in this zone")


def test_octets_that_are_no_text_stay_as_they_are(directory):
    (directory / "example.org.zone").write_bytes(GOOD.encode() + b'x TXT "\xff\xc3\xbc"\n; \xfe\n')
    read = StaticZones(directory, OWNED).load()
    assert read.problems == ()
    assert b"\3\xff\xc3\xbc" in [rrset.records[0].rdata for rrset in read.zones[0].rrsets]


def test_a_file_that_may_not_be_read(directory):
    path = directory / "example.org.zone"
    path.chmod(0)
    program = "from pathlib import Path; from dnsd.registry.zones import StaticZones;"
    program += f"print(*StaticZones(Path({str(directory)!r}), []).load().problems)"
    told = subprocess.run(
        [sys.executable, "-c", program], preexec_fn=_without_every_file, capture_output=True, text=True, check=True
    )
    assert told.stdout == f"{path}:1: cannot be read: Permission denied\n"


def _without_every_file() -> None:
    """Root's children may read every file no more; nobody else's may anyway, and is not let do this."""
    for capability in (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH):
        ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)


def test_a_file_that_cannot_be_read_keeps_its_zone(directory):
    zones = StaticZones(directory, OWNED)
    before = zones.load().zones
    (directory / "example.org.zone").unlink()
    (directory / "example.org.zone").symlink_to("/proc/self/mem")
    read = zones.load()
    assert read.zones == before
    assert read.problems[0] == f"{directory / 'example.org.zone'}:1: cannot be read: Input/output error"
