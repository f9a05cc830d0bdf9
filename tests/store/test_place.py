"""Where the store is: every kind of URL, tried against a real server."""

import asyncio
import subprocess

import pytest
from ports import free_port

from dnsd.model.errors import InvalidSetting, StoreUnavailable
from dnsd.store.operations import put
from dnsd.store.place import Place, masked
from dnsd.store.redis import CLUSTER_COMMAND, COMMANDS, KEY_PATTERN


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://h:1/2", "redis://h:1/2"),
        ("redis://user:secret@h:1/2", "redis://user:***@h:1/2"),
        ("redis://:secret@h", "redis://:***@h"),
        ("rediss://u:p@ss@h?ssl_ca_certs=/x&password=secret", "rediss://u:***@h"),
        ("sentinel://:secret@h1:1,h2/main/0?sentinel_password=secret", "sentinel://:***@h1:1,h2/main/0"),
    ],
)
def test_no_secret_of_a_url_is_shown(url, shown):
    assert masked(url) == shown
    assert "secret" not in masked(url)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://h", "must specify one of the following schemes"),
        ("redis://h:port", "Port could not be cast"),
        ("redis://h?nonsense=1", "'nonsense' is nothing that can stand"),
        ("redis://h?db=x", "Invalid value for 'db'"),
        ("redis://h?ssl_ca_certs=/x", "TLS settings need rediss"),
        ("sentinel://h:1", "write sentinel://host:port"),
        ("sentinel://h:1/main/x", "write sentinel://host:port"),
        ("sentinel://h:1/main?x=1", "'x' is nothing that can stand"),
        ("sentinel:///main", "'' is not host:port"),
        ("cluster://h:1/3", "a Cluster has no database numbers"),
    ],
)
def test_a_url_that_cannot_be_one_is_refused(url, why):
    with pytest.raises(InvalidSetting, match=why) as caught:
        Place(url, "{dnsd}:meta")
    assert str(caught.value).startswith("--redis ")


@pytest.mark.parametrize(("url", "copies"), [("redis://h", 0), ("sentinel://h/main", 1), ("cluster://h", 1)])
def test_copies_are_asked_for_where_there_must_be_some(url, copies):
    assert Place(url, "{dnsd}:meta").copies_default == copies


async def test_redis_with_user_password_and_database(make_server, server, web_1, make_store):
    own = make_server(server.kind, port=free_port())
    own.ask("ACL", "SETUSER", "dnsd", "on", ">s%cret", "~*", "+@all")
    own.ask("ACL", "SETUSER", "default", "off")
    store = make_store(f"redis://dnsd:s%25cret@127.0.0.1:{own.port}/3")
    assert (await store.write([put(web_1)], 0)).revision == 1
    wrong = make_store(f"redis://dnsd:wrong@127.0.0.1:{own.port}")
    with pytest.raises(StoreUnavailable, match=r"redis://dnsd:\*\*\*@") as caught:
        await wrong.open()
    assert caught.value.reason == "no-auth"
    assert "wrong" not in str(caught.value).replace("WRONGPASS", "")


async def test_nobody_there(tmp_path, make_store):
    for url in (f"unix://{tmp_path}/none", f"redis://127.0.0.1:{free_port()}"):
        with pytest.raises(StoreUnavailable) as caught:
            await make_store(url).open()
        assert caught.value.reason == "connection"


