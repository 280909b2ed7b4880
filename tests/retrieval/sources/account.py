"""Accounts."""

from __future__ import annotations

import os.path, json as j
from .ledger import Entry, append as add
from . import moves
from ..money import *

LIMIT: int = 10
OPEN, FROZEN = range(2)


@register("account")
class Account(Base):
    """One customer's money."""

    currency = "EUR"

    # Opens one.
    def __init__(self, owner, entries=()):
        self.owner = owner
        self.entries = [add(entry) for entry in entries]

    @property
    @cached
    def balance(self) -> int:
        """In cents."""
        return sum(entry.cents for entry in self.entries if not entry.void)

    class Meta:
        ordering = ["owner"]
        verbose_name = "account of one customer, opened by themselves"


try:
    from ledger_native import convert
except ImportError:

    def convert(cents: int, rate: float) -> int:
        """In plain Python."""
        from decimal import Decimal

        return int(Decimal(cents) * Decimal(rate) + Decimal("0.5"))


if __name__ == "__main__":
    print(Account("ada").balance, os.path, j, moves)
