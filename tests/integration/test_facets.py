"""Facets: counts over a whole result, held against counts of the tree made here, which share nothing with the daemon's."""

import collections
import json
import os
import random
import shutil
import tempfile
import time

import pytest

import trawl
from box import box, install
from trawl import RpcError, write

NAMES = ("type", "ext", "year", "root", "author", "folder")
TYPES = {"txt": "text/plain", "md": "text/markdown", "html": "text/html", "dat": ""}
WORDS = ("common", "rare", "amber", "basalt", "cobalt")


class Place:
    """Somewhere that a document is: a file, or a part in a file."""

    def __init__(self, root, path, part, content, words, year, author=""):
        self.root, self.part, self.words, self.year, self.author = root, part, set(words), str(year), author
        leaf = part or os.path.basename(path)
        self.ext = leaf.rpartition(".")[2] if "." in leaf else ""
        self.type = TYPES.get(self.ext, "")
        # What has no text is a hit of its own, however many others have the same bytes.
        self.key = (path, part) if not self.type else (content, self.ext)
        self.file = path
        below = os.path.relpath(path, root[1]).split("/")
        self.folder = root[1] if len(below) == 1 else os.path.join(root[1], below[0])

    def value(self, name):
        return self.root[0] if name == "root" else getattr(self, name)


def page(title, author, words):
    return (f"<html><head><title>{title}</title><meta name=author content='{author}'></head>"
            f"<body>{' '.join(words)}</body></html>")


class Shelves:
    """Two roots, with copies within and across them, files that have no text, pages with authors, and boxes of parts."""

    def __init__(self, daemon):
        self.daemon, self.places, self.dice = daemon, [], random.Random(20260211)
        self.roots = [("docs", os.fspath(daemon.root)), ("attic", os.fspath(daemon.home / "attic"))]
        daemon.config["root attic"]["path"] = daemon.home / "attic"
        texts = [self.text(i) for i in range(40)]
        for i in range(240):
            self.add_file(i, texts)
        for i in range(6):
            self.add_box(i, texts)

    def text(self, i):
        words = self.dice.sample(WORDS, self.dice.randint(1, 4))
        return f"t{i} " + " ".join(words), words

    def directory(self, root):
        return os.path.join(root[1], *(self.dice.choice(("red", "blue", "green"))
                                       for _ in range(self.dice.randint(0, 3))))

    def put(self, path, content, year):
        write(path, content)
        at = int(time.mktime((year, 6, 15, 12, 0, 0, 0, 0, 0)))
        os.utime(path, (at, at))

    def add_file(self, i, texts):
        root, year = self.dice.choice(self.roots), self.dice.randint(2019, 2026)
        ext = self.dice.choice(("txt", "txt", "md", "html", "dat", ""))
        content, words = self.dice.choice(texts)
        author = ""
        if ext == "md":
            content += " marked"  # a document has one type
        if ext == "html":
            author = self.dice.choice(("Ann Lee", "Bob Roe", "Zoë Ångström"))
            content = page(f"page {i}", author, words)
        if ext in ("dat", ""):
            content, words = "\0\1\2" + content, self.dice.sample(WORDS, 1)
        name = f"x{i}" + ("-" + words[0] if ext in ("dat", "") else "") + ("." + ext if ext else "")
        path = os.path.join(self.directory(root), name)
        self.put(path, content, year)
        self.places.append(Place(root, path, "", content, words, year, author))

    def add_box(self, i, texts):
        root, year = self.dice.choice(self.roots), self.dice.randint(2019, 2026)
        inside = [(f"in/p{n}.txt", *self.dice.choice(texts)) for n in range(5)]
        path = os.path.join(self.directory(root), f"b{i}.box")
        content = box(*(("part", part, content) for part, content, _ in inside), text=f"crate {i}")
        self.put(path, content, year)
        self.places.append(Place(root, path, "", content, ["crate"], year))
        self.places[-1].key = path
        for part, content, words in inside:
            self.places.append(Place(root, path, part, content, words, year))

    def learn_type_of_boxes(self):
        for p in self.places:
            if p.ext == "box":
                p.type = self.daemon.document(p.file)["type"]

    def expect(self, passes):
        counts = {name: collections.Counter() for name in NAMES}
        hits = collections.defaultdict(list)
        for p in self.places:
            if passes(p):
                hits[p.key].append(p)
        for places in hits.values():
            for name in NAMES:
                counts[name].update({p.value(name) for p in places} - {""})
        return len(hits), counts


