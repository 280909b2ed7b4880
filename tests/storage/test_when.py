"""Times as people write them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mnemo.storage.when import UnreadableTimeError, parse_when

NOW = datetime(2026, 3, 31, 14, 5, 6)  # a Tuesday, two days after the clocks went forward


@pytest.fixture(autouse=True)
def rome(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Europe/Rome")
    time.tzset()
    yield
    monkeypatch.delenv("TZ")
    time.tzset()


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2024", "2024-01-01T00:00+01:00", "2024-12-31T23:59:59.999999+01:00"),
        ("2024-02", "2024-02-01T00:00+01:00", "2024-02-29T23:59:59.999999+01:00"),
        ("2024-12", "2024-12-01T00:00+01:00", "2024-12-31T23:59:59.999999+01:00"),
        ("2024-05-31", "2024-05-31T00:00+02:00", "2024-05-31T23:59:59.999999+02:00"),
        ("20240531", "2024-05-31T00:00+02:00", "2024-05-31T23:59:59.999999+02:00"),
        ("2024-W05", "2024-01-29T00:00+01:00", "2024-02-04T23:59:59.999999+01:00"),
        ("2024-W05-3", "2024-01-31T00:00+01:00", "2024-01-31T23:59:59.999999+01:00"),
        ("2024-05-31 21:30", "2024-05-31T21:30+02:00", "2024-05-31T21:30:59.999999+02:00"),
        ("2024-05-31T21:30:05", "2024-05-31T21:30:05+02:00", "2024-05-31T21:30:05.999999+02:00"),
        ("2024-05-31T21:30:05.25Z", "2024-05-31T21:30:05.25+00:00", "2024-05-31T21:30:05.25+00:00"),
        ("2024-05-31T21:30+05:30", "2024-05-31T21:30+05:30", "2024-05-31T21:30:59.999999+05:30"),
        ("2024-05-31 9 pm", "2024-05-31T21:00+02:00", "2024-05-31T21:00:59.999999+02:00"),
        ("today", "2026-03-31T00:00+02:00", "2026-03-31T23:59:59.999999+02:00"),
        ("yesterday 21:30", "2026-03-30T21:30+02:00", "2026-03-30T21:30:59.999999+02:00"),
        ("Yesterday  at 9:30 PM", "2026-03-30T21:30+02:00", "2026-03-30T21:30:59.999999+02:00"),
        ("12 am", "2026-03-31T00:00+02:00", "2026-03-31T00:00:59.999999+02:00"),
        ("noon", "2026-03-31T12:00+02:00", "2026-03-31T12:00:59.999999+02:00"),
        ("3 days ago", "2026-03-28T00:00+01:00", "2026-03-28T23:59:59.999999+01:00"),
        ("a week ago at 08:00", "2026-03-24T08:00+01:00", "2026-03-24T08:00:59.999999+01:00"),
        ("1 month ago", "2026-02-28T00:00+01:00", "2026-02-28T23:59:59.999999+01:00"),
        ("2 years ago", "2024-03-31T00:00+01:00", "2024-03-31T23:59:59.999999+02:00"),
        ("90 minutes ago", "2026-03-31T12:35:06+02:00", "2026-03-31T12:35:06+02:00"),
        ("tuesday", "2026-03-31T00:00+02:00", "2026-03-31T23:59:59.999999+02:00"),
        ("last tuesday", "2026-03-24T00:00+01:00", "2026-03-24T23:59:59.999999+01:00"),
        ("this week", "2026-03-30T00:00+02:00", "2026-04-05T23:59:59.999999+02:00"),
        ("last month", "2026-02-01T00:00+01:00", "2026-02-28T23:59:59.999999+01:00"),
        ("last year", "2025-01-01T00:00+01:00", "2025-12-31T23:59:59.999999+01:00"),
    ],
)
def test_a_time_names_a_span(text: str, start: str, end: str) -> None:
    found = parse_when(text, now=NOW)
    assert (found.start, found.end) == (datetime.fromisoformat(start), datetime.fromisoformat(end))


def test_weeks_begin_as_the_user_says() -> None:
    sunday = parse_when("this week", now=NOW, first_weekday=6)
    assert sunday.start == datetime.fromisoformat("2026-03-29T00:00+01:00")
    assert parse_when("last week", now=NOW, first_weekday=6).end < sunday.start


def test_a_moment_for_a_record_keeps_the_time_of_day_that_was_not_named() -> None:
    assert parse_when("yesterday", now=NOW).moment == datetime.fromisoformat("2026-03-30T14:05:06+02:00")
    assert parse_when("2024-05", now=NOW).moment == datetime.fromisoformat("2024-05-01T00:00+02:00")
    assert parse_when("2024-05-31T21:30+05:30", now=NOW).moment.utcoffset() == timedelta(hours=5.5)


def test_an_hour_that_comes_twice_is_wholly_in_its_span() -> None:
    found = parse_when("2026-10-25 02:30", now=NOW)
    assert found.end - found.start == timedelta(hours=1, minutes=1) - timedelta(microseconds=1)
    before = parse_when("2026-10-25 01:59", now=NOW)
    assert before.end - before.start == timedelta(minutes=1) - timedelta(microseconds=1)


@pytest.mark.parametrize(
    "text",
    ["", "soon", "9", "25:00", "13 pm", "0 pm", "2024-13", "2024-02-30", "2024-W54", "0000",
     "99999 years ago", "3 days hence", "2024-05-31T", "2024-05-31 24:00", "2024-05-31T10:00+25:00",
     "1 hour ago 10:00", "2024-05-31 \x1b[31m", "yesterday noonish", "٣ days ago?"],
)  # fmt: skip
def test_what_names_no_time_is_told_in_one_line(text: str) -> None:
    with pytest.raises(UnreadableTimeError, match=r"^cannot read .* as a time: write 2024, ") as caught:
        parse_when(text, now=NOW)
    assert "\n" not in str(caught.value) and "\x1b" not in str(caught.value)


@given(st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(2200, 1, 1), timezones=st.just(UTC)))
def test_every_iso_moment_is_read_back(moment: datetime) -> None:
    found = parse_when(moment.isoformat())
    assert found.start == moment <= found.end


@given(st.text(max_size=40))
def test_no_text_does_worse_than_be_refused(text: str) -> None:
    try:
        found = parse_when(text)
    except UnreadableTimeError:
        return
    assert found.start <= found.end
    assert found.start.tzinfo is not None
