"""Compression keeps code true, says what went, and comes as near to a ratio as its rules allow."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mnemo.retrieval.chunkers import chunk_file, detect_language
from mnemo.retrieval.compress import LEAST, TOLERANCE, compress
from mnemo.retrieval.compress.languages import SHAPES
from mnemo.retrieval.compress.preview import compress_file
from mnemo.retrieval.compress.worth import asked_in
from mnemo.retrieval.config import CompressionConfig
from mnemo.retrieval.errors import UnreadableFileError
from truth import faults, parses, tree_fault

SOURCES = sorted((Path(__file__).parent / "sources").iterdir())

AUTH = '''import os
import sys
import re
from pathlib import Path
from models import User


class AuthManager:
    """Manages user authentication."""

    def __init__(self, config, store, logger):
        self.config = config
        self.store = store
        self.logger = logger
        self.tokens = {}

    def authenticate(self, username, password):
        """Verify credentials and return a token, or None."""
        user = self.store.find(username, case_sensitive=False)
        if user is None:
            return None
        attempts = self.store.count_attempts(user, within=self.config.window)
        self.store.remember_attempt(user, at=self.config.clock.now())
        # TODO: lock the account
        self.logger.info("login attempt of %s", username)
        self.logger.debug("attempts so far: %d", attempts)
        salted = self.config.hasher.salt(password, user.salt, rounds=self.config.rounds)
        assert salted is not None
        token = self.config.signer.sign({"sub": user.id, "attempts": attempts})
        return token

    def revoke_session(self, token):
        """Forget a token."""
        removed = self.tokens.pop(token, None)
        self.store.write_audit_entry("revoked", token, removed)
        self.config.metrics.increment("sessions.revoked")
        self.config.publisher.announce("revoked", token=token)
'''


def kept(text: str, **options: object) -> str:
    return compress(text, "python", **options).text  # type: ignore[arg-type]


def test_the_whole_sample_reads_as_documented() -> None:
    done = compress(AUTH, "python", ratio=0.4)
    assert (
        done.text
        == '''# [5 imports: os, sys, re, pathlib, models]


class AuthManager:
    """Manages user authentication."""

    def __init__(self, config, store, logger):
        ...  # [4 assignments: config, store, logger, tokens]

    def authenticate(self, username, password):
        """Verify credentials and return a token, or None."""
        # [1 line: user]
        if user is None:
            return None
        # [2 lines: attempts, remember_attempt]
        # TODO: lock the account
        # [3 lines: salted]
        assert salted is not None
        # [1 line: token]
        return token

    def revoke_session(self, token):
        """Forget a token."""
        # [4 lines: removed, write_audit_entry, increment, announce]
'''
    )
    assert not faults(AUTH, done)
    assert tree_fault(ast.parse(AUTH), ast.parse(done.text)) is None


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
@pytest.mark.parametrize("ratio", [0.3, 0.6])
def test_every_chunk_of_every_language_stays_true_and_parses_in_its_file(path: Path, ratio: float) -> None:
    text = path.read_text()
    language = detect_language(path.name)
    assert language in SHAPES
    lines = text.split("\n")
    pieces = [(1, len(lines), text, False)]
    pieces += [(c.line_start, c.line_end, c.content, True) for c in chunk_file(text, path.name).chunks]
    sound = parses(language, text)
    for start, end, content, strict in pieces:
        done = compress(content, language, ratio=ratio, strict=strict)
        assert not faults(content, done)
        whole = "\n".join([*lines[: start - 1], done.text, *lines[end:]])
        assert parses(language, whole) or not sound, done.text
    assert compress(text, language, ratio=0.3).elisions or language == "haskell"


NAMES = st.sampled_from(["alpha", "beta", "gamma", "delta", "user", "token", "items", "total"])
SIMPLE = st.one_of(
    st.builds("self.{0} = {0}".format, NAMES),
    st.builds("{} = compute_everything({}, {})".format, NAMES, NAMES, NAMES),
    st.builds("logger.info('%s of {}', {})".format, NAMES, NAMES),
    st.builds("{}.append({})  # trailing words".format, NAMES, NAMES),
    st.builds("# what follows concerns {}".format, NAMES),
    st.builds("return {}".format, NAMES),
    st.builds("raise ValueError({})".format, NAMES),
    st.builds('{} = """several\n\n\n  lines\n"""'.format, NAMES),
    st.builds("{} = [\n    1,\n    2,\n    3,\n    4,\n    5,\n    6\n]".format, NAMES),
    st.builds("from .{} import {} as other".format, NAMES, NAMES),
    st.builds("{}; {}".format, NAMES, NAMES),
    st.builds("x = {} \\\n    + {}".format, NAMES, NAMES),
    st.just(""),
    st.just("\n"),
    st.just("pass"),
)


def _indented(lines: list[str], head: str) -> str:
    body = "\n".join(lines)
    if not any(line.strip() and not line.startswith("#") for line in lines):
        body += "\npass"
    inside, text = False, [head]
    for line in body.split("\n"):  # the lines of a text in quotes stay where they are
        text.append(line if inside or not line else f"    {line}")
        inside ^= line.count('"""') == 1
    return "\n".join(text)


