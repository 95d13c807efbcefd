"""Which addresses on the network may be asked for photos when somebody names a page's address: public ones only.

The gallery stands where the person asking may not: behind the router, beside the cloud's metadata service. So a name
is looked up once, each address is judged, and the connection goes to an address that was judged, never to the name.
"""

import ipaddress
import socket
from collections.abc import Callable

from app.errors import BadAddress

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolver = Callable[[str, int], list[str]]
"""Returns the addresses of a host; raises OSError if there are none."""

IPV6_UNICAST = ipaddress.IPv6Network("2000::/3")
"""All that the internet routes; outside are loopback, private, link-local, mapped and translated addresses."""


def resolve(host: str, port: int) -> list[str]:
    """Return the addresses of a host, as the system knows them; raise OSError if there are none."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def is_public(address: IPAddress) -> bool:
    """Tell whether an address belongs to a single machine that the whole internet can reach."""
    if isinstance(address, ipaddress.IPv4Address):
        return address.is_global and not address.is_multicast and not address.is_reserved
    if address not in IPV6_UNICAST or not address.is_global:
        return False
    inside = address.sixtofour  # an IPv4 address in an IPv6 one: routers unwrap it
    return address.teredo is None and (inside is None or is_public(inside))


class PublicAddresses:
    """Looks up hosts; `admits` says which addresses may be connected to."""

    def __init__(self, resolver: Resolver = resolve, admits: Callable[[IPAddress], bool] = is_public) -> None:
        self._resolver = resolver
        self._admits = admits

    def of(self, host: str, port: int) -> list[str]:
        """Return a host's addresses; raise BadAddress if it has none, or one that isn't public.

        One such address among others is reason enough: no photo lies on a host that is public only sometimes.
        """
        try:
            addresses = self._resolver(host, port)
        except (OSError, UnicodeError):
            addresses = []
        if not addresses:
            raise BadAddress(f"No server is called {host[:80]!r}. Look at the address again.")
        if not all(self._admits(ipaddress.ip_address(address.partition("%")[0])) for address in addresses):
            raise BadAddress(
                f"{host[:80]!r} isn't a public server, and only those are asked for photos. Save the photo and "
                "upload it as a file."
            )
        return addresses
