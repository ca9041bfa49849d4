"""Completing what is typed, and what was meant: against words counted here, for whoever may see all and whoever may not."""

import collections
import os
import random
import shutil
import sqlite3
import time

import pytest

import trawl
from test_visibility import OWNER, As, Who, facl
from trawl import RpcError, wait_for, write

STEMS = ("har", "hart", "mono", "mon", "kra", "krak", "se", "sea")


class Words:
    """A tree of small texts, and what a model counts in it."""

    def __init__(self, daemon, seed=7, files=160):
        self.daemon, self.dice, self.texts = daemon, random.Random(seed), {}
        self.vocabulary = [stem + "".join(self.dice.choice("aeiorst") for _ in range(self.dice.randint(1, 4)))
                           for stem in STEMS for _ in range(25)] + list(STEMS)
        for i in range(files):
            self.add(f"d{i % 5}/f{i}.txt")

    def add(self, name):
        # Low numbers are frequent.
        words = {self.vocabulary[min(self.dice.randrange(len(self.vocabulary)) for _ in range(2))] for _ in range(12)}
        path = os.path.join(self.daemon.root, name)
        write(path, f"unique{len(self.texts)} " + " ".join(sorted(words)))
        self.texts[path] = words

    def remove(self, path):
        os.unlink(path)
        del self.texts[path]

    def counts(self, prefix):
        return collections.Counter(w for words in self.texts.values() for w in words if w.startswith(prefix))


def terms(result):
    return [(t["term"], t["documents"]) for t in result["terms"]]


def check(daemon, words, prefix, limit=10):
    got = terms(daemon.call("suggest", prefix=prefix, limit=limit))
    counts = words.counts(prefix)
    assert len(got) == min(limit, len(counts)), prefix
    assert all(counts[term] == n for term, n in got), (prefix, got)
    best = sorted(counts.values(), reverse=True)[:limit]
    if prefix in counts:
        assert prefix in dict(got)  # what is typed is among them, however rare
        best = sorted([n for term, n in got], reverse=True)
    assert [n for _, n in got] == best, prefix


def test_terms_are_those_of_the_texts_and_most_frequent_first(running):
    words = Words(running)
    running.sync()
    for prefix in ("h", "ha", "har", "hart", "m", "mo", "mono", "monoa", "kra", "krak", "s", "se", "seat", "zz"):
        for limit in (1, 3, 10, 100):
            check(running, words, prefix, limit)
    for path in list(words.texts)[::2]:
        words.remove(path)
    for i in range(30):
        words.add(f"more/{i}.txt")
    running.sync()
    for prefix in ("h", "ha", "hart", "mono", "kra", "s", "sea"):
        check(running, words, prefix)
    assert running.call("suggest", prefix="har", limit=0)["terms"] == []


def snapshot_words(daemon):
    """How many blocks of words are on disk."""
    with sqlite3.connect(f"file:{daemon.state}/index.db?mode=ro", uri=True) as db:
        return db.execute("SELECT count(*) FROM vocabulary").fetchone()[0]


def test_words_are_counted_once_all_is_quiet(running):
    words = Words(running)
    running.sync()
    wait_for(lambda: snapshot_words(running) > 0, 15, "words are counted")
    for prefix in ("h", "mon", "kra"):
        check(running, words, prefix)
    # What has gone or come since is told all the same, at once.
    for path in list(words.texts)[:100]:
        words.remove(path)
    write(os.path.join(running.root, "new.txt"), "harbinger")
    running.sync()
    assert ("harbinger", 1) in terms(running.call("suggest", prefix="harb", limit=100))
    for prefix in ("krak", "monoa"):
        check(running, words, prefix)
    assert running.call("check")["ok"]


@pytest.mark.parametrize("text, start, first", [
    ("deep sea monst", 9, "monster"), ("Monst", 0, "monster"), ("MÖNST", 0, "monster"), ('"sea monst', 5, "monster"),
    ("title:monst", 6, "monster"), ("(a OR monst", 6, "monster"), ("a -monst", 3, "monster"), ("sea-monst", 4, "monster"),
    ("monster ", 8, None), ("", 0, None), ("   ", 3, None), ("monst!", 6, None), ('"deep sea"', 10, None),
    ("c+", 2, None), ("c+" * 2000, 4000, None), ("m" * 4096, 4096, None), ("c#", 0, "c#"),
    ("straß", 0, "straße"), ("东", 0, "东京"), ("在东", 0, "在东京"), ("去在东京", 0, "去在东京都"), ("sea 东京", 4, "东京都"),
    ("西", 0, None), ("京东", 0, None),
])
def test_what_is_completed(running, text, start, first):
    write(os.path.join(running.root, "a.txt"), "The Monster of the deep sea; straße; written in C# here; 我去在东京都")
    write(os.path.join(running.root, "b.txt"), "monster of the sea, 东京")
    running.sync()
    result = running.call("suggest", prefix=text)
    assert result["start"] == start
    assert not result["partial"]
    if first is None:
        assert not result["terms"]
    else:
        assert result["terms"][0]["term"] == first
        at = text.encode()[:start].decode()
        assert running.search(f'"{first}"')["total"] >= 1 and isinstance(at, str)


