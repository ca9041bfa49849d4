"""The converter contract, from the converter's side: what it is given, how it may answer, how it is ended."""

import json
import os
import re
import shutil
import signal
import time

import pytest

import trawl
from trawl import patience, wait_for, write

# A one-shot converter that tells what it sees, as text.
WITNESS = r"""#!/usr/bin/python3 -SE
import ctypes, fcntl, json, os, resource, signal, stat, sys
st = os.fstat(0)
def is_open(fd):
    try:
        return fcntl.fcntl(fd, fcntl.F_GETFD) >= 0
    except OSError:
        return False
def capabilities():
    head, sets = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)(*[1] * 6)
    return ctypes.CDLL(None).capget(head, sets), list(sets)
def writable():
    for attempt in (lambda: os.pwrite(0, b"!", 0), lambda: os.ftruncate(0, 1), lambda: os.ftruncate(0, 1000)):
        try:
            attempt()
            return True
        except OSError:
            pass
    return False
print(json.dumps({
    "environment": dict(os.environ), "argv": sys.argv[1:], "cwd": os.getcwd(), "files": os.listdir("."),
    "fds": [fd for fd in range(1024) if is_open(fd)],
    "cwd_mode": stat.S_IMODE(os.stat(".").st_mode), "size": st.st_size, "offset": os.lseek(0, 0, os.SEEK_CUR),
    "writable": writable(),
    "regular": stat.S_ISREG(st.st_mode), "content": os.read(0, 100).decode(),
    "blocked": [int(s) for s in signal.pthread_sigmask(signal.SIG_BLOCK, [])],
    "ignored": [int(s) for s in signal.valid_signals() if signal.getsignal(s) == signal.SIG_IGN],
    "no_new_privs": ctypes.CDLL(None).prctl(39, 0, 0, 0, 0), "capabilities": capabilities(),
    "umask": os.umask(0), "session": os.getsid(0) == os.getpid() or os.getpgid(0) == os.getpid(),
    "core": resource.getrlimit(resource.RLIMIT_CORE),
}))
"""

# A persistent one; its answer depends on the document's first word.
SERVER = r"""#!/usr/bin/python3 -SE
import fcntl, json, os, socket, struct, sys, time
channel = socket.socket(fileno=3)
served = 0
def record(kind, payload):
    if isinstance(payload, (dict, list)):
        payload = json.dumps(payload)
    if isinstance(payload, str):
        payload = payload.encode()
    channel.sendall(kind + struct.pack("<I", len(payload)) + payload)
def is_open(fd):
    try:
        return fcntl.fcntl(fd, fcntl.F_GETFD) >= 0
    except OSError:
        return False
def request():
    data, fds, _, _ = socket.recv_fds(channel, 1 << 17, 4)
    if not data:
        sys.exit(0)
    while len(data) < 5 or len(data) < 5 + struct.unpack("<I", data[1:5])[0]:
        data += channel.recv(1 << 17)
    assert data[:1] == b"Q" and len(fds) == 1, data
    return json.loads(data[5:]), fds[0]
while True:
    head, fd = request()
    content = os.pread(fd, 1 << 22, 0)
    os.close(fd)
    served += 1
    word = content.split()[0].decode() if content.split() else ""
    if word == "tell":
        record(b"M", {"title": "Told Title", "author": "Told Author"})
        record(b"T", json.dumps({"head": head, "fds": [fd for fd in range(1024) if is_open(fd)], "pid": os.getpid(), "environment": dict(os.environ)}))
    elif word == "pieces":  # a character cut in two, records cut anywhere
        text = "geteilt für später ".encode()
        whole = b"".join(b"T" + struct.pack("<I", 1) + text[i:i + 1] for i in range(len(text)))
        for i in range(0, len(whole), 7):
            channel.sendall(whole[i:i + 7])
    elif word == "reroute":
        record(b"R", content.split()[1].decode())
        continue
    elif word == "damaged":
        record(b"D", {"status": 65, "detail": "there is no page tree"})
        continue
    elif word == "garbage":
        channel.sendall(b"Zgarbage" * 100)
    elif word == "huge":
        channel.sendall(b"M" + struct.pack("<I", 0xffffffff))
    elif word == "badmeta":
        record(b"M", "{not json")
    elif word == "nul":
        record(b"T", b"before\0after \xff\xfe end")
    elif word == "silence":
        time.sleep(600)
    elif word == "cut":
        record(b"T", "partial text")
        record(b"D", {"status": 0, "truncated": True})
        continue
    elif word == "noise":
        sys.stderr.write("x" * 100000 + "\n")
        sys.stderr.flush()
        record(b"T", "noisy but fine")
    else:
        record(b"T", content)
    record(b"D", {"status": 0})
"""