BLOCKS = st.recursive(
    SIMPLE,
    lambda inner: st.builds(
        _indented,
        st.lists(inner, min_size=1, max_size=6),
        st.sampled_from(["def work(self):", "if user:", "for x in items:", "class A:", "with a:"]),
    ),
    max_leaves=25,
)


@settings(max_examples=150)
@given(
    st.lists(BLOCKS, min_size=1, max_size=8),
    st.floats(0, 1),
    st.booleans(),
    st.builds(
        CompressionConfig,
        preserve_signatures=st.booleans(),
        preserve_docstrings=st.booleans(),
        collapse_imports=st.booleans(),
        collapse_boilerplate=st.booleans(),
    ),
    st.sampled_from(["", "token total", "compute everything user"]),
)
def test_any_program_stays_the_same_but_for_what_is_marked(
    blocks: list[str], ratio: float, strict: bool, config: CompressionConfig, asked: str
) -> None:
    text = "\n".join(blocks)
    question = asked_in(text, asked.split())
    done = compress(text, "python", ratio=ratio, strict=strict, config=config, question=question)
    assert not faults(text, done)
    assert len(done.text) <= len(text)
    assert done.ratio == pytest.approx(len(done.text) / max(len(text), 1)) or not text
    if parses("python", text):
        assert tree_fault(ast.parse(text), ast.parse(done.text)) is None
    for line in text.split("\n") if config.preserve_signatures else []:
        if line.strip().startswith(("return", "raise")):
            assert line in done.text


@settings(max_examples=100)
@given(st.text(max_size=400), st.sampled_from([*SHAPES, "markdown", "yaml", "json", "css", "unknown", "rst"]))
def test_any_text_in_any_language_is_compressed_without_fault(text: str, language: str) -> None:
    assert not faults(text, compress(text, language, ratio=0.3))


def test_a_ratio_is_met_within_five_points_where_the_rules_allow() -> None:
    text = "def work():\n" + "".join(
        f"    step_{number}(value_{number * 7 % 31}, other_{number})\n" for number in range(200)
    )
    for ratio in (0.3, 0.4, 0.55, 0.7, 0.9):
        done = compress(text, "python", ratio=ratio)
        assert abs(done.ratio - ratio) <= TOLERANCE
        assert done.reason is None
    assert compress(text, "python", ratio=1.0).text == text


def test_at_most_seventy_percent_goes() -> None:
    text = "".join(f"call_{number}(argument)\n" for number in range(300))
    done = compress(text, "python", ratio=0.0)
    assert done.ratio >= LEAST - TOLERANCE
    assert done.reason == "at most 70% of a text goes"


@pytest.mark.parametrize(
    ("text", "language", "reason"),
    [
        ("import a_module, another_module\n" * 40, "python", None),
        ("".join(f"{n} is a line of a log that has no blank ones\n" for n in range(200)), "text", None),
        ("one paragraph in a single line " * 200 + "\n", "markdown", "one large part"),
        (
            "# A heading\n\n" + "```\nsome code\n" + "more of it\n" * 60 + "```\n",
            "markdown",
            "one large part",
        ),
    ],
)
def test_no_single_part_takes_more_than_that(text: str, language: str, reason: str | None) -> None:
    done = compress(text, language, ratio=0.4)
    assert done.ratio >= 0.3
    assert not faults(text, done)
    assert (reason in (done.reason or "")) if reason else done.reason is None


