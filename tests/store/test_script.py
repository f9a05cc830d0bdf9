import hashlib
from typing import get_args

from dnsd.store.script import Name, Script


def test_every_script_stands_behind_the_prelude_and_is_known_by_its_hash():
    scripts = [Script(name) for name in get_args(Name)]
    assert len(scripts) == 7
    assert all(script.text.startswith("-- What every script begins with") for script in scripts)
    assert len({script.sha for script in scripts}) == 7
    assert scripts[0].sha == hashlib.sha1(scripts[0].text.encode()).hexdigest()
