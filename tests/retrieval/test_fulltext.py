"""Terms, stems, postings and the Bloom filter."""

from __future__ import annotations

import math
import os
import random
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mnemo.retrieval import analysis
from mnemo.retrieval.bloom import BloomFilter
from mnemo.retrieval.detect import normalise
from mnemo.retrieval.engine import RetrievalEngine
from mnemo.retrieval.fulltext import FullText
from mnemo.retrieval.inversion import Combiner, Inverter
from mnemo.retrieval.porter import porter


@pytest.mark.parametrize(
    ("word", "terms"),
    [
        ("getUserById", ["get", "user", "by", "id", "=getuserbyid"]),
        ("auth_token_expiry", ["auth", "token", "expiry", "=authtokenexpiry"]),
        ("HTTPServer2", ["http", "server", "2", "=httpserver2"]),
        ("__init__", ["init"]),
        ("0x1F", ["0x1f"]),
        ("naïveCafé", ["naive", "cafe", "=naivecafe"]),
        ("日本語", ["日本", "本語"]),
        ("приветМир", ["привет", "мир", "=приветмир"]),
        ("x" * 300, []),
    ],
)
def test_words_become_terms(word: str, terms: list[str]) -> None:
    assert analysis.analyse(word).terms == terms


def test_fields_are_packed() -> None:
    terms = analysis.analyse(
        "def run_all(jobs):\n    # start every job\n    " + "jobs.go()\n    " * 20,
        doc="start every job",
        signature="def run_all(jobs)",
        defines=("run_all",),
        refers=("Job", "go"),
    )
    packed = dict(zip(terms.terms, terms.packed, strict=True))
    assert packed["jobs"] & analysis.TF_MASK == 15
    assert packed["start"] >> analysis.COMMENT_SHIFT & 3 == 1
    assert packed["run"] & analysis.DEFINED
    assert packed["=runall"] & analysis.SIGNATURE
    assert not packed["start"] & (analysis.DEFINED | analysis.SIGNATURE)
    assert packed[">Job"] == packed[">go"] == 1
    counts = [packed[term] & 15 for term in packed if term[0] != ">"]
    assert terms.norm == pytest.approx(math.sqrt(sum((1 + math.log(n)) ** 2 for n in counts)))


def test_folding_makes_styles_one() -> None:
    assert {analysis.fold(name) for name in ("getUserId", "get_user_id", "GET_USER_ID", "GetUserId")} == {
        "getuserid"
    }


# Porter's own examples, from the paper.
PORTER = re.findall(
    r"\w+",
    """
    caresses caress ponies poni ties ti cats cat feed feed agreed agre plastered plaster motoring motor
    sing sing conflated conflat troubled troubl sized size hopping hop tanned tan falling fall hissing
    hiss fizzed fizz failing fail filing file happy happi sky sky relational relat conditional condit
    rational ration digitizer digit vietnamization vietnam predication predic operator oper feudalism
    feudal decisiveness decis hopefulness hope formaliti formal sensitiviti sensit triplicate triplic
    formative form formalize formal electrical electr goodness good revival reviv allowance allow
    inference infer airliner airlin adjustable adjust defensible defens irritant irrit replacement
    replac adoption adopt communism commun activate activ effective effect bowdlerize bowdler probate
    probat rate rate cease ceas controll control roll roll
    """,
)


@pytest.mark.parametrize(("word", "stem"), list(zip(PORTER[::2], PORTER[1::2], strict=True)))
def test_porter(word: str, stem: str) -> None:
    assert porter(word) == stem


@given(st.lists(st.lists(st.sampled_from("abcdefgh"), max_size=30), min_size=1, max_size=30), st.data())
@settings(max_examples=60)
def test_runs_inverted_apart_are_one(words: list[list[str]], data: st.DataObject) -> None:
    """However chunks are dealt out to workers, the segment is the same."""
    chunks = [analysis.analyse(" ".join(each)) for each in words]
    cuts = sorted(data.draw(st.lists(st.integers(0, len(chunks)), max_size=4)))
    combiner = Combiner()
    for start, end in zip([0, *cuts], [*cuts, len(chunks)], strict=True):
        part = Inverter()
        for chunk in chunks[start:end]:
            part.add(chunk)
        combiner.add(part.take())
    postings: dict[str, list[tuple[int, int]]] = {}
    for place, chunk in enumerate(chunks):
        for term, byte in zip(chunk.terms, chunk.packed, strict=True):
            postings.setdefault(term, []).append((place, byte))
    wanted = {
        term: b"".join(place.to_bytes(2, "little") for place, _ in found) + bytes(byte for _, byte in found)
        for term, found in postings.items()
    }
    rows = list(combiner.rows())
    assert dict(rows) == wanted
    assert [term for term, _ in rows] == sorted(wanted)
    assert combiner.lengths == [chunk.length for chunk in chunks]
    assert combiner.norms == [chunk.norm for chunk in chunks]


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=200))
def test_any_text_is_analysed(text: str) -> None:
    terms = analysis.analyse(normalise(text), doc=text, signature=text, defines=(text,), refers=(text,))
    assert len(terms.terms) == len(set(terms.terms)) == len(terms.packed)
    assert all(byte & analysis.TF_MASK for byte in terms.packed)


def test_frequencies_are_exact_after_edits(tmp_path: Path) -> None:
    for number in range(30):
        (tmp_path / f"f{number}.md").write_text(
            f"# Title {number}\n\nshared words {'even' if number % 2 else 'odd'}\n"
        )
    engine = RetrievalEngine.open(tmp_path)
    engine.ingest()
    for number in range(0, 10):
        (tmp_path / f"f{number}.md").unlink()
        engine.ingest()
    with engine.store.reading() as connection:
        text = FullText(connection)
        assert text.documents == 20
        living = {
            word: sum(len(match.places) for match in text.matches(word))
            for word in ("shared", "even", "absent")
        }
        assert living == {"shared": 20, "even": 10, "absent": 0}
        assert text.parts_with_stems(["share", "absent"]) == {"share": ["shared"]}


def test_bloom_never_says_no_wrongly_and_seldom_yes() -> None:
    dice = random.Random(7)
    inside = [dice.randbytes(16) for _ in range(20_000)]
    bloom = BloomFilter(20_000)
    for digest in inside:
        bloom.add(digest)
    assert all(digest in bloom for digest in inside)
    false = sum(dice.randbytes(16) in bloom for _ in range(50_000))
    assert false < 100  # 50 expected at 0.1%; 100 is seven standard deviations away


def test_bloom_file(tmp_path: Path) -> None:
    file = tmp_path / "bloom.bin"
    bloom = BloomFilter.of([os.urandom(16) for _ in range(100)], store=5, covers=9, expected=100)
    bloom.save(file)
    loaded = BloomFilter.load(file)
    assert loaded is not None
    assert (loaded.bits, loaded.count, loaded.store, loaded.covers) == (bloom.bits, 100, 5, 9)
    assert file.stat().st_mode & 0o077 == 0
    data = file.read_bytes()
    for harm in (
        data[:-1],
        data[:10],
        b"",
        b"X" + data[1:],
        data[:200] + bytes([data[200] ^ 0xFF]) + data[201:],
    ):
        file.write_bytes(harm)
        assert BloomFilter.load(file) is None
