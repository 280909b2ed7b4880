"""The cache decides as the paper does, tells what happens, and can be kept and taken up."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mnemo.storage.cache import ArcCache, ArcState, CacheEvent


class Paper:
    """Figure 4 of Megiddo and Modha 2003, line by line, with lists whose first item is the LRU one; ``taken``
    counts the branches."""

    def __init__(self, c: int) -> None:
        self.c, self.p = c, 0.0
        self.t1: list[int] = []
        self.t2: list[int] = []
        self.b1: list[int] = []
        self.b2: list[int] = []
        self.taken: Counter[str] = Counter()

    def replace(self, x: int) -> None:
        if self.t1 and (len(self.t1) > self.p or (x in self.b2 and len(self.t1) == self.p)):
            self.taken["REPLACE from T1" + (", as |T1| = p" if len(self.t1) == self.p else "")] += 1
            self.b1.append(self.t1.pop(0))
        else:
            self.taken["REPLACE from T2" + (", as |T1| = p" if len(self.t1) == self.p else "")] += 1
            self.b2.append(self.t2.pop(0))

    def request(self, x: int) -> bool:
        if x in self.t1 or x in self.t2:
            self.taken["I, T1" if x in self.t1 else "I, T2"] += 1
            (self.t1 if x in self.t1 else self.t2).remove(x)
            self.t2.append(x)
            return True
        if x in self.b1:
            delta = 1 if len(self.b1) >= len(self.b2) else len(self.b2) / len(self.b1)
            self.taken["II, by one" if delta == 1 else "II, by more"] += 1
            self.p = min(self.p + delta, self.c)
            self.replace(x)
            self.b1.remove(x)
            self.t2.append(x)
            return False
        if x in self.b2:
            delta = 1 if len(self.b2) >= len(self.b1) else len(self.b1) / len(self.b2)
            self.taken["III, by one" if delta == 1 else "III, by more"] += 1
            self.p = max(self.p - delta, 0)
            self.replace(x)
            self.b2.remove(x)
            self.t2.append(x)
            return False
        l1, l2 = len(self.t1) + len(self.b1), len(self.t2) + len(self.b2)
        if l1 == self.c:
            if len(self.t1) < self.c:
                self.taken["IV A, B1"] += 1
                self.b1.pop(0)
                self.replace(x)
            else:
                self.taken["IV A, T1"] += 1
                self.t1.pop(0)
        elif l1 < self.c and l1 + l2 >= self.c:
            self.taken["IV B, 2c" if l1 + l2 == 2 * self.c else "IV B"] += 1
            if l1 + l2 == 2 * self.c:
                self.b2.pop(0)
            self.replace(x)
        self.t1.append(x)
        return False


def tiers(state: ArcState[int]) -> tuple[list[int], ...]:
    return list(state.t1), list(state.t2), list(state.b1), list(state.b2)


def same_as_the_paper(capacity: int, trace: list[int]) -> Counter[str]:
    """Hold every decision over a trace against the paper's: hit, order in all four lists, target."""
    paper = Paper(capacity)
    cache: ArcCache[int, int] = ArcCache(capacity, 10 * capacity)
    for key in trace:
        hits = cache.state.hits
        assert cache.get(key, lambda key=key: -key) == -key  # type: ignore[misc]
        assert paper.request(key) == (cache.state.hits > hits)
        assert tiers(cache.state) == (paper.t1, paper.t2, paper.b1, paper.b2)
        assert cache.state.p == paper.p
    assert cache.state.hits + cache.state.misses == len(trace)
    return paper.taken


@settings(max_examples=200)
@given(st.integers(1, 8), st.lists(st.integers(0, 20), max_size=200))
def test_every_decision_is_the_papers(capacity: int, trace: list[int]) -> None:
    same_as_the_paper(capacity, trace)


def test_every_branch_of_the_paper_is_taken_in_long_traces() -> None:
    draw = random.Random(2003)
    taken: Counter[str] = Counter()
    for capacity in (1, 2, 3, 5, 8, 21):
        for _ in range(6):
            trace: list[int] = []
            while len(trace) < 400:  # a working set, then a scan or a drift to another one
                base, width = draw.randrange(3 * capacity), draw.randint(1, 3 * capacity)
                trace += [base + int(width * draw.random() ** 2) for _ in range(draw.randint(1, 80))]
                trace += range(base, base + draw.randrange(2 * capacity))
            taken += same_as_the_paper(capacity, trace)
    assert set(taken) == {
        *("I, T1", "I, T2", "II, by one", "II, by more", "III, by one", "III, by more"),
        *("IV A, B1", "IV A, T1", "IV B", "IV B, 2c"),
        *(
            "REPLACE from T1",
            "REPLACE from T2",
            "REPLACE from T1, as |T1| = p",
            "REPLACE from T2, as |T1| = p",
        ),
    }
    assert min(taken.values()) >= 20


