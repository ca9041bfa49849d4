"""Bad documents: each ends as the right row, the rest of the tree is indexed, nothing is left over."""

import os
import time

import pytest

import trawl
from trawl import patience, wait_for, write

# The smallest PDF that poppler reads: one page with one line of text.
def pdf(text):
    stream = f"BT /F1 24 Tf 72 720 Td ({text}) Tj ET".encode()
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(stream), stream),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        b"<</Title(Curious Title)/Author(Ada Author)>>",
    ]
    out, offsets = bytearray(b"%PDF-1.4\n"), []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % o for o in offsets)
    out += b"trailer<</Size %d/Root 1 0 R/Info 6 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, table)
    return bytes(out)


@pytest.fixture
def neighbours(daemon):
    """Twenty good files around every bad one; checked at the end, as are the daemon's descriptors and children."""
    for i in range(20):
        write(daemon.root / f"d{i % 4}" / f"good{i}.txt", f"neighbour number{i}")

    class Neighbours:
        def settle(self):
            """Starts, indexes the good files, and remembers what the daemon then holds."""
            daemon.start()
            daemon.sync()
            write(daemon.root / "warm.txt", "warm")  # one live file, so that the live worker has its converter too
            daemon.sync()
            self.before = daemon.resources()
            return daemon

        def check(self):
            assert daemon.search("neighbour", limit=1)["total"] == 20
            descriptors, threads, children = self.before
            # Each of the three workers keeps one persistent converter of each of three families, with a socket.
            daemon.check_resources((descriptors + 9, threads, children + 9))
            # One that has just ended is a zombie until its parent has heard of it, which is soon.
            wait_for(lambda: all("sleep" not in trawl.cmdline(pid) and trawl.process_state(pid) != "Z"
                                 for pid in trawl.descendants_of(daemon.pid)), 5, "no sleeper and no zombie is left")

    return Neighbours()


def fails(daemon, name, reason, seconds=30):
    """After a sync, the file is a failure with this reason, in `failures` and in `explain` alike."""
    daemon.sync(seconds)
    row = daemon.failures()[daemon.absolute(name)]
    assert row["reason"] == reason, row
    verdict = daemon.explain(name)
    assert reason in str(verdict) or verdict["verdict"] == reason, verdict
    assert verdict["sentence"].strip(), verdict
    return row


# --- documents -------------------------------------------------------------------------------------------------------

def test_a_good_pdf(neighbours):
    daemon = neighbours.settle()
    write(daemon.root / "good.pdf", pdf("platypus inside"))
    daemon.sync()
    [hit] = daemon.search("platypus")["hits"]
    assert trawl.path_of(hit) == daemon.absolute("good.pdf")
    assert hit["title"] == "Curious Title" and hit["type"] == "application/pdf"
    assert daemon.found('title:curious') == {daemon.absolute("good.pdf")}
    assert daemon.found('author:ada') == {daemon.absolute("good.pdf")}
    neighbours.check()


@pytest.mark.parametrize("content", [
    b"%PDF-1.4\nthis is damaged\n%%EOF\n", b"", b"%PDF-1.7\n" + bytes(range(256)) * 40,
    pdf("cut")[:200],
], ids=["garbage", "empty", "bytes", "cut"])
def test_a_damaged_pdf(neighbours, content):
    daemon = neighbours.settle()
    write(daemon.root / "bad.pdf", content)
    row = fails(daemon, "bad.pdf", "damaged")
    assert row["converter"] in ("pdf", "pdf-mupdf") and row["attempts"] <= 1 and row["next_try"] is None
    assert daemon.found("name:bad.pdf") == {daemon.absolute("bad.pdf")}
    [hit] = daemon.search("name:bad.pdf")["hits"]
    assert hit["document"] is False
    # Mended, it is found.
    write(daemon.root / "bad.pdf", pdf("mended platypus"))
    daemon.sync()
    assert daemon.found("mended") == {daemon.absolute("bad.pdf")}
    assert daemon.failures() == {}
    neighbours.check()


