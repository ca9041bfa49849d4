#!/usr/bin/python3
"""peers: other desktop search programs beside trawl, on the same files in the same run.

    peers.py [text] [office] [PEER ...]     both corpora and every peer that is installed by default

Environment: what bench.py takes (BENCH_ROUNDS is 3 here), and BENCH_PEER_FILES: only so many files of each corpus, evenly
chosen, for peers that would take hours; what the whole would take is then extrapolated, and said so.
"""

import json
import os
import random
import shutil
import signal
import statistics
import subprocess
import sys
import threading
import time
import urllib.parse
from pathlib import Path

import bench
import known
import queries
from common import CORPUS, HERE, Scratch, ask, build_tools, figures, line, percentile, title, verdict, warm_cache
from peer import PEERS, Floor, Stuck, Trawl, cpu_seconds, end_all, resident_mib, until_quiet

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
FILES = int(os.environ.get("BENCH_PEER_FILES", "0"))
AGAIN_S = 60  # a peer that took longer is not measured a second time
SAMPLE = 100
LIVES = 10
LIVE_PATIENCE_S = 60
GOALS = {"text": {"Recoll": 1 / 20, "FTS5, 1 thread": 1.0}, "office": {"Recoll": 0.4}}
FAILURES = (Stuck, OSError, ValueError, AttributeError, subprocess.SubprocessError)  # of a peer: it is left out
PAUSE_S = 0.005
REST_S = 15


# --- the tree --------------------------------------------------------------------------------------------------------

