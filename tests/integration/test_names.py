"""Names: of files and of directories, by word and by any part of them; directories are hits in their own right."""

import json
import os
import random
import shutil
import stat
import tempfile

import pytest

import trawl
from trawl import path_of, run, write

DIRECTORY = "inode/directory"


def hits(daemon, query, **params):
    """Path below the root -> hit, of every place."""
    params.setdefault("limit", 100000)
    result = daemon.search(query, **params)
    found = {}
    for hit in result["hits"]:
        for place in hit["paths"]:
            name = os.fsdecode(os.path.relpath(path_of(place), os.fsencode(daemon.root)))
            assert name not in found
            found[name] = hit
    assert result["total"] == len(result["hits"]) and result["total_exact"]
    return found


def directories(daemon, query, **params):
    return {name for name, hit in hits(daemon, query, **params).items() if hit["type"] == DIRECTORY}


def fill(daemon):
    for name in ("Annual Reports/2025/notes.txt", "Annual Reports/2026/reports.txt", "src/report_tool/main.c",
                 "src/Größe/umlaut.txt", "src/日本語の本/text.txt", "old/reports.tar.d/readme.md", "aa/b/cc.txt"):
        write(daemon.root / name, f"contents of {os.path.basename(name)}")
    (daemon.root / "empty-reports").mkdir()
    os.utime(daemon.root / "empty-reports", (1_700_000_000, 1_700_000_000))
    daemon.start()
    daemon.sync()


@pytest.fixture(scope="module")
def library():
    """One daemon for all that only ask; it is checked when the module ends."""
    home = tempfile.mkdtemp(prefix="trawl-", dir=os.environ.get("TRAWL_TEST_DIR") or "/dev/shm")
    daemon = trawl.Daemon(home)
    fill(daemon)
    yield daemon
    assert daemon.call("check") == {"ok": True, "report": ""}
    daemon.finish()
    shutil.rmtree(home)


@pytest.fixture
def tree(daemon):
    fill(daemon)
    yield daemon
    if daemon.process is not None:
        daemon.sync()
        assert daemon.call("check") == {"ok": True, "report": ""}


def test_a_directory_is_a_hit(library):
    hit = hits(library, "empty")["empty-reports"]
    assert path_of(hit) == os.fsencode(library.root / "empty-reports")
    del hit["score"]
    assert hit == {"path": os.fspath(library.root / "empty-reports"), "part": [], "name": "empty-reports", "size": 0,
                   "paths": [{"path": os.fspath(library.root / "empty-reports")}], "paths_total": 1,
                   "mtime": 1_700_000_000, "type": DIRECTORY, "title": "", "document": False, "offline": False,
                   "snippet": {"text": "", "marks": []}}


@pytest.mark.parametrize("query, expected", [
    # words and phrases of its own name
    ("reports", {"Annual Reports", "empty-reports", "old/reports.tar.d"}),
    ("annual", {"Annual Reports"}),
    ('"annual reports"', {"Annual Reports"}),
    ('"reports annual"', set()),
    ("report*", {"Annual Reports", "empty-reports", "old/reports.tar.d", "src/report_tool"}),
    ("grosse OR größe", {"src/Größe"}),
    ("日本", {"src/日本語の本"}),
    ("本語の", {"src/日本語の本"}),
    ("2025", {"Annual Reports/2025"}),
    # each condition is to hold of its own name: words of those above or below are none of it
    ("annual 2025", set()),
    ("reports notes", set()),
    ("reports OR 2026", {"Annual Reports", "empty-reports", "old/reports.tar.d", "Annual Reports/2026"}),
    ("reports -empty", {"Annual Reports", "old/reports.tar.d"}),
    ("reports -name:tar", {"Annual Reports", "empty-reports"}),
    # any part of it
    ("name:port", {"Annual Reports", "empty-reports", "old/reports.tar.d", "src/report_tool"}),
    ("name:ual\\ rep", {"Annual Reports"}),
    ('name:"al Rep"', {"Annual Reports"}),
    ("name:groß", {"src/Größe"}),
    ("name:語の", {"src/日本語の本"}),
    ("name:*.d", {"old/reports.tar.d"}),
    ("name:rep*s", set()),
    ("name:r*d", {"old/reports.tar.d"}),
    ("name:aa", {"aa"}),
    ("name:b", {"aa/b"}),
    ("name:y-", {"empty-reports"}),
    # filters of it: its path, root and time are its own
    ("reports type:directory", {"Annual Reports", "empty-reports", "old/reports.tar.d"}),
    ("reports type:inode/directory", {"Annual Reports", "empty-reports", "old/reports.tar.d"}),
    ("reports -type:directory", set()),
    ("reports type:text/plain", set()),
    ("reports path:old/", {"old/reports.tar.d"}),
    ("reports root:docs", {"Annual Reports", "empty-reports", "old/reports.tar.d"}),
    ("reports root:other", set()),
    ("reports modified:2023", {"empty-reports"}),
    ("reports before:2024", {"empty-reports"}),
    ("reports after:2024", {"Annual Reports", "old/reports.tar.d"}),
    # what it has not never holds, and its negation does
    ("reports ext:d", set()),
    ("reports -ext:d", {"Annual Reports", "empty-reports", "old/reports.tar.d"}),
    ("reports size:0", set()),
    ("reports -size:>1", {"Annual Reports", "empty-reports", "old/reports.tar.d"}),
    ("reports author:x", set()),
    ("title:reports", set()),
    # without a word or a name that it is found by, there are none
    ("type:directory", set()),
    ("-notes", set()),
    ("path:src", set()),
    ("modified:2023", set()),
    ("-name:notes", set()),
    ("ext:pdf OR modified:2023", set()),
    # the root's own
    ("tree", set()),
    ("name:tree", set()),
])
def test_found_by(library, query, expected):
    assert directories(library, query) == expected


