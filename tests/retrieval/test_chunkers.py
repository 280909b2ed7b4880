"""What holds for the chunks of every file, whatever is in it, and what each key of [chunking] changes."""

from __future__ import annotations

import ast
import pickle
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mnemo.retrieval.chunkers import LANGUAGES, ChunkCandidate, ChunkedFile, ChunkOptions, chunk_file
from mnemo.retrieval.chunkers.syntax import parse
from mnemo.retrieval.tokens import count_tokens

SOURCES = sorted((Path(__file__).parent / "sources").iterdir())
NAMES = [f"a/b{extensions[0]}" for extensions in LANGUAGES.values()] + ["a/unknown.xyz", "Makefile"]


def assert_sound(text: str, chunked: ChunkedFile, options: ChunkOptions, *, overlap: bool = False) -> None:
    """Every non-blank line in exactly one chunk, each chunk its lines, none above the cap."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    covered = [0] * len(lines)
    pieces = ""
    for chunk in chunked.chunks:
        assert chunk.tokens <= options.max_chunk_tokens
        assert chunk.tokens == count_tokens(chunk.content, chunked.language)
        assert chunk.content.strip()
        first, last = chunk.line_start - 1, chunk.line_end
        content = "\n".join(lines[first:last])
        if chunk.content != content or pieces:
            assert last - first == 1, "only a single line may be cut"
            pieces += "".join(chunk.content.split())
            whole = "".join(content.split())
            assert whole.startswith(pieces)
            if pieces != whole:
                continue
        pieces = ""
        for at in range(first, last):
            covered[at] += 1
    assert not pieces, "the last piece of a line is missing"
    for at, line in enumerate(lines):
        if line.strip():
            assert covered[at] >= 1, f"line {at + 1} is in no chunk"
            assert overlap or covered[at] == 1, f"line {at + 1} is in {covered[at]} chunks"
    starts = [chunk.line_start for chunk in chunked.chunks]
    assert starts == sorted(starts)


any_options = st.builds(
    ChunkOptions,
    max_chunk_tokens=st.integers(16, 400),
    min_chunk_tokens=st.integers(0, 60),
    overlap_lines=st.integers(0, 40),
    code_granularity=st.sampled_from(["function", "class"]),
)


@given(text=st.text(max_size=600), name=st.sampled_from(NAMES), options=any_options)
@settings(max_examples=200)
def test_any_text_is_chunked_soundly(text: str, name: str, options: ChunkOptions) -> None:
    chunked = chunk_file(text, name, options=options)
    assert_sound(text, chunked, options, overlap=chunked.language == "unknown")


@st.composite
def broken_sources(draw: st.DrawFn) -> tuple[str, str]:
    """A real source with slices cut out, doubled, moved, and its indentation or brackets disturbed."""
    path = draw(st.sampled_from(SOURCES))
    text = path.read_text()
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 200)))
        change = draw(st.sampled_from(["cut", "double", "move", "insert", "join", "dedent"]))
        part = text[start:end]
        if change == "cut":
            text = text[:start] + text[end:]
        elif change == "double":
            text = text[:end] + part + text[end:]
        elif change == "move":
            text = part + text[:start] + text[end:]
        elif change == "insert":
            noise = draw(
                st.sampled_from(
                    ["{", "}", "(", '"""', "'", "/*", "\r\n", "\r", "\t", "\x00", "\f", "é漢🙂\n"]
                )
            )
            text = text[:start] + noise * draw(st.integers(1, 40)) + text[start:]
        elif change == "join":
            text = text[:start] + part.replace("\n", " ") + text[end:]
        else:
            text = text[:start] + part.replace("    ", "") + text[end:]
    return path.name, text


@given(source=broken_sources(), options=any_options)
@settings(max_examples=250)
def test_broken_sources_are_chunked_soundly(source: tuple[str, str], options: ChunkOptions) -> None:
    name, text = source
    assert_sound(text, chunk_file(text, name, options=options), options)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_result_is_plain_data_and_always_the_same(path: Path) -> None:
    chunked = chunk_file(path.read_text(), path.name)
    assert pickle.loads(pickle.dumps(chunked)) == chunked
    assert chunk_file(path.read_text(), path.name) == chunked


def test_line_ends_of_any_kind_count_the_same() -> None:
    text = (SOURCES[0].parent / "account.py").read_text()
    plain = chunk_file(text, "account.py")
    assert chunk_file(text.replace("\n", "\r\n"), "account.py") == plain
    assert chunk_file(text.replace("\n", "\r"), "account.py") == plain


def test_lone_surrogates_do_no_harm() -> None:
    text = "def f():\n    return '\ud800'\n"
    assert chunk_file(text, "a.py").chunks[0].content == text.rstrip("\n")


@pytest.mark.parametrize("text", ["", "\n", "  \n\t\n"])
@pytest.mark.parametrize("name", NAMES)
def test_a_blank_file_has_no_chunks(name: str, text: str) -> None:
    assert chunk_file(text, name).chunks == []


NOISE = {
    "deep brackets": "[\n" * 1000 + "]\n" * 1000,
    "one long sum": "a+" * 4_000,
    "deep definitions": "".join(f"{' ' * at}def f{at}():\n" for at in range(400)),
    "types never closed": "class A {\n" * 500,
    "quotes": "'\"" * 5000,
    "printable noise": "\n".join(
        "".join(chr(33 + (at * at * 7 + row * 31) % 94) for at in range(60)) for row in range(150)
    ),
}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("noise", NOISE)
def test_noise_and_depth_end_and_are_chunked_soundly(name: str, noise: str) -> None:
    options = ChunkOptions(code_granularity="class")
    chunked = chunk_file(NOISE[noise], name, options=options)
    assert_sound(NOISE[noise], chunked, options, overlap=chunked.language == "unknown")


# -- against Python's own parser -----------------------------------------------------------------------------


def modules_of_the_standard_library() -> list[Path]:
    return [
        Path(str(module.__file__))
        for module in (ast, pickle, __import__("argparse"), __import__("asyncio.events"))
    ]


@pytest.mark.parametrize("path", modules_of_the_standard_library(), ids=lambda path: path.name)
def test_python_symbols_are_those_of_ast(path: Path) -> None:
    text = path.read_text()
    expected: dict[str, tuple[int, int]] = {}

    def visit(body: list[ast.stmt], owner: str) -> None:
        for node in body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                symbol = f"{owner}.{node.name}" if owner else node.name
                first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
                expected.setdefault(symbol, (first, node.end_lineno or 0))
                if isinstance(node, ast.ClassDef):
                    visit(node.body, symbol)

    visit(ast.parse(text).body, "")
    chunks = chunk_file(text, path.name, options=ChunkOptions(min_chunk_tokens=0)).chunks
    for symbol, (first, last) in expected.items():
        own = [chunk for chunk in chunks if chunk.symbol == symbol]
        assert any(chunk.line_start <= first <= chunk.line_end for chunk in own), symbol
        name = symbol.rpartition(".")[2]
        assert any(name in chunk.defines for chunk in own), symbol
        ends = (chunk.line_start + chunk.content.rstrip().count("\n") for chunk in own)
        assert max(ends) <= last or symbol.count(".") == 0


# -- shape ---------------------------------------------------------------------------------------------------


def chunks_of(name: str, **options: object) -> list[ChunkCandidate]:
    text = (SOURCES[0].parent / name).read_text()
    return chunk_file(text, name, options=ChunkOptions(**options)).chunks  # type: ignore[arg-type]


def by_symbol(chunks: list[ChunkCandidate]) -> dict[str | None, ChunkCandidate]:
    found: dict[str | None, ChunkCandidate] = {}
    for chunk in chunks:
        found.setdefault(chunk.symbol, chunk)
    return found


def test_a_class_header_stands_with_its_fields_and_apart_from_its_methods() -> None:
    found = by_symbol(chunks_of("account.py"))
    header = found["Account"]
    assert header.content.startswith('@register("account")\nclass Account(Base):')
    assert header.content.rstrip().endswith('currency = "EUR"')
    assert (header.chunk_type, header.types) == ("class", ("Account",))
    method = found["Account.balance"]
    assert method.content.startswith("    @property\n    @cached\n    def balance")
    assert method.chunk_type == "method"
    assert method.doc == "In cents."
    assert method.signature == "def balance(self) -> int"
    assert method.defines == ("balance",)
    assert {"cached", "entry", "entries", "sum"} <= set(method.refers)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_chunks_together_are_the_file(path: Path) -> None:
    text = path.read_text()
    chunks = chunk_file(text, path.name).chunks
    assert "\n".join(chunk.content for chunk in chunks).strip("\n") == text.strip("\n")


def test_comments_stand_with_what_they_lead() -> None:
    assert by_symbol(chunks_of("account.py"))["Account.__init__"].content.startswith("    # Opens one.\n")
    go = by_symbol(chunks_of("account.go"))
    assert go["Account.Balance"].content.startswith("// Balance is in cents.\n")
    assert go["Account.Balance"].doc == "Balance is in cents."


def test_names_in_strings_and_comments_are_not_referred_to() -> None:
    chunk = chunk_file('def f():\n    # about Ghost\n    return call("Phantom", actual)\n', "a.py").chunks[0]
    assert set(chunk.refers) == {"call", "actual"}


def test_a_long_function_is_cut_between_statements() -> None:
    body = "".join(
        f"    if check_{at}(value):\n        first = compute(value, {at})\n        store(first, {at})\n\n"
        for at in range(40)
    )
    chunks = chunk_file(f"def long(value):\n{body}", "long.py").chunks
    assert len(chunks) > 3
    assert {chunk.symbol for chunk in chunks} == {"long"}
    assert all(chunk.content.startswith("    if check_") for chunk in chunks[1:])
    assert [chunk.defines for chunk in chunks] == [("long",), *[()] * (len(chunks) - 1)]


def test_a_long_comment_leaves_the_name_to_the_definition() -> None:
    comment = "".join(
        f"# Line {at} of a comment that says a great deal about what follows it.\n" for at in range(40)
    )
    chunks = chunk_file(f"{comment}def documented(a):\n    return call(a, 1, 2, 3)\n", "a.py").chunks
    assert len(chunks) > 1
    assert {chunk.symbol for chunk in chunks} == {"documented"}
    assert [chunk.defines for chunk in chunks] == [*[()] * (len(chunks) - 1), ("documented",)]


def test_a_nested_function_of_a_long_one_keeps_its_own_name() -> None:
    lines = "".join(f"    value_{at} = compute(value_{at}, other_{at})\n" for at in range(40))
    inner = "    def inner(argument):\n        return argument + helper(argument, 1, 2, 3)\n"
    text = f"def outer():\n{lines}\n{inner}\n{lines}"
    assert "outer.inner" in by_symbol(chunk_file(text, "a.py").chunks)


def test_a_line_above_the_cap_is_cut_by_characters() -> None:
    text = "var a=" + ",".join(f"f{at}(x)" for at in range(2000))
    chunks = chunk_file(text, "a.min.js").chunks
    assert "".join(chunk.content for chunk in chunks) == text
    assert {(chunk.line_start, chunk.line_end) for chunk in chunks} == {(1, 1)}


def test_broken_syntax_keeps_the_symbols_around_it() -> None:
    text = (
        "def before(a):\n    return call(a, 1, 2, 3)\n\n"
        "def broken(:\n    x = = 3\n\n"
        "def after(b):\n    return call(b, 4, 5, 6)\n"
    )
    symbols = {name for chunk in chunk_file(text, "a.py").chunks for name in chunk.defines}
    assert {"before", "after"} <= symbols


# -- every key of [chunking] ---------------------------------------------------------------------------------


def test_max_chunk_tokens_caps_every_chunk() -> None:
    for cap in (40, 80, 160):
        chunks = chunks_of("Account.java", max_chunk_tokens=cap)
        assert max(chunk.tokens for chunk in chunks) <= cap
    assert len(chunks_of("Account.java", max_chunk_tokens=30)) > len(chunks_of("Account.java"))


def test_min_chunk_tokens_merges_what_is_tiny() -> None:
    apart = chunks_of("Account.cs", min_chunk_tokens=0)
    merged = chunks_of("Account.cs", min_chunk_tokens=60)
    assert min(chunk.tokens for chunk in apart) < 20
    assert min(chunk.tokens for chunk in merged) >= 60
    assert {name for chunk in merged for name in chunk.defines} == {
        name for chunk in apart for name in chunk.defines
    }


def test_overlap_lines_overlap_windows_only() -> None:
    text = "".join(f"{at} some line of an unknown format\n" for at in range(100))
    for overlap in (0, 3, 7):
        chunks = chunk_file(text, "a.xyz", options=ChunkOptions(overlap_lines=overlap)).chunks
        assert {chunk.chunk_type for chunk in chunks} == {"window"}
        assert [one.line_end - two.line_start + 1 for one, two in pairwise(chunks)] == [overlap] * (
            len(chunks) - 1
        )
    assert chunks_of("account.py", overlap_lines=0) == chunks_of("account.py", overlap_lines=9)


def test_code_granularity_class_keeps_methods_with_their_class() -> None:
    whole = by_symbol(chunks_of("account.py", code_granularity="class"))
    assert "Account.balance" not in whole
    assert {"Account", "__init__", "balance", "Meta"} <= set(whole["Account"].defines)
    assert whole["Account"].content.count("def ") == 2
    assert "convert" in whole


def test_code_granularity_class_still_keeps_the_cap() -> None:
    options = ChunkOptions(code_granularity="class", max_chunk_tokens=90)
    chunks = chunk_file((SOURCES[0].parent / "account.py").read_text(), "account.py", options=options).chunks
    own = [chunk for chunk in chunks if (chunk.symbol or "").startswith("Account")]
    assert len(own) > 1
    assert max(chunk.tokens for chunk in own) <= 90


def test_an_interrupt_while_parsing_is_an_interrupt() -> None:
    """C reports it as a SystemError of its own, which would count as one file's failure."""

    class Code(bytes):
        def __getitem__(self, _: object) -> bytes:  # type: ignore[override]
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        parse("python", Code(b"x = 1\n"))
    assert parse("python", b"x = 1\n") is not None
