"""The parts that know no screen: layout, inert text, Markdown, dates, saved filters, pictures, the demo."""

from __future__ import annotations

from array import array
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from mnemo.storage import MemoryDB
from mnemo.storage.feelings import Feeling
from mnemo.themes import load_themes
from mnemo.tui.demo import demo_journal, demo_records
from mnemo.tui.inert import cut, cut_parts, inert, one_line, tail
from mnemo.tui.ink import Ink
from mnemo.tui.moments import Dates
from mnemo.tui.pictures import half_blocks
from mnemo.tui.saved_filters import forget_filter, load_filters, save_filter
from mnemo.tui.timeline.filters import compact
from mnemo.tui.timeline.layout import DayLayout, _midnight, local_date
from mnemo.tui.timeline.model import Query, data_url, gist
from mnemo.tui.timeline.reading import find
from mnemo.tui.timeline.text import markdown_lines
from rich.cells import cell_len

INK = Ink(load_themes()[0]["dark"])
moments = st.lists(st.integers(-(10**15), 4 * 10**15) | st.integers(0, 10**12), max_size=60)


@given(moments, st.integers(1, 3))
@example([0, 0, 86_400_000_000 - 1, 86_400_000_000], 2)
def test_the_layout_is_what_walking_over_the_memories_gives(times, lines):
    times = array("q", sorted(times, reverse=True))
    expected = []
    day = month = None
    for index, us in enumerate(times):
        date = local_date(us)
        if month != (date.year, date.month):
            expected.append(("month", index, 0))
            month = (date.year, date.month)
        if day != date:
            expected.append(("day", index, 0))
            day = date
        expected += [("item", index, line) for line in range(lines)]
    for newer in {0, min(1, len(times)), len(times) // 2, len(times)}:  # come one after the other
        layout = DayLayout(times[newer:]).with_newer(times).with_item_lines(lines)
        assert layout.height == len(expected)
        assert [tuple(layout.at(line)) for line in range(layout.height)] == expected
        for index in range(len(times)):
            assert layout.at(layout.line_of(index)) == ("item", index, 0)


def test_what_comes_is_listed_as_if_all_were_read_anew(tmp_path):
    moments = [datetime(2024, 3, 30, 22, tzinfo=UTC) + timedelta(hours=h) for h in (0, 5, 30, 31, 900)]
    early = datetime(2024, 3, 31, 22, tzinfo=UTC)
    with MemoryDB(tmp_path / "j.mnheme") as db:
        before = None
        for at in (*moments, early, moments[-1], datetime(2025, 1, 1, tzinfo=UTC)):
            db.remember("Days", "joy", f"Came {at}.", at=at)
            found, anew = find(db, Query(), before).listing, find(db, Query()).listing
            assert list(found.refs) == list(anew.refs)
            layout = anew.layout
            assert [*map(found.layout.at, range(layout.height))] == [*map(layout.at, range(layout.height))]
            before = found


def test_days_follow_the_local_clock_over_a_change_of_the_clock(monkeypatch):
    import time

    monkeypatch.setenv("TZ", "Europe/Rome")
    time.tzset()
    _midnight.cache_clear()
    begin = datetime(2024, 3, 30, 22, tzinfo=UTC)
    times = array("q", [int((begin + timedelta(hours=h)).timestamp() * 1e6) for h in range(30, -1, -1)])
    layout = DayLayout(times)
    days = [
        local_date(times[layout.at(line).at])
        for line in range(layout.height)
        if layout.at(line).kind == "day"
    ]
    assert [str(day) for day in days] == ["2024-04-01", "2024-03-31", "2024-03-30"]


@given(st.text(max_size=200))
@example("\x1b[31mred\x1b[0m\x00\x07\x9b2J")
@example("a\u202eb\u2066c\u200b\u200d\ufe0f\u00ad")
@example("e" + "\u0301" * 50)
@example("\r\nline\u2028sep\x85")
def test_inert_text_holds_nothing_that_acts(text):
    safe = inert(text)
    assert not [c for c in safe if (ord(c) < 32 and c not in "\n\t") or 0x7F <= ord(c) < 0xA0]
    assert not set(safe) & set(
        "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200b\u200e\u200f\ufeff\u2028"
    )
    assert "\u0301" * 4 not in safe
    safe.encode()
    assert "\n" not in one_line(text)


@given(st.text(alphabet="ab 漢字🎉é\u0301한", max_size=40), st.integers(0, 30))
def test_cut_fills_exactly_its_cells(text, width):
    assert cell_len(cut(one_line(text), width)) == width


@pytest.mark.parametrize(
    ("text", "width", "cut_so"),
    [
        ("code · plain · 8,000 tokens", 27, "code · plain · 8,000 tokens"),
        ("code · plain · 8,000 tokens", 24, "code · plain …          "),
        ("code · plain · 8,000 tokens", 14, "code · plain …"),
        ("code · plain · 8,000 tokens", 10, "code · pl…"),
        ("all · a long question of many words", 20, "all · a long questi…"),
        ("思出 · 思出思出 · 思出", 20, "思出 · 思出思出 …   "),
    ],
)
def test_parts_are_cut_whole(text, width, cut_so):
    assert cut_parts(text, width) == cut_so
    assert cell_len(cut_so) == width


@pytest.mark.parametrize(
    ("path", "width", "cut_so"),
    [
        ("/home/ada/.config/mnemo/config.toml", 35, "/home/ada/.config/mnemo/config.toml"),
        ("/home/ada/.config/mnemo/config.toml", 27, "…/.config/mnemo/config.toml"),
        ("/home/ada/.config/mnemo/config.toml", 24, "…/mnemo/config.toml     "),
        ("shop/checkout.py:6-13", 13, "…kout.py:6-13"),
    ],
)
def test_paths_keep_their_end_from_a_slash_on(path, width, cut_so):
    assert tail(path, width) == cut_so


@given(st.text(max_size=300), st.integers(2, 60))
@example("# a\n\n- b\n  1. c\n> d\n\n| x | y |\n|---|---|\n| 漢字漢字漢字 | z |\n", 9)
@example("x" * 10_000, 40)
@example("漢" * 500, 11)
def test_markdown_fits_its_width_and_loses_no_letters(text, width):
    lines = markdown_lines(text, width, INK)
    assert all(line.cell_len <= max(width, 12) for line in lines)


def test_markdown_shows_what_it_does_not_obey():
    text = "A [link](https://a.example) and <b>tags</b> and ![pic](x.png) and **bold**\nsecond line"
    plain = "\n".join(line.plain for line in markdown_lines(text, 200, INK))
    assert "<https://a.example>" in plain
    assert "<b>tags</b>" in plain
    assert "![pic]" in plain or "pic" in plain
    assert "**" not in plain
    assert plain.endswith("\nsecond line"), "a line break of the writer's is a line break"


def test_markdown_of_any_size_stays_quick_enough_to_show():
    assert len(markdown_lines("word " * 1_000_000, 80, INK)) > 60_000


def test_gist_drops_marks_and_names_what_is_embedded():
    assert gist("# Title\n\n> *so* **it** `is`") == "Title so it is"
    assert data_url("data:image/png;base64," + "A" * 4000) == "image/png, 3 kB"
    assert gist("data:image/png;base64," + "A" * 4000) == "[image/png, 3 kB]"
    assert data_url("data: nothing") is None


@pytest.mark.parametrize(("text", "since", "until"), [
    ("2024", "2024-01-01", "2024-12-31"), ("2024-01 .. 2024-05", "2024-01-01", "2024-05-31"),
    ("2024-01 to 2024-05", "2024-01-01", "2024-05-31"), ("since 2023", "2023-01-01", None),
    ("until 2023", None, "2023-12-31"), (".. 2023-02", None, "2023-02-28"), ("2023 ..", "2023-01-01", None),
])  # fmt: skip
def test_ranges_of_dates(text, since, until):
    span = Dates().span_of(text)
    assert (span.since and str(span.since.date()), span.until and str(span.until.date())) == (since, until)


@pytest.mark.parametrize("text", ["", "..", "soon", "2024 .. 2023", "2024 .. soon"])
def test_what_is_no_range_is_refused(text):
    with pytest.raises(ValueError, match=r"\w"):
        Dates().span_of(text)


def test_saved_filters_survive_and_faulty_ones_do_no_harm(tmp_path):
    file = tmp_path / "filters.toml"
    query = Query(text="fig", feelings=frozenset({"joy"}), tags=frozenset({"a", "b"}), dates="2024")
    assert save_filter(file, Dates(), "One day", query)["One day"].tags == {"a", "b"}
    assert load_filters(file, Dates())["One day"].since is not None
    file.write_text("# mine\n" + file.read_text() + '["odd"]\nfeelings = 3\ndates = "never"\n')
    assert load_filters(file, Dates())["odd"] == Query()
    assert "# mine" in file.read_text()
    assert list(forget_filter(file, Dates(), "One day")) == ["odd"]
    assert "# mine" in file.read_text()


@pytest.mark.parametrize(("count", "text"), [
    (0, "0"), (9_999, "9999"), (10_000, "10.0k"), (99_999, "100.0k"), (999_949, "999k"), (1_000_000, "1.0M"),
])  # fmt: skip
def test_counts_fit_their_column(count, text):
    assert compact(count) == text


def test_pictures_are_drawn_and_what_is_none_is_left_alone(tmp_path):
    from PIL import Image

    Image.new("RGB", (80, 40), (200, 10, 10)).save(tmp_path / "red.png")
    lines = half_blocks(tmp_path / "red.png", 20, 10)
    assert [line.cell_len for line in lines] == [20] * 5
    assert "#c80a0a" in str(lines[0].spans)
    (tmp_path / "fake.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing")
    assert half_blocks(tmp_path / "fake.png", 20, 10) == ()
    assert half_blocks(tmp_path / "none.png", 20, 10) == ()


def test_the_demo_is_a_life_with_every_feeling():
    records = demo_records()
    assert len(records) > 250
    assert {record["feeling"] for record in records} == {str(feeling) for feeling in Feeling}
    assert len({record["concept"] for record in records}) >= 10
    assert records[-1]["at"].year - records[0]["at"].year >= 5
    assert len({record["content"] for record in records}) == len(records)
    assert [record["at"] for record in records] == sorted(record["at"] for record in records)


def test_the_demo_journal_is_sound_and_gone_afterwards():
    with demo_journal() as path:
        with MemoryDB(path) as db:
            assert db.count() == len(demo_records())
            assert db.verify().sound
            assert sum(bool(memory.revisits) for memory in db.recall()) >= 10
        folder = path.parent
    assert not folder.exists()
