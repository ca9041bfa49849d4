"""subscribe: each match once, in the order of the clock, whatever happens to the subscriber or to the daemon.

What must be told is computed here, from what was written: the daemon's search has no part in it.
"""

import json
import os
import random
import select
import shutil
import signal
import sqlite3
import subprocess
import threading
import time
import traceback
import zipfile

import pytest

import trawl
from trawl import Client, Closed, RpcError, path_of, patience, wait_for, write

SUBSCRIPTIONS = 1000 if trawl.FULL else 200
CHANGES = 10_000 if trawl.FULL else 1_000
BEHIND_MOST = 100_000
OF_CLIENT, OF_ALL = 1024, 10_000


class Listener:
    """One connection: its subscriptions, and every match that each was told."""

    def __init__(self, daemon, **kwargs):
        self.client = Client(daemon.socket_path, **kwargs)
        self.matches = {}  # subscription -> [match]
        self.clocks = {}  # subscription -> clock of the last notification
        self.fresh = {}  # subscription -> how often it had to start over
        self.notifications = 0

    def call(self, method, **params):
        self.client.socket.settimeout(patience(30))
        result = self.client.call(method, params)
        self._take_waiting()
        return result

    def subscribe(self, **params):
        self.client.socket.settimeout(patience(30))
        reply = self.client.call("subscribe", params)
        assert set(reply) == {"subscription", "clock"}
        number = reply["subscription"]
        self.matches[number], self.clocks[number], self.fresh[number] = [], reply["clock"], 0
        self._take_waiting()
        return number

    def _take_waiting(self):
        waiting, self.client.notifications = self.client.notifications, []
        for message in waiting:
            self._take(message)

    def _take(self, message):
        assert set(message) == {"jsonrpc", "method", "params"} and message["method"] == "match", message
        params = message["params"]
        assert set(params) == {"subscription", "matches", "clock", "fresh_instance"}, params
        number = params["subscription"]
        if number not in self.matches:
            return  # ended meanwhile
        self.notifications += 1
        if params["fresh_instance"]:
            assert params["matches"] == []
            self.fresh[number] += 1
        else:
            assert order(params["clock"]) >= order(self.clocks[number])
            for match in params["matches"]:
                assert order(self.clocks[number]) < order(match["clock"]) <= order(params["clock"])
        self.matches[number] += params["matches"]
        self.clocks[number] = params["clock"]

    def read(self, seconds=0.0):
        """Whatever comes within that time, and everything that is here by then."""
        end = time.monotonic() + seconds
        while True:
            left = end - time.monotonic()
            self.client.socket.settimeout(max(left, 0.001))
            try:
                self._take(self.client.reply())
            except (TimeoutError, BlockingIOError):
                if left <= 0:
                    return

    def until(self, condition, seconds=20, what=""):
        """Reads until `condition()` holds."""
        end = time.monotonic() + patience(seconds)
        self._take_waiting()
        while not condition():
            assert time.monotonic() < end, f"not within {patience(seconds)} s: {what}; {self.short()}"
            self.read(0.005)

    def until_told(self, number, count, seconds=20):
        self.until(lambda: len(self.matches[number]) >= count, seconds, f"{count} matches")
        assert len(self.matches[number]) == count, self.matches[number]
        return self.matches[number]

    def short(self):
        return {n: [(m["kind"], m["path"]) for m in m[-5:]] for n, m in list(self.matches.items())[:10]}

    def close(self):
        self.client.close()


def order(clock):
    return int(clock.partition("@")[0].split(":")[1])


def told(matches, root):
    """[(kind, path below the root)]"""
    prefix = len(os.fsencode(root)) + 1
    return [(m["kind"], os.fsdecode(path_of(m)[prefix:])) for m in matches]


@pytest.fixture
def listen(running):
    """Makes listeners of the running daemon."""
    made = []

    def make(**kwargs):
        made.append(Listener(running, **kwargs))
        return made[-1]
    yield make
    for listener in made:
        listener.close()


def quiet(listener, daemon):
    """Nothing more comes of what was done so far: a later file is told, and all before it was."""
    mark = f"mark{time.monotonic_ns()}"
    number = listener.subscribe(query=mark)
    write(daemon.root / f"{mark}.txt", mark)
    listener.until_told(number, 1)
    listener.read(0.1)
    assert listener.call("unsubscribe", subscription=number) == {"unsubscribed": True}
    os.unlink(daemon.root / f"{mark}.txt")


# --- queries ---------------------------------------------------------------------------------------------------------

def test_kinds(running, listen):
    ear = listen()
    kraken = ear.subscribe(query="kraken")
    path = write(running.root / "a.txt", "the kraken wakes")
    (match,) = ear.until_told(kraken, 1)
    assert match["kind"] == "created" and path_of(match) == path and match["part"] == []
    assert match["name"] == "a.txt" and match["size"] == 16 and match["type"] == "text/plain"
    assert match["snippet"] == {"text": "the kraken wakes", "marks": [[4, 6]]}
    assert match["mtime"] == int(os.stat(path).st_mtime) and match["document"] is True

    write(path, "a kraken sleeps")
    assert ear.until_told(kraken, 2)[1]["kind"] == "changed"
    os.chmod(path, 0o600)  # a change that leaves it a match
    assert ear.until_told(kraken, 3)[2]["kind"] == "changed"
    os.rename(path, running.root / "b.txt")
    assert told(ear.until_told(kraken, 4), running.root)[3] == ("moved", "b.txt")
    write(running.root / "b.txt", "nobody sleeps")
    os.unlink(running.root / "b.txt")
    quiet(ear, running)
    assert len(ear.matches[kraken]) == 4


