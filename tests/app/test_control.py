import asyncio

import pytest

from dnsd.app import control as module
from dnsd.app.control import Control, catalog_of
from dnsd.app.doors import open_doors
from dnsd.config import load
from dnsd.model.errors import InvalidSetting
from dnsd.model.names import name_from_text
from dnsd.runtime.clock import SystemClock
from dnsd.server.feed import LocalFeed


@pytest.fixture
def build(tmp_path):
    """Builds controls of these settings, with the table they fill; all sockets are closed after the test."""
    opened = []

    def make(url, feed_of=LocalFeed, **more):
        here = {"dns": ["127.0.0.1:0"], "admin": "127.0.0.1:0", "redis": url, "state_dir": str(tmp_path)}
        settings = load({**here, **more}, {})
        opened.append(open_doors(settings))
        catalog = catalog_of(settings)
        feed = feed_of(catalog.table)
        control = Control(settings, url, opened[-1].admin, catalog, feed, SystemClock(), None)
        return control, catalog, opened[-1].admin_address

    yield make
    for doors in opened:
        doors.close()


async def status_of(address, path):
    reader, writer = await asyncio.open_connection(address.host, address.port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n".encode())
    line = await reader.readline()
    writer.close()
    return int(line.split()[1])


async def test_it_loads_serves_and_leaves(build, store_server):
    control, catalog, admin = build(store_server.url)
    await control.start()
    assert await control.ready(10) == ""
    assert catalog.table.loaded
    assert await status_of(admin, "/readyz") == 200
    leaving = asyncio.ensure_future(control.stop(0.5))
    await asyncio.sleep(0)
    assert await status_of(admin, "/readyz") == 503
    await asyncio.wait_for(leaving, 10)
    assert not control.failed.is_set()


class SlowFeed(LocalFeed):
    """Its responders answer from nothing new before they are told to."""

    may_apply = asyncio.Event()

    async def applied(self, revision, within_seconds):
        await self.may_apply.wait()
        return True


async def test_what_was_loaded_is_answered_before_it_is_saved(build, store_server, tmp_path, eventually, monkeypatch):
    """Whoever writes 100,000 lines takes turns with whoever sends them to the responders."""
    monkeypatch.setattr(SlowFeed, "may_apply", asyncio.Event())
    monkeypatch.setattr(module, "_ANSWERS_FIRST_SECONDS", 0.1)
    control, catalog, admin = build(store_server.url, SlowFeed)
    await control.start()
    await eventually(lambda: catalog.table.loaded)
    assert await status_of(admin, "/livez") == 200, "the admin API waits for a while only"
    assert not list(tmp_path.glob("mirror/*/snapshot"))
    SlowFeed.may_apply.set()
    await eventually(lambda: list(tmp_path.glob("mirror/*/snapshot")))
    await control.stop(0)


async def test_without_a_store_it_says_why_it_is_not_ready(build):
    control, catalog, admin = build("redis://127.0.0.1:1")
    await control.start()
    note = await control.ready(0.2)
    assert note.startswith("the registry is not loaded yet (connection: ")
    assert note.endswith("SERVFAIL until then")
    assert not catalog.table.loaded
    assert await status_of(admin, "/livez") == 200
    await control.stop(0)


async def test_static_zones_are_read_at_the_start_and_again(build, store_server, tmp_path, caplog):
    zone = tmp_path / "example.test.zone"
    zone.write_text("$TTL 60\n@ SOA ns hostmaster 1 1h 10m 7d 5\n@ NS ns\nns A 192.0.2.53\nwww A 192.0.2.80\n")
    control, catalog, _ = build(store_server.url, zones=str(tmp_path))
    await control.start()
    await control.ready(10)
    assert name_from_text("www.example.test") in catalog.table.nodes
    zone.write_text(zone.read_text() + "new A 192.0.2.81\n")
    await control.reload()
    assert name_from_text("new.example.test") in catalog.table.nodes
    zone.write_text("wrong")
    await control.reload()
    assert f"{zone}:1: " in caplog.text
    assert name_from_text("new.example.test") in catalog.table.nodes
    await control.stop(0)


async def test_a_store_that_cannot_be_one_is_refused(build):
    with pytest.raises(InvalidSetting):
        build("sentinel://h:1")


async def test_the_catalog_is_of_the_zones_and_networks_that_are_set():
    catalog = catalog_of(load({"zone": ["a.test", "b.test"], "reverse": ["192.0.2.0/24"], "dns": ["127.0.0.1:53"]}, {}))
    catalog.load([], [], 1)
    origins = {name_from_text(name) for name in ("a.test", "b.test", "2.0.192.in-addr.arpa")}
    assert origins <= set(catalog.table.zones)
    assert name_from_text("ns.dns.a.test") in catalog.table.nodes


@pytest.mark.parametrize(
    ("more", "is_home"),
    [
        ({}, True),
        ({"dns": ["127.0.0.1:0", "[::1]:0"], "dot": ["127.0.0.1:0"]}, True),
        ({"dns": ["127.0.0.1:0", "192.0.2.1:0"]}, False),
        ({"dot": ["192.0.2.1:0"]}, False),
        ({"doh": ["0.0.0.0:0"]}, False),
        ({"admin": "192.0.2.1:0", "insecure": True}, False),
    ],
)
def test_loopback_means_the_same_to_all_only_where_every_door_is_on_it(more, is_home):
    """faults.md: loopback "unless dnsd itself listens on loopback only"."""
    certificate = {"dns_tls_cert": "c", "dns_tls_key": "k"} if {"dot", "doh"} & set(more) else {}
    assert module._is_home(load({**more, **certificate}, {})) is is_home
