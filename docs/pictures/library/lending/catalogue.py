"""The books that there are, and who waits for which."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field


@dataclass
class Book:
    """A book on the shelf, or out with a member."""

    isbn: str
    title: str
    waiting: deque[str] = field(default_factory=deque)

    def reserve(self, member: str) -> int:
        """Put a member into the queue for this book; gives the place in it."""
        if member not in self.waiting:
            self.waiting.append(member)
        return self.waiting.index(member) + 1


class Catalogue:
    """All books by their number."""

    def __init__(self) -> None:
        self._books: dict[str, Book] = {}

    def add(self, book: Book) -> None:
        """Take a book in; a second copy replaces the first."""
        self._books[book.isbn] = book

    def find(self, words: str) -> list[Book]:
        """Books whose title has all these words, in any order."""
        wanted = set(words.lower().split())
        return [book for book in self._books.values() if wanted <= set(book.title.lower().split())]
