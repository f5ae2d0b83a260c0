"""Names of hosts and ranges of addresses, as settings have them."""

from __future__ import annotations

import ipaddress
from typing import Annotated

from infra.settings.fields import IN_WORDS, Checked, named

PRIVATE = [
    ipaddress.IPv4Network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
]
_HOST = r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+"


def _network(value: str, example: str) -> ipaddress.IPv4Network:
    try:
        return ipaddress.IPv4Network(value)
    except ValueError as error:
        raise ValueError(f"{error}; write an IPv4 {example}") from None


def _range(value: str) -> str:
    found = _network(value, "range, as 10.40.0.0/16")
    if not 8 <= found.prefixlen <= 29:
        raise ValueError("allowed are ranges from /8 to /29")
    return str(found)


def _addresses(value: str) -> str:
    return str(_network(value, "address or range, as 203.0.113.0/24"))


def _public_addresses(value: str) -> str:
    """What the firewalls of storage and vault take: public addresses, no /31, one without /32."""
    found = _network(value, "address or range, as 203.0.113.0/24")
    if any(found.overlaps(private) for private in PRIVATE):
        raise ValueError("is private; allowed are addresses that Azure sees from outside")
    if found.prefixlen == 31:
        raise ValueError("allowed are single addresses and ranges up to /30")
    return str(found.network_address) if found.prefixlen == 32 else str(found)


Host = Annotated[str, named(_HOST, "names of hosts, as db.example.com", 3, 253)]
Hosts = Annotated[str, named(rf"(\*\.)?{_HOST}", "hosts, as packages.example.com", 3, 253)]
"""One, or with `*.` in front all below it."""
HostOrAddress = Annotated[
    str, named(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?", "an address or host name", 1, 253)
]
Range = Annotated[str, Checked(_range, {IN_WORDS: "an IPv4 range from /8 to /29"})]
"""Of a network or subnet."""
Addresses = Annotated[str, Checked(_addresses, {IN_WORDS: "an IPv4 address or range"})]
PublicAddresses = Annotated[
    str, Checked(_public_addresses, {IN_WORDS: "a public IPv4 address or range up to /30"})
]
