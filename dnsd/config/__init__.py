"""The settings: what there is, where each came from, and what is wrong with it.

Flags beat the environment, the environment beats the file, the file beats the default (``sources``). What there is to
set stands in one table (``options``), each with its default, its bounds and a line for people; a value is read by its
kind (``kinds``) and the whole is checked by ``settings``. Only ``app`` and ``cli`` see a :class:`Settings`.

To add a setting: a row in ``options``, a field in ``settings``, a line in ``systemd/dnsd.toml`` (a test holds the
three together).
"""

from dnsd.config.settings import Settings, settings_from_json, settings_to_json
from dnsd.config.sources import add_flags, load

__all__ = ["Settings", "add_flags", "load", "settings_from_json", "settings_to_json"]