async def test_rediss_checks_the_servers_certificate(make_server, tmp_path, web_1, make_store):
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    request = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    request += ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run(["openssl", *request, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    port = free_port()
    tls = ("--tls-port", str(port), "--tls-cert-file", str(certificate), "--tls-key-file", str(key))
    make_server("redis", *tls, "--tls-auth-clients", "no")
    store = make_store(f"rediss://127.0.0.1:{port}?ssl_ca_certs={certificate}")
    assert (await store.write([put(web_1)], 0)).revision == 1
    assert (await store.write([put(web_1)], 0)).results[0].outcome == "renewed"
    with pytest.raises(StoreUnavailable, match="certificate verify failed"):
        await make_store(f"rediss://127.0.0.1:{port}").open()


async def until_ready(store):
    """Come back when the store takes calls, with no connection left open."""
    async with asyncio.timeout(15):
        while True:
            try:
                await store.open()
                return await store.close()
            except StoreUnavailable:
                await asyncio.sleep(0.05)


@pytest.mark.parametrize("server", ["redis"], indirect=True)  # two seconds until a Cluster takes writes
async def test_cluster_finds_the_master_of_our_slot(make_server, server, web_1, make_store):
    port = free_port()
    own = make_server(server.kind, "--cluster-enabled", "yes", "--cluster-port", str(free_port()), port=port)
    own.ask("CLUSTER", "ADDSLOTS", *(str(slot) for slot in range(16384)))
    commands = [f"+{command}" for command in (*COMMANDS, CLUSTER_COMMAND)]
    own.ask("ACL", "SETUSER", "dnsd", "on", ">secret", f"~{KEY_PATTERN.format(prefix='{dnsd}')}", *commands)
    own.ask("ACL", "SETUSER", "default", "off")
    store = make_store(f"cluster://dnsd:secret@127.0.0.1:1,127.0.0.1:{port}", copies=0)
    await until_ready(store)
    assert (await store.write([put(web_1)], 0)).durability == "local"
    assert await store.renew([web_1.key]) == [15]
    reader = store.reader()
    assert [revision for revision, _ in await reader.changes(0)] == [1]
    await reader.close()


@pytest.fixture
def sentinel_url(make_server, server, tmp_path):
    """A sentinel that knows one master with one replica; and the two."""
    master = make_server(server.kind, port=free_port())
    replica = make_server(server.kind, "--replicaof", "127.0.0.1", str(master.port), port=free_port())
    port = free_port()
    settings = tmp_path / "sentinel.conf"
    settings.write_text(f"sentinel monitor main 127.0.0.1 {master.port} 1\n")
    binary = f"/proc/{master._process.pid}/exe"
    command = [binary, settings, "--sentinel", "--port", str(port), "--bind", "127.0.0.1", "--loglevel", "warning"]
    watcher = subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=tmp_path)
    yield f"sentinel://127.0.0.1:1,127.0.0.1:{port}/main/0", master, replica
    watcher.kill()
    watcher.wait()


async def test_sentinel_writes_are_replicated_or_refused_and_no_replica_is_taken_for_the_master(
    sentinel_url, eventually, web_1, make_endpoint, make_store
):
    url, master, replica = sentinel_url
    await eventually(lambda: "master_link_status:up" in replica.ask("INFO", "replication"))
    await eventually(lambda: "state=online" in master.ask("INFO", "replication"))
    store, patient = make_store(url, write_seconds=0.6), make_store(url, write_seconds=10)
    await until_ready(store)
    assert (await patient.write([put(web_1)], 0)).durability == "replicated"
    assert await patient.renew([web_1.key]) == [15]
    assert ":1\r\n" in replica.ask("EXISTS", store.keys.endpoints)

    replica.stop()
    with pytest.raises(StoreUnavailable, match="0 of 1 copies") as caught:
        await store.write([put(make_endpoint("other"))], 0)
    assert caught.value.reason == "not-replicated"
    # The client tries again, elsewhere: nothing differs now, and still no copy has it.
    with pytest.raises(StoreUnavailable, match="0 of 1 copies"):
        await make_store(url, write_seconds=0.6).write([put(make_endpoint("other"))], 0)
    replica.wake()
    await eventually(lambda: "lag=0" in master.ask("INFO", "replication"))
    again = await patient.write([put(make_endpoint("other"))], 0)
    assert (again.durability, again.results[0].outcome) == ("replicated", "renewed")

    reader = make_store(url).reader()
    assert (await reader.position()).role == "master"
    master.ask("REPLICAOF", "127.0.0.1", str(replica.port))
    with pytest.raises(StoreUnavailable, match="is a slave now, not the master"):
        await reader.position()
    await reader.close()
    with pytest.raises(StoreUnavailable, match="is a slave, not the master"):
        await make_store(url).open()


async def test_a_master_that_says_nothing_does_not_hold_a_write_for_all_of_its_time(sentinel_url, make_store):
    url, master, _ = sentinel_url
    await until_ready(make_store(url))
    master.stop()
    with pytest.raises(StoreUnavailable, match=f"127.0.0.1:{master.port} said nothing in 1 s"):
        await make_store(url, write_seconds=30).open()
    master.wake()
