"""Where webhooks may go: to the public internet over TLS, and inside only to what the settings name.

A name is resolved once, every address it has is judged, and the connection is made to an address that was judged: a
name that answers differently a moment later (DNS rebinding) leads nowhere.
"""

import socket
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from experiments.notices.faults import NotSent

_NEVER = tuple(
    ip_network(network)
    for network in (
        "169.254.0.0/16",  # link-local; the metadata of most clouds
        "fe80::/10",
        "100.100.100.200/32",  # metadata at Alibaba Cloud
        "168.63.129.16/32",  # Azure's host
        "fd00:ec2::254/128",  # metadata at AWS
        "0.0.0.0/8",
        "::/128",
        "224.0.0.0/4",
        "ff00::/8",
        "255.255.255.255/32",
    )
)
"""What no setting opens."""

_NAT64 = ip_network("64:ff9b::/96")


@dataclass(frozen=True, slots=True)
class Reach:
    """The networks of our own that a webhook may connect to, and how long it may take."""

    allowed: tuple[IPv4Network | IPv6Network, ...] = ()
    #: ends before the next tick of the schedule begins
    seconds: float = 10.0

    def address(self, host: str, port: int, *, plain: bool) -> str:
        """Give the address to connect to.

        Args:
            host: the name in the target's URL.
            port: its port.
            plain: whether nothing is encrypted: then only this machine itself is reached.

        Raises:
            NotSent: the name is unknown, or any of its addresses may not be reached.
        """
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise NotSent("name not known") from error
        addresses = [str(entry[4][0]) for entry in found]
        if not addresses or not all(self.may(address, plain=plain) for address in addresses):
            raise NotSent("address refused")
        return addresses[0]

    def may(self, address: str, *, plain: bool = False) -> bool:
        """Say whether an address may be connected to."""
        reached = [ip_address(address.partition("%")[0])]
        reached += _within(reached[0])
        return all(self._may(each, plain) for each in reached)

    def _may(self, address: IPv4Address | IPv6Address, plain: bool) -> bool:
        if any(address in network for network in _NEVER):
            return False
        if plain and not address.is_loopback:
            return False
        return address.is_global or any(address in network for network in self.allowed)


def _within(address: IPv4Address | IPv6Address) -> list[IPv4Address]:
    """Give the IPv4 addresses that an IPv6 one stands for or goes through."""
    if isinstance(address, IPv4Address):
        return []
    teredo = address.teredo or ()
    through_nat = (IPv4Address(int(address) & 0xFFFFFFFF),) if address in _NAT64 else ()
    return [each for each in (address.ipv4_mapped, address.sixtofour, *teredo, *through_nat) if each is not None]
