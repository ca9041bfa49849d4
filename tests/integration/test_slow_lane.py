"""Slow converters: their documents come later, and nothing waits for them."""

import os
import time

import pytest

import trawl
from box import store
from trawl import patience, wait_for, write

# Takes its time, and leaves a line for each of its documents.
SLOW = r"""#!/usr/bin/python3 -SE
import os, sys, time
text = os.read(0, 1 << 20).decode()
time.sleep(float(text.split()[0]))
if "silent" in text:
    sys.exit(66)
if "crash" in text:
    os.abort()
print("read out of " + text, end="")
"""


@pytest.fixture
def pictures(daemon):
    """*.pix: a normal converter that says what it is, a slow one that reads it."""
    daemon.converter("pix", "#!/bin/sh\necho a picture\n", extensions="pix")
    daemon.converter("reader", SLOW, extensions="pix pax", lane="slow")
    return daemon.start()


def text_of(daemon, name):
    return daemon.document(name)["text"]


def read(daemon, name):
    return text_of(daemon, name).startswith("read out of")


def waiting(daemon):
    return store(daemon, "SELECT count(*) FROM slow WHERE tried = 0")[0][0]


def test_the_normal_document_is_there_first(pictures):
    write(pictures.root / "a.pix", "0.5 herring")
    pictures.sync()
    assert text_of(pictures, "a.pix") == "a picture\n"
    wait_for(lambda: read(pictures, "a.pix"), 10)
    assert text_of(pictures, "a.pix") == "read out of 0.5 herring"
    assert pictures.found("herring") == {pictures.absolute("a.pix")} and pictures.found("picture") == set()
    # What was read once is there at once where it comes again.
    runs = pictures.counters()["conversions"]
    write(pictures.root / "copy.pix", "0.5 herring")
    os.utime(pictures.root / "a.pix", (1, 1))
    pictures.sync()
    assert read(pictures, "copy.pix") and read(pictures, "a.pix")
    assert pictures.counters()["conversions"] == runs


def test_nothing_waits_for_it(pictures):
    for i in range(20):
        write(pictures.root / f"{i}.pix", f"0.4 sardine {i}")
    began = time.monotonic()
    pictures.sync()
    assert time.monotonic() - began < patience(3)
    slowest = 0.0
    for i in range(10):
        began = time.monotonic()
        write(pictures.root / "live.txt", f"live words {i}")
        pictures.sync()
        slowest = max(slowest, time.monotonic() - began)
        assert pictures.document("live.txt")["text"] == f"live words {i}"
        time.sleep(0.1)
    assert slowest < patience(1) and waiting(pictures) > 5
    assert [w["lane"] for w in pictures.status()["workers"]].count("slow") == 1
    wait_for(lambda: waiting(pictures) == 0, 30)
    assert len(pictures.found("sardine")) == 20


def test_it_goes_on_after_a_restart_and_repeats_nothing(pictures):
    write(pictures.root / "first.pix", "0.1 cod")
    write(pictures.root / "none.pix", "0.1 silent")
    write(pictures.root / "bad.pix", "0.1 crash")
    pictures.sync()
    wait_for(lambda: waiting(pictures) == 0, 10)
    for i in range(5):
        write(pictures.root / f"{i}.pix", f"0.3 turbot {i}")
    pictures.sync()
    began = time.monotonic()
    pictures.stop()
    assert time.monotonic() - began < patience(5)
    pictures.start()
    wait_for(lambda: waiting(pictures) == 0, 20)
    pictures.sync()
    assert len(pictures.found("turbot")) == 5 and read(pictures, "first.pix")
    assert text_of(pictures, "none.pix") == text_of(pictures, "bad.pix") == "a picture\n"
    assert pictures.counters()["conversions"] <= 5, "those that were read, or had nothing to read, are not tried again"


def test_an_edit_while_it_reads(pictures):
    write(pictures.root / "a.pix", "1.0 old words")
    pictures.sync()
    time.sleep(0.2)
    write(pictures.root / "a.pix", "0.1 new words")
    pictures.sync()
    wait_for(lambda: read(pictures, "a.pix"), 10)
    assert text_of(pictures, "a.pix") == "read out of 0.1 new words"
    time.sleep(1)
    assert text_of(pictures, "a.pix") == "read out of 0.1 new words"
    assert pictures.found("old") == set()


def test_deleted_while_it_reads(pictures):
    write(pictures.root / "a.pix", "0.5 haddock")
    pictures.sync()
    os.unlink(pictures.root / "a.pix")
    pictures.sync()
    time.sleep(0.7)
    assert pictures.found("haddock") == set() and store(pictures, "SELECT * FROM slow") == []


def test_a_type_that_nobody_else_names(pictures):
    write(pictures.root / "a.pax", "0.1 plaice")
    pictures.sync()
    assert text_of(pictures, "a.pax") == "0.1 plaice", "the converter of all other names"
    wait_for(lambda: read(pictures, "a.pax"), 10)


def test_pause(pictures):
    pictures.call("pause")
    pictures.call("resume")
    write(pictures.root / "a.pix", "0.1 dab")
    pictures.sync()
    pictures.call("pause")
    write(pictures.root / "b.txt", "words")
    pictures.call("resume")
    wait_for(lambda: read(pictures, "a.pix"), 10)


def test_it_comes_and_goes(daemon):
    daemon.converter("pix", "#!/bin/sh\necho a picture\n", extensions="pix")
    daemon.converter("reader", [daemon.programs / "late-reader"], extensions="pix", lane="slow")
    daemon.start()
    write(daemon.root / "a.pix", "0.1 dab")
    daemon.sync()
    assert text_of(daemon, "a.pix") == "a picture\n" and daemon.status()["files"]["unavailable"] == 0
    program = daemon.programs / "late-reader"
    program.write_text(SLOW)
    program.chmod(0o755)
    daemon.reload()
    wait_for(lambda: read(daemon, "a.pix"), 10)
    program.unlink()
    daemon.reload()
    wait_for(lambda: text_of(daemon, "a.pix") == "a picture\n", 10)