def make_tree(name, directory):
    """A copy of the corpus, or of an even part of it: (files there are, files taken, bytes of the former, of the latter)."""
    root = CORPUS / name
    files = sorted(p for p in root.rglob("*") if p.is_file())
    taken = [files[i * len(files) // FILES] for i in range(FILES)] if 0 < FILES < len(files) else files
    for path in taken:
        target = directory / path.relative_to(root)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    os.sync()
    return len(files), len(taken), sum(p.stat().st_size for p in files), sum(p.stat().st_size for p in taken)


def name_as_text(tree, directory):
    """The same files, each with a name that ends in .txt."""
    for path in tree.rglob("*"):
        if path.is_file():
            target = directory / path.relative_to(tree)
            target.parent.mkdir(parents=True, exist_ok=True)
            os.link(path, target if path.suffix == ".txt" else target.with_name(path.name + ".txt"))
    return directory


# --- measuring -------------------------------------------------------------------------------------------------------

class Watched:
    """Seconds of CPU and the largest resident memory of all processes below, while it lasts."""

    def __enter__(self):
        self.peak, self.before, self.done = 0, cpu_seconds(), threading.Event()
        self.used = self.before
        self.thread = threading.Thread(target=self.look)
        self.thread.start()
        return self

    def look(self):
        while not self.done.wait(0.2):
            self.peak = max(self.peak, resident_mib())
            self.used = max(self.used, cpu_seconds())  # of those, too, that nobody will wait for

    def __exit__(self, *_):
        self.done.set()
        self.thread.join()
        self.cpu = max(self.used, cpu_seconds()) - self.before


def cold(kind, tree, home, result):
    """One cold round; the peer with its index."""
    warm_cache(tree)
    peer = kind(tree, home)
    with Watched() as watched:
        result["cold_s"].append(peer.cold())
    result["peak_mib"] = max(result.get("peak_mib", 0), watched.peak)
    result["cpu_s"] = min(result.get("cpu_s", watched.cpu), watched.cpu)
    return peer


def found_of(peer, sample):
    """How many of the known words find their document."""
    return sum(path in urllib.parse.unquote(peer.search(word, 1000)) for word, path in sample)


def live(peer):
    """Seconds from a rename into place until its own command finds the file."""
    times = []
    directory = peer.tree / "live"
    directory.mkdir(exist_ok=True)
    until_quiet(time.monotonic(), 2)
    for i in range(LIVES):
        word = "zq" + "".join(random.choices("abcdefghij", k=10))
        temporary, path = peer.home / "incoming", directory / f"new{i}.txt"
        temporary.write_text(f"a new file that holds {word} and some other words\n")
        begin = time.monotonic()
        os.rename(temporary, path)
        while path.name not in peer.search(word, 1):
            if time.monotonic() - begin > LIVE_PATIENCE_S:
                break
            time.sleep(PAUSE_S)
        times.append(time.monotonic() - begin)
        time.sleep(0.5 + 0.1 * (i % 5))
    shutil.rmtree(directory)
    return times


def idle(peer):
    """(MiB of all its processes after a rest, share of a CPU)"""
    if isinstance(peer, Trawl):
        peer.daemon.hang_up()
    time.sleep(REST_S)
    before = cpu_seconds()
    time.sleep(10)
    return resident_mib(), (cpu_seconds() - before) / 10


def time_queries(peer, chosen):
    """{class: milliseconds}, the process that asks included."""
    times = {name: [] for name in chosen}
    for counts in (False, True, True):
        for name, texts in chosen.items():
            for text in texts:
                begin = time.monotonic()
                peer.search(text)
                if counts:
                    times[name].append((time.monotonic() - begin) * 1000)
    return times


def time_nothing():
    """Milliseconds of starting a process that does nothing, as the queries are started."""
    times = []
    for _ in range(50):
        begin = time.monotonic()
        subprocess.run(["/bin/true"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        times.append((time.monotonic() - begin) * 1000)
    return statistics.median(times)


def follow_up(peer, name, sample, result):
    """What is asked of a finished index."""
    if not isinstance(peer, Floor):
        result["rerun_s"] = statistics.median(peer.rerun() for _ in range(peer.reruns))
        result["words"] = found_of(peer, sample)
    result["documents"] = peer.documents()
    result["index_bytes"] = peer.index_bytes()
    if name == "text" and not isinstance(peer, Floor):
        chosen = queries.choose(CORPUS / "text")
        result["queries_ms"] = time_queries(peer, chosen)
        if isinstance(peer, Trawl):
            requests = [queries.request_of(q) for texts in chosen.values() for q in texts]
            ask(peer.daemon, requests)
            result["socket_ms"] = [t / 1000 for t in ask(peer.daemon, requests)]
        if peer.live:
            peer.watch()
            result["live_s"] = live(peer)
            result["idle_mib"], result["idle_cpu"] = idle(peer)
    peer.stop()


# --- what is said ----------------------------------------------------------------------------------------------------

def show_cold(results, size, whole):
    base = statistics.median(results["trawl"]["cold_s"])
    line("cold index, warm cache", "median, s", "rounds", "MB/s", "x trawl", "CPU, s", "peak, MiB", "index/text", "rerun, s")
    for name, r in results.items():
        middle = statistics.median(r["cold_s"])
        r["ratio"] = middle / base
        line(name, f"{middle:.2f}", len(r["cold_s"]), f"{size / 1e6 / middle:.1f}", f"{r['ratio']:.2f}", f"{r['cpu_s']:.1f}",
             f"{r['peak_mib']:.0f}", f"{r['index_bytes'] / size:.2f}", f"{r['rerun_s']:.2f}" if "rerun_s" in r else "")
    for name, r in results.items():
        print(f"    {name}: {', '.join(f'{s:.2f}' for s in r['cold_s'])} s"
              + (f"; the whole corpus would be {statistics.median(r['cold_s']) * whole / size:.0f} s at this speed"
                 if whole > size else ""))


def show_held(results, files, sample):
    line("what it holds", "documents", "of files", "known words", "asked")
    for name, r in results.items():
        line(name, r["documents"], files, *((r["words"], sample) if "words" in r else ()))


def show_asked(results):
    line(f"queries (a process: {time_nothing():.1f} ms)", "p50, ms", "p99, ms", "common p50", "prefix p50")
    for name, r in results.items():
        if "queries_ms" in r:
            by_class = r["queries_ms"]
            every = [t for times in by_class.values() for t in times]
            line(name, f"{statistics.median(every):.1f}", f"{percentile(every, .99):.1f}",
                 *(f"{statistics.median(by_class[c]):.1f}" for c in ("common", "prefix")))
        if "socket_ms" in r:
            line(f"{name}, over its socket", f"{statistics.median(r['socket_ms']):.1f}", f"{percentile(r['socket_ms'], .99):.1f}")
    line("live", "p50, s", "worst, s", "in time", "idle, MiB", "idle CPU, %")
    for name, r in results.items():
        if "live_s" in r:
            times = r["live_s"]
            line(name, f"{statistics.median(times):.3f}", f"{max(times):.3f}",
                 f"{sum(t <= LIVE_PATIENCE_S for t in times)}/{LIVES}", f"{r['idle_mib']:.0f}", f"{r['idle_cpu'] * 100:.2f}")


class LeftOut:
    """A peer that fails is left out, which is said; trawl may not."""

    def __init__(self, kind, kinds, results):
        self.kind, self.kinds, self.results = kind, kinds, results

    def __enter__(self):
        return self

    def __exit__(self, what, error, _):
        if what is None or self.kind is Trawl or not issubclass(what, FAILURES):
            return False
        print(f"\n  {self.kind.name} failed and is left out: {error!r}", flush=True)
        end_all()
        self.kinds.remove(self.kind)
        del self.results[self.kind.name]
        return True


def compare(name, peers):
    kinds = [Trawl] + ([Floor] if name == "text" else []) + peers
    with Scratch() as home:
        (home / "tree").mkdir()
        there, taken, whole, size = make_tree(name, home / "tree")
        title(f"{name}: {taken:,} files, {size / 1e6:.0f} MB" + (f", of {there:,}, {whole / 1e6:.0f} MB" if taken < there else ""))
        trees = {kind: home / "tree" for kind in kinds}
        if name == "text" and any(kind.text_by_name for kind in kinds):
            (home / "named").mkdir()
            named = name_as_text(home / "tree", home / "named")
            trees.update((kind, named) for kind in kinds if kind.text_by_name)
        sample = [(w, p) for w, p in known.choose(name) if (home / "tree" / p).exists()][:SAMPLE]
        results = {kind.name: {"cold_s": [], "version": kind.version()} for kind in kinds}
        last = {}
        for i in range(ROUNDS):
            for kind in list(kinds):
                result = results[kind.name]
                if not result["cold_s"] or max(result["cold_s"]) <= AGAIN_S:
                    if kind in last:
                        shutil.rmtree(last.pop(kind).home)
                    print(f"  round {i + 1}: {kind.name}", end="", flush=True)
                    with LeftOut(kind, kinds, results):
                        last[kind] = cold(kind, trees[kind], home / f"{kind.name}-{i}".replace(" ", ""), result)
                        print(f" {result['cold_s'][-1]:.2f} s", flush=True)
        for kind in list(kinds):
            with LeftOut(kind, kinds, results):
                follow_up(last[kind], name, sample, results[kind.name])
        show_cold(results, size, whole)
        show_held(results, taken, len(sample))
        if name == "text":
            show_asked(results)
        for other, goal in GOALS[name].items():
            if other in results:
                verdict(f"{name}, cold: trawl's time to {other}'s", 1 / results[other]["ratio"], goal, "x")
        figures[f"peers: {name}"] = {"files": taken, "bytes": size, "of_files": there, "of_bytes": whole,
                                     "sample": len(sample), "results": results}


def main():
    known_names = {kind.name.lower(): kind for kind in PEERS}
    names = [n.lower() for n in sys.argv[1:]]
    if any(n not in ("text", "office", *known_names) for n in names):
        sys.exit(__doc__ + "\nPeers: " + " ".join(known_names))
    wanted = [known_names[n] for n in names if n in known_names] or list(PEERS)
    if not all((CORPUS / name).exists() for name in ("text", "office")):
        subprocess.run([HERE / "make_corpus.py", CORPUS], check=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))  # by way of end_all()
    build_tools()
    figures["machine"] = bench.machine()
    print(", ".join(f"{k} {v}" for k, v in figures["machine"].items()))
    there = []
    for kind in wanted:
        if kind.missing():
            print(f"  {kind.name}: skipped, {' '.join(kind.missing())} is not installed (make bench-deps)")
        else:
            print(f"  {kind.name}: {kind.package} {kind.version()}; {kind.how}")
            there.append(kind)
    try:
        for name in [n for n in names if n in ("text", "office")] or ["text", "office"]:
            compare(name, there)
    finally:
        end_all()
    if "BENCH_JSON" in os.environ:
        Path(os.environ["BENCH_JSON"]).write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
