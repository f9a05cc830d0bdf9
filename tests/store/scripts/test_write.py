"""The script behind every write: checked whole, applied whole, one revision, one stream entry."""

from dataclasses import replace

import pytest

from dnsd.model.errors import InvalidRecord, StoreUnavailable
from dnsd.model.service import Service
from dnsd.store.operations import ABSENT, Accepted, Refused, delete, edit, mark, put
from dnsd.store.record import endpoint_of

WEB = Service("default", "web")


def outcomes(accepted):
    assert isinstance(accepted, Accepted)
    return [result.outcome for result in accepted.results]


async def test_a_registration_declares_its_service_in_the_same_change(write, entries, web_1):
    accepted = await write(put(web_1))
    assert outcomes(accepted) == ["created"]
    assert (accepted.revision, accepted.durability) == (1, "local")
    assert accepted.results[0].remaining_seconds == 15
    assert endpoint_of(web_1.key, accepted.results[0].line).generation == 1
    assert await entries() == [(1, ["+service default/web", "+endpoint default/web/web-1"])]


async def test_a_repeat_is_a_heartbeat_without_revision_and_entry(write, entries, web_1):
    await write(put(web_1))
    again = await write(put(web_1))
    assert outcomes(again) == ["renewed"]
    assert again.revision == 1
    assert len(await entries()) == 1


async def test_a_repeat_of_something_permanent_is_unchanged(write, make_endpoint):
    permanent = make_endpoint("p", lease_seconds=None)
    await write(put(permanent), put(WEB))
    again = await write(put(permanent), put(WEB))
    assert outcomes(again) == ["unchanged", "unchanged"]
    assert [result.remaining_seconds for result in again.results] == [None, None]


async def test_a_change_has_a_new_revision_and_the_old_generation(write, web_1):
    await write(put(web_1))
    changed = await write(put(replace(web_1, weight=5)))
    assert outcomes(changed) == ["changed"]
    value = endpoint_of(web_1.key, changed.results[0].line)
    assert (value.weight, value.revision, value.generation) == (5, 2, 1)


async def test_another_lease_is_a_change(write, store, web_1):
    await write(put(web_1))
    assert outcomes(await write(put(replace(web_1, lease_seconds=None)))) == ["changed"]
    assert await store.remaining_seconds([web_1.key]) == [None]


async def test_many_operations_are_one_change(write, entries, make_endpoint):
    accepted = await write(put(WEB), *(put(make_endpoint(f"e{number}")) for number in range(3)))
    assert outcomes(accepted) == ["created"] * 4
    assert accepted.revision == 1
    told = ["+service default/web", *(f"+endpoint default/web/e{number}" for number in range(3))]
    assert await entries() == [(1, told)]


async def test_one_refusal_refuses_all(write, store, entries, make_endpoint):
    refused = await write(put(make_endpoint("a")), delete(("default", "other", "x")), put(make_endpoint("b")))
    assert refused == Refused(1, "not-found", 0)
    assert await store.endpoint(("default", "web", "a")) is None
    assert await entries() == []


async def test_a_thousand_operations_are_possible_and_no_more(write, make_endpoint):
    # Each in a service of its own: two stream fields for the endpoint and two for the service, the most there can be.
    operations = [put(make_endpoint("e", service=f"s{number}")) for number in range(1000)]
    assert (await write(*operations)).revision == 1
    with pytest.raises(InvalidRecord, match="1001, at most 1000"):
        await write(*operations, put(WEB))


