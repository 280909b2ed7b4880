-- The code index. What the files hold (files, contents, chunks, symbols, imports) and what is derived from it
-- (segments, postings, vocabulary, path_terms, edges) change in one transaction, so neither can lag behind the other.

CREATE TABLE meta (
    key TEXT PRIMARY KEY,
    value                            -- store (a random name), generation, next_chunk, next_content, graph (edges are whole)
) WITHOUT ROWID;

CREATE TABLE files (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    path TEXT NOT NULL UNIQUE,       -- relative to the scanned root, with slashes
    size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,       -- 0: stat cannot be trusted, compare the bytes
    ctime_ns INTEGER NOT NULL,
    xxh3 INTEGER NOT NULL,           -- of the bytes
    sha256 BLOB,                     -- first 16 bytes, of the normalised text; NULL for a file that is left out
    language TEXT,
    lines INTEGER NOT NULL DEFAULT 0,
    note TEXT,                       -- why it is left out, or read in a special way, or generated
    recipe INTEGER NOT NULL,         -- the chunker, tokenizer and options that its rows were made by
    generation INTEGER NOT NULL,     -- of its last change
    stem TEXT NOT NULL,              -- folded name that an import of the file ends with
    folder TEXT NOT NULL             -- folded name of its folder
);
CREATE INDEX files_stem ON files (stem);
CREATE INDEX files_folder ON files (folder);

CREATE TABLE contents (
    id INTEGER PRIMARY KEY,          -- never used again
    hash BLOB NOT NULL UNIQUE,       -- first 16 bytes of the SHA-256 of the normalised text
    body BLOB NOT NULL               -- the text in UTF-8, deflated
);

CREATE TABLE chunks (
    id INTEGER PRIMARY KEY,          -- never used again: the full text knows chunks by it
    file_id INTEGER NOT NULL,
    content_id INTEGER NOT NULL,
    uid INTEGER NOT NULL,            -- 48 bits of a hash of path, type, symbol and its number among equals
    stamp INTEGER NOT NULL,          -- a hash of everything below and of the terms: an equal one is the same chunk
    line_start INTEGER NOT NULL,
    line_end INTEGER NOT NULL,
    tokens INTEGER NOT NULL,         -- an upper estimate, by the file's language
    type TEXT NOT NULL,
    symbol TEXT,
    signature TEXT
);
CREATE INDEX chunks_file ON chunks (file_id, line_start);
CREATE INDEX chunks_content ON chunks (content_id);
CREATE INDEX chunks_uid ON chunks (uid);

CREATE TABLE symbols (
    chunk_id INTEGER NOT NULL,
    folded TEXT NOT NULL,            -- case and underscores folded
    name TEXT NOT NULL,              -- unqualified, as written
    kind TEXT NOT NULL               -- type, function, variable
);
CREATE INDEX symbols_folded ON symbols (folded);
CREATE INDEX symbols_chunk ON symbols (chunk_id);

CREATE TABLE imports (
    file_id INTEGER NOT NULL,
    line INTEGER NOT NULL,
    module TEXT NOT NULL,
    names TEXT NOT NULL              -- separated by spaces
);
CREATE INDEX imports_file ON imports (file_id);

CREATE TABLE import_keys (
    key TEXT NOT NULL,               -- a folded stem or folder that one of the file's imports may end with
    file_id INTEGER NOT NULL,
    PRIMARY KEY (key, file_id)
) WITHOUT ROWID;

CREATE TABLE segments (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    first INTEGER NOT NULL,          -- lowest chunk id
    last INTEGER NOT NULL,           -- highest
    docs INTEGER NOT NULL,
    gone INTEGER NOT NULL DEFAULT 0, -- how many of them are in dead
    chunk_ids BLOB NOT NULL,         -- uint32 each, ascending: a posting's document is its place here
    file_ids BLOB NOT NULL,          -- uint32 each
    lengths BLOB NOT NULL,           -- uint16 each: parts in the chunk
    norms BLOB NOT NULL,             -- float32 each: Euclidean length of 1 + ln(tf) over its parts
    total INTEGER NOT NULL,          -- sum of the lengths of those alive
    dead BLOB NOT NULL               -- uint16 places of chunks that are no more, ascending
);

CREATE TABLE postings (
    segment INTEGER NOT NULL,
    term TEXT NOT NULL,
    list BLOB NOT NULL,              -- uint16 places, ascending, then one packed byte for each
    PRIMARY KEY (segment, term)
) WITHOUT ROWID;

CREATE TABLE vocabulary (
    stem TEXT NOT NULL,              -- Porter's; a part that is its own stem has no row
    part TEXT NOT NULL,
    PRIMARY KEY (stem, part)
) WITHOUT ROWID;

CREATE TABLE path_terms (
    term TEXT NOT NULL,
    file_id INTEGER NOT NULL,
    place INTEGER NOT NULL,          -- 0: in the file's stem, 1: in its folder's name, 2: one further up...
    PRIMARY KEY (term, file_id, place)
) WITHOUT ROWID;
CREATE INDEX path_terms_file ON path_terms (file_id);

CREATE TABLE edges (
    source INTEGER NOT NULL,         -- a file
    target INTEGER NOT NULL,         -- another
    kind INTEGER NOT NULL,           -- 0: uses a name that at most two files define, 1: imports it
    weight INTEGER NOT NULL,         -- how many names, or import lines
    PRIMARY KEY (source, target, kind)
) WITHOUT ROWID;
CREATE INDEX edges_target ON edges (target, kind);
