"""Cells and SVG, by hand."""

from __future__ import annotations

from datetime import date
from xml.etree import ElementTree

import pytest
from mnemo.drawing.arc_svg import Chart, Column, Look, Spot, arc_svg
from mnemo.drawing.canvas import Canvas, bar, diverging_bar, spread


def drawn(canvas: Canvas[str]) -> list[str]:
    return ["".join(run.text for run in runs) for runs in canvas.rows()]


def test_braille_has_two_dots_across_and_four_down() -> None:
    canvas: Canvas[str] = Canvas(2, 1)
    assert (canvas.across, canvas.down) == (4, 4)
    for x, y in ((0, 0), (1, 3), (2, 1)):
        canvas.dot(x, y, "a")
    assert drawn(canvas) == ["⢁⠂"]


def test_ascii_has_three_heights() -> None:
    canvas: Canvas[str] = Canvas(4, 1, ascii_only=True)
    canvas.line(0, 2, 2, 0, "a")
    assert drawn(canvas) == [".-' "]


def test_a_line_reaches_both_ends_either_way() -> None:
    there: Canvas[str] = Canvas(5, 5)
    back: Canvas[str] = Canvas(5, 5)
    there.line(0, 0, 9, 19, "a")
    back.line(9, 19, 0, 0, "a")
    assert drawn(there)[0][0] != " " != drawn(there)[4][4]
    assert drawn(back)[0][0] != " " != drawn(back)[4][4]


def test_runs_carry_styles_and_marks_lie_on_top() -> None:
    canvas: Canvas[str] = Canvas(4, 1)
    canvas.line(0, 0, 7, 0, "line")
    canvas.mark(2, 0, "♥", "love")
    canvas.text(3, 0, "xyz", "word")
    ((first, second, *rest),) = canvas.rows()
    assert (first.text, first.style) == ("⠉", "line")
    assert (second.text, second.style) == ("♥", "love")
    assert [(run.text, run.style) for run in rest] == [("⠉", "line"), ("x", "word")]


def test_layers() -> None:
    lower: Canvas[str] = Canvas(2, 1)
    upper: Canvas[str] = Canvas(2, 1)
    lower.dot(0, 0, "dots")
    lower.dot(2, 0, "dots")
    upper.dot(1, 3, "line")
    copy = lower.copy()
    copy.cover(upper)
    assert [(run.text, run.style) for runs in copy.rows() for run in runs] == [("⢀", "line"), ("⠁", "dots")]
    assert drawn(lower) == ["⠁⠁"]
    copy.under(0, 0, "cursor")
    assert drawn(copy) == ["⢀⠁"]


@pytest.mark.parametrize("size", [(0, 0), (0, 3), (3, 0), (-1, 2)])
def test_what_lies_outside_is_left_out(size: tuple[int, int]) -> None:
    canvas: Canvas[str] = Canvas(*size)
    canvas.line(-5, -5, 50, 50, "a")
    canvas.mark(1, 1, "x", "a")
    canvas.text(-2, 0, "hello", "a")
    assert len(drawn(canvas)) == max(size[1], 0)


def test_bars() -> None:
    assert [bar(share, 4) for share in (0, 0.5, 0.53, 1, 7)] == ["", "██", "██▏", "████", "████"]
    assert bar(0.5, 4, ascii_only=True) == "##"
    assert diverging_bar(-0.5, 4) == ("  ██", "    ")
    assert diverging_bar(1, 4) == ("    ", "████")


@pytest.mark.parametrize(
    ("counts", "width", "cells"),
    [([1, 1, 1], 10, [4, 3, 3]), ([5, 0, 1], 3, [3, 0, 0]), ([], 3, []), ([0], 3, [0]), ([2, 1], 0, [0, 0])],
)
def test_cells_are_shared_whole(counts: list[int], width: int, cells: list[int]) -> None:
    assert spread(counts, width) == cells


LOOKS = {"joy": Look("☼", "joy", "#ffcc00"), "fear": Look("◉", "fear", "#8800ff")}
INK = {"background": "#000000", "foreground": "#ffffff", "muted": "#888888", "primary": "#00ccff"}


def chart(days: list[date], label: str = "x") -> Chart:
    return Chart(
        title="Debt & <script>",
        description=label,
        pleasant="pleasant",
        unpleasant="unpleasant",
        line=[(day, 0.5) for day in days],
        spots=[Spot(day, -1.0, "fear", label) for day in days],
        columns=[Column(day, {"fear": 1}, label) for day in days],
        looks=LOOKS,
        ink=INK,
    )


@pytest.mark.parametrize("count", [0, 1, 2, 400])
def test_an_svg_is_whole_and_accessible(count: int) -> None:
    days = [date.fromordinal(738_000 + 9 * number) for number in range(count)]
    hostile = 'a "b" <c> & \x1b[31m\x00 \ud800 \u202e'
    root = ElementTree.fromstring(arc_svg(chart(days, hostile)))
    space = "{http://www.w3.org/2000/svg}"
    assert root.get("role") == "img"
    ids = {element.get("id"): element.text for element in root}
    assert ids["title"] == "Debt & <script>"
    assert [ids[name] for name in (root.get("aria-labelledby") or "").split()]
    circles = root.findall(f"{space}circle")
    # One circle a point, and one for the feeling in the legend.
    assert len(circles) == (count + 1 if count else 0)
    width, height = (float(root.get(name, "0")) for name in ("width", "height"))
    for circle in circles:
        assert 0 <= float(circle.get("cx", "-1")) <= width
        assert 0 <= float(circle.get("cy", "-1")) <= height
    for rect in root.iter(f"{space}rect"):
        assert float(rect.get("x", "0")) + float(rect.get("width", "0")) <= width + 0.5
    words = [element.text for element in root.findall(f"{space}text")]
    assert ("◉ fear" in words) is bool(count)
    dates = [word for word in words if word and word[:2] == "20"]
    if count == 1:
        assert dates == [days[0].isoformat()]
    elif count == 400:
        assert dates == [str(year) for year in range(days[0].year + 1, days[-1].year + 1)]
    assert "☼ joy" not in words