def test_a_copy_is_a_match_of_its_own(running, listen):
    ear = listen()
    write(running.root / "a.txt", "a kraken")
    running.sync()
    kraken = ear.subscribe(query="kraken")
    write(running.root / "b.txt", "a kraken")
    (match,) = ear.until_told(kraken, 1)
    assert told([match], running.root) == [("created", "b.txt")]
    assert [path_of(p) for p in match["paths"]] == [os.fsencode(running.root / "b.txt")]


@pytest.mark.parametrize("query, text", [
    ("deep kraken", "the kraken of the deep"), ('"deep sea"', "a deep sea"), ("krak*", "a kraken"),
    ("kraken OR squid", "a squid"), ("-squid", "a kraken"), ("KRÁKEN", "a kraken"), ("ext:txt", "anything"),
    ("name:arget", "anything"), ("target", "found by its name"), ("ext:txt -squid", "a kraken"),
    ("size:<1k kraken", "a kraken"), ("path:tree kraken", "a kraken"), ("user@host", "write to user@host now"),
    ("海", "深海怪物"), ("海怪", "深海怪物"), ('NEAR("deep" "kraken", 3)', "deep blue kraken"),
    ("(ext:md OR kraken) -squid", "a kraken"), ("modified:1d", "anything"),
])
def test_every_kind_of_query(running, listen, query, text):
    ear = listen()
    number = ear.subscribe(query=query, snippet=False)
    write(running.root / "target.txt", text)
    write(running.root / "other.bin2", "somebody swims in the shallow harbour" * 40)
    ear.until(lambda: ("created", "target.txt") in told(ear.matches[number], running.root))
    running.sync()
    found = {os.fsdecode(p) for p in running.found(query)}
    quiet(ear, running)
    assert {m["path"] for m in ear.matches[number] if "/mark" not in m["path"]} == found


def test_parts(running, listen):
    ear = listen()
    kraken, names = ear.subscribe(query="kraken"), ear.subscribe(query="name:letter")
    with zipfile.ZipFile(running.root / "x.tmp", "w") as z:
        z.writestr("deep/letter.txt", "from the kraken")
        z.writestr("deep/other.txt", "nothing at all")
        z.writestr("copy.txt", "from the kraken")
    os.rename(running.root / "x.tmp", running.root / "x.zip")
    (match,) = ear.until_told(kraken, 1)
    assert match["kind"] == "created" and match["path"].endswith("/x.zip")
    assert sorted(p["part"] for p in match["paths"]) == [["copy.txt"], ["deep", "letter.txt"]]
    (match,) = ear.until_told(names, 1)
    assert match["part"] == ["deep", "letter.txt"]
    quiet(ear, running)
    assert len(ear.matches[kraken]) == len(ear.matches[names]) == 1


def test_many_subscriptions_and_changes(running, listen):
    """Each match once, in the order of the clock, of all subscriptions and all changes."""
    dice = random.Random("subscriptions")
    heads = [a + b for a in ("kra", "squ", "dee", "sal", "tid", "har", "oct", "whe") for b in ("ken", "ido", "ple", "ty", "bou")]
    words = [head + tail for head in heads for tail in ("", "s", "al", "ing", "less", "ward", "most", "ful", "ness", "er")]
    ears = [listen(timeout=60) for _ in range(4)]
    wishes = {}  # (ear, number) -> truth of (name, words)
    for i in range(SUBSCRIPTIONS):
        query, truth = make_wish(dice, words)
        ear = ears[i % len(ears)]
        wishes[ear, ear.subscribe(query=query, snippet=i % 8 == 0)] = truth
    before = running.counters()["commits"]
    written = {}  # path -> (name, words)
    client = running.connect()
    for i in range(CHANGES):
        name = f"{dice.choice(words)}-{i}.{dice.choice(['txt', 'md', 'log'])}"
        text = dice.choices(words, k=dice.randrange(3, 12))
        path = write(running.root / f"d{i % 7}" / name, " ".join(text))
        written[os.fsdecode(path)] = (name, text)
        client.call("sync", timeout_ms=60000)  # so that each is a commit of its own
        if i % 50 == 49:
            for ear in ears:
                ear.read()
    expected = {wish: {p for p, (name, text) in written.items() if truth(name, text)}
                for wish, truth in wishes.items()}
    end = time.monotonic() + patience(400 if trawl.FULL else 60)
    while any(len(ear.matches[n]) < len(paths) for (ear, n), paths in expected.items()):
        assert time.monotonic() < end, "not all matches were told"
        for ear in ears:  # each in turn: who takes nothing for long is dropped
            ear.read(0.01)
    for ear in ears:
        quiet(ear, running)
        for number, paths in ((n, paths) for (e, n), paths in expected.items() if e is ear):
            seen = [m["path"] for m in ear.matches[number]]
            assert sorted(seen) == sorted(paths)
            assert {m["kind"] for m in ear.matches[number]} <= {"created"}
            clocks = [order(m["clock"]) for m in ear.matches[number]]
            assert clocks == sorted(clocks)
    assert running.counters()["commits"] - before >= CHANGES
    print(f"{sum(map(len, expected.values()))} matches of {SUBSCRIPTIONS} subscriptions and {CHANGES} commits, "
          f"{cpu_of(running, 'reader-0'):.1f} s of CPU")