def test_names(running):
    for name in ("Krakens/report.txt", "krill/a.txt", "old/my-kraken.md", "old/Kraken notes.txt", "x/monkrak.txt"):
        write(os.path.join(running.root, name), "text")
    running.sync()

    def names(prefix, count=10):
        result = running.call("suggest", prefix=prefix, names=count)
        return [(os.path.relpath(n["path"], running.root), n["dir"]) for n in result["names"]]

    all_of_them = names("krak")
    assert all_of_them[:2] == [("Krakens", True), ("old/Kraken notes.txt", False)]
    assert sorted(all_of_them[2:]) == [("old/my-kraken.md", False), ("x/monkrak.txt", False)]
    assert names("krak", 2) == all_of_them[:2] and names("krak", 1) == all_of_them[:1]
    assert names("find KRÄK") == all_of_them
    assert names("my-krak") == [("old/my-kraken.md", False)]
    assert names("kr") == [] and names("nothing") == [] and names("%%%") == [] and names("___") == []
    assert "names" not in running.call("suggest", prefix="krak")


@pytest.mark.parametrize("params, says", [
    ({}, "prefix"), ({"prefix": 1}, "prefix"), ({"prefix": "a", "limit": 101}, "limit"), ({"prefix": "a", "limit": -1}, "limit"),
    ({"prefix": "a", "names": 101}, "names"), ({"prefix": "a" * 4097}, "prefix"), ({"prefix": "a", "word": "b"}, "word"),
])
def test_bad_parameters(running, params, says):
    with pytest.raises(RpcError) as error:
        running.call("suggest", params)
    assert error.value.code == -32602 and says in str(error.value)


def test_command_line(running):
    write(os.path.join(running.root, "Monsters.txt"), "monster monsters month")
    write(os.path.join(running.root, "b.txt"), "monsters")
    running.sync()

    def run(*args):
        done = trawl.run([trawl.BUILD / "trawl", "--socket", running.socket_path, *args])
        return done.returncode, done.stdout.decode()

    assert run("suggest", "sea", "mon") == (0, "monsters\nmonster\nmonth\n")
    assert run("suggest", "-n", "1", "mon") == (0, "monsters\n")
    assert run("suggest", "--names", "month") == (0, "month\n")
    assert run("suggest", "--names", "Monsters")[1].splitlines()[-1] == os.path.join(running.root, "Monsters.txt")
    assert run("suggest", "zebra") == (1, "")
    assert '"start":4' in run("suggest", "--json", "sea mon")[1]
    done = trawl.run([trawl.BUILD / "trawl", "--socket", running.socket_path, "search", "sea", "mosnter"])
    assert done.returncode == 1 and b"Did you mean: sea monster" in done.stderr


# --- did you mean ----------------------------------------------------------------------------------------------------

@pytest.fixture
def library(running):
    for i in range(6):
        write(os.path.join(running.root, f"k{i}.txt"), "the kraken and the monster of the deep sea")
    write(os.path.join(running.root, "rare.txt"), "monitor krater harbour Überraschung")
    write(os.path.join(running.root, "Calamari.txt"), "cooked")
    running.sync()
    return running


@pytest.mark.parametrize("query, better", [
    ("mosnter", "monster"),                       # two changed about
    ("krakne", "kraken"), ("karken", "kraken"),
    ("monstr", "monster"), ("monsster", "monster"), ("nonster", "monster"), ("onster", "monster"),
    ("harbor", "harbour"),
    ("moonsterr", "monster"),                     # two slips
    ("clamari", "calamari"),                      # a name
    ("uberrashung", "uberraschung"), ("Überrashung", "uberraschung"),
    ('deep "sea mosnter" -shallow', 'deep "sea monster" -shallow'),
    ("(mosnter OR kraken) ext:txt", "(monster OR kraken) ext:txt"),
    ("title:mosnter", "title:monster"),
    ("krakne mosnter size:<1M", "kraken monster size:<1M"),
    ("NEAR(deep mosnter, 4)", "NEAR(deep monster, 4)"),
    ("mosnter mon*", "monster mon*"),
])
def test_did_you_mean(library, query, better):
    result = library.search(query)
    assert result.get("did_you_mean") == better, query
    assert library.search(better).get("did_you_mean") is None


