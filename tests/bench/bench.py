#!/usr/bin/python3
"""bench: how fast trawl is, beside this machine's own floors in the same run.

    bench.py [NAME ...]     scaling text restart idle query growth trees cores suggest fresh office jail zipf live; all of them by default

Environment: TRAWL_BUILD (build directory), BENCH_CORPUS (made there if missing), BENCH_DIR (where stores go: the
disk that is measured), TRAWL_TEST_DIR (memory, where made trees lie), BENCH_JSON (a file for the figures), BENCH_ROUNDS (repetitions of what is compared, default 2).
"""

import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cores
import jail
import live
import office
import queries
import suggest
import trees
import zipf
from common import (CORPUS, HERE, PLACE, ROUNDS, TOOLS, Scratch, ask, build_tools, cpu_by_thread, family_rss, figures,
                    found_after, line, make_daemon, percentile, start_and_sync, store_at_rest, title, trawl, verdict,
                    warm_cache)

WORKERS = (1, 2, 4, 8, 12, 24)
CONVERTER_MS = 350
REST_S = 15         # before an idle daemon is looked at
WATCHED_S = 10
IDLE_QUERIES = 1000


# --- scaling ---------------------------------------------------------------------------------------------------------

def run_xargs(rounds, files, workers):
    begin = time.monotonic()
    subprocess.run(["xargs", "-P", str(workers), "-n", "1", TOOLS / "burn", str(rounds)], input="\n".join(files).encode(),
                   stdout=subprocess.DEVNULL, check=True)
    return time.monotonic() - begin


def run_small(rounds, root, workers):
    """A cold run of --once over the small tree with the one-shot converter: (wall seconds, until its last commit)."""
    with Scratch() as home:
        daemon = make_daemon(home, root, workers)
        daemon.config["daemon"]["converters_dir"] = daemon.converters_dir
        daemon.converter("burn", [TOOLS / "burn", str(rounds)], extensions="txt")
        daemon.write_config()
        begin = time.monotonic()
        result = trawl.run(daemon.argv("--once"), env=daemon.environment())
        took = time.monotonic() - begin
        if result.returncode != 0:
            raise SystemExit(result.stderr.decode())
        daemon.start()
        found = daemon.search("quick", limit=1)["total"]
        daemon.stop()
        if found != 19:
            raise SystemExit(f"scaling: {found} of 19 documents were found")
        return took


def bench_scaling():
    title("Workers: 36 files, 19 of them through a one-shot converter of 0.35 s CPU")
    root = CORPUS / "small"
    files = sorted(str(p) for p in root.rglob("*.txt"))
    rounds = int(subprocess.check_output([TOOLS / "burn", "calibrate", str(CONVERTER_MS)]))
    line("workers", *WORKERS)
    ours, theirs, ratio = {}, {}, {}
    for workers in WORKERS:
        pairs = [(run_xargs(rounds, files, workers), run_small(rounds, root, workers)) for _ in range(ROUNDS)]
        theirs[workers] = min(x for x, _ in pairs)
        ours[workers] = min(t for _, t in pairs)
        ratio[workers] = statistics.median(t / x for x, t in pairs)
    line("published, s", "6.82", "3.51", "3.37", "3.42", "3.45", "3.59")
    line("xargs -P, s", *(f"{theirs[w]:.2f}" for w in WORKERS))
    line("trawld --once, s", *(f"{ours[w]:.2f}" for w in WORKERS))
    line("median ratio", *(f"{ratio[w]:.3f}" for w in WORKERS))
    figures["scaling"] = {"xargs": theirs, "trawl": ours}
    verdict("scaling: worst ratio to xargs", max(ratio.values()), 1.03, "x")
    flat = [ours[w] for w in WORKERS if w >= 2]
    verdict("scaling: slowest to fastest from 2 workers on", max(flat) / min(flat), 1.1, "x")


# --- text ------------------------------------------------------------------------------------------------------------

def run_floor(listing, home):
    """(wall seconds of the inserts, their CPU seconds, bytes)"""
    with open(listing) as f:
        result = subprocess.run([TOOLS / "floor_fts5", home / "floor.db"], stdin=f, capture_output=True, check=True)
    wall, cpu, size = result.stdout.split()
    return float(wall), float(cpu), int(size)


class Indexed:
    """The text corpus, indexed once and kept for the benches that ask it."""

    home = None
    daemon = None

    @classmethod
    def get(cls):
        if cls.daemon is None:
            cls.home = Path(tempfile.mkdtemp(prefix="trawl-bench-", dir=PLACE))
            cls.daemon = make_daemon(cls.home, CORPUS / "text")
            cls.took = start_and_sync(cls.daemon)
            cls.cpu = cpu_by_thread(cls.daemon.pid)
            cls.peak = trawl.process_status(cls.daemon.pid, "VmHWM") / 1024
        return cls.daemon

    @classmethod
    def drop(cls):
        if cls.daemon is not None:
            if cls.daemon.process is not None:
                cls.daemon.stop()
            shutil.rmtree(cls.home)
            cls.daemon = cls.home = None


