-- The store as of version 1.  Prose: store.md.  Names of files and directories are BLOBs: they are bytes.

CREATE TABLE meta (
	key   TEXT PRIMARY KEY,           -- 'instance', 'clock', 'boot', 'clean'
	value
) WITHOUT ROWID;

CREATE TABLE root (
	id      INTEGER PRIMARY KEY,
	path    BLOB NOT NULL UNIQUE,     -- absolute
	name    TEXT NOT NULL,            -- as in the configuration
	fsid    BLOB,                     -- statfs f_type and f_fsid when last scanned; NULL: never
	offline INTEGER NOT NULL DEFAULT 0,
	above   BLOB                      -- chain of the directories from / to its parent; NULL: not looked at yet
);

CREATE TABLE dir (
	id       INTEGER PRIMARY KEY,     -- given by the loop, never reused
	root     INTEGER NOT NULL,
	parent   INTEGER,                 -- NULL: a root's own directory, or detached (name starts with '/')
	name     BLOB NOT NULL,           -- '' for a root's own directory
	ino      INTEGER NOT NULL,
	btime_ns INTEGER NOT NULL,
	mtime_ns INTEGER NOT NULL,        -- a new one alone takes no number of the clock
	mode     INTEGER NOT NULL,
	uid      INTEGER NOT NULL,
	gid      INTEGER NOT NULL,
	acl      BLOB,                    -- system.posix_acl_access, raw
	fsid     BLOB,                    -- for a mount point: its file system; else NULL
	offline  INTEGER NOT NULL DEFAULT 0,
	created  INTEGER NOT NULL,        -- clock
	clock    INTEGER NOT NULL,
	moved_from BLOB,                  -- absolute path before the last change, if that was a move
	moved_access INTEGER              -- access(id) of that place
);
CREATE UNIQUE INDEX dir_by_name ON dir(parent, name) WHERE parent IS NOT NULL;
CREATE INDEX dir_top ON dir(root, name) WHERE parent IS NULL;
CREATE INDEX dir_by_clock ON dir(clock);
CREATE UNIQUE INDEX dir_name_row ON dir(id + 2199023255552) WHERE parent IS NOT NULL; -- its row in the name indexes: DIR_FIRST
CREATE INDEX dir_moved ON dir(moved_from) WHERE moved_from IS NOT NULL;

CREATE TABLE converter (
	id      INTEGER PRIMARY KEY,
	name    TEXT NOT NULL,
	version BLOB NOT NULL,            -- fingerprint of the program and its command line
	UNIQUE (name, version)
);

CREATE TABLE document (
	id        INTEGER PRIMARY KEY AUTOINCREMENT, -- never given again: readers may hold one that is gone
	hash      BLOB NOT NULL,          -- BLAKE2b-256 of the content
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
	holds     INTEGER NOT NULL DEFAULT 0, -- enum document_holds: whether its parts are alive through it
	UNIQUE (hash, converter)
);
CREATE INDEX document_orphaned ON document(orphaned) WHERE orphaned IS NOT NULL;
CREATE INDEX document_building ON document(building) WHERE building <> 0;

CREATE TABLE content (
	document INTEGER PRIMARY KEY REFERENCES document(id),
	text     BLOB NOT NULL            -- zstd frame of UTF-8
);

-- The documents inside of a document, at every depth; n is the order in which they were met.
CREATE TABLE part (
	id        INTEGER PRIMARY KEY,    -- above every file(id), for the name indexes have both: PART_FIRST and on
	container INTEGER NOT NULL REFERENCES document(id),
	n         INTEGER NOT NULL,
	path      TEXT NOT NULL,          -- 'letters.zip/2021/a.txt'
	ext       TEXT NOT NULL,
	type      TEXT NOT NULL,          -- MIME type, '' if unknown
	size      INTEGER NOT NULL,       -- bytes of the part itself
	mtime     INTEGER,                -- seconds UTC, as the container says
	state     INTEGER NOT NULL,       -- enum file_state
	rule      INTEGER NOT NULL,       -- converter(id) its name or type chose; 0: none
	document  INTEGER REFERENCES document(id),
	converter TEXT,                   -- of a failure, as in failure
	reason    TEXT,
	detail    TEXT,
	UNIQUE (container, n)
);
CREATE INDEX part_by_document ON part(document) WHERE document IS NOT NULL;
CREATE INDEX part_by_ext ON part(ext, rule);
CREATE INDEX part_by_rule ON part(rule);
CREATE INDEX part_failed ON part(container, n) WHERE reason IS NOT NULL;

