#!/usr/bin/python3
"""profile: where the time goes: the real daemon under perf, the top functions of each thread, the way of one saved file.

    profile.py index      a cold index, from the start of the process to `sync`
    profile.py query      50 queries of five classes over the socket, the memo off
    profile.py live       files saved one by one: first the timeline of a saved file, then the same under perf

Environment: TRAWL_BUILD, BENCH_CORPUS, BENCH_DIR as for bench.py; DIR (what is indexed: the text corpus), PROFILE_FILES
(saved files of `live`, 200), PROFILE_TOP (functions of each thread, 8), PROFILE_TOOL (perf or callgrind: perf, where it
is permitted), PROFILE_KEEP (a file for perf's samples, for `perf report`).
"""

import collections
import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import queries
from common import (CORPUS, PLACE, Scratch, ask, build_tools, cpu_by_thread, make_daemon, percentile, start_and_sync, title, trawl,
                    warm_cache)

ROOT = Path(os.environ.get("DIR") or CORPUS / "text").resolve()
FILES = int(os.environ.get("PROFILE_FILES", "200"))
TOP = int(os.environ.get("PROFILE_TOP", "8"))
ROUNDS = 40  # of the 50 queries
HERTZ = 997
STACK = 4096  # bytes of it that are kept with a sample

STAGES = {  # of one saved file, as `stats` has them, in their order
    "live_event": "event read, then looked at",
    "live_stat": "compared with the index",
    "live_queue": "waiting for a worker",
    "live_convert": "read and converted",
    "live_wait": "waiting for the writer",
    "live_write": "rows and words written",
    "live_commit": "commit: searches find it",
    "live_visible": "known to the loop: visible",
    "notify": "subscribers looked for, told",
}


# --- perf ------------------------------------------------------------------------------------------------------------

def perf_record(out):
    return ["perf", "record", "-q", "-o", out, "-F", str(HERTZ), "--call-graph", f"dwarf,{STACK}"]


def perf_refusal():
    """Why perf cannot be used, or nothing."""
    if not shutil.which("perf"):
        return "perf is not installed"
    with Scratch() as home:
        tried = subprocess.run([*perf_record(home / "trial"), "--", "true"], capture_output=True)
        return (tried.stderr.decode().strip() or "it fails") if tried.returncode else ""


class Perf:
    """perf record over a running daemon and its converters, or with `wrapper` over one from its start."""

    def __init__(self, home):
        self.out = home / "perf.data"
        self.process = None

    def wrapper(self):
        return [*perf_record(self.out), "--"]

    def attach(self, pid):
        pids = ",".join(map(str, [pid, *trawl.descendants_of(pid)]))
        self.process = subprocess.Popen([*perf_record(self.out), "-p", pids], stderr=subprocess.DEVNULL)
        time.sleep(0.5)  # until it is there

    def detach(self):
        self.process.send_signal(signal.SIGINT)
        self.process.wait()

    def threads(self, pid):
        """{thread: Functions}"""
        if "PROFILE_KEEP" in os.environ:
            shutil.copy(self.out, os.environ["PROFILE_KEEP"])
        script = subprocess.Popen(["perf", "script", "-i", self.out, "--no-inline", "-F", "comm,pid,tid,ip,sym,dso"],
                                  stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, errors="replace")
        found = collections.defaultdict(Functions)
        for block in blocks_of(script.stdout):
            head = re.match(r"(.*?)\s+(\d+)/(\d+)", block[0])
            if head and len(block) > 1:
                name = thread_name(head[1].strip(), int(head[2]), int(head[3]), pid)
                found[name].add([frame_of(text) for text in block[1:]])
        script.wait()
        return found


def blocks_of(lines):
    block = []
    for text in lines:
        if text.strip():
            block.append(text)
        elif block:
            yield block
            block = []
    if block:
        yield block


def thread_name(comm, process, thread, pid):
    if process != pid:
        return "converters"
    return "loop" if thread == pid else re.sub(r"[-/ :]?\d+$", "", comm)


