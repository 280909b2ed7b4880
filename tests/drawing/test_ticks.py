"""Dates beneath an axis."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

import pytest
from mnemo.drawing.ticks import ticks

DAY = date(2024, 5, 14).toordinal()


def labels(first: date, last: date, room: int, first_weekday: int = 0) -> list[str]:
    return [tick.label for tick in ticks(first.toordinal(), last.toordinal(), room, first_weekday)]


@pytest.mark.parametrize(
    ("first", "last", "room", "expected"),
    [
        ("2024-05-14", "2024-05-14", 74, [f"{hour:02}:00" for hour in range(0, 24, 3)]),
        ("2024-05-14", "2024-05-14", 34, ["00:00", "12:00"]),
        ("2024-05-14", "2024-05-15", 74, ["2024-05-14", "2024-05-15"]),
        ("2024-05-01", "2024-05-31", 74, ["2024-05-06", "2024-05-13", "2024-05-20", "2024-05-27"]),
        ("2024-04-02", "2024-12-31", 60, ["2024-05", "2024-07", "2024-09", "2024-11"]),
        ("2019-01-06", "2024-11-24", 74, ["2020", "2021", "2022", "2023", "2024"]),
        ("2019-01-01", "2024-12-31", 34, ["2020", "2022", "2024"]),
        ("1900-01-01", "2024-12-31", 74, ["1900", "1920", "1940", "1960", "1980", "2000", "2020"]),
    ],
)
def test_they_stand_at_boundaries_of_the_calendar(first, last, room, expected) -> None:
    assert labels(date.fromisoformat(first), date.fromisoformat(last), room) == expected


def test_weeks_begin_as_the_settings_say() -> None:
    for weekday in range(7):
        found = labels(date(2024, 5, 1), date(2024, 5, 31), 74, weekday)
        assert {date.fromisoformat(day).weekday() for day in found} == {weekday}


@pytest.mark.parametrize("room", [10, 34, 74, 114, 194, 294])
def test_labels_stand_clear_within_the_axis_and_none_comes_twice(room: int) -> None:
    for days in [*range(1, 800, 7), 4000, 36_500, 730_000]:
        found = ticks(DAY, DAY + days - 1, room)
        names = [label for _, label in found]
        assert len(set(names)) == len(names)
        assert all(DAY <= at < DAY + days for at, _ in found)
        cells = [int((at - DAY) * room / days) for at, _ in found]
        for cell, following, label in zip(cells, cells[1:], names, strict=False):
            assert following - cell >= len(label) + 2, (days, names)
        steps = [after - cell for cell, after in pairwise(cells)]
        assert not steps or max(steps) - min(steps) <= 2 + max(steps) // 8, "even, as months go"
        assert found or room <= 34


def test_the_first_and_the_last_years_there_are() -> None:
    whole = date.min.toordinal(), date.max.toordinal()
    assert [tick.label for tick in ticks(*whole, 74)] == ["2000", "4000", "6000", "8000"]
    assert ticks(1, 1, 74)[0].at == 1
    assert [label for _, label in ticks(whole[1] - 90, whole[1], 40)] == ["9999-11", "9999-12"]
