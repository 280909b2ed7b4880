"""Questions to a real index."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tomllib
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest
from mnemo.retrieval.budget import Offer, fill
from mnemo.retrieval.engine import RetrievalEngine
from mnemo.retrieval.formats import document
from mnemo.retrieval.tokens import count_tokens, exact_counter

FILES = {
    "shop/cart.py": '''"""The cart."""

from shop.prices import discount


class ShoppingCart:
    """Items that a customer means to buy."""

    def __init__(self, owner):
        self.owner = owner
        self.items = []
        self.observers = []
        self.discounted = False
        self.currency = "EUR"

    def add_item(self, item, quantity=1):
        """Put an item into the cart, so many times, and tell every observer of it at once."""
        for _ in range(quantity):
            self.items.append(item)
        for observer in self.observers:
            observer.notify(self, item, quantity)

    def total_price(self):
        """Sum the prices of all items, less the discount that the owner has earned so far."""
        amount = sum(item.price for item in self.items)
        if amount > 100 and not self.discounted:
            amount = discount(amount, self.owner.level)
        return round(amount, 2)
''',
    "shop/prices.py": '''"""Prices."""

LEVELS = {"gold": 0.2, "silver": 0.1, "bronze": 0.05}


def discount(amount, level):
    """Take off the share that a customer's level grants; unknown levels get nothing at all."""
    share = LEVELS.get(level, 0.0)
    if share < 0 or share > 1:
        raise ValueError(f"no such share: {share}")
    return amount * (1 - share)