def frame_of(text):
    """(function, the file that it is in)"""
    found = re.match(r"\s*[0-9a-f]+\s+(.*?)\s+\((.*)\)\s*$", text)
    return (re.sub(r"\+0x[0-9a-f]+$", "", found[1]), os.path.basename(found[2])) if found else ("?", "?")


class Functions:
    """What the samples of one thread were in."""

    unit = "samples"

    def __init__(self):
        self.samples = 0
        self.own, self.whole = collections.Counter(), collections.Counter()

    def add(self, frames):
        self.samples += 1
        self.own[frames[0]] += 1
        self.whole.update(set(frames))

    def rows(self):
        """[(share of its own, share with what it calls, function, file)], the functions with most of their own first"""
        return [(n / self.samples, max(n, self.whole[frame]) / self.samples, *frame) for frame, n in self.own.most_common(TOP)]

    def callers(self):
        """The daemon's own functions by all that they call, without those that are on every stack."""
        ours = [(n / self.samples, name) for (name, place), n in self.whole.most_common()
                if place in ("trawld", "trawl-jail") or place.startswith("trawl-convert")]
        return [(share, name) for share, name in ours if share < .95][:TOP]


# --- callgrind -------------------------------------------------------------------------------------------------------

class Callgrind:
    """Instructions instead of time, of the daemon only; some fifty times slower."""

    def __init__(self, home):
        self.out = home / "callgrind"
        self.names = []

    def wrapper(self, at_start=True):
        return ["valgrind", "-q", "--tool=callgrind", "--separate-threads=yes", f"--callgrind-out-file={self.out}",
                f"--instr-atstart={'yes' if at_start else 'no'}", "--"]

    def attach(self, pid):
        subprocess.run(["callgrind_control", "-i", "on", str(pid)], check=True, capture_output=True)

    def detach(self):
        pass  # what follows is no work

    def remember(self, pid):
        """valgrind numbers threads as they began; their names are the kernel's."""
        tasks = sorted(map(int, os.listdir(f"/proc/{pid}/task")))
        self.names = [thread_name(Path(f"/proc/{pid}/task/{t}/comm").read_text().strip(), pid, t, pid) for t in tasks]

    def threads(self, _):
        found = collections.defaultdict(Functions)
        for file in sorted(self.out.parent.glob("callgrind-*")):
            number = int(file.name.rsplit("-", 1)[1]) - 1
            name = self.names[number] if number < len(self.names) else f"thread {number + 1}"
            listing = subprocess.run(["callgrind_annotate", "--auto=no", "--tree=none", "--threshold=99", file], capture_output=True, text=True).stdout
            for own, where in re.findall(r"^\s*([\d,]+) \(.*?\)\s+(\S.*)$", listing, re.M):
                place = re.search(r"\[(.*)\]$", where)
                function = re.sub(r"^.*?:|\s*\[.*\]$", "", where)
                if function == "PROGRAM TOTALS":
                    continue
                count, frame = int(own.replace(",", "")), (function, os.path.basename(place[1]) if place else "")
                found[name].own[frame] += count
                found[name].samples += count
                found[name].unit = "instructions"
        return found


def choose_tool():
    refusal = perf_refusal()
    if os.environ.get("PROFILE_TOOL") == "callgrind" or refusal:
        print(f"perf is not used{': ' + refusal if refusal else ''}; callgrind instead: instructions, not time, of the daemon "
              "without its converters, and everything takes some fifty times as long")
        return Callgrind
    return Perf


# --- what is printed -------------------------------------------------------------------------------------------------

