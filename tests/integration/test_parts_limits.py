"""Documents inside of documents that are too many, too deep, too large, broken, or never end: the index stays right."""

import json
import os
import random
import time

import pytest

import trawl
from box import (BINARY, FAILED, INDEXED, TOO_LARGE, UNAVAILABLE, box, check_parts, inner, install, parts_of, store)
from trawl import patience, process_status, wait_for, write


@pytest.fixture
def boxes(daemon):
    install(daemon)
    yield daemon
    if daemon.process is not None:
        daemon.sync()
        check_parts(daemon)


def failure(daemon, name):
    """Reason and detail of a file's failure."""
    row = daemon.failures()[daemon.absolute(name)]
    return row["reason"], row["detail"]


# --- what comes out --------------------------------------------------------------------------------------------------

def test_parts_at_every_depth(boxes):
    boxes.start()
    write(boxes.root / "a.box", box(
        ("part", "dir/one.txt", "first words"),
        ("part", "in.box", inner(("part", "deep.txt", "deep words"), ("fail", "locked", 77, "a password"))),
        ("part", ["odd", "../up", "two.ink"], "second words"),
        ("part", "empty.txt", ""),
        ("part", "said", "third words", "text/x-ink"),
        ("part", "nothing.txt", "not a box", "application/x-box"),
        text="the box itself", meta={"title": "Title of the box"}))
    boxes.sync()
    seen = parts_of(boxes, "a.box")
    assert [(p.n, p.path, p.state, p.reason, p.detail) for p in seen] == [
        (0, "dir/one.txt", INDEXED, None, None),
        (1, "in.box", INDEXED, None, None),
        (2, "in.box/deep.txt", INDEXED, None, None),
        (3, "in.box/locked", FAILED, "encrypted", "a password"),
        (4, "odd/up/two.ink", INDEXED, None, None),
        (5, "empty.txt", INDEXED, None, None),
        (6, "said", INDEXED, None, None),
        (7, "nothing.txt", INDEXED, None, None),
    ]
    assert [p.size for p in seen][:1] == [11] and seen[6].type == "text/x-ink"
    assert boxes.document("a.box")["text"] == "the box itself"
    assert boxes.document("a.box")["title"] == "Title of the box"
    # The inner box can be found again by its own content.
    assert store(boxes, "SELECT p.n, p.path FROM part p JOIN document d ON d.id = p.container WHERE d.parts = 2"
                        " ORDER BY n") == [(0, "deep.txt"), (1, "locked")]


def test_equal_contents_are_converted_once(boxes):
    boxes.start()
    shared = inner(*[("part", f"{i}.ink", f"shared words {i}") for i in range(10)])
    write(boxes.root / "a.box", box(("part", "s.box", shared), ("part", "again/s.box", shared), ("part", "x.ink", "shared words 3")))
    boxes.sync()
    runs = boxes.counters()["conversions"]
    assert runs == 1 + 1 + 10
    assert [p.path for p in parts_of(boxes, "a.box")][11:14] == ["again/s.box", "again/s.box/0.ink", "again/s.box/1.ink"]
    write(boxes.root / "b.box", box(("part", "mine/s.box", shared), text="another"))
    write(boxes.root / "c.ink", "shared words 7")
    write(boxes.root / "s.box", json.dumps(shared))
    boxes.sync()
    assert boxes.counters()["conversions"] == runs + 1, "only the outer box of b is new"
    assert len(parts_of(boxes, "b.box")) == 11 and len(parts_of(boxes, "s.box")) == 10
    # What several have stays while one of them has it.
    for name, left in (("a.box", 1), ("b.box", 1), ("s.box", 1), ("c.ink", 0)):
        os.unlink(boxes.root / name)
        boxes.sync()
        check_parts(boxes)
        assert boxes.search('"shared words 7"', max_age_ms=0)["total"] == left
    # Kept for a while, they come back without a conversion.
    runs = boxes.counters()["conversions"]
    write(boxes.root / "back.box", json.dumps(shared))
    boxes.sync()
    assert boxes.counters()["conversions"] == runs and len(parts_of(boxes, "back.box")) == 10


def test_an_edited_container(boxes):
    boxes.start()
    for steps in ([("part", "a.ink", "one"), ("part", "b.ink", "two")], [("part", "b.ink", "two")], [],
                  [("part", "c.ink", "three"), ("part", "a.ink", "one")]):
        write(boxes.root / "a.box", box(*steps))
        boxes.sync()
        assert [p.path for p in parts_of(boxes, "a.box")] == [s[1] for s in steps]
        check_parts(boxes)


