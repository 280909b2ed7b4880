"""What a question asks: its words, what kind of question it is, and the places that it names.

A question may be anything that can be typed or pasted: one symbol, a sentence, a path, a stack trace, a
piece of code; one word or ten thousand, in any script. Reading it never fails.
"""

import re
from itertools import pairwise
from typing import Literal, NamedTuple

from .analysis import WHOLE, fold, query_words

__all__ = ["STOP_WORDS", "Place", "Query", "QueryType", "read_query"]

QueryType = Literal["symbol", "natural", "change", "path", "error", "code"]

MAX_TERMS = 400  # distinct terms read of one question; more are the tail of something pasted
MAX_PLACES = 20
MAX_WHOLE = 6  # words that may be one name, as "get pip install" is get_pip_install


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


STOP_WORDS = _words(
    "a about all also an and any are as at be been being but by can could did do does doing done for from"
    " had has have having he her here him his how i if in into is it its itself just let like may me might"
    " more most must my no nor not of off on once one only or other our out over own same shall she should"
    " so some such than that the their them then there these they this those through to too under until up"
    " us very was we were what when where which while who whom why will with within without would you your"
    " work works working implemented implementation implement use used uses using happen happens"
)
"""Words that say nothing of what is asked for; a question of nothing else keeps them."""

_WANTED = {
    "tests": _words("test tests testing unittest pytest spec specs fixture fixtures mock mocks"),
    "docs": _words("doc docs documentation readme changelog guide tutorial tutorials manual markdown"),
    "examples": _words("example examples demo demos sample samples"),
    "generated": _words("generated vendored vendor"),
    "legacy": _words("legacy compat compatibility deprecated deprecation deprecate"),
}

_CHANGES = _words(
    "add adds added adding allow allows avoid bump change changed check clean cleanup close convert correct"
    " create deprecate disable display don dont drop enable ensure exclude expose extend extract fall fix"
    " fixes fixed fixing force handle hide ignore implement improve include increase inline introduce keep"
    " limit load make merge migrate move never normalize omit only optimize optimise override pass prefer"
    " preserve prevent print properly raise reduce refactor refresh refine reject remove removed rename"
    " reorder replace reset resolve restore restrict return revert rewrite run save set show simplify skip"
    " sort speed split start stop store strip support swap switch take test tidy treat trim tweak unify"
    " update updated upgrade use validate verify warn wrap write"
)
"""Verbs that a task begins with, as an issue or a commit is titled."""
_SENTENCE_END = r"\n|[.;!?](?=\s)|\s\*\s"
_TASK = r"(?i:(?:^|[.;*] )(?:fix|feat|chore|refactor|perf)\b)"

# Patterns are texts, which `re` compiles and keeps when they are first asked for: a question of plain words
# asks for few, by the marks that what a pattern looks for cannot lack.

_IDENTIFIER = r"[^\W\d]\w*(?:(?:\.|::|->|#)[^\W\d]\w*)*"
_JOINTS = r"\.|::|->|#"
_PATH = r"""(?x: (?:File\s+"(?P<python>[^"\n]{1,400})",\s+line\s+(?P<python_line>\d{1,7}))
      | (?P<path>(?:[\w@.+~-]+[\\/])*[\w@+~-][\w@.+~-]*\.[A-Za-z]\w{0,9})
        (?: (?::|\(|\#L) (?P<line>\d{1,7}) )? )"""
_FOLDERS = r"^[\w@.+~-]*(?:/[\w@.+~-]+)+/?$"
_TRACE = (
    r"(?m:Traceback \(most recent|^\s+at \S.*[(:]\d|^\s*File \".*\", line \d|^panicked at"
    r"|thread '.*' panicked|^goroutine \d|^Caused by:|^\s*\w+(?:\.\w+)*(?:Error|Exception|Warning)\b\s*:"
    r"|^(?:error|fatal|panic)(?:\[\w+\])?:)"
)
_ERROR_NAME = r"\b\w+(?:Error|Exception)\b\s*:\s*\S"
_CODE = (
    r"(?m:[;{}]\s*$"
    r"|^\s*(?:def|class|func|fn|function|import|from|return|const|let|var|public|private|if|for|while)\b.*[:;{(]"
    r"|\w\([^)\n]*\)\s*[;:{]|=>|\w+\s*:?=\s*\S+[\[(.])"
)
_CODE_MARKS = frozenset(";{}:(=")


class Place(NamedTuple):
    """A file that the question names, as written with forward slashes, and a line or 0."""

    path: str
    line: int = 0


class Query(NamedTuple):
    """A question as read.

    ``terms`` are index terms (parts, and whole identifiers behind ``=``) in order of first use, stop words
    left out; ``names`` are the folded names that it may mean by a symbol, with 1.0 for those written as
    identifiers and less for plain words and for neighbours taken as one; ``wanted`` are the kinds of file
    it asks for (tests, docs, examples, generated, legacy), a task with its first sentence; ``compounds`` are
    neighbouring words as one identifier would have them, "commit message" as ``=commitmessage``; ``whole``
    is the folded name that all words of a short question make together, or empty.
    """

    text: str
    type: QueryType
    terms: tuple[str, ...]
    counts: dict[str, int]
    names: dict[str, float]
    written: frozenset[str]
    places: tuple[Place, ...]
    wanted: frozenset[str] = frozenset()
    compounds: tuple[str, ...] = ()
    whole: str = ""

    @property
    def parts(self) -> list[str]:
        """The terms that are parts of words."""
        return [term for term in self.terms if term[0] != WHOLE]