def cpu_of(daemon, thread):
    """Seconds of all threads of that name."""
    ticks = 0
    for task in os.listdir(f"/proc/{daemon.pid}/task"):
        with open(f"/proc/{daemon.pid}/task/{task}/stat") as f:
            name, _, rest = f.read().partition(" (")[2].rpartition(") ")
        ticks += sum(map(int, rest.split()[11:13])) if name == thread else 0
    return ticks / os.sysconf("SC_CLK_TCK")


def make_wish(dice, words):
    """A query, and whether it is true of a file's name and words."""
    a, b = dice.sample(words, 2)
    has = lambda word: lambda name, text: word in text or word == name.split("-")[0]
    whole = lambda first, second: lambda name, text: any(
        text[i:i + 2] == [first, second] for i in range(len(text)))
    kind = dice.randrange(8)
    if kind == 0:
        return a, has(a)
    if kind == 1:
        return f"{a} {b}", lambda name, text: has(a)(name, text) and has(b)(name, text)
    if kind == 2:
        return f'"{a} {b}"', whole(a, b)
    if kind == 3:
        return f"{a} -{b}", lambda name, text: has(a)(name, text) and not has(b)(name, text)
    if kind == 4:
        return f"{a} ext:md", lambda name, text: has(a)(name, text) and name.endswith(".md")
    if kind == 5:
        number = dice.randrange(CHANGES)
        return f"name:-{number}.", lambda name, text: f"-{number}." in name
    if kind == 6:
        start = a[:4]
        return f"{start}* {b}", lambda name, text: has(b)(name, text) and any(
            w.startswith(start) for w in [*text, name.split("-")[0]])
    return f"({a} OR {b}) ext:log", lambda name, text: name.endswith(".log") and (
        has(a)(name, text) or has(b)(name, text))


@pytest.mark.parametrize("when", ["start", "reload"])
def test_other_forms_of_a_word(daemon, when):
    if when == "start":
        daemon.config["index"]["languages"] = "en"
    daemon.start()
    ear = Listener(daemon)
    number = ear.subscribe(query="swimming")
    exact = ear.subscribe(query='"swimming"')
    write(daemon.root / "a.txt", "swimming")
    ear.until_told(number, 1)
    if when == "reload":
        daemon.config["index"]["languages"] = "en"
        daemon.write_config()
        assert daemon.call("reload")["reloaded"]
    write(daemon.root / "b.txt", "she swims")
    write(daemon.root / "c.txt", "a swinger")
    assert told(ear.until_told(number, 2), daemon.root)[1] == ("created", "b.txt")
    quiet(ear, daemon)
    assert len(ear.matches[number]) == 2 and len(ear.matches[exact]) == 1
    ear.close()


# --- going on --------------------------------------------------------------------------------------------------------

class Writer(threading.Thread):
    """Writes files as fast as it can until it is told to stop; each is written once, and half of them match."""

    def __init__(self, root, most=40_000):
        super().__init__(daemon=True)
        self.most = most
        self.root, self.stop, self.matching = root, threading.Event(), []

    def run(self):
        i = 0
        while not self.stop.is_set() and i < self.most:
            matches = i % 2 == 0
            path = write(self.root / f"w{i // 500}" / f"f{i}.txt", f"{'a kraken' if matches else 'nobody'} {i}", "rename")
            if matches:
                self.matching.append(os.fsdecode(path))
            i += 1

    def end(self):
        self.stop.set()
        self.join()


def test_reconnecting_loses_and_repeats_nothing(daemon):
    """Under a writer at full speed; the connection is cut, the daemon stopped and killed."""
    daemon.start()
    seen, clock = [], {}
    ear = Listener(daemon)
    numbers = {"query": ear.subscribe(query="kraken", snippet=False, limit=7),
               "path": ear.subscribe(path=f"{daemon.root}/**/f*.txt")}
    clock = {what: ear.clocks[n] for what, n in numbers.items()}
    told_of = {"query": [], "path": []}
    writer = Writer(daemon.root)
    writer.start()

    def leave():
        for what, n in numbers.items():
            told_of[what] += ear.matches[n]
            clock[what] = ear.clocks[n]
            assert ear.fresh[n] == 0
        ear.close()

    def come_back():
        ear = Listener(daemon)
        n = {"query": ear.subscribe(query="kraken", snippet=False, since=clock["query"]),
             "path": ear.subscribe(path=f"{daemon.root}/**/f*.txt", since=clock["path"])}
        return ear, n

    for turn in range(12 if trawl.FULL else 6):
        try:
            ear.read(0.3)
        except Closed:
            pass
        if turn % 3 == 1:
            daemon.kill()
        leave()
        if turn % 3 == 1:
            daemon.start()
        ear, numbers = come_back()
    writer.end()
    daemon.sync(120)
    everything = {os.fsdecode(p) for p in trawl.walk(daemon.root)}
    ear.until(lambda: len(told_of["query"]) + len(ear.matches[numbers["query"]]) >= len(writer.matching), 120)
    ear.until(lambda: len(told_of["path"]) + len(ear.matches[numbers["path"]]) >= len(everything), 120)
    quiet(ear, daemon)
    leave()
    assert len(writer.matching) > 100
    # A file that was caught half written is told again when it is read again: as a change, never as a new file.
    created = sorted(m["path"] for m in told_of["query"] if m["kind"] == "created")
    assert created == sorted(writer.matching)
    created = sorted(m["path"] for m in told_of["path"] if m["kind"] == "created" and not m["dir"] and "/mark" not in m["path"])
    assert created == sorted(everything)
    for matches in told_of.values():
        keys = [(m["path"], m["clock"]) for m in matches]
        assert len(set(keys)) == len(keys)
        clocks = [order(m["clock"]) for m in matches]
        assert clocks == sorted(clocks)


