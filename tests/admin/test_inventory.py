"""Before the first load there is nothing to say about the registry, and that is said."""

from typing import Any

import pytest

from dnsd.admin.inventory import loaded_inventory
from dnsd.model.errors import StoreUnavailable


async def test_before_the_first_load(new_replica: Any) -> None:
    async with new_replica(loaded=False) as replica:
        with pytest.raises(StoreUnavailable, match="has not been read yet") as away:
            loaded_inventory(replica.mirror)
        assert away.value.reason == "not-loaded"


async def test_after_it(replica: Any) -> None:
    assert loaded_inventory(replica.mirror) is replica.mirror.catalog.inventory
