"""The golden set: queries over a fixed library, their exact results as an independent matcher computes them.

The expected sets are written down nowhere: matcher.py reads the query and judges every place of golden_corpus.py by
brute force.  A result is right if its hits have just these places, and if it counts them exactly.
"""

import os
import shutil
import tempfile
import time

import pytest

import golden_corpus
import matcher
import trawl
from trawl import RpcError

DAY = golden_corpus.DAY


@pytest.fixture(scope="module")
def library():
    """(daemon, library) for all queries."""
    home = tempfile.mkdtemp(prefix="trawl-", dir=os.environ.get("TRAWL_TEST_DIR") or "/dev/shm")
    daemon = trawl.Daemon(home)
    post = daemon.home / "post"
    post.mkdir()
    daemon.config["root post"]["path"] = post
    now = int(time.time())
    books = golden_corpus.Library({"docs": os.fspath(daemon.root), "post": os.fspath(post)}, now - now % DAY).write()
    daemon.start()
    daemon.sync()
    yield daemon, books
    daemon.finish()
    shutil.rmtree(home)


def found(daemon, query, **params):
    """Places of all hits, how many hits there are, and the result."""
    result = daemon.search(query, limit=1000, **params)
    keys = [p["path"] + ("//" + "/".join(p["part"]) if p.get("part") else "") for hit in result["hits"] for p in hit["paths"]]
    assert len(keys) == len(set(keys)), f"twice: {sorted(k for k in keys if keys.count(k) > 1)}"
    return set(keys), len(result["hits"]), result


def check(library, query, tree=None, **params):
    """The daemon's answer is the matcher's; returns how many places that are."""
    daemon, books = library
    tree = tree or matcher.parse(query)
    while True:
        day = int(time.time()) // DAY
        keys, hits, result = found(daemon, query, **params)
        expected = matcher.places(tree, books, int(time.time()))
        if int(time.time()) // DAY == day:
            break
    wanted = {p.key for p in expected}
    top = os.fspath(daemon.home)
    assert keys == wanted, (f"{query!r}: missing {sorted(k.removeprefix(top) for k in wanted - keys)}, "
                            f"not wanted {sorted(k.removeprefix(top) for k in keys - wanted)}")
    assert hits == len({p.hit for p in expected}), query
    assert result["total"] == hits and result["total_exact"] and not result["partial"], query
    return len(expected)


def test_the_library_is_what_it_is_said_to_be(library):
    """Else every failure below would be about something else."""
    daemon, books = library
    assert daemon.status()["files"]["failed"] == 0
    for place in books.places:
        if place.document is None:
            continue
        got = daemon.call("document", path=place.path, **({"part": list(place.part)} if place.part else {}))
        said = place.document
        assert (got["title"], got["author"], got["type"], got["lang"] or "") == (said.title, said.author, said.type, said.lang)
        assert [t.word for t in matcher.tokens(got["text"])] == [t.word for t in matcher.tokens(said.text)][:len(got["text"])]
        assert {k: got["meta"].get(k) for k in said.meta} == said.meta


WORDS = r"""
fox | FOX | fOx | quick brown | brown quick | lazy | the | quick AND brown | quick brown fox lazy dog | naive | NAÏVE
naïve | élégant | elegant | ELEGANT | arger | Ärger | strasse | straße | STRASSE | groß | 42 | 1984 | jan 100 | zero | nothing
mir | МИР | война | ΟΔΟΣ | οδός | οδος | uber | über | deep | tree | size1024 | filler | blob | dat | txt | fox txt | same
""".replace("\n", "|").split("|")

BOOLEAN = r"""
fox OR wolf | fox OR wolf OR hund | quick -fox | quick NOT fox | quick AND NOT fox | NOT fox | -fox | -the -and | -(fox OR the)
(fox OR wolf) lazy | fox (lazy OR tail) | lazy (fox OR oak) -sleeps | ((fox)) | (((deep) (tree))) | fox OR (lazy AND sleeps)
fox lazy OR wolf seen | a b OR c | quick OR -the | fox -lazy OR deep -tree | NOT (quick brown) | NOT NOT fox | -NOT fox
NOT (NOT fox AND NOT wolf) | -(-fox) quick | deep OR tree OR leaf OR directory | (deep OR tree) (leaf OR other) | fox or wolf
fox and wolf | "OR" | "AND" not | near words | one (two OR (three (four OR five) OR one)) | -fox -wolf -hund
""".replace("\n", "|").split("|")