def test_files_beside_them(library):
    assert set(hits(library, "name:port")) == {"Annual Reports", "empty-reports", "old/reports.tar.d", "src/report_tool",
                                            "Annual Reports/2026/reports.txt"}
    assert set(hits(library, "reports -type:directory")) == {"Annual Reports/2026/reports.txt"}


@pytest.mark.parametrize("sort", ["name", "path", "time", "size", "relevance"])
def test_sorted_and_paged(library, sort):
    whole = library.search("report* OR name:port", sort=sort, limit=100)["hits"]
    assert len(whole) == 5
    if sort in ("name", "path"):
        keys = [os.path.relpath(h["path"], library.root) if sort == "path" else h["name"].lower() for h in whole]
        assert keys == sorted(keys)
    elif sort != "relevance":
        keys = [h["mtime" if sort == "time" else "size"] for h in whole]
        assert keys == sorted(keys, reverse=True)
    paged, cursor = [], None
    while True:
        page = library.search("report* OR name:port", sort=sort, limit=2, **({"cursor": cursor} if cursor else {}))
        paged += page["hits"]
        cursor = page.get("cursor")
        if not cursor:
            break
    assert [h["path"] for h in paged] == [h["path"] for h in whole]


def test_counted_by_facets(library):
    result = library.search("reports", facets=["type", "ext", "year", "folder", "root", "author"])
    found = {name: {v["value"]: v["count"] for v in values} for name, values in result["facets"].items()}
    assert found["type"] == {DIRECTORY: 3, "text/plain": 1} and found["ext"] == {"txt": 1}
    assert found["year"]["2023"] == 1 and found["author"] == {} and found["root"] == {"docs": 4}
    # what a directory is in, as of files: the root, or the first one below it
    assert found["folder"] == {os.fspath(library.root): 2, os.fspath(library.root / "old"): 1,
                               os.fspath(library.root / "Annual Reports"): 1}


def test_grouped(library):
    assert set(hits(library, "reports", group=True)) == set(hits(library, "reports"))


# --- following the tree ----------------------------------------------------------------------------------------------

def test_they_follow_the_tree(tree):
    root = tree.root
    (root / "src" / "walrus").mkdir()
    tree.sync()
    assert directories(tree, "walrus") == {"src/walrus"}
    os.rename(root / "src" / "walrus", root / "src" / "otter pups")
    tree.sync()
    assert directories(tree, "walrus") == set() and directories(tree, "name:lru") == set()
    assert directories(tree, "otter") == directories(tree, "name:r\\ p") == {"src/otter pups"}
    os.rename(root / "src", root / "code")
    tree.sync()
    assert directories(tree, "otter") == {"code/otter pups"} and directories(tree, "src") == set()
    assert directories(tree, "name:cod") == {"code"}
    (root / "code" / "otter pups").rmdir()
    tree.sync()
    assert directories(tree, "otter") == set()
    shutil.rmtree(root / "Annual Reports")
    tree.sync()
    assert directories(tree, "annual") == directories(tree, "2025") == set()


def test_moved_out_and_back(tree):
    outside = tree.home / "outside"
    os.rename(tree.root / "old", outside)
    tree.sync()
    assert directories(tree, "old OR tar") == set()
    os.rename(outside, tree.root / "aa" / "again")
    tree.sync()
    assert directories(tree, "old OR again OR tar") == {"aa/again", "aa/again/reports.tar.d"}


def test_exchanged(tree):
    libc = trawl.ctypes.CDLL(None, use_errno=True)
    a, b = tree.root / "aa", tree.root / "old"
    if libc.renameat2(-100, os.fsencode(a), -100, os.fsencode(b), 2) != 0:
        pytest.skip("no exchange on this file system")
    tree.sync()
    assert directories(tree, "name:tar") == {"aa/reports.tar.d"} and directories(tree, "name:b") == {"old/b"}
    assert directories(tree, "aa OR old") == {"aa", "old"}


def test_its_time_follows(tree):
    os.utime(tree.root / "empty-reports", (1_600_000_000, 1_600_000_000))
    tree.sync()
    write(tree.root / "empty-reports" / "no longer.txt", "so it is not empty")
    tree.sync()
    expected = int(os.stat(tree.root / "empty-reports").st_mtime)
    assert hits(tree, "empty name:reports")["empty-reports"]["mtime"] == expected


