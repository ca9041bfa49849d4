"""jail: what the jail costs: one-shot converters started through it, and documents through a persistent one."""

import subprocess

from common import ROUNDS, TOOLS, line, title, trawl, verdict

RUNS, DOCUMENTS = 400, 20000
LAUNCHER = [trawl.BUILD / "trawl-jail", "-x", "required", "-m", str(1 << 30), "-f", str(256 << 20), "-n", "1"]
PROGRAM = ["/bin/true"]


def launch(parallel, command):
    """(median of a run, mean of a run while so many run side by side without a pause), in ms"""
    out = subprocess.run([TOOLS / "bench_jail", "run", str(RUNS), str(parallel), *command], capture_output=True, check=True)
    *runs, total = (int(word) for word in out.stdout.split())
    return sorted(runs)[len(runs) // 2] / 1000, total * parallel / RUNS / 1000


def serve(command):
    """Documents a second."""
    out = subprocess.run([TOOLS / "bench_jail", "serve", str(DOCUMENTS), *command], capture_output=True, check=True)
    return DOCUMENTS / (int(out.stdout) / 1e6)


def bench():
    title(f"The jail: {PROGRAM[0]}, {RUNS} times; documents of 11 KB through trawl-convert-text, {DOCUMENTS} of them")
    line("", "median, ms", "sustained, ms")
    more = {}
    for parallel in (1, 2):
        bare, jailed = [], []
        for _ in range(ROUNDS + 1):
            bare.append(launch(parallel, PROGRAM))
            jailed.append(launch(parallel, [*LAUNCHER, "-c", "60", "--", *PROGRAM]))
        bare, jailed = [tuple(min(column) for column in zip(*rows)) for rows in (bare, jailed)]
        line(f"bare, {parallel} at a time", *(f"{x:.2f}" for x in bare))
        line(f"through the jail, {parallel}", *(f"{x:.2f}" for x in jailed))
        more[parallel] = jailed[1] - bare[1]
    text = [trawl.BUILD / "trawl-convert-text"]
    bare, jailed = 0, 0
    for _ in range(ROUNDS + 1):
        bare = max(bare, serve(text))
        jailed = max(jailed, serve([*LAUNCHER, "-s", "--", *text]))
    line("persistent, bare", f"{bare:.0f}/s")
    line("persistent, jailed", f"{jailed:.0f}/s")
    verdict("jail: a one-shot more than the bare exec", more[1], 3, "ms")
    verdict("jail: the same, two at a time, sustained", more[2], 3, "ms")
    verdict("jail: documents through a persistent one", jailed, 10000, "/s", ">=")
    verdict("jail: its throughput to that without", jailed / bare, 0.97, "x", ">=")