def as_counters(facets):
    for values in facets.values():
        pairs = [(-v["count"], v["value"]) for v in values]
        assert pairs == sorted(pairs, key=lambda pair: (pair[0], pair[1].encode()))
        assert len({v["value"] for v in values}) == len(values)
    return {name: collections.Counter({v["value"]: v["count"] for v in values}) for name, values in facets.items()}


@pytest.fixture(scope="module")
def shelves():
    home = tempfile.mkdtemp(prefix="trawl-", dir=os.environ.get("TRAWL_TEST_DIR") or "/dev/shm")
    daemon = trawl.Daemon(home)
    install(daemon)
    (daemon.home / "attic").mkdir()
    shelves = Shelves(daemon)
    daemon.start()
    daemon.sync()
    shelves.learn_type_of_boxes()
    yield shelves
    daemon.finish()
    shutil.rmtree(home)


QUERIES = {
    "common": lambda p: "common" in p.words,
    "rare": lambda p: "rare" in p.words,
    "amber basalt": lambda p: {"amber", "basalt"} <= p.words,
    "common ext:txt": lambda p: "common" in p.words and p.ext == "txt",
    "common path:red": lambda p: "common" in p.words and "red" in p.file,
    "ext:txt,html": lambda p: p.ext in ("txt", "html"),
    "ext:txt": lambda p: p.ext == "txt",
    "crate": lambda p: "crate" in p.words,
    "ext:dat": lambda p: p.ext == "dat",
    "root:attic": lambda p: p.root[0] == "attic",
    "-common": lambda p: "common" not in p.words,
    "amber -basalt": lambda p: "amber" in p.words and "basalt" not in p.words,
    "amber OR ext:md": lambda p: "amber" in p.words or p.ext == "md",
    "cobalt modified:2023": lambda p: "cobalt" in p.words and p.year == "2023",
    "author:ann": lambda p: p.author == "Ann Lee",
    "nowhere": lambda p: False,
}


@pytest.mark.parametrize("query", QUERIES)
def test_counts_are_those_of_the_tree(shelves, query):
    result = shelves.daemon.search(query, facets=list(NAMES), limit=3)
    total, expected = shelves.expect(QUERIES[query])
    assert result["total"] == total
    assert as_counters(result["facets"]) == expected
    assert list(result["facets"]) == list(NAMES)
    assert result["facets_exact"] is True


@pytest.mark.parametrize("query", ["common", "ext:txt", "-common", "crate"])
def test_grouped_they_count_files(shelves, query):
    # files with the same content are one group, with those of their parts that match
    by_file = {p.file: p.key for p in shelves.places if not p.part}
    hits = collections.defaultdict(list)
    for p in shelves.places:
        if QUERIES[query](p):
            hits[by_file[p.file]].append(p)
    result = shelves.daemon.search(query, facets=list(NAMES), group=True)
    assert result["total"] == len(hits)
    for name in NAMES:
        expected = collections.Counter(v for places in hits.values() for v in {p.value(name) for p in places} - {""})
        assert as_counters(result["facets"])[name] == expected, name


@pytest.mark.parametrize("name, narrowing", [
    ("type", "type:{}"), ("ext", "ext:{}"), ("year", "modified:{}"), ("root", "root:{}"), ("author", "author:{}")])