def told(daemon, name):
    """What the witness said about one document."""
    return json.loads(daemon.document(name, limit=1 << 20)["text"])


# --- one-shot --------------------------------------------------------------------------------------------------------

@pytest.fixture
def witness(daemon):
    daemon.converter("wit", WITNESS)
    os.environ["TRAWL_SECRET"] = "leaked"
    daemon.env["SECRET_TOKEN"] = "leaked"
    daemon.env["LD_LIBRARY_PATH"] = "/nonexistent"
    yield daemon.start()
    del os.environ["TRAWL_SECRET"]


# Sanitizer builds hand these on, so that converters are watched too.
SANITIZERS = {"ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS"} if trawl.SANITIZED else set()


def test_the_environment_is_clean(witness):
    write(witness.root / "-x $(id).wit", "hello document")
    witness.sync()
    seen = told(witness, "-x $(id).wit")
    environment = seen["environment"]
    environment.pop("LC_CTYPE", None)  # Python's own doing
    assert set(environment) - SANITIZERS == {"PATH", "LANG", "TMPDIR", "TRAWL_NAME", "TRAWL_TYPE", "TRAWL_LIMIT"}
    assert environment["LANG"] == "C.UTF-8" and environment["TRAWL_NAME"] == "-x $(id).wit"
    assert int(environment["TRAWL_LIMIT"]) > 0
    assert seen["argv"] == []


def test_descriptors_directory_and_document(witness):
    path = write(witness.root / "a.wit", "hello document")
    witness.sync()
    seen = told(witness, "a.wit")
    assert seen["fds"] == [0, 1, 2]
    assert seen["files"] == [] and seen["cwd_mode"] & 0o077 == 0 and seen["cwd"] != os.fspath(witness.home)
    assert (seen["size"], seen["offset"], seen["content"]) == (14, 0, "hello document")
    assert seen["regular"] and not seen["writable"]
    assert seen["no_new_privs"] == 1 and seen["capabilities"] == [0, [0] * 6]
    pythons_own = {signal.SIGPIPE, signal.SIGXFSZ}
    assert seen["blocked"] == [] and set(seen["ignored"]) <= pythons_own
    assert seen["core"] == [1, 1]  # 0 would not keep a core from a program that core_pattern names
    write(path, "again")
    witness.sync()
    assert told(witness, "a.wit")["cwd"] != seen["cwd"] or told(witness, "a.wit")["files"] == []


def test_no_trace_in_the_working_directory(daemon):
    """What a converter leaves in its directory goes with it."""
    daemon.converter("litter", "#!/bin/sh\npwd\nmkdir -p sub/dir\necho x >sub/dir/file\necho y >\"$TMPDIR/other\"\n", processes=8)
    daemon.start()
    write(daemon.root / "a.litter", "x")
    daemon.sync()
    directory = daemon.document("a.litter")["text"].strip()
    wait_for(lambda: not os.path.exists(directory), 5)


def test_a_document_cannot_be_written_through_its_descriptor(daemon):
    daemon.converter("vandal", "#!/bin/sh\nprintf spoiled >/proc/self/fd/0 2>/dev/null\n"
                               "printf spoiled >>/dev/stdin 2>/dev/null\nchmod 777 /proc/self/fd/0 2>/dev/null\ncat\n", processes=8)
    daemon.start()
    path = write(daemon.root / "a.vandal", "precious content")
    os.chmod(path, 0o640)
    daemon.sync()
    with open(path, "rb") as f:
        assert f.read() == b"precious content"
    assert os.stat(path).st_mode & 0o777 == 0o640