def report(threads, cpu):
    """`cpu`: {thread: seconds} of the same span."""
    total = sum(cpu.values()) or 1
    print(f"\nCPU seconds by thread, {total:.2f} in all: "
          + ", ".join(f"{name} {seconds:.2f}" for name, seconds in sorted(cpu.items(), key=lambda x: -x[1]) if seconds >= .005))
    for name, functions in sorted(threads.items(), key=lambda item: -item[1].samples):
        if functions.samples < 10:
            continue
        print(f"\n{name}: {cpu.get(name, 0):.2f} s, {functions.samples} {functions.unit}\n     own   with calls")
        for own, whole, function, place in functions.rows():
            print(f"  {own:6.1%}   {whole:6.1%}    {function[:70]} [{place}]")
        callers = functions.callers()
        if callers:
            print("    by all that they call: " + ", ".join(f"{name} {share:.0%}" for share, name in callers))


def spent(before, after):
    """What each thread used between the two; the loop's has the process's name."""
    return {name.replace("trawld", "loop"): max(0, seconds - before.get(name, 0)) for name, seconds in after.items()}


def bar(begin, width, scale, columns):
    at, long = round(begin * scale), max(1, round(width * scale))
    return " " * min(at, columns - 1) + "█" * min(long, columns - at)


def timeline(stages, outside):
    """`stages`: [(name, text, [us])] one after the other; `outside`: [us] of the whole as its asker saw it."""
    medians = [statistics.median(values) for _, _, values in stages]
    whole = statistics.median(outside)
    columns = 48
    scale = columns / max(whole, sum(medians))
    print(f"  {'':<15}{'':<30}{'p50, us':>8}{'p99, us':>9}{'from':>8}")
    begin = 0
    for (name, text, values), median in zip(stages, medians):
        print(f"  {name:<15}{text:<30}{median:>8.0f}{percentile(values, .99):>9.0f}{begin:>8.0f}  {bar(begin, median, scale, columns)}")
        begin += median
    print(f"  {'outside':<15}{'kernel, sockets, the asker':<30}{max(0, whole - begin):>8.0f}")
    print(f"  {'whole':<15}{'as the asker saw it':<30}{whole:>8.0f}{percentile(outside, .99):>9.0f}")


def sums(daemon, names):
    found = daemon.call("stats")["histograms"]
    return {name: (found[name]["count"], found[name]["sum_us"]) for name in names}


# --- the targets -----------------------------------------------------------------------------------------------------

def profile_index(tool, home):
    title(f"A cold index of {ROOT}")
    warm_cache(ROOT)
    daemon = make_daemon(home / "daemon", ROOT)
    probe = tool(home)
    begin = time.monotonic()
    daemon.start(wrapper=probe.wrapper())
    daemon.client.socket.settimeout(3600)
    daemon.sync(3600)
    took = time.monotonic() - begin
    pid, files = daemon.status()["pid"], daemon.status()["files"]["indexed"]
    cpu = spent({}, cpu_by_thread(pid))
    if tool is Callgrind:
        probe.remember(pid)
    daemon.hang_up()
    os.kill(pid, signal.SIGTERM)
    daemon.wait_exit(60)
    print(f"{files} documents in {took:.2f} s, under {tool.__name__.lower()}")
    report(probe.threads(pid), cpu)


def start_for(tool, home, root):
    """A daemon that has indexed `root`, and the probe for what follows."""
    probe = tool(home)
    daemon = make_daemon(home / "daemon", root)
    daemon.config["memo"]["entries"] = 0
    if tool is Callgrind:
        daemon.start(wrapper=probe.wrapper(at_start=False))
        daemon.client.socket.settimeout(3600)
        daemon.sync(3600)
    else:
        start_and_sync(daemon)
    return daemon, probe


def watched(tool, probe, daemon, work):
    """Does the work under the probe, then ends the daemon and tells."""
    pid = daemon.status()["pid"]
    before = cpu_by_thread(pid)
    probe.attach(pid)
    work()
    cpu = spent(before, cpu_by_thread(pid))
    if tool is Callgrind:
        probe.remember(pid)
    probe.detach()
    daemon.hang_up()
    os.kill(pid, signal.SIGTERM)
    daemon.wait_exit(60)
    report(probe.threads(pid), cpu)


