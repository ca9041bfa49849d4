"""queries: how long searches take: over the corpus at the client, and in stores of growing size.

`query` asks 50 queries, ten of each class, as they are chosen by counting the words of the corpus itself: the most
frequent words of four letters and more, rare ones, two words, phrases, prefixes.  No answer comes from the memo.
`growth` asks such queries in stores of short made documents (bench_query.c), without a daemon around them.
"""

import collections
import json
import os
import re
import shutil
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from common import (CORPUS, HERE, PLACE, TOOLS, ask, figures, line, make_daemon, percentile, start_and_sync, store_at_rest,
                    title, trawl, verdict)

SIZES = tuple(int(size) for size in os.environ.get("BENCH_SIZES", "10000,100000,1000000").split(","))
PER_CLASS = 10
ROUNDS = 20
IDLE_S = 13  # the daemon's caches are given back after 10 s
FIXED = {
    "and": ["memory barrier", "network driver", "interrupt handler", "power management", "file system", "page fault",
            "clock source", "error recovery", "device tree", "lock contention"],
    "phrase": [f'"{words}"' for words in (
        "memory barrier", "device tree", "interrupt handler", "free software foundation", "page fault",
        "power management", "file system", "error code", "reference count", "this program is free software")],
    "prefix": [f"{start}*" for start in "interr memor sched alloc regist transm lock crypt virt docum".split()],
}


# --- the corpus ------------------------------------------------------------------------------------------------------

def count_words(root):
    """In how many files each word is."""
    counts = collections.Counter()
    for path in root.rglob("*"):
        if path.is_file():
            counts.update(set(re.findall(rb"[a-z0-9\x80-\xff]+", path.read_bytes().lower())))
    return {word.decode(): files for word, files in counts.items() if word.isalpha() and word.isascii()}


def choose(root):
    """{class: queries}, the same for the same corpus."""
    kept = CORPUS / "queries.json" if root == CORPUS / "text" else None
    if kept and kept.exists():
        return json.loads(kept.read_text())
    counts = count_words(root)
    common = sorted((w for w in counts if len(w) >= 4), key=lambda w: (-counts[w], w))
    rare = sorted((w for w in counts if 2 <= counts[w] <= 5 and 7 <= len(w) <= 10), key=lambda w: (w[2:], w))
    chosen = {"common": common[:PER_CLASS], "rare": rare[:PER_CLASS], **FIXED}
    if kept:
        kept.write_text(json.dumps(chosen, indent=1) + "\n")
    return chosen


def request_of(query):
    return {"query": query, "limit": 10, "max_age_ms": 0}


def ask_classes(daemon, chosen):
    """{class: {query: its times in milliseconds}}"""
    times = {name: {query: [] for query in queries} for name, queries in chosen.items()}
    for _ in range(ROUNDS):
        for name, queries in chosen.items():
            for query, took in zip(queries, ask(daemon, [request_of(q) for q in queries])):
                times[name][query].append(took / 1000)
    return times


def report_class(name, times, totals):
    medians = {query: statistics.median(values) for query, values in times.items()}
    every = [value for values in times.values() for value in values]
    worst = max(medians, key=medians.get)
    line(name, f"{statistics.median(medians.values()):.2f}", f"{percentile(every, .99):.2f}", f"{medians[worst]:.2f}")
    print(f"    worst: {worst} ({totals[worst]} hits)")
    figures[f"query: {name}"] = {"p50_ms": statistics.median(medians.values()), "p99_ms": percentile(every, .99),
                                 "worst": worst, "worst_ms": medians[worst]}
    return medians


def first_after_idle(daemon, word):
    time.sleep(IDLE_S)
    return ask(daemon, [request_of(word)])[0] / 1000


