"""Pages while the index moves: a reader goes through a result by cursor while a writer adds, changes and deletes."""

import os
import threading
import time

import pytest

from trawl import RpcError, write

KNOWN = 150
LIMIT = 11


@pytest.fixture
def shelf(daemon):
    for i in range(KNOWN):
        words = " ".join(["paper"] * (i % 5 + 1) + ["ink"] * (i % 3) + ["filler"] * (i % 17))
        write(daemon.root / f"{i % 7}" / f"old{i}.txt", f"{words} only{i}")
    daemon.start()
    daemon.sync()
    return daemon


class Writer(threading.Thread):
    """Adds documents that have the words, rewrites its own, and deletes them, until stopped."""

    def __init__(self, daemon):
        super().__init__()
        self.root, self.done, self.written = daemon.root, threading.Event(), 0

    def run(self):
        while not self.done.wait(0.002):
            i = self.written
            write(self.root / "new" / f"new{i % 40}.txt", f"paper {'ink ' * (i % 9)} {'more ' * (i % 50)} round{i}")
            if i % 3 == 2:
                (self.root / "new" / f"new{(i - 2) % 40}.txt").unlink()
            self.written += 1


def walk(daemon, query, **params):
    """All pages: (names of hits, totals)."""
    found, totals, cursor = [], [], {}
    while True:
        page = daemon.search(query, limit=LIMIT, max_age_ms=0, **params, **cursor)
        found += [hit["name"] for hit in page["hits"]]
        totals.append((page["total"], page["total_exact"], page["rank_bounded"]))
        if "cursor" not in page:
            return found, totals
        cursor = {"cursor": page["cursor"]}


@pytest.mark.parametrize("query, params, matches", [
    ("paper", {}, lambda i: True),
    ("paper ink", {}, lambda i: i % 3),
    ("paper OR ink OR filler", {}, lambda i: True),
    ("paper OR size:>1G", {}, lambda i: True),  # by sets
    ("paper -ink", {}, lambda i: i % 3 == 0),
    ("paper", {"recency": 30}, lambda i: True),
    ("paper", {"sort": "time"}, lambda i: True),
    ("paper", {"sort": "name", "order": "desc"}, lambda i: True),
    ("name:old", {"sort": "path"}, lambda i: True),
    ("old*", {}, lambda i: True),
])
def test_pages_under_a_writer(shelf, query, params, matches):
    writer = Writer(shelf)
    writer.start()
    try:
        walks = 0
        while walks < 2 or (writer.written <= 5 and writer.is_alive()):
            walks += 1
            found, totals = walk(shelf, query, **params)
            old = [name for name in found if name.startswith("old")]
            assert len(set(old)) == len(old), f"twice: {sorted(old)}"
            assert set(old) == {f"old{i}.txt" for i in range(KNOWN) if matches(i)}
            assert len(set(totals)) == 1
    finally:
        writer.done.set()
        writer.join()
    assert writer.written > 5


def test_nothing_that_came_later(shelf):
    """A document that is new after the first page is on none of the others, however well it matches."""
    first = shelf.search("paper ink", limit=LIMIT, max_age_ms=0)
    write(shelf.root / "paper ink.txt", "paper ink " * 5)
    write(shelf.root / "zz.txt", "paper ink " + "filler " * 2000)
    shelf.sync()
    found, cursor = [], first["cursor"]
    while cursor:
        page = shelf.search("paper ink", limit=LIMIT, cursor=cursor, max_age_ms=0)
        assert page["total"] == first["total"]
        found += [hit["name"] for hit in page["hits"]]
        cursor = page.get("cursor")
    assert not {"paper ink.txt", "zz.txt"} & set(found)
    assert len(found) == first["total"] - LIMIT
    assert shelf.search("paper ink", limit=1, max_age_ms=0)["hits"][0]["name"] == "paper ink.txt"


def test_a_hit_that_has_gone(shelf):
    """The last hit of a page is deleted: the next page begins where it stood."""
    whole, _ = walk(shelf, "paper ink")
    first = shelf.search("paper ink", limit=LIMIT, max_age_ms=0)
    last = first["hits"][-1]
    shelf.root.joinpath(last["path"]).unlink()
    shelf.sync()
    second = shelf.search("paper ink", limit=LIMIT, cursor=first["cursor"], max_age_ms=0)
    assert [hit["name"] for hit in second["hits"]] == whole[LIMIT:2 * LIMIT]


def test_cursors_that_are_none(shelf):
    cursor = shelf.search("paper", limit=1)["cursor"]
    for wrong in ("", "x", cursor[:-1], cursor + "0", cursor[:16], "0" * len(cursor), cursor.upper() + "G",
                  cursor.replace(".", "", 1)):
        with pytest.raises(RpcError) as error:
            shelf.search("paper", limit=1, cursor=wrong)
        assert error.value.code == -32602 and "cursor" in str(error.value)
    for query, params in (("paper ink", {}), ("paper", {"sort": "time"}), ("paper", {"recency": 7})):
        with pytest.raises(RpcError):
            shelf.search(query, limit=1, cursor=cursor, **params)


def test_cursors_of_long_queries_and_paths(shelf):
    """What a cursor remembers grows with the query and with the path."""
    many = " OR ".join(["paper", *(f"word{i}" for i in range(250))])
    assert sorted(walk(shelf, many)[0]) == sorted(f"old{i}.txt" for i in range(KNOWN))
    deep = shelf.root.joinpath(*["d" * 250] * 12)
    for i in range(2 * LIMIT):
        write(deep / f"deep{i}.txt", f"abyss {i}")
    shelf.sync()
    assert len(walk(shelf, "abyss", sort="path")[0]) == 2 * LIMIT


def test_recency(shelf):
    """What is newer stands before what matches somewhat better; without it, behind."""
    for name, text, age in (("aged.txt", "thing " * 6 + "filler " * 20, 2000), ("fresh.txt", "thing " * 3 + "filler " * 20, 0)):
        path = write(shelf.root / name, text)
        os.utime(path, (time.time() - age * 86400,) * 2)
    shelf.sync()

    def order(**params):
        return [hit["name"] for hit in shelf.search("thing", **params)["hits"]]

    assert order() == ["aged.txt", "fresh.txt"]
    assert order(recency=30) == ["fresh.txt", "aged.txt"]
    assert order(recency=36500) == ["aged.txt", "fresh.txt"]
    plain, boosted = (shelf.search("thing", **p)["hits"] for p in ({}, {"recency": 30}))
    assert boosted[0]["score"] == pytest.approx(2 * plain[1]["score"], rel=0.01)
    assert boosted[1]["score"] == pytest.approx(plain[0]["score"], rel=0.01)


def test_title_and_name_stand_above(shelf):
    """All words in the name before all words in the title before as many as you like in the text."""
    write(shelf.root / "text.txt", "iron anchor " * 50)
    write(shelf.root / "t.html", "<html><head><title>Anchor of iron</title></head><body>" + "other " * 300 + "</body></html>")
    write(shelf.root / "iron-anchor.txt", "something else, at some length " * 20)
    shelf.sync()
    hits = [hit["name"] for hit in shelf.search("iron anchor")["hits"]]
    assert hits == ["iron-anchor.txt", "t.html", "text.txt"]
