import pytest

from dnsd.model.errors import InvalidSetting
from dnsd.store.keys import Keys, endpoint_key, member_of, service_key


def test_all_keys_share_one_hash_tag():
    keys = Keys("dnsd")
    assert keys.meta == "{dnsd}:meta"
    assert len(set(keys.all)) == 11
    assert all(key.startswith("{dnsd}:") for key in keys.all)


@pytest.mark.parametrize("prefix", ["", "a{b", "a}b", "a b", "x" * 65, "ä"])
def test_a_prefix_that_cannot_be_a_hash_tag_is_refused(prefix):
    with pytest.raises(InvalidSetting, match="redis prefix"):
        Keys(prefix)


def test_members_are_read_back():
    assert service_key(member_of(("default", "web"))) == ("default", "web")
    assert endpoint_key(member_of(("default", "web", "Web:1"))) == ("default", "web", "Web:1")


@pytest.mark.parametrize("member", ["", "web", "a/b/c/d", "/web", "A/web", "default/web_1"])
def test_a_strangers_service_member_is_no_key(member):
    assert service_key(member) is None


@pytest.mark.parametrize("member", ["", "default/web", "a/b/c/d", "a/b/", "a/b/ä"])
def test_a_strangers_endpoint_member_is_no_key(member):
    assert endpoint_key(member) is None