class TestDelete:
    async def test_the_last_endpoint_takes_its_implicit_service_along(self, write, entries, web_1, make_endpoint):
        neighbours = [make_endpoint("a", service=service) for service in ("we", "web-0", "web0", "xyz")]
        await write(put(web_1), *(put(each) for each in neighbours))
        deleted = await write(delete(web_1.key))
        assert outcomes(deleted) == ["deleted"]
        assert endpoint_of(web_1.key, deleted.results[0].line) == web_1
        told = ["-service default/web deleted", "-endpoint default/web/web-1 deleted"]
        assert (await entries())[1:] == [(2, told)]

    async def test_another_endpoint_keeps_the_service(self, write, entries, make_endpoint):
        await write(put(make_endpoint("a")), put(make_endpoint("b")))
        await write(delete(("default", "web", "a")))
        assert (await entries())[1] == (2, ["-endpoint default/web/a deleted"])

    async def test_all_endpoints_at_once_take_it_along_once(self, write, entries, make_endpoint):
        await write(put(make_endpoint("a")), put(make_endpoint("b")))
        await write(delete(("default", "web", "a")), delete(("default", "web", "b")))
        assert (await entries())[1][1].count("-service default/web deleted") == 1

    async def test_an_endpoint_that_comes_as_the_last_goes_keeps_it(self, write, entries, make_endpoint):
        await write(put(make_endpoint("a")))
        await write(delete(("default", "web", "a")), put(make_endpoint("b")))
        assert (await entries())[1] == (2, ["-endpoint default/web/a deleted", "+endpoint default/web/b"])

    async def test_a_declared_service_stays(self, write, entries, web_1):
        await write(put(WEB), put(web_1))
        await write(delete(web_1.key))
        assert (await entries())[1] == (2, ["-endpoint default/web/web-1 deleted"])

    async def test_declaring_an_implicit_service_keeps_it(self, write, entries, web_1):
        await write(put(web_1))
        await write(put(WEB), delete(web_1.key))
        assert (await entries())[1] == (2, ["+service default/web", "-endpoint default/web/web-1 deleted"])

    async def test_a_service_takes_its_endpoints_along_and_no_others(self, write, store, entries, make_endpoint):
        others = [
            make_endpoint("a", service="web0"),
            make_endpoint("a", service="we"),
            make_endpoint("a", service="web-0"),
        ]
        mine = [make_endpoint(f"e{number}") for number in range(5)]
        await write(put(WEB), *(put(each) for each in (*others, *mine)))
        await write(delete(WEB.key))
        assert (await entries())[1] == (2, ["-service default/web deleted"])
        assert await store.renew([each.key for each in mine]) == ["deleted"] * 5
        assert await store.renew([each.key for each in others]) == [15] * 3

    async def test_a_service_of_ten_thousand_goes_in_one_change(self, write, store, make_endpoint):
        for start in range(0, 10_000, 1000):
            await write(*(put(make_endpoint(f"e{number}")) for number in range(start, start + 1000)))
        deleted = await write(delete(WEB.key))
        assert (outcomes(deleted), deleted.revision) == (["deleted"], 11)
        assert await store.renew([("default", "web", "e9999")]) == ["deleted"]

    async def test_deleting_again_is_gone_and_the_unknown_is_not_found(self, write, web_1):
        await write(put(WEB), put(web_1))
        await write(delete(WEB.key))
        assert await write(delete(web_1.key)) == Refused(0, "gone", 0)
        assert await write(delete(WEB.key)) == Refused(0, "gone", 0)
        assert await write(delete(("default", "never"))) == Refused(0, "not-found", 0)

    async def test_a_put_registers_what_was_deleted_anew(self, write, store, web_1):
        await write(put(web_1))
        await write(delete(web_1.key))
        again = await write(put(web_1))
        assert outcomes(again) == ["created"]
        assert endpoint_of(web_1.key, again.results[0].line).generation == 3
        assert await store.renew([web_1.key]) == [15]

    async def test_the_tombstone_lapses_after_ten_minutes(self, write, advance, web_1):
        await write(put(web_1))
        await write(delete(web_1.key))
        await advance(599)
        assert await write(delete(web_1.key)) == Refused(0, "gone", 0)
        await advance(1)
        assert await write(delete(web_1.key)) == Refused(0, "not-found", 0)


class TestPreconditions:
    async def test_the_revision_that_stands_must_be_the_one_expected(self, write, web_1):
        await write(put(web_1))
        assert await write(put(replace(web_1, weight=1), "7")) == Refused(0, "precondition", 1)
        assert await write(delete(web_1.key, "7")) == Refused(0, "precondition", 1)
        assert outcomes(await write(put(replace(web_1, weight=1), "1"))) == ["changed"]
        assert outcomes(await write(delete(web_1.key, "2"))) == ["deleted"]

    async def test_an_expected_revision_of_what_was_deleted_is_gone(self, write, web_1):
        await write(put(web_1))
        await write(delete(web_1.key))
        assert await write(put(web_1, "1")) == Refused(0, "gone", 0)

    async def test_an_expected_revision_of_the_unknown_fails(self, write, web_1):
        assert await write(put(web_1, "1")) == Refused(0, "precondition", 0)

    async def test_absent_creates_only(self, write, web_1):
        assert outcomes(await write(put(web_1, ABSENT))) == ["created"]
        assert await write(put(web_1, ABSENT)) == Refused(0, "exists", 1)
        assert await write(delete(("default", "web", "other"), ABSENT)) == Refused(0, "not-found", 0)

    async def test_an_edit_needs_what_it_was_made_from(self, write, web_1):
        accepted = await write(put(web_1))
        was = endpoint_of(web_1.key, accepted.results[0].line)
        assert outcomes(await write(edit(was, replace(was, weight=1)))) == ["changed"]
        assert await write(edit(was, replace(was, weight=2))) == Refused(0, "precondition", 2)
        await write(delete(web_1.key))
        assert await write(edit(was, replace(was, weight=2))) == Refused(0, "gone", 0)


