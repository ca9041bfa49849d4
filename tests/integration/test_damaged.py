"""Damaged copies of every document of tests/data: each is indexed or says why not, and nothing else suffers.

Cut short at several points, and with single bits flipped by a seeded generator: 200 copies of each document where
TRAWL_FULL is set, a few of each otherwise.  In a sanitizer build a report of a converter fails the test too.
"""

import os
import random

import pytest

import trawl
from formats import FORMATS
from trawl import patience

FLIPS = 200 if trawl.FULL else 12
CUTS = (0, 1, 7, 0.1, 0.5, 0.9, 0.99, -1)
# A copy of one of these is a hundred times the others; bits that matter lie in all.
LARGE = 100_000

DOCUMENTS = sorted({row.path: row for row in FORMATS}.values(), key=lambda row: row.path)
GROUPS = sorted({row.path.split("/")[0] for row in DOCUMENTS if "/" in row.path})

# How a document may end, as `failures` says it.  Crashes and time-outs are recorded too, and are what this test is
# here to find.
EXPECTED = {"damaged", "binary", "encrypted", "limit", "no_converter", "too_large"}


def cut(data):
    """(name, bytes): ends missing."""
    sizes = {int(len(data) * where) if isinstance(where, float) else where % len(data) for where in CUTS}
    for n in sorted(sizes):
        yield f"cut{n}", data[:n]


def flip(data, path):
    """(name, bytes): in each one bit, or in every fourth eight of them, is another."""
    dice = random.Random(f"trawl {path}")
    for i in range(FLIPS if len(data) < LARGE else FLIPS // 4):
        changed = bytearray(data)
        for _ in range(8 if i % 4 == 3 else 1):
            at = dice.randrange(len(changed))
            changed[at] ^= 1 << dice.randrange(8)
        yield f"flip{i}", bytes(changed)


def lay_out(root, row):
    """Writes the damaged copies of one document; how many."""
    data = row.file.read_bytes()
    directory = root / row.path.replace("/", "-")
    directory.mkdir()
    count = 0
    for name, copy in (*cut(data), *flip(data, row.path)):
        (directory / f"{name}-{row.name}").write_bytes(copy)
        count += 1
    return count


def failed_files(daemon):
    """{path: [reason, …]}: of files and of their parts."""
    found, offset = {}, 0
    while True:
        rows = daemon.call("failures", limit=1000, offset=offset)
        for row in rows:
            found.setdefault(trawl.path_of(row), []).append(row)
        if len(rows) < 1000:
            return found
        offset += len(rows)


@pytest.mark.parametrize("group", GROUPS)
def test_damaged_copies(daemon, group):
    rows = [row for row in DOCUMENTS if row.path.startswith(group + "/")]
    count = sum(lay_out(daemon.root, row) for row in rows)
    daemon.start()
    pid = daemon.pid
    with daemon.connect(timeout=600) as client:
        client.call("sync", timeout_ms=600_000)
    assert daemon.pid == pid and daemon.process.poll() is None

    files = daemon.status()["files"]
    assert files["pending"] == 0 and files["unavailable"] == 0, files
    assert sum(files.values()) == count, files
    bad = {path: [(r["reason"], r.get("detail"), r.get("part")) for r in reasons if r["reason"] not in EXPECTED]
           for path, reasons in failed_files(daemon).items()}
    bad = {path: reasons for path, reasons in bad.items() if reasons}
    assert not bad, bad
    # Everything said what became of it.
    for path in daemon.listing():
        assert daemon.explain(path)["verdict"] in {"indexed", "failed", "binary", "no converter", "too large", "skipped"}, \
            daemon.explain(path)
    # And the daemon is well: an undamaged document is found at once.
    trawl.write(daemon.root / "well.txt", "an undamaged flounder")
    daemon.sync(patience(30))
    assert daemon.found("flounder") == {os.fsencode(daemon.root / "well.txt")}