def test_since_null_tells_what_there_is_first(running, listen):
    for i in range(150):
        write(running.root / "d" / f"a{i}.txt", f"a kraken {i}")
    running.sync()
    os.unlink(running.root / "d" / "a0.txt")
    running.sync()
    ear = listen()
    query, path = ear.subscribe(query="kraken", since=None), ear.subscribe(path=str(running.root), since=None)
    for number in query, path:
        matches = ear.until_told(number, 149)
        assert {m["kind"] for m in matches} == {"created"}
        assert len({m["path"] for m in matches}) == 149
    write(running.root / "d" / "a1.txt", "a kraken again")
    assert ear.until_told(query, 150)[-1]["kind"] == ear.until_told(path, 150)[-1]["kind"] == "changed"


def test_since_absent_tells_nothing_of_before(running, listen):
    write(running.root / "a.txt", "a kraken")
    running.sync()
    ear = listen()
    number = ear.subscribe(query="kraken")
    quiet(ear, running)
    assert ear.matches[number] == []


def test_clocks_of_another_index(running, listen):
    write(running.root / "a.txt", "a kraken")
    running.sync()
    ear = listen()
    instance, now = running.changes()[1].split(":")
    for since in "0123456789abcdef:1", f"{instance}:{int(now) + 1000}":
        number = ear.subscribe(query="kraken", since=since)
        ear.until(lambda: ear.fresh[number] == 1)
        assert ear.clocks[number].split(":")[0] == instance
    write(running.root / "b.txt", "a kraken")
    assert told(ear.until_told(number, 1), running.root) == [("created", "b.txt")]


def test_too_far_behind(daemon):
    """The clock is turned on between two runs, as many changes would do it."""
    daemon.start()
    write(daemon.root / "a.txt", "a kraken")
    daemon.sync()
    clock = daemon.changes()[1]
    daemon.stop()
    store = sqlite3.connect(daemon.state / "index.db")
    store.execute("UPDATE meta SET value = value + ? WHERE key = 'clock'", (BEHIND_MOST + 1,))
    store.commit()
    store.close()
    daemon.start()
    ear = Listener(daemon)
    number = ear.subscribe(query="kraken", since=clock)
    ear.until(lambda: ear.fresh[number] == 1)
    write(daemon.root / "b.txt", "a kraken")
    assert told(ear.until_told(number, 1), daemon.root) == [("created", "b.txt")]
    ear.close()


def test_deletions_that_are_forgotten(daemon):
    """As the daemon notes it when it forgets what was deleted long ago: it matters to paths alone."""
    daemon.start()
    write(daemon.root / "a.txt", "a kraken")
    daemon.sync()
    clock = daemon.changes()[1]
    os.unlink(daemon.root / "a.txt")
    write(daemon.root / "b.txt", "a kraken")
    daemon.sync()
    now = daemon.changes()[1]
    daemon.stop()
    with sqlite3.connect(daemon.state / "index.db") as store:
        store.execute("DELETE FROM tombstone")
        store.execute("INSERT INTO meta(key, value) VALUES ('swept', ?)", (order(now) - 1,))
    store.close()
    daemon.start()
    ear = Listener(daemon)
    path, query = ear.subscribe(path=str(daemon.root), since=clock), ear.subscribe(query="kraken", since=clock)
    recent = ear.subscribe(path=str(daemon.root), since=now)
    ear.until(lambda: ear.fresh[path] == 1)
    assert told(ear.until_told(query, 1), daemon.root) == [("created", "b.txt")]
    write(daemon.root / "c.txt", "a kraken")
    assert told(ear.until_told(path, 1), daemon.root) == told(ear.until_told(recent, 1), daemon.root) == [("created", "c.txt")]
    assert ear.fresh[query] == ear.fresh[recent] == 0
    ear.close()


def test_a_new_store(daemon):
    """Whoever is subscribed when the store is found damaged starts over, and is told of the new one's files."""
    for i in range(30):
        write(daemon.root / f"{i}.txt", f"a kraken {i} " + "filler " * 500)
    daemon.start()
    daemon.sync()
    daemon.stop()  # what the log has goes into the file
    daemon.start()
    daemon.sync()
    ear = Listener(daemon)
    number = ear.subscribe(query="kraken")
    instance = ear.clocks[number].split(":")[0]
    with open(daemon.state / "index.db", "r+b") as f:
        f.seek(4096 * 20)
        f.write(os.urandom(4096 * 40))
    daemon.call("check")
    ear.until(lambda: ear.fresh[number] == 1, 60)
    assert ear.clocks[number].split(":")[0] != instance
    assert [m["path"] for m in ear.until_told(number, 30, 60)] and {m["kind"] for m in ear.matches[number]} == {"created"}
    ear.close()


# --- slow ones -------------------------------------------------------------------------------------------------------