# --- limits ----------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("key, value, steps", [
    ("parts", 50, [("many", 51, "%d.txt", "words %d")]),
    ("parts", 50, [("many", 30, "%d.txt", "words %d"), ("part", "in.box", inner(("many", 20, "%d.txt", "deep %d")))]),
    ("parts", 50, [("endless", "%d.txt")]),
    ("part_bytes", 100000, [("big", "a.txt", 100001)]),
    ("part_bytes", 100000, [("flood", "a.txt")]),
    ("part_bytes", 100000, [("many", 2, "%d.txt", "x" * 30000),
                            ("part", "in.box", inner(("part", "y.txt", "y" * 20000)))]),
    ("part_ratio", 10, [("flood", "a.txt")]),
    ("part_ratio", 10, [("endless", "%d.txt"), ]),
])
def test_a_bomb_is_a_failure_that_names_the_limit(boxes, key, value, steps):
    boxes.config["limits"].update({"file_size": "1G", "parts": 1000000, key: value})
    boxes.start()
    if key == "part_ratio" and steps[0][0] == "endless":
        steps = [("many", 100000, "%d.txt", "z" * 1000)]  # 100 MB out of a few bytes
    began = time.monotonic()
    write(boxes.root / "a.box", box(*steps))
    boxes.sync(120)
    reason, detail = failure(boxes, "a.box")
    assert reason == "limit" and f"{key} = {value}" in detail
    assert time.monotonic() - began < patience(60)
    assert parts_of(boxes, "a.box") == []
    check_parts(boxes)
    assert list(boxes.state.glob("spool*")) == []
    # At the limit it is none.
    if key == "parts" and steps[0][0] == "many" and len(steps) == 1:
        write(boxes.root / "a.box", box(("many", value, "%d.txt", "words %d")))
        boxes.sync()
        assert len(parts_of(boxes, "a.box")) == value and boxes.failures() == {}


def test_the_time_of_all_parts(boxes):
    """Each within its own time, all together not."""
    boxes.config["limits"]["part_time"] = "1s"
    boxes.start()
    slow = [("part", f"{i}.box", inner(("sleep", 0.2), ("part", "a.txt", f"words {i}"))) for i in range(100)]
    began = time.monotonic()
    write(boxes.root / "a.box", box(*slow))
    write(boxes.root / "b.box", box(*slow[:2]))
    boxes.sync(60)
    reason, detail = failure(boxes, "a.box")
    assert reason == "limit" and "part_time = 1 s" in detail
    assert time.monotonic() - began < patience(15)
    assert len(parts_of(boxes, "b.box")) == 4
    check_parts(boxes)


@pytest.mark.parametrize("how", ["reindex", "restart"])
def test_a_part_that_lacked_something_is_tried_again(boxes, how):
    """Its converter has not changed; what it needs is there later."""
    there = time.time() + 4
    boxes.converter("need", f"#!/bin/sh\n[ $(date +%s) -lt {int(there)} ] && exit 69\nexec cat\n", processes=4)
    boxes.start()
    write(boxes.root / "a.box", box(("part", "x.need", "haddock"), ("part", "y.txt", "turbot")))
    boxes.sync()
    assert boxes.search("haddock")["total"] == 0 and boxes.search("turbot")["total"] == 1
    assert boxes.status()["parts"]["unavailable"] == 1
    wait_for(lambda: time.time() > there + 1, 10)
    if how == "restart":
        boxes.stop()
        boxes.start()
    else:
        boxes.call("reindex", path=str(boxes.root / "a.box"))
    boxes.sync()
    wait_for(lambda: boxes.search("haddock", max_age_ms=0)["total"] == 1, 10)
    assert boxes.search("turbot")["total"] == 1
    assert boxes.status()["parts"] == {"indexed": 2, "failed": 0, "skipped": 0, "unavailable": 0}
    check_parts(boxes)


