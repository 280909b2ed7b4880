"""Loans: who has which book, until when, and what a late one costs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from .catalogue import Book

PERIOD = timedelta(weeks=3)
RENEWALS = 2
FINE_PER_DAY = 20


class RefusedError(Exception):
    """The desk cannot do what was asked."""


@dataclass
class Loan:
    """One book with one member."""

    book: Book
    member: str
    due: date
    renewed: int = 0

    def renew(self, today: date) -> date:
        """Have the book for longer; refused when somebody waits, or after the second time."""
        if self.book.waiting:
            raise RefusedError(f"{self.book.waiting[0]} waits for {self.book.title}")
        if self.renewed == RENEWALS:
            raise RefusedError("a loan is renewed twice at most")
        self.renewed += 1
        self.due = max(self.due, today) + PERIOD
        return self.due

    def fine(self, today: date) -> int:
        """What a late book costs, in cents: twenty for each day after it was due."""
        late = (today - self.due).days
        return FINE_PER_DAY * max(0, late)


def lend(book: Book, member: str, today: date) -> Loan:
    """Give a book out for three weeks, first to whoever waits for it."""
    if book.waiting and book.waiting[0] != member:
        raise RefusedError(f"{book.title} is kept for {book.waiting[0]}")
    if book.waiting:
        book.waiting.popleft()
    return Loan(book, member, today + PERIOD)