PHRASES = r"""
"quick brown" | "brown quick" | "lazy dog" | "the quick brown fox jumps over the lazy dog" | "QUICK Brown" | "lazy dog"*
"laz"* | "quick bro"* | "bro quick"* | "fox txt" | "report final" | "final txt" | -"lazy dog" | "lazy dog" -jumps
"same words" | "words several" | "élégant and naïve" | "elegant AND naive" | "so be it" | "she said so" | "said \"so\" be" | "one two three"
"two one" | "three one three two" | "quick brown" OR "brown quick" | "Crème brûlée" | creme brulee | "a.b" | "1 2 3"
""".replace("\n", "|").split("|")

PREFIXES = r"""
fo* | quic* | QUI* | brow* dog* | zz* | naï* | nai* | -f* | 19* | 1* | version* | re* -report* | caramel* OR onion* | eleg*
über* | Stra* | "fox j"* | foo* | std* | size1*
""".replace("\n", "|").split("|")

PUNCTUATION = r"""
foo.bar | foo.bar(1,2) | foo_bar | bar.foo | 1.2.3 | 1.2 | 1.2.3.4 | user@example.org | example@user.org | @example
/usr/share | usr/share | share/usr | http://example.org/a?b=c | http://example.org | std::string | std string | boost::string
C:\temp\file | \\server\share | file.txt | fox.txt | Q1.csv | 50% | 50% off | tar.gz | a?b=c | os.path.join('/usr | c_plus
it's | (call g(y)) | f(x) | "f(x) or" | main(void) | don't-know | read-me | --all | foo:bar | unknown:value | main: | x.y.z
""".replace("\n", "|").split("|")

SIGNS = r"""
c++ | c# | g++ | f# | c | g | f | "c++ is" | "c is" | c++* | C++ | C# | c+ | c++11 | b#9 | b# | "not c and c#" | c++ c# | c# OR g++
c++ -g++ | c -c++ -c# | Ｃ＋＋ | NEAR(c++ neither) | "compiler" c | width c++ | c#*
""".replace("\n", "|").split("|")

RUNS = r"""
日本語 | 日本 | 本語 | 日 | 語 | 本 | 日語 | 東京 | 京都 | 東京都 | 東 | 都 | 京 | 文章 | 中文 | 全文搜索 | 搜索引擎 | 北京大学 | 大学 | 京大 | 文
コンピューター | ピュータ | データベース | ー | ターと | 한국어 | 국어 | 한국 | 문서 검색 | "문서 검색" | "검색 문서" | 검 | ไทย | ภาษา | ภาษาไทย | ช่องว่าง | ว่าง
Tokyoは | は東京 | Tokyo | 3月 | 月 | foo日本bar | foo日本 | 日本bar | 日本* | "日本 語" | "日本語 の" | "東 京 都" | "東京 都" | ｆｕｌｌ | full width | wide
-日本 東 | 日本 OR 北京 | title:日本 | 東京都に住んで | 都です | "住んでいます" | 语 | 我们在北京
""".replace("\n", "|").split("|")

NEAR = r"""
NEAR(quick fox) | NEAR(fox quick) | NEAR(quick fox, 1) | NEAR(quick fox, 0) | NEAR(quick lazy, 4) | NEAR(quick lazy, 5)
NEAR("quick brown" "lazy dog", 4) | NEAR("quick brown" "lazy dog", 3) | NEAR(start middle, 30) | NEAR(start middle, 29)
NEAR(start end, 100) | NEAR(qui* laz*, 9) | NEAR(one two three, 2) | NEAR(one two three, 0) | NEAR(fox dog) | -NEAR(quick fox) lazy
NEAR(quick fox) OR NEAR(wolf heard, 0) | NEAR(wolf wolf, 0) | NEAR(wolf gone, 1) | NEAR(final txt, 0) | NEAR(a.b c) | NEAR(salt pasta,2)
NEAR(Ärger Hund) | NEAR(fox txt)
""".replace("\n", "|").split("|")