def test_depth(boxes):
    boxes.config["limits"]["part_depth"] = 3
    boxes.start()
    document = inner(("part", "bottom.txt", "bottom words"))
    for level in (4, 3, 2):
        document = inner(("part", f"{level}.txt", f"words {level}"), ("part", f"{level}.box", document),
                         ("part", f"after{level}.txt", f"after {level}"))
    write(boxes.root / "a.box", json.dumps(document))
    boxes.sync()
    seen = {p.path: p for p in parts_of(boxes, "a.box")}
    assert seen["2.box/3.box/4.txt"].state == INDEXED and seen["2.box/3.box/after4.txt"].state == INDEXED
    too_deep = seen["2.box/3.box/4.box"]
    assert (too_deep.state, too_deep.reason) == (FAILED, "limit") and "part_depth = 3" in too_deep.detail
    assert "2.box/3.box/4.box/bottom.txt" not in seen and len(seen) == 9


def test_a_quine(boxes):
    boxes.start()
    write(boxes.root / "a.box", box(("self", "me.box"), ("part", "a.txt", "words"), ("self", "me/too.box")))
    boxes.sync()
    assert [(p.path, p.reason, p.detail) for p in parts_of(boxes, "a.box")] == [
        ("me.box", "limit", "it contains itself"), ("a.txt", None, None), ("me/too.box", "limit", "it contains itself")]


def test_a_part_that_is_too_large(boxes):
    boxes.config["limits"]["file_size"] = 20000
    boxes.start()
    write(boxes.root / "a.box", box(("big", "large.txt", 20001), ("big", "just.txt", 20000), ("part", "b.txt", "words")))
    boxes.sync()
    assert [(p.path, p.state, p.size) for p in parts_of(boxes, "a.box")] == [
        ("large.txt", TOO_LARGE, 20001), ("just.txt", INDEXED, 20000), ("b.txt", INDEXED, 5)]


def test_memory_does_not_grow_with_a_part(boxes):
    boxes.config["limits"].update({"file_size": "2G", "part_ratio": 1000000})
    boxes.converter("blank", "#!/bin/sh\necho blank\n", extensions="blank")
    boxes.start()
    write(boxes.root / "warm.box", box(("part", "a.txt", "words"), ("big", "a.blank", 20 << 20)))
    boxes.sync()
    before = process_status(boxes.pid, "VmRSS")
    write(boxes.root / "a.box", box(("big", "a.blank", 1 << 30), ("part", "b.txt", "words behind"), filler="f" * 2000))
    highest = 0
    with boxes.connect() as client:
        request = client.send("sync", {"timeout_ms": 300000})
        client.socket.settimeout(0.05)
        while True:
            highest = max(highest, process_status(boxes.pid, "VmRSS"))
            try:
                client.receive(request)
                break
            except TimeoutError:
                pass
    assert [(p.path, p.size) for p in parts_of(boxes, "a.box")] == [("a.blank", 1 << 30), ("b.txt", 12)]
    if not trawl.SANITIZED:
        assert highest - before < 64 << 10, "KiB"


# --- broken ones -----------------------------------------------------------------------------------------------------

def test_a_container_that_breaks_off_leaves_nothing(boxes):
    boxes.start()
    for last in (("crash",), ("garbage",), ("done", 65, "cut off")):
        write(boxes.root / "a.box", box(("part", "a.txt", "words of a"), ("part", "in.box", inner(("part", "b.txt", "inner words"))), last))
        boxes.sync()
        reason, _ = failure(boxes, "a.box")
        assert reason == {"crash": "crashed", "garbage": "protocol", "done": "damaged"}[last[0]]
        assert parts_of(boxes, "a.box") == []
        check_parts(boxes)
        assert boxes.found("words") == set()


def test_an_inner_container_that_breaks_off(boxes):
    boxes.start()
    broken = inner(("part", "b.txt", "inner words"), ("part", "c.txt", "more inner words"), ("crash",))
    write(boxes.root / "a.box", box(("part", "a.txt", "words of a"), ("part", "in.box", broken), ("part", "z.txt", "last words")))
    boxes.sync()
    assert [(p.n, p.path, p.reason) for p in parts_of(boxes, "a.box")] == [
        (0, "a.txt", None), (1, "in.box", "crashed"), (2, "z.txt", None)]


def test_three_strikes(boxes):
    boxes.start()
    write(boxes.root / "a.box", box(("many", 6, "%d.ink", "!crash %d"), ("part", "in.box", inner(("part", "y.ink", "!crash inside"))),
                                    ("part", "good.ink", "good words"), ("part", "good.txt", "good words")))
    boxes.sync()
    seen = {p.path: p for p in parts_of(boxes, "a.box")}
    assert [seen[f"{i}.ink"].reason for i in range(6)] == ["crashed"] * 6
    tried = [p for p in seen.values() if p.reason == "crashed" and "not tried" not in p.detail]
    assert len(tried) == 3
    assert "not tried" in seen["in.box/y.ink"].detail and "not tried" in seen["good.ink"].detail
    assert seen["good.txt"].state == INDEXED
    assert boxes.explain("a.box")["verdict"] == "indexed"
    # Another file begins anew.
    write(boxes.root / "b.box", box(("part", "good.ink", "good words")))
    boxes.sync()
    assert parts_of(boxes, "b.box")[0].state == INDEXED