def test_a_value_is_what_the_filter_of_that_name_takes(shelves, name, narrowing):
    values = shelves.daemon.search("common OR rare", facets=[name])["facets"][name]
    assert values
    for v in values:
        narrowed = "(common OR rare) " + narrowing.format(trawl.quote(v["value"]) if name == "author" else v["value"])
        assert shelves.daemon.search(narrowed, limit=0)["total"] == v["count"], v


def test_only_what_was_asked_for(shelves):
    result = shelves.daemon.search("common", facets=["year", "ext"], max_age_ms=60000)
    assert set(result["facets"]) == {"year", "ext"}
    # the memo knows answers apart by their facets
    other = shelves.daemon.search("common", facets=["root"], max_age_ms=60000)
    assert set(other["facets"]) == {"root"}
    again = shelves.daemon.search("common", facets=["year", "ext"], max_age_ms=60000)
    assert again["cached"] and again["facets"] == result["facets"]
    for none in ({}, {"facets": []}):
        assert not {"facets", "facets_exact"} & set(shelves.daemon.search("common", **none))


def test_every_page_has_those_of_the_whole(shelves):
    first = shelves.daemon.search("common", facets=["ext", "folder"], limit=5)
    for page in ({"offset": 5}, {"cursor": first["cursor"]}, {"sort": "path"}, {"limit": 0}):
        result = shelves.daemon.search("common", facets=["ext", "folder"], **{"limit": 5, **page})
        assert result["facets"] == first["facets"] and result["facets_exact"]


@pytest.mark.parametrize("facets", [["kind"], "type", [1], ["type", ""], {"type": 1}])
def test_refused(shelves, facets):
    with pytest.raises(RpcError) as e:
        shelves.daemon.search("common", facets=facets)
    assert e.value.code == -32602 and str(e.value).find("facets") >= 0


def test_the_hundred_most_frequent(daemon):
    for i in range(130):
        for copy in range(1 + (i % 3 == 0)):
            write(daemon.root / f"d{i}" / f"f{copy}.e{i:03}", f"\0many {i} {copy}")
    daemon.start()
    daemon.sync()
    result = daemon.search("path:tree", facets=["ext", "folder", "root"])
    assert result["total"] == 174 and result["facets_exact"] is False
    exts = [(v["value"], v["count"]) for v in result["facets"]["ext"]]
    assert exts == [(f"e{i:03}", 2) for i in range(0, 130, 3)] + \
        [(f"e{i:03}", 1) for i in range(130) if i % 3][:100 - 44]
    assert len(result["facets"]["folder"]) == 100
    assert result["facets"]["root"] == [{"value": "docs", "count": 174}]
    assert daemon.search("path:tree ext:e000", facets=["ext", "folder"])["facets_exact"] is True


def test_names_that_are_no_text(daemon):
    write(os.path.join(os.fsencode(daemon.root), b"caf\xe9", b"deep", b"a.txt"), "walrus")
    write(daemon.root / "b.t\u00e9xt", "walrus too")
    daemon.start()
    daemon.sync()
    write(os.path.join(os.fsencode(daemon.root), b"d\xe9but.txt"), "penguin")
    daemon.sync()
    hit = daemon.search("penguin")["hits"][0]
    assert trawl.path_of(hit, "name") == b"d\xe9but.txt" and hit["name"] == "d\ufffdbut.txt" and "name_b64" in hit
    folders = daemon.search("walrus", facets=["folder"])["facets"]["folder"]
    odd = [v for v in folders if "value_b64" in v]
    assert len(folders) == 2 and len(odd) == 1
    assert trawl.path_of(odd[0], "value") == os.path.join(os.fsencode(daemon.root), b"caf\xe9")
    assert odd[0]["value"].endswith("caf\ufffd")


