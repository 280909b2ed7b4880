"""Each language's own structure: symbols, kinds, imports; and the formats that are no code."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from mnemo.retrieval.chunkers import ChunkCandidate, ChunkOptions, Import, chunk_file, detect_language, syntax

SOURCES = Path(__file__).parent / "sources"
APART = ChunkOptions(min_chunk_tokens=0)

# The symbols of each source, written by hand from reading it.
SYMBOLS = {
    "Account.cs": (
        "csharp",
        """
        class Account
        method Account.Account
        property Account.Balance
        method Account.TransferAsync
        interface IOwned
        enum Status
        struct Move
        class Statement
        type Settled
        """,
    ),
    "Account.hs": (
        "haskell",
        """
        type Account
        type Cents
        type Moves
        interface Owned
        method Owned.ownerOf
        impl Owned
        function balance
        function settle
        """,
    ),
    "Account.java": (
        "java",
        """
        class Account
        method Account.Account
        method Account.balance
        method Account.close
        enum Account.Status
        class Account.Builder
        method Account.Builder.owner
        interface Owned
        class Move
        method Move.Move
        """,
    ),
    "Account.kt": (
        "kotlin",
        """
        class Account
        property Account.balance
        method Account.settle
        method Account.open
        interface Owned
        enum Status
        object Registry
        method Registry.get
        method Account.freeze
        """,
    ),
    "Account.php": (
        "php",
        """
        class Account
        method Account.__construct
        method Account.balance
        interface Owned
        trait Settles
        method Settles.settle
        enum Status
        function open_account
        """,
    ),
    "Account.scala": (
        "scala",
        """
        class Account
        method Account.balance
        method Account.settle
        object Account
        method Account.open
        trait Owned
        class Move
        trait Status
        object Open
        """,
    ),
    "account.c": (
        "c",
        """
        macro CENTS
        struct account_t
        struct ledger
        enum status
        function account_open
        function account_freeze
        """,
    ),
    "account.cpp": (
        "cpp",
        """
        class Account
        method Account.Account
        method Account.~Account
        method Account.transfer
        enum Status
        struct Move
        method Move.operator<
        method Account.balance
        function convert
        """,
    ),
    "account.ex": (
        "elixir",
        """
        module Bank.Account
        method Bank.Account.balance
        method Bank.Account.settle
        method Bank.Account.convert
        method Bank.Account.cents
        impl String.Chars
        method String.Chars.to_string
        module Bank.AccountTest
        """,
    ),
    "account.go": (
        "go",
        """
        struct Entry
        type Moves
        struct Account
        interface Store
        method Account.Balance
        method Moves.Len
        function NewAccount
        """,
    ),
    "account.js": (
        "javascript",
        """
        function openAccount
        function closeAccount
        class Account
        method Account.constructor
        method Account.balance
        method Account.settle
        method app.handle
        method Account.freeze
        module exports
        method exports.transfer
        method exports.audit
        """,
    ),
    "account.lua": (
        "lua",
        """
        method Account.new
        method Account.balance
        function convert
        method Account.settle
        """,
    ),
    "account.py": (
        "python",
        """
        class Account
        method Account.__init__
        method Account.balance
        class Account.Meta
        function convert
        """,
    ),
    "account.rb": (
        "ruby",
        """
        module Bank
        class Bank.Account
        method Bank.Account.initialize
        method Bank.Account.balance
        method Bank.Account.open
        method Bank.Account.find
        class Bank.Move
        method Bank.Move.void?
        """,
    ),
    "account.rs": (
        "rust",
        """
        struct Account
        enum Status
        trait Settle
        method Settle.freeze
        impl Account
        method Account.new
        method Account.balance
        type Account.Error
        method Account.settle
        macro cents
        function frozen
        struct Vault
        module tests
        method tests.opens_empty
        """,
    ),
    "account.sh": (
        "shell",
        """
        function open_account
        function balance
        """,
    ),
    "account.swift": (
        "swift",
        """
        class Account
        method Account.init
        property Account.balance
        method Account.settle
        method Account.deinit
        struct Transfer
        enum Status
        interface Owned
        impl Account
        function openAccount
        type Cents
        """,
    ),
    "account.ts": (
        "typescript",
        """
        interface Owned
        type Entry
        enum Status
        module bank
        class Account
        method Account.constructor
        method Account.balance
        module Rates
        method Rates.convert
        function useAccount
        """,
    ),
    "account.tsx": (
        "tsx",
        """
        type Props
        function Balance
        function Statement
        """,
    ),
    "account.zig": (
        "zig",
        """
        struct Account
        method Account.init
        method Account.balance
        enum Status
        function convert
        """,
    ),
}


def read(name: str) -> str:
    return (SOURCES / name).read_text()


def named(chunks: list[ChunkCandidate]) -> list[str]:
    return list(dict.fromkeys(f"{chunk.chunk_type} {chunk.symbol}" for chunk in chunks if chunk.symbol))


@pytest.mark.parametrize("name", SYMBOLS)
def test_symbols(name: str) -> None:
    language, symbols = SYMBOLS[name]
    chunked = chunk_file(read(name), name, options=APART)
    assert chunked.language == language
    assert named(chunked.chunks) == [line.strip() for line in symbols.strip().splitlines()]


def test_every_language_with_a_grammar_has_a_source() -> None:
    assert {language for language, _ in SYMBOLS.values()} == set(syntax.GRAMMARS)


IMPORTS = {
    "account.py": "__future__:annotations os.path: json: .ledger:Entry,append .:moves ..money:* "
    "ledger_native:convert decimal:Decimal",
    "account.js": "node:fs:default,readFile ./path.js: ./side-effect.js: ../lib/moves:deposit,withdraw",
    "account.ts": "./currency:Currency @bank/base:Base,Options ./ledger:Ledger ./types:*",
    "account.tsx": "react:default,useState",
    "account.go": "errors: github.com/acme/money: fmt:",
    "account.rs": "std::collections:HashMap crate::money::rate:Table crate::money: crate::money:Cents "
    "super::ledger:* self::moves: super:*",
    "Account.java": "java.util.List: com.acme.money.Rates:convert com.acme.ledger:*",
    "Account.kt": "kotlinx.coroutines.flow.Flow: com.acme.money.Rates: com.acme.ledger:*",
    "Account.scala": "scala.collection.mutable: com.acme.money:Rates,Cents com.acme.ledger:*",
    "Account.cs": "System: System.Math: System.Text.Json:",
    "Account.php": r"Acme\Money\Rates: Acme\Ledger:Entry,Move Acme\Money\convert: /ledger.php: Settles:",
    "account.swift": "Foundation: Ledger:",
    "account.c": "stdlib.h: ledger.h:",
    "account.cpp": "vector: account.hpp:",
    "account.rb": "json: ../ledger/moves:",
    "account.lua": "cjson: bank.ledger:",
    "account.ex": "Ecto.Schema: Ecto.Changeset: Bank:Ledger,Move ExUnit.Case:",
    "Account.hs": "Data.Map: Bank.Ledger:",
    "account.zig": "std: ledger.zig:",
    "account.sh": "./ledger.sh: $HOME/.bankrc:",
}


@pytest.mark.parametrize("name", IMPORTS)
def test_imports(name: str) -> None:
    found = chunk_file(read(name), name).imports
    assert " ".join(f"{one.module}:{','.join(one.names)}" for one in found) == IMPORTS[name]


def test_imports_know_their_lines_and_leave_strings_and_comments_out() -> None:
    text = (
        '"""\nimport ghost\n"""\n# é\nimport os\n\n'
        'def f():\n    """\n    import phantom\n    """\n    import sys as system\n'
    )
    assert chunk_file(text, "a.py").imports == [Import("os", (), 5), Import("sys", (), 11)]
    text = (
        "// import x from 'ghost'\nconst s = `\nimport y from 'it'\n`\nconst z = await import('./real.js')\n"
    )
    assert chunk_file(text, "a.js").imports == [Import("./real.js", (), 5)]


def test_python_imports_over_several_lines() -> None:
    text = "from a.b import (  # why\n    c,  # that\n    d as e,\n)\nfrom . import f, \\\n    g\n"
    assert chunk_file(text, "a.py").imports == [Import("a.b", ("c", "d"), 1), Import(".", ("f", "g"), 5)]


@pytest.mark.parametrize(
    ("name", "symbol", "signature"),
    [
        ("account.py", "Account.balance", "def balance(self) -> int"),
        ("account.js", "closeAccount", "const closeAccount = async (account) =>"),
        ("account.go", "Account.Balance", "func (a *Account) Balance() (sum int64)"),
        ("account.rs", "Account.new", "pub fn new(owner: impl Into<String>) -> Self"),
        ("Account.java", "Account.close", "@Override public void close() throws IOException"),
        (
            "account.c",
            "account_freeze",
            "static int account_freeze(account_t *account, struct ledger *ledger)",
        ),
        ("account.cpp", "Account.balance", "Cents Account<Entry>::balance() const"),
        ("Account.hs", "balance", "balance :: Account -> Int"),
        ("account.rb", "Bank", "module Bank"),
    ],
)
def test_signature_is_the_declaration_without_its_body(name: str, symbol: str, signature: str) -> None:
    chunks = chunk_file(read(name), name, options=APART).chunks
    assert next(chunk.signature for chunk in chunks if chunk.symbol == symbol) == signature


def test_fields_members_and_constants_are_defined() -> None:
    expected = {
        "account.py": {"LIMIT", "OPEN", "FROZEN", "currency"},
        "account.ts": {"owner", "transfer", "Open", "Frozen", "entries", "close", "table"},
        "account.go": {"ErrFrozen", "Open", "Frozen", "Cents", "Note", "Load", "Save"},
        "account.rs": {"LIMIT", "owner", "entries", "Open", "Frozen", "settle"},
        "Account.java": {"LIMIT", "entries", "OPEN", "FROZEN", "CLOSED"},
        "Account.cs": {"Limit", "entries", "Owner", "Open", "Cents"},
        "account.c": {"ACCOUNT_LIMIT", "owner", "OPEN", "visit_fn", "registry", "account_balance"},
        "account.rb": {"LIMIT", "owner", "entries"},
        "account.swift": {"entries", "owner", "open", "frozen", "transfer"},
    }
    for name, names in expected.items():
        defined = {one for chunk in chunk_file(read(name), name).chunks for one in chunk.defines}
        assert names <= defined, name


def test_types_are_told_from_other_names() -> None:
    for name in ("account.py", "account.ts", "account.go", "account.rs", "Account.java", "account.cpp"):
        types = {one for chunk in chunk_file(read(name), name).chunks for one in chunk.types}
        assert "Account" in types
        assert not types & {"balance", "Balance", "LIMIT", "convert", "tests"}


# -- where a grammar is not installed ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("account.py", ["class Account", "method Account.balance"]),
        ("account.go", ["function NewAccount", "function Balance"]),
        ("account.rs", ["struct Account", "method Account.balance"]),
        ("Account.java", ["class Account", "method Account.balance", "interface Owned"]),
        ("account.js", ["function openAccount", "class Account"]),
        ("account.sh", ["function open_account", "function balance"]),
    ],
)
def test_without_its_grammar_a_language_is_laid_out_by_indentation(
    name: str, expected: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    language = detect_language(name)
    monkeypatch.setitem(sys.modules, syntax.GRAMMARS[language].module, None)  # importing it fails now
    syntax._parser.cache_clear()
    try:
        chunked = chunk_file(read(name), name, options=ChunkOptions(max_chunk_tokens=80, min_chunk_tokens=0))
    finally:
        syntax._parser.cache_clear()
    assert chunked.language == language
    assert set(expected) <= set(named(chunked.chunks))


# -- prose ---------------------------------------------------------------------------------------------------

MARKDOWN = """\
---
title: Bank
---