@settings(max_examples=200)
@given(st.integers(1, 8), st.integers(0, 8), st.lists(st.integers(0, 20), max_size=200))
def test_fewer_ghosts_keep_every_other_bound(capacity: int, ghosts: int, trace: list[int]) -> None:
    cache: ArcCache[int, int] = ArcCache(capacity, ghosts)
    for key in trace:
        assert cache.get(key, lambda key=key: -key) == -key  # type: ignore[misc]
        t1, t2, b1, b2 = tiers(cache.state)
        assert key in cache
        assert len({*t1, *t2, *b1, *b2}) == len(t1) + len(t2) + len(b1) + len(b2)
        assert len(cache) == len(t1) + len(t2) <= capacity
        assert len(t1) + len(b1) <= capacity
        assert len(b1) + len(b2) <= min(ghosts, capacity)
        assert 0 <= cache.state.p <= capacity


@settings(max_examples=100)
@given(
    st.integers(1, 6), st.lists(st.integers(0, 15), max_size=60), st.lists(st.integers(0, 15), max_size=60)
)
def test_a_state_taken_up_goes_on_as_if_nothing_had_been(
    capacity: int, first: list[int], then: list[int]
) -> None:
    whole: ArcCache[int, int] = ArcCache(capacity)
    for key in first:
        whole.touch(key)
    resumed: ArcCache[int, int] = ArcCache(capacity)
    resumed.restore(whole.state)
    for key in then:
        whole.touch(key)
        resumed.touch(key)
        assert resumed.state == whole.state


@given(
    st.integers(1, 6), st.builds(ArcState, *[st.lists(st.integers(0, 9)).map(tuple)] * 4, st.floats(-5, 50))
)
def test_any_state_is_taken_up_within_the_bounds(capacity: int, state: ArcState[int]) -> None:
    cache: ArcCache[int, int] = ArcCache(capacity)
    cache.restore(state)
    for key in range(12):
        cache.touch(key)
        t1, t2, b1, b2 = tiers(cache.state)
        assert len(t1) + len(t2) <= capacity
        assert len(t1) + len(b1) <= capacity
        assert len(t1) + len(t2) + len(b1) + len(b2) <= 2 * capacity


def test_values_are_loaded_once_and_again_only_when_forgotten() -> None:
    cache: ArcCache[str, int] = ArcCache(2)
    loads: list[str] = []

    def get(key: str) -> None:
        cache.get(key, lambda: loads.append(key) or len(loads))  # type: ignore[func-returns-value]

    for key in "aabab":
        get(key)
    assert loads == ["a", "b"]
    cache.forget_values()
    get("a")
    get("a")
    assert loads == ["a", "b", "a"]
    cache.restore(cache.state)
    get("a")
    assert loads == ["a", "b", "a"]


def test_what_cannot_be_loaded_leaves_the_cache_as_it_was() -> None:
    cache: ArcCache[str, int] = ArcCache(1)
    cache.get("a", lambda: 1)
    before = cache.state
    with pytest.raises(ZeroDivisionError):
        cache.get("b", lambda: 1 // 0)
    assert cache.state == before


def test_events_tell_what_happens_until_nobody_listens() -> None:
    cache: ArcCache[str, int] = ArcCache(1)
    seen: list[CacheEvent] = []
    stop = cache.subscribe(seen.append)
    for key in "aaba":
        cache.touch(key)
    assert [(event.kind, event.key, event.tier) for event in seen] == [
        ("miss", "a", "T1"),
        ("hit", "a", "T1"),
        ("promotion", "a", "T2"),
        ("eviction", "a", "T2"),
        ("miss", "b", "T1"),
        ("ghost hit", "a", "B2"),
        ("eviction", "b", "T1"),
        ("promotion", "a", "T2"),
    ]
    stop()
    stop()
    cache.touch("c")
    assert len(seen) == 8


def test_a_scan_does_not_wash_out_what_is_asked_for_again_and_again() -> None:
    cache: ArcCache[int, int] = ArcCache(20)
    draw = random.Random(3)
    for _ in range(400):
        cache.touch(draw.randrange(10))
    for key in range(1000, 1500):
        cache.touch(key)
    assert all(key in cache for key in range(10))


def test_a_cache_holds_something() -> None:
    with pytest.raises(ValueError, match="one entry"):
        ArcCache(0)
