-- Version 3: segments are merged from sixteen of one size on, and from 64 at once; fewer, from four on, in gaps (store/merge.h).
INSERT INTO fts(fts, rank) VALUES ('automerge', 16), ('crisismerge', 64), ('usermerge', 4);
INSERT INTO name_word(name_word, rank) VALUES ('automerge', 16), ('crisismerge', 64), ('usermerge', 4);
INSERT INTO name_part(name_part, rank) VALUES ('automerge', 16), ('crisismerge', 64), ('usermerge', 4);