def test_three_strikes_of_one_that_was_rerouted_to(boxes):
    """The name says nothing of the converter that will crash."""
    boxes.converter("bad", "#!/bin/sh\nkill -SEGV $$\n", extensions="bad", mime="application/x-bad")
    boxes.start()
    write(boxes.root / "a.box", box(*[("part", f"{i}.box", {"reroute": "application/x-bad", "n": i}) for i in range(8)],
                                    ("part", "good.box", inner(("part", "good.txt", "good words")))))
    boxes.sync()
    seen = parts_of(boxes, "a.box")
    assert [p.reason for p in seen[:8]] == ["crashed"] * 8
    assert ["not tried" in p.detail for p in seen[:8]] == [False] * 3 + [True] * 5
    assert [p.path for p in seen[8:]] == ["good.box", "good.box/good.txt"] and seen[9].state == INDEXED


def test_a_hanging_part_costs_its_own_time_only(boxes):
    install(boxes, time="3s")
    boxes.start()
    began = time.monotonic()
    write(boxes.root / "a.box", box(("part", "a.ink", "!hang"), ("part", "b.ink", "!hang too"), ("part", "c.ink", "!hang three"),
                                    ("part", "d.ink", "!hang four"), ("part", "good.txt", "good words")))
    boxes.sync(60)
    # Three time-outs of 2 s are more than the container's own 3 s: its clock stood still.
    assert [(p.path, p.reason) for p in parts_of(boxes, "a.box")] == [
        ("a.ink", "timed_out"), ("b.ink", "timed_out"), ("c.ink", "timed_out"), ("d.ink", "crashed"), ("good.txt", None)]
    assert 6 <= time.monotonic() - began < patience(20)


def test_a_container_that_sleeps_is_timed_out(boxes):
    install(boxes, time="1s")
    boxes.start()
    write(boxes.root / "a.box", box(("part", "a.txt", "words of a"), ("sleep", 100)))
    boxes.sync(30)
    assert failure(boxes, "a.box")[0] == "timed_out" and parts_of(boxes, "a.box") == []


# --- in the middle ---------------------------------------------------------------------------------------------------

def wait_until_inside(daemon):
    return wait_for(lambda: store(daemon, "SELECT count(*) FROM part")[0][0] > 0, 20, "parts are stored")


def is_read(daemon, name):
    return store(daemon, "SELECT 1 FROM file WHERE name = ? AND document IS NOT NULL", os.fsencode(name))


def test_kill_in_the_middle_of_a_container(boxes):
    boxes.start()
    write(boxes.root / "keep.box", box(("part", "k.txt", "kept words")))
    boxes.sync()
    document = box(("many", 300, "%d.txt", "words %d"), ("part", "in.box", inner(("many", 10, "%d.txt", "deep %d"), ("sleep", 3))),
                   ("many", 20, "z%d.txt", "late words %d"))
    write(boxes.root / "a.box", document)
    wait_for(lambda: store(boxes, "SELECT count(*) FROM part")[0][0] > 100, 20, "parts are stored")
    boxes.kill()
    boxes.start()
    boxes.sync(60)
    check_parts(boxes)
    assert len(parts_of(boxes, "a.box")) == 331 and len(parts_of(boxes, "keep.box")) == 1
    assert boxes.failures() == {}


def test_stop_in_the_middle_of_a_container(boxes):
    boxes.start()
    write(boxes.root / "a.box", box(("many", 300, "%d.txt", "words %d"), ("sleep", 30), ("many", 20, "z%d.txt", "late words %d")))
    wait_until_inside(boxes)
    boxes.stop(seconds=15)
    write(boxes.root / "a.box", box(("many", 300, "%d.txt", "words %d")))
    boxes.start()
    boxes.sync()
    assert len(parts_of(boxes, "a.box")) == 300


