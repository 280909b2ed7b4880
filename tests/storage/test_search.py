"""Full text: what is found, in which order, by whom, and after what accidents."""

from __future__ import annotations

import math
import random
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from mnemo.storage import JournalError, Memory, fold
from mnemo.storage.analysis import Searchable
from mnemo.storage.index import Selection
from mnemo.storage.memory import new_record
from mnemo.storage.search import Document, FullText, Hit

ANY = Selection()
FRAME = 100
HOUR = 3_600_000_000


def memory(
    content: str,
    *,
    note: str = "",
    concept: str = "thing",
    feeling: str = "joy",
    tags: Sequence[str] = (),
    reading: str | None = None,
) -> Memory:
    return new_record(
        concept,
        feeling,
        content,
        note=note,
        tags=tags,
        reading=None if reading is None else {"provider": "p", "model": "m", "text": reading},
    )


class Memories:
    """A log in memory: frame ``n`` begins at byte ``100 n``."""

    def __init__(self, memories: Iterable[Memory | str] = ()) -> None:
        self.documents: list[Document] = []
        self.add(*memories)

    def add(self, *memories: Memory | str, us: int | None = None) -> None:
        for one in memories:
            number = len(self.documents)
            record = memory(one) if isinstance(one, str) else one
            moment = number * HOUR if us is None else us
            self.documents.append(
                Document(number * FRAME, (number + 1) * FRAME, Searchable.of(record), moment)
            )

    @property
    def size(self) -> int:
        return len(self.documents) * FRAME

    def source(self, start: int) -> Iterator[Document]:
        # As in the log: whoever reads sees what was there when it began.
        return iter(self.documents[max(0, math.ceil(start / FRAME)) :])


Opener = Callable[..., FullText]


@pytest.fixture
def log() -> Memories:
    return Memories()


@pytest.fixture
def open_text(tmp_path: Path, log: Memories) -> Opener:
    def opened(source: Memories = log, **options: bool) -> FullText:
        return FullText(tmp_path / "j.mnemo", "ab" * 32, source.source, **options)

    return opened


def numbers(hits: Iterable[Hit]) -> list[int]:
    return [hit.ref // FRAME for hit in hits]


def find(
    text: FullText, query: str, log: Memories, *, wanted: Selection = ANY, limit: int | None = None
) -> list[int]:
    return numbers(text.search(query, filters=wanted, limit=limit, size=log.size))


# -- what is found ------------------------------------------------------------------------------

TEXTS = [
    "Il gatto nero dorme sul tetto",  # 0
    "Perché la città è così bella? Caffè!",  # 1
    "quick brown fox",  # 2
    "the quick red fox, quietly",  # 3
    "今日は東京で雨が降った",  # 4
    "Festa 🎉 con 👨‍👩‍👧 e 👍🏽",  # 5
    "ПРИВЕТ, Ёлка",  # 6
    "l'amore e l’e-mail",  # 7
    "fox brown quick",  # 8
    "한국어를 배우다",  # 9
]


@pytest.mark.parametrize("committed", [0, 4, 10])
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("gatto", {0}),
        ("GATTO NERO", {0}),
        ("perche citta", {1}),
        ("PERCHÉ", {1}),
        ("caffe", {1}),
        ("quick fox", {2, 3, 8}),
        ('"quick brown"', {2}),
        ('"brown fox" OR gatto', {0, 2}),
        ("quick brown OR gatto nero", {0, 2, 8}),
        ("qui*", {2, 3, 8}),
        ("quie*", {3}),
        ("QUIÉ*", {3}),
        ('"red fo*"', {3}),
        ('"brown fo*"', {2}),
        ("東京", {4}),
        ("京", {4}),
        ("雨", {4}),
        ("た", {4}),
        ("今日は東京", {4}),
        ("東今", set()),
        ("한국", {9}),
        ("🎉", {5}),
        ("👍", {5}),
        ("👨‍👩‍👧", {5}),
        ("👧 👨", {5}),
        ("привет", {6}),
        ("елка", {6}),
        ("amore", {7}),
        ("e-mail", {7}),
        ("l’amore", {7}),
        ("mail-e", set()),
        ("nothing", set()),
        ("gatto nothing", set()),
        ("the qui* fo*", {3}),
        ("", set()),
        ("OR", set()),
        ('"', set()),
        ("*", set()),
        ("!? -- ()", set()),
    ],
)
def test_finds(
    tmp_path: Path, open_text: Opener, log: Memories, committed: int, query: str, expected: set[int]
) -> None:
    log.add(*TEXTS[:committed])
    with_index = open_text()
    with_index.catch_up()
    log.add(*TEXTS[committed:])
    assert set(find(with_index, query, log)) == expected