class TestDraining:
    async def test_a_drain_is_a_change_and_a_heartbeat_leaves_it(self, write, web_1):
        await write(put(web_1))
        drained = await write(mark(web_1.key, "x"))
        assert outcomes(drained) == ["changed"]
        again = await write(put(web_1))
        assert outcomes(again) == ["renewed"]
        assert endpoint_of(web_1.key, again.results[0].line).draining
        changed = await write(put(replace(web_1, weight=5)))
        assert endpoint_of(web_1.key, changed.results[0].line).draining

    async def test_draining_twice_is_unchanged_and_undraining_a_change(self, write, web_1):
        await write(put(web_1))
        await write(mark(web_1.key, "f"))
        assert outcomes(await write(mark(web_1.key, "f"))) == ["unchanged"]
        back = await write(mark(web_1.key, "-"))
        assert outcomes(back) == ["changed"]
        assert endpoint_of(web_1.key, back.results[0].line) == web_1

    async def test_drain_and_edit_leave_the_lease_running(self, write, advance, web_1):
        accepted = await write(put(web_1))
        was = endpoint_of(web_1.key, accepted.results[0].line)
        await advance(4)
        edited = await write(edit(was, replace(was, weight=1)))
        drained = await write(mark(web_1.key, "x"))
        assert [each.results[0].remaining_seconds for each in (edited, drained)] == [11, 11]

    async def test_a_new_registration_after_a_deletion_does_not_drain(self, write, web_1):
        await write(put(web_1))
        await write(mark(web_1.key, "x"))
        await write(delete(web_1.key))
        again = await write(put(web_1))
        assert not endpoint_of(web_1.key, again.results[0].line).draining


class TestHealthMarks:
    async def test_a_mark_is_a_change_and_no_put_takes_it_back(self, write, web_1):
        await write(put(web_1))
        marked = await write(mark(web_1.key, "t"))
        assert outcomes(marked) == ["changed"]
        assert endpoint_of(web_1.key, marked.results[0].line) == replace(web_1, failing="timeout")
        assert outcomes(await write(put(web_1))) == ["renewed"]
        changed = await write(put(replace(web_1, weight=5)))
        assert endpoint_of(web_1.key, changed.results[0].line).failing == "timeout"
        assert outcomes(await write(mark(web_1.key, "h"))) == ["changed"]
        assert outcomes(await write(mark(web_1.key, "h"))) == ["unchanged"]

    @pytest.mark.parametrize(
        ("asked", "draining", "failing"),
        [
            *((asked, True, None) for asked in ("xr", "xh", "rx", "fr")),
            *((asked, False, None) for asked in ("rh", "x-", "rx-")),
            *((asked, False, "refused") for asked in ("r-", "rt")),
        ],
    )
    async def test_drains_and_checks_leave_each_others_marks_and_who_drains_is_not_failing(
        self, write, web_1, asked, draining, failing
    ):
        await write(put(web_1))
        for flag in asked:
            last = await write(mark(web_1.key, flag))
        stands = endpoint_of(web_1.key, last.results[0].line)
        assert (stands.draining, stands.failing) == (draining, failing)

    async def test_who_fails_and_is_deleted_is_counted_as_left_on_purpose_once(self, write, store, server, web_1):
        await write(put(web_1))
        await write(mark(web_1.key, "r"))
        assert "parted" not in server.ask("HGETALL", store.keys.meta)
        await write(delete(web_1.key))
        assert "$1\r\n1\r\n" in server.ask("HGET", store.keys.meta, "parted")