def test_a_pdf_that_is_html_inside(neighbours):
    daemon = neighbours.settle()
    write(daemon.root / "not-really.pdf",
          "<!DOCTYPE html><html><head><title>Impostor</title><script>hidden()</script></head>"
          "<body><p>wolf in clothing</p></body></html>")
    daemon.sync()
    assert daemon.failures() == {}
    [hit] = daemon.search("wolf")["hits"]
    assert hit["title"] == "Impostor" and hit["type"] == "text/html"
    assert daemon.found("hidden") == set()
    neighbours.check()


def test_an_empty_file(neighbours):
    daemon = neighbours.settle()
    write(daemon.root / "empty.txt", b"")
    daemon.sync()
    assert daemon.failures() == {}
    assert daemon.found("name:empty") == {daemon.absolute("empty.txt")}
    assert daemon.explain("empty.txt")["verdict"] == "indexed"
    neighbours.check()


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-8-sig", "latin-1", "cp1252", "koi8-r", "shift_jis"])
def test_encodings(neighbours, encoding):
    daemon = neighbours.settle()
    text = {
        "koi8-r": "Это обычный русский текст про кошку, которая сидела на окне и смотрела на улицу. " * 8,
        "shift_jis": "これは日本語の文章です。猫が窓の上に座って、外を見ています。今日はとても良い天気ですね。" * 8,
    }.get(encoding, "Die Straße führt über die Brücke zum Café; dort möchte Frau Müller die schönsten Äpfel. " * 8)
    word = {"koi8-r": "кошку", "shift_jis": None}.get(encoding, "Müller")
    data = text.encode(encoding)
    if encoding == "utf-16-le":
        data = "\ufeff".encode(encoding) + data
    write(daemon.root / "encoded.txt", data)
    daemon.sync()
    assert daemon.failures() == {}
    assert daemon.document("encoded.txt")["text"].split() == text.split()
    if word:
        assert daemon.found(word) == {daemon.absolute("encoded.txt")}
    neighbours.check()


@pytest.mark.parametrize("data", [
    bytes(range(256)) * 64, b"\x7fELF" + b"\0" * 4000, b"\x89PNG\r\n\x1a\n" + b"\0\1\2\3" * 500,
], ids=["bytes", "elf", "png"])
def test_binary_content_in_a_text_file(neighbours, data):
    daemon = neighbours.settle()
    write(daemon.root / "blob.txt", data)
    daemon.sync()
    assert daemon.explain("blob.txt")["verdict"] == "binary"
    assert daemon.failures() == {}, "binary content is skipped, it is no failure"
    [hit] = daemon.search("name:blob")["hits"]
    assert trawl.path_of(hit) == daemon.absolute("blob.txt") and hit["document"] is False
    neighbours.check()


def test_a_sparse_gigabyte(neighbours):
    daemon = neighbours.settle()
    with open(daemon.root / "sparse.txt", "wb") as f:
        f.write(b"head of the sparse file\n")
        f.truncate(1 << 30)
    begin = time.monotonic()
    daemon.sync(60)
    assert time.monotonic() - begin < patience(30)
    assert daemon.explain("sparse.txt")["verdict"] in ("too large", "binary")
    assert daemon.found("name:sparse") == {daemon.absolute("sparse.txt")}
    assert trawl.process_status(daemon.pid, "VmHWM") < 200 * 1024 or trawl.SANITIZED
    neighbours.check()


def test_a_file_over_the_limit(daemon):
    daemon.config["limits"]["file_size"] = "64K"
    daemon.start()
    write(daemon.root / "big.txt", "large words " * 10000)
    write(daemon.root / "fits.txt", "small words")
    daemon.sync()
    assert daemon.explain("big.txt")["verdict"] == "too large"
    assert daemon.found("words") == {daemon.absolute("fits.txt")}
    assert daemon.found("name:big") == {daemon.absolute("big.txt")}
    write(daemon.root / "big.txt", "small now")
    daemon.sync()
    assert daemon.found("small now") == {daemon.absolute("big.txt")}


