"""Letters to members whose books are late, or are soon to be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta

from .loans import Loan

SOON = timedelta(days=3)


def letters(loans: Iterable[Loan], today: date) -> Iterator[tuple[str, str]]:
    """The member and the text of each letter that is to go out today."""
    for loan in loans:
        if loan.due < today:
            yield loan.member, late_letter(loan, today)
        elif loan.due - today <= SOON:
            yield loan.member, f"{loan.book.title} is due on {loan.due:%d %B}."


def late_letter(loan: Loan, today: date) -> str:
    """Tell a member that a book is late, and what the fine has come to."""
    return f"{loan.book.title} was due on {loan.due:%d %B}. The fine is {loan.fine(today) / 100:.2f} so far."