def ask_apart(daemon, requests):
    """[(microseconds at the client, {stage: its own})] of each request."""
    names = ("query_wait", "query", "query_reply")
    rows = []
    before = sums(daemon, names)
    for request in requests:
        took = ask(daemon, [request])[0]
        after = sums(daemon, names)
        rows.append((took, {name: after[name][1] - before[name][1] for name in names}))
        before = after
    return rows


def profile_query(tool, home):
    title(f"Queries over {ROOT}, with snippets, top 10, the memo off")
    daemon, probe = start_for(tool, home, ROOT)
    chosen = queries.choose(ROOT)
    requests = {name: [queries.request_of(q) for q in each] for name, each in chosen.items()}
    every = [request for each in requests.values() for request in each]
    rounds = ROUNDS if tool is Perf else 1
    ask(daemon, every)
    for name, each in requests.items():
        print(f"\n{name}: {', '.join(chosen[name][:3])}, ...")
        rows = ask_apart(daemon, each * max(1, rounds // 10))
        texts = {"query_wait": "waiting for a reader", "query": "run by a reader", "query_reply": "answered by the loop"}
        timeline([(stage, text, [row[1][stage] for row in rows]) for stage, text in texts.items()], [row[0] for row in rows])
    watched(tool, probe, daemon, lambda: [ask(daemon, every) for _ in range(rounds)])


def save(daemon, ear, i):
    """Microseconds of the rename itself (whose file system may write first), and from then until the subscriber's line."""
    temporary = daemon.root_saved.with_name("incoming")
    temporary.write_text(f"saved word{i} and what else a note says\n" * 20)
    begin = time.monotonic()
    os.rename(temporary, daemon.root_saved / f"{i % 50}.txt")
    renamed = time.monotonic()
    told = json.loads(ear.line())
    if told.get("method") != "match":
        raise SystemExit(f"live: {told}")
    return (renamed - begin) * 1e6, (time.monotonic() - renamed) * 1e6


def save_apart(daemon, ear, files):
    """[(microseconds at the subscriber, of the rename, {stage: its own})]"""
    rows = []
    before = sums(daemon, STAGES)
    for i in range(files):
        time.sleep(0.02 + 0.001 * (i % 17))
        renaming, took = save(daemon, ear, i)
        after = sums(daemon, STAGES)
        if any(after[name][0] != before[name][0] + 1 for name in STAGES):
            print(f"  file {i} was looked at more than once: left out")
        else:
            rows.append((took, renaming, {name: after[name][1] - before[name][1] for name in STAGES}))
        before = after
    return rows


def profile_live(tool, home):
    title(f"One saved file: renamed into place, until a subscriber is told; {FILES} files, medians")
    (home / "tree").mkdir()
    daemon, probe = start_for(tool, home, home / "tree")
    daemon.root_saved = home / "tree"
    with daemon.connect() as ear:
        ear.call("subscribe", {"query": "saved", "snippet": False})
        save_apart(daemon, ear, 10)
        rows = save_apart(daemon, ear, FILES if tool is Perf else max(1, FILES // 10))
        print(f"  the rename itself, before: {statistics.median(row[1] for row in rows):.0f} us")
        timeline([(name, text, [row[2][name] for row in rows]) for name, text in STAGES.items()], [row[0] for row in rows])
        watched(tool, probe, daemon, lambda: [save(daemon, ear, i) for i in range(FILES * (5 if tool is Perf else 1))])


TARGETS = {"index": profile_index, "query": profile_query, "live": profile_live}


def main():
    if len(sys.argv) != 2 or sys.argv[1] not in TARGETS:
        sys.exit(__doc__)
    build_tools()
    tool = choose_tool()
    home = Path(tempfile.mkdtemp(prefix="trawl-profile-", dir=PLACE))
    try:
        TARGETS[sys.argv[1]](tool, home)
    finally:
        shutil.rmtree(home)


if __name__ == "__main__":
    main()