NAMES = r"""
name:fox | name:FOX | name:x.t | name:fox.txt | name:ox | name:o | name:*.md | name:fox* | name:*fox | name:*fox* | name:f?x.txt | name:???.txt
name:"fox dog" | name:fox\ dog | name:"ärger" | name:arger | name:ÄRGER | name:brulee | name:"Crème brûlée" | name:日本 | name:日 | name:語.txt
name:ไทย | name:한국 | name:50% | name:"50% off" | name:% | name:_ | name:no_ext | name:a\*b\?.txt | name:"a\*b\?" | name:a*b?.txt | name:\* | name:*\?*
name:quo\"te | name:"quo\"te" | name:back\\slash | name:"back\\" | name:[sour] | name:"[sour]" | name:(brackets) | name:"(b" | name:, | name:"dash - colon"
name:"colon:" | name:UPPER | name:upper.txt | name:.txt | name:.TXT -ext:txt | name:nfd | name:uber | name:"über" | name:русский | name:РУС* | name:same name:other
name:deep | name:tree | name:zip | name:anna | name:pixel | name:plan.txt | -name:. | name:fox -name:txt | name:fox OR name:wolf | (name:one OR name:two) -name:zz
name:*?* -name:*o* | name:1023 | name:"1M and" | name:.hidden | name:**.md | name:report name:final
""".replace("\n", "|").split("|")

PATHS = r"""
path:animals | path:/animals/ | path:ANIMALS fox | path:tree/animals | path:"Budget 2024" | path:Budget\ 2024/Q | path:x/y | path:*/x/y/* | path:x/y/*
path:x/**/deep.txt | path:x/**/*.txt | path:**/deep.txt | path:deep.txt | path:*.md | path:animals/*.txt | path:animals/fo?.txt | path:/animals/*
path:copies/** | path:copies/* | path:copies/**/same.txt | path:x/*/deep.txt | path:x/y/ | path:x?/ | path:c*/t*/* | path:*/two/* | path:*two*
path:*/deep.* | path:"*/fox dog.txt" | path:*zip | path:nested/*.zip | path:post/ | path:in/*.eml | path:deep path:tree | -path:. | -path:/tree/ fox
path:odd/a\*b\?* | path:odd/*\** | path:ärger* | path:Crème* | path:京都* | path:/** -path:tree | path:**/ext:md OR path:*.rst | path:fox.txt quick
""".replace("\n", "|").split("|")

KINDS = r"""
ext:md | ext:MD | ext:.md | ext:md,csv | ext:"md, csv" | ext:txt fox | fox -ext:txt | ext:zip | ext:eml | ext:dat | ext:xyz | -ext:txt | ext:gz
type:text/plain fox | type:text/* quick | type:plain budget | type:html | type:text/html | type:text | type:message | type:rfc822 | type:zip | type:application/zip
type:application/* | type:markdown,html | type:csv | type:TEXT/HTML | -type:text | -type:text/* name:fox | type:directory | type:inode/directory | type:nothing
lang:en | lang:de | lang:DE-at | lang:de_AT | lang:fr,en | lang:d | -lang:en ext:html | lang:de-AT,fr | lang:en fox
author:jane | author:"Jane Doe" | author:doe | author:juergen | author:jurgen | author:Jürgen* | author:*groß | author:anna | author:élodie | author:* | -author:jane type:html
root:docs fox | root:post | root:POST budget | root:other | -root:docs | root:doc | root:d* | root:docs name:eml
title:brown | title:"brown title" | title:"title brown" | title:Bro* | title:cats | title:budget | title:"Re: Budget" | title:strasse | title:straße | -title:brown type:html
title:brown OR title:words | title:fox | title:empty brown | title:größe | title:grosse | title:meeting -title:re
""".replace("\n", "|").split("|")

