"""A chunk that answers and does not fit is made smaller, within a hard budget."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from mnemo.retrieval.engine import RetrievalEngine
from mnemo.retrieval.formats import document
from mnemo.retrieval.tokens import count_tokens, exact_counter

WORK = "".join(
    f"    self.{name} = {name}\n" for name in ("ledger", "clock", "queue", "mailer", "metrics", "bank")
)
SOURCE = f'''class Settlement:
    def settle_invoices(self, ledger, clock, queue, mailer, metrics, bank):
        """Settle what is due."""
{WORK.replace("    self", "        self")}
        # The bank closes early on some days, and what is late
        # then waits until the next one, with interest.
        logger.info("settling invoices of %s", ledger)
        logger.debug("the clock says %s", clock)
        for entry in ledger.open_entries(clock):
            if entry.disputed:
                raise ValueError(entry)
            bank.transfer(entry.account, entry.amount)
        return ledger.balance()
'''
QUESTION = "settle_invoices"
EXACT = exact_counter()


@pytest.fixture(params=["estimated", "exact"])
def engine(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[RetrievalEngine]:
    if request.param == "estimated":
        monkeypatch.setitem(sys.modules, "rs_bpe.bpe", None)  # as without the extra
    (tmp_path / "settlement.py").write_text(SOURCE)
    with RetrievalEngine.open(tmp_path) as found:
        found.ingest()
        yield found


def test_it_comes_compressed_where_it_would_not_come_whole(engine: RetrievalEngine) -> None:
    full = engine.query(QUESTION)
    whole = full[0].chunk
    assert not whole.compressed
    answer = engine.query(QUESTION, budget=full.used - 1)
    (chunk,) = [result.chunk for result in answer]
    assert chunk.id == whole.id
    assert chunk.compressed
    assert chunk.tokens < chunk.original_tokens == whole.tokens
    assert chunk.tokens == count_tokens(chunk.content, "python")
    assert answer.used <= answer.budget
    assert (chunk.hash, chunk.line_start, chunk.line_end) == (whole.hash, whole.line_start, whole.line_end)
    for line in (
        "raise ValueError(entry)",
        "bank.transfer(",
        "return ledger.balance()",
        "Settle what is due",
    ):
        assert line in chunk.content
    stage = next(stage for stage in answer.trace.stages if stage.name == "budget")
    assert "1 compressed to fit" in stage.why
    assert not answer.left_out


def test_it_is_left_out_where_compression_is_off_or_not_enough(engine: RetrievalEngine) -> None:
    full = engine.query(QUESTION)
    answer = engine.query(QUESTION, budget=full.used - 1, compress=False)
    assert not answer
    assert answer.left_out[0].cost == full.used
    assert not engine.query(QUESTION, budget=full.used // 2 + 1)


@pytest.mark.parametrize(
    ("form", "mark"), [("plain", "[compressed]"), ("markdown", "(compressed)"), ("xml", "original_")]
)
def test_the_whole_output_stays_within_the_budget_and_says_so(
    engine: RetrievalEngine, form: Literal["plain", "markdown", "xml"], mark: str
) -> None:
    compressed = 0
    full = engine.query(QUESTION, output=form).used
    for budget in range(full - 80, full + 10, 3):
        answer = engine.query(QUESTION, budget=budget, output=form)
        text = document(form, QUESTION, budget, answer)
        assert EXACT is None or not answer or EXACT(text) <= budget
        assert answer.used <= budget
        assert (mark in text) == any(result.chunk.compressed for result in answer)
        compressed += any(result.chunk.compressed for result in answer)
    assert compressed


def test_the_config_decides_what_may_go(engine: RetrievalEngine) -> None:
    budget = engine.query(QUESTION).used * 4 // 5
    config = engine.project.index_dir / "config.toml"
    config.write_text("[compression]\ncollapse_boilerplate = false\n")
    with RetrievalEngine.open(engine.project.dir) as other:
        assert not other.query(QUESTION, budget=budget)
    assert engine.query(QUESTION, budget=budget)[0].chunk.compressed


def test_a_session_that_has_it_compressed_gets_a_reference_and_then_the_whole(
    engine: RetrievalEngine,
) -> None:
    full = engine.query(QUESTION)
    small = full.used - 1
    assert engine.query(QUESTION, budget=small, session="s")[0].chunk.compressed
    assert engine.query(QUESTION, budget=small, session="s")[0].is_delta
    assert engine.query(QUESTION, session="s")[0].chunk.content == full[0].chunk.content


def test_no_parser_is_loaded_where_nothing_is_compressed(engine: RetrievalEngine) -> None:
    code = (
        "import sys; from mnemo.retrieval.engine import RetrievalEngine\n"
        f"with RetrievalEngine.open({str(engine.project.dir)!r}) as engine:\n"
        f"    assert engine.query({QUESTION!r})\n"
        "assert not {'tree_sitter', 'mnemo.retrieval.compress'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
