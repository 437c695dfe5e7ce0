-- One release of three posts that are not there yet, and their tables as they were while lists were asked
-- of the file. The other tables are the same.
DROP TABLE posts;
CREATE TABLE posts (
    id INTEGER PRIMARY KEY,
    path TEXT NOT NULL,
    hash TEXT NOT NULL,
    since INTEGER NOT NULL,
    until INTEGER,
    published_at INTEGER NOT NULL,
    year INTEGER NOT NULL,
    series TEXT,
    summary TEXT NOT NULL,
    post TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX one_open_version ON posts (path) WHERE until IS NULL;
CREATE UNIQUE INDEX one_version_ends ON posts (path, until);
CREATE INDEX newest_first ON posts (published_at DESC, path);
CREATE TABLE tags (
    version INTEGER NOT NULL REFERENCES posts (id) ON DELETE CASCADE,
    tag TEXT NOT NULL,
    PRIMARY KEY (tag, version)
) STRICT, WITHOUT ROWID;
CREATE INDEX tags_of_version ON tags (version);
INSERT INTO releases VALUES (1, '0101010101010101010101010101010101010101010101010101010101010101', 3, 0);
UPDATE pointer SET seq = 1, head = 1, next_seq = 2, at = 0;
