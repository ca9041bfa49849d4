"""live: how soon a saved file is found, and questions answered, while everything else goes on.

    live.py churn TREE SECONDS RATE     changes files of a tree and prints, as JSON, what is left of it

The bench runs that in a process of its own.  Every text holds a word that no other text ever held, so what the index has of
each file is told by one search for the word that the file holds at the end.
"""

import json
import os
import random
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import queries
import zipf
from common import (CORPUS, MEMORY, Scratch, ask, cpu_by_thread, figures, found_after, line, make_daemon, percentile,
                    start_and_sync, title, trawl, verdict)

SECONDS = float(os.environ.get("LIVE_SECONDS", "60"))
RATE = 2000       # changes a second
STEP_S = 0.01     # so many at a time
DIRECTORIES = 64
FILES = 4000      # that the tree has at most
CLIENTS = 16
MIXED_ROUNDS = 8  # of all questions, for each client
WORDS = "the way of the data from a saved file to the one who asks for it is short and nobody waits on the way".split()


# --- changes ---------------------------------------------------------------------------------------------------------

class Churn:
    """Files that are made, written again in place or by a rename, renamed, and removed, by the dice."""

    def __init__(self, tree):
        self.rng = random.Random(7)
        self.directories = [tree / f"d{i:02}" for i in range(DIRECTORIES)]
        for directory in self.directories:
            directory.mkdir(exist_ok=True)
        self.held = {}   # path: the word that only it has
        self.paths = []  # the same paths, to choose from
        self.count = 0

    def text(self):
        word = f"unique{self.count}word"
        return word, " ".join([word, *(self.rng.choice(WORDS) for _ in range(60))])

    def free_path(self):
        return os.fspath(self.rng.choice(self.directories) / f"f{self.count}.txt")

    def forget(self, at):
        path = self.paths[at]
        self.paths[at] = self.paths[-1]
        self.paths.pop()
        return path, self.held.pop(path)

    def write(self, path, word, text, by_rename):
        where = os.path.join(os.path.dirname(path), ".part") if by_rename else path
        with open(where, "w") as f:
            f.write(text)
        if by_rename:
            os.rename(where, path)
        if path not in self.held:
            self.paths.append(path)
        self.held[path] = word

    def change(self):
        self.count += 1
        dice = self.rng.random()
        if len(self.paths) < FILES // 4 or (dice < 0.3 and len(self.paths) < FILES):
            return self.write(self.free_path(), *self.text(), dice < 0.1)
        at = self.rng.randrange(len(self.paths))
        if dice < 0.7:
            return self.write(self.paths[at], *self.text(), dice < 0.4)
        path, word = self.forget(at)
        if dice < 0.9:
            to = self.free_path()
            os.rename(path, to)
            self.held[to] = word
            self.paths.append(to)
        else:
            os.unlink(path)


def churn(tree, seconds, rate):
    churning = Churn(Path(tree))
    begin = time.monotonic()
    late = 0.0
    while (now := time.monotonic()) - begin < seconds:
        due = int((now - begin) * rate)
        late = max(late, (due - churning.count) / rate)
        for _ in range(due - churning.count):
            churning.change()
        time.sleep(STEP_S)
    print(json.dumps({"held": churning.held, "changes": churning.count, "seconds": time.monotonic() - begin, "late_s": late}))


def compare(daemon, held):
    """How many files the index lacks, has too many, or has with a text that they no longer hold."""
    stale = sum(daemon.found(word) != {os.fsencode(path)} for path, word in held.items())
    indexed = {path for path in daemon.found("ext:txt") if b"/churn/" in path}
    wanted = {os.fsencode(path) for path in held}
    return len(wanted - indexed), len(indexed - wanted), stale


def bench_churn():
    title(f"{RATE:,} changes a second for {SECONDS:g} s: made, written again, renamed, removed")
    with Scratch() as home, Scratch(MEMORY) as tree:  # the disk is the store's: who changes the files must not wait for it
        for name in ("churn", "probe"):
            (tree / name).mkdir()
        daemon = make_daemon(home / "daemon", tree)
        start_and_sync(daemon)
        process = subprocess.Popen([sys.executable, __file__, "churn", tree / "churn", str(SECONDS), str(RATE)],
                                   stdout=subprocess.PIPE)
        times, end = [], time.monotonic() + SECONDS
        while time.monotonic() < end:
            times.append(found_after(daemon, tree / "probe" / f"{len(times) % 50}.txt", f"probeword{len(times)}", 0.002))
            time.sleep(0.05)
        report = json.loads(process.communicate()[0])
        begin = time.monotonic()
        daemon.sync(600)
        followed = time.monotonic() - begin
        missing, surplus, stale = compare(daemon, report["held"])
        used = cpu_by_thread(daemon.pid)
        peak = trawl.process_status(daemon.pid, "VmHWM") / 1024
        counters = daemon.counters()
        daemon.stop()
    rate = report["changes"] / report["seconds"]
    line("", "changes/s", "files", "p50, ms", "p99, ms", "max, ms", "to sync, s")
    line("", f"{rate:.0f}", len(report["held"]), f"{percentile(times, .5):.0f}", f"{percentile(times, .99):.0f}",
         f"{max(times):.0f}", f"{followed:.2f}")
    print(f"  {counters['conversions']} conversions, {counters['commits']} commits, peak {peak:.0f} MiB, the changes up to "
          f"{report['late_s']:.2f} s late; CPU, s: "
          + ", ".join(f"{name} {s:.1f}" for name, s in sorted(used.items(), key=lambda x: -x[1]) if s > 0.5))
    print(f"  at the end: {missing} missing, {surplus} too many, {stale} with another text, of {len(report['held'])}")
    figures["live: changes"] = {"per_s": rate, "p50_ms": percentile(times, .5), "p99_ms": percentile(times, .99), "to_sync_s": followed}
    verdict("live: changes a second", rate, 0.98 * RATE, "/s", ">=")
    verdict("live: found under changes, p99", percentile(times, .99), 1000, "ms")
    verdict("live: changes lost", missing + surplus + stale, 0, "")