@pytest.mark.parametrize("status, reason", [(65, "damaged"), (75, "try_later"), (1, "crashed"), (69, None), (127, None)])
def test_exit_statuses(daemon, status, reason):
    daemon.converter("exits", f"#!/bin/sh\necho 'why not' >&2\nexit {status}\n")
    daemon.start()
    write(daemon.root / "a.exits", "x")
    daemon.sync()
    if reason is None:
        assert daemon.explain("a.exits")["verdict"] == "unavailable"
        return
    row = daemon.failures()[daemon.absolute("a.exits")]
    assert (row["reason"], row["converter"]) == (reason, "exits")
    assert "why not" in json.dumps(daemon.explain("a.exits"))
    assert row["next_try"] is not None or reason == "damaged"


def test_try_later_is_tried_later(daemon):
    works_from = time.time() + patience(3)
    daemon.converter("later", f"#!/usr/bin/python3 -SE\nimport sys, time\n"
                              f"if time.time() < {works_from}:\n    sys.exit(75)\nprint('worked')\n")
    daemon.start()
    write(daemon.root / "a.later", "x")
    daemon.sync()
    next_try = daemon.failures()[daemon.absolute("a.later")]["next_try"]
    assert time.time() < next_try < time.time() + 600
    time.sleep(max(0, works_from - time.time()))
    daemon.call("reindex", path=os.fspath(daemon.root / "a.later"))
    daemon.sync()
    assert daemon.found("worked") == {daemon.absolute("a.later")} and daemon.failures() == {}


def test_output_that_is_no_utf8(daemon):
    daemon.converter("raw", "#!/bin/sh\nprintf 'before \\377\\376 middle \\000 after\\n'\n")
    daemon.start()
    write(daemon.root / "a.raw", "x")
    daemon.sync()
    assert daemon.found("before") == daemon.found("middle") == daemon.found("after") == {daemon.absolute("a.raw")}
    assert "\0" not in daemon.document("a.raw")["text"]


def test_no_shell_reads_the_command_line(daemon):
    daemon.converter("plain", ["/bin/echo", "$(id)", ";", "echo", "`id`", "*"])
    daemon.start()
    write(daemon.root / "a.plain", "x")
    daemon.sync()
    assert daemon.document("a.plain")["text"].strip() == "$(id) ; echo `id` *"


@pytest.mark.skipif(trawl.SANITIZED, reason="a sanitizer's shadow memory is larger than any limit of address space")
def test_the_limit_of_memory(daemon):
    daemon.converter("glutton", "#!/usr/bin/python3 -SE\nx = bytearray(600 << 20)\nprint('ate it all')\n", memory="200M")
    daemon.start()
    write(daemon.root / "a.glutton", "x")
    daemon.sync()
    assert daemon.found("ate") == set()
    assert daemon.failures()[daemon.absolute("a.glutton")]["reason"] == "crashed"


def test_the_limit_of_processes(daemon):
    """processes = 1: it may not fork.  Root is not bound by the resource limit alone."""
    daemon.converter("forker", "#!/usr/bin/python3 -SE\nimport os\ntry:\n    pid = os.fork()\nexcept OSError:\n"
                               "    print('forkrefused')\nelse:\n    pid or os._exit(0)\n    os.waitpid(pid, 0)\n    print('forkworked')\n",
                     processes=1)
    daemon.start()
    write(daemon.root / "a.forker", "x")
    daemon.sync()
    if os.geteuid() != 0:
        assert daemon.found("forkrefused") == {daemon.absolute("a.forker")}
    else:
        assert daemon.found("forkrefused OR forkworked") == {daemon.absolute("a.forker")}