MAIL = r"""
from:anna | from:ANNA | from:anna@example.org | from:müller | from:muller | from:"Anna Müller" | from:example.org | from:bob* | from:*example.com> | from:carol
to:bob | to:anna | to:all | to:"bob <bob" | cc:carol | cc:bob | -cc:carol from:* | from:* | subject:budget | subject:"budget meeting" | subject:re: | subject:"Re:*"
subject:straße | subject:grosse | subject:* | from:bob to:anna | from:bob OR to:bob | from:anna budget | -from:bob budget | from:nobody | to:example.org -from:anna subject:*
author:anna from:anna | from:anna,bob | from:@ | subject:news type:rfc822
""".replace("\n", "|").split("|")

PARTS = r"""
part:* | part:2021 | part:2021/ | part:anna | part:/2021/* | part:2021/* | part:inner.zip | part:inner.zip/deep | part:inner.zip/* | part:inner.zip/** | part:**/anna.txt
part:anna.txt | part:*.txt | part:deep/*.txt | part:plan.txt | part:* quick | -part:* quick | part:* -ext:txt | part:?* name:fox | fox part:* | fox -part:* | anna | anna part:*
letter | inner | name:inner | "dear anna" | pixel | part:*.dat | part:* type:html | part:* size:<30 | part:* path:copies | path:letters.zip | path:letters.zip -part:* | part:"2021"
part:* modified:2026-05 | part:* modified:2026-05-03 | root:post part:* | part:LETTERS | part:ANNA | part:/anna* | title:brown part:* | author:jane part:*
""".replace("\n", "|").split("|")

NUMBERS = r"""
size:1K name:10 | size:=1024 | size:1024 | size:>1K name:10 | size:>=1K name:10 | size:<1K name:10 | size:<=1K name:10 | size:1023..1025 | size:1K..10K | size:10K..
size:100K.. | size:..10 | size:0 | size:..0 | size:>1M | size:>=1M | size:1M.. | size:1MB | size:1mib | size:1048577B | size:10k | size:<1 | -size:..100K | size:>2G
size:1K OR size:10K | size:1..10 | size:>0 size:<30 | size:2K fox
""".replace("\n", "|").split("|")

TIMES = r"""
modified:2024 | modified:2024-01 | modified:2024-01-31 | modified:2024-02-29 | after:2024 edge | before:2024 edge | after:2024-01-31 edge | before:2024-01-31 edge
after:2024-02 edge | before:2024-02 edge | modified:2024-01..2024-03 | modified:2023-12-31..2024-01-01 edge | modified:..2024-01 edge | modified:2024-01.. edge | modified:..2019
modified:>2024-01 edge | modified:>=2024-01 edge | modified:<2024-01 edge | modified:<=2024-01 edge | modified:=2024-01 edge | after:2023 before:2024 | modified:2019..2019-01-02
modified:today | modified:yesterday | after:yesterday recent | before:today recent | modified:7d | modified:5d | modified:2w | modified:2mo | modified:2y | modified:1y | modified:36h
before:7d recent | after:7d recent | modified:100d..5d | modified:30d..2d | modified:..30d recent | modified:30d.. recent | modified:yesterday..today recent | -modified:7d recent
modified:2024-01-31T00:00 edge | after:2024-01-31T00:01 edge | before:2024-01-31T00:00:01 edge | modified:2024-01-31T00:00:00Z | modified:2030 | after:2016 before:2017
modified:2020 | modified:2020 fox | modified:0.. | modified:2026-05-01 | modified:1d.. fox
""".replace("\n", "|").split("|")

DIRECTORIES = r"""
deep | deep tree | animals | Budget | "Budget 2024" | 2024 | recipes OR odd | name:anim | name:animals | name:deep | name:*e* type:directory | type:directory name:e | type:directory deep
type:directory | deep -type:directory | name:deep ext:txt | name:deep -ext:txt | deep path:x | deep -path:x | name:x | path:x/y name:y | modified:2016 name:e | name:one | one
name:o -modified:2016 | name:deep size:0 | name:deep -size:0 | animals -fox | -animals name:animals | animals OR -the | (animals OR fox) -ext:txt | root:post in | in | out | name:in root:post
name:animals author:x | name:animals -author:x | name:sizes -lang:en -part:* -from:a -title:b | NEAR(budget 2024) | anim* | y | type:inode/* name:y | two | copies two | cjk
name:animals OR type:directory | "deep" | z | name:z | path:*/x/y name:y | path:/**/y name:y | path:x/ name:y | recent -modified:1y | name:tree | tree | docs | post
""".replace("\n", "|").split("|")

