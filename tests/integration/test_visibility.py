"""In system mode each caller sees only the files that they could open themselves, by whatever method they ask.

The oracle is the kernel: a process with the caller's uid and groups tries to open every file.  Each file has words of its
own in its text, its title and its name, each directory one in its name; no byte of a reply may hold one of what the
caller cannot open.  Then modes, owners, access lists, places and groups change, and everything is asked again.
"""

import base64
import collections
import contextlib
import json
import os
import random
import shutil
import socket
import subprocess
import zipfile

import pytest

import trawl
from trawl import Client, RpcError, path_of

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="needs other users"),
    pytest.mark.skipif(not shutil.which("setfacl"), reason="setfacl is not installed"),
]

SERVICE = 30900
STAFF, LISTED, IDLE = 30100, 30200, 30300  # groups

Who = collections.namedtuple("Who", "name uid gid groups")
OWNER = Who("owner", 30001, 30001, ())
MEMBER = Who("member", 30002, 30002, (STAFF,))
CALLERS = [
    OWNER,
    MEMBER,
    Who("primary", 30003, STAFF, ()),
    Who("acl-user", 30004, 30004, ()),
    Who("acl-group", 30005, 30005, (IDLE, LISTED)),
    Who("other", 30006, 30006, (IDLE,)),
    Who("service", SERVICE, SERVICE, ()),
    Who("root", 0, 0, ()),
]


# --- processes of others ---------------------------------------------------------------------------------------------