def test_large_documents_go_by_descriptor(daemon):
    """Beyond 8 MiB nothing is copied; the converter sees all of it."""
    daemon.converter("wc", "#!/bin/sh\nset -- $(wc -c)\necho counted bytes$1\n", processes=8, time="60s")
    daemon.start()
    write(daemon.root / "big.wc", b"0123456789abcdef" * (1 << 20))
    daemon.sync(60)
    assert daemon.found(f"bytes{16 << 20}") == {daemon.absolute("big.wc")}


# --- persistent ------------------------------------------------------------------------------------------------------

@pytest.fixture
def server(daemon):
    daemon.converter("srv", SERVER, serve=True, time="2s", mime="application/x-srv")
    return daemon.start()


def test_persistent_request_and_reply(server):
    write(server.root / "a.srv", "tell me")
    server.sync()
    document = server.document("a.srv", limit=1 << 20)
    seen = json.loads(document["text"])
    assert seen["head"]["name"] == "a.srv" and seen["head"]["size"] == 7 and seen["head"]["limit"] > 0
    assert set(seen["fds"]) - {4} <= {0, 1, 2, 3}, seen["fds"]
    assert document["title"] == "Told Title" and document["author"] == "Told Author"
    [hit] = server.search('title:told author:told')["hits"]
    assert hit["title"] == "Told Title"
    environment = set(seen["environment"]) - {"LC_CTYPE"} - SANITIZERS
    assert environment <= {"PATH", "LANG", "TMPDIR", "TRAWL_NAME", "TRAWL_TYPE", "TRAWL_LIMIT"}


def test_one_process_serves_many(server):
    for i in range(60):
        write(server.root / f"{i}.srv", f"document many{i}zz")
    server.sync()
    assert len(server.found("document")) == 60
    assert server.counters()["converter_launches"] <= 6
    assert server.counters()["conversions"] == 60


def test_records_in_pieces(server):
    write(server.root / "a.srv", "pieces")
    server.sync()
    assert server.document("a.srv")["text"].strip() == "geteilt für später"


def test_reroute(server):
    write(server.root / "page.srv", "reroute text/html <p>rerouted pageword</p>")
    write(server.root / "plain.srv", "reroute text/plain plainword here")
    write(server.root / "odd.srv", "reroute application/x-nobody oddword")
    write(server.root / "loop.srv", "reroute application/x-srv loopword")
    server.sync()
    assert server.found("pageword") == {server.absolute("page.srv")}
    assert server.search("pageword")["hits"][0]["type"] == "text/html"
    assert server.found("plainword") == {server.absolute("plain.srv")}
    assert server.found("oddword OR loopword") == set()
    assert server.explain("odd.srv")["verdict"] == "no converter"
    assert server.absolute("loop.srv") in server.failures() or server.explain("loop.srv")["verdict"] == "no converter"


@pytest.mark.parametrize("word, reason", [("damaged", "damaged"), ("garbage", "protocol"), ("huge", "output_limit"),
                                          ("silence", "timed_out")])
def test_persistent_failures(server, word, reason):
    write(server.root / "a.srv", word)
    write(server.root / "b.srv", "next one is fine")
    server.sync()
    row = server.failures()[server.absolute("a.srv")]
    assert row["reason"] == reason or (word == "huge" and row["reason"] == "protocol"), row
    assert server.found("fine") == {server.absolute("b.srv")}
    if word == "damaged":
        assert "page tree" in json.dumps(server.explain("a.srv"))


def test_bad_metadata_and_bad_text(server):
    write(server.root / "meta.srv", "badmeta")
    write(server.root / "nul.srv", "nul")
    write(server.root / "fine.srv", "fine")
    server.sync()
    assert server.found("fine") == {server.absolute("fine.srv")}
    assert server.explain("meta.srv")["verdict"] in ("indexed", "failed")
    if server.explain("nul.srv")["verdict"] == "indexed":
        assert "\0" not in server.document("nul.srv")["text"]


def test_the_truncated_mark(server):
    write(server.root / "a.srv", "cut")
    write(server.root / "b.srv", "whole")
    server.sync()
    assert server.document("a.srv")["truncated"] is True
    assert server.document("b.srv")["truncated"] is False