def test_long_text_is_cut_and_marked(daemon):
    daemon.config["limits"]["text_size"] = "64K"
    daemon.start()
    text = "".join(f"é{i:06d} " for i in range(20000))
    write(daemon.root / "long.txt", text)
    daemon.sync()
    document = daemon.document("long.txt", limit=1 << 20)
    assert document["truncated"] is True
    size = len(document["text"].encode())
    assert 60 * 1024 <= size <= 64 * 1024 and text.startswith(document["text"].rstrip("\n"))
    assert daemon.found("é000001") and not daemon.found("é019999")
    assert daemon.failures() == {}


# --- converters ------------------------------------------------------------------------------------------------------

def test_a_converter_that_hangs(daemon, neighbours):
    daemon.converter("hang", "#!/bin/sh\nexec sleep 600\n", time="300ms")
    neighbours.settle()
    write(daemon.root / "a.hang", "x")
    row = fails(daemon, "a.hang", "timed_out")
    assert row["converter"] == "hang" and row["attempts"] >= 1
    neighbours.check()


def test_a_converter_that_ignores_sigterm(daemon, neighbours):
    daemon.converter("stubborn", "#!/bin/sh\ntrap '' TERM INT HUP XCPU\nwhile :; do sleep 0.1; done\n", time="300ms",
                     processes=4)
    neighbours.settle()
    write(daemon.root / "a.stubborn", "x")
    fails(daemon, "a.stubborn", "timed_out")
    neighbours.check()


def test_a_converter_that_ignores_sigterm_does_not_hold_the_daemon(daemon):
    daemon.converter("stubborn", "#!/bin/sh\ntrap '' TERM INT HUP XCPU\nwhile :; do sleep 0.1; done\n", time="10m",
                     processes=4)
    daemon.start()
    write(daemon.root / "a.stubborn", "x")
    wait_for(lambda: daemon.explain("a.stubborn")["verdict"] == "converting", 10)
    assert daemon.stop() < patience(10)


@pytest.mark.parametrize("how", ["kill -SEGV $$", "kill -KILL $$", "kill -ABRT $$", "exit 1", "exit 70"])
def test_a_converter_that_crashes(daemon, neighbours, how):
    daemon.converter("crash", f"#!/bin/sh\necho 'before the end' >&2\n{how}\n")
    neighbours.settle()
    write(daemon.root / "a.crash", "x")
    row = fails(daemon, "a.crash", "crashed")
    assert row["attempts"] >= 1
    assert "before the end" in str(daemon.explain("a.crash")), "its diagnostics are kept"
    neighbours.check()


def test_three_crashes_are_enough(daemon, neighbours):
    """Asked for again and again, it is launched three times, then left alone until it changes."""
    daemon.converter("crash", "#!/bin/sh\nkill -SEGV $$\n")
    neighbours.settle()
    path = write(daemon.root / "a.crash", "x")
    for _ in range(6):
        daemon.sync()
        os.utime(path)
    daemon.sync()
    wait_for(lambda: daemon.explain("a.crash")["verdict"] == "quarantined", 90, pause=0.2)
    assert daemon.failures()[path]["attempts"] == 3
    launched = daemon.counters()["conversions"]
    os.utime(path)
    daemon.sync()
    assert daemon.counters()["conversions"] == launched
    write(path, "other content")
    daemon.sync()
    assert daemon.counters()["conversions"] > launched
    neighbours.check()


