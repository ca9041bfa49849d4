"""Every document of tests/data, under its name, under a wrong one and under none: found by its words, and by nothing else."""

import os
import shutil
import tempfile
from pathlib import Path

import pytest

import trawl
from formats import FORMATS, types_by_extension

TYPES = types_by_extension()


def _daemon_over(lay_out):
    """A daemon that has indexed what `lay_out` put into its root; one for all tests of this file."""
    home = Path(tempfile.mkdtemp(prefix="trawl-", dir=os.environ.get("TRAWL_TEST_DIR") or "/dev/shm"))
    daemon = trawl.Daemon(home)
    lay_out(daemon.root)
    try:
        daemon.start()
        daemon.sync(300)
        yield daemon
        daemon.finish()
    finally:
        if daemon.process is not None:
            daemon.kill()
        shutil.rmtree(home)


def _copy(row, target):
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(row.file, target)


@pytest.fixture(scope="module")
def library():
    def lay_out(root):
        for row in FORMATS:
            _copy(row, root / row.path)
    yield from _daemon_over(lay_out)


def places_of(daemon, phrase):
    """(file, part) of everything that has the phrase."""
    found = set()
    for hit in daemon.search(f'"{phrase}"', limit=1000)["hits"]:
        for entry in hit["paths"]:
            found.add((os.fsdecode(trawl.path_of(entry)), "/".join(entry.get("part", hit["part"]))))
    return found


def rows_with(attribute):
    return [row for row in FORMATS if getattr(row, attribute)]


# --- under their names -----------------------------------------------------------------------------------------------

@pytest.mark.parametrize("row", rows_with("found"), ids=str)
def test_words_are_found(library, row):
    path = os.fspath(library.root / row.path)
    for phrase in row.found:
        assert (path, "") in places_of(library, phrase), phrase


@pytest.mark.parametrize("row", rows_with("absent"), ids=str)
def test_what_is_no_text_is_not_found(library, row):
    path = os.fspath(library.root / row.path)
    for phrase in row.absent:
        assert not [p for p in places_of(library, phrase) if p[0] == path], phrase


@pytest.mark.parametrize("row", [row for row in FORMATS if not row.failed.get("")], ids=str)
def test_what_is_known_about_it(library, row):
    known = library.document(row.path)
    if row.title:
        assert known["title"] == row.title
    if row.author:
        assert known["author"] == row.author
    if row.pages:
        assert known["meta"]["pages"] == row.pages
    for key, value in row.meta.items():
        assert value in known["meta"][key]
    expected = row.type or TYPES.get(row.extension)
    assert expected is None or known["type"] == expected


@pytest.mark.parametrize("row", rows_with("parts"), ids=str)
def test_parts_are_hits_of_their_own(library, row):
    path = os.fspath(library.root / row.path)
    for part, phrase in row.parts.items():
        assert (path, part) in places_of(library, phrase)
        assert phrase.split()[0] in library.document(row.path, part=part.split("/"))["text"]


@pytest.mark.parametrize("row", rows_with("failed"), ids=str)
def test_what_cannot_be_read_says_why(library, row):
    path = os.fspath(library.root / row.path)
    failures = {"/".join(entry.get("part", [])): entry["reason"] for entry in library.call("failures", limit=1000)
                if os.fsdecode(trawl.path_of(entry)) == path}
    assert {part: failures.get(part) for part in row.failed} == row.failed


# --- under other names -----------------------------------------------------------------------------------------------

# Text themselves: a name that says text is believed.
READABLE = {"fodt", "fods", "fodp", "fb2"}


def _misnamed():
    """(row, name) with an extension that says something else, and with none."""
    for row in FORMATS:
        if row.failed or not (row.found or row.parts):
            continue
        yield row, "document"
        yield row, "document.pdf" if row.extension in ("docx", "doc", "zip") else "document.docx"
        if row.path.split("/")[0] not in ("text", "web", "mail") and row.extension not in READABLE:
            yield row, "document.txt"


MISNAMED = list(_misnamed())


def _place(root, row, name):
    return root / row.path.replace("/", "-").replace(".", "-") / name


@pytest.fixture(scope="module")
def misnamed():
    def lay_out(root):
        for row, name in MISNAMED:
            _copy(row, _place(root, row, name))
    yield from _daemon_over(lay_out)


@pytest.mark.parametrize("row,name", MISNAMED, ids=lambda v: str(v))
def test_a_wrong_name_is_no_obstacle(misnamed, row, name):
    path = os.fspath(_place(misnamed.root, row, name))
    phrase = row.found[0] if row.found else next(iter(row.parts.values()))
    assert path in {p for p, _ in places_of(misnamed, phrase)}, misnamed.explain(path)