def test_a_noisy_persistent_converter_does_not_block(server):
    for i in range(10):
        write(server.root / f"{i}.srv", f"noise {i}")
    server.sync()
    assert len(server.found("noisy")) == 10 or len(server.found("noisy")) == 1  # the same text, ten contents
    assert server.failures() == {}


def test_idle_persistent_converters_are_ended_with_the_daemon(server):
    write(server.root / "a.srv", "x y")
    server.sync()
    assert trawl.descendants_of(server.pid)
    server.stop()
    assert trawl.strays() == {}


# --- which converter -------------------------------------------------------------------------------------------------

def test_unavailable_then_installed(daemon):
    program = daemon.programs / "late-arrival"
    daemon.converter("late", [program, "-"])
    daemon.start()
    write(daemon.root / "a.late", "arrivedword")
    daemon.sync()
    assert daemon.explain("a.late")["verdict"] == "unavailable"
    daemon.stop()
    program.write_text("#!/bin/sh\nexec cat\n")
    program.chmod(0o755)
    daemon.start()
    daemon.sync()
    assert daemon.found("arrivedword") == {daemon.absolute("a.late")}
    # Removed again: what is indexed stays; installed again under a running daemon: a reload finds it.
    os.rename(program, daemon.programs / "hidden")
    write(daemon.root / "b.late", "secondword")
    daemon.sync()
    assert daemon.explain("b.late")["verdict"] == "unavailable"
    assert daemon.found("arrivedword") == {daemon.absolute("a.late")}
    os.rename(daemon.programs / "hidden", program)
    daemon.reload()
    wait_for(lambda: daemon.found("secondword", max_age_ms=0) == {daemon.absolute("b.late")}, 20)


@pytest.mark.parametrize("place", ["programs/late-arrival", "made/later/late-arrival"])
def test_a_program_that_is_installed_is_noticed(daemon, place):
    """By an event, also where its directory is not there yet: not by looking now and then."""
    program = daemon.home / place
    daemon.converter("late", [program, "-"])
    daemon.start()
    write(daemon.root / "a.late", "arrivedword")
    daemon.sync()
    assert daemon.explain("a.late")["verdict"] == "unavailable"
    time.sleep(1.5)  # it looks once, a second after its start
    program.parent.mkdir(parents=True, exist_ok=True)
    program.with_name("part").write_text("#!/bin/sh\nexec cat\n")
    program.with_name("part").chmod(0o755)
    os.rename(program.with_name("part"), program)
    wait_for(lambda: daemon.found("arrivedword", max_age_ms=0) == {daemon.absolute("a.late")}, 3)


def test_a_changed_converter_converts_again(daemon):
    daemon.converter("mine", "#!/bin/sh\necho firstversion\n")
    daemon.start()
    write(daemon.root / "a.mine", "x")
    daemon.sync()
    assert daemon.found("firstversion")
    daemon.converter("mine", "#!/bin/sh\necho secondversion\n")
    daemon.reload()
    wait_for(lambda: daemon.found("secondversion", max_age_ms=0) == {daemon.absolute("a.mine")}, 20)
    assert daemon.found("firstversion", max_age_ms=0) == set()


def test_a_later_file_overrides_by_name(daemon):
    daemon.converter("text", ["/bin/echo", "overriddenword"], extensions="txt")
    daemon.start()
    write(daemon.root / "a.txt", "originalword")
    daemon.sync()
    assert daemon.found("overriddenword") == {daemon.absolute("a.txt")} and daemon.found("originalword") == set()


def test_nobody_takes_it(daemon):
    """Without any converter, names are still found."""
    daemon.config["daemon"]["converters_dir"] = daemon.converters_dir
    daemon.converter("only", "#!/bin/sh\nexec cat\n")
    daemon.start()
    write(daemon.root / "a.unknown", "someword")
    write(daemon.root / "b.only", "someword")
    daemon.sync()
    assert daemon.found("someword") == {daemon.absolute("b.only")}
    assert daemon.explain("a.unknown")["verdict"] == "no converter"
    [hit] = daemon.search("name:unknown")["hits"]
    assert hit["document"] is False and trawl.path_of(hit) == daemon.absolute("a.unknown")