@pytest.mark.parametrize(
    ("language", "line"),
    [("javascript", "send(value_{0}, other);"), ("json", '"key_{0}": {0},'), ("markdown", "A word on {0}.")],
)
def test_of_several_blank_lines_the_first_stays_as_it_is(language: str, line: str) -> None:
    source = "".join(f"{line.format(number)}\n\t\n  \n\n" for number in range(40))
    done = compress(source, language, ratio=0.6)
    assert done.elisions
    assert "\n\t\n" in done.text
    assert faults(source, done) == []
    assert abs(done.ratio - 0.6) <= TOLERANCE


def test_it_is_said_where_the_rules_do_not_allow_a_ratio() -> None:
    text = "def f(x):\n" + "".join(f"    if x == {n}:\n        return {n}\n" for n in range(40))
    done = compress(text, "python", ratio=0.4)
    assert done.text == text
    assert done.reason == "nothing in it can go"
    assert "what stays" in (compress(AUTH, "python", ratio=0.3).reason or "")


def test_target_ratio_is_the_default_ratio() -> None:
    text = "".join(f"call_{number}(argument)\n" for number in range(300))
    for target in (0.4, 0.8):
        done = compress(text, "python", config=CompressionConfig(target_ratio=target))
        assert done.target == target
        assert abs(done.ratio - target) <= TOLERANCE


def test_signatures_go_only_where_they_need_not_be_preserved() -> None:
    assert "def revoke_session(self, token):" in kept(AUTH, ratio=0.3)
    loose = CompressionConfig(preserve_signatures=False)
    free = kept(AUTH + AUTH.replace("Auth", "Other"), ratio=0.3, config=loose)
    assert free.count("def revoke_session") == 1
    assert "lines: OtherManager]" in free
    assert "class AuthManager" in kept(AUTH, ratio=0.3, config=loose)  # it is the most of its text


def test_docstrings_go_only_where_they_need_not_be_preserved() -> None:
    loose = CompressionConfig(preserve_docstrings=False)
    assert '"""Forget a token."""' in kept(AUTH, ratio=0.3)
    assert '"""Verify credentials' not in kept(AUTH, ratio=0.3, config=loose)
    doc = "// Add adds two numbers, carefully,\n// as one would by hand, digit by digit.\n"
    go = f"package a\n\n{doc}func Add(a, b int) int {{\n\treturn a + b\n}}\n"
    assert compress(go, "go", ratio=0.3).text == go
    assert "// [2 docstrings]" in compress(go, "go", ratio=0.3, config=loose).text


def test_imports_are_summed_up_only_where_that_is_wanted_and_there_are_more_than_three() -> None:
    text = "import os\nimport sys\nimport re\nimport json\n"
    assert kept(text, ratio=0.4) == "# [4 imports: os, sys, re, json]\n"
    assert kept(text, ratio=0.4, config=CompressionConfig(collapse_imports=False)) == text
    three = "import os\nimport sys\nimport re\n"
    assert kept(three, ratio=0.4) == three
    body = "".join(f"if a == {n}:\n    raise SomeError('of a kind', {n})\n" for n in range(4))
    many = "from a import (\n    b,\n    c,\n)\n" * 4 + body
    assert kept(many, ratio=0.3) == "# [4 imports, 16 lines: a]\n" + body


def test_boilerplate_is_summed_up_before_statements_only_where_that_is_wanted() -> None:
    runs = "".join(f"self.name_{n} = name_{n}\n" for n in range(6)) + "logger.info('a thing happened')\n" * 2
    work = "".join(f"{word}(argument)\n" for word in ("read", "sort", "publish", "audit", "archive_all"))
    done = kept(runs + work, ratio=0.4, strict=True)
    assert done == "# [8 lines: name_0, name_1, name_2, name_3, ...]\n" + work
    config = CompressionConfig(collapse_boilerplate=False)
    assert "self.name_" in kept(runs + work, ratio=0.7, config=config)


