-- The adaptive replacement cache of chunks' contents: the keys of each tier, the least recently used first, the
-- target size of T1, and what was counted. ``version`` grows with every change, so that processes that share
-- it notice each other.
CREATE TABLE cache_state (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    version INTEGER NOT NULL,
    t1 TEXT NOT NULL,
    t2 TEXT NOT NULL,
    b1 TEXT NOT NULL,
    b2 TEXT NOT NULL,
    p REAL NOT NULL,
    hits INTEGER NOT NULL,
    misses INTEGER NOT NULL,
    ghost_hits INTEGER NOT NULL
);