def test_a_slow_subscriber_costs_no_memory(running, listen):
    """It reads nothing while megabytes are to be told; then all of it, each once."""
    ear, other = listen(timeout=60), listen()
    many = [ear.subscribe(query="kraken", snippet={"tokens": 64}) for _ in range(20)]
    quick = other.subscribe(query="kraken", snippet=False)
    text = " ".join(["kraken"] + [f"word{i}" for i in range(80)])
    count = 2000 if trawl.FULL else 500
    write(running.root / "first.txt", text)
    other.until_told(quick, 1)
    rss = trawl.process_status(running.pid, "VmRSS")
    for i in range(count):
        write(running.root / f"d{i // 100}" / f"f{i}.txt", f"{text} {i}")
    other.until_told(quick, count + 1, 60)  # who reads is not held up
    running.sync()
    grown = trawl.process_status(running.pid, "VmRSS") - rss
    told_bytes = 20 * count * 1000
    print(f"{grown} KiB more for some {told_bytes >> 20} MiB to be told")
    if not trawl.SANITIZED:
        assert grown < 12 << 10
    for number in many:
        ear.until(lambda: len(ear.matches[number]) >= count + 1, 120)
    for number in many:
        assert len({m["path"] for m in ear.matches[number]}) == len(ear.matches[number]) == count + 1
        assert ear.fresh[number] == 0


@pytest.mark.skipif(not trawl.FULL, reason="100,000 changes: TRAWL_FULL=1")
def test_a_very_slow_subscriber_starts_over(running, listen):
    ear = listen(timeout=60)
    number = ear.subscribe(query="kraken", snippet={"tokens": 64})
    text = " ".join(["kraken"] + [f"word{i}" for i in range(80)])
    for i in range(3000):
        write(running.root / f"f{i}.txt", f"{text} {i}")
    running.sync()
    begun = order(running.changes()[1])
    flip = 0
    while order(running.status()["clock"]) < begun + BEHIND_MOST:
        flip ^= 1
        for i in range(3000):
            os.chmod(running.root / f"f{i}.txt", 0o600 if flip else 0o644)
        running.sync(120)
        ear.client.socket.settimeout(0.1)
        try:
            ear._take(ear.client.reply())  # now and then a line, or it would be dropped
        except TimeoutError:
            pass
    ear.until(lambda: ear.fresh[number] == 1, 60)
    write(running.root / "last.txt", "a kraken")
    ear.until(lambda: ear.matches[number][-1]["path"].endswith("/last.txt"), 60)


# --- paths -----------------------------------------------------------------------------------------------------------

def test_paths(running, listen):
    ear = listen()
    root = os.fsdecode(running.root)
    below = ear.subscribe(path=f"{root}/d")
    texts = ear.subscribe(path=f"{root}/*/?.txt")
    deep = ear.subscribe(path=f"{root}/**/*.md")
    os.makedirs(running.root / "d" / "e")
    running.sync()
    write(running.root / "d" / "a.txt", "1")
    ear.until_told(texts, 1)  # each before the next, which could take its place
    write(running.root / "d" / "e" / "b.md", "2")
    ear.until_told(deep, 1)
    write(running.root / "c.md", "3")
    ear.until_told(deep, 2)
    write(running.root / "d" / "e" / "b.md", "22")
    ear.until_told(deep, 3)
    os.rename(running.root / "c.md", running.root / "d" / "c.txt")
    ear.until_told(deep, 4)
    os.unlink(running.root / "d" / "a.txt")
    quiet(ear, running)
    assert told(ear.matches[texts], root) == [
        ("created", "d/a.txt"), ("moved", "d/c.txt"), ("deleted", "d/a.txt")]
    assert told(ear.matches[deep], root) == [
        ("created", "d/e/b.md"), ("created", "c.md"), ("changed", "d/e/b.md"), ("moved", "d/c.txt")]
    files = [m for m in told(ear.matches[below], root) if m[1] not in ("d", "d/e")]
    assert files == [("created", "d/a.txt"), ("created", "d/e/b.md"), ("changed", "d/e/b.md"), ("moved", "d/c.txt"),
                     ("deleted", "d/a.txt")]
    moved = [m for m in ear.matches[deep] if m["kind"] == "moved"]
    assert [m["from"] for m in moved] == [f"{root}/c.md"]
    created = ear.matches[texts][0]
    assert created["size"] == 1 and created["type"] == "text/plain" and created["dir"] is False
    assert created["name"] == "a.txt"


def test_a_directory_that_moves(running, listen):
    """One record stands for all below it: it is told where something below could match."""
    ear = listen()
    root = os.fsdecode(running.root)
    write(running.root / "d" / "e" / "a.txt", "1")
    running.sync()
    texts, other = ear.subscribe(path=f"{root}/d/**/*.txt"), ear.subscribe(path=f"{root}/x/*")
    inner = ear.subscribe(path=f"{root}/f/e")
    os.rename(running.root / "d", running.root / "f")
    quiet(ear, running)
    for number in texts, inner:
        (match,) = ear.matches[number]
        assert (match["kind"], match["path"], match["from"], match["dir"]) == ("moved", f"{root}/f", f"{root}/d", True)
    assert ear.matches[other] == []
    shutil.rmtree(running.root / "f")
    quiet(ear, running)
    assert ("deleted", "f/e/a.txt") in told(ear.matches[inner], root)