CREATE TABLE file (
	id       INTEGER PRIMARY KEY,
	dir      INTEGER NOT NULL,
	name     BLOB NOT NULL,
	ext      TEXT NOT NULL,           -- lower case, without the dot; '' if none
	ino      INTEGER NOT NULL,
	size     INTEGER NOT NULL,
	mtime_ns INTEGER NOT NULL,
	ctime_ns INTEGER NOT NULL,
	mode     INTEGER NOT NULL,
	uid      INTEGER NOT NULL,
	gid      INTEGER NOT NULL,
	nlink    INTEGER NOT NULL,
	acl      BLOB,
	stamp_ns INTEGER NOT NULL,        -- real time when it was read; 0: read it again whatever stat says
	state    INTEGER NOT NULL,        -- enum file_state
	rule     INTEGER NOT NULL,        -- converter(id) its name chose; 0: none
	document INTEGER REFERENCES document(id),
	created  INTEGER NOT NULL,        -- clock
	clock    INTEGER NOT NULL,
	moved_from BLOB,
	moved_access INTEGER,
	UNIQUE (dir, name)
);
CREATE INDEX file_by_document ON file(document) WHERE document IS NOT NULL;
CREATE INDEX file_by_clock ON file(clock);
CREATE INDEX file_moved ON file(moved_from) WHERE moved_from IS NOT NULL;
CREATE INDEX file_by_ext ON file(ext);
CREATE INDEX file_by_link ON file(ino); -- other names of an inode: the kernel tells a directory of no new link to its file
CREATE INDEX file_by_trouble ON file(state) WHERE state <> 1;

CREATE TABLE failure (
	file      INTEGER PRIMARY KEY REFERENCES file(id) ON DELETE CASCADE,
	converter TEXT NOT NULL,
	reason    TEXT NOT NULL,          -- stable word: enum convert_outcome
	detail    TEXT NOT NULL,          -- one sentence
	output    TEXT NOT NULL,          -- first 4 KiB of standard error
	attempts  INTEGER NOT NULL,       -- crashes and time-outs charged
	hash      BLOB,                   -- content it failed on
	next_try  INTEGER,                -- seconds UTC; NULL: when the content or the converter changes
	at        INTEGER NOT NULL        -- seconds UTC of the last attempt
);
CREATE INDEX failure_next ON failure(next_try) WHERE next_try IS NOT NULL;

-- Files with a slow converter besides the one that their name chose.
CREATE TABLE slow (
	file  INTEGER PRIMARY KEY REFERENCES file(id) ON DELETE CASCADE,
	tried INTEGER NOT NULL,           -- converter(id) that has had its turn with this content; 0: it waits
	hash  BLOB                        -- of that content
);
CREATE INDEX slow_waiting ON slow(file) WHERE tried = 0;

CREATE TABLE tombstone (
	clock INTEGER PRIMARY KEY,
	path  BLOB NOT NULL,              -- absolute
	dir   INTEGER NOT NULL,           -- enum tombstone_kind
	at    INTEGER NOT NULL,           -- seconds UTC
	access INTEGER                    -- access(id): who could see what was there; NULL in user mode
);
CREATE INDEX tombstone_at ON tombstone(at);

-- Who may see a place: the guards of all directories from / down to it and its own, as bytes (core/guard.h).  System mode
-- only; kept for what `changes` tells of places that are gone.
CREATE TABLE access (
	id    INTEGER PRIMARY KEY,
	chain BLOB NOT NULL UNIQUE,
	at    INTEGER NOT NULL            -- seconds UTC when it was last made use of
);
CREATE INDEX access_at ON access(at);

-- Directories that other callers may reach since then.  What is below them takes no number of the clock.
CREATE TABLE regrant (
	clock INTEGER PRIMARY KEY,
	was   INTEGER NOT NULL,           -- access(id)
	now   INTEGER NOT NULL,
	at    INTEGER NOT NULL
);

-- Text is kept once, compressed; FTS5 reads it back through this view when it must (snippets, deletes, checks).
-- It shows what is searchable only, for the integrity check compares all of it with the index.
CREATE VIEW fts_source(id, title, text) AS
	SELECT d.id, d.title, trawl_inflate(c.text)
	FROM document d JOIN content c ON c.document = d.id WHERE d.searchable = 1;
CREATE VIRTUAL TABLE fts USING fts5(
	title, text, content='fts_source', content_rowid='id', columnsize=0, tokenize='trawl');

-- Names of files, parts and directories: by word (plain words of a query), and by any three characters (name:).
CREATE VIEW name_source(id, name) AS
	SELECT id, trawl_fold(name) FROM file
	UNION ALL SELECT id, trawl_fold(trawl_leaf(path)) FROM part
	UNION ALL SELECT id + 2199023255552, trawl_fold(name) FROM dir WHERE parent IS NOT NULL;
CREATE VIRTUAL TABLE name_word USING fts5(
	name, content='name_source', content_rowid='id', columnsize=0, tokenize='trawl');
CREATE VIRTUAL TABLE name_part USING fts5(
	name, content='name_source', content_rowid='id', columnsize=0, detail=none, tokenize='trigram');

-- The words of both, as FTS5 counts them, and a snapshot of them in blocks (vocabulary_block.h), for counting takes long.
CREATE VIRTUAL TABLE text_words USING fts5vocab(fts, row);
CREATE VIRTUAL TABLE name_words USING fts5vocab(name_word, row);
CREATE TABLE vocabulary (
	id    INTEGER PRIMARY KEY,
	first BLOB NOT NULL,              -- the first word of the block
	most  INTEGER NOT NULL,           -- documents that have its most frequent word
	total INTEGER NOT NULL,           -- the sum of the documents of its words
	words BLOB NOT NULL
);
CREATE UNIQUE INDEX vocabulary_by_first ON vocabulary(first, most, total);
