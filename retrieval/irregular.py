"""The forms of words that no stemmer brings together: "When did she leave?" is answered by "she left"."""

from __future__ import annotations

__all__ = ["BASES", "IRREGULAR"]

IRREGULAR = (
    "become became", "begin began begun", "bite bit bitten", "blow blew blown", "break broke broken",
    "bring brought", "build built", "burn burnt", "buy bought", "catch caught", "choose chose chosen",
    "come came", "cry cries cried", "deal dealt", "die dies died dying", "dig dug", "draw drew drawn",
    "dream dreamt dreamed", "drink drank drunk", "drive drove driven", "eat ate eaten", "fall fell fallen",
    "fight fought", "find found", "fly flew flown", "forget forgot forgotten", "forgive forgave forgiven",
    "freeze froze frozen", "give gave given", "grow grew grown", "hear heard", "hide hid hidden", "hold held",
    "keep kept", "know knew known", "lead led", "learn learnt", "leave left", "lend lent", "lie lay lain",
    "light lit", "lose lost", "mean meant", "meet met", "pay paid", "ride rode ridden", "ring rang rung",
    "rise rose risen", "run ran", "say said", "see saw seen", "sell sold", "send sent", "shake shook shaken",
    "shine shone", "sing sang sung", "sit sat", "sleep slept", "speak spoke spoken", "spend spent",
    "stand stood", "steal stole stolen", "swim swam swum", "take took taken", "teach taught", "tell told",
    "throw threw thrown", "wake woke woken", "wear wore worn", "win won", "write wrote written",
    "child children", "man men", "woman women", "person people", "foot feet", "tooth teeth",
)  # fmt: skip
BASES = {form: base for base, *forms in map(str.split, IRREGULAR) for form in forms}
"""From each form to the first of its group: written to write."""
