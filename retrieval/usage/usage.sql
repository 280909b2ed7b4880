-- What queries learn. Nothing here is needed to answer; times are seconds since 1970 UTC, chunks go by their
-- public id as a number.

CREATE TABLE sessions (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    named INTEGER NOT NULL,          -- 1: the caller's; 0: queries that named none, and came close together
    began REAL NOT NULL,
    last REAL NOT NULL
);
CREATE INDEX sessions_last ON sessions (named, last);

CREATE TABLE queries (
    id INTEGER PRIMARY KEY,
    session INTEGER NOT NULL,
    at REAL NOT NULL,
    signature TEXT NOT NULL,         -- of its terms, 16 characters
    words TEXT NOT NULL,             -- these terms: its stems, sorted, the first 40
    text TEXT NOT NULL,              -- its first 500 characters
    budget INTEGER NOT NULL,
    used INTEGER NOT NULL,           -- tokens delivered
    judged INTEGER NOT NULL DEFAULT 0 -- whether somebody said of one of its chunks whether it was of use
);
CREATE INDEX queries_session ON queries (session, at);

CREATE TABLE retrieved (
    query INTEGER NOT NULL,
    place INTEGER NOT NULL,          -- from 1, best first
    chunk INTEGER NOT NULL,
    PRIMARY KEY (query, place)
) WITHOUT ROWID;

CREATE TABLE acts (
    id INTEGER PRIMARY KEY,
    at REAL NOT NULL,
    kind TEXT NOT NULL,              -- used, selected, ignored
    chunk INTEGER NOT NULL,
    session INTEGER,
    query INTEGER                    -- the one that delivered the chunk, if any did
);
CREATE INDEX acts_chunk ON acts (chunk, at);
CREATE INDEX acts_query ON acts (query, chunk);

CREATE TABLE patterns (
    signature TEXT PRIMARY KEY,
    hits INTEGER NOT NULL,           -- judged queries of that signature
    last REAL NOT NULL
) WITHOUT ROWID;

CREATE TABLE pattern_chunks (
    signature TEXT NOT NULL,
    chunk INTEGER NOT NULL,
    hits INTEGER NOT NULL,           -- of them, those in which the chunk was used or selected
    PRIMARY KEY (signature, chunk)
) WITHOUT ROWID;

CREATE TABLE delivered (
    session INTEGER NOT NULL,
    chunk INTEGER NOT NULL,
    turn INTEGER NOT NULL,           -- of the session's queries, from 1
    hash BLOB NOT NULL,              -- of the text that the session has
    line INTEGER NOT NULL,           -- where it began
    whole INTEGER NOT NULL,          -- 0: it was compressed
    PRIMARY KEY (session, chunk)
) WITHOUT ROWID;
CREATE INDEX delivered_hash ON delivered (hash);

CREATE TABLE texts (
    hash BLOB PRIMARY KEY,
    body BLOB NOT NULL               -- UTF-8, deflated
) WITHOUT ROWID;