@contextlib.contextmanager
def child(who):
    """A process with these rights; yields our end of a socket pair to the parent, theirs to the child."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    pid = os.fork()
    yield pid, ours if pid else theirs
    if pid == 0:
        os._exit(0)
    ours.close()
    theirs.close()
    _, status = os.waitpid(pid, 0)
    assert status == 0, f"the child of {who} ended with {status}"


def become(who):
    os.setgroups(list(who.groups))
    os.setresgid(who.gid, who.gid, who.gid)
    os.setresuid(who.uid, who.uid, who.uid)


class As(Client):
    """A connection that somebody else has made."""

    def __init__(self, daemon, who):
        ours, theirs = socket.socketpair()
        pid = os.fork()
        if pid == 0:
            try:
                become(who)
                with Client(daemon.socket_path) as client:
                    socket.send_fds(theirs, [b"x"], [client.socket.fileno()])
                os._exit(0)
            finally:
                os._exit(1)
        _, fds, _, _ = socket.recv_fds(ours, 1, 1)
        _, status = os.waitpid(pid, 0)
        assert status == 0
        ours.close()
        theirs.close()
        self.who = who
        self.socket = socket.socket(fileno=fds[0])
        self.socket.settimeout(trawl.patience(30))
        self._pending, self._scanned = bytearray(), 0
        self._replies, self._next_id, self.notifications = {}, 0, []
        self.raw_lines = []

    def line(self):
        line = super().line()
        self.raw_lines.append(line)
        return line


def openable(who, paths):
    """Those of the paths that a process of theirs can open for reading.  Ask the kernel, not this file."""
    paths = list(paths)
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            become(who)
            answers = bytearray()
            for path in paths:
                try:
                    os.close(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK))
                    answers += b"1"
                except OSError:
                    answers += b"0"
            with os.fdopen(writing, "wb") as f:
                f.write(answers)
            os._exit(0)
        finally:
            os._exit(1)
    os.close(writing)
    with os.fdopen(reading, "rb") as f:
        answers = f.read()
    _, status = os.waitpid(pid, 0)
    assert status == 0 and len(answers) == len(paths)
    return {path for path, yes in zip(paths, answers) if yes == ord("1")}


# --- the tree --------------------------------------------------------------------------------------------------------

def facl(path, *entries):
    subprocess.run(["setfacl", *(a for e in entries for a in ("-m", e)), path], check=True)


class World:
    """The tree, the daemon that indexes it, and a connection for everybody."""

    def __init__(self, daemon):
        self.daemon = daemon
        self.base = daemon.home
        self.words = {}  # path -> the words of that file alone; parts' words with their file's
        self.made = 0
        self.clients = {}
        self.models = {}  # who -> (clock, paths) by `changes`
        self.allowed = {}  # who -> words that they could see at the last look

    def file(self, name, mode=0o644, uid=OWNER.uid, gid=STAFF, acl=(), content=None, root=None):
        path = os.path.join(root or self.daemon.root, name)
        self.made += 1
        n = self.made
        os.makedirs(os.path.dirname(path), exist_ok=True)
        words = {f"canary{n:03}k", f"titled{n:03}k"}
        if content is None:
            content = f"<html><title>titled{n:03}k</title><body>everywhere canary{n:03}k</body></html>"
        data = content if isinstance(content, bytes) else content.encode()
        with open(path, "wb", opener=lambda p, f: os.open(p, f | os.O_EXCL, 0o600)) as f:
            f.write(data)
        os.chown(path, uid, gid)
        os.chmod(path, mode)
        if acl:
            facl(path, *acl)
        self.words[path] = words
        return path

    def directory(self, name, mode=0o755, uid=OWNER.uid, gid=STAFF, acl=(), root=None):
        path = os.path.join(root or self.daemon.root, name)
        os.makedirs(path)
        os.chown(path, uid, gid)
        os.chmod(path, mode)
        if acl:
            facl(path, *acl)
        return path

    def client(self, who):
        if who not in self.clients:
            self.clients[who] = As(self.daemon, who)
        return self.clients[who]

    def close(self):
        for client in self.clients.values():
            client.close()

    def paths(self):
        """Every file and directory of the roots, as the kernel has them now."""
        files, dirs = set(), set()
        for _, keys in self.daemon.config.sections:
            for top, names, leaves in os.walk(keys["path"]) if "path" in keys else ():
                files.update(os.path.join(top, leaf) for leaf in leaves)
                dirs.update(os.path.join(top, name) for name in names)
        return files, dirs

    def sync(self):
        self.daemon.sync()


def fill(w):
    """(mode, owner, list) of the file x those of the directories above."""
    w.file("named/index-zero.html", 0o644)
    w.file("named/worded-grp.html", 0o640)
    w.file("named/worded-mine.html", 0o600)
    w.file("named/worded-other-only.html", 0o604)
    w.file("named/worded-owner-not.html", 0o044)
    w.file("named/worded-root.html", 0o600, uid=0, gid=0)
    w.file("named/worded-service.html", 0o600, uid=SERVICE, gid=SERVICE)
    w.file("listed/user.html", 0o600, acl=["u:30004:r"])
    w.file("listed/group.html", 0o600, acl=[f"g:{LISTED}:r"])
    w.file("listed/masked.html", 0o600, acl=[f"g:{LISTED}:r", "u:30004:r", "m::x"])
    w.file("listed/mask-nothing.html", 0o604, acl=[f"g:{LISTED}:r", "u:30004:r", "m::-"])
    w.file("listed/denied.html", 0o644, acl=["u:30004:-", f"g:{LISTED}:-"])
    w.file("listed/one-of-two.html", 0o600, acl=[f"g:{LISTED}:-", f"g:{IDLE}:r"])
    w.file("listed/owner-named.html", 0o000, acl=[f"u:{OWNER.uid}:r"])
    for name, mode, acl in [("private700", 0o700, ()), ("through711", 0o711, ()), ("group710", 0o710, ()),
                            ("list744", 0o744, ()), ("acl-user-x", 0o700, ["u:30004:x"]),
                            ("acl-group-rx", 0o700, [f"g:{LISTED}:rx"]), ("acl-list-only", 0o700, [f"g:{LISTED}:r"]),
                            ("acl-barred", 0o755, ["u:30004:-"]), ("other-only", 0o705, ())]:
        w.directory(name, mode, acl=acl)
        w.file(f"{name}/open.html", 0o644)
        w.file(f"{name}/deeper/{name}-grp.html", 0o640)
        os.chown(os.path.join(w.daemon.root, name, "deeper"), OWNER.uid, STAFF)
    same = "<html><title>samesame</title><body>everywhere twofold</body></html>"
    w.file("copies/open.html", 0o644, content=same)
    w.file("private700/hidden-copy.html", 0o644, content=same)
    w.file("copies/closed.html", 0o600, content=same)
    for name, mode in [("open.zip", 0o644), ("closed.zip", 0o600)]:
        n = w.made + 1
        path = w.file(f"packed/{name}", mode, content=make_zip(n))
        w.words[path] = {f"member{n:03}k", f"leafed{n:03}k"}
    w.file("broken/open.pdf", 0o644, content=b"%PDF-1.4 nothing of a PDF")
    w.file("broken/closed-failing.pdf", 0o600, content=b"%PDF-1.4 nothing else of it")
    w.file("packed/plain.bin", 0o600, content=b"\0\1\2")
    # below an ancestor of the root that not all may pass
    w.file("open.html", 0o644, root=w.base / "above" / "second")
    os.chown(w.base / "above", 0, STAFF)
    os.chmod(w.base / "above", 0o710)
    # the words of copies are no file's own
    for path in list(w.words):
        if "copies/" in path or "hidden-copy" in path or path.endswith((".pdf", ".bin")):
            w.words[path] = set()
        stem = os.path.basename(path).split(".")[0]
        if "-" in stem:
            w.words[path].add(stem)


def make_zip(n):
    import io
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as z:
        z.writestr(f"inner/leafed{n:03}k.txt", f"everywhere member{n:03}k")
        z.writestr("both.txt", "everywhere shared by both archives")
    return out.getvalue()


def start(make_daemon, **memo):
    """A daemon of the service's user, which may read every file, as the packaged unit has it."""
    daemon = make_daemon()
    daemon.home.chmod(0o711)
    second = daemon.home / "above" / "second"
    second.mkdir(parents=True)
    daemon.config["daemon"]["mode"] = "system"
    daemon.config["memo"].update(memo)
    daemon.config["root second"]["path"] = second
    for path in (daemon.state, daemon.home):
        os.chown(path, SERVICE, SERVICE)
    w = World(daemon)
    fill(w)
    run_as_service(daemon)
    return w