@pytest.mark.parametrize("committed", [False, True])
def test_every_part_of_a_memory_is_searched_and_no_phrase_leaves_its_part(
    open_text: Opener, log: Memories, committed: bool
) -> None:
    log.add(
        memory(
            "alpha beta",
            note="gamma delta",
            concept="Epsilon zeta",
            tags=("eta theta", "iota"),
            reading="kappa",
        ),
        memory("data:image/png;base64,QUJD+REVG/alpha", concept="picture"),
    )
    text = open_text()
    if committed:
        text.catch_up()
    for part in ("alpha beta", "gamma delta", "epsilon zeta", "eta theta", "iota", "kappa"):
        assert find(text, f'"{part}"', log) == [0]
    for seam in ("beta gamma", "delta epsilon", "zeta eta", "theta iota", "iota kappa"):
        assert find(text, f'"{seam}"', log) == []
        assert find(text, seam, log) == [0]
    assert find(text, "image", log) == [1]
    assert find(text, "qujd", log) == []


@pytest.mark.parametrize("committed", [False, True])
def test_filters_come_before_the_limit(open_text: Opener, log: Memories, committed: bool) -> None:
    for number in range(300):
        log.add(memory("common", concept="most", tags=("x",)), us=number)
    # Longer, so that they rank below all three hundred.
    log.add(
        memory("common " + "word " * 50, concept="Città / Night", feeling="anger", tags=("a b", "y")), us=-5
    )
    log.add(memory("common " + "word " * 50, concept="città / night", feeling="fear"), us=-4)
    text = open_text()
    if committed:
        text.catch_up()

    def filtered(**filters: object) -> list[int]:
        return find(text, "common", log, wanted=Selection(**filters), limit=2)  # type: ignore[arg-type]

    assert filtered() == [299, 298]
    assert filtered(concepts=frozenset({"Città / Night"})) == [300]
    assert filtered(concepts=frozenset({"Città / Night", "città / night"})) == [301, 300]
    assert filtered(feelings=frozenset({"anger", "shame"})) == [300]
    assert filtered(tags=frozenset({"a b"})) == [300]
    assert filtered(tags=frozenset({"a"})) == []
    assert filtered(until=-1) == [301, 300]
    assert filtered(until=-5) == [300]
    assert filtered(since=-4, until=-4) == [301]
    assert filtered(since=298, until=299) == [299, 298]
    assert filtered(concepts=frozenset()) == []
    assert filtered(concepts=frozenset({"most"}), feelings=frozenset({"anger"})) == []


@pytest.mark.parametrize("largest", [1, 2, 3, 100])
def test_a_phrase_that_goes_on_stands_for_any_number_of_words(
    open_text: Opener, log: Memories, monkeypatch: pytest.MonkeyPatch, largest: int
) -> None:
    monkeypatch.setattr("mnemo.storage.inverted._LARGEST_EXPANSION", largest)
    long_word = "x" * 500
    endings = ["a", "ab", "abc", "abd", "ac", "acé", "b", "ba日本", "🎉"]
    log.add(*[f"go {ending}" for ending in endings], "go no", "a go", f"go {long_word}y", f"{long_word} abc")
    text = open_text()
    text.catch_up()
    assert set(find(text, '"go a*"', log)) == {0, 1, 2, 3, 4, 5}
    assert set(find(text, '"go ab*"', log)) == {1, 2, 3}
    assert set(find(text, '"go acé*"', log)) == {5}
    assert find(text, '"go z*"', log) == []
    assert find(text, f"{long_word}*", log) == [12, 11]
    assert find(text, f'"go {long_word}*"', log) == [11]
    assert find(text, f'"{long_word} a*"', log) == [12]


