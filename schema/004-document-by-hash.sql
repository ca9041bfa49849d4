-- Version 4: documents are found by the first six bytes of their hash.  With all 32 the index of a million documents took
-- 43 MB, of which each of them dirtied a page of its own; with six it takes a third.  That (hash, converter) is unique the
-- writer sees to, who looks before it adds.

CREATE TABLE document_by_prefix (
	id        INTEGER PRIMARY KEY AUTOINCREMENT, -- never given again: readers may hold one that is gone
	hash      BLOB NOT NULL,          -- BLAKE2b-256 of the content; one row for each (hash, converter)
	converter INTEGER NOT NULL REFERENCES converter(id),
	type      TEXT NOT NULL,          -- MIME type
	title     TEXT NOT NULL DEFAULT '',
	author    TEXT NOT NULL DEFAULT '',
	lang      TEXT,
	created   INTEGER,                -- seconds UTC, as the document says
	meta      TEXT,                   -- the converter's metadata record, JSON
	size      INTEGER NOT NULL,       -- bytes of text
	truncated INTEGER NOT NULL DEFAULT 0,
	searchable INTEGER NOT NULL DEFAULT 1, -- has a row in fts
	orphaned  INTEGER,                -- seconds UTC when nothing had it any more; NULL: something has it
	parts     INTEGER NOT NULL DEFAULT 0, -- how many rows of part it has
	building  INTEGER NOT NULL DEFAULT 0, -- enum document_building: whether its parts are all there
	holds     INTEGER NOT NULL DEFAULT 0  -- enum document_holds: whether its parts are alive through it
);
INSERT INTO document_by_prefix SELECT * FROM document;
DELETE FROM sqlite_sequence WHERE name = 'document_by_prefix';
INSERT INTO sqlite_sequence SELECT 'document_by_prefix', seq FROM sqlite_sequence WHERE name = 'document';

DROP VIEW fts_source;
DROP TABLE document;
ALTER TABLE document_by_prefix RENAME TO document;
CREATE INDEX document_by_hash ON document(substr(hash, 1, 6));
CREATE INDEX document_orphaned ON document(orphaned) WHERE orphaned IS NOT NULL;
CREATE INDEX document_building ON document(building) WHERE building <> 0;
CREATE VIEW fts_source(id, title, text) AS
	SELECT d.id, d.title,
		(SELECT trawl_inflate(c.text) FROM content c WHERE c.id BETWEEN d.id << 20 AND (d.id << 20) + 1048575)
	FROM document d WHERE d.searchable = 1 AND EXISTS (SELECT 1 FROM content c WHERE c.id = d.id << 20);