FIELDS_AND_WORDS = r"""
quick ext:txt | fox path:copies | fox OR ext:csv | (fox OR ext:csv) after:2024 | budget -type:rfc822 | budget (from:anna OR ext:csv) | quick -(ext:txt path:animals)
ext:pdf OR budget | name:report budget -draft | (name:q1 OR name:q2) 42 | NOT (ext:txt OR ext:md OR ext:csv) | "quick brown" size:<100 ext:txt | -quick -ext:txt -name:a -size:>100
fox (path:copies OR part:*) | (fox OR -fox) ext:md | type:text/plain (a OR the) -path:odd before:2025 | letter -part:2021 | title:budget OR (budget ext:txt)
(((fox OR wolf) -lazy) OR ext:rst) -name:again | NEAR(quick fox, 3) path:animals | "budget meeting" -cc:carol | quick size:..50 modified:2026
""".replace("\n", "|").split("|")

GROUPS = {
    "words": WORDS, "boolean": BOOLEAN, "phrases": PHRASES, "prefixes": PREFIXES, "punctuation": PUNCTUATION, "signs": SIGNS,
    "runs": RUNS, "near": NEAR, "names": NAMES, "paths": PATHS, "kinds": KINDS, "mail": MAIL, "parts": PARTS, "numbers": NUMBERS,
    "times": TIMES, "directories": DIRECTORIES, "both": FIELDS_AND_WORDS,
}
QUERIES = [(group, query.strip()) for group, queries in GROUPS.items() for query in queries if query.strip()]
# Where most queries of a group find nothing, it proves little.
MOSTLY_FOUND = 0.6


@pytest.mark.parametrize("group", GROUPS)
def test_queries_find_just_what_they_should(library, group):
    """Every query of the group is tried, so that a failure tells of all of them."""
    wrong, sizes = [], []
    for _, query in (q for q in QUERIES if q[0] == group):
        try:
            sizes.append(check(library, query))
        except (AssertionError, RpcError, matcher.Bad) as e:
            wrong.append(f"{query}: {e!r}"[:600])
    assert not wrong, "\n".join([f"{len(wrong)} of {len(sizes) + len(wrong)}"] + wrong)
    assert sum(map(bool, sizes)) >= MOSTLY_FOUND * len(sizes)


def test_there_are_enough_of_them():
    assert len(set(QUERIES)) >= 400
    assert len(set(ERRORS)) >= 40