def run_as_service(daemon):
    daemon.start(wrapper=["setpriv", "--pdeathsig", "KILL", "--reuid", str(SERVICE), "--regid", str(SERVICE),
                          "--clear-groups", "--inh-caps", "-all,+dac_read_search",
                          "--ambient-caps", "-all,+dac_read_search"])


@pytest.fixture
def world(make_daemon):
    w = start(make_daemon)
    w.sync()
    yield w
    w.close()


# --- what each may see -----------------------------------------------------------------------------------------------

def forbidden_words(w, who, files, dirs, seen):
    """Words of what they cannot open.  A directory's name is known by what is visible below it."""
    words = set()
    for path in files - seen:
        words |= w.words.get(path, set())
    listed = openable(who, dirs)
    for path in dirs - listed:
        if not any(p.startswith(path + "/") for p in seen):
            words.add(os.path.basename(path))
    for path in seen:
        words -= w.words.get(path, set())
    for path in seen | listed:
        words -= set(path.split("/"))
    return {word.encode() for word in words}


def hit_paths(result):
    """(path, parts) of every place of every hit, but of directories."""
    return {(os.fsdecode(path_of(p)), tuple(p.get("part", ()))) for hit in result["hits"] if hit["type"] != "inode/directory"
            for p in hit["paths"]}


def all_changes(client, since, limit=7):
    found, fresh = [], False
    while True:
        result = client.call("changes", since=since, limit=limit)
        if result["fresh_instance"]:
            found, fresh = [], True
        found += result["changes"]
        since = result["clock"]
        if not result["more"]:
            return found, since, fresh


def follow(model, changes, fresh, there):
    """What the protocol says a client is to do with them; `there`: what it finds where it has to look."""
    if fresh:
        model.clear()
    gone, moved = {}, []
    for c in changes:
        path, old = os.fsdecode(path_of(c)), os.fsdecode(path_of(c, "from" if c["kind"] == "moved" else "path"))
        if c["kind"] in ("deleted", "moved"):
            below = {p for p in model if p == old or (c["dir"] and p.startswith(old + "/"))}
            model -= below
            if c["kind"] == "moved":
                moved.append((number(c), c["dir"], path, old, below))
            else:
                gone[path] = number(c)
    for clock, is_dir, new, old, below in moved:
        put = {new + p[len(old):] for p in below}
        if not below and is_dir:  # moved before, to a place that nobody told of
            put = {p for p in there if p.startswith(new + "/")}
        # what went from there since
        model |= {p for p in put if not any(p == g or p.startswith(g + "/") for g, n in gone.items() if n > clock)}
    for c in changes:
        if c["kind"] != "deleted" and not c["dir"]:
            model.add(os.fsdecode(path_of(c)))


def number(change):
    """Of the clock, which is opaque to clients: they go by the order of the records."""
    return int(change["clock"].split(":")[1].split("@")[0])


def error_of(call, *args, **more):
    with pytest.raises(RpcError) as e:
        call(*args, **more)
    return e.value.code, e.value.message, e.value.data


def check_search(w, client, seen, files):
    """Every way to search says the same of what is there."""
    timeout = int(trawl.patience(10) * 1000)
    queries = ("everywhere", "-nowhere", "name:*.html", "ext:html", "name:html -ext:pdf")
    for query in queries if files else queries[:2]:
        result = client.call("search", query=query, limit=1000, timeout_ms=timeout)
        found = {p for p, _ in hit_paths(result)}
        html = {p for p in seen if p.endswith(".html")}
        wanted = {"everywhere": html | {p for p in seen if p.endswith(".zip")}, "-nowhere": seen}.get(query, html)
        assert found == wanted, (client.who, query, found ^ wanted)
        assert result["total"] == len(result["hits"]) and result["total_exact"], (client.who, query)
    if files is None:
        return
    for sort in ("time", "size", "name", "path", "relevance") if files else ("path",):
        found, cursor = set(), None
        while True:
            more = {"cursor": cursor} if cursor else {}
            result = client.call("search", query="everywhere", limit=4 if files else 20, sort=sort, timeout_ms=timeout, **more)
            found |= hit_paths(result)
            cursor = result.get("cursor")
            if not cursor:
                break
        assert {p for p, _ in found} == {p for p in seen if p.endswith((".html", ".zip"))}, (client.who, sort)
    grouped = client.call("search", query="everywhere", limit=1000, group=True, timeout_ms=timeout)
    assert {p for p, _ in hit_paths(grouped)} >= {p for p in seen if p.endswith(".zip")}
    copies = client.call("search", query="twofold", timeout_ms=timeout)
    wanted = {p for p in seen if p.endswith(".html") and b"twofold" in open(p, "rb").read()}
    assert sum(h["paths_total"] for h in copies["hits"]) == len(wanted) and {p for p, _ in hit_paths(copies)} == wanted
    for path in sorted(files):
        for word in sorted(w.words.get(path, ())):
            if not word.startswith(("canary", "titled", "member", "leafed")):
                continue
            result = client.call("search", query=word, snippet={"tokens": 8}, timeout_ms=timeout)
            assert bool(result["hits"]) == (path in seen) or not path.endswith((".html", ".zip")), (client.who, path, word)
            if path not in seen:
                assert result["total"] == 0 and result["total_exact"]