def test_names_that_are_no_text(running, listen):
    ear = listen()
    number = ear.subscribe(path=f"{running.root}/*")
    path = write(os.fsencode(running.root) + b"/caf\xe9.txt", "1")
    (match,) = ear.until_told(number, 1)
    assert path_of(match) == path


# --- comings and goings ----------------------------------------------------------------------------------------------

def subscriptions(daemon):
    return daemon.call("stats")["gauges"]["subscriptions"]


def test_unsubscribe(running, listen):
    ear = listen()
    number = ear.subscribe(query="kraken")
    other = ear.subscribe(query="kraken")
    assert subscriptions(running) == 2
    assert ear.call("unsubscribe", subscription=number) == {"unsubscribed": True}
    assert ear.call("unsubscribe", subscription=number) == {"unsubscribed": False}
    with Client(running.socket_path) as stranger:
        assert stranger.call("unsubscribe", subscription=other) == {"unsubscribed": False}
    write(running.root / "a.txt", "a kraken")
    ear.until_told(other, 1)
    assert ear.matches[number] == []
    assert subscriptions(running) == 1


def test_disconnecting_frees(running, listen):
    before = None
    for turn in range(60):
        if turn == 3:  # by now whatever is opened on first use is
            wait_for(lambda: subscriptions(running) == 0, 10)
            before = running.resources()
        ear = listen()
        for i in range(20):
            ear.subscribe(query=f"kraken word{i}")
        write(running.root / "a.txt", f"a kraken word3 {time.monotonic_ns()}")
        ear.close()
    wait_for(lambda: subscriptions(running) == 0, 10)
    # A reader or a worker may open what is its own later.
    running.check_resources((before[0] + 24, before[1], before[2] + 4))


def test_limits(running, listen):
    ears = [listen() for _ in range(10 if trawl.FULL else 1)]
    for ear in ears:
        wanted = OF_CLIENT if len(ears) == 1 else OF_ALL // len(ears)
        for _ in ear.client.call_many("subscribe", ({"query": f"word{i}"} for i in range(wanted))):
            pass
    with pytest.raises(RpcError) as refused:
        if len(ears) == 1:
            ears[0].client.call("subscribe", query="one more")
        else:
            listen().client.call("subscribe", query="one more")
    assert refused.value.word == ("too_large" if len(ears) == 1 else "busy")
    assert "clock" in running.status()


def test_changing_while_matches_come(running, listen):
    """Subscribing, unsubscribing and leaving while others are told."""
    ear = listen()
    number = ear.subscribe(query="kraken")
    writer = Writer(running.root, 40_000 if trawl.FULL else 3_000)
    writer.start()
    dice = random.Random(1)
    end = time.monotonic() + (10 if trawl.FULL else 2)
    strangers, mine = [], []
    while time.monotonic() < end:
        strangers.append(listen())
        strangers[-1].subscribe(query=dice.choice(["kraken", "nobody", "-kraken", "f*"]), since=dice.choice([None, ear.clocks[number]]))
        strangers[-1].subscribe(path=str(running.root))
        mine.append(ear.call("subscribe", query="kraken")["subscription"])
        if len(strangers) > 5:
            strangers.pop(dice.randrange(5)).close()
        if len(mine) > 5:
            assert ear.call("unsubscribe", subscription=mine.pop(dice.randrange(5))) == {"unsubscribed": True}
        ear.read()
    writer.end()
    running.sync(60)
    ear.until(lambda: len(ear.matches[number]) >= len(writer.matching), 60)
    quiet(ear, running)
    assert sorted(m["path"] for m in ear.matches[number] if m["kind"] == "created") == sorted(writer.matching)


def test_the_daemon_stops_while_matches_come(daemon):
    daemon.start()
    ears = [Listener(daemon) for _ in range(3)]
    for ear in ears:
        ear.subscribe(query="kraken", since=None)
        ear.subscribe(path=str(daemon.root), since=None)
    writer = Writer(daemon.root)
    writer.start()
    time.sleep(0.5)
    daemon.stop()
    writer.end()
    for ear in ears:
        ear.close()


def test_costly_patterns_keep_nobody_waiting(daemon):
    """One client has as many patterns as it may, each as costly as can be; another's single one is told at once."""
    daemon.start()
    ear, greedy = Listener(daemon), Listener(daemon)
    number = ear.subscribe(path=str(daemon.root))
    for _ in range(OF_CLIENT):
        greedy.subscribe(path="/" + "**a" * 1300)
    for i in range(64):
        write(daemon.root / ("a" * 200 + f"{i}.txt"), "")
    ear.until(lambda: len(ear.matches[number]) >= 64, 10)
    began = time.monotonic()
    daemon.stop()
    assert time.monotonic() - began < patience(5)
    ear.close()
    greedy.close()


def test_a_reload_changes_nothing(running, listen):
    ear = listen()
    number = ear.subscribe(query="kraken")
    assert running.call("reload")["reloaded"]
    write(running.root / "a.txt", "a kraken")
    ear.until_told(number, 1)


def test_paused(running, listen):
    ear = listen()
    number = ear.subscribe(query="kraken")
    running.call("pause")
    write(running.root / "a.txt", "a kraken")
    ear.read(0.3)
    assert ear.matches[number] == []
    running.call("resume")
    ear.until_told(number, 1)


# --- on the command line ---------------------------------------------------------------------------------------------

