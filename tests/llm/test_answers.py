"""The shapes that ``--json`` promises."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest
from mnemo.llm.answers import Confidence, Connection, Dream, Perception, Portrait, Reflection, Scored
from mnemo.storage import Feeling, MemoryDB


def test_a_perception_has_the_keys_of_the_contract() -> None:
    perceived = Perception(
        "The letter came", "Debt", Feeling.FEAR, 0.5, (Scored(Feeling.ANXIETY, 0.25),), ("bank",)
    )
    assert perceived.as_json() == {
        "content": "The letter came",
        "concept": "Debt",
        "feeling": "fear",
        "alternatives": [{"feeling": "anxiety", "score": 0.25}],
        "tags": ["bank"],
        "note": "",
        "enriched": "",
        "provider": "local",
        "saved": False,
        "memory_id": None,
    }


def test_the_four_others_share_keys_and_add_their_own(tmp_path: Path) -> None:
    with MemoryDB(tmp_path / "j.mnheme") as db:
        memory = db.remember("Debt", "fear", "The letter came")
    common = {
        "text": "x",
        "memories": [{"memory_id": memory.memory_id, "cited": True}],
        "confidence": "high",
        "confidence_note": "",
        "provider": "local",
        "seconds": 0.0,
    }
    used = ("x", (memory,), frozenset((memory.memory_id,)), Confidence.HIGH)
    assert Reflection(*used, concept="Debt", arc="a").as_json() == {**common, "concept": "Debt", "arc": "a"}
    link = Connection((memory.memory_id,), "both wait")
    assert Dream(*used, connections=(link,), seed=3).as_json() == {
        **common,
        "connections": [{"memory_ids": [memory.memory_id], "text": "both wait"}],
        "seed": 3,
    }
    assert Portrait(*used, dominant_concepts={"Debt": 1}, emotional_map={"fear": 1}).as_json() == {
        **common,
        "dominant_concepts": {"Debt": 1},
        "emotional_map": {"fear": 1},
        "patterns": [],
        "tensions": [],
        "resources": [],
    }


def test_answers_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        Dream("x").text = "y"  # type: ignore[misc]