# --- beside a scan ---------------------------------------------------------------------------------------------------

def is_scanning(daemon):
    return daemon.status()["state"] == "scanning"


def beside_scan(each):
    """Calls each(daemon, tree, n) for as long as a cold scan of the text corpus goes on; milliseconds of each call."""
    with Scratch() as home:
        (home / "tree").mkdir()
        daemon = make_daemon(home / "daemon", CORPUS / "text")
        daemon.config["root live"]["path"] = home / "tree"
        daemon.config["memo"]["entries"] = 0
        daemon.start()
        times = []
        while is_scanning(daemon):
            times += each(daemon, home / "tree", len(times))
        daemon.stop()
    return times


def save_one(daemon, tree, n):
    time.sleep(0.03)
    return [found_after(daemon, tree / f"{n % 50}.txt", f"savedword{n}", 0.002)]


def ask_all(daemon, _tree, _n):
    """The questions of `query`, once each, none from the memo."""
    chosen = queries.choose(CORPUS / "text")
    return [us / 1000 for us in ask(daemon, [{"query": q, "limit": 10, "max_age_ms": 0, "snippet": {"tokens": 20}}
                                             for of_class in chosen.values() for q in of_class])]


def bench_beside_scan():
    title("While a cold scan of text runs at full speed")
    saved, asked = beside_scan(save_one), beside_scan(ask_all)
    line("", "times", "p50, ms", "p90, ms", "p99, ms", "max, ms")
    for name, times in (("saved file to found", saved), ("query", asked)):
        line(name, len(times), *(f"{percentile(times, s):.1f}" for s in (.5, .9, .99)), f"{max(times):.1f}")
        figures[f"live: {name}, beside a scan"] = {"p50_ms": percentile(times, .5), "p99_ms": percentile(times, .99)}
    verdict("live: found beside a scan, p99", percentile(saved, .99), 250, "ms")
    verdict("live: queries beside a scan, p99", percentile(asked, .99), 100, "ms")


# --- many clients ----------------------------------------------------------------------------------------------------

def bench_clients():
    title(f"{CLIENTS} clients at once, over the text corpus")
    with Scratch() as home:
        daemon = make_daemon(home, CORPUS / "text")
        daemon.config["memo"]["entries"] = 0
        start_and_sync(daemon)
        chosen = [q for of_class in queries.choose(CORPUS / "text").values() for q in of_class]
        requests = [{"query": q, "limit": 10} for q in chosen]
        ask(daemon, requests)

        def one(n):
            mine = requests * MIXED_ROUNDS
            random.Random(n).shuffle(mine)
            return ask(daemon, mine)

        begin = time.monotonic()
        with ThreadPoolExecutor(CLIENTS) as pool:
            times = sum(pool.map(one, range(CLIENTS)), [])
        rate = len(times) / (time.monotonic() - begin)
        daemon.stop()
        daemon.config["memo"]["entries"] = 1000
        daemon.start()
        daemon.sync()
        daemon.search("memory")
        hits, hit_rate = zipf.hits_of(daemon, CLIENTS)
        daemon.stop()
    line("", "per s", "p50, ms", "p99, ms")
    for name, values, per_s in (("mixed, none kept", times, rate), ("one kept answer", hits, hit_rate)):
        line(name, f"{per_s:.0f}", f"{percentile(values, .5) / 1000:.2f}", f"{percentile(values, .99) / 1000:.2f}")
        figures[f"live: {name}"] = {"per_s": per_s, "p99_ms": percentile(values, .99) / 1000}
    verdict("live: mixed queries a second", rate, 1000, "/s", ">=")
    verdict("live: memo hits a second", hit_rate, 20000, "/s", ">=")


def bench():
    bench_beside_scan()
    bench_churn()
    bench_clients()


if __name__ == "__main__":
    churn(sys.argv[2], float(sys.argv[3]), float(sys.argv[4]))