def test_an_edit_while_it_is_read(boxes):
    """A container that is too large to be copied, changed in the middle: nothing of the mixture stays."""
    boxes.start()
    filler = "f" * (9 << 20)
    write(boxes.root / "a.box", box(("many", 300, "old/%d.txt", "old words %d"), ("sleep", 2), text="old", filler=filler))
    wait_until_inside(boxes)
    write(boxes.root / "a.box", box(("many", 3, "new/%d.txt", "new words %d"), text="new", filler=filler))
    boxes.sync(60)
    assert [p.path for p in parts_of(boxes, "a.box")] == ["new/0.txt", "new/1.txt", "new/2.txt"]
    assert boxes.document("a.box")["text"] == "new"


def test_deleted_while_it_is_read(boxes):
    boxes.start()
    write(boxes.root / "a.box", box(("many", 300, "%d.txt", "words %d"), ("sleep", 1)))
    wait_until_inside(boxes)
    os.unlink(boxes.root / "a.box")
    boxes.sync(30)
    check_parts(boxes)
    assert boxes.found("words") == set()


@pytest.mark.parametrize("parts", [20000])
def test_live_edits_during_a_large_container(boxes, parts):
    boxes.start()
    write(boxes.root / "a.box", box(("many", parts, "d/%d.txt", "words of number %d")))
    wait_until_inside(boxes)
    slowest, edits = 0.0, 0
    while not is_read(boxes, "a.box"):
        began = time.monotonic()
        write(boxes.root / "live.txt", f"live words {edits} fresh{edits}")
        wait_for(lambda: boxes.search(f"fresh{edits}", max_age_ms=0)["total"] == 1, 10, "the edit is found")
        slowest = max(slowest, time.monotonic() - began)
        edits += 1
        time.sleep(0.05)
    assert edits >= 3 and slowest < patience(1), (edits, slowest)
    assert len(parts_of(boxes, "a.box")) == parts


def test_live_edits_while_every_worker_has_a_container(boxes):
    boxes.config["daemon"]["workers"] = 1  # and one for live edits
    boxes.start()
    for name in ("a.box", "b.box", "c.box"):
        write(boxes.root / name, box(("many", 80, "%d.ink", f"words of {name} %d")))
    wait_until_inside(boxes)
    slowest, edits = 0.0, 0
    while not (is_read(boxes, "a.box") and is_read(boxes, "b.box")):
        began = time.monotonic()
        name = ("live.txt", "live.box")[edits % 2]
        write(boxes.root / name, f"fresh{edits}" if edits % 2 == 0 else box(("part", "x.txt", f"fresh{edits}")))
        wait_for(lambda: boxes.found(f"fresh{edits}", max_age_ms=0), 20, "the edit is found")
        slowest = max(slowest, time.monotonic() - began)
        edits += 1
    assert edits >= 5 and slowest < patience(1), (edits, slowest)
    boxes.sync(60)
    for name in ("a.box", "b.box", "c.box"):
        assert [p.n for p in parts_of(boxes, name) if p.state == INDEXED] == list(range(80))


def test_a_worker_says_which_part_it_is_at(boxes):
    boxes.start()
    write(boxes.root / "a.box", box(("part", "in.box", inner(("part", "slow.ink", "!hang")))))
    def at():
        return [w.get("part") for w in boxes.status()["workers"] if w.get("part")]
    wait_for(lambda: at() == [["in.box", "slow.ink"]], 5)


# --- converters that come and go -------------------------------------------------------------------------------------

def test_a_missing_converter_of_parts(boxes):
    boxes.converter("late", [boxes.programs / "late-program"], extensions="late", package="late-tools")
    boxes.start()
    write(boxes.root / "a.box", box(("part", "a.late", "late words"), ("part", "b.txt", "other words")))
    boxes.sync()
    seen = parts_of(boxes, "a.box")
    assert [(p.state, p.reason) for p in seen] == [(UNAVAILABLE, "unavailable"), (INDEXED, None)]
    program = boxes.programs / "late-program"
    program.write_text("#!/bin/sh\nexec cat\n")
    program.chmod(0o755)
    wait_for(lambda: [p.state for p in parts_of(boxes, "a.box")] == [INDEXED, INDEXED], 20, "it is converted")
    boxes.sync()