def read_query(text: str) -> Query:
    """Read a question. Pure; takes any text."""
    words = query_words(text)
    kind = _type_of(text, words)
    counts: dict[str, int] = {}
    everything: dict[str, int] = {}
    for word, terms in words:
        for term in terms:
            everything[term] = everything.get(term, 0) + 1
            # A stop word inside an identifier is a part of a name: ``get_or_none``, ``isinstance``.
            if len(terms) == 1 and word.islower() and term in STOP_WORDS:
                continue
            counts[term] = counts.get(term, 0) + 1
        if len(everything) > MAX_TERMS:
            break
    if not counts:
        counts = everything
    bare = {word.lower() for word, _ in words[:MAX_TERMS]}
    wanted = _wanted(bare)
    if wanted and kind == "change":  # what comes after its title names tests and docs in passing
        title = re.split(_SENTENCE_END, text.strip(), maxsplit=1)[0]
        wanted = _wanted({word.lower() for word, _ in query_words(title)})
    names, written = _names(text, words, kind)
    compounds = _compounds(words) if kind in ("natural", "change", "error") else ()
    whole = ""
    if kind in ("natural", "change", "symbol") and 1 <= len(words) <= MAX_WHOLE:
        whole = "".join(fold(word) for word, _ in words)
        names[whole] = 1.0
    return Query(text, kind, tuple(counts), counts, names, written, _places(text), wanted, compounds, whole)


def _wanted(words: set[str]) -> frozenset[str]:
    return frozenset(name for name, hints in _WANTED.items() if not words.isdisjoint(hints))


def _compounds(words: list[tuple[str, tuple[str, ...]]]) -> tuple[str, ...]:
    plain = ["" if word.islower() and word in STOP_WORDS else fold(word) for word, _ in words[:MAX_TERMS]]
    return tuple(dict.fromkeys(WHOLE + one + other for one, other in pairwise(plain) if one and other))


def _type_of(text: str, words: list[tuple[str, tuple[str, ...]]]) -> QueryType:
    bare = text.strip()
    if not re.search(r"\s", bare):
        if "/" in bare and re.match(_FOLDERS, bare):
            return "path"
        if "." in bare and (match := re.fullmatch(_PATH, bare)) and _is_file(match["path"] or ""):
            return "path"
        return "symbol"
    head = text[:20_000]
    telling = any(mark in head for mark in (":", "(", '"', "panicked", "goroutine"))
    if telling and (re.search(_TRACE, head) or re.search(_ERROR_NAME, head)):
        return "error"
    if not _CODE_MARKS.isdisjoint(head):
        lines = [line for line in head.splitlines() if line.strip()]
        codelike = sum(1 for line in lines if re.search(_CODE, line))
        if codelike and codelike * 2 >= len(lines) and (len(lines) > 1 or len(words) < 30):
            return "code"
    if len(words) <= 3 and all(_is_identifier(word) for word, _ in words):
        return "symbol"
    if words[0][0].lower() in _CHANGES or re.search(_TASK, head):
        return "change"
    return "natural"


def _is_identifier(word: str) -> bool:
    """Whether a word is spelled as names in code are: camelCase, snake_case, with digits inside."""
    return (
        "_" in word.strip("_")
        or (word[1:] != word[1:].lower() and not word.isupper())
        or (word[0].isalpha() and any(char.isdigit() for char in word))
    )


_ENDINGS = _words(
    "py pyi js mjs cjs jsx ts mts cts tsx go rs java kt kts cs c h cc cpp cxx hh hpp hxx rb php swift scala"
    " lua ex exs hs sh bash zsh sql html htm css scss less vue svelte md mdx rst txt toml yaml yml json jsonc"
    " zig cfg ini xml gradle lock tcss"
)


def _is_file(path: str) -> bool:
    return "/" in path or "\\" in path or path.rpartition(".")[2].lower() in _ENDINGS


def _places(text: str) -> tuple[Place, ...]:
    found: dict[tuple[str, int], None] = {}
    head = text[:50_000]
    for match in re.finditer(_PATH, head) if "." in head or '"' in head else ():
        path = match["python"] or match["path"]
        if match["python"] is None and (path.rpartition(".")[2].lower() not in _ENDINGS):
            continue
        line = match["python_line"] or match["line"]
        found[path.replace("\\", "/").removeprefix("./"), int(line) if line else 0] = None
        if len(found) == MAX_PLACES:
            break
    if not found and "/" in head and re.match(_FOLDERS, head.strip()):
        found[head.strip().strip("/"), 0] = None
    return tuple(Place(path, line) for path, line in found)


def _names(
    text: str, words: list[tuple[str, tuple[str, ...]]], kind: QueryType
) -> tuple[dict[str, float], frozenset[str]]:
    names: dict[str, float] = {}
    written: set[str] = set()
    single = len(words) == 1
    plain: list[str] = []
    for word, _ in words[:MAX_TERMS]:
        if word.islower() and word in STOP_WORDS and not single:
            plain.append("")
            continue
        folded = fold(word)
        if single or _is_identifier(word):
            names[folded] = 1.0
            written.add(word)
        else:
            weight = 0.7 if word[0].isupper() else 0.5
            names[folded] = max(names.get(folded, 0.0), weight)
            if word[0].isupper():
                written.add(word)
        plain.append(folded)
    if kind in ("natural", "change"):
        for first, second in pairwise(plain):
            if first and second:
                names.setdefault(first + second, 0.8)
    head = text[:50_000]
    for match in (
        re.finditer(_IDENTIFIER, head) if any(mark in head for mark in (".", "::", "->", "#")) else ()
    ):
        pieces = re.split(_JOINTS, match[0])
        if len(pieces) > 1:  # the last part of a qualified name is what is defined
            names[fold(pieces[-1])] = 1.0
            written.add(pieces[-1])
    return names, frozenset(written)