def test_over_a_restart(tree):
    before = directories(tree, "name:r")
    assert before
    tree.stop()
    os.rename(tree.root / "src", tree.root / "source")
    shutil.rmtree(tree.root / "old")
    (tree.root / "fresh reports").mkdir()
    os.utime(tree.root / "aa", (1_650_000_000, 1_650_000_000))
    tree.start()
    tree.sync()
    assert directories(tree, "name:r") == {"Annual Reports", "empty-reports", "source", "source/report_tool",
                                           "source/Größe", "fresh reports"}
    assert hits(tree, "aa")["aa"]["mtime"] == 1_650_000_000


def test_random_moves(daemon):
    """Whatever is done to directories, those that are there are found by their names, and no others."""
    dice = random.Random(7)
    names = ["ant hill", "Bee.d", "cat_nap", "dög", "eel-7", "fo", "g", "\udcff hen"]
    daemon.start()
    for _ in range(15):
        for _ in range(dice.randint(1, 12)):
            there = [d for d, _, _ in os.walk(daemon.root)]
            target = os.path.join(dice.choice(there), dice.choice(names))
            source = dice.choice(there)
            if dice.random() < 0.5 or source == os.fspath(daemon.root):
                os.makedirs(target, exist_ok=True)
            elif dice.random() < 0.2:
                shutil.rmtree(source)
            elif not os.path.exists(target) and not (target + "/").startswith(source + "/"):
                os.rename(source, target)
        daemon.sync()
        real = {os.path.relpath(d, daemon.root) for d, _, _ in os.walk(daemon.root)} - {"."}
        for query, passes in (("hill", "ant hill"), ("nap", "cat_nap"), ("name:.d", "Bee.d"), ("name:g", "g"),
                              ("name:ög", "dög"), ("eel", "eel-7"), ("fo", "fo"), ("hen", "\udcff hen")):
            expected = {d for d in real if passes.lower() in os.path.basename(d).lower() or
                        (passes == "g" and "dög" in os.path.basename(d))}
            assert directories(daemon, query) == expected, query
    assert daemon.call("check") == {"ok": True, "report": ""}


def test_many_in_one_go(daemon):
    """More names than are gathered before they are written."""
    for i in range(4500):
        (daemon.root / f"bulk{i % 50}" / f"heron{i}").mkdir(parents=True)
    daemon.start()
    daemon.sync()
    assert daemon.search("heron*", limit=1)["total"] == 4500
    shutil.rmtree(daemon.root / "bulk7")
    os.rename(daemon.root / "bulk8", daemon.root / "stork")
    daemon.sync()
    assert daemon.search("name:heron", limit=1)["total"] == 4410
    assert directories(daemon, "heron4408") == {"stork/heron4408"}
    assert daemon.call("check") == {"ok": True, "report": ""}


# --- who asks --------------------------------------------------------------------------------------------------------

@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_nobody_finds_what_they_cannot_open(make_daemon):
    daemon = make_daemon()
    daemon.home.chmod(0o755)
    daemon.config["daemon"]["mode"] = "system"
    for name, mode in (("heron", 0o755), ("heron/shut heron", 0o700), ("heron/shut heron/deep heron", 0o755),
                       ("heron/listed heron", 0o744), ("heron/passed heron", 0o711),
                       ("heron/passed heron/far heron", 0o755)):
        (daemon.root / name).mkdir(mode=mode)
        (daemon.root / name).chmod(mode)
    daemon.root.chmod(0o755)
    daemon.start()
    daemon.sync()

    def seen_by(uid):
        result = run(["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups", trawl.BUILD / "trawl", "rpc",
                      "search", json.dumps({"query": "heron", "facets": ["type"], "limit": 100})],
                     env={**daemon.environment(), "TRAWL_SOCKET": os.fspath(daemon.socket_path)}, cwd="/")
        assert result.returncode == 0, result.stderr
        answer = json.loads(result.stdout)
        assert answer["facets"] == {"type": [{"value": DIRECTORY, "count": len(answer["hits"])}]}
        assert answer["total"] == len(answer["hits"])
        return {os.path.relpath(h["path"], daemon.root) for h in answer["hits"]}

    def openable(uid):
        """Those that can be opened, asked of the kernel by who asks."""
        script = "import os,sys\nfor d in sys.argv[1:]:\n try: os.listdir(d); print(d)\n except OSError: pass"
        every = [d for d, _, _ in os.walk(daemon.root) if d != os.fspath(daemon.root)]
        out = run(["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups", "/usr/bin/python3", "-c", script,
                   *every], cwd="/")
        return {os.path.relpath(d, daemon.root) for d in os.fsdecode(out.stdout).splitlines()}

    assert seen_by(65534) == openable(65534) == {"heron", "heron/listed heron", "heron/passed heron/far heron"}
    assert len(seen_by(0)) == 6
    (daemon.root / "heron" / "shut heron").chmod(0o755)
    daemon.sync()
    assert seen_by(65534) == openable(65534)
    assert stat.S_IMODE(os.stat(daemon.root / "heron" / "shut heron").st_mode) == 0o755
    assert len(seen_by(65534)) == 5