def test_a_better_converter_comes_and_goes(boxes):
    boxes.converter("better", [boxes.programs / "better-program"], extensions="ink")
    (boxes.converters_dir / "90-better.conf").rename(boxes.converters_dir / "95-better.conf")
    boxes.start()
    write(boxes.root / "a.ink", "plain words")
    write(boxes.root / "a.box", box(("part", "b.ink", "plain words of a part")))
    boxes.sync()
    assert boxes.document("a.ink")["text"] == "plain words"
    program = boxes.programs / "better-program"
    program.write_text("#!/bin/sh\necho better words\n")
    program.chmod(0o755)
    boxes.reload()
    wait_for(lambda: boxes.document("a.ink")["text"] == "better words\n", 20)
    boxes.sync()
    assert len(store(boxes, "SELECT 1 FROM part p JOIN file f ON f.document = p.container JOIN document d"
                            " ON d.id = p.document JOIN converter c ON c.id = d.converter WHERE c.name = 'better'")) == 1
    program.unlink()
    boxes.reload()
    wait_for(lambda: boxes.document("a.ink")["text"] == "plain words", 20)
    boxes.sync()
    assert parts_of(boxes, "a.box")[0].state == INDEXED


# --- a store that breaks ---------------------------------------------------------------------------------------------

def test_a_damaged_store_is_built_anew_with_all_parts(boxes):
    boxes.start()
    shared = inner(("many", 50, "%d.txt", "shared words %d"))
    write(boxes.root / "a.box", box(("many", 200, "%d.txt", "words %d"), ("part", "s.box", shared)))
    write(boxes.root / "b.box", box(("part", "s.box", shared), ("fail", "locked", 77, "a password")))
    boxes.sync()
    before = {name: [p[:6] for p in parts_of(boxes, name)] for name in ("a.box", "b.box")}
    boxes.stop()  # what the log has goes into the file
    boxes.start()
    boxes.sync()
    with open(next(boxes.state.glob("*.db")), "r+b") as f:
        f.seek(4096 * 20)
        f.write(os.urandom(4096 * 40))
    write(boxes.root / "c.box", box(("many", 100, "c%d.txt", "late words %d"), ("sleep", 0.5)))
    boxes.call("check")
    wait_for(lambda: boxes.status()["store"]["rebuilds"] == 1, 20)
    boxes.sync(60)
    assert {name: [p[:6] for p in parts_of(boxes, name)] for name in before} == before
    assert len(parts_of(boxes, "c.box")) == 100


@pytest.mark.parametrize("seed", range(4))
def test_kill_again_and_again(boxes, seed):
    """Whenever the daemon dies, its next life ends with the index of the tree as it is."""
    dice = random.Random(seed)
    boxes.start()
    shared = inner(("many", 30, "%d.ink", f"shared words {seed} %d"), ("sleep", 0.05))

    def write_both(life):
        for name in ("a.box", "b.box"):
            write(boxes.root / name, box(("many", 40, "%d.txt", f"words %d of {name} {life}"), ("part", "s.box", shared),
                                         ("sleep", 0.05), ("part", "t/s.box", shared), ("fail", "locked", 77, "a password")))

    for life in range(5):
        write_both(life)
        time.sleep(dice.random() * 0.5)
        boxes.kill()
        boxes.start()
    boxes.sync(60)
    check_parts(boxes)
    write_both("last")  # one of them may be in quarantine: it was read alone whenever the daemon was killed
    boxes.sync(60)
    for name in ("a.box", "b.box"):
        seen = parts_of(boxes, name)
        assert [p.n for p in seen] == list(range(40 + 31 + 31 + 1))
        assert [p.path for p in seen][40:42] == ["s.box", "s.box/0.ink"] and seen[71].path == "t/s.box"
        assert {p.state for p in seen[:-1]} == {INDEXED} and seen[-1].state == FAILED


# --- no space --------------------------------------------------------------------------------------------------------

def test_no_space_for_a_spool(boxes):
    """A part above 8 MiB goes to the state directory; where that is full the file is tried again later."""
    if os.geteuid() != 0:
        pytest.skip("needs to mount a small file system")
    boxes.config["limits"].update({"part_ratio": 1000000})
    trawl.run(["mount", "-t", "tmpfs", "-o", "size=24M", "none", boxes.state])
    try:
        boxes.start()
        write(boxes.root / "a.box", box(("part", "a.txt", "words"), ("big", "b.txt", 64 << 20)))
        wait_for(lambda: boxes.failures(), 20)
        reason, detail = failure(boxes, "a.box")
        assert reason == "try_later" and "no space" in detail
        assert boxes.failures()[boxes.absolute("a.box")]["next_try"]
        check_parts(boxes)
        boxes.stop()
    finally:
        trawl.run(["umount", "-l", boxes.state])
