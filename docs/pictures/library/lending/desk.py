"""The desk: what happens when a member comes with a book, or without one."""

from __future__ import annotations

from datetime import date

from .catalogue import Book, Catalogue
from .loans import Loan, lend


class Desk:
    """Lends and takes back; keeps what members owe."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self.loans: list[Loan] = []
        self.owed: dict[str, int] = {}

    def lend(self, book: Book, member: str, today: date) -> Loan:
        """Lend a book, and remember the loan."""
        loan = lend(book, member, today)
        self.loans.append(loan)
        return loan

    def take_back(self, loan: Loan, today: date) -> int:
        """Take a book back; a late one is fined. Gives what the member owes now, in cents."""
        self.loans.remove(loan)
        self.owed[loan.member] = self.owed.get(loan.member, 0) + loan.fine(today)
        return self.owed[loan.member]

    def pay(self, member: str, cents: int) -> int:
        """Take money for fines; gives what is left to pay."""
        self.owed[member] = max(0, self.owed.get(member, 0) - cents)
        return self.owed[member]