def bench_text():
    title("Text: cold index, warm cache, beside one thread that inserts the same text into FTS5")
    root = CORPUS / "text"
    with Scratch() as home:
        listing = home / "list"
        files = sorted(str(p) for p in root.rglob("*") if p.is_file())
        listing.write_text("\n".join(files) + "\n")
        warm_cache(root)
        floors, ours, floor_cpu, size = [], [], 1e9, 0
        for i in range(ROUNDS):
            (home / f"floor{i}").mkdir()
            seconds, cpu, size = run_floor(listing, home / f"floor{i}")
            floors.append(seconds)
            floor_cpu = min(floor_cpu, cpu)
            shutil.rmtree(home / f"floor{i}")
            Indexed.drop()
            daemon = Indexed.get()
            ours.append(Indexed.took)
        total = daemon.status()["files"]["indexed"]
        if total != len(files):
            print(f"  {total} of {len(files)} files were indexed")
    mb = size / 1e6
    store = store_at_rest(daemon)
    line("", "wall, s", "MB/s", "peak, MiB", "store/text")
    line("FTS5 insert, 1 thread", f"{min(floors):.2f}", f"{mb / min(floors):.1f}", "", "")
    line("trawl, cold", f"{min(ours):.2f}", f"{mb / min(ours):.1f}", f"{Indexed.peak:.0f}", f"{store / size:.2f}")
    print(f"  all rounds: floor {[f'{s:.2f}' for s in floors]}, trawl {[f'{s:.2f}' for s in ours]}; "
          f"converters afterwards {family_rss(daemon.pid):.0f} MiB")
    by_cpu = sorted(Indexed.cpu.items(), key=lambda item: -item[1])
    print(f"  CPU, s: floor {floor_cpu:.2f}; trawl {sum(Indexed.cpu.values()):.2f}: "
          + ", ".join(f"{name} {seconds:.2f}" for name, seconds in by_cpu if seconds >= 0.05))
    figures["text"] = {"files": len(files), "bytes": size, "floor_s": floors, "trawl_s": ours, "store_bytes": store,
                       "floor_cpu_s": floor_cpu, "trawl_cpu_s": Indexed.cpu}
    verdict("text: speed as a share of the floor's", min(floors) / min(ours), 1, "x", ">=")
    verdict("text: peak RSS of the daemon", Indexed.peak, 100, "MiB")
    verdict("text: index, of the text", store / size, 0.65, "x")


def bench_restart():
    title("Restart without a change")
    daemon = Indexed.get()
    times = []
    for _ in range(5):
        daemon.stop()
        times.append(start_and_sync(daemon))
    conversions = daemon.counters()["conversions"]
    print(f"  {[f'{t:.3f}' for t in times]} s, {conversions} conversions, {daemon.counters()['bytes_read']} bytes read")
    verdict("restart: start to everything compared", statistics.median(times), 0.3, "s")


# --- idle ------------------------------------------------------------------------------------------------------------

def switches(pid):
    """{thread: voluntary context switches}"""
    found = {}
    for task in os.listdir(f"/proc/{pid}/task"):
        base = Path(f"/proc/{pid}/task/{task}")
        count = int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", (base / "status").read_text(), re.M).group(1))
        found[f"{(base / 'comm').read_text().strip()}/{task}"] = count
    return found


