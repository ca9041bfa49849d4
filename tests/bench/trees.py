"""trees: how everything grows with the number of files: the real daemon on made trees of growing size.

For each size (BENCH_SIZES; 10,000 and 100,000 by default) a tree of short texts is made (make_tree.c: a hundred files a
directory, nested), indexed, asked, changed, restarted, renamed at its top and moved away.  What was measured is fitted by
least squares, log against log: exponent 1 is linear, 0 does not grow.
"""

import json
import math
import os
import statistics
import subprocess
import time

from common import (MEMORY, TOOLS, Scratch, ask, cpu_by_thread, figures, line, make_daemon, percentile, start_and_sync, title,
                    trawl, verdict)
from queries import build_tool

SIZES = tuple(int(size) for size in os.environ.get("BENCH_SIZES", "10000,100000").split(","))
DIRECTORIES = (1000, 45000)  # far apart, as what is constant shall not count; few kernels allow fewer watches
SAVES = 60
RENAMES = 7
RESTARTS = 3
ROUNDS = 5
HITS = 5000
REST_S = 13  # the daemon's caches are given back after 10 s
FIND = ["-printf", "%D %i %s %T@ %C@ %m %U %G %n\n"]  # what a comparison looks at


# --- what is done with one tree --------------------------------------------------------------------------------------

def make_tree(what, directory, count):
    """(bytes of text, directories)"""
    out = subprocess.run([TOOLS / "make_tree", what, directory, str(count)], check=True, stdout=subprocess.PIPE).stdout
    return tuple(int(n) for n in out.split())


def settle(daemon):
    """Waits until everything is committed, however long that is."""
    while True:
        try:
            daemon.client.socket.settimeout(700)
            daemon.sync(600)
            return
        except trawl.RpcError as error:
            if error.word != "timeout":
                raise


def start(daemon):
    """Seconds from the start of the process until everything is searchable."""
    begin = time.monotonic()
    try:
        return start_and_sync(daemon)
    except trawl.RpcError as error:
        if error.word != "timeout":
            raise
    settle(daemon)
    return time.monotonic() - begin


def until(daemon, query, wanted):
    """Milliseconds until the best hit of the query says `wanted`."""
    request = (json.dumps({"jsonrpc": "2.0", "id": 1, "method": "search",
                           "params": {"query": query, "limit": 1, "max_age_ms": 0}}) + "\n").encode()
    begin = time.monotonic()
    while True:
        daemon.client.raw(request)
        if wanted in daemon.client.line():
            return (time.monotonic() - begin) * 1000
        if time.monotonic() - begin > 600:
            raise SystemExit(f"trees: {wanted} was not found within 10 minutes")


def saves(daemon, directory):
    """Milliseconds from a rename into place until it is found, of one file at a time."""
    took = []
    for i in range(SAVES):
        part, path = directory / f".part{i}", directory / f"saved{i}.txt"
        part.write_text(f"freshword{i} and what else a note says\n" * 15)
        os.rename(part, path)
        took.append(until(daemon, f"freshword{i}", path.name.encode()))
        time.sleep(0.02)
    return took


def rest(daemon):
    """MiB, idle."""
    daemon.hang_up()
    time.sleep(REST_S)
    return trawl.process_status(daemon.pid, "VmRSS") / 1024


def restarts(daemon, root):
    """(seconds of a restart without a change, seconds of find), the best of each."""
    ours, theirs = [], []
    for _ in range(RESTARTS):
        begin = time.monotonic()
        subprocess.run(["find", root, *FIND], check=True, stdout=subprocess.DEVNULL)
        theirs.append(time.monotonic() - begin)
        daemon.stop(seconds=60)
        ours.append(start(daemon))
    return min(ours), min(theirs)


def asked(daemon):
    """{class: milliseconds of each of its queries, sorted}"""
    classes = {name: [{"query": q, "limit": 10, "max_age_ms": 0, "timeout_ms": 10000} for q in queries]
               for name, queries in made_queries().items()}
    for requests in classes.values():
        ask(daemon, requests)
    return {name: [us / 1000 for _ in range(ROUNDS) for us in ask(daemon, requests)] for name, requests in classes.items()}


def made_queries():
    """{class: queries} that suit the made texts"""
    text = subprocess.run([TOOLS / "bench_query", "queries"], check=True, stdout=subprocess.PIPE).stdout.decode()
    classes = {}
    for row in text.splitlines():
        name, query = row.split("\t")
        classes.setdefault(name, []).append(query)
    return classes


