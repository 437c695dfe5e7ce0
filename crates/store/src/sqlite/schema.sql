-- One row for each version of a post: visible from release `since` on, until release `until`.
CREATE TABLE IF NOT EXISTS posts (
    id INTEGER PRIMARY KEY,
    path TEXT NOT NULL,
    hash TEXT NOT NULL,
    since INTEGER NOT NULL,
    until INTEGER,
    post TEXT NOT NULL             -- JSON
) STRICT;
CREATE UNIQUE INDEX IF NOT EXISTS one_open_version ON posts (path) WHERE until IS NULL;
CREATE UNIQUE INDEX IF NOT EXISTS one_version_ends ON posts (path, until);

-- Every release that was begun; complete if `seq` is not beyond the pointer's `head`.
CREATE TABLE IF NOT EXISTS releases (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    posts INTEGER NOT NULL,
    at INTEGER NOT NULL
) STRICT;

-- One row: what readers see (`seq`), the newest complete release, the next number, the lease.
CREATE TABLE IF NOT EXISTS pointer (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    seq INTEGER,
    head INTEGER,
    next_seq INTEGER NOT NULL,
    at INTEGER,
    holder TEXT,
    lease_until INTEGER
) STRICT;
INSERT OR IGNORE INTO pointer (one, next_seq) VALUES (1, 1);

-- Views and likes; `batch` is the last that was added.
CREATE TABLE IF NOT EXISTS counters (
    path TEXT PRIMARY KEY,
    views INTEGER NOT NULL,
    likes INTEGER NOT NULL,
    score REAL NOT NULL,
    batch INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS counted_since ON counters (batch);

-- Comments below posts; they stay when the post vanishes.
CREATE TABLE IF NOT EXISTS comments (
    id TEXT PRIMARY KEY,
    path TEXT NOT NULL,
    author TEXT NOT NULL,
    text TEXT NOT NULL,
    at INTEGER NOT NULL,           -- milliseconds since 1970
    state TEXT NOT NULL CHECK (state IN ('held', 'approved')),
    sender TEXT NOT NULL           -- a keyed hash of an address
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS comments_of_post ON comments (path, state, at, id);
CREATE INDEX IF NOT EXISTS comments_of_sender ON comments (sender, at);
CREATE INDEX IF NOT EXISTS comments_by_time ON comments (at, id);
CREATE INDEX IF NOT EXISTS comments_held ON comments (at, id) WHERE state = 'held';

-- Who may write no more.
CREATE TABLE IF NOT EXISTS bans (
    sender TEXT PRIMARY KEY,
    at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