def check_around(w, client, seen, files, words):
    """Facets, words to choose from, what was meant: nothing of what is hidden, and all of what is not."""
    timeout = int(trawl.patience(10) * 1000)
    html = [p for p in seen if p.endswith(".html")]
    texts = {open(p, "rb").read() for p in html}
    result = client.call("search", query="ext:html", limit=0, facets=["type", "ext", "year", "root", "author", "folder"],
                         timeout_ms=timeout)
    counted = {name: {v["value"]: v["count"] for v in values} for name, values in result["facets"].items()}
    assert result["total"] == len(texts) and result["facets_exact"]
    assert sum(counted["type"].values()) == len(texts)
    assert sum(counted["root"].values()) == len(texts)
    assert len(counted["folder"]) <= len({os.path.dirname(p) for p in html})
    if client.who.uid != 0:
        for prefix in ("canary", "titled", "member", "leafed", "worded", "every", "acl", "private", "c"):
            result = client.call("suggest", prefix=prefix, limit=100, names=100, timeout_ms=timeout)
            assert all(set(t) == {"term"} for t in result["terms"]), result["terms"]
            known = {x for p in seen for x in w.words.get(p, ())}
            if prefix in ("canary", "titled", "member", "leafed"):
                assert {t["term"] for t in result["terms"]} == {x for x in known if x.startswith(prefix)}
    dirs = openable(client.who, w.paths()[1])
    for name in ("deeper", "private700", "acl", "named"):  # directories are hits of their own, to who could list them
        hits = client.call("search", query=f"name:{name}", limit=1000, timeout_ms=timeout)["hits"]
        found = {os.fsdecode(path_of(h)) for h in hits if h["type"] == "inode/directory"}
        assert found == {d for d in dirs if name in os.path.basename(d)}, (client.who, name)
    for word in sorted(words):
        word = word.decode()
        if word.startswith(("canary", "titled", "member", "leafed")):
            near = word[:-1] + "x"
            result = client.call("search", query=near, explain=True, timeout_ms=timeout)
            assert result["total"] == 0 and result.get("did_you_mean") != word


def check_one_by_one(client, seen, files, dirs, clean):
    """Methods about one path: what is not to be seen is as what is not there, byte for byte."""
    for path in sorted(files):
        absent = path[:-6] + "Q" + path[-5:]  # as long, and in the same directory
        for method, more in (("document", {}), ("parts", {}), ("explain", {}), ("document", {"part": ["both.txt"]}),
                             ("explain", {"part": ["both.txt"]})):
            def ask(p):
                client.raw_lines.clear()
                try:
                    client.call(method, {"path": p, **more})
                except RpcError:
                    pass
                line = json.loads(client.raw_lines[-1])
                line.pop("id")
                return json.dumps(line).replace(p, "PATH")
            reply = ask(path)
            if path in seen:
                assert method != "explain" or '"absent"' not in reply or more, (client.who, path, reply)
            else:
                assert reply == ask(absent), (client.who, method, path)
        client.raw_lines.clear()
    if client.who.uid == 0:
        return
    for path in ["/etc/shadow", "/nowhere/at/all", "/root"]:
        assert client.call("explain", path=path)["verdict"] == "absent"
    for path in sorted(dirs):
        verdict = client.call("explain", path=path)
        assert verdict["verdict"] in ("absent", "directory")
        if path in clean:
            assert verdict["verdict"] == "absent"
    client.raw_lines.clear()


