"""How many tokens a text costs a model: an upper estimate of cl100k."""

from __future__ import annotations

__all__ = ["count_tokens", "prefix_within"]


def count_tokens(text: str, language: str = "unknown") -> int:
    """Estimate from above how many cl100k tokens ``text`` makes."""
    return (len(text.encode("utf-8", "surrogatepass")) + 2) // 3


def prefix_within(text: str, limit: int, language: str = "unknown") -> int:
    """How many characters of ``text`` make at most ``limit`` tokens by ``count_tokens``; at least one."""
    if count_tokens(text[: limit * 8], language) <= limit and len(text) <= limit * 8:
        return len(text)
    low, high = 1, min(len(text), limit * 8)
    while low < high:
        middle = (low + high + 1) // 2
        if count_tokens(text[:middle], language) <= limit:
            low = middle
        else:
            high = middle - 1
    return low