class TestLeavingOnPurpose:
    """The store counts them: self-preservation does not miss who had a lease, did not drain, and is otherwise now."""

    @pytest.fixture
    def parted(self, store, server):
        return lambda: int(server.ask("HGET", store.keys.meta, "parted").split()[-1])

    async def test_who_becomes_permanent_counts_until_it_has_a_lease_again(self, write, parted, web_1):
        permanent = replace(web_1, lease_seconds=None)
        await write(put(web_1))
        for value, counted in ((permanent, 1), (replace(permanent, weight=1), 1), (web_1, 0), (permanent, 1)):
            await write(put(value))
            assert parted() == counted
        await write(delete(web_1.key))
        assert parted() == 1

    async def test_who_drained_before_counts_once(self, write, parted, web_1):
        await write(put(web_1))
        await write(mark(web_1.key, "x"))
        for lease_seconds in (None, 15, None):
            await write(put(replace(web_1, lease_seconds=lease_seconds)))
            assert parted() == 1
        await write(mark(web_1.key, "-"))
        assert parted() == 1, "it has no lease yet"
        await write(put(web_1))
        assert parted() == 0

    async def test_of_a_deleted_service_those_that_still_count(self, write, parted, make_endpoint):
        await write(*(put(make_endpoint(name)) for name in ("stays", "fails", "drains")))
        await write(*(put(make_endpoint(f"p{number}", lease_seconds=None)) for number in range(5)))
        await write(mark(("default", "web", "fails"), "r"), mark(("default", "web", "drains"), "x"))
        assert parted() == 1
        await write(delete(WEB.key))
        assert parted() == 3


class TestRevisions:
    async def test_a_store_that_fell_behind_leaps_above_the_writers_mirror(self, write, entries, web_1):
        await write(put(web_1))
        assert (await write(put(replace(web_1, weight=1)), floor=500)).revision == 1501
        assert (await write(put(replace(web_1, weight=2)), floor=500)).revision == 1502
        assert [revision for revision, _ in await entries()] == [1, 1501, 1502]

    async def test_a_repeat_lets_it_leap_too(self, write, store, web_1):
        await write(put(web_1))
        assert (await write(put(web_1), floor=500)).revision == 1500
        assert (await store.open()).revision == 1500

    async def test_a_lost_counter_goes_on_from_the_stream(self, write, store, server, web_1):
        await write(put(web_1))
        await write(put(replace(web_1, weight=1)))
        server.ask("DEL", store.keys.meta)
        assert (await write(put(replace(web_1, weight=2)))).revision == 3

    async def test_large_revisions_stay_whole(self, write, store, server, web_1):
        server.ask("HSET", store.keys.meta, "revision", "1000000000000000")
        accepted = await write(put(web_1))
        assert accepted.revision == 1_000_000_000_000_001
        assert accepted.results[0].line.startswith("1000000000000001 1000000000000001 15 - ")

    async def test_the_stream_is_capped(self, server, prefix, web_1, make_store):

        store = make_store(server.url, prefix, changes_kept=100)
        for weight in range(1, 400):
            await store.write([put(replace(web_1, weight=weight))], 0)
        reader = store.reader()
        first = (await reader.changes(0))[0][0]
        await reader.close()
        assert 100 < first < 300


class TestForeignStore:
    async def test_garbage_is_replaced_by_a_put_and_removed_by_a_delete(self, write, store, server, web_1):
        server.ask("HSET", store.keys.endpoints, "default/web/web-1", "garbage")
        server.ask("HSET", store.keys.endpoints, "default/web/web-2", "garbage")
        assert await write(mark(web_1.key, "x")) == Refused(0, "not-found", 0)
        put_over = await write(put(web_1))
        assert outcomes(put_over) == ["changed"]
        assert endpoint_of(web_1.key, put_over.results[0].line).generation == 1
        assert outcomes(await write(delete(("default", "web", "web-2")))) == ["deleted"]

    @pytest.mark.parametrize("name", ["services", "endpoints", "leases", "members", "tombstones", "changes"])
    async def test_a_key_of_another_type_refuses_the_write_before_anything_is_written(
        self, write, store, server, web_1, name
    ):
        server.ask("SET", getattr(store.keys, name), "what somebody else put there")
        with pytest.raises(StoreUnavailable) as caught:
            await write(put(web_1))
        assert caught.value.reason == "wrong-type"
        assert ":0\r\n" in server.ask("EXISTS", store.keys.meta)

    async def test_a_newer_schema_is_not_written(self, write, store, server, web_1):
        await write(put(web_1))
        server.ask("HSET", store.keys.meta, "schema", "2")
        for attempt in (write(put(replace(web_1, weight=1))), store.renew([web_1.key])):
            with pytest.raises(StoreUnavailable, match="schema 2") as caught:
                await attempt
            assert caught.value.reason == "newer-schema"
        assert (await store.endpoint(web_1.key)).weight == 100
        assert (await store.open()).schema == 2