def cpu_ticks(pid):
    fields = Path(f"/proc/{pid}/stat").read_bytes().rsplit(b")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


def rest(daemon, after):
    """It rests; then: who is woken, and how much memory it has kept."""
    daemon.hang_up()
    time.sleep(REST_S)
    before, ticks = switches(daemon.pid), cpu_ticks(daemon.pid)
    time.sleep(WATCHED_S)
    now = switches(daemon.pid)
    woken = {name: now[name] - before.get(name, 0) for name in now if now[name] != before.get(name, 0)}
    print(f"  after {after}: wake-ups in {WATCHED_S} s by thread: {woken or 'none'}; CPU ticks: {cpu_ticks(daemon.pid) - ticks}; "
          f"threads: {len(now)}; converters: {family_rss(daemon.pid):.0f} MiB")
    verdict(f"idle after {after}: wake-ups in {WATCHED_S} s", sum(woken.values()), 0, "")
    verdict(f"idle after {after}: RSS of the daemon", trawl.process_status(daemon.pid, "VmRSS") / 1024, 20, "MiB")


def bench_idle():
    title("Idle, after that corpus")
    Indexed.drop()  # one that was asked nothing yet
    daemon = Indexed.get()
    rest(daemon, "indexing")
    chosen = [q for of_class in queries.choose(CORPUS / "text").values() for q in of_class]
    ask(daemon, [{"query": q, "limit": 10} for q in chosen], IDLE_QUERIES // len(chosen))
    rest(daemon, f"{IDLE_QUERIES:,} queries")


# --- queries ---------------------------------------------------------------------------------------------------------

def bench_query():
    queries.bench()
    title("The same store with the memo on: answers that are kept, and names")
    daemon = Indexed.get()
    request = {"query": "mutex", "limit": 10}
    ask(daemon, [request])
    hits = ask(daemon, [request], 20000)
    line("", "p50, us", "p99, us", "max, us")
    line("memo hit", *(f"{x:.0f}" for x in (percentile(hits, .5), percentile(hits, .99), max(hits))))
    version = subprocess.run([TOOLS / "ask", daemon.socket_path, "20000"], capture_output=True, check=True,
                             input=b'{"jsonrpc":"2.0","id":1,"method":"roots"}\n').stdout.split()
    line("any method (roots)", f"{percentile([float(v) for v in version], .5):.0f}")
    times = []
    for limit in range(10, 14):  # each is a key of its own, so that each is a miss
        names = ("name:driver", "name:core", "name:Makefile", "name:test.c")
        times += ask(daemon, [{"query": q, "limit": limit, "max_age_ms": 0} for q in names])
    line("", "p50, ms", "max, ms")
    line("miss, names", f"{percentile(times, .5) / 1000:.2f}", f"{max(times) / 1000:.2f}")
    figures["query: names"] = {"p50_ms": percentile(times, .5) / 1000, "max_ms": max(times) / 1000}
    verdict("query: memo hit, p50", percentile(hits, .5), 100, "us")


# --- freshness -------------------------------------------------------------------------------------------------------

def bench_fresh():
    title("Freshness: rename into place until found by a search, idle daemon, 200 rounds")
    with Scratch() as home:
        (home / "tree").mkdir()
        daemon = make_daemon(home, home / "tree")
        daemon.start()
        daemon.sync()
        found_after(daemon, home / "tree" / "first.txt", "firstword")
        times = []
        for i in range(200):
            time.sleep(0.02 + 0.001 * (i % 17))
            times.append(found_after(daemon, home / "tree" / f"{i % 50}.txt", f"freshword{i}"))
        line("", "p50, ms", "p90, ms", "p99, ms", "max, ms")
        line("rename to found", *(f"{percentile(times, s):.2f}" for s in (.5, .9, .99)), f"{max(times):.2f}")
        inside = daemon.call("stats")["histograms"]["freshness"]
        print(f"  by the daemon's own count (hint to commit): p50 {inside['p50_us']} us, p99 {inside['p99_us']} us")
        daemon.stop()
    verdict("freshness: p50", percentile(times, .5), 5, "ms")
    verdict("freshness: p99", percentile(times, .99), 30, "ms")


# --- all of it -------------------------------------------------------------------------------------------------------

BENCHES = {"scaling": bench_scaling, "fresh": bench_fresh, "text": bench_text, "restart": bench_restart, "query": bench_query,
           "growth": queries.bench_growth, "trees": trees.bench, "cores": cores.bench,
           "suggest": lambda: suggest.bench(Indexed.get()), "idle": bench_idle, "office": office.bench, "jail": jail.bench, "zipf": zipf.bench,
           "live": live.bench}


def machine():
    model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    return {"cpu": model.group(1) if model else platform.machine(), "cpus": len(os.sched_getaffinity(0)),
            "kernel": platform.release(), "load": os.getloadavg()[0], "build": str(trawl.BUILD)}


def main():
    names = sys.argv[1:] or list(BENCHES)
    for name in names:
        if name not in BENCHES:
            sys.exit(__doc__)
    if not all((CORPUS / name).exists() for name in ("text", "small", "office")):
        subprocess.run([HERE / "make_corpus.py", CORPUS], check=True)
    build_tools()
    figures["machine"] = machine()
    print(", ".join(f"{k} {v}" for k, v in figures["machine"].items()))
    try:
        for name in names:
            BENCHES[name]()
    finally:
        Indexed.drop()
    if "BENCH_JSON" in os.environ:
        Path(os.environ["BENCH_JSON"]).write_text(json.dumps(figures, indent=1) + "\n")
    missed = [name for name, f in figures.items() if isinstance(f, dict) and f.get("met") is False]
    print(f"\n{'all goals met' if not missed else 'missed: ' + '; '.join(missed)}")


if __name__ == "__main__":
    main()
