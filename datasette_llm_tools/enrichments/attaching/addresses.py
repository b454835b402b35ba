"""Which network addresses a server may be sent to: public ones only.

The networks are those that IANA's registries of special-purpose addresses set apart. They stand
here because what Python's ipaddress calls global differs between its versions.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

Address = IPv4Address | IPv6Address

_SET_APART = tuple(
    IPv4Network(each)
    for each in (
        "0.0.0.0/8",  # this host
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # between providers and their customers
        "127.0.0.0/8",  # loopback
        "169.254.0.0/16",  # link-local: clouds keep keys at 169.254.169.254
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocols
        "192.0.2.0/24",  # examples
        "192.31.196.0/24",  # AS112
        "192.52.193.0/24",  # AMT
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",  # private
        "192.175.48.0/24",  # AS112
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # examples
        "203.0.113.0/24",  # examples
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
    )
)
# What is given out lies in here; mapped, translated (NAT64), unique local, link-local, site-local
# and multicast addresses do not.
_GIVEN_OUT = IPv6Network("2000::/3")
_SET_APART_6 = tuple(
    IPv6Network(each)
    for each in (
        "2001::/23",  # protocols, among them Teredo, which holds an IPv4 address
        "2001:db8::/32",  # examples
        "2002::/16",  # 6to4, which holds an IPv4 address
        "2620:4f:8000::/48",  # AS112
        "3fff::/20",  # examples
    )
)


def is_public(address: Address) -> bool:
    """Whether an address belongs to the public internet and holds no other address in it."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _SET_APART)
    if address.scope_id is not None or address not in _GIVEN_OUT or _is_isatap(address):
        return False
    return not any(address in network for network in _SET_APART_6)


def _is_isatap(address: IPv6Address) -> bool:
    """Whether the last half is 0000:5efe or 0200:5efe and an IPv4 address (RFC 5214)."""
    return int(address) >> 32 & 0xFDFFFFFF == 0x00005EFE
