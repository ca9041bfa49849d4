"""Documents made to hurt: each ends within two seconds over the limits, in bounded memory, and its failure names the limit."""

import os
import threading
import time

import pytest

import bombs
import trawl
from trawl import patience, process_status, write

# The longest time that any converter here has, from conf/converters.d, and what it may be over it.
LIMIT, OVER = 300, 2
# What none of these needs, however large it pretends to be.
DAEMON_KIB, CONVERTER_KIB = 512 << 10, 768 << 10


class Meter:
    """The most memory that any process below the daemon had, sampled while it works."""

    def __init__(self, daemon):
        self.daemon, self.most, self.done = daemon, {}, threading.Event()
        self.thread = threading.Thread(target=self._run)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *exc):
        self.done.set()
        self.thread.join()

    def _run(self):
        while not self.done.wait(0.02):
            for pid in trawl.descendants_of(self.daemon.pid):
                try:
                    self.most[pid] = process_status(pid, "VmHWM")
                except (OSError, AttributeError):  # it ended meanwhile
                    pass


def explode(daemon, name, data, seconds=60):
    """Indexes one bomb and returns (reasons of its failures, details in one string)."""
    if daemon.process is None:
        daemon.start()
    path = daemon.root / name
    began = time.monotonic()
    with Meter(daemon) as meter:
        write(path, data)
        with daemon.connect(timeout=LIMIT + OVER) as client:
            client.call("sync", timeout_ms=(LIMIT + OVER) * 1000)
    took = time.monotonic() - began
    assert took < patience(seconds), f"{name} took {took:.1f} s"
    if not trawl.SANITIZED:
        assert process_status(daemon.pid, "VmHWM") < DAEMON_KIB, "the daemon's memory"
        assert max(meter.most.values(), default=0) < CONVERTER_KIB, "a converter's memory"
    found = [row for row in daemon.call("failures", limit=1000) if trawl.path_of(row) == os.fsencode(path)]
    print(f"{name}: {len(data)} bytes, {took:.2f} s, {[(r['reason'], r.get('detail'), r.get('part')) for r in found][:3]}")
    return {row["reason"] for row in found}, " ".join(row.get("detail") or "" for row in found)


def check_well(daemon):
    """A document that comes after it is indexed."""
    write(daemon.root / "well.txt", "an undamaged flounder")
    daemon.sync(30)
    assert os.fsencode(daemon.root / "well.txt") in daemon.found("flounder")


# --- archives --------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("kind", sorted(bombs.PACKERS))
def test_ten_gigabytes_of_words(daemon, kind):
    reasons, details = explode(daemon, f"words.{kind}", bombs.packed(kind, b"sardine\n", 10 << 30))
    assert reasons and reasons <= {"limit", "too_large"}
    assert any(key in details for key in ("part_ratio", "part_bytes", "file_size")), details
    check_well(daemon)


@pytest.mark.parametrize("kind", sorted(bombs.PACKERS))
def test_ten_gigabytes_of_zeros(daemon, kind):
    """Which are a tar file at its end: to find no member in it is right too."""
    reasons, _ = explode(daemon, f"zeros.{kind}", bombs.packed(kind, b"\0", 10 << 30))
    assert reasons <= {"limit", "too_large"}
    check_well(daemon)


def test_archives_in_archives(daemon):
    reasons, details = explode(daemon, "42.zip", bombs.nested(16, 5))
    assert "limit" in reasons
    assert any(key in details for key in ("parts", "part_ratio", "part_bytes")), details
    check_well(daemon)


def test_a_doll_of_a_hundred_archives(daemon):
    reasons, details = explode(daemon, "doll.zip", bombs.doll(100))
    assert reasons == {"limit"} and "part_depth" in details
    assert not daemon.found("eel")
    check_well(daemon)


def test_a_doll_within_the_depth_is_opened(daemon):
    reasons, _ = explode(daemon, "doll.zip", bombs.doll(8))
    assert not reasons
    assert daemon.found('"innermost eel"') == {os.fsencode(daemon.root / "doll.zip")}


def test_an_archive_that_holds_itself(daemon):
    reasons, details = explode(daemon, "quine.zip", bombs.quine())
    assert reasons == {"limit"} and "itself" in details
    check_well(daemon)


# --- markup ----------------------------------------------------------------------------------------------------------

DOCUMENT = f'<w:document {bombs.W}><w:body><w:p><w:r><w:t>%s</w:t></w:r></w:p></w:body></w:document>'
CONTENT = (f'<office:document-content xmlns:office="{bombs.OFFICE}office:1.0" xmlns:text="{bombs.OFFICE}text:1.0"><office:body>'
           f'<office:text><text:p>%s</text:p></office:text></office:body></office:document-content>')
DRAWING = '<svg xmlns="http://www.w3.org/2000/svg"><text>%s</text></svg>'
XML = {
    "docx": lambda entities: bombs.docx(entities("w:document", DOCUMENT)),
    "odt": lambda entities: bombs.odt(entities("office:document-content", CONTENT)),
    "svg": lambda entities: entities("svg", DRAWING),
}


@pytest.mark.parametrize("entities", [bombs.laughs, bombs.squares])
@pytest.mark.parametrize("kind", sorted(XML))
def test_entities_that_multiply(daemon, kind, entities):
    reasons, details = explode(daemon, f"laughs.{kind}", XML[kind](entities), seconds=5)
    assert reasons <= {"damaged", "limit"} and reasons
    assert "entit" in details or "amplification" in details, details
    check_well(daemon)


def test_an_office_document_of_three_gigabytes(daemon):
    reasons, details = explode(daemon, "wide.docx", bombs.docx_of_paragraphs(3 << 30), seconds=62)
    assert reasons == {"limit"}, (reasons, details)
    assert "times" in details or "bytes" in details or "MiB" in details, details
    check_well(daemon)


# --- sheets ----------------------------------------------------------------------------------------------------------

def test_a_million_empty_rows_repeated(daemon):
    reasons, _ = explode(daemon, "wide.ods", bombs.ods_of_empty_rows(1_000_000, 1000), seconds=5)
    assert not reasons
    assert daemon.found('"first sardine" "last sardine"') == {os.fsencode(daemon.root / "wide.ods")}
    assert len(daemon.document("wide.ods")["text"]) < 1000


def test_a_million_empty_rows_written_down(daemon):
    reasons, _ = explode(daemon, "wide.xlsx", bombs.xlsx_of_empty_rows(1_000_000), seconds=20)
    assert not reasons
    assert daemon.found('"first sardine" "last sardine"') == {os.fsencode(daemon.root / "wide.xlsx")}
    assert len(daemon.document("wide.xlsx")["text"]) < 1000