def test_names_that_no_index_takes_as_terms_filter_all_the_same(open_text: Opener, log: Memories) -> None:
    long_name = "n" * 70_000
    log.add(memory("one", concept=long_name), memory("one", concept=long_name + "n"))
    foreign = memory("one two")
    object.__setattr__(foreign, "concept", "half \ud800")
    log.add(foreign)
    text = open_text()
    text.catch_up()
    for number in range(3):
        name = log.documents[number].memory.concept
        assert find(text, "one", log, wanted=Selection(concepts=frozenset({name}))) == [number]


@pytest.mark.parametrize("committed", [0, 30, 60])
def test_equally_good_ones_are_newest_first(open_text: Opener, log: Memories, committed: int) -> None:
    times = random.Random(3).sample(range(1_000), 60)
    text = open_text()
    for number, us in enumerate(times):
        if number == committed:
            text.catch_up()
        log.add("same words here", us=us)
    if committed == 60:
        text.catch_up()
    newest_first = sorted(range(60), key=times.__getitem__, reverse=True)
    for query in ("same", "same here", '"same words"', "sa*", "same OR here", "sa* OR wo*"):
        assert find(text, query, log) == newest_first
        assert find(text, query, log, limit=7) == newest_first[:7]


def test_ties_are_right_among_thousands(open_text: Opener, log: Memories) -> None:
    times = random.Random(4).sample(range(100_000), 3_000)
    for us in times:
        log.add(memory("twin"), us=us)
    text = open_text()
    text.catch_up()
    newest_first = sorted(range(3_000), key=times.__getitem__, reverse=True)
    assert find(text, "twin", log, limit=5) == newest_first[:5]
    assert find(text, "tw*", log, limit=5) == newest_first[:5]


# -- against a model that does it the slow way --------------------------------------------------

WORDS = ["mare", "Marea", "sole", "SOLÉ", "è", "e", "notte", "no", "東京都", "🎉"]
FOLDED = [fold(word) for word in WORDS]


@st.composite
def journals(draw: st.DrawFn) -> list[tuple[list[int], list[int], str]]:
    lists = st.lists(st.integers(0, len(WORDS) - 1), max_size=6)
    return draw(
        st.lists(
            st.tuples(lists.filter(bool), lists, st.sampled_from(["joy", "fear"])), min_size=1, max_size=12
        )
    )


@st.composite
def queries(draw: st.DrawFn) -> list[list[tuple[str, list[int]]]]:
    one = st.tuples(
        st.sampled_from(["word", "prefix", "phrase"]), st.lists(st.integers(0, 9), min_size=1, max_size=3)
    )
    return draw(st.lists(st.lists(one, min_size=1, max_size=3), min_size=1, max_size=2))


def spell(query: list[list[tuple[str, list[int]]]]) -> str:
    def one(kind: str, chosen: list[int]) -> str:
        if kind == "word":
            return WORDS[chosen[0]]
        if kind == "prefix":
            return WORDS[chosen[0]][:2] + "*"
        return '"' + " ".join(WORDS[place] for place in chosen) + '"'

    return " OR ".join(" ".join(one(*part) for part in parts) for parts in query)


def model_tokens(chosen: list[int]) -> list[str]:
    tokens: list[str] = []
    for place in chosen:
        tokens += ["東京", "京都", "都"] if WORDS[place] == "東京都" else [FOLDED[place]]
    return tokens


def model_matches(parts: list[list[str]], kind: str, chosen: list[int]) -> bool:
    if kind == "prefix":
        start = fold(WORDS[chosen[0]][:2])
        return any(token.startswith(start) for part in parts for token in part)
    wanted = model_tokens(chosen if kind == "phrase" else chosen[:1])
    if len(wanted) > 1 and WORDS[(chosen if kind == "phrase" else chosen[:1])[-1]] == "東京都":
        wanted.pop()
    return any(
        part[at : at + len(wanted)] == wanted for part in parts for at in range(len(part) - len(wanted) + 1)
    )