class Command:
    """`trawl` with these arguments, its output read line by line."""

    def __init__(self, daemon, *args, stdout=subprocess.PIPE):
        self.stderr_path = daemon.home / f"trawl-stderr-{time.monotonic_ns()}"
        self.process = trawl.popen(
            [trawl.BUILD / "trawl", "--socket", daemon.socket_path, *args], stdout=stdout,
            stderr=open(self.stderr_path, "wb"), stdin=subprocess.DEVNULL, bufsize=0)

    def lines(self, count, seconds=20):
        found, end = [], time.monotonic() + patience(seconds)
        while len(found) < count:
            ready, _, _ = select.select([self.process.stdout], [], [], max(0, end - time.monotonic()))
            assert ready, (found, self.stderr())
            found.append(self.process.stdout.readline().decode().rstrip("\n"))
        return found

    def stderr(self):
        return self.stderr_path.read_text()

    def end(self, sig=signal.SIGINT):
        if sig:
            self.process.send_signal(sig)
        try:
            return self.process.wait(patience(10))
        finally:
            trawl.forget(self.process)
            self.process.stdout.close()


def started(daemon, command, more=1):
    """Its subscription is there."""
    wait_for(lambda: subscriptions(daemon) >= more, 10)
    return command


def test_watch(running):
    watch = started(running, Command(running, "watch", "kraken"))
    path = os.fsdecode(write(running.root / "a.txt", "the kraken wakes"))
    assert watch.lines(2) == [f"created   {path}", "          the kraken wakes"]
    os.rename(path, running.root / "b.txt")
    assert watch.lines(2)[0] == f"moved     {running.root}/b.txt"
    assert watch.end() == 0 and watch.stderr() == ""


def test_watch_paths_and_objects(running):
    watch = started(running, Command(running, "watch", "--path", f"{running.root}/*.txt", "--json"))
    bare = started(running, Command(running, "watch", "-0", "-n", "2", "kraken"), 2)
    path = os.fsdecode(write(running.root / "a\x1b.txt", "the kraken wakes"))
    (line,) = watch.lines(1)
    match = json.loads(line)
    assert (match["kind"], match["path"], match["dir"]) == ("created", path, False)
    os.unlink(path)
    assert json.loads(watch.lines(1)[0])["kind"] == "deleted"
    assert watch.end(signal.SIGTERM) == 0
    write(running.root / "b.txt", "a kraken")
    assert bare.process.wait(patience(10)) == 0, "after two"
    assert bare.process.stdout.read().decode() == f"{path}\0{running.root}/b.txt\0"
    bare.end(None)


def test_watch_goes_on_when_the_daemon_comes_back(daemon):
    daemon.start()
    watch = started(daemon, Command(daemon, "watch", "-l", "kraken"))
    first = os.fsdecode(write(daemon.root / "a.txt", "a kraken"))
    assert watch.lines(1) == [first]
    daemon.kill()
    second = os.fsdecode(write(daemon.root / "b.txt", "a kraken"))
    daemon.start()
    assert watch.lines(1) == [second]
    daemon.stop()
    daemon.start()
    third = os.fsdecode(write(daemon.root / "c.txt", "a kraken"))
    assert watch.lines(1) == [third]
    assert watch.end() == 0
    assert "waiting" in watch.stderr()


def test_watch_without_a_daemon(daemon):
    result = trawl.run([trawl.BUILD / "trawl", "--socket", daemon.socket_path, "watch", "kraken"])
    assert result.returncode == 3 and result.stdout == b"" and b"no daemon" in result.stderr


@pytest.mark.parametrize("args", [("watch",), ("watch", "a", "--path", "/"), ("watch", "("), ("watch", "--since", "x", "a"),
                                  ("watch", "--path", "/a\\")])
def test_watch_refused(running, args):
    result = trawl.run([trawl.BUILD / "trawl", "--socket", running.socket_path, *args])
    assert result.returncode == 2 and result.stdout == b"" and result.stderr.startswith(b"trawl: ")


def test_watch_says_that_it_began_anew(running):
    watch = started(running, Command(running, "watch", "--since", "0123456789abcdef:1", "kraken"))
    write(running.root / "a.txt", "a kraken")
    watch.lines(1)
    assert watch.end() == 0 and "anew" in watch.stderr()


def test_changes_follow(running):
    write(running.root / "a.txt", "one")
    running.sync()
    clock = running.changes()[1]
    write(running.root / "b.txt", "two")
    running.sync()
    root = os.fsdecode(running.root)
    behind = started(running, Command(running, "changes", "--follow", "--since", clock))
    assert behind.lines(1) == [f"created   {root}/b.txt"]
    live = started(running, Command(running, "changes", "-f", "--json"), 2)
    os.rename(running.root / "a.txt", running.root / "c.txt")
    assert behind.lines(1) == [f"moved     {root}/a.txt -> {root}/c.txt"]
    assert json.loads(live.lines(1)[0])["from"] == f"{root}/a.txt"
    os.mkdir(running.root / "d")
    assert behind.lines(1) == [f"created   {root}/d/"]
    assert behind.end() == 0 and live.end() == 0


def test_nobody_reads_the_output(running):
    read, write_end = os.pipe()
    watch = Command(running, "watch", "kraken", stdout=write_end)
    os.close(write_end)
    os.close(read)
    started(running, watch)
    write(running.root / "a.txt", "a kraken")
    try:
        assert watch.process.wait(patience(10)) == 0
    finally:
        trawl.forget(watch.process)