@pytest.mark.parametrize("query", [
    "kraken", "kraken monster", "kraken -mosnter", "mosn*", "zzzzzzzz", "xy", "te", "ext:pdf", "kraken ext:nope",
    "kraken OR monster", "2027", "monster7", "name:mosnter", "kraken harbour", "mons",
])
def test_nothing_else_is_meant(library, query):
    assert "did_you_mean" not in library.search(query)


def test_the_nearest_wins_then_the_most_frequent(running):
    for i, text in enumerate(["harmony", "harmony", "harmful harmless", "harm", "harp harp", "harp"]):
        write(os.path.join(running.root, f"{i}.txt"), text)
    running.sync()
    assert running.search("hary")["did_you_mean"] == "harp"  # before harm: it is in more
    assert running.search("harmxny")["did_you_mean"] == "harmony"
    os.unlink(os.path.join(running.root, "4.txt"))
    os.unlink(os.path.join(running.root, "5.txt"))
    running.sync()
    assert running.search("hary")["did_you_mean"] == "harm"


# --- who may not see everything --------------------------------------------------------------------------------------

@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("setfacl"), reason="needs other users")
def test_only_what_is_visible_is_said(make_daemon):
    daemon = make_daemon()
    daemon.config["daemon"]["mode"] = "system"
    for directory in (daemon.home, daemon.root):
        os.chmod(directory, 0o755)
    listed = Who("listed", 30004, 30004, ())

    def put(name, text, mode, acl=()):
        path = os.path.join(daemon.root, name)
        write(path, text)
        os.chown(path, OWNER.uid, OWNER.gid)
        os.chmod(path, mode)
        if acl:
            facl(path, *acl)

    put("open.txt", "canarium open canasta", 0o644)
    put("canal-mine.txt", "canary secret canasta canopied", 0o600)
    put("acl.txt", "canoe", 0o600, [f"u:{listed.uid}:r"])
    for i in range(20):
        put(f"hidden{i}.txt", "canonical canopied", 0o600)
    daemon.start()
    daemon.sync()

    def ask(who):
        with As(daemon, who) as client:
            client.call("sync")
            result = client.call("suggest", prefix="can", limit=100, names=10)
            means = [client.call("search", query=q).get("did_you_mean") for q in ("canry", "canonicla", "canpied", "caneo")]
        assert all("documents" not in t for t in result["terms"]) or who.uid == 0
        return ({t["term"] for t in result["terms"]}, {os.path.basename(n["path"]) for n in result["names"]}, means)

    words, names, means = ask(Who("root", 0, 0, ()))
    assert {"canary", "canonical", "canoe", "canopied", "canal"} <= words and names == {"canal-mine.txt"}
    assert means == ["canary", "canonical", "canopied", "canoe"]
    words, names, means = ask(Who("other", 30009, 30009, ()))
    assert words == {"canarium", "canasta"} and not names and not any(means)
    words, names, means = ask(listed)
    assert words == {"canarium", "canasta", "canoe"} and not names and means == [None, None, None, "canoe"]
    words, names, means = ask(OWNER)
    assert "canonical" in words and names == {"canal-mine.txt"} and means[0] == "canary"
    os.chmod(os.path.join(daemon.root, "acl.txt"), 0o600)
    facl(os.path.join(daemon.root, "acl.txt"), f"u:{listed.uid}:-")
    daemon.sync()
    assert ask(listed)[0] == {"canarium", "canasta"}


# --- large -----------------------------------------------------------------------------------------------------------

def test_a_prefix_that_stands_for_too_much_is_bounded(running):
    """Of more than 40,000 postings only the most frequent words are looked for, and the answer says so."""
    dice = random.Random(3)
    words = [f"pre{i:04}" for i in range(3000)]
    for i in range(150):
        write(os.path.join(running.root, f"{i}.txt"), " ".join(dice.sample(words, 900)) + " common")
    write(os.path.join(running.root, "one.txt"), "prex9 alone")
    running.sync()
    wait_for(lambda: snapshot_words(running) > 0, 20, "words are counted")
    time.sleep(0.3)
    result = running.search("pre*", explain=True)
    assert result["rank_bounded"] and not result["total_exact"] and 0 < result["total"] <= 151
    assert len(result["explanation"]["words"][0]["instead"]) == 12
    exact = running.search("pre00*")
    assert exact["total_exact"] and not exact["rank_bounded"]
    assert running.search("alone -pre*")["total"] == 0  # what is taken away is taken away wholly
