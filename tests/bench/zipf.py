"""zipf: what the memo is worth: a few questions asked often and many seldom, while the index changes; and what a hit costs."""

import itertools
import os
import random
import re
import shutil
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from common import CORPUS, TOOLS, Scratch, ask, figures, json, line, make_daemon, percentile, start_and_sync, title, verdict

CLIENTS = 4
SECONDS = 10      # of asking
CHUNK = 200       # requests of one client between two looks at the clock
QUESTIONS = 2000
KEPT = 4000       # files that are there from the start; the rest comes while it is asked
HITS = 20000


def questions(files, rng):
    """Words as frequent as in a text, one or two at a time; each a question of its own."""
    found = {}
    while len(found) < QUESTIONS:
        words = re.findall(r"[a-z]{3,12}", Path(rng.choice(files)).read_text(errors="replace").lower())
        if len(words) > 2:
            at = rng.randrange(len(words) - 1)
            found[" ".join(words[at:at + rng.choice((1, 1, 2))])] = None
    return list(found)


def load(queries, rng):
    """Some of them, the nth in popularity 1/n times as often as the first."""
    weights = list(itertools.accumulate(1 / n for n in range(1, len(queries) + 1)))
    return [{"query": q, "limit": 10} for q in rng.choices(queries, cum_weights=weights, k=CHUNK)]


def keep_asking(daemon, queries, seed, end):
    """Milliseconds of each request."""
    rng, took = random.Random(seed), []
    while time.monotonic() < end:
        took += ask(daemon, load(queries, rng))
    return [us / 1000 for us in took]


class Pouring(threading.Thread):
    """Puts one file after the other into the tree for as long as it is asked."""

    def __init__(self, files, into):
        super().__init__(daemon=True)
        self.files, self.into, self.done, self.stop = files, into, 0, threading.Event()

    def run(self):
        for path in self.files:
            if self.stop.is_set():
                return
            part = self.into / f".{self.done}"
            shutil.copyfile(path, part)
            os.rename(part, self.into / f"{self.done}-{Path(path).name}")
            self.done += 1
            time.sleep(0.002)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.join()


def run(name, files, queries, memo):
    with Scratch() as home:
        tree = home / "tree"
        (tree / "new").mkdir(parents=True)
        for i, path in enumerate(files[:KEPT]):
            shutil.copyfile(path, tree / f"{i}-{Path(path).name}")
        daemon = make_daemon(home / "daemon", tree)
        daemon.config["memo"].update(memo)
        start_and_sync(daemon)
        before = daemon.counters()
        begin = time.monotonic()
        with Pouring(files[KEPT:], tree / "new") as pouring, ThreadPoolExecutor(CLIENTS) as pool:
            times = sum(pool.map(lambda n: keep_asking(daemon, queries, n, begin + SECONDS), range(CLIENTS)), [])
        seconds = time.monotonic() - begin
        after = daemon.counters()
        daemon.stop()
    grown = {k: after[k] - before[k] for k in after}
    asked = len(times)
    hits = grown["memo_hits_exact"] + grown["memo_hits_ttl"]
    shares = {"hits": hits / asked, "joined": grown["memo_joined"] / asked, "ahead": grown["memo_hits_ahead"] / asked}
    line(name, f"{100 * hits / asked:.1f}", f"{100 * grown['memo_hits_ahead'] / asked:.1f}", grown["queries"],
         f"{percentile(times, .5):.2f}", f"{percentile(times, .99):.2f}", f"{asked / seconds:.0f}", pouring.done, grown["commits"])
    figures[f"zipf: {name}"] = {**shares, "run": grown["queries"], "p50_ms": percentile(times, .5), "p99_ms": percentile(times, .99),
                                "per_s": asked / seconds, "files": pouring.done, "commits": grown["commits"]}
    return times


def hits_of(daemon, clients):
    """(microseconds of each, how many a second) of one answer that is kept, asked by so many at once."""
    text = (json.dumps({"jsonrpc": "2.0", "id": 1, "method": "search", "params": {"query": "memory", "limit": 10}}) + "\n").encode()
    each = HITS // clients if clients == 1 else HITS * 4 // clients
    begin = time.monotonic()
    processes = [subprocess.Popen([TOOLS / "ask", daemon.socket_path, str(each)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
                 for _ in range(clients)]
    for process in processes:
        process.stdin.write(text)
        process.stdin.close()
    times = [float(us) for process in processes for us in process.stdout.read().split()]
    for process in processes:
        process.wait()
    return times, len(times) / (time.monotonic() - begin)


def bench():
    files = sorted(str(p) for p in (CORPUS / "text").rglob("*") if p.is_file())
    random.Random(1).shuffle(files)
    queries = questions(files[:KEPT], random.Random(2))
    title(f"Questions by Zipf's law: {CLIENTS} clients, {QUESTIONS} questions, {SECONDS} s, while files pour in")
    line("", "hits, %", "ahead, %", "run", "p50, ms", "p99, ms", "per s", "new files", "commits")
    run("no memo", files, queries, {"entries": 0})
    run("memo, exact only", files, queries, {"ttl": 0})
    run("memo, ttl 1s", files, queries, {})
    run("memo, ttl 1s, warm 50", files, queries, {"warm": 50})
    title("One answer that is kept, asked again and again")
    line("", "p50, us", "p99, us", "per s")
    with Scratch() as home:
        (home / "tree").mkdir()
        for i in range(50):
            (home / "tree" / f"{i}.txt").write_text(f"memory number{i} " + "some words around it " * 20)
        daemon = make_daemon(home / "daemon", home / "tree")
        start_and_sync(daemon)
        daemon.search("memory")
        for clients in (1, 16):
            times, rate = hits_of(daemon, clients)
            line(f"{clients} client{'s' if clients > 1 else ''}", f"{percentile(times, .5):.1f}", f"{percentile(times, .99):.1f}", f"{rate:.0f}")
            figures[f"memo hit: {clients}"] = {"p50_us": percentile(times, .5), "p99_us": percentile(times, .99), "per_s": rate}
            if clients == 1:
                verdict("memo hit: round trip p50", percentile(times, .5), 100, "us")
                verdict("memo hit: round trip p99", percentile(times, .99), 300, "us")
        daemon.stop()
