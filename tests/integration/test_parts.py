"""Parts as those who search see them: hits, filters, groups, text, verdicts; and what becomes of them with their files."""

import json
import os
import random
import shutil
import threading
import time

import pytest

import trawl
from box import box, check_parts, inner, install
from trawl import RpcError, patience, path_of, run, wait_for, write


@pytest.fixture
def boxes(daemon):
    install(daemon)
    yield daemon
    if daemon.process is not None:
        daemon.sync()
        check_parts(daemon)
        assert daemon.call("check") == {"ok": True, "report": ""}


@pytest.fixture
def tool(boxes):
    def tool(*args, **kwargs):
        environment = {**boxes.environment(), "TRAWL_SOCKET": os.fspath(boxes.socket_path)}
        return run([trawl.BUILD / "trawl", *args], env=environment, cwd=boxes.root, **kwargs)

    return tool


def places(daemon, query, **params):
    """Every place of every hit: (name of the file below the root, path of the part)."""
    params.setdefault("limit", 100000)
    result = daemon.search(query, **params)
    found = [place(daemon, p) for hit in result["hits"] for p in hit["paths"]]
    assert len(found) == len(set(found))
    assert result["total"] == len(result["hits"]) and result["total_exact"]
    return set(found)


def place(daemon, item):
    return os.fsdecode(os.path.relpath(path_of(item), os.fsencode(daemon.root))), "/".join(item.get("part", []))


def hit_of(daemon, query, **params):
    hits = daemon.search(query, **params)["hits"]
    assert len(hits) == 1
    return hits[0]


SAMPLE = box(
    ("part", "notes/one.txt", "herring and words"),
    ("part", "in.box", inner(("part", "deep.ink", "mackerel and words"), ("fail", "locked.ink", 77, "a password"),
                             text="sprat itself")),
    ("fail", "salmon-secret.txt", 77, "a password"),
    text="tuna itself", meta={"title": "Title of the box"})


# --- hits ------------------------------------------------------------------------------------------------------------

def test_a_part_is_a_hit(boxes):
    boxes.start()
    write(boxes.root / "a.box", SAMPLE)
    os.utime(boxes.root / "a.box", (1_700_000_000, 1_700_000_000))
    boxes.sync()
    hit = hit_of(boxes, "herring")
    assert path_of(hit) == boxes.absolute("a.box") and hit["part"] == ["notes", "one.txt"]
    assert (hit["name"], hit["size"], hit["type"], hit["mtime"]) == ("one.txt", 17, "text/plain", 1_700_000_000)
    assert hit["document"] is True and hit["offline"] is False
    assert hit["paths"] == [{"path": hit["path"], "part": ["notes", "one.txt"]}] and hit["paths_total"] == 1
    text, marks = hit["snippet"]["text"], hit["snippet"]["marks"]
    assert [text.encode()[at:at + n] for at, n in marks] == [b"herring"]
    assert hit_of(boxes, "mackerel")["part"] == ["in.box", "deep.ink"]
    assert hit_of(boxes, "sprat")["part"] == ["in.box"]
    own = hit_of(boxes, "tuna")
    assert own["part"] == [] and own["paths"] == [{"path": own["path"]}] and own["title"] == "Title of the box"
    assert places(boxes, "words") == {("a.box", "notes/one.txt"), ("a.box", "in.box/deep.ink")}


def test_a_part_without_text_is_found_by_its_name(boxes):
    boxes.start()
    write(boxes.root / "a.box", SAMPLE)
    boxes.sync()
    hit = hit_of(boxes, "salmon")
    assert hit["part"] == ["salmon-secret.txt"] and hit["document"] is False and hit["snippet"]["text"] == ""
    assert hit["type"] == "text/plain"
    assert places(boxes, "name:locked") == {("a.box", "in.box/locked.ink")}
    # The name of one with text counts as well, and it is one hit all the same.
    assert places(boxes, "one") == {("a.box", "notes/one.txt")}
    assert places(boxes, "one herring") == {("a.box", "notes/one.txt")}
    assert places(boxes, "herring -one") == set()
    assert places(boxes, "deep OR secret") == {("a.box", "in.box/deep.ink"), ("a.box", "salmon-secret.txt")}


