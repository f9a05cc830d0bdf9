import pytest
from redis import exceptions

from dnsd.model.errors import StoreUnavailable
from dnsd.store.faults import slug_of, translated

REDIS_6_SCRIPT = "Error running script (call to f_1): @user_script:9: @user_script: 9: -READONLY You can't write"
REDIS_7_SCRIPT = "READONLY You can't write against a read only replica. script: 1, on @user_script:9."


@pytest.mark.parametrize(
    ("fault", "slug"),
    [
        (exceptions.ConnectionError("Connection refused"), "connection"),
        (ConnectionRefusedError("refused"), "connection"),
        (exceptions.TimeoutError("slow"), "timeout"),
        (TimeoutError(), "timeout"),
        (exceptions.ReadOnlyError("You can't write", status_code="READONLY"), "read-only"),
        (exceptions.ResponseError(REDIS_6_SCRIPT), "read-only"),
        (exceptions.ResponseError(REDIS_7_SCRIPT), "read-only"),
        (exceptions.OutOfMemoryError("command not allowed", status_code="OOM"), "out-of-memory"),
        (exceptions.ResponseError("MISCONF Errors writing to the AOF file"), "misconf"),
        (exceptions.BusyLoadingError("loading", status_code="LOADING"), "loading"),
        (exceptions.AuthenticationError("Authentication required.", status_code="NOAUTH"), "no-auth"),
        (exceptions.NoPermissionError("no", status_code="NOPERM"), "no-permission"),
        (exceptions.ResponseError("WRONGTYPE Operation against a key"), "wrong-type"),
        (exceptions.ResponseError("NOREPLICAS Not enough good replicas"), "not-replicated"),
        (exceptions.ResponseError("NEWERSCHEMA the store has schema 2"), "newer-schema"),
        (exceptions.ResponseError("ERR no -such thing"), "script"),
    ],
)
def test_every_fault_has_its_slug(fault, slug):
    assert slug_of(fault) == slug


def test_the_door_turns_faults_into_ours_and_names_the_place():
    with pytest.raises(StoreUnavailable, match=r"redis://\*: TimeoutError") as caught, translated("redis://*"):
        raise TimeoutError
    assert caught.value.reason == "timeout"