def test_lines_that_repeat_go_first_and_never_from_one_symbol() -> None:
    unlike = "".join(f"{word}(argument, {word}s)\n" for word in ("read_all", "sort", "publish", "audit"))
    alike = "".join(f"table.register_handler('name', handler_{n}, order=1)\n" for n in range(8))
    wanted = alike.partition("\n")[0] + "\n# [7 lines: register_handler]\n" + unlike
    assert kept(alike + unlike, ratio=len(wanted) / len(alike + unlike)) == wanted
    assert kept(alike + unlike, ratio=0.4, strict=True) == alike + unlike


def test_what_answers_a_question_stays_whole() -> None:
    question = asked_in(AUTH, ["revoke", "session"])
    done = kept(AUTH, ratio=0.4, question=question)
    assert AUTH[AUTH.index("    def revoke_session") :] in done
    assert "remember_attempt(" not in done
    assert "write_audit_entry(" not in kept(AUTH, ratio=0.4)


def test_a_symbol_keeps_its_live_statements() -> None:
    method = AUTH[AUTH.index("    def authenticate") : AUTH.index("    def revoke")].rstrip()
    done = compress(method, "python", ratio=0.3, strict=True)
    assert "hasher.salt(" in done.text
    assert "# [2 log statements]" in done.text
    assert done.reason == "live statements of a symbol stay"


def test_an_emptied_block_keeps_a_statement() -> None:
    body = "    call_something(first_argument)\n    call_another(first_argument, second_argument)\n"
    done = compress(f"def f():\n{body}", "python", ratio=0.3)
    assert done.text == "def f():\n    ...  # [2 lines]\n"
    one = "def f():\n    if a:\n        call_something(first_argument, second_argument)\n    return b\n"
    assert kept(one, ratio=0.3) == "def f():\n    if a:\n        ...  # [1 line]\n    return b\n"
    shell = "work() {\n  fetch_the_archive_from_somewhere one two\n  unpack_it_somewhere_else three four\n}\n"
    assert "  :  # [2 lines" in compress(shell, "shell", ratio=0.3).text
    assert parses("shell", compress(shell, "shell", ratio=0.3).text)


def test_a_piece_of_a_block_is_not_left_without_a_statement() -> None:
    done = compress("    first_call(argument)\n    second_call(argument, other)\n", "python", ratio=0.3)
    assert done.text.startswith("    ...  # [2 lines")
    two = "        inner_call(argument, other, third)\n    outer_call(argument, other, third)\n"
    text = compress(two, "python", ratio=0.3).text
    ast.parse(f"if a:\n    if b:\n{text}")


def test_a_piece_of_a_list_keeps_the_commas_between_elements() -> None:
    element = "    Case(\n        'a text that could go',\n        name='a name that could go',\n    ),\n"
    assert kept(element, ratio=0.3) == element
    argument = "    name=some_value_that_could_go,\n"
    ast.parse(f"f(\n{kept(argument, ratio=0.3)}    other=1,\n)")


def test_a_mark_names_as_much_as_a_third_of_what_went() -> None:
    calls = [f"{name}(argument, {name}_options)" for name in ("collect", "filter_out", "publish")]
    marks = ["# [1 line]", "# [2 lines: collect, ...]", "# [3 lines: collect, filter_out, ...]"]
    for count, mark in enumerate(marks, 1):
        text = "def f():\n    return 1\n\n\n" + "\n".join(calls[:count]) + "\n"
        assert kept(text, ratio=0.3) == f"def f():\n    return 1\n\n\n{mark}\n"


