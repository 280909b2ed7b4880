"""Where a model is called: a URL taken apart, so that what was checked is what is called."""

from __future__ import annotations

import ipaddress
import re
from typing import Final, Literal, NamedTuple
from urllib.parse import urlsplit

__all__ = ["Address", "Dialect", "dialect_of", "read_address"]

Dialect = Literal["openai", "anthropic"]

_HOST_NAME: Final = re.compile(r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*\.?")
_PATH: Final = re.compile(r"[A-Za-z0-9/._~%!$&'()*+,;=:@-]*")
_QUERY: Final = re.compile(r"[A-Za-z0-9/?._~%!$&'()*+,;=:@-]*")
# RFC 1918, RFC 4193 and link-local: addresses that no route leads to from outside.
_PRIVATE: Final = tuple(
    ipaddress.ip_network(block)
    for block in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "fc00::/7", "fe80::/10")
)


class Address(NamedTuple):
    """A URL taken apart, so that what was checked is what is called."""

    scheme: Literal["http", "https"]
    host: str
    port: int | None
    path: str
    query: str

    @property
    def url(self) -> str:
        """The whole, as it is called."""
        return f"{self.scheme}://{self.netloc}{self.path}" + (f"?{self.query}" if self.query else "")

    @property
    def shown(self) -> str:
        """The same without its query, which may hold a key."""
        return f"{self.scheme}://{self.netloc}{self.path}"

    @property
    def netloc(self) -> str:
        """Host and port."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port is None else f"{host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """Whether it is this machine."""
        if self.host == "localhost" or self.host.endswith(".localhost"):
            return True
        address = _ip(self.host)
        return address is not None and (address.is_loopback or address.is_unspecified)

    @property
    def is_private(self) -> bool:
        """Whether it is this machine or a private address; names other than localhost are not resolved."""
        address = _ip(self.host)
        return self.is_loopback or (
            address is not None
            and any(address.version == block.version and address in block for block in _PRIVATE)
        )


def _ip(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def read_address(text: str) -> Address:
    """Take a URL apart; a base is completed by ``/chat/completions`` or ``/messages``.

    Raises:
        ValueError: it is no http or https URL, or has a user name.
    """
    try:
        parts = urlsplit(text.strip())
        port = parts.port
        host = (parts.hostname or "").rstrip(".")
        host = host.encode("idna").decode() if not host.isascii() else host
    except UnicodeError:
        raise ValueError("a host that no name server can be asked for") from None
    plain = "%" not in host and (_ip(host) is not None or _HOST_NAME.fullmatch(host))
    fits = _PATH.fullmatch(parts.path) and _QUERY.fullmatch(parts.query) and not parts.fragment
    if parts.scheme not in ("http", "https") or not plain or "@" in parts.netloc or not fits:
        raise ValueError("no http or https URL without a user name")
    scheme: Literal["http", "https"] = "https" if parts.scheme == "https" else "http"
    port = None if port == (443 if scheme == "https" else 80) else port
    address = Address(scheme, host.lower(), port, parts.path.rstrip("/"), parts.query)
    if address.path.endswith(("/chat/completions", "/messages")):
        return address
    ending = "/messages" if dialect_of(address) == "anthropic" else "/chat/completions"
    return address._replace(path=(address.path or "/v1") + ending)


def dialect_of(address: Address) -> Dialect:
    """How to talk to it: Anthropic's own servers and paths have a dialect of their own."""
    native = address.host == "anthropic.com" or address.host.endswith(".anthropic.com")
    return "anthropic" if native or address.path.endswith("/messages") else "openai"
