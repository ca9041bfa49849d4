"""office: documents of many types, cold, beside the same converters alone and beside Recoll."""

import os
import shutil
import subprocess
import time
from collections import Counter
from pathlib import Path

from common import (CORPUS, ROUNDS, TOOLS, Scratch, cpu_by_thread, family_rss, figures, line, make_daemon,
                    start_and_sync, title, trawl, verdict, warm_cache)

RECOLL = """topdirs = {root}
noaspell = 1
skippedNames =
noContentSuffixes =
skippedPaths =
loglevel = 2
logfilename = {home}/log
"""


def converter_table(directory):
    """{extension: program} of the persistent converters, as their files say; later ones take over."""
    table = {}
    for path in sorted(Path(directory).glob("*.conf")):
        program, extensions = None, []
        for text in path.read_text().splitlines() + ["[end]"]:
            key, _, value = (word.strip() for word in text.partition("="))
            if text.startswith("["):
                if program and (trawl.BUILD / program).exists():
                    table.update((extension, program) for extension in extensions)
                program, extensions = None, []
            elif key == "serve":
                program = value.split()[0]
            elif key == "extensions":
                extensions += value.split()
    return table


def run_alone(root, converters, workers):
    """(wall seconds, how many were converted) with nothing but the converters."""
    table = converter_table(converters)
    lines = []
    for path in sorted(p for p in root.rglob("*") if p.is_file()):
        program = table.get(path.suffix[1:].lower(), table.get("*"))
        lines.append(f"{trawl.BUILD / program}\tapplication/octet-stream\t{path}\n")
    result = subprocess.run([TOOLS / "alone", "-P", str(workers)], input="".join(lines).encode(), capture_output=True,
                            check=True)
    wall, done, *_ = result.stdout.split()
    return float(wall), int(done)


def without_mupdf(home):
    """A directory of the built converters' files but for the one of MuPDF."""
    directory = home / "converters.d"
    directory.mkdir()
    for path in trawl.CONVERTERS_D.glob("*.conf"):
        if "mupdf" not in path.name:
            shutil.copy(path, directory)
    return directory


def run_recoll(root, home):
    """Wall seconds of recollindex, or None where it is not installed."""
    if not shutil.which("recollindex"):
        return None
    home.mkdir()
    (home / "recoll.conf").write_text(RECOLL.format(root=root, home=home))
    begin = time.monotonic()
    subprocess.run(["recollindex"], env={**os.environ, "RECOLL_CONFDIR": str(home)}, capture_output=True, check=True)
    return time.monotonic() - begin


def run_trawl(root, home, converters):
    """(wall seconds, daemon's peak RSS, converters' RSS, indexed and other states, failures, CPU)"""
    daemon = make_daemon(home, root, converters=converters)
    took = start_and_sync(daemon)
    result = {
        "took": took,
        "peak": trawl.process_status(daemon.pid, "VmHWM") / 1024,
        "converters": family_rss(daemon.pid),
        "files": daemon.status()["files"],
        "reasons": Counter(f["reason"] for f in daemon.call("failures", limit=10000)),
        "cpu": cpu_by_thread(daemon.pid),
    }
    daemon.stop()
    return result


def one_set(name, root, home, converters, recoll):
    """Cold runs with one set of converters, interleaved with the same converters alone."""
    alone, ours = [], []
    for i in range(ROUNDS):
        alone.append(run_alone(root, converters, 2)[0])
        result = run_trawl(root, home / f"{name}{i}", converters)
        ours.append(result["took"])
    line(name, f"{min(ours):.2f}", f"{min(alone):.2f}", f"{result['peak']:.0f}", f"{result['converters']:.0f}")
    print(f"    states {result['files']}, failures {dict(result['reasons'])}; CPU s "
          + ", ".join(f"{n} {s:.1f}" for n, s in sorted(result["cpu"].items(), key=lambda x: -x[1]) if s >= 0.1))
    figures[f"office_{name}"] = {"trawl_s": ours, "alone_s": alone, "peak_mib": result["peak"], "recoll_s": recoll}
    return min(ours), min(alone)


def bench():
    title("Office: 1,374 documents of nine types, cold index, warm cache")
    root = CORPUS / "office"
    warm_cache(root)
    with Scratch() as home:
        recoll = run_recoll(root, home / "recoll")
        line("", "trawl, s", "alone, s", "peak, MiB", "conv., MiB")
        mupdf = (trawl.BUILD / "trawl-convert-mupdf").exists()
        sets = [("poppler", without_mupdf(home))] + ([("mupdf", trawl.CONVERTERS_D)] if mupdf else [])
        for name, converters in sets:
            ours, alone = one_set(name, root, home, converters, recoll)
            verdict(f"office, {name}: to its converters alone", ours / alone, 1.15, "x")
    print(f"  recollindex: {f'{recoll:.1f} s' if recoll else 'not installed, not compared'}")
    if recoll and mupdf:
        verdict("office, mupdf: to Recoll", ours / recoll, 0.5, "x")