@settings(max_examples=60)
@given(journals(), queries(), st.integers(0, 12), st.booleans())
@example([([0], [], "joy"), ([0], [], "joy")], [[("word", [0])]], 1, False)
def test_agrees_with_reading_everything(
    tmp_path_factory: pytest.TempPathFactory,
    journal: list[tuple[list[int], list[int], str]],
    query: list[list[tuple[str, list[int]]]],
    committed: int,
    filtered: bool,
) -> None:
    log = Memories()
    text = FullText(tmp_path_factory.mktemp("j"), "cd" * 32, log.source)
    expected = set()
    for number, (content, note, feeling) in enumerate(journal):
        if number == committed:
            text.catch_up()
        log.add(
            memory(
                " ".join(WORDS[place] for place in content),
                note=" ".join(WORDS[place] for place in note),
                feeling=feeling,
            )
        )
        parts = [model_tokens(content), model_tokens(note), ["thing"]]
        if any(all(model_matches(parts, *part) for part in clauses) for clauses in query) and (
            not filtered or feeling == "fear"
        ):
            expected.add(number)
    wanted = Selection(feelings=frozenset({"fear"})) if filtered else ANY
    found = text.search(spell(query), filters=wanted, limit=None, size=log.size)
    assert set(numbers(found)) == expected
    assert len(found) == len(expected)
    for limit in (1, 3):
        assert text.search(spell(query), filters=wanted, limit=limit, size=log.size) == found[:limit]


# -- the same answer, committed or not ----------------------------------------------------------

SAMPLE_QUERIES = ["w1", "w2 w3", "w1 OR w5", '"w1 w2"', "w1*", "w9 OR w1*", '"w2 w1" w3', "w3 w4 OR w5 OR w1"]


def random_texts(count: int, seed: int, length: int | None = None) -> list[str]:
    chooser = random.Random(seed)
    words = [f"w{number}" for number in range(40)]
    weights = [1 / (number + 1) for number in range(40)]
    return [
        " ".join(chooser.choices(words, weights, k=length or chooser.randrange(3, 60))) for _ in range(count)
    ]


def searched(text: FullText, query: str, log: Memories) -> list[Hit]:
    return text.search(query, filters=ANY, limit=None, size=log.size)


@pytest.mark.parametrize("query", SAMPLE_QUERIES)
@pytest.mark.parametrize("committed", [1, 60, 119])
def test_rank_is_the_same_wherever_a_memory_is_kept(
    open_text: Opener, log: Memories, query: str, committed: int
) -> None:
    texts = random_texts(120, 5, length=25)
    none, some = open_text(writable=False), open_text()
    log.add(*texts[:committed])
    some.catch_up()
    log.add(*texts[committed:])
    from_memory, from_both = searched(none, query, log), searched(some, query, log)
    some.catch_up()
    from_index = searched(some, query, log)
    assert numbers(from_memory) == numbers(from_both) == numbers(from_index)
    for others in (from_both, from_index):
        for one, other in zip(from_memory, others, strict=True):
            assert one.score == pytest.approx(other.score, rel=1e-5)


@pytest.mark.parametrize("query", SAMPLE_QUERIES)
def test_scores_move_no_more_than_the_average_length_does(
    open_text: Opener, log: Memories, query: str
) -> None:
    texts = random_texts(200, 6)
    log.add(*texts[:150])
    text = open_text()
    text.catch_up()
    log.add(*texts[150:])
    before = {hit.ref: hit.score for hit in searched(text, query, log)}
    text.catch_up()
    after = {hit.ref: hit.score for hit in searched(text, query, log)}
    assert before.keys() == after.keys()
    lengths = [len(one.split()) + 1 for one in texts]
    drift = (sum(lengths[:150]) / 150) / (sum(lengths) / 200)
    low, high = sorted((1.0, drift))
    for ref, score in before.items():
        assert (
            low - 1e-5 <= score / after[ref] <= high + 1e-5 or low - 1e-5 <= after[ref] / score <= high + 1e-5
        )