def check_listings(w, client, seen):
    """Methods that list."""
    failures = client.call("failures", limit=1000)
    assert {os.fsdecode(path_of(f)) for f in failures} == {p for p in seen if p.endswith(".pdf")}
    page = client.call("failures", limit=1) + client.call("failures", limit=1, offset=1)
    assert page == failures[:2]
    listed, _, _ = all_changes(client, None)
    assert sorted(os.fsdecode(path_of(c)) for c in listed if not c["dir"]) == sorted(seen), client.who
    roots = {r["name"] for r in client.call("roots")["roots"]}
    may = openable(client.who, [str(w.daemon.root), str(w.base / "above" / "second")])
    assert roots == {n for n, p in (("docs", w.daemon.root), ("second", w.base / "above" / "second")) if str(p) in may}
    status = client.call("status")
    admin = client.who.uid in (0, SERVICE)
    assert ("files" in status) == ("workers" in status) == ("roots" in status) == admin
    for method in ("stats", "pause", "reindex", "check", "shutdown"):
        if not admin:
            assert error_of(client.call, method)[2]["code"] == "forbidden"


def check_changes(w, client, seen):
    """What a client knows that only follows."""
    clock, model = w.models.get(client.who, (None, set()))
    changes, clock, fresh = all_changes(client, clock, 7 if clock is None else 40)
    follow(model, changes, fresh, seen)
    w.models[client.who] = (clock, model)
    assert model == seen, (client.who, model ^ seen, changes)


def all_words(w, dirs):
    return {x.encode() for words in w.words.values() for x in words} | {os.path.basename(d).encode() for d in dirs}


def check_words(client, words):
    """No reply since the last look has one of them."""
    for line in client.raw_lines:
        for word in words:
            # the service's user is an administrator, who sees the roots, and what is in work at the moment
            assert word not in line or b'"workers"' in line, (client.who, word, line[:4000])
    client.raw_lines.clear()


def check(w, callers=None, thorough=True):
    """Everything, as everybody; not thorough: the most telling of it, None: the least."""
    files, dirs = w.paths()
    for who in callers or CALLERS:
        seen = openable(who, files)
        client = w.client(who)
        client.raw_lines.clear()
        words = forbidden_words(w, who, files, dirs, seen)
        check_changes(w, client, seen)
        # of what they lost they may be told that it is gone
        check_words(client, words - w.allowed.get(who, set()))
        w.allowed[who] = all_words(w, dirs) - words
        check_search(w, client, seen, files if thorough else None if thorough is None else ())
        if thorough is not None:
            check_listings(w, client, seen)
        if thorough:
            check_around(w, client, seen, files, words)
        check_words(client, words)
        if thorough:
            check_one_by_one(client, seen, files, dirs, ())


def test_everybody_by_every_method(world):
    check(world)


# --- when it changes -------------------------------------------------------------------------------------------------

def swap(w, a, b):
    """Two directories change places."""
    move(w, a, a + "-aside")
    move(w, b, a)
    move(w, a + "-aside", b)


def replace(w, path, mode):
    """As an editor stores: another file moved into the place."""
    words = w.words.pop(path)
    new = w.file("named/replacing.html", mode)
    os.rename(new, path)
    w.words[path] = w.words.pop(new) - {"replacing"} | {x for x in words if "-" in x}


def move(w, old, new):
    os.rename(old, new)
    for path in [p for p in w.words if p == old or p.startswith(old + "/")]:
        w.words[new + path[len(old):]] = w.words.pop(path)


