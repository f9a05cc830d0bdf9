from ipaddress import ip_address

import pytest

from dnsd.config import kinds
from dnsd.config.openings import ACCESS, DOORS, FORWARDING, SECONDARIES

OPTIONS = [option for group in (DOORS, SECONDARIES, FORWARDING, ACCESS) for option in group.options]
PLACES = {option.name: option for option in OPTIONS if option.kind is kinds.HOST_PORT}


@pytest.mark.parametrize("name", PLACES)
def test_nothing_is_open_to_the_network_unless_somebody_opens_it(name):
    option = PLACES[name]
    addresses = () if option.default is None else option.read(option.default)
    for address in addresses if option.is_list or not addresses else (addresses,):
        assert ip_address(address.host).is_loopback


@pytest.mark.parametrize("name", ["transfer_to", "forward", "forward_domain"])
def test_nobody_is_told_or_asked_unless_somebody_says_so(name):
    (option,) = [each for each in OPTIONS if each.name == name]
    assert option.default is None
