-- From when lists were asked of this file.
DROP TABLE IF EXISTS tags;
DROP INDEX IF EXISTS newest_first;
ALTER TABLE posts DROP COLUMN published_at;
ALTER TABLE posts DROP COLUMN year;
ALTER TABLE posts DROP COLUMN series;
ALTER TABLE posts DROP COLUMN summary;