def steps(w):
    """(what happens, the call)"""
    def at(name):
        return os.path.join(w.daemon.root, name)
    chmod, above = os.chmod, str(w.base / "above")
    named, listed, private = at("named/index-zero.html"), at("listed/group.html"), at("private700")
    yield "a file is closed", lambda: chmod(named, 0o600)
    yield "a file is opened to a group", lambda: chmod(named, 0o640)
    yield "a user is listed", lambda: facl(named, "u:30006:r")
    yield "and barred", lambda: facl(named, "u:30006:-")
    yield "the mask takes all", lambda: facl(listed, "m::-")
    yield "and gives again", lambda: facl(listed, "m::r")
    yield "lists go", lambda: subprocess.run(["setfacl", "-b", named, listed], check=True)
    yield "another owner", lambda: os.chown(named, MEMBER.uid, -1)
    yield "another group", lambda: os.chown(named, -1, LISTED)
    yield "an archive is opened", lambda: chmod(at("packed/closed.zip"), 0o644)
    yield "and the other closed", lambda: chmod(at("packed/open.zip"), 0o600)
    yield "a file without a converter is opened", lambda: chmod(at("packed/plain.bin"), 0o644)
    yield "a failure is closed", lambda: chmod(at("broken/open.pdf"), 0o600)
    yield "the open copy is closed", lambda: chmod(at("copies/open.html"), 0o600)
    yield "a directory is opened", lambda: chmod(private, 0o755)
    yield "and closed", lambda: chmod(private, 0o700)
    yield "to a user it is opened", lambda: facl(private, "u:30006:x")
    yield "to a group too", lambda: facl(private, f"g:{LISTED}:rx")
    yield "to nobody any more", lambda: subprocess.run(["setfacl", "-b", private], check=True)
    yield "its owner is another", lambda: os.chown(private, MEMBER.uid, -1)
    yield "the root's own directory is closed", lambda: chmod(w.daemon.root, 0o750)
    yield "and opened", lambda: chmod(w.daemon.root, 0o755)
    yield "what is above a root is opened", lambda: chmod(above, 0o755)
    yield "and closed altogether", lambda: chmod(above, 0o700)
    yield "but to one", lambda: facl(above, "u:30006:x")
    yield "a group passes", lambda: (subprocess.run(["setfacl", "-b", above], check=True), os.chown(above, 0, LISTED),
                                     chmod(above, 0o710))
    yield "a file goes where few go", lambda: move(w, at("listed/denied.html"), at("private700/denied.html"))
    yield "and from there elsewhere in it", lambda: move(w, at("private700/denied.html"),
                                                        at("private700/deeper/denied.html"))
    yield "and comes out", lambda: move(w, at("private700/deeper/denied.html"), at("listed/again.html"))
    yield "a directory goes where few go", lambda: move(w, at("listed"), at("group710/listed"))
    yield "is renamed there", lambda: move(w, at("group710/listed"), at("group710/worded-renamed"))
    yield "and comes out", lambda: move(w, at("group710/worded-renamed"), at("listed"))
    yield "a closed file replaces an open one", lambda: replace(w, at("through711/open.html"), 0o600)
    yield "an open one a closed one", lambda: replace(w, at("through711/open.html"), 0o644)
    yield "a closed file is moved over an open one", lambda: move_over(w, at("named/worded-mine.html"),
                                                                      at("acl-barred/open.html"))
    yield "one has another name where few go", lambda: link(w, at("copies/closed.html"), at("group710/second-name.html"))
    yield "and is opened by that", lambda: chmod(at("group710/second-name.html"), 0o644)
    yield "a new file where few go", lambda: w.file("private700/worded-new.html", 0o644)
    yield "a new directory there", lambda: (w.directory("group710/worded-newdir", 0o755),
                                            w.file("group710/worded-newdir/worded-inside.html"))
    yield "goes with all in it", lambda: shutil.rmtree(at("group710/worded-newdir"))
    yield "a file that few see goes", lambda: os.unlink(at("named/worded-root.html"))
    yield "a file that all see goes", lambda: os.unlink(at("acl-group-rx/open.html"))
    yield "two directories change places", lambda: swap(w, at("other-only"), at("copies"))


def move_over(w, old, new):
    del w.words[new]
    move(w, old, new)


def link(w, old, new):
    os.link(old, new)
    w.words[new] = set(w.words[old])


def test_whatever_changes(world):
    check(world, thorough=False)
    for n, (what, step) in enumerate(steps(world)):
        step()
        world.sync()
        try:
            check(world, thorough=False if n % 6 == 0 else None)
        except AssertionError as e:
            raise AssertionError(f"after: {what}") from e
    check(world)


# --- what is kept from before ----------------------------------------------------------------------------------------

@pytest.fixture
def remembering(make_daemon):
    """Answers are kept for an hour, whatever is written meanwhile."""
    w = start(make_daemon, ttl="1h")
    w.sync()
    yield w
    w.close()


def searched(client, **more):
    return client.call("search", query="everywhere", limit=1000, timeout_ms=int(trawl.patience(10) * 1000), **more)


def test_no_answer_from_before_a_change_of_rights(remembering):
    """Without any sync: once one answer shows the change, none from the memo is older."""
    w = remembering

    def at(name):
        return os.path.join(w.daemon.root, name)
    above = str(w.base / "above")
    changes = [lambda: os.chmod(at("named/index-zero.html"), 0o600), lambda: facl(at("listed/denied.html"), "u:30006:-"),
               lambda: os.chmod(at("through711"), 0o700), lambda: facl(at("acl-barred"), "u:30006:-"),
               lambda: os.chmod(above, 0o700), lambda: os.chmod(w.daemon.root, 0o750)]
    os.chmod(above, 0o711)
    w.sync()
    client, root = w.client(CALLERS[5]), w.client(CALLERS[-1])
    for n, change in enumerate(changes):
        before = hit_paths(searched(client))
        assert before and searched(client)["cached"]
        change()

        def shown():
            now = hit_paths(searched(client, max_age_ms=0, snippet=False))
            return [now] if now != before else None
        now, = trawl.wait_for(shown, 10, f"change {n} is committed")
        assert now < before
        assert hit_paths(searched(client)) == now
        # that answers are kept at all: it is so again, and other changes leave it so
        assert searched(client)["cached"]
    assert now == set()
    assert hit_paths(searched(root)) != now
    w.sync()
    check(w, thorough=False)