def test_a_converter_that_prints_without_end(daemon, neighbours):
    daemon.config["limits"]["text_size"] = "256K"
    daemon.converter("flood", "#!/bin/sh\nexec yes endless\n", time="60s")
    neighbours.settle()
    write(daemon.root / "a.flood", "x")
    begin = time.monotonic()
    daemon.sync()
    assert time.monotonic() - begin < patience(10), "the limit ends it, not its time"
    assert daemon.found("endless") == {daemon.absolute("a.flood")}
    assert daemon.document("a.flood", limit=16)["truncated"] is True
    neighbours.check()


def test_diagnostics_without_end(daemon, neighbours):
    daemon.converter("noise", "#!/bin/sh\nexec yes noisy >&2\n", time="2s")
    neighbours.settle()
    write(daemon.root / "a.noise", "x")
    daemon.sync()
    row = daemon.failures()[daemon.absolute("a.noise")]
    assert row["reason"] in ("output_limit", "timed_out"), row
    assert len(str(daemon.explain("a.noise"))) < 16384
    neighbours.check()


def test_a_grandchild_that_holds_stdout(daemon, neighbours):
    """The process's end decides, not the end of its output; and the grandchild goes too."""
    daemon.converter("grand", "#!/bin/sh\necho 'grandparent says'\nsleep 600 &\nexit 0\n", time="60s", processes=8)
    neighbours.settle()
    write(daemon.root / "a.grand", "x")
    begin = time.monotonic()
    daemon.sync()
    assert time.monotonic() - begin < patience(10)
    assert daemon.found("grandparent") == {daemon.absolute("a.grand")}
    wait_for(lambda: not any("sleep" in trawl.cmdline(p) for p in trawl.descendants_of(daemon.pid)), 5)
    neighbours.check()


def test_a_grandchild_in_a_session_of_its_own(daemon, neighbours):
    daemon.converter("grand", "#!/bin/sh\necho 'grandparent says'\nsetsid sleep 600 &\nsleep 0.2\nexit 0\n",
                     time="60s", processes=8)
    neighbours.settle()
    write(daemon.root / "a.grand", "x")
    daemon.sync()
    assert daemon.found("grandparent") == {daemon.absolute("a.grand")}
    wait_for(lambda: not any("sleep" in trawl.cmdline(p) for p in trawl.descendants_of(daemon.pid)), 5,
             "the grandchild is gone")
    neighbours.check()


def test_a_converter_that_is_not_installed(daemon, neighbours):
    daemon.converter("absent", ["trawl-no-such-program", "-"])
    neighbours.settle()
    write(daemon.root / "a.absent", "x")
    daemon.sync()
    assert daemon.explain("a.absent")["verdict"] == "unavailable"
    assert daemon.status()["files"]["unavailable"] == 1
    assert daemon.found("name:a.absent") == {daemon.absolute("a.absent")}
    neighbours.check()


def test_a_persistent_converter_that_dies_takes_one_document_with_it(daemon, neighbours):
    """It serves others again, in a new process."""
    daemon.converter("frail", FRAIL, serve=True)
    neighbours.settle()
    for i in range(10):
        write(daemon.root / f"{i}.frail", f"frail{i}")
    write(daemon.root / "die.frail", "please die")
    daemon.sync()
    assert daemon.failures()[daemon.absolute("die.frail")]["reason"] == "crashed"
    assert set(daemon.failures()) == {daemon.absolute("die.frail")}
    assert daemon.found("frail*") >= {daemon.absolute(f"{i}.frail") for i in range(10)}
    neighbours.check()


# A persistent converter in Python: text as it is, and an end without a word on request.
FRAIL = r"""#!/usr/bin/python3 -S
import os, socket, struct
channel = socket.socket(fileno=3)
while True:
    request, fds, _, _ = socket.recv_fds(channel, 1 << 16, 1)
    if not request:
        break
    content = os.read(fds[0], 1 << 20)
    for fd in fds:
        os.close(fd)
    if b"please die" in content:
        os.kill(os.getpid(), 9)
    for kind, payload in ((b"T", content), (b"D", b'{"status":0}')):
        channel.sendall(kind + struct.pack("<I", len(payload)) + payload)
"""