def test_a_log_too_long_for_memory_is_read_and_nothing_is_missed(
    open_text: Opener, log: Memories, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mnemo.storage.search._KEPT_MEMORIES", 16)
    monkeypatch.setattr("mnemo.storage.search._PORTION", 8)
    log.add(*random_texts(100, 7))
    some = open_text(writable=False)
    whole = {query: searched(some, query, log) for query in SAMPLE_QUERIES}
    indexed = open_text()
    indexed.catch_up()
    for query, hits in whole.items():
        assert numbers(hits) == numbers(searched(indexed, query, log))
    log.add("fresh w1")
    assert find(some, "fresh", log) == [100]


def test_only_frames_up_to_the_callers_end_are_seen(open_text: Opener, log: Memories) -> None:
    log.add(*["word"] * 6)
    text = open_text()
    text.catch_up()
    log.add(*["word"] * 4)
    for size in (0, 1, 99, 100, 350, 600, 699, 700, 1_000):
        found = numbers(text.search("word", filters=ANY, limit=None, size=size))
        assert found == list(range(size // FRAME))[::-1]


def test_found_at_once(open_text: Opener, log: Memories) -> None:
    text, other = open_text(), open_text()
    for number in range(30):
        log.add(f"unique{number}")
        assert find(text, f"unique{number}", log) == [number]
        if number % 10 == 0:
            text.catch_up()
        assert find(other, f"unique{number}", log) == [number]
        assert find(other, "uni*", log) == list(range(number + 1))[::-1]


def test_an_index_that_covers_what_the_log_never_kept_is_noticed(open_text: Opener, log: Memories) -> None:
    log.add("old alpha", "doomed beta")
    open_text().catch_up()
    del log.documents[1:]
    log.add("new gamma", us=123)
    text = open_text()
    assert find(text, "gamma", log) == [1]
    assert find(text, "beta", log) == []
    text.catch_up()
    assert find(open_text(), "beta OR gamma", log) == [1]


# -- on disk ------------------------------------------------------------------------------------


def index_folder(tmp_path: Path) -> Path:
    (folder,) = (path for path in (tmp_path / "j.mnemo").iterdir() if path.is_dir())
    return folder


def test_a_flipped_bit_is_noticed_before_more_is_built_upon_it(
    tmp_path: Path, open_text: Opener, log: Memories
) -> None:
    log.add(*TEXTS)
    open_text().catch_up()
    log.add("gatto fresco")
    for kind in ("meta.json", "*.term", "*.pos", "*.idx", "*.fast", "*.fieldnorm"):
        file = min(index_folder(tmp_path).glob(kind))
        good = file.read_bytes()
        place = random.Random(kind).randrange(len(good))
        put_in_place(file, good[:place] + bytes((good[place] ^ 0x10,)) + good[place + 1 :])
        open_text().catch_up()
        text = open_text()
        assert set(find(text, "gatto", log)) == {0, 10}
        assert set(find(text, '"gatto nero" OR citta OR quick', log)) == {0, 1, 2, 3, 8}


def test_files_are_private(tmp_path: Path, open_text: Opener, log: Memories) -> None:
    log.add(*TEXTS)
    open_text().catch_up()
    folder = tmp_path / "j.mnemo"
    for path in (folder, *folder.rglob("*")):
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), path


def put_in_place(path: Path, data: bytes) -> None:
    # Another file under the same name: whoever has the old one mapped keeps it.
    new = path.with_name("harmed")
    new.write_bytes(data)
    new.replace(path)


@pytest.mark.parametrize(
    "victim", ["meta.json", "*.term", "*.pos", "*.idx", "*.fast", "*.fieldnorm", "everything"]
)
@pytest.mark.parametrize("harm", ["cut", "empty", "garbage", "gone"])
def test_a_damaged_index_is_noticed_and_made_anew(
    tmp_path: Path, open_text: Opener, log: Memories, victim: str, harm: str
) -> None:
    log.add(*TEXTS)
    open_text().catch_up()
    files = list(index_folder(tmp_path).glob("*" if victim == "everything" else victim))
    assert files
    for path in files:
        data = path.read_bytes()
        if harm == "gone":
            path.unlink()
        else:
            harmed = {"cut": data[: len(data) // 2], "empty": b"", "garbage": b"\xa5" * len(data)}[harm]
            put_in_place(path, harmed)
    log.add("gatto fresco")
    text = open_text()
    assert set(find(text, "gatto", log)) == {0, 10}
    text.catch_up()
    assert set(find(text, "gatto", log)) == {0, 10}
    assert set(find(open_text(), "gatto", log)) == {0, 10}
    assert text.uncovered(log.size) == 0


def test_an_index_of_another_log_or_an_older_analysis_is_never_searched(
    tmp_path: Path, open_text: Opener, log: Memories
) -> None:
    log.add("mine")
    other = Memories(["theirs"])
    folder = tmp_path / "j.mnemo"
    FullText(folder, "ef" * 32, other.source).catch_up()
    (folder / "text-0-abababababababab").mkdir()
    text = open_text()
    assert find(text, "theirs", log) == []
    text.catch_up()
    assert find(text, "mine", log) == [0]
    assert len([path for path in folder.iterdir() if path.is_dir()]) == 1


def test_deleting_what_is_derived_loses_nothing(tmp_path: Path, open_text: Opener, log: Memories) -> None:
    import shutil

    log.add(*TEXTS)
    text = open_text()
    text.catch_up()
    assert find(text, "gatto", log) == [0]
    shutil.rmtree(tmp_path / "j.mnemo")
    assert find(text, "gatto", log) == [0]
    text.catch_up()
    assert find(open_text(), "gatto", log) == [0]


def test_where_nothing_can_be_written_search_still_answers(tmp_path: Path, log: Memories) -> None:
    log.add(*TEXTS)
    (tmp_path / "file").write_text("no folder")
    text = FullText(tmp_path / "file" / "j.mnemo", "ab" * 32, log.source)
    with pytest.raises(JournalError, match="cannot write the full-text index"):
        text.catch_up()
    assert find(text, "gatto", log) == [0]


def test_progress_and_cancel(open_text: Opener, log: Memories, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mnemo.storage.search._PORTION", 4)
    log.add(*random_texts(20, 9))
    text = open_text()
    reached: list[int] = []
    text.catch_up(on_progress=reached.append, cancelled=lambda: len(reached) == 3)
    assert reached == [4 * FRAME, 8 * FRAME, 12 * FRAME]
    everything = searched(text, "w1", log)
    assert text.uncovered(log.size) == 4 * FRAME

    class InterruptedWorkError(Exception):
        pass

    def interrupt(_: int) -> None:
        raise InterruptedWorkError

    with pytest.raises(InterruptedWorkError):
        text.catch_up(on_progress=interrupt)
    text.catch_up(on_progress=reached.append)
    assert reached[-1] == log.size
    assert numbers(searched(text, "w1", log)) == numbers(everything)
    assert text.uncovered(log.size) == 0


# -- many at once -------------------------------------------------------------------------------


def test_one_commits_while_others_search(open_text: Opener, log: Memories) -> None:
    texts = random_texts(400, 11)
    log.add(*texts[:50])
    stop = threading.Event()
    failures: list[BaseException] = []

    def keep_searching() -> None:
        own = open_text()
        try:
            while not stop.is_set():
                size = log.size
                found = numbers(own.search("w1", filters=ANY, limit=None, size=size))
                expected = {n for n, one in enumerate(texts[: size // FRAME]) if "w1" in one.split()}
                assert set(found) == expected
        except BaseException as error:
            failures.append(error)

    def keep_committing() -> None:
        own = open_text()
        try:
            while not stop.is_set():
                own.catch_up(wait=False)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for work in (*[keep_searching] * 2, *[keep_committing] * 2)]
    for thread in threads:
        thread.start()
    for one in texts[50:]:
        log.add(one)
    stop.set()
    for thread in threads:
        thread.join(60)
    assert failures == []