def test_filters_look_at_the_part_or_at_its_file(boxes):
    boxes.start()
    write(boxes.root / "sub" / "a.box", SAMPLE)
    os.utime(boxes.root / "sub" / "a.box", (1_600_000_000, 1_600_000_000))
    write(boxes.root / "one.txt", "plain words")
    boxes.sync()
    one, deep, locked = (("sub/a.box", p) for p in ("notes/one.txt", "in.box/deep.ink", "in.box/locked.ink"))
    secret, whole, within = ("sub/a.box", "salmon-secret.txt"), ("sub/a.box", ""), ("sub/a.box", "in.box")
    plain = ("one.txt", "")
    for query, wanted in {
        "words ext:txt": {one, plain},
        "ext:ink": {deep, locked},
        "ext:box": {whole, within},
        "name:one": {one, plain},
        "name:*.ink": {deep, locked},
        "name:a.box": {whole},
        "words path:/sub/": {one, deep},
        "words -path:/sub/": {plain},
        "path:notes": set(),
        "path:a.box ext:txt": {one, secret},
        "words size:17": {one},
        "ext:txt size:<12": {plain, secret},
        "words type:text/plain": {one, plain},
        "type:octet-stream words": {deep},
        "type:octet-stream ext:ink": {deep, locked},
        "words before:2021-01-01": {one, deep},
        "words after:2021-01-01": {plain},
        "herring OR (ext:ink name:deep)": {one, deep},
        "words root:docs": {one, deep, plain},
        "-words": {whole, within, locked, secret},
    }.items():
        for more in ({}, {"sort": "time"}, {"sort": "name"}):
            assert places(boxes, query, **more) == wanted, (query, more)


def test_order(boxes):
    boxes.start()
    write(boxes.root / "b.box", box(("part", "c.txt", "words of some length"), ("part", "a.txt", "words")))
    write(boxes.root / "b.txt", "words again")
    os.utime(boxes.root / "b.txt", (1, 1))
    boxes.sync()

    def order(**params):
        return [(place(boxes, h)) for h in boxes.search("words", **params)["hits"]]

    a, b, c = ("b.box", "a.txt"), ("b.txt", ""), ("b.box", "c.txt")
    assert order(sort="name") == [a, b, c] and order(sort="name", order="desc") == [c, b, a]
    assert order(sort="path") == [a, c, b]
    assert order(sort="size") == [c, b, a]
    assert order(sort="time")[2] == b


def test_groups(boxes):
    boxes.start()
    write(boxes.root / "a.box", box(("many", 20, "%d.txt", "words %d"), ("part", "x.txt", "words words words kraken"),
                                    text="words in the box"))
    write(boxes.root / "copy.box", (boxes.root / "a.box").read_bytes())
    write(boxes.root / "one.txt", "words 1")
    write(boxes.root / "none.txt", "nothing")
    boxes.sync()
    result = boxes.search("words", group=True)
    hits = {place(boxes, h)[0] if h["part"] == [] else "box": h for h in result["hits"]}
    assert result["total"] == 2 == len(hits) and result["total_exact"]
    assert hits["one.txt"]["parts"] == 0 and [place(boxes, p) for p in hits["one.txt"]["paths"]] == [("one.txt", "")]
    assert hits["box"]["parts"] == 21
    assert {place(boxes, p)[0] for p in hits["box"]["paths"]} == {"a.box", "copy.box"}
    best = hit_of(boxes, "kraken", group=True)
    assert best["part"] == ["x.txt"] and best["parts"] == 1 and "kraken" in best["snippet"]["text"]
    # By name, the last of all that match.
    last = boxes.search("words ext:txt", group=True, sort="name", order="desc")["hits"]
    assert [(h["name"], h["parts"]) for h in last] == [("x.txt", 21), ("one.txt", 0)]
    assert boxes.search("words", group=False)["total"] == 22
    first = boxes.search("words", group=True, limit=1)
    second = boxes.search("words", group=True, limit=1, cursor=first["cursor"])
    assert first["hits"] + second["hits"] == result["hits"] and "cursor" not in second
    with pytest.raises(RpcError):
        boxes.search("words", limit=1, cursor=first["cursor"])


def test_many_parts_by_pages(boxes):
    boxes.start()
    write(boxes.root / "a.box", box(("many", 300, "dir/%d.txt", "words %d")))
    boxes.sync()
    for sort in ("relevance", "time", "size", "name", "path"):
        found, cursor = [], {}
        while True:
            page = boxes.search("words", sort=sort, limit=7, **cursor)
            assert page["total"] == 300
            found += [tuple(h["part"]) for h in page["hits"]]
            if "cursor" not in page:
                break
            cursor = {"cursor": page["cursor"]}
        assert len(found) == 300 and set(found) == {("dir", f"{i}.txt") for i in range(300)}
    assert boxes.status()["parts"] == {"indexed": 300, "failed": 0, "skipped": 0, "unavailable": 0}