def test_no_answer_is_shared(remembering):
    """The same question by everybody at once, and again: each gets their own answer."""
    w = remembering
    files, _ = w.paths()
    seen = {who: {p for p in openable(who, files) if p.endswith((".html", ".zip"))} for who in CALLERS}
    assert len({frozenset(s) for s in seen.values()}) >= 6
    for _ in range(3):
        asked = [(who, w.client(who).send("search", query="everywhere", limit=1000)) for who in CALLERS for _ in range(4)]
        for who, request in asked:
            assert {p for p, _ in hit_paths(w.client(who).receive(request))} == seen[who], who
    # groups in another order are the same groups: one answer for both
    same = Who("acl-group, turned round", 30005, 30005, (LISTED, IDLE))
    with As(w.daemon, same) as client:
        result = searched(client)
        assert result["cached"] and {p for p, _ in hit_paths(result)} == seen[CALLERS[4]]


def test_groups_are_those_of_the_connection(world):
    w = world
    files, _ = w.paths()
    without, more = Who("member", 30002, 30002, ()), Who("member", 30002, 30002, (STAFF, LISTED))
    w.models["member"] = (w.client(MEMBER).call("changes", since=None, limit=100000)["clock"], set())
    for who in (without, more):
        clock, model = w.models.get("member", (None, set()))
        with As(w.daemon, who) as client:
            seen = openable(who, files)
            changes, clock, fresh = all_changes(client, clock)
            follow(model, changes, fresh, seen)
            w.models["member"] = (clock, model)
            assert model == seen and fresh == (who is without or who is more)
            assert {p for p, _ in hit_paths(searched(client))} == {p for p in seen if p.endswith((".html", ".zip"))}
    with As(w.daemon, Who("root", 0, 0, ())) as client:  # a clock of one who does not see all is none for one who does
        assert client.call("changes", since=clock)["fresh_instance"]
        own = client.call("changes", since=None)["clock"]
    with As(w.daemon, MEMBER) as client:
        assert client.call("changes", since=own + "@0123456789abcdef")["fresh_instance"]  # of somebody else
        assert client.call("changes", since=client.call("status")["clock"])["changes"] == []


def test_a_secret_behind_a_change_of_mode(world):
    """Closed first, written then: whoever asks all the time never sees what was written."""
    w = world
    path = w.file("named/log.txt", 0o644, content="everywhere first")
    w.sync()
    client = w.client(CALLERS[5])
    for n in range(40):
        os.chmod(path, 0o600)
        with open(path, "ab" if n % 2 else "wb") as f:
            f.write(f" secretword{n}".encode())
        asked = [client.send("search", query=f"secretword{n}", max_age_ms=0) for _ in range(10)]
        if n % 3 == 0:
            w.sync()
        asked += [client.send("search", query=f"secretword{n}", max_age_ms=0) for _ in range(10)]
        assert not any(client.receive(a)["hits"] for a in asked), n
        with open(path, "wb") as f:
            f.write(b"everywhere harmless")
        os.chmod(path, 0o644)
    w.sync()
    assert path in {p for p, _ in hit_paths(searched(client))}


def test_the_real_path_of_a_root_counts(make_daemon):
    """A root's name may go through links: what is above it is what is above the directory itself."""
    daemon = make_daemon()
    daemon.home.chmod(0o711)
    kept, inside = daemon.home / "kept", daemon.home / "kept" / "in"
    (inside / "here").mkdir(parents=True)
    (daemon.home / "link").symlink_to("kept/in")
    daemon.config["daemon"]["mode"] = "system"
    daemon.config["root docs"]["path"] = daemon.home / "link" / "here"
    name = inside / "here" / "one.txt"
    name.write_text("everywhere")
    daemon.start()
    daemon.sync()
    with As(daemon, CALLERS[5]) as client:
        for change in (lambda: None, lambda: kept.chmod(0o700), lambda: kept.chmod(0o711), lambda: facl(inside, "u:30006:-"),
                       lambda: facl(inside, "u:30006:x"), lambda: os.chown(kept, CALLERS[5].uid, 0),
                       lambda: kept.chmod(0o611), lambda: kept.chmod(0o100)):
            change()
            daemon.sync()
            sees = openable(CALLERS[5], [str(name)])
            assert {p for p, _ in hit_paths(searched(client))} == sees
            assert bool(client.call("roots")["roots"]) == bool(sees)
        # away and back, with other rights by then
        kept.rename(daemon.home / "aside")
        trawl.wait_for(lambda: daemon.call("roots")["roots"][0]["offline"], 10, "the root is gone")
        (daemon.home / "aside").chmod(0o000)
        (daemon.home / "aside").rename(kept)
        trawl.wait_for(lambda: not daemon.call("roots")["roots"][0]["offline"], 20, "the root is there again")
        daemon.sync()
        assert not searched(client)["hits"] and not client.call("roots")["roots"]


