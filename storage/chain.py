"""The hash chain over mnemo's own records, with which ``verify`` shows what was tampered with.

A link is ``SHA-256 hex(previous link, SHA-256 hex(bytes between), payload without the link)``:
the previous link is 64 zeros at first; the bytes between run from the end of the previous chained
frame to this frame's start (foreign frames included); the link is the payload's last key.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Final

__all__ = ["EMPTY_GAP", "NO_LINK", "is_sealed", "link_of", "seal", "split"]

NO_LINK: Final = "0" * 64
EMPTY_GAP: Final = sha256(b"").hexdigest()

_KEY: Final = b', "chain": "'
_SUFFIX: Final = len(_KEY) + 64 + len(b'"}')


def seal(payload: bytes, previous: str, gap: str = EMPTY_GAP) -> tuple[bytes, str]:
    """Put the link into a payload; gives the sealed payload and the link (64 hex digits)."""
    link = link_of(payload, previous, gap)
    return b'%b%b%b"}' % (payload[:-1], _KEY, link.encode()), link


def link_of(payload: bytes, previous: str, gap: str) -> str:
    """Compute the link of a payload that is serialised without it."""
    return sha256(previous.encode() + gap.encode() + payload).hexdigest()


def is_sealed(payload: bytes) -> bool:
    """Whether a payload ends in a link."""
    return payload[-_SUFFIX:-66] == _KEY and payload.endswith(b'"}')


def split(payload: bytes) -> tuple[bytes, str] | None:
    """Take a sealed payload apart into payload without link, and link; None if it has none."""
    if not is_sealed(payload):
        return None
    return payload[:-_SUFFIX] + b"}", payload[-66:-2].decode("ascii", "replace")
