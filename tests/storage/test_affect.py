"""Valence and arousal over time, worked by hand."""

from __future__ import annotations

import math
import os
import time
from array import array
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import product
from pathlib import Path
from random import Random

import pytest
from mnemo.storage import Feeling, MemoryDB
from mnemo.storage.affect import (
    AFFECT,
    Affect,
    Day,
    affect_of,
    by_day,
    day_streaks,
    distribution,
    feeling_streaks,
    mean_affect,
    periods,
    segments,
    shifts,
    smooth,
    transitions,
)
from mnemo.storage.views import Joined

J, S, A = Feeling.JOY, Feeling.SADNESS, Feeling.ANGER


@pytest.fixture
def rome(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Europe/Rome")
    time.tzset()
    yield
    monkeypatch.undo()
    os.environ.pop("TZ", None)
    time.tzset()


def us(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp()) * 1_000_000


def test_the_fifteen_have_places_within_the_circumplex() -> None:
    assert set(AFFECT) == set(Feeling)
    assert all(-1 <= value <= 1 for place in AFFECT.values() for value in place)
    # Warriner et al. rate joy 8.21 and 5.55 of 1 to 9.
    assert AFFECT[J] == pytest.approx((0.8025, 0.1375))
    assert affect_of("relief") == AFFECT[Feeling.SERENITY]
    assert affect_of("saudade") is None


def test_the_documented_values_are_these() -> None:
    document = (Path(__file__).parents[2] / "docs" / "feelings.md").read_text(encoding="utf-8")
    for feeling, place in AFFECT.items():
        assert f"| {feeling} | {place.valence:+.2f} | {place.arousal:+.2f} |" in document


def test_the_mean_leaves_unknown_feelings_out() -> None:
    assert mean_affect({J: 1, S: 1, "saudade": 5}) == pytest.approx(
        ((0.8025 - 0.65) / 2, (0.1375 - 0.5475) / 2)
    )
    assert mean_affect({"saudade": 5}) is None
    assert mean_affect({}) is None


@pytest.mark.usefixtures("rome")
def test_days_are_local_and_tokens_of_one_feeling_are_one() -> None:
    times = [
        us("2024-03-30T22:59:59+00:00"),
        us("2024-03-30T23:00:00+00:00"),
        us("2024-03-31T21:59:59+00:00"),
    ]
    times.append(us("2024-03-31T22:00:00+00:00"))
    # The 31st has 23 hours: clocks go forward in Rome.
    assert by_day(times, [0, 1, 2, 1], (J, S, S)) == [
        Day(date(2024, 3, 30), {J: 1}),
        Day(date(2024, 3, 31), {S: 2}),
        Day(date(2024, 4, 1), {S: 1}),
    ]
    assert by_day([], [], ()) == []


@pytest.mark.parametrize("zone", ["UTC", "Etc/GMT+12", "Etc/GMT-14"])
def test_the_first_and_last_moments_there_are(zone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    ends = [datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)]
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    days = by_day([(end - epoch) // timedelta(microseconds=1) for end in ends], [0, 0], (J,))
    assert [day.size for day in days] == [1, 1]
    counts = [sum(period.size for period in periods(days, span)) for span in ("day", "week", "month", "year")]
    assert counts == [2] * 4
    monkeypatch.undo()
    time.tzset()


def test_periods_begin_on_monday_and_on_the_first() -> None:
    days = [Day(date(2024, 1, 1), {J: 1}), Day(date(2024, 1, 7), {S: 1}), Day(date(2024, 2, 1), {J: 2})]
    weeks = periods(days, "week")
    assert [(week.start, week.size) for week in weeks] == [(date(2024, 1, 1), 2), (date(2024, 1, 29), 2)]
    assert weeks[0].affect == Affect(pytest.approx(0.07625), pytest.approx(-0.205))
    assert [month.feelings for month in periods(days, "month")] == [{J: 1, S: 1}, {J: 2}]
    assert [year.start for year in periods(days, "year")] == [date(2024, 1, 1)]
    assert distribution(days) == {J: 3, S: 1}


def test_smoothing_is_the_kernel_mean() -> None:
    at, values, weights = [0.0, 1.0, 4.0], [1.0, -1.0, 0.5], [1.0, 2.0, 1.0]
    expected = []
    for t in at:
        kernel = [math.exp(-abs(t - s) / 2) * weight for s, weight in zip(at, weights, strict=True)]
        expected.append(sum(k * v for k, v in zip(kernel, values, strict=True)) / sum(kernel))
    assert smooth(at, values, weights, 2) == pytest.approx(expected)
    assert smooth([], [], [], 2) == []
    assert smooth([5.0], [0.3], [1.0], 2) == [0.3]


def test_smoothing_forgets_what_is_far() -> None:
    assert smooth([0.0, 10_000.0], [1.0, -1.0], [1.0, 1.0], 1) == pytest.approx([1.0, -1.0])


def run_of(start: date, feelings: list[Feeling]) -> list[Day]:
    return [Day(start + timedelta(days=at), {feeling: 1}) for at, feeling in enumerate(feelings)]


def test_a_lasting_change_is_a_shift_and_t_is_welchs() -> None:
    before = [S, A] * 6
    after = [J, Feeling.LOVE] * 6
    days = run_of(date(2024, 1, 1), before + after)
    (shift,) = shifts(days)
    assert shift.day == date(2024, 1, 13)
    assert shift.before == pytest.approx((-0.65 - 0.625) / 2)
    assert shift.after == pytest.approx((0.8025 + 0.75) / 2)
    # Both variances are below the floor of 0.02.
    assert shift.t == pytest.approx((shift.after - shift.before) / math.sqrt(2 * 0.02 / 12))
    down, up = segments(days, [shift])
    assert (down.first, down.last, down.feelings) == (date(2024, 1, 1), date(2024, 1, 12), {A: 6, S: 6})
    assert (up.first, up.last) == (date(2024, 1, 13), date(2024, 1, 24))


def test_one_good_day_and_few_memories_are_no_shift() -> None:
    assert shifts(run_of(date(2024, 1, 1), [S] * 12 + [J] + [S] * 12)) == []
    assert shifts(run_of(date(2024, 1, 1), [S] * 7 + [J] * 7)) == []
    assert shifts([]) == []
    assert segments([], []) == []


def test_there_and_back_is_two_shifts() -> None:
    found = shifts(run_of(date(2024, 1, 1), [J] * 20 + [S] * 20 + [J] * 20))
    assert [shift.day for shift in found] == [date(2024, 1, 21), date(2024, 2, 10)]
    assert [shift.t > 0 for shift in found] == [False, True]


def test_chance_rarely_looks_like_a_shift() -> None:
    random = Random(7)
    false = sum(
        bool(shifts(run_of(date(2024, 1, 1), random.choices(list(Feeling), k=150)))) for _ in range(60)
    )
    assert false <= 3


def test_what_follows_what() -> None:
    names = (J, S, J)
    assert transitions([0, 1, 2, 0], names) == {(J, J): 1, (J, S): 1, (S, J): 1}
    assert feeling_streaks([0, 2, 1, 0, 1, 1], names) == {J: 2, S: 2}
    assert transitions([], ()) == {}
    assert feeling_streaks([], ()) == {}


def test_what_is_counted_in_parts_is_what_is_counted_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    names = (J, S)
    feelings = [0, 0, 1, 1, 1, 1, 0, 1, 0, 0, 0]
    at_once = transitions(feelings, names), feeling_streaks(feelings, names)
    for together in (1, 2, 3, 10, 11):
        monkeypatch.setattr("mnemo.storage.affect._TOGETHER", together)
        assert (transitions(feelings, names), feeling_streaks(feelings, names)) == at_once
    assert at_once == ({(J, J): 3, (S, S): 3, (J, S): 2, (S, J): 2}, {S: 4, J: 3})


def test_what_is_counted_on_is_what_is_counted_at_once() -> None:
    names, feelings = (J, S, A, J), Random(2).choices(range(4), k=60)
    whole = transitions(feelings, names)
    for cut in (0, 1, 30, 59):
        before = transitions(feelings[: cut + 1], names)
        kept = dict(before)
        assert list(transitions(feelings[cut:], names, before).items()) == list(whole.items())
        assert before == kept, "what was counted stays as it was"


@pytest.mark.parametrize("many", [5, 300])
def test_the_longest_runs_are_those_of_a_plain_count(many: int) -> None:
    random = Random(9)
    names = tuple(f"feeling {number % (many - 1)}" for number in range(many))
    feelings = [number for _ in range(400) for number in [random.randrange(many)] * random.randrange(1, 9)]
    expected: dict[str, int] = {}
    run = 0
    for at, number in enumerate(feelings):
        run = run + 1 if at and names[feelings[at - 1]] == names[number] else 1
        expected[names[number]] = max(expected.get(names[number], 0), run)
    assert feeling_streaks(feelings, names) == expected


def test_streaks_of_days() -> None:
    days = [Day(date(2024, 2, day), {J: 1}) for day in (1, 2, 3, 10, 11)]
    assert day_streaks(days, date(2024, 2, 12)) == (3, 2)
    assert day_streaks(days, date(2024, 2, 13)) == (3, 0)
    assert day_streaks([], date(2024, 2, 13)) == (0, 0)


def test_columns_are_what_recall_finds(tmp_path: Path) -> None:
    random = Random(3)
    start = datetime(2024, 1, 1, tzinfo=UTC)
    path = tmp_path / "j.mnheme"
    records = [
        {
            "concept": random.choice(["Debt", "Sea"]),
            "feeling": random.choice(list(Feeling)),
            "content": f"memory {number}",
            "at": start + timedelta(hours=random.randrange(10_000)),
        }
        for number in range(2_200)
    ]
    with MemoryDB(path, fsync_policy="never") as db:
        db.remember_many(records[:2_100])
    with MemoryDB(path, fsync_policy="never") as db:
        for part in (records[2_100:2_150], records[2_150:]):  # a tail over a snapshot, out of order
            db.remember_many(part)
            for concept in (None, "Debt"):
                columns = db.columns(concept)
                expected = db.recall(concept, oldest_first=True)
                assert db.read_many(columns.refs) == expected
                assert [columns.names[number] for number in columns.feelings] == [m.feeling for m in expected]
                assert list(columns.times) == sorted(columns.times)
    with MemoryDB(tmp_path / "none.mnheme") as db:
        assert [len(column) for column in db.columns()[:3]] == [0, 0, 0]


def test_columns_go_on_in_the_tail_and_stay_as_they_were(tmp_path: Path) -> None:
    start = datetime(2024, 1, 1, tzinfo=UTC)
    path = tmp_path / "j.mnheme"
    records = [
        {
            "concept": ["Debt", "Sea"][number % 2],
            "feeling": list(Feeling)[number % 7],
            "content": "x",
            "at": start + timedelta(hours=number),
        }
        for number in range(2_104)
    ]
    with MemoryDB(path, fsync_policy="never") as db:
        db.remember_many(records[:2_100])
    with MemoryDB(path, fsync_policy="never") as db:  # its tail goes on where the snapshot ends
        found = []
        for record in records[2_100:]:
            db.remember(**record)
            for concept in (None, "Debt"):
                columns = db.columns(concept)
                expected = db.recall(concept, oldest_first=True)
                assert db.read_many(columns.refs) == expected
                assert [columns.names[each] for each in columns.feelings] == [m.feeling for m in expected]
                listed = db.listing(concept)
                assert db.read_many(listed.refs) == expected[::-1]
                found += [(columns, list(columns.times)), (listed, list(listed.times))]
        assert all(list(views.times) == times for views, times in found)


def test_joined_is_both_in_a_row() -> None:
    for first, rest in ((range(5), array("q", [7, 9])), ([], [3]), ([3], []), ([], [])):
        joined, whole = Joined(first, rest), [*first, *rest]
        assert (list(joined), list(reversed(joined)), len(joined)) == (whole, whole[::-1], len(whole))
        edges = [None, *range(-9, 10)]
        for low, high, step in product(edges, edges, (None, 1, 2, -1)):
            assert list(joined[low:high:step]) == whole[low:high:step]
        for at in range(-9, 10):
            if -len(whole) <= at < len(whole):
                assert joined[at] == whole[at]
            else:
                with pytest.raises(IndexError):
                    joined[at]