def renames(daemon, root):
    """Milliseconds from the rename of the directory above all files until one is found under its new name; then, seconds."""
    took, settled = [], []
    queries = made_queries()
    word = next(q for q in queries["rare"] + queries["phrase"][::-1] if daemon.search(q, limit=1)["total"])
    for i in range(RENAMES):
        new = root / f"moved{i}"
        os.rename(next(p for p in root.iterdir()), new)
        begin = time.monotonic()
        took.append(until(daemon, word, os.fsencode(new) + b"/"))
        settle(daemon)
        settled.append(time.monotonic() - begin)
        time.sleep(0.1)
    return took, statistics.median(settled)


def move_out(daemon, root, size):
    """All files leave the root at once: (seconds until nothing of them is left, milliseconds until one saved then is found)."""
    (root / "live").mkdir()
    settle(daemon)
    begin = time.monotonic()
    os.rename(next(p for p in root.iterdir() if p.name != "live"), root.parent / "outside")
    path = root / "live" / "saved.txt"
    path.write_text("outword\n")
    found = until(daemon, "outword", path.name.encode())
    settle(daemon)
    took = time.monotonic() - begin
    left = daemon.status()["files"]["indexed"]
    if left != 1:
        raise SystemExit(f"trees: of {size} files {left - 1} are still there")
    return took, found


def measure(size, home, place):
    got = {}
    root = place / "tree"
    root.mkdir()
    text, got["directories"] = make_tree("files", root / "made", size)
    daemon = make_daemon(home, root)
    try:
        got["cold_s"] = start(daemon)
        indexed = daemon.status()["files"]["indexed"]
        if indexed != size:
            print(f"  {indexed} of {size} files were indexed")
        got["cpu_s"] = cpu_by_thread(daemon.pid)
        got["peak_mib"] = trawl.process_status(daemon.pid, "VmHWM") / 1024
        got["rest_mib"] = rest(daemon)
        hit = [{"query": "bababa", "limit": 1}]  # a reply of the same length, however many there are
        ask(daemon, hit)
        got["hit_us"] = min(percentile(ask(daemon, hit, HITS), .5) for _ in range(ROUNDS))
        fresh = saves(daemon, root / "made")
        got["fresh_ms"], got["fresh_p99_ms"] = percentile(fresh, .5), percentile(fresh, .99)
        daemon.config["memo"]["entries"] = 0
        got["restart_s"], got["find_s"] = restarts(daemon, root)
        daemon.stop(seconds=60)
        got["index"] = sum(p.stat().st_size for p in daemon.state.iterdir()) / text
        start(daemon)
        by_class = asked(daemon)
        got["classes_ms"] = {name: percentile(values, .5) for name, values in by_class.items()}
        every = [value for values in by_class.values() for value in values]
        got["query_p50_ms"], got["query_p99_ms"] = percentile(every, .5), percentile(every, .99)
        took, got["moved_settled_s"] = renames(daemon, root)
        got["rename_ms"] = statistics.median(took)
        got["out_s"], got["out_save_ms"] = move_out(daemon, root, size)
    finally:
        if daemon.process is not None:
            daemon.stop(seconds=60)
    return got


def bytes_a_directory():
    """Bytes of the daemon at rest for each directory more."""
    resting = []
    for count in DIRECTORIES:
        with Scratch() as home:
            (home / "tree").mkdir()
            make_tree("dirs", home / "tree" / "made", count)
            daemon = make_daemon(home, home / "tree")
            start(daemon)
            polled = daemon.status()["roots"][0]["coverage"]["polled"]
            if polled:
                print(f"  {polled} of {count} directories are polled: too few watches were free")
            resting.append(rest(daemon))
            daemon.stop()
    return (resting[1] - resting[0]) * (1 << 20) / (DIRECTORIES[1] - DIRECTORIES[0])


# --- what it comes to ------------------------------------------------------------------------------------------------

def exponent(values):
    """Of {size: value}: the slope of the line through them, log against log."""
    xs, ys = [math.log(size) for size in values], [math.log(value) for value in values.values()]
    x0, y0 = statistics.mean(xs), statistics.mean(ys)
    return sum((x - x0) * (y - y0) for x, y in zip(xs, ys)) / sum((x - x0) ** 2 for x in xs)


