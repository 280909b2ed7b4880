"""What holds for the chunks of every file."""

from __future__ import annotations

from mnemo.retrieval.chunkers import chunk_file

SOURCE = '''"""Accounts."""

import os


class Account:
    """One customer's money."""

    limit = 10

    # Never below zero.
    @property
    def balance(self) -> int:
        """In cents."""
        return sum(entry.cents for entry in self.entries if entry.settled and not entry.void)
'''


def test_a_class_header_and_its_methods_are_chunks_of_their_own():
    chunks = chunk_file(SOURCE, "a/account.py").chunks
    found = {chunk.symbol: chunk for chunk in chunks}
    assert found["Account"].content.endswith("limit = 10")
    assert found["Account.balance"].content.startswith("    # Never below zero.")
    assert found["Account.balance"].chunk_type == "method"
