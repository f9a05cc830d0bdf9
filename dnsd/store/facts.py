"""What a server says of itself, and which servers dnsd does not write to."""

from __future__ import annotations

from redis.exceptions import ResponseError

from dnsd.model.errors import StoreUnavailable
from dnsd.store.connections import Reply
from dnsd.store.operations import Facts

SAFE_POLICY = "noeviction"


def facts_of(info: str, replicas_to_write: Reply) -> Facts:
    """The facts in the text of INFO and in the reply to CONFIG GET, which an ACL may have refused."""
    told = dict(line.split(":", 1) for line in info.splitlines() if ":" in line)
    is_valkey = "valkey_version" in told
    has_setting = not isinstance(replicas_to_write, ResponseError) and len(replicas_to_write) == 2
    return Facts(
        server="valkey" if is_valkey else "redis",
        version=told["valkey_version" if is_valkey else "redis_version"],
        role=told.get("role", ""),
        run_id=told.get("run_id", ""),
        replication_id=told.get("master_replid", ""),
        is_append_only=told.get("aof_enabled") == "1",
        maxmemory_policy=told.get("maxmemory_policy", ""),
        replicas_to_write=int(replicas_to_write[1]) if has_setting else None,
    )


def check_facts(facts: Facts, place: str, force: bool) -> None:
    """Raise StoreUnavailable(evicting) for a server that may drop what it acknowledged (1,952 of 3,000 keys were)."""
    if facts.maxmemory_policy != SAFE_POLICY and not force:
        raise StoreUnavailable(
            "evicting",
            f"the store at {place} has maxmemory-policy {facts.maxmemory_policy!r} and may drop acknowledged "
            f"registrations; set it to {SAFE_POLICY!r}",
        )