# --- what is refused -------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("params, word, begins", [
    ({}, None, "query:"),
    ({"query": "a", "path": "/a"}, None, "query:"),
    ({"query": 3}, None, "query:"),
    ({"query": "("}, "bad_query", ""),
    ({"query": ""}, "bad_query", ""),
    ({"path": "relative"}, None, "path:"),
    ({"path": "/a\\"}, None, "path:"),
    ({"path": "/" + "a" * 5000}, None, "path:"),
    ({"query": "a", "since": "nonsense"}, None, "since:"),
    ({"query": "a", "since": 3}, None, "since:"),
    ({"query": "a", "limit": 0}, None, "limit:"),
    ({"query": "a", "limit": 5000}, None, "limit:"),
    ({"query": "a", "snippet": {"tokens": 0}}, None, "tokens:"),
    ({"query": "a", "snippet": {"words": 3}}, None, "snippet:"),
    ({"query": "a", "sort": "time"}, None, "sort:"),
])
def test_bad_parameters(running, params, word, begins):
    with pytest.raises(RpcError) as refused:
        running.call("subscribe", params)
    assert refused.value.word == word and refused.value.message.startswith(begins)
    assert subscriptions(running) == 0


def test_bad_unsubscribe(running):
    for params in {}, {"subscription": "1"}, {"subscription": -1}, {"subscription": 1.5}:
        with pytest.raises(RpcError):
            running.call("unsubscribe", params)


# --- who may see what ------------------------------------------------------------------------------------------------

class Stranger:
    """A process of user nobody that is told of a query and of a path; it says where it heard of one of NAMES."""

    NAMES = "open.txt", "open2.txt", "last.txt"

    def __init__(self, daemon):
        self.out, into = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                os.setgroups([])
                os.setresgid(65534, 65534, 65534)
                os.setresuid(65534, 65534, 65534)
                ear = Listener(daemon)
                numbers = [ear.subscribe(query="kraken"), ear.subscribe(path=os.fsdecode(daemon.root))]
                os.write(into, b"ready\n")
                for name in self.NAMES:
                    ear.until(lambda: all(any(name in m["path"] for m in ear.matches[n]) for n in numbers), 30)
                    os.write(into, name.encode() + b"\n")
                again = Listener(daemon)  # with its own clock it goes on
                number = again.subscribe(path=os.fsdecode(daemon.root), since=ear.clocks[numbers[1]])
                again.read(0.2)
                seen = [ear.matches[n] for n in numbers] + [again.matches[number], again.fresh[number]]
                with os.fdopen(into, "w") as f:
                    json.dump(seen, f)
            except Exception:
                traceback.print_exc()
            finally:
                os._exit(0)
        os.close(into)
        self.pipe = os.fdopen(self.out)
        self.hear("ready")

    def hear(self, line):
        assert self.pipe.readline() == line + "\n"

    def seen(self):
        self.hear("last.txt")
        seen = json.loads(self.pipe.read())
        os.waitpid(self.pid, 0)
        self.pipe.close()
        return seen


@pytest.mark.skipif(os.geteuid() != 0, reason="asks as another user")
def test_only_what_is_theirs(make_daemon):
    daemon = make_daemon()
    daemon.config["daemon"]["mode"] = "system"
    root = os.fsdecode(daemon.root)
    for path in (daemon.home, daemon.root):
        os.chmod(path, 0o755)
    daemon.start()
    daemon.sync()  # once it is known who may reach the root, nobody has to start over for that
    ear = Listener(daemon)
    mine = ear.subscribe(query="kraken")
    stranger = Stranger(daemon)
    os.makedirs(daemon.root / "hidden-dir", 0o700)
    write(daemon.root / "open.txt", "a kraken")
    write(daemon.root / "hidden-dir" / "a.txt", "a kraken of hidden-dir")
    before = os.umask(0o077)
    write(daemon.root / "hidden.txt", "a hidden kraken")
    os.umask(before)
    daemon.sync()
    stranger.hear("open.txt")
    os.rename(daemon.root / "hidden.txt", daemon.root / "hidden2.txt")
    os.unlink(daemon.root / "hidden-dir" / "a.txt")
    daemon.sync()
    os.rename(daemon.root / "open.txt", daemon.root / "open2.txt")
    stranger.hear("open2.txt")
    os.chmod(daemon.root / "open2.txt", 0o600)  # to them it is gone
    daemon.sync()
    os.rename(daemon.root / "hidden2.txt", daemon.root / "shown.txt")
    os.chmod(daemon.root / "shown.txt", 0o644)  # and this is new
    daemon.sync()
    write(daemon.root / "last.txt", "a kraken")
    query, paths, again, fresh = stranger.seen()
    assert "hidden" not in json.dumps([[m["path"], m.get("from"), m.get("paths")] for m in query + paths])
    assert {p for _, p in told(query, root)} == {"open.txt", "open2.txt", "shown.txt", "last.txt"}
    assert told(paths, root)[-1] == ("created", "last.txt")
    assert ("deleted", "open2.txt") in told(paths, root)
    assert {p for k, p in told(paths, root) if k != "deleted"} >= {"open.txt", "shown.txt", "last.txt"}
    assert again == [] and fresh == 0
    ear.until(lambda: any("last.txt" in m["path"] for m in ear.matches[mine]))
    assert {"hidden-dir/a.txt", "hidden.txt", "hidden2.txt"} & {p for _, p in told(ear.matches[mine], root)}
    ear.close()