Before any heading, a paragraph that says what this is all about.

# Bank

Keeps accounts for customers, and never loses one of them.

## Opening *an* account

```sh
# not a heading
bank open ada
```

Setext title
------------

Some more text for the last section, so that it is long enough.
"""

RST = """\
====
Bank
====

Keeps accounts for customers, and never loses one of them.

Opening
=======

.. code-block:: python

    open_account("ada")

Closing
=======

Reasons
-------

An account is closed when its owner says so, in writing.
"""


def test_markdown_sections() -> None:
    chunks = chunk_file(MARKDOWN, "README.md", options=APART).chunks
    assert named(chunks) == [
        "section Bank",
        "section Bank > Opening an account",
        "section Bank > Setext title",
    ]
    assert {chunk.chunk_type for chunk in chunks} == {"section", "paragraph"}
    assert "# not a heading" in next(
        chunk.content for chunk in chunks if chunk.symbol == "Bank > Opening an account"
    )


def test_rst_sections() -> None:
    chunks = chunk_file(RST, "index.rst", options=APART).chunks
    assert [chunk.symbol for chunk in chunks] == [
        "Bank",
        "Bank > Opening",
        "Bank > Closing",
        "Bank > Closing > Reasons",
    ]
    assert chunks[0].content.startswith("====\nBank")


def test_long_prose_is_cut_between_paragraphs() -> None:
    text = "# Title\n\n" + "\n\n".join(
        f"Paragraph {at} speaks of things at some length.\nIt has two lines." for at in range(60)
    )
    chunks = chunk_file(text, "a.md").chunks
    assert len(chunks) > 2
    assert all(chunk.content.startswith("Paragraph") for chunk in chunks[1:])


# -- data ----------------------------------------------------------------------------------------------------


def test_toml_tables() -> None:
    text = (
        '# top\nname = "x"\n\n[tool.ruff]\nline-length = 110\nselect = [\n  "E",\n]\n\n'
        "# Why.\n[[points]]\nx = 1\n"
    )
    chunks = chunk_file(text, "a.toml", options=APART).chunks
    assert [chunk.symbol for chunk in chunks] == [None, "tool.ruff", "points"]
    assert chunks[2].content.startswith("# Why.")
    assert {chunk.chunk_type for chunk in chunks} == {"key"}


def test_yaml_and_json_divide_at_their_keys() -> None:
    block = "".join(f"    key_{at}: a value of some length for number {at}\n" for at in range(40))
    chunks = chunk_file(f"name: x\non:\n- push\njobs:\n  test:\n{block}  lint:\n{block}", "ci.yml").chunks
    assert {"jobs.test", "jobs.lint"} <= {chunk.symbol for chunk in chunks}
    entries = ",\n".join(f'    "key_{at}": "a value of some length for number {at}"' for at in range(40))
    chunks = chunk_file(
        f'{{\n  "scripts": {{\n{entries}\n  }},\n  "files": {{\n{entries}\n  }}\n}}\n', "a.json"
    ).chunks
    assert {"scripts", "files"} <= {chunk.symbol for chunk in chunks}


def test_sql_statements() -> None:
    text = (
        "CREATE TABLE accounts (\n  owner text,\n  cents bigint\n);\n\n"
        "CREATE OR REPLACE FUNCTION balance(who text) RETURNS bigint AS $$\n"
        "BEGIN\n  RETURN 1;\nEND;\n$$ LANGUAGE plpgsql;\n"
        "SELECT *\nFROM accounts\nWHERE owner = 'ada';\n"
    )
    chunks = chunk_file(text, "a.sql", options=APART).chunks
    assert named(chunks) == ["statement accounts", "function balance"]
    assert chunks[0].types == ("accounts",)
    assert chunks[1].content.endswith("LANGUAGE plpgsql;")


# -- markup --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["Balance.vue", "Balance.svelte"])
def test_components_follow_each_part(name: str) -> None:
    text = (
        '<script lang="ts">\nimport { Account } from "./account"\n\n'
        "export function settle(account: Account): number {\n"
        "  return account.entries.map((entry) => entry.cents).reduce((a, b) => a + b, 0)\n}\n</script>\n\n"
        '<template>\n  <section id="statement">\n    <h1>{{ owner }}</h1>\n  </section>\n</template>\n\n'
        "<style scoped>\n.owner {\n  color: red;\n}\n</style>\n"
    )
    chunked = chunk_file(text, name, options=APART)
    found = {chunk.symbol: chunk for chunk in chunked.chunks}
    assert (found["settle"].line_start, found["settle"].chunk_type) == (4, "function")
    assert chunked.imports == [Import("./account", ("Account",), 2)]
    assert {"element", "rule"} <= {chunk.chunk_type for chunk in chunked.chunks}
    assert "owner" in {one for chunk in chunked.chunks for one in chunk.defines}


def test_style_rules_and_elements_are_grouped_whole() -> None:
    text = "".join(
        f".rule-{at},\n.other-{at} {{\n  color: red;\n  margin: {at}px;\n}}\n\n" for at in range(30)
    )
    chunks = chunk_file(text, "a.css").chunks
    assert len(chunks) > 3
    assert all(
        chunk.content.startswith(".rule-") and chunk.content.rstrip().endswith("}") for chunk in chunks
    )
    assert "rule-0" in chunks[0].defines


# -- detection -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "first_line", "language"),
    [
        ("a/b.py", "", "python"),
        ("a/B.PY", "", "python"),
        ("a.test.tsx", "", "tsx"),
        ("bin/tool", "#!/usr/bin/env -S python3.11 -u", "python"),
        ("bin/tool", "#!/bin/sh", "shell"),
        ("bin/tool", "#! /usr/bin/env node", "javascript"),
        ("bin/tool", "", "unknown"),
        ("a.b/tool", "", "unknown"),
        ("Rakefile", "", "ruby"),
        ("LICENSE", "", "text"),
        ("a.xyz", "#!/usr/bin/env ruby", "ruby"),
    ],
)
def test_language_is_told_by_name_extension_or_first_line(path: str, first_line: str, language: str) -> None:
    assert detect_language(path, first_line) == language


def test_a_header_of_cpp_is_told_from_one_of_c() -> None:
    assert chunk_file("#pragma once\nnamespace bank {\nclass Account {};\n}\n", "a.h").language == "cpp"
    plain = (
        '#ifdef __cplusplus\nextern "C" {\n#endif\n/* The class of an account. */\nint account_class(void);\n'
    )
    assert chunk_file(plain, "a.h").language == "c"
