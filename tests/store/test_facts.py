import pytest
from redis.exceptions import ResponseError

from dnsd.model.errors import StoreUnavailable
from dnsd.store.facts import check_facts, facts_of

INFO = "# Server\r\nredis_version:7.0.15\r\nrun_id:ab\r\nrole:master\r\nmaster_replid:cd\r\naof_enabled:1\r\n"


def test_redis_and_valkey_are_told_apart():
    assert facts_of(INFO, ["min-replicas-to-write", "1"]).replicas_to_write == 1
    facts = facts_of(f"{INFO}valkey_version:9.1.2\r\nmaxmemory_policy:noeviction\r\n", ResponseError("NOPERM"))
    assert (facts.server, facts.version, facts.is_append_only) == ("valkey", "9.1.2", True)
    assert facts.replicas_to_write is None


def test_a_server_that_may_drop_keys_is_refused_unless_forced():
    facts = facts_of(f"{INFO}maxmemory_policy:allkeys-lru\r\n", [])
    check_facts(facts, "place", force=True)
    with pytest.raises(StoreUnavailable, match="maxmemory-policy 'allkeys-lru'") as caught:
        check_facts(facts, "place", force=False)
    assert caught.value.reason == "evicting"