def test_restarted_it_knows_the_same(make_daemon):
    """Rights that changed while no daemon ran count once it has compared; lists and what is above are kept."""
    w = start(make_daemon)
    w.sync()
    check(w, thorough=False)
    w.close()
    w.clients.clear()
    w.daemon.stop()
    os.chmod(os.path.join(w.daemon.root, "private700"), 0o755)
    facl(os.path.join(w.daemon.root, "listed/user.html"), "u:30006:r", "u:30004:-")
    os.chmod(w.base / "above", 0o711)
    run_as_service(w.daemon)
    w.sync()
    check(w, thorough=False)
    w.close()


def test_subscriptions(world):
    """Whoever is told of a match could open it."""
    w = world
    numbers = {}
    for who in CALLERS:
        client = w.client(who)
        client.raw_lines.clear()
        for params in ({"query": "everywhere"}, {"path": str(w.daemon.root)}):
            numbers[who, client.call("subscribe", params)["subscription"]] = params
    zero, mine = (os.path.join(w.daemon.root, "named", name) for name in ("index-zero.html", "worded-mine.html"))
    before = {who: openable(who, [zero, mine]) for who in CALLERS}
    made = [w.file("named/told-all.html", 0o644), w.file("named/told-few.html", 0o600),
            w.file("private700/told-there.html", 0o644), w.file("listed/told-listed.html", 0o600, acl=["u:30004:r"])]
    os.chmod(zero, 0o640)
    os.unlink(mine)
    w.sync()
    files, dirs = w.paths()
    for who in CALLERS:
        client, seen = w.client(who), openable(who, files)
        wanted = {p for p in made if p in seen} | {("deleted", p) for p in before[who] - seen}

        def told():
            client.call("version")
            matches = [m for note in client.notifications for m in note["params"]["matches"]]
            return {("deleted", os.fsdecode(path_of(m))) if m["kind"] == "deleted" else os.fsdecode(path_of(m))
                    for m in matches}
        trawl.wait_for(lambda: wanted <= told(), 10, f"{who} is told")
        assert not any(("deleted", p) in told() for p in (zero, mine) if p not in before[who])
        check_words(client, {x.encode() for p in made if p not in seen for x in w.words[p]})


def random_step(w, dice):
    """One change of the tree; what cannot be done is left."""
    files, dirs = (sorted(p for p in some if p.startswith(str(w.daemon.root))) for some in w.paths())
    mode = dice.choice([0o755, 0o700, 0o711, 0o750, 0o705, 0o644, 0o600, 0o640, 0o604, 0o000])
    who = dice.choice(CALLERS)
    entry = dice.choice([f"u:{who.uid}:{dice.choice(['r', 'rx', '-', 'x'])}",
                         f"g:{dice.choice([STAFF, LISTED, IDLE])}:{dice.choice(['r', 'rx', '-', 'x'])}"])
    victim = dice.choice(files + dirs)
    place = os.path.join(dice.choice([*dirs, str(w.daemon.root)]), f"r{dice.randrange(40)}")
    what = dice.choice(["chmod", "chmod", "acl", "chown", "move", "move", "remove", "file", "dir", "over", "above", "strip"])
    with contextlib.suppress(OSError, subprocess.CalledProcessError):
        if what == "chmod":
            os.chmod(victim, mode)
        elif what == "acl":
            subprocess.run(["setfacl", "-m", entry, victim], check=True, stderr=subprocess.DEVNULL)
        elif what == "strip":
            subprocess.run(["setfacl", "-b", victim], check=True, stderr=subprocess.DEVNULL)
        elif what == "chown":
            os.chown(victim, who.uid, dice.choice([STAFF, LISTED, who.gid]))
        elif what == "move":
            os.rename(victim, place)
        elif what == "over" and files:
            os.rename(dice.choice(files), dice.choice(files))
        elif what == "remove":
            shutil.rmtree(victim) if os.path.isdir(victim) else os.unlink(victim)
        elif what == "file":
            w.file(place + ".html", mode, uid=who.uid)
        elif what == "dir":
            w.directory(place, mode, uid=who.uid)
        elif what == "above":
            os.chmod(w.daemon.root, dice.choice([0o755, 0o755, 0o711, 0o700, 0o750]))


@pytest.mark.parametrize("seed", range(20) if trawl.FULL else [3])
def test_at_random(world, seed):
    """Whatever becomes of the tree, who follows its changes and who searches knows what the kernel says."""
    w, dice = world, random.Random(seed)
    for _ in range(100 if trawl.FULL else 15):
        for _ in range(dice.choice([1, 1, 2, 5])):
            random_step(w, dice)
        w.sync()
        files, _ = w.paths()
        for who in CALLERS:
            client, seen = w.client(who), openable(who, files)
            check_changes(w, client, seen)
            found = client.call("search", query="-nowhere", limit=1000, timeout_ms=int(trawl.patience(10) * 1000))
            assert {p for p, _ in hit_paths(found)} == seen, who
        client.raw_lines.clear()