def bench():
    title("Queries over the text corpus, at the client, with snippets, top 10, the memo off")
    chosen = choose(CORPUS / "text")
    home = Path(tempfile.mkdtemp(prefix="trawl-bench-", dir=PLACE))
    daemon = make_daemon(home, CORPUS / "text")
    daemon.config["memo"]["entries"] = 0
    daemon.write_config()
    start_and_sync(daemon)
    store_at_rest(daemon)
    try:
        totals = {q: daemon.search(q, limit=1)["total"] for queries in chosen.values() for q in queries}
        ask_classes(daemon, chosen)
        times = ask_classes(daemon, chosen)
        line("", "p50, ms", "p99, ms", "worst, ms")
        medians = {name: report_class(name, values, totals) for name, values in times.items()}
        every = [value for values in times.values() for list_of in values.values() for value in list_of]
        overall = [median for by_query in medians.values() for median in by_query.values()]
        idle = first_after_idle(daemon, chosen["common"][0])
        print(f"  first after {IDLE_S} s of rest, {chosen['common'][0]}: {idle:.2f} ms")
        figures["query: first after rest"] = {"ms": idle}
        verdict("query: p50 of all", statistics.median(overall), 2, "ms")
        verdict("query: p99 of all", percentile(every, .99), 12, "ms")
        verdict("query: the worst common word", max(medians["common"].values()), 6, "ms")
    finally:
        daemon.stop()
        shutil.rmtree(home)


# --- growth ----------------------------------------------------------------------------------------------------------

def build_tool():
    """bench_query stands on the daemon's own rooms."""
    subprocess.run(["make", "-s", f"BUILD={trawl.BUILD}", f"{trawl.BUILD}/bench/bench_query"], cwd=HERE.parent.parent,
                   check=True)


def measure(state, rounds):
    """[(class, query, median us, worst us, median of CPU us, total, how)]"""
    queries = subprocess.run([TOOLS / "bench_query", "queries"], check=True, capture_output=True).stdout
    lines = subprocess.run([TOOLS / "bench_query", "run", state, str(rounds)], input=queries, check=True,
                           capture_output=True).stdout.decode().splitlines()
    return [(*row[:2], *(int(n) / 1000 for n in row[2:5]), int(row[5]), row[6]) for row in (text.split("\t") for text in lines)]


def bench_growth():
    title("Growth: stores of short made documents, searched in the bench's own process (no socket), with snippets, top 10")
    build_tool()
    medians = {}
    line("documents, p50 (worst) ms", "common", "rare", "and", "phrase", "prefix", "all p50", "all p99")
    for size in SIZES:
        state = Path(tempfile.mkdtemp(prefix="trawl-bench-", dir=PLACE))
        try:
            subprocess.run([TOOLS / "bench_query", "make", state, str(size)], check=True, capture_output=True)
            rows = measure(state, 7)
            stored = sum(p.stat().st_size for p in state.iterdir()) / 1e6
        finally:
            shutil.rmtree(state)
        by_class = collections.defaultdict(list)
        for row in rows:
            by_class[row[0]].append(row[2])
        every = [row[2] for row in rows]
        medians[size] = {name: statistics.median(values) for name, values in by_class.items()}
        line(f"{size:,} ({stored:.0f} MB)",
             *(f"{statistics.median(v):.1f} ({max(v):.0f})" for v in by_class.values()),
             f"{statistics.median(every):.2f}", f"{percentile(every, .99):.1f}")
        bounded = sum("at least" in row[6] for row in rows)
        if bounded:
            print(f"    {bounded} of {len(rows)} totals are bounds")
        figures[f"growth: {size}"] = {"classes_ms": medians[size], "p50_ms": statistics.median(every),
                                      "p99_ms": percentile(every, .99)}
    if len(SIZES) > 1:
        first, last = SIZES[0], SIZES[-1]
        print("  each tenfold: " + ", ".join(
            f"{name} x{(medians[last][name] / medians[first][name]) ** (1 / len(str(last // first)[1:])):.1f}"
            for name in medians[first]))
    if SIZES[-1] >= 1000000:
        verdict("growth: p50 at 1,000,000", figures[f"growth: {SIZES[-1]}"]["p50_ms"], 10, "ms")
        verdict("growth: p99 at 1,000,000", figures[f"growth: {SIZES[-1]}"]["p99_ms"], 100, "ms")
