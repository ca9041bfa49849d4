"""cores: what limits on a machine with more cores than this one, computed from CPU seconds that are measured here.

*text* is indexed cold on one CPU and on two: what each thread then used tells which of them can be many (workers,
converters, scans) and which is one (the writer, the loop).  With N cores the wall is no less than the busiest single
thread, nor than all CPU seconds through N.  What could move the writer is measured beside it, over one text in four, by
FTS5 alone: without merging while it inserts, tokens made beforehand (the tokenizer's own time off), and two shards at once.
"""

import multiprocessing
import os
import re
import shutil
import sqlite3
import subprocess
import time

from common import (CORPUS, HERE, TOOLS, Scratch, cpu_by_thread, figures, line, make_daemon, start_and_sync, title, trawl,
                    warm_cache)

SINGLE = ("writer", "trawld")  # the loop's thread has the program's name, and so have the scans: one batch a device
CORES = (1, 2, 4, 8, 16)
SHARE = 4  # one text in so many, where FTS5 is alone


# --- the daemon ------------------------------------------------------------------------------------------------------

def index_on(cpus, home):
    """(wall seconds, {thread: CPU seconds}) of a cold index of text on so many CPUs."""
    allowed = sorted(os.sched_getaffinity(0))
    daemon = make_daemon(home, CORPUS / "text", workers=2)
    os.sched_setaffinity(0, allowed[:cpus])  # the daemon inherits it
    try:
        took = start_and_sync(daemon)
    finally:
        os.sched_setaffinity(0, allowed)
    used = cpu_by_thread(daemon.pid)
    daemon.stop(seconds=60)
    return took, used


# --- FTS5 alone ------------------------------------------------------------------------------------------------------

def insert(path, texts, merging, out=None):
    """CPU seconds of the inserts, as the store's table has them, a thousand a transaction."""
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=NORMAL")
    db.execute("CREATE VIRTUAL TABLE t USING fts5(x, content='', columnsize=0, tokenize=\"unicode61 remove_diacritics 2\")")
    if not merging:
        db.execute("INSERT INTO t(t, rank) VALUES('automerge', 0)")
        db.execute("INSERT INTO t(t, rank) VALUES('crisismerge', 1999)")
    begin = time.thread_time()
    for at in range(0, len(texts), 1000):
        db.execute("BEGIN")
        db.executemany("INSERT INTO t(rowid, x) VALUES(?, ?)", enumerate(texts[at:at + 1000], at + 1))
        db.execute("COMMIT")
    took = time.thread_time() - begin
    db.close()
    if out is not None:
        out.put(took)
    return took


def two_at_once(home, texts):
    """CPU seconds of the slower of two processes, each with half of the texts."""
    out = multiprocessing.Queue()
    both = [multiprocessing.Process(target=insert, args=(home / f"shard{i}", texts[i::2], True, out)) for i in range(2)]
    for process in both:
        process.start()
    used = [out.get() for _ in both]
    for process in both:
        process.join()
    return max(used)


def token_share(home, files):
    """The share of the store's own tokenizer in inserting these texts."""
    (home / "texts").mkdir()
    for i, path in enumerate(files):
        shutil.copyfile(path, home / "texts" / str(i))
    out = subprocess.run([TOOLS / "bench_tokenizer", home / "texts", home], check=True, capture_output=True,
                         env={**os.environ, "ROUNDS": "2"}).stdout.decode()
    ours = "".join(re.findall(r"^trawl\n((?:  .*\n)+)", out, re.M))
    cutting, inserting = (min(float(s) for s in re.findall(rf"^  {what} +([0-9.]+)", ours, re.M))
                        for what in ("cutting", "inserting"))
    return cutting / inserting


def options():
    """{option: share of FTS5's CPU seconds that stays with the one writer}"""
    files = sorted(p for p in (CORPUS / "text").rglob("*") if p.is_file())[::SHARE]
    texts = [p.read_bytes().decode("utf-8", "replace") for p in files]
    size = sum(len(text.encode()) for text in texts)
    with Scratch() as home:
        insert(home / "warm", texts[:1000], True)
        full = min(insert(home / f"full{i}", texts, True) for i in range(2))
        quiet = min(insert(home / f"quiet{i}", texts, False) for i in range(2))
        two = two_at_once(home, texts)
        half, quarter = insert(home / "half", texts[::2], True), insert(home / "quarter", texts[::4], True)
        cut = token_share(home, files) * full
    print(f"  FTS5 alone, {size / 1e6:.0f} MB: {full:.2f} s of CPU; without merging {quiet:.2f}; cutting into words {cut:.2f}; "
          f"half of it {half:.2f}, two halves at once {two:.2f}, a quarter {quarter:.2f}")
    return {"as it is": 1.0, "merging in idle time": quiet / full, "tokens made beforehand": 1 - cut / full,
            "both": (quiet - cut) / full, "two shards": two / full, "four shards": quarter / full * max(1.0, two / half)}


# --- what it comes to ------------------------------------------------------------------------------------------------

def wall(single, parallel, cores):
    """(seconds at least, what limits): the busiest single thread, or all of it through the cores."""
    busiest = max(single, key=single.get)
    spread = (sum(single.values()) + parallel) / cores
    return (single[busiest], busiest) if single[busiest] > spread else (spread, "cores")


def bench():
    title("Cores: what would limit with more of them")
    subprocess.run(["make", "-s", f"BUILD={trawl.BUILD}", TOOLS / "bench_tokenizer"], cwd=HERE.parent.parent, check=True,
                   stdout=subprocess.DEVNULL)
    mb = warm_cache(CORPUS / "text") / 1e6
    runs = {}
    line("text, cold", "wall, s", "CPU, s", "writer", "loop, scans", "workers", "converters")
    for cpus in (1, 2):
        with Scratch() as home:
            took, used = runs[cpus] = index_on(cpus, home)
        many = sum(v for k, v in used.items() if k not in SINGLE and k != "converters")
        line(f"on {cpus} CPU" + "s" * (cpus > 1), f"{took:.2f}", f"{sum(used.values()):.2f}", f"{used['writer']:.2f}",
             f"{used.get('trawld', 0):.2f}", f"{many:.2f}", f"{used.get('converters', 0):.2f}")
    took, used = runs[2]
    single = {name: used.get(name, 0) for name in SINGLE}
    parallel = sum(used.values()) - sum(single.values())
    print(f"  CPU a MB: writer {used['writer'] / mb * 1e3:.1f} ms, what can be many {parallel / mb * 1e3:.1f} ms; "
          f"two CPUs give {runs[1][0] / took:.2f} x of one")
    table = {}
    shares = options()
    line("MB/s at most, by cores", *CORES, "limit")
    for name, share in shares.items():
        shards = {"two shards": 2, "four shards": 4}.get(name, 1)
        moved = dict(single, writer=single["writer"] * share)
        beside = parallel + (single["writer"] * (1 - share) if "tokens" in name or name == "both" else 0)
        if shards > 1:  # the other writers run beside this one
            beside = parallel + moved["writer"] * (shards - 1)
        walls = [wall(moved, beside, cores) for cores in CORES]
        table[name] = {cores: mb / seconds for cores, (seconds, _) in zip(CORES, walls)}
        line(name, *(f"{speed:.0f}" for speed in table[name].values()), walls[-1][1].replace("trawld", "loop, scans"))
    figures["cores"] = {"mb": mb, "runs": {str(cpus): {"wall_s": run[0], "cpu_s": run[1]} for cpus, run in runs.items()},
                        "shares": shares, "mb_s": table}