# name, how a size's figure is told, what is fitted, the most it may grow
ROWS = (
    ("cold, us a file", lambda g, n: f"{g['cold_s'] / n * 1e6:.0f}", lambda g: g["cold_s"], 1.1),
    ("daemon's CPU, us a file", lambda g, n: f"{sum(v for k, v in g['cpu_s'].items() if k != 'converters') / n * 1e6:.0f}",
     lambda g: sum(v for k, v in g["cpu_s"].items() if k != "converters"), 1.1),
    ("index, bytes a byte of text", lambda g, n: f"{g['index']:.2f}", lambda g: g["index"], 0.1),
    ("peak RSS, MiB", lambda g, n: f"{g['peak_mib']:.0f}", lambda g: g["peak_mib"], 1.1),
    ("RSS at rest, MiB", lambda g, n: f"{g['rest_mib']:.1f}", lambda g: g["rest_mib"], 1.1),
    ("memo hit, us", lambda g, n: f"{g['hit_us']:.0f}", lambda g: g["hit_us"], 0.1),
    ("query p50, ms", lambda g, n: f"{g['query_p50_ms']:.2f}", lambda g: g["query_p50_ms"], 1.1),
    ("query p99, ms", lambda g, n: f"{g['query_p99_ms']:.1f}", lambda g: g["query_p99_ms"], 1.1),
    ("one more file, p50 ms", lambda g, n: f"{g['fresh_ms']:.2f}", lambda g: g["fresh_ms"], 1.1),
    ("one more file, p99 ms", lambda g, n: f"{g['fresh_p99_ms']:.1f}", lambda g: g["fresh_p99_ms"], 1.1),
    ("restart, ms", lambda g, n: f"{g['restart_s'] * 1e3:.0f}", lambda g: g["restart_s"], 1.1),
    ("find, ms", lambda g, n: f"{g['find_s'] * 1e3:.0f}", lambda g: g["find_s"], None),
    ("rename of the top, ms", lambda g, n: f"{g['rename_ms']:.2f}", lambda g: g["rename_ms"], 0.1),
    ("compared at leisure then, s", lambda g, n: f"{g['moved_settled_s']:.2f}", lambda g: g["moved_settled_s"], 1.1),
    ("moved out of the root, us a file", lambda g, n: f"{g['out_s'] / n * 1e6:.0f}", lambda g: g["out_s"], 1.1),
    ("a file saved then, ms", lambda g, n: f"{g['out_save_ms']:.0f}", lambda g: g["out_save_ms"], 1.1),
)


def report(got):
    sizes = list(got)
    line("", *(f"{size:,}" for size in sizes), "exponent")
    for name, told, fitted, most in ROWS:
        slope = exponent({size: fitted(got[size]) for size in sizes}) if len(sizes) > 1 else float("nan")
        line(name, *(told(got[size], size) for size in sizes), f"{slope:.2f}")
    for name in got[sizes[0]]["classes_ms"]:
        line(f"query {name}, p50 ms", *(f"{got[size]['classes_ms'][name]:.2f}" for size in sizes))
    if len(sizes) > 1:
        a_file = (got[sizes[-1]]["rest_mib"] - got[sizes[0]]["rest_mib"]) * (1 << 20) / (sizes[-1] - sizes[0])
        print(f"  at rest {a_file:.1f} bytes of the daemon for each file more, its directory's share included")
        for name, _, fitted, most in ROWS:
            if most is not None:
                verdict(f"trees: exponent of {name}", exponent({size: fitted(got[size]) for size in sizes}), most, "")


def bench():
    title("Trees: the same texts, more of them; exponents: 0 does not grow, 1 is linear")
    build_tool()
    got = {}
    for size in SIZES:
        # Of a million files not all stay in a page cache, of ten thousand they do: what grows then is not the daemon.
        with Scratch() as home, Scratch(MEMORY) as place:
            got[size] = measure(size, home, place)
        figures[f"trees: {size}"] = got[size]
        print(f"  {size:,} files are measured", flush=True)
    report(got)
    verdict("trees: bytes for each directory more", bytes_a_directory(), 200, "")
    if SIZES[-1] >= 1000000:
        last = got[SIZES[-1]]
        verdict("trees: query p50 at 1,000,000", last["query_p50_ms"], 10, "ms")
        verdict("trees: query p99 at 1,000,000", last["query_p99_ms"], 100, "ms")
        verdict("trees: restart to find, at 1,000,000", last["restart_s"] / last["find_s"], 2, "x")