def test_they_follow_changes(daemon):
    daemon.start()
    write(daemon.root / "one" / "a.txt", "seal pup")
    write(daemon.root / "two" / "b.txt", "seal cow")
    daemon.sync()

    def folders():
        daemon.sync()
        found = daemon.search("seal", facets=["folder", "ext"], max_age_ms=0)["facets"]
        return {os.path.basename(v["value"]): v["count"] for v in found["folder"]}, \
               {v["value"]: v["count"] for v in found["ext"]}

    assert folders() == ({"one": 1, "two": 1}, {"txt": 2})
    os.rename(daemon.root / "one", daemon.root / "three")
    assert folders() == ({"three": 1, "two": 1}, {"txt": 2})
    shutil.copy(daemon.root / "two" / "b.txt", daemon.root / "three" / "c.txt")
    assert folders() == ({"three": 2, "two": 1}, {"txt": 2})
    os.rename(daemon.root / "two" / "b.txt", daemon.root / "two" / "b.md")
    assert folders()[0] == {"three": 2, "two": 1}
    shutil.rmtree(daemon.root / "three")
    assert folders() == ({"two": 1}, {"md": 1})


# --- who asks --------------------------------------------------------------------------------------------------------

NOBODY = 65534


def ask_as(daemon, uid, query, **params):
    """One search by another user, through the command-line tool."""
    result = trawl.run(["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups", trawl.BUILD / "trawl", "rpc",
                        "search", json.dumps({"query": query, **params})],
                       env={**daemon.environment(), "TRAWL_SOCKET": os.fspath(daemon.socket_path)}, cwd="/")
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_nothing_unreadable_is_counted(make_daemon):
    daemon = make_daemon()
    daemon.home.chmod(0o755)
    daemon.root.chmod(0o755)
    daemon.config["daemon"]["mode"] = "system"
    files = {"open/a.txt": ("orca one", 0o644), "open/secret.md": ("orca two", 0o600), "shut/b.txt": ("orca three", 0o644),
             "shut/copy.txt": ("orca one", 0o644), "open/more/c.html": (page("T", "Ann Lee", ["orca"]), 0o600)}
    for name, (content, mode) in files.items():
        os.chmod(write(daemon.root / name, content), mode)
    for directory in ("open", "open/more", "shut"):
        os.chmod(daemon.root / directory, 0o700 if directory == "shut" else 0o755)
    daemon.start()
    daemon.sync()
    wanted = list(NAMES)
    hits = ask_as(daemon, NOBODY, "orca")["hits"]
    assert [(h["path"], h["paths"], h["paths_total"]) for h in hits] == \
        [(os.fspath(daemon.root / "open/a.txt"), [{"path": os.fspath(daemon.root / "open/a.txt")}], 1)]
    both = daemon.search("one")["hits"][0]
    assert both["paths_total"] == 2 and {os.path.basename(p["path"]) for p in both["paths"]} == {"a.txt", "copy.txt"}
    seen = as_counters(ask_as(daemon, NOBODY, "orca", facets=wanted)["facets"])
    year = time.strftime("%Y", time.gmtime(os.stat(daemon.root / "open/a.txt").st_mtime))
    assert seen == {"type": {"text/plain": 1}, "ext": {"txt": 1}, "year": {year: 1}, "root": {"docs": 1}, "author": {},
                    "folder": {os.fspath(daemon.root / "open"): 1}}
    # root's answer is not given to others from the memo, nor theirs to root
    every = as_counters(daemon.search("orca", facets=wanted)["facets"])
    assert every["ext"] == {"txt": 2, "md": 1, "html": 1} and every["author"] == {"Ann Lee": 1}
    assert every["folder"] == {os.fspath(daemon.root / "open"): 3, os.fspath(daemon.root / "shut"): 2}
    assert as_counters(ask_as(daemon, NOBODY, "orca", facets=wanted, max_age_ms=60000)["facets"]) == seen
    os.chmod(daemon.root / "open/secret.md", 0o644)
    daemon.sync()
    assert as_counters(ask_as(daemon, NOBODY, "orca", facets=wanted)["facets"])["ext"] == {"txt": 1, "md": 1}