def test_names(boxes):
    boxes.start()
    names = ["a b.txt", "-dash.txt", "new\nline.txt", "\u00c4ther \u65e5\u672c.txt", "quo\"te\\.txt", "\x1b[31m.txt",
             "deep/" * 50 + "x.txt", "n" * 250 + ".txt", "%s.txt", "..hidden.txt"]
    write(boxes.root / "a.box", box(*[("part", name, f"words {i}") for i, name in enumerate(names)],
                                    ("part", ["one/with", "slash.txt"], "words slash")))
    boxes.sync()
    wanted = {("a.box", name) for name in names} | {("a.box", "one/with/slash.txt")}
    assert places(boxes, "words") == wanted
    for _, part in wanted:
        found = boxes.document("a.box", part=part.split("/"))
        assert found["text"].startswith("words") and found["name"] == part.split("/")[-1]
        assert boxes.document("a.box", part=[part])["text"] == found["text"]
    assert places(boxes, "name:\u00e4THER") == {("a.box", names[3])}
    assert places(boxes, "\u00e4ther") == {("a.box", names[3])}


# --- text and verdicts -----------------------------------------------------------------------------------------------

def test_document(boxes):
    boxes.start()
    write(boxes.root / "a.box", SAMPLE)
    boxes.sync()
    deep = boxes.document("a.box", part=["in.box", "deep.ink"])
    assert deep["part"] == ["in.box", "deep.ink"] and deep["text"] == "mackerel and words" and deep["parts"] == 0
    assert (deep["type"], deep["converter"], deep["name"]) == ("application/octet-stream", "ink", "deep.ink")
    assert boxes.document("a.box", part=["in.box"])["parts"] == 2
    whole = boxes.document("a.box", part=[])
    assert whole["text"] == "tuna itself" and whole["parts"] == 5 and whole["part"] == []
    assert boxes.document("a.box", part=["in.box", "deep.ink"], offset=9, limit=3)["text"] == "and"
    for part in (["nowhere"], ["in.box", "locked.ink"], ["notes"], ["in.box", ""], ["in.box", "deep.ink", "x"]):
        with pytest.raises(RpcError) as caught:
            boxes.document("a.box", part=part)
        assert caught.value.word == "not_found"


def test_parts_are_listed(boxes):
    boxes.start()
    write(boxes.root / "a.box", SAMPLE)
    write(boxes.root / "plain.txt", "words")
    boxes.sync()
    path = trawl.path_param(boxes.absolute("a.box"))
    every = boxes.call("parts", path)
    assert every["total"] == 5 and every["failed"] == 2 and every["more"] is False
    assert [("/".join(p["part"]), p["state"], p.get("reason")) for p in every["parts"]] == [
        ("notes/one.txt", "indexed", None), ("in.box", "indexed", None), ("in.box/deep.ink", "indexed", None),
        ("in.box/locked.ink", "failed", "encrypted"), ("salmon-secret.txt", "failed", "encrypted")]
    some = boxes.call("parts", {**path, "limit": 2, "offset": 1})
    assert some["parts"] == every["parts"][1:3] and some["more"] is True
    assert boxes.call("parts", trawl.path_param(boxes.absolute("plain.txt")))["parts"] == []
    with pytest.raises(RpcError):
        boxes.call("parts", trawl.path_param(boxes.absolute("nowhere")))