''',
    "tests/test_cart.py": """from shop.cart import ShoppingCart


def test_total_price_of_an_empty_cart_is_nothing_at_all():
    cart = ShoppingCart(owner=None)
    assert cart.total_price() == 0
    cart.add_item(type("Item", (), {"price": 3})())
    assert cart.total_price() == 3
""",
    "web/session.js": """// Keeps who is logged in.
export function startSession(user, store) {
  const token = store.createToken(user.id);
  store.save(token, { user: user.id, started: Date.now() });
  return token;
}

export function endSession(token, store) {
  if (!store.has(token)) {
    throw new Error(`no session ${token}`);
  }
  store.remove(token);
}
""",
    "docs/guide.md": "# Guide\n\nThe cart sums prices. `]]>` and ```` ``` ```` need care.\n\n"
    "```py\ncart\n```\n",
}
QUESTIONS = [
    "total price",
    "ShoppingCart",
    "ShoppingCart.add_item",
    "shop/prices.py",
    "how is a discount granted to customers",
    "session token created",
    "ValueError: no such share: 3",
    'File "shop/cart.py", line 24, in total_price',
    "cart.total_price() == 0;",
    "guide to prices",
    "'\"(*^",
    "prix du panier",
    "observer " * 3000,
]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("shop")
    for name, text in {**FILES, "lib/prices_copy.py": FILES["shop/prices.py"]}.items():
        path = root / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    with RetrievalEngine.open(root) as engine:
        engine.ingest()
    return root


@pytest.fixture
def engine(project: Path) -> Iterator[RetrievalEngine]:
    with RetrievalEngine.open(project) as found:
        yield found


@pytest.mark.parametrize(
    ("question", "path", "symbol"),
    [
        ("how is the total price summed", "shop/cart.py", "ShoppingCart.total_price"),
        ("discount", None, "discount"),
        ("endSession", "web/session.js", "endSession"),
        ('AttributeError: x\n  File "shop/cart.py", line 26, in total_price', "shop/cart.py", None),
        ("tests of an empty cart", "tests/test_cart.py", None),
    ],
)
def test_the_best_answer_comes_first(
    engine: RetrievalEngine, question: str, path: str | None, symbol: str | None
) -> None:
    best = engine.query(question, refresh=False)[0]
    assert path in (None, best.file_path)
    assert symbol in (None, best.chunk.symbol_name)
    assert best.chunk.content in FILES[best.file_path.replace("lib/prices_copy", "shop/prices")]


def test_a_stack_trace_leads_to_its_frames(engine: RetrievalEngine) -> None:
    line = FILES["shop/prices.py"].splitlines().index("    if share < 0 or share > 1:") + 1
    trace = (
        'Traceback (most recent call last):\n  File "/srv/app/run.py", line 3, in <module>\n'
        f'  File "/srv/app/shop/prices.py", line {line}, in discount\n    cart\nTypeError: unorderable'
    )
    first = engine.query(trace)[0]
    assert (first.file_path, first.chunk.symbol_name) == ("shop/prices.py", "discount")


def test_equal_contents_come_once_and_say_where_else(engine: RetrievalEngine) -> None:
    found = engine.query("discount level share", refresh=False)
    shares = [result for result in found if result.chunk.symbol_name == "discount"]
    assert len(shares) == 1
    assert {shares[0].file_path, shares[0].also_in[0].file_path} == {"shop/prices.py", "lib/prices_copy.py"}


def test_no_line_comes_twice(engine: RetrievalEngine) -> None:
    for question in QUESTIONS:
        seen: set[tuple[str, int]] = set()
        for result in engine.query(question, refresh=False):
            lines = range(result.chunk.line_start, result.chunk.line_end + 1)
            places = {(result.file_path, line) for line in lines}
            assert not seen & places
            seen |= places


def test_equal_questions_have_equal_answers(project: Path) -> None:
    answers = []
    for _ in range(2):
        with RetrievalEngine.open(project) as engine:
            answers.append([engine.query(question, refresh=False) for question in QUESTIONS])
    assert answers[0] == answers[1]


def test_filters(engine: RetrievalEngine) -> None:
    assert {r.file_path for r in engine.query("price", path="shop", refresh=False)} <= {
        "shop/cart.py",
        "shop/prices.py",
    }
    assert {r.chunk.language for r in engine.query("token cart", language="javascript", refresh=False)} == {
        "javascript"
    }
    assert not engine.query("price", path="nowhere/*.rs", refresh=False)
    one_each = engine.query("price cart discount", per_file=1, refresh=False)
    assert len({r.file_path for r in one_each}) == len(one_each)
    assert len(engine.query("price cart discount", limit=2, refresh=False)) == 2


@pytest.mark.parametrize("output", ["plain", "markdown", "xml", "json"])
def test_the_budget_is_never_passed(engine: RetrievalEngine, output: str) -> None:
    exact = exact_counter() or count_tokens
    random.seed(5)
    words = sorted({word for text in FILES.values() for word in text.split()})
    questions = QUESTIONS + [" ".join(random.choices(words, k=random.randint(1, 20))) for _ in range(40)]
    for question in questions:
        for budget in (1, 40, 150, 400, 4000):
            answer = engine.query(question, budget=budget, output=output, refresh=False)  # type: ignore[arg-type]
            if output == "json":
                used = sum(exact(result.chunk.content) for result in answer)
            else:
                used = exact(document(output, question, budget, answer)) if answer else 0  # type: ignore[arg-type]
            assert used <= budget
            assert answer.used <= budget


@pytest.mark.parametrize("output", ["plain", "markdown", "xml", "json"])
def test_what_is_said_to_be_the_least_budget_is_enough(engine: RetrievalEngine, output: str) -> None:
    options = {"output": output, "compress": False, "refresh": False}
    nothing = engine.query("discount of the total price", budget=1, **options)
    assert nothing == []
    assert nothing.least is not None
    assert len(engine.query("discount of the total price", budget=nothing.least, **options)) == 1
    assert engine.query("zebra crossing", budget=1, **options).least is None


def test_smaller_chunks_fill_what_a_large_one_leaves() -> None:
    costs = {1: 60, 2: 50, 3: 40, 4: 1}
    offers = [Offer(doc, doc, doc, 1, 9) for doc in costs]
    choice = fill(offers, 100, costs.__getitem__)
    assert (choice.taken, choice.used) == ([1, 3], 100)
    assert choice.refused == [(2, 50), (4, 1)]


def test_what_surely_does_not_fit_is_refused_without_being_priced() -> None:
    priced: list[int] = []

    def price(row: int) -> int:
        priced.append(row)
        return 40

    offers = [Offer(row, row, row, 1, 9, floor=30) for row in range(1, 6)]
    choice = fill(offers, 100, price)
    assert (choice.taken, choice.used) == ([1, 2], 80)
    assert choice.refused == [(3, 30), (4, 30), (5, 30)]
    assert priced == [1, 2]


def test_json_has_the_documented_shape(engine: RetrievalEngine) -> None:
    result = json.loads(json.dumps(engine.query("discount", refresh=False)[0].as_dict()))
    assert list(result) == [
        "file_path", "chunk", "also_in", "scores", "ranks", "is_stale", "stale_reason", "is_delta",
        "delta_text",
    ]  # fmt: skip
    assert list(result["chunk"]) == [
        "id", "content", "chunk_type", "symbol_name", "language", "line_start", "line_end", "tokens",
        "compressed", "original_tokens", "hash",
    ]  # fmt: skip
    assert list(result["scores"]) == [
        "bm25", "vector", "symbol", "path", "graph", "usage", "prefetch", "rrf", "density", "final",
    ]  # fmt: skip
    assert result["scores"]["symbol"] == 1.0
    assert result["ranks"]["bm25"] >= 1


def test_xml_is_well_formed_and_holds_the_code(engine: RetrievalEngine) -> None:
    for question in QUESTIONS:
        answer = engine.query(question, output="xml", refresh=False)
        root = ET.fromstring(document("xml", question, 8000, answer))
        assert [chunk.text for chunk in root] == [f"\n{result.chunk.content}\n" for result in answer]


def test_markdown_fences_are_longer_than_those_inside(engine: RetrievalEngine) -> None:
    answer = engine.query("guide sums prices", output="markdown", refresh=False)
    text = document("markdown", "guide", 8000, answer)
    assert "````markdown\n" in text


def test_plain_has_the_known_layout(engine: RetrievalEngine) -> None:
    answer = engine.query("endSession", output="plain", budget=500, refresh=False)
    text = document("plain", "endSession", 500, answer)
    first = answer[0].chunk
    tokens = sum(result.chunk.tokens for result in answer)
    assert text.startswith(
        f"Query: endSession\nBudget: 500 tokens\n"
        f"Results: {len(answer)} chunks, {tokens} tokens used\n\n"
        f"--- web/session.js [lines {first.line_start}-{first.line_end}] [function: endSession]"
        f" [tokens: {first.tokens}] ---\n{first.content}\n\n"
    )


def test_a_change_is_indexed_before_the_answer_or_marked(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_text("def alpha_function(value):\n    return value * 2 + 17 - value ** 3\n")
    with RetrievalEngine.open(tmp_path) as engine:
        engine.ingest()
        file.write_text("def alpha_function(value):\n    return value * 3 + 18 - value ** 4 + 5\n")
        stale = engine.query("alpha_function", refresh=False)[0]
        assert (stale.is_stale, stale.stale_reason) == (True, "the file changed since it was indexed")
        fresh = engine.query("alpha_function")[0]
        assert "18" in fresh.chunk.content
        assert not fresh.is_stale
        file.unlink()
        assert engine.query("alpha_function", refresh=False)[0].stale_reason == "the file is gone"
        assert engine.query("alpha_function") == []


def test_staleness_goes_by_content_and_clears_by_itself(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    text = "def alpha_function(value):\n    return value * 2 + 17 - value ** 3\n"
    file.write_text(text)
    with RetrievalEngine.open(tmp_path) as engine:
        engine.ingest()

        def stale() -> str | None:
            (result,) = engine.query("alpha_function", refresh=False)
            assert result.is_stale is (result.stale_reason is not None)
            return result.stale_reason

        os.utime(file, (1, 1))
        assert stale() is None
        file.write_bytes(text.replace("\n", "  \r\n").encode())  # the same text as it is indexed
        assert stale() is None
        file.write_text(text.replace("17", "18"))
        assert stale() == "the file changed since it was indexed"
        file.write_text(text)
        assert stale() is None
        file.unlink()
        (tmp_path / "b.py").write_text(text)
        file.symlink_to("b.py")
        assert stale() is not None
        file.unlink()
        file.write_text(text)
        assert stale() is None


@pytest.mark.parametrize("output", ["plain", "markdown", "xml"])
def test_marks_of_what_is_stale_count(tmp_path: Path, output: str) -> None:
    for number in range(12):
        lines = "".join(f"    total_{number}_{line} = {line}\n" for line in range(6))
        (tmp_path / f"part{number}.py").write_text(f"def total_{number}():\n{lines}")
    count = exact_counter() or count_tokens
    with RetrievalEngine.open(tmp_path) as engine:
        engine.ingest()
        for path in tmp_path.glob("*.py"):
            path.write_text(path.read_text() + "\nchanged = True\n")
        for budget in range(300, 700, 25):
            answer = engine.query("total", budget=budget, output=output, refresh=False)  # type: ignore[arg-type]
            assert all(result.is_stale for result in answer)
            assert count(document(output, "total", budget, answer)) <= budget  # type: ignore[arg-type]


def test_the_trace_counts_every_stage(engine: RetrievalEngine) -> None:
    answer = engine.query("total price", refresh=False, trace=True)
    stages = {stage.name: stage for stage in answer.trace.stages}
    assert list(stages) == ["read", "gather", "signals", "fusion", "budget", "deliver"]
    assert stages["deliver"].went == len(answer)
    assert stages["gather"].went == stages["signals"].came
    assert all(stage.why for stage in answer.trace.stages)


def test_a_signal_switched_off_changes_the_order(engine: RetrievalEngine) -> None:
    def order(**scales: float) -> list[float]:
        return [r.scores["final"] for r in engine.query("total price cart", scales=scales, refresh=False)]

    assert order() != order(path=0.0, bm25=0.0)


def test_irregular_forms_of_a_question_find_what_code_calls_by_the_plain_one(tmp_path: Path) -> None:
    for name in ("write", "erase", "paint"):
        lines = "".join(f"    {name}_{number} = rows[{number}]\n" for number in range(8))
        (tmp_path / f"{name[:2]}.py").write_text(f"def db_for_{name}(rows):\n{lines}    return {name}_0\n")
    with RetrievalEngine.open(tmp_path) as engine:
        engine.ingest()
        found = engine.query("where is it decided what is written", refresh=False)
        assert [result.file_path for result in found] == ["wr.py"]


def test_words_that_make_a_name_bring_its_definition_first(tmp_path: Path) -> None:
    steps = "".join(f"    get_step_{n} = pip.install(get(step_{n}))\n" for n in range(6))
    (tmp_path / "pip.py").write_text(
        f'"""Get pip: install what pip gets."""\n\n\ndef install(pip, get):\n{steps}    return pip\n\n\n'
        f"def get_all(pip, get):\n{steps}    return install\n"
    )
    lines = "".join(f"    row_{n} = args[{n}] + args[{n + 1}]\n" for n in range(8))
    (tmp_path / "utils.py").write_text(f"def get_pip_install(args):\n{lines}    return row_0\n")
    with RetrievalEngine.open(tmp_path) as engine:
        engine.ingest()
        first = engine.query("get pip install", learn=False)[0]
        assert first.chunk.symbol_name == "get_pip_install"


def test_the_name_of_a_type_brings_the_type_before_its_constructors(tmp_path: Path) -> None:
    note = "".join(f" * What step {n} of the work is for, in a few words more.\n" for n in range(14))
    lines = "".join(f"        this.part{n} = state.part{n};\n" for n in range(20))
    (tmp_path / "Mapper.java").write_text(
        f"/**\n{note} */\npublic class Mapper {{\n    private int part0;\n\n"
        f"    public Mapper() {{\n        this(null);\n        check(part0, part0, part0);\n    }}\n\n"
        f"    public Mapper(State state) {{\n{lines}    }}\n\n"
        f"    void reset() {{\n{lines}    }}\n}}\n"
    )
    with RetrievalEngine.open(tmp_path) as engine:
        engine.ingest()
        found = engine.query("Mapper", learn=False)
        assert [result.chunk.symbol_name for result in found][:2] == ["Mapper", "Mapper.Mapper"]


def test_rrf_answers_as_well(project: Path) -> None:
    from mnemo.retrieval.config import Config

    config = Config.from_dict({"retrieval": {"fusion": "rrf"}})
    with RetrievalEngine.open(project, config) as engine:
        found = engine.query("discount", refresh=False)
        assert found[0].chunk.symbol_name == "discount"
        assert len({result.file_path for result in found}) <= 10
        for question in QUESTIONS:
            engine.query(question, refresh=False)


def test_a_query_loads_neither_parsers_nor_numpy(project: Path) -> None:
    code = (
        "import sys; from mnemo.retrieval.engine import RetrievalEngine\n"
        "with RetrievalEngine.open(sys.argv[1]) as engine: assert engine.query('total price')\n"
        "assert not {'tree_sitter', 'numpy', 'textual', 'rich', 'typer'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code, str(project)], check=True, timeout=60)


def test_answers_are_the_same_however_little_is_kept_between_questions(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answers() -> list[list[dict[str, object]]]:
        with RetrievalEngine.open(project) as engine:
            return [
                [result.as_dict() for result in engine.query(question, refresh=False, learn=False)]
                for question in [*QUESTIONS, *QUESTIONS]
            ]

    expected = answers()
    monkeypatch.setattr("mnemo.retrieval.corpus.ROOM", 1)
    monkeypatch.setattr("mnemo.retrieval.corpus.ROWS", 2)
    assert answers() == expected


def test_the_weights_that_are_read_are_those_that_are_written() -> None:
    """After a change of weights.toml: python benchmarks/pack_weights.py."""
    package = files("mnemo.retrieval")
    written = tomllib.loads(package.joinpath("weights.toml").read_text(encoding="utf-8"))
    assert json.loads(package.joinpath("weights.json").read_bytes()) == written