def test_more_of_what_answers_stays_where_the_ratio_is_out_of_reach() -> None:
    def function(name: str, *body: str) -> str:
        return f"def {name}(value):\n" + "".join(f"    {line}\n" for line in body) + "    return value\n\n\n"

    wordy = [f"value.collect_{n}(of={n}, the_reading=value.readings[{n}])" for n in range(6)]
    control = [f"if value > {n}:\n        return value - {n} * value.correction" for n in range(12)]
    first, second = function("read_sensor", *wordy), function("reset_sensor", *wordy)
    asked = ["sensor"]
    free = first + second + function("other", *(f"unrelated_call_{n}(value, option_{n})" for n in range(16)))
    done = compress(free, "python", ratio=0.4, question=asked_in(free, asked))
    assert done.reason is None
    assert (first in done.text) + (second in done.text) == 1  # half of what is left
    stiff = first + second + function("other", *control)
    done = compress(stiff, "python", ratio=0.4, question=asked_in(stiff, asked))
    assert done.reason
    assert first in done.text
    assert second in done.text


@pytest.mark.parametrize(
    ("language", "mark"),
    [
        ("markdown", "<!-- [1 paragraph, 2 lines] -->"),
        ("rst", ".. [1 paragraph, 2 lines]"),
        ("text", "[1 paragraph, 2 lines]"),
    ],
)
def test_prose_loses_whole_paragraphs_and_keeps_headings_and_fences(language: str, mark: str) -> None:
    text = (
        "Guide\n=====\n\nInstall the thing with care, and then\nrun it, run it, and run it again.\n\n"
        "The database connection is pooled by the\nscheduler whenever latency demands it.\n"
    )
    done = compress(text, language, ratio=0.6)
    assert done.text.startswith("Guide\n=====\n")
    assert mark in done.text
    fenced = "# A\n\n```python\na = 1\nb = 2\nc = 3\n```\n\nwords and more words\n"
    assert compress(fenced, "markdown", ratio=0.5).text.count("```") in (0, 2)


def test_data_keeps_the_lines_that_open_and_close() -> None:
    text = "server:\n" + "".join(f"  option_{n}: value_{n}\n" for n in range(12)) + "client:\n  retries: 3\n"
    done = compress(text, "yaml", ratio=0.5).text
    assert "server:" in done
    assert "client:" in done
    assert "  # [" in done
    html = "<div>\n" + "".join(f"  <p>paragraph {n} of many</p>\n" for n in range(9)) + "</div>\n"
    page = compress(html, "html", ratio=0.4).text
    assert page.startswith("<div>\n")
    assert page.endswith("</div>\n")


def test_what_does_not_parse_stays_but_for_sound_definitions() -> None:
    broken = "def f(:\n    call_something(1, 2, 3)\n    call_another(2, 3, 4, 5)\n"
    assert compress(broken, "python", ratio=0.3).text == broken
    prose = '    of it, then\n    url = build("a", "b", "c")\n    other(url, url, url)\n    """\n'
    assert compress(prose, "python", ratio=0.3).text == prose


def test_what_stands_in_a_literal_that_is_cut_open_stays() -> None:
    method = "    def f(self):\n" + "".join(f"        self.a{n} = {n}\n" for n in range(6))
    code = f'CODE = \'\'\'\\\nclass Inside:\n    """Doc."""\n\n{method}\n    def g(self):\n        """Doc.\n'
    assert compress(code, "python", ratio=0.4).text == code
    before = f"class Before:\n{method}\n"
    done = compress(before + code, "python", ratio=0.4)
    assert done.text.endswith(code)
    assert "# [6 assignments: " in done.text


def test_a_file_is_read_as_the_index_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "auth.py"
    path.write_bytes(AUTH.replace("\n", "\r\n").encode())
    found = compress_file(path, CompressionConfig(), ratio=0.4, query="revoke a session")
    assert found.language == "python"
    assert found.tokens < found.original_tokens
    assert "sessions.revoked" in found.compressed.text
    (tmp_path / "a.bin").write_bytes(b"\0\1\2")
    for name, reason in (("a.bin", "binary"), ("none.py", "No such file"), (".", "directory")):
        with pytest.raises(UnreadableFileError, match=reason):
            compress_file(tmp_path / name, CompressionConfig())


def test_tree_sitter_is_loaded_by_the_first_code_that_is_compressed() -> None:
    code = (
        "import sys; from mnemo.retrieval.compress import compress; compress('a\\n\\nb', 'text', ratio=0.3);"
        "assert 'tree_sitter' not in sys.modules; compress('a(1)', 'python', ratio=0.3);"
        "assert 'tree_sitter' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