def test_failures_and_verdicts(boxes):
    boxes.start()
    write(boxes.root / "a.box", SAMPLE)
    boxes.sync()
    rows = [r for r in boxes.call("failures") if r.get("part")]
    assert [(path_of(r), r["part"], r["reason"], r["detail"]) for r in rows] == [
        (boxes.absolute("a.box"), ["in.box", "locked.ink"], "encrypted", "a password"),
        (boxes.absolute("a.box"), ["salmon-secret.txt"], "encrypted", "a password")]
    assert boxes.call("failures", limit=1, offset=1) == rows[1:]
    whole = boxes.explain("a.box")
    assert whole["verdict"] == "indexed" and (whole["parts"], whole["parts_failed"]) == (5, 2)
    assert "with 5 parts, of which 2 failed" in whole["sentence"]

    def verdict(*part):
        return boxes.call("explain", {**trawl.path_param(boxes.absolute("a.box")), "part": part})

    deep = verdict("in.box", "deep.ink")
    assert (deep["verdict"], deep["converter"], deep["type"]) == ("indexed", "ink", "application/octet-stream")
    assert deep["part"] == ["in.box", "deep.ink"] and "in.box/deep.ink" in deep["sentence"]
    locked = verdict("in.box", "locked.ink")
    assert (locked["verdict"], locked["reason"], locked["detail"]) == ("failed", "encrypted", "a password")
    assert verdict("nowhere")["verdict"] == "absent"
    assert boxes.status()["parts"] == {"indexed": 3, "failed": 2, "skipped": 0, "unavailable": 0}


def test_on_the_command_line(boxes, tool):
    boxes.start()
    write(boxes.root / "a.box", SAMPLE)
    boxes.sync()
    where = os.fspath(boxes.root / "a.box")
    assert tool("search", "-l", "mackerel").stdout.decode() == f"{where}//in.box/deep.ink\n"
    assert tool("search", "-l", "--group", "mackerel").stdout.decode() == f"{where}\n"
    assert tool("search", "--group", "words").stdout.count(b"2 parts of it match") == 1
    for words in (("a.box", "--part", "in.box/deep.ink"), ("a.box//in.box/deep.ink",),
                  ("a.box", "--part", "in.box", "--part", "deep.ink")):
        assert tool("cat", *words).stdout == b"mackerel and words"
    listed = tool("cat", "--parts", "a.box").stdout.decode().splitlines()
    assert listed == ["notes/one.txt", "in.box", "in.box/deep.ink", "in.box/locked.ink", "salmon-secret.txt"]
    assert tool("cat", "a.box", "--part", "nowhere").returncode == 1
    assert b"of which 2 failed" in tool("why", "a.box").stdout
    assert b"a password" in tool("why", "a.box", "--part", "salmon-secret.txt").stdout
    assert tool("failures").stdout.count(f"{where}//".encode()) == 2
    assert b"parts     3 indexed, 2 failed" in tool("status").stdout


# --- files come and go -----------------------------------------------------------------------------------------------

def test_shared_with_others(boxes):
    boxes.start()
    write(boxes.root / "a.box", box(("part", "x.txt", "shared words"), text="a"))
    write(boxes.root / "b.box", box(("part", "y.txt", "shared words"), text="b"))
    write(boxes.root / "plain.txt", "shared words")
    boxes.sync()
    every = {("plain.txt", ""), ("a.box", "x.txt"), ("b.box", "y.txt")}
    hit = hit_of(boxes, "shared")
    assert {place(boxes, p) for p in hit["paths"]} == every and hit["paths_total"] == 3
    assert place(boxes, hit) == ("plain.txt", "") and hit["name"] == "plain.txt", "the file stands first"
    for gone in ("plain.txt", "a.box", "b.box"):
        os.unlink(boxes.root / gone)
        boxes.sync()
        every = {p for p in every if p[0] != gone}
        assert places(boxes, "shared") == every
        check_parts(boxes)


def test_rename_copy_and_edit(boxes):
    boxes.start()
    one, two = ("part", "one.ink", "first words"), ("part", "two.ink", "second words")
    write(boxes.root / "a.box", box(one, two))
    boxes.sync()
    runs = boxes.counters()["conversions"]
    (boxes.root / "sub").mkdir()
    os.rename(boxes.root / "a.box", boxes.root / "sub" / "b.box")
    boxes.sync()
    assert places(boxes, "words") == {("sub/b.box", "one.ink"), ("sub/b.box", "two.ink")}
    os.rename(boxes.root / "sub", boxes.root / "other")
    shutil.copy(boxes.root / "other" / "b.box", boxes.root / "c.box")
    os.utime(boxes.root / "c.box", (5, 5))
    boxes.sync()
    assert places(boxes, "first") == {("other/b.box", "one.ink"), ("c.box", "one.ink")}
    assert boxes.counters()["conversions"] == runs
    write(boxes.root / "c.box", box(two))
    boxes.sync()
    assert boxes.counters()["conversions"] == runs + 1
    assert places(boxes, "words") == {("other/b.box", "one.ink"), ("other/b.box", "two.ink"), ("c.box", "two.ink")}
    os.unlink(boxes.root / "other" / "b.box")
    boxes.sync()
    assert places(boxes, "words") == {("c.box", "two.ink")}
    assert places(boxes, "name:one") == set()
    write(boxes.root / "c.box", "not a box at all")
    boxes.sync()
    assert places(boxes, "words") == set() == places(boxes, "name:two")
    assert boxes.status()["parts"]["indexed"] == 0


