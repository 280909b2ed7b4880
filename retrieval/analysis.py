"""From text to index terms: identifiers split, kept whole beside their parts, stemmed.

Three kinds of term share the index, told apart by their first character:

- a part, ``authenticate``: a word, or a piece of an identifier, in lower case;
- a whole identifier of several parts, ``=getuserbyid``: case and underscores folded, so that
  ``getUserById`` and ``get_user_by_id`` are one;
- a reference, ``>HttpResponse``: a name that a chunk uses and does not define, as written.

Stems (Porter 1980) are a property of the vocabulary, not of the chunks: a query unites the parts that share
one.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from itertools import chain
from typing import NamedTuple

__all__ = [
    "COMMENT_SHIFT",
    "DEFINED",
    "REFERENCE",
    "SIGNATURE",
    "TF_MASK",
    "TOKENIZER_VERSION",
    "WHOLE",
    "Terms",
    "analyse",
    "fold",
    "parts_of",
    "query_words",
    "stem",
]

TOKENIZER_VERSION = 1
"""Raised with any change to what `analyse` returns: indexes made by another version are rebuilt."""

WHOLE = "="
REFERENCE = ">"

# One byte a posting: how often the term occurs in the chunk (1 to 15, where BM25 is flat), how often in its
# comments and docstrings (0 to 3), whether a name that the chunk defines holds it, whether its signature
# does.
TF_MASK = 0x0F
COMMENT_SHIFT = 4
DEFINED = 0x40
SIGNATURE = 0x80

_WORD = r"\w+"  # as text, for `re` to compile and keep when it is needed
_ASCII_WORD = re.compile(r"[0-9A-Za-z_]+").findall  # the same in ASCII, in half the time
_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+").findall
_CACHE_LIMIT = 30_000
_SQUARES = tuple((1 + math.log(times)) ** 2 if times else 0.0 for times in range(TF_MASK + 1))
_LONGEST = 200  # characters: longer runs are data, not words


class Terms(NamedTuple):
    """A chunk as the full-text index takes it: terms, one packed byte for each, how many terms in all, and
    the norm.

    ``norm`` is the Euclidean length of the vector of ``1 + ln(tf)`` over parts and whole identifiers ("lnc",
    Salton and Buckley 1988): it leaves inverse document frequencies to the query's side, so that it stays
    true while the corpus changes.
    """

    terms: list[str]
    packed: bytes
    length: int
    norm: float


class _TermCache(dict[str, tuple[str, ...]]):
    """Words already split.

    Looked up from C, it makes counting a chunk's terms one pass without Python in between.
    """

    def __missing__(self, word: str) -> tuple[str, ...]:
        if len(self) >= _CACHE_LIMIT:
            self.clear()
        terms = self[word] = _split(word)
        return terms


class _ReferenceCache(dict[str, str]):
    """Names with the mark of a reference: one text each, so that a pickle holds it once."""

    def __missing__(self, name: str) -> str:
        if len(self) >= _CACHE_LIMIT:
            self.clear()
        term = self[name] = REFERENCE + name
        return term


_terms_of = _TermCache().__getitem__
_reference_to = _ReferenceCache().__getitem__
_flat = chain.from_iterable


def _identifiers(text: str) -> list[str]:
    return _ASCII_WORD(text) if text.isascii() else re.findall(_WORD, text)


def _split(word: str) -> tuple[str, ...]:
    """The terms of one identifier: its parts, and after them the folded whole when there are several."""
    if len(word) > _LONGEST:
        return ()
    if not word.isascii():
        return _split_unicode(word)
    if word[0].isdigit():  # 0x1F, 1e5, 2nd: a number is one word
        return (word.lower(),)
    found = [part.lower() for part in _PART(word)]
    if len(found) < 2:
        return tuple(found)
    return (*found, WHOLE + "".join(found))


def _split_unicode(word: str) -> tuple[str, ...]:
    """Accents folded; scripts without spaces in overlapping pairs of characters; camelCase in any
    alphabet.
    """
    import unicodedata  # noqa: PLC0415 - most words are ASCII, and most questions

    plain = "".join(char for char in unicodedata.normalize("NFKD", word) if not unicodedata.combining(char))
    found: list[str] = []
    run = ""
    previous = ""
    for char in plain:
        kind = _kind(char)
        if run and (kind != previous or (kind == "a" and char.isupper() and run[-1].islower())):
            found.extend(_run_parts(run, previous))
            run = ""
        run += char
        previous = kind
    found.extend(_run_parts(run, previous))
    if len(found) < 2 or any(len(part) == 2 and _kind(part[0]) == "i" for part in found):
        return tuple(found)
    return (*found, WHOLE + "".join(found))


def _kind(char: str) -> str:
    if char.isdigit():
        return "d"
    if char == "_" or not char.isalnum():
        return "_"
    code = ord(char)
    # kana, CJK ideographs, Thai, Lao, Khmer, Myanmar: written without spaces
    spaceless = 0x0E00 <= code <= 0x0EFF or 0x1000 <= code <= 0x109F or 0x1780 <= code <= 0x17FF
    return "i" if spaceless or 0x3040 <= code <= 0x9FFF or code >= 0x20000 else "a"


def _run_parts(run: str, kind: str) -> list[str]:
    if kind == "_" or not run:
        return []
    if kind == "i" and len(run) > 1:
        return [run[place : place + 2] for place in range(len(run) - 1)]
    return [run.casefold()]


def parts_of(text: str) -> list[str]:
    """The parts of every word of ``text``, in order: ``HTTPServer_2 x`` gives http, server, 2, x."""
    return [term for word in _identifiers(text) for term in _terms_of(word) if term[0] != WHOLE]


def fold(name: str) -> str:
    """A name with case, underscores and accents folded: what a whole identifier is found by."""
    terms = _terms_of(name)
    if not terms:
        return name.casefold()
    return terms[-1].removeprefix(WHOLE)


def query_words(text: str) -> list[tuple[str, tuple[str, ...]]]:
    """Each word of a question with its terms, parts first, by the very rules that chunks are indexed by."""
    return [(word, terms) for word in _identifiers(text) if (terms := _terms_of(word))]


def analyse(
    content: str,
    *,
    doc: str = "",
    signature: str = "",
    defines: Iterable[str] = (),
    refers: Iterable[str] = (),
) -> Terms:
    """Count the terms of one chunk, in a fixed order, with what each field says of them."""
    packed: dict[str, int] = Counter(_flat(map(_terms_of, _identifiers(content))))
    length = sum(packed.values())
    if length > TF_MASK and max(packed.values()) > TF_MASK:
        packed = {term: times if times < TF_MASK else TF_MASK for term, times in packed.items()}
    size = math.sqrt(sum(map(_SQUARES.__getitem__, packed.values())))
    get = packed.get
    if doc:
        for term, times in Counter(_flat(map(_terms_of, _identifiers(doc)))).items():
            packed[term] = get(term, 1) | (times if times < 4 else 3) << COMMENT_SHIFT
    if signature:
        for term in set(_flat(map(_terms_of, _identifiers(signature)))):
            packed[term] = get(term, 1) | SIGNATURE
    for name in defines:
        for term in _flat(map(_terms_of, _identifiers(name))):
            packed[term] = get(term, 1) | DEFINED
    dict.update(packed, dict.fromkeys(map(_reference_to, refers), 1))  # a Counter's own would add
    return Terms(list(packed), bytes(packed.values()), length, size)


@lru_cache(maxsize=10_000)
def stem(word: str) -> str:
    """The Porter stem of a lower-case word (M. F. Porter, "An algorithm for suffix stripping", 1980)."""
    if len(word) < 3 or not (word.isascii() and word.isalpha()):
        return word
    from .porter import porter  # noqa: PLC0415 - only a vocabulary that grows needs it

    return porter(word)
