-- Version 2: compressed texts lie in pieces, twelve to a page.  As whole rows, each of a few KB, they left a seventh of their
-- pages empty; and who shows the first lines of a long text reads its first pieces only.  What is there is one piece each.

CREATE TABLE content_piece (
	id   INTEGER PRIMARY KEY,         -- document(id) << 20 | number of the piece, from 0
	text BLOB NOT NULL                -- of one zstd frame of UTF-8
);
INSERT INTO content_piece SELECT document << 20, text FROM content ORDER BY document;

DROP VIEW fts_source;
DROP TABLE content;
ALTER TABLE content_piece RENAME TO content;
CREATE VIEW fts_source(id, title, text) AS
	SELECT d.id, d.title,
		(SELECT trawl_inflate(c.text) FROM content c WHERE c.id BETWEEN d.id << 20 AND (d.id << 20) + 1048575)
	FROM document d WHERE d.searchable = 1 AND EXISTS (SELECT 1 FROM content c WHERE c.id = d.id << 20);