def test_kept_answers_are_exact(boxes):
    boxes.start()
    for i in range(10):
        write(boxes.root / "a.box", box(("part", "x.txt", f"words number{i}"), ("part", "y.txt", "words")))
        boxes.sync()
        for _ in range(2):
            assert places(boxes, "words", max_age_ms=0) == {("a.box", "x.txt"), ("a.box", "y.txt")}
            assert len(places(boxes, f"number{i}", max_age_ms=0)) == 1
            assert not i or places(boxes, f"number{i - 1}", max_age_ms=0) == set()


def test_nothing_is_seen_before_all_is_there(boxes):
    """While a container is read, its parts are no hits, and totals are right all the time."""
    boxes.start()
    write(boxes.root / "a.txt", "words of a file")
    boxes.sync()
    write(boxes.root / "a.box", box(("many", 200, "%d.txt", "words %d"), ("sleep", 1), ("part", "last.txt", "words")))
    end = time.monotonic() + patience(30)
    seen = set()
    while time.monotonic() < end and 202 not in seen:
        result = boxes.search("words", limit=1000, max_age_ms=0)
        assert result["total"] == len(result["hits"])
        seen.add(result["total"])
        time.sleep(0.02)
    assert seen == {1, 202}


def test_killed_while_a_container_is_read(boxes):
    boxes.start()
    write(boxes.root / "a.box", box(("many", 50, "%d.txt", "words %d"), ("sleep", 600), ("part", "z.txt", "words")))
    wait_for(lambda: boxes.counters()["conversions"] > 20, 20)
    time.sleep(0.5)
    boxes.kill()
    write(boxes.root / "a.box", box(("many", 30, "%d.txt", "words %d"), ("part", "z.txt", "words")))
    boxes.start()
    boxes.sync()
    assert len(places(boxes, "words")) == 31
    boxes.kill()
    boxes.start()
    boxes.sync()
    assert len(places(boxes, "words")) == 31
    assert boxes.status()["parts"]["indexed"] == 31


# --- what is missing -------------------------------------------------------------------------------------------------

def test_a_missing_converter(boxes, tool):
    program = boxes.programs / "late-program"
    boxes.converter("late", [program], extensions="late", package="late-tools")
    boxes.start()
    write(boxes.root / "a.box", box(("part", "x.late", "late words"), ("part", "y.txt", "plain words")))
    write(boxes.root / "z.late", "more words")
    boxes.sync()

    def late():
        return {c["name"]: c for c in boxes.status()["converters"]}["late"]

    assert late() == {"name": "late", "available": False, "package": "late-tools", "unavailable_files": 1,
                      "unavailable_parts": 1}
    assert boxes.status()["parts"]["unavailable"] == 1
    rows = boxes.call("failures")
    assert {(r["reason"], r["package"]) for r in rows} == {("unavailable", "late-tools")} and len(rows) == 2
    verdict = boxes.call("explain", {**trawl.path_param(boxes.absolute("a.box")), "part": ["x.late"]})
    assert verdict["verdict"] == "unavailable" and verdict["package"] == "late-tools"
    assert "nstall late-tools" in verdict["sentence"]
    assert b"nstall late-tools" in tool("why", "z.late").stdout
    assert b"install late-tools" in tool("failures").stdout
    assert b"missing   late is not there: 1 file and 1 part wait for it; install late-tools" in tool("status").stdout
    assert places(boxes, "name:x.late") == {("a.box", "x.late")}

    boxes.stop()
    boxes.start()
    boxes.sync()
    assert late()["unavailable_files"] == late()["unavailable_parts"] == 1
    program.write_text("#!/bin/sh\nexec cat\n")
    program.chmod(0o755)
    wait_for(lambda: late()["available"], 20)
    wait_for(lambda: not late()["unavailable_files"] and not late()["unavailable_parts"], 20)
    boxes.sync()
    assert places(boxes, "words") == {("a.box", "x.late"), ("a.box", "y.txt"), ("z.late", "")}
    assert late() == {"name": "late", "available": True, "package": "late-tools", "unavailable_files": 0,
                      "unavailable_parts": 0}