# (query, byte at fault): what people mistype.
ERRORS = [
    ("", 0), ("   ", 0), ("\t\n", 0), ("()", 1), ("(", 1), (")", 0), ("(fox", 4), ("fox)", 3), ("(fox))", 5), ("foo.bar(1, 2)", 12), ("((fox)", 6), ("( )", 2),
    ("OR", 0), ("AND", 0), ("NOT", 3), ("fox OR", 6), ("fox AND", 7), ("OR fox", 0), ("fox OR OR dog", 7), ("fox AND OR dog", 8),
    ("fox OR )", 7), ("(fox OR) dog", 7), ("-", 0), ("fox -", 4), ("- fox", 0), ("--", 0), ("NOT )", 4), ("über OR", 8), ("日本 (", 8),
    ('"', 0), ('"fox', 0), ('fox "dog', 4), ('fox "a\\"', 4), ('name:"fox', 5), ('über "x', 6), ('""', 0), ('"..."', 0), ("...", 0),
    ("fox ...", 4), ("*", 0), ("fox *", 4), ("\\*", 0), ("!!", 0), ("+++", 0), ("fox & dog", 4), ("ü |", 3),
    ("name:", 5), ("fox name:", 9), ("name: fox", 5), ("title:", 6), ("title:...", 0), ("x title:..", 2), ("ext:", 4), ("ext:,", 4), ("ext:a,,b", 6), ("ext:a,", 6),
    ("ext:*", 4), ("ext:.", 5), ("ext:a,*", 6), ("type:te*", 5), ("type:a,b*", 7), ("lang:", 5), ("lang:*", 5), ("lang:en,,", 8), ("part:", 5), ("from:", 5), ("to: x", 3),
    ("size:", 5), ("size:x", 5), ("size:big", 5), ("size:>", 6), ("size:>>1", 5), ("size:><1", 5), ("size:=<1", 5), ("size:-1", 5), ("size:1X", 5), ("size:1iB", 5),
    ("size:..", 5), ("size:1..x", 8), ("size:x..1", 5), ("size:2..1", 5), ("size:1M..1K", 5), ("size:1..2..3", 8), ("size:9999999999999999999", 5), ("size:9999999T", 5),
    ("after:", 6), ("after:now", 6), ("after:2024-13", 6), ("after:2024-00", 6), ("after:2023-02-29", 6), ("after:2024-1-1", 6), ("after:24", 6), ("after:2024..2025", 6),
    ("after:>2024", 6), ("before:5", 7), ("before:7 d", 7), ("before:2024-04-31", 7), ("modified:..", 9), ("modified:2024..2023", 9), ("modified:2024..x", 15),
    ("modified:x..2024", 9), ("modified:7d..14d", 9), ("modified:today..yesterday", 9), ("modified:>7d", 10), ("modified:<=1y", 11), ("modified:>", 10), ("modified:5parsec", 9),
    ("modified:2024-01-01T24:00", 9), ("modified:2024-01-01T1:00", 9), ("ü modified:x", 12), ("modified:99999999999999999999d", 9),
    ("NEAR(fox)", 0), ("NEAR()", 0), ("NEAR(fox dog", 12), ("NEAR(fox dog, x)", 14), ("NEAR(fox dog, 5000)", 14), ("NEAR(fox dog, -1)", 14), ("NEAR(fox dog,)", 13),
    ("NEAR(fox OR dog)", 9), ("NEAR(fox name:a)", 9), ("NEAR(fox (dog))", 9), ("NEAR(fox -dog)", 9), ("NEAR(fox ... dog)", 9), ("a NEAR(b)", 2), ("near(fox dog)", 12),
    ("NEAR(fox dog, 5 6)", 16), ("NEAR(fox, dog)", 10), ('NEAR("fox dog)', 5), ("NEAR(fox dog, 5", 15),
    ("(" * 33 + "x" + ")" * 33, 32), ("-" + "NOT " * 32 + "x", 1 + 4 * 31), ("x " * 257, 512), ("ext:a " * 257, 6 * 256),
    ("fox " * 250 + "a.b.c.d.e.f.g", 1000), ("(fox name:", 10), ("a (b (c)", 8), ("a OR (b AND)", 11), ('title:"', 6), ("name:\u0301", 5),
]



def test_errors_name_the_byte_at_fault(library):
    daemon, _ = library
    wrong = []
    for query, position in ERRORS:
        with pytest.raises(matcher.Bad) as bad:
            matcher.parse(query)
        try:
            daemon.search(query)
            wrong.append((query, "no error"))
        except RpcError as e:
            if e.word != "bad_query" or e.data["position"] != position or bad.value.at != position:
                wrong.append((query[:60], position, e.word, e.data.get("position"), str(e), bad.value.at))
    assert not wrong, "\n".join(map(str, wrong))


def test_order_and_pages_change_nothing(library):
    """The set is the same whatever it is sorted by, and however it is cut into pages."""
    daemon, books = library
    for query in ("fox", "-the", "ext:txt", "fox OR ext:csv", "deep", "quick -part:*"):
        expected = {p.key for p in matcher.places(matcher.parse(query), books, int(time.time()))}
        for sort in ("relevance", "time", "size", "name", "path"):
            keys, cursor = set(), None
            while True:
                page = daemon.search(query, limit=3, sort=sort, **({"cursor": cursor} if cursor else {}))
                keys |= {p["path"] + ("//" + "/".join(p["part"]) if p.get("part") else "") for h in page["hits"] for p in h["paths"]}
                cursor = page.get("cursor")
                if not cursor:
                    break
            assert keys == expected, (query, sort)
