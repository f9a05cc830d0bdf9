"""The mirror's documents, for calls that read."""

from __future__ import annotations

from dnsd.authority.inventory import Inventory
from dnsd.model.errors import StoreUnavailable
from dnsd.registry.mirror import Mirror


def loaded_inventory(mirror: Mirror) -> Inventory:
    """The mirror's documents. Raises StoreUnavailable until they have been loaded once: nothing is not an answer."""
    status = mirror.status()
    if not status.loaded:
        raise StoreUnavailable("not-loaded", f"the registry has not been read yet: {status.problem or 'starting'}")
    return mirror.catalog.inventory
