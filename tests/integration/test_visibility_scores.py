"""What a caller cannot open shows in nothing that is computed either: scores, cursors, what copies share.

The same is asked before and after something hidden is there; but for clocks and times the replies must be equal.
"""

import contextlib
import gzip
import os

import pytest

from test_visibility import CALLERS, SERVICE, World, pytestmark, run_as_service  # noqa: F401 (pytestmark: as there)

OTHER = CALLERS[5]
FACETS = ["type", "ext", "year", "root", "author", "folder"]


@pytest.fixture
def world(make_daemon):
    daemon = make_daemon()
    daemon.home.chmod(0o711)
    daemon.config["daemon"]["mode"] = "system"
    for path in (daemon.state, daemon.home):
        os.chown(path, SERVICE, SERVICE)
    w = World(daemon)
    w.directory("private", 0o700)
    run_as_service(daemon)
    yield w
    w.close()


def answer(w, **params):
    result = w.client(OTHER).call("search", max_age_ms=0, **params)
    if "cursor" in result:  # its fifth word is the second it was made in
        words = result["cursor"].split(".")
        result["words"] = words[:4] + words[5:]
    return {key: value for key, value in result.items() if key not in ("clock", "took_ms", "age_ms", "cached")}


def lasting(reply):
    return {key: value for key, value in reply.items() if key != "cursor"}


@contextlib.contextmanager
def nothing_shows(w, questions):
    w.sync()
    before = [lasting(answer(w, **q)) for q in questions]
    assert any(r["total"] for r in before)
    yield
    w.sync()
    for question, reply in zip(questions, before):
        assert lasting(answer(w, **question)) == reply, question


def every_way(queries):
    return [{"query": q, "limit": 1, "explain": True, "facets": FACETS, **more} for q in queries
            for more in ({}, {"sort": "time"}, {"sort": "name"}, {"group": True}, {"limit": 10})]


QUERIES = ["common hidden", "common OR hidden", "common guessed", "guessed OR common", "hidden OR name:*.txt",
           "(common guessed) OR (hidden word)", "common -hidden", "hid* OR common", "common ext:txt", "guessed size:>0 common"]


def test_words_of_others_change_no_score_and_no_cursor(world):
    for i in range(4):
        world.file(f"open/{i}.txt", content=f"common alpha {'beta ' * i}guessed {i}")
    world.file("open/guessed.txt", content="common and no more")  # by its name and its text
    with nothing_shows(world, every_way(QUERIES)):
        for i in range(3):
            world.file(f"private/{i}.txt", content=f"hidden common guessed guessed {i} " + "a longer text " * 500)


def test_words_of_others_are_in_no_later_page(world):
    for i in range(6):
        world.file(f"open/{i}.txt", content=f"common {'beta ' * i}guessed {i}")
    world.sync()
    for group in (False, True):
        first = answer(world, query="common OR hidden OR guessed", limit=2, group=group)
        with nothing_shows(world, [{"query": "common OR hidden OR guessed", "limit": 2, "group": group,
                                    "cursor": first["cursor"]}]):
            world.file(f"private/{group}.txt", content=f"hidden common guessed {group}")


def test_the_name_of_a_hidden_copy_changes_no_score(world):
    world.file("open/a.txt", content="shared content of two")
    world.file("open/b.txt", content="shared other")
    with nothing_shows(world, every_way(["shared OR hiddenname", "shared hiddenname", "shared -hiddenname", "shared content",
                                         "content OR (shared hiddenname)"])):
        world.file("private/hiddenname.txt", content="shared content of two")
        world.directory("private/hiddenname")


def test_a_hidden_copy_names_no_part(world):
    """What a compressed file holds is called after the file: but its document is that of all copies."""
    data = gzip.compress(b"packed words", mtime=0)
    world.file("private/hiddenname.secret.txt.gz", content=data)
    world.sync()
    path = world.file("open/public.md.gz", content=data)
    world.sync()
    client = world.client(OTHER)
    hit, = answer(world, query="packed words")["hits"]
    assert hit["path"] == path and hit["document"]
    part, = client.call("parts", path=path)["parts"]
    assert part["part"] == hit["part"] and part["type"] == "text/plain"
    assert client.call("document", path=path, part=part["part"])["text"] == "packed words"
    assert answer(world, query="hiddenname OR secret")["total"] == 0
    for line in client.raw_lines:
        assert b"hiddenname" not in line.replace(b"hiddenname OR secret", b"") and b"secret" not in line
