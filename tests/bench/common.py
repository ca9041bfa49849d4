"""common: what the benches share: where things are, how figures are printed and judged, a daemon to measure."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "integration"))
import trawl  # noqa: E402

CORPUS = Path(os.environ.get("BENCH_CORPUS", "/var/tmp/trawl-corpus"))
PLACE = Path(os.environ.get("BENCH_DIR", "/var/tmp"))
MEMORY = Path(os.environ.get("TRAWL_TEST_DIR") or "/dev/shm")
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "2"))
TOOLS = trawl.BUILD / "bench"

figures = {}


def build_tools():
    """Compiles the bench's own programs where they are older than their source."""
    TOOLS.mkdir(parents=True, exist_ok=True)
    for name, more in (("alone", []), ("ask", []), ("bench_jail", []), ("burn", []), ("floor_fts5", ["-lsqlite3"]),
                       ("make_tree", [HERE / "made.c", "-lm"])):
        source, target = HERE / f"{name}.c", TOOLS / name
        if not target.exists() or target.stat().st_mtime < source.stat().st_mtime:
            subprocess.run(["gcc", "-std=c17", "-D_GNU_SOURCE", "-O2", "-Wall", "-Wextra", "-o", target, source, *more],
                           check=True)


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def title(text):
    print(f"\n{text}\n{'-' * len(text)}", flush=True)


def line(*cells):
    print("  " + "".join(f"{cell:<26}" if i == 0 else f"{cell:>12}" for i, cell in enumerate(cells)), flush=True)


def verdict(name, value, goal, unit, better="<="):
    """One figure beside its goal."""
    good = value <= goal if better == "<=" else value >= goal
    print(f"  {name:<44}{value:>10.3g} {unit:<5} goal {better} {goal:g}   {'ok' if good else 'MISSED'}", flush=True)
    figures[name] = {"value": value, "unit": unit, "goal": goal, "met": good}


class Scratch:
    """A directory on the measured disk, or elsewhere, gone afterwards."""

    def __init__(self, place=PLACE):
        self.place = place

    def __enter__(self):
        self.path = Path(tempfile.mkdtemp(prefix="trawl-bench-", dir=self.place))
        return self.path

    def __exit__(self, *_):
        shutil.rmtree(self.path)


def make_daemon(home, root, workers=None, sandbox=None, converters=None):
    """A daemon over `root` with its defaults, but for what is said here; `converters`: a directory instead of the built one."""
    config = trawl.Config()
    daemon_section = config["daemon"]
    daemon_section.pop("settle")
    if workers is None:
        daemon_section.pop("workers")
    else:
        daemon_section["workers"] = workers
    if sandbox:
        daemon_section["sandbox"] = sandbox
    if converters:
        daemon_section["converters_dir"] = converters
    config["root corpus"]["path"] = root
    home.mkdir(parents=True, exist_ok=True)
    return trawl.Daemon(home, config)


def warm_cache(root):
    total = 0
    for directory, _, names in os.walk(root):
        for name in names:
            with open(os.path.join(directory, name), "rb") as f:
                total += len(f.read())
    return total


def store_at_rest(daemon):
    """Its bytes once segments are merged and the log is empty."""
    log = daemon.state / "index.db-wal"
    empty = 0  # seconds; for a moment it is between two steps, too
    while empty < 4:
        time.sleep(1)
        empty = empty + 1 if not log.exists() or log.stat().st_size == 0 else 0
    return sum(p.stat().st_size for p in daemon.state.iterdir())


def start_and_sync(daemon):
    """Seconds from the start of the process until everything is searchable."""
    begin = time.monotonic()
    daemon.start()
    daemon.client.socket.settimeout(600)  # one answer may take as long as all documents
    daemon.sync(600)
    return time.monotonic() - begin


def ask(daemon, requests, repeat=1, method="search"):
    """Microseconds of each request, asked by the compiled client."""
    lines = "".join(json.dumps({"jsonrpc": "2.0", "id": i, "method": method, "params": p}) + "\n"
                    for i, p in enumerate(requests))
    result = subprocess.run([TOOLS / "ask", daemon.socket_path, str(repeat)], input=lines.encode(), capture_output=True,
                            check=True)
    return [float(x) for x in result.stdout.split()]


def found_after(daemon, path, word, pause=0):
    """Milliseconds from the rename into place until a search finds it, asked again after `pause` seconds."""
    request = (json.dumps({"jsonrpc": "2.0", "id": 1, "method": "search",
                           "params": {"query": word, "limit": 1, "max_age_ms": 0}}) + "\n").encode()
    client = daemon.client
    temporary = path.with_name(".incoming")
    temporary.write_text(f"{word} and what else a note says\n" * 20)
    begin = time.monotonic()
    os.rename(temporary, path)
    while True:
        client.raw(request)
        if b'"total":0' not in client.line().replace(b" ", b""):
            return (time.monotonic() - begin) * 1000
        if time.monotonic() - begin > 10:
            raise SystemExit(f"freshness: {word} was not found within 10 s")
        time.sleep(pause)


def cpu_by_thread(pid):
    """CPU seconds so far: {thread name: seconds} of the daemon, its converters as "converters"."""
    tick = os.sysconf("SC_CLK_TCK")
    used = {}

    def add(name, stat):
        fields = stat.read_bytes().rsplit(b")", 1)[1].split()
        used[name] = used.get(name, 0) + (int(fields[11]) + int(fields[12])) / tick

    for task in os.listdir(f"/proc/{pid}/task"):
        base = Path(f"/proc/{pid}/task/{task}")
        add(re.sub(r"[-/ ]?\d+$", "", (base / "comm").read_text().strip()), base / "stat")
    for child in trawl.descendants_of(pid):
        add("converters", Path(f"/proc/{child}/stat"))
    return used


def family_rss(pid):
    """MiB of the daemon's converters together, now."""
    total = 0
    for child in trawl.descendants_of(pid):
        try:
            total += trawl.process_status(child, "VmRSS")
        except (OSError, AttributeError):
            continue
    return total / 1024