@pytest.mark.parametrize("name, content, expected", [
    ("a.md", "# Heading\n\nsome *markdownword*", "markdownword"), ("a.c", "int main(void) { return cword; }", "cword"),
    ("a.log", "2026 logword", "logword"), ("a.csv", "a,b,csvword\n", "csvword"), ("a.conf", "key = confword", "confword"),
    ("README", "readmeword", "readmeword"), ("Makefile", "all: makeword", "makeword"), ("a.json", '{"k":"jsonword"}', "jsonword"),
    ("a.xyzzy", "oddextensionword", "oddextensionword"), ("a.TXT", "upperword", "upperword"),
    ("a.html", "<html><body>htmlword<style>hid</style></body>", "htmlword"), ("a.htm", "<p>htmword", "htmword"),
])
def test_types_by_name(running, name, content, expected):
    write(running.root / name, content)
    running.sync()
    assert running.found(expected) == {running.absolute(name)}
    assert running.failures() == {}


def test_html(running):
    write(running.root / "a.html",
          '<html><head><meta charset="utf-8"><title>Caf&eacute; Page</title><meta name="author" content="Ada Lovelace">'
          '<meta name="description" content="a descriptionword"><style>.styleword{}</style><script>scriptword()</script></head>'
          '<body><p>para<b>graph</b>word</p><p>next&nbsp;one &lt;tag&gt; &#x41;lpha</p><ul><li>first<li>second</ul>'
          '<!-- commentword --><noscript>no</noscript><table><tr><td>cellone</td><td>celltwo</td></tr></table></body></html>')
    running.sync()
    for word in ("paragraphword", "next", "tag", "alpha", "first", "second", "cellone", "celltwo", "café"):
        assert running.found(word) == {running.absolute("a.html")}, word
    for word in ("styleword", "scriptword", "commentword", "cellonecelltwo", "firstsecond"):
        assert running.found(word) == set(), word
    document = running.document("a.html")
    assert document["title"] == "Café Page" and document["author"] == "Ada Lovelace"
    assert running.found("descriptionword") in (set(), {running.absolute("a.html")})


def test_the_sandbox_is_told(running):
    sandbox = running.status()["sandbox"]
    assert sandbox["mode"] in ("best-effort", "required", "off")
    layers = sandbox["layers"]
    assert layers["no_new_privs"] is True and layers["rlimits"] is True


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
@pytest.mark.skipif(trawl.SANITIZED, reason="the leak check does not work under strace")
def test_launching_uses_no_shell(daemon):
    daemon.converter("once", [shutil.which("cat")])
    trace = daemon.home / "trace"
    daemon.start(wrapper=["strace", "-f", "-qq", "-e", "trace=execve", "-o", trace])
    [traced] = trawl.children_of(daemon.pid)
    try:
        write(daemon.root / "a.once", "oneshotword")
        daemon.sync()
        assert daemon.found("oneshotword")
    finally:
        os.kill(traced, signal.SIGTERM)
        assert daemon.wait_exit(20) == 0
    programs = re.findall(r'execve\("([^"]*)"', trace.read_text())
    assert os.fspath(trawl.BUILD / "trawl-jail") in programs
    assert not [p for p in programs if os.path.basename(p) in ("sh", "bash", "dash")]


def test_many_workers_share_the_documents(daemon):
    daemon.config["daemon"]["workers"] = 4
    daemon.converter("nap", "#!/bin/sh\nsleep 0.5\necho nap\n", processes=4)
    for i in range(8):
        write(daemon.root / f"{i}.nap", f"{i}")
    daemon.start()
    begin = time.monotonic()
    daemon.sync()
    assert time.monotonic() - begin < patience(2.5), "eight times half a second, four at a time"
    assert len(daemon.found("nap")) == 8