# --- against a model -------------------------------------------------------------------------------------------------

WORDS = [f"fish{i}" for i in range(12)]


def make_box(dice, depth=2):
    """A random box, and its parts as {path: text}; None: a part that fails."""
    steps, parts = [], {}
    for i in range(dice.randrange(5)):
        name = f"d{dice.randrange(2)}/{i}.txt"
        kind = dice.randrange(6)
        if kind == 0:
            steps.append(("fail", name, 77, "locked"))
            parts[name] = None
        elif kind == 1 and depth:
            name = f"{i}.box"
            content, below = make_box(dice, depth - 1)
            steps.append(("part", name, content))
            parts[name] = content["text"]
            parts.update({f"{name}/{p}": t for p, t in below.items()})
        else:
            text = " ".join(dice.choices(WORDS, k=dice.randrange(1, 4)))
            steps.append(("part", name, text))
            parts[name] = text
    return inner(*steps, text=dice.choice(WORDS)), parts


class Model:
    def __init__(self):
        self.files = {}  # name -> (its own text, parts)

    def places(self, word):
        found = set()
        for name, (own, parts) in self.files.items():
            found |= {(name, "")} if word in own.split() else set()
            found |= {(name, p) for p, text in parts.items() if text and word in text.split()}
        return found


def step(daemon, model, dice):
    names = [f"{i}.box" for i in range(5)] + ["sub/6.box", "sub/7.box", "8.txt"]
    name, other = dice.choice(names), dice.choice(names[:-1])
    path, there = daemon.root / name, daemon.root / other
    kind = dice.randrange(6)
    if name.endswith(".txt"):
        text = " ".join(dice.choices(WORDS, k=2))
        write(path, text)
        model.files[name] = (text, {})
    elif kind <= 1:
        content, parts = make_box(dice)
        write(path, json.dumps(content), how=dice.choice(["write", "rename"]))
        model.files[name] = (content["text"], parts)
    elif kind == 2 and name in model.files:
        os.unlink(path)
        del model.files[name]
    elif kind == 3 and name in model.files and name != other:
        there.parent.mkdir(exist_ok=True)
        os.rename(path, there)
        model.files[other] = model.files.pop(name)
    elif kind == 4 and name in model.files and name != other:
        write(there, path.read_bytes())
        model.files[other] = model.files[name]


@pytest.mark.parametrize("seed", range(3 if not trawl.FULL else 30))
def test_random_boxes(boxes, seed):
    dice, model = random.Random(seed), Model()
    boxes.start()
    for round_number in range(12):
        for _ in range(dice.randrange(1, 8)):
            step(boxes, model, dice)
        if round_number == 6:
            boxes.kill() if seed % 2 else boxes.stop()
            boxes.start()
        boxes.sync()
        for word in WORDS:
            assert places(boxes, word, max_age_ms=0) == model.places(word), (round_number, word)
        failed = {(name, p) for name, (_, parts) in model.files.items() for p, t in parts.items() if t is None}
        assert {place(boxes, r) for r in boxes.call("failures", limit=1000) if r.get("part")} == failed
        check_parts(boxes)


def test_killed_at_any_moment(boxes):
    dice, model = random.Random(11), Model()
    boxes.start()
    for _ in range(10):
        for _ in range(5):
            step(boxes, model, dice)
        time.sleep(dice.random() * 0.1)
        boxes.kill()
        boxes.start()
        boxes.sync()  # else one that is alone at three kills is taken for their cause
        assert boxes.failures() == {}
        for word in WORDS[:4]:
            assert places(boxes, word) == model.places(word)


def test_asked_while_it_changes(boxes):
    """Whoever asks sees a whole state: totals and hits of one answer belong together."""
    boxes.start()
    dice, model, over = random.Random(5), Model(), threading.Event()
    faults = []

    def ask():
        with boxes.connect() as client:
            while not over.is_set():
                for word in WORDS[:4]:
                    for group in (False, True):
                        result = client.call("search", query=word, limit=1000, group=group, max_age_ms=0)
                        if result["total"] != len(result["hits"]):
                            faults.append(result)

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        for _ in range(60):
            step(boxes, model, dice)
            time.sleep(0.02)
        boxes.sync()
    finally:
        over.set()
        thread.join()
    assert faults == []
    for word in WORDS:
        assert places(boxes, word, max_age_ms=0) == model.places(word)
