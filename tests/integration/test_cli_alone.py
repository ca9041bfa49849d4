"""The command-line tool by itself: every verb against a server of canned answers, so that no daemon is needed."""

import base64
import json
import os
import pty
import re
import select
import socket
import struct
import subprocess
import termios
import threading
import time
from fcntl import ioctl
from pathlib import Path

import pytest

import trawl as harness

TRAWL = harness.BUILD / "trawl"
REPO = Path(__file__).resolve().parents[2]
CLOCK = "0123abcd:42"

STATUS = {
    "version": "0.1.0", "pid": 4711, "uptime_s": 7265, "clock": CLOCK, "state": "idle",
    "files": {"indexed": 12345, "pending": 0, "failed": 2, "skipped": 0, "unavailable": 1},
    "queue": {"live": 0, "bulk": 0},
    "roots": [{"name": "docs", "path": "/home/u/Documents", "state": "live", "offline": False,
               "coverage": {"live": 1812, "polled": 0, "stale": 0}},
              {"name": "nas", "path": "/mnt/nas", "state": "offline", "offline": True,
               "coverage": {"live": 0, "polled": 3, "stale": 1, "polled_age_s": 90}}],
    "workers": [{"state": "converting", "path": "/home/u/Documents/big.pdf", "since_ms": 1500},
                {"state": "idle", "path": "", "since_ms": 9000}],
    "sandbox": {"mode": "off", "layers": {"rlimits": True, "landlock": False}, "x": {"y": False}}, "progress": {"done": 10, "total": 10, "eta_s": -1},
    "store": {"bytes": 125829120}, "memo": {"entries": 12, "bytes": 2048},
}


def hit(path="/home/u/invoice.txt", text="the invoice of May", marks=((4, 7),), **more):
    return {"path": path, "paths": [{"path": path}], "paths_total": 1, "name": path.rsplit("/", 1)[-1], "size": 86016,
            "mtime": 1790000000, "type": "text/plain", "title": "", "score": 1.5,
            "snippet": {"text": text, "marks": [list(m) for m in marks]}, "part": [], "document": True,
            "offline": False, **more}


def found(*hits, **more):
    return {"hits": list(hits), "total": len(hits), "total_exact": True, "rank_bounded": False, "partial": False,
            "clock": CLOCK, "cached": False, "age_ms": 0, "took_ms": 4, **more}


class Refusal(Exception):
    """An error reply."""

    def __init__(self, code, message, data=None):
        super().__init__(message)
        self.error = {"code": code, "message": message}
        if data is not None:
            self.error["data"] = data


class Server:
    """Answers each method from `answers`: a result, or a function of the parameters that returns one or raises."""

    def __init__(self, directory):
        self.path = directory / "s"
        self.answers = {"sync": {"clock": CLOCK, "beyond": []}}
        self.requests = []
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(self.path))
        self.listener.listen(8)
        self.acceptor = threading.Thread(target=self._accept, daemon=True)
        self.acceptor.start()

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with connection, connection.makefile("rwb") as stream:
            for line in stream:
                request = json.loads(line)
                assert request["jsonrpc"] == "2.0"
                self.requests.append((request["method"], request.get("params")))
                reply = self._reply(request)
                if reply is None:
                    return
                try:
                    stream.write(reply)
                    stream.flush()
                except BrokenPipeError:
                    return

    def _reply(self, request):
        answer = self.answers[request["method"]]
        try:
            result = answer(request.get("params")) if callable(answer) else answer
        except Refusal as refusal:
            return json.dumps({"jsonrpc": "2.0", "id": request["id"], "error": refusal.error}).encode() + b"\n"
        if result is None:  # the connection closes without an answer
            return None
        if isinstance(result, bytes):  # as it is
            return result.replace(b"@ID@", str(request["id"]).encode())
        return json.dumps({"jsonrpc": "2.0", "id": request["id"], "result": result},
                          ensure_ascii=False).encode() + b"\n"

    def close(self):
        # Joined before the descriptor is closed: its number may be the next server's.
        self.listener.shutdown(socket.SHUT_RDWR)
        self.acceptor.join()
        self.listener.close()

    @property
    def params(self):
        return self.requests[-1][1]


@pytest.fixture
def server(home):
    s = Server(home)
    yield s
    s.close()


def environment(**more):
    env = {k: v for k, v in os.environ.items() if k not in ("TRAWL_SOCKET", "NO_COLOR", "XDG_RUNTIME_DIR")}
    return {**env, "TERM": "xterm", "TZ": "UTC", "LC_ALL": "C", **more}


def run(server, *args, env=None, cwd=None, stdin=None, words=None):
    """The tool with its output in pipes: (status, stdout, stderr), both as bytes."""
    socket_words = ["--socket", server.path] if server else []
    done = subprocess.run(words or [TRAWL, *socket_words, *args], env=environment(**(env or {})), cwd=cwd,
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=harness.patience(20))
    assert not harness.SANITIZER_REPORT.search(done.stderr), done.stderr
    return done.returncode, done.stdout, done.stderr


def run_on_terminal(server, *args, env=None, columns=100, during=None):
    """The tool with standard output and error on a terminal: (status, everything written)."""
    master, slave = pty.openpty()
    ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    process = subprocess.Popen([TRAWL, "--socket", server.path, *args], stdin=subprocess.DEVNULL, stdout=slave,
                               stderr=slave, env=environment(**(env or {})), close_fds=True)
    os.close(slave)
    seen = b""
    end = time.monotonic() + harness.patience(20)
    while time.monotonic() < end:
        ready, _, _ = select.select([master], [], [], 0.1)
        if ready:
            try:
                piece = os.read(master, 65536)
            except OSError:  # the other end is closed
                break
            if not piece:
                break
            seen += piece
        if during and during(seen):
            process.terminate()
            during = None
    os.close(master)
    status = process.wait(harness.patience(10))
    assert not harness.SANITIZER_REPORT.search(seen), seen
    return status, seen


# --- reaching the daemon ---------------------------------------------------------------------------------------------

def test_unreachable_is_3_and_names_the_places(home):
    status, out, err = run(None, "--socket", home / "none", "status")
    assert (status, out) == (3, b"")
    assert str(home / "none").encode() in err and b"No such file" in err
    status, _, err = run(None, "status", env={"XDG_RUNTIME_DIR": str(home), "XDG_STATE_HOME": str(home / "state")})
    assert status == 3
    assert f"{home}/trawl/trawl.sock".encode() in err and f"{home}/state/trawl/trawl.sock".encode() in err
    assert b"/run/trawl/trawl.sock" in err


def test_socket_too_long_for_the_kernel(home):
    status, _, err = run(None, "--socket", "/" + "x" * 200, "status")
    assert status == 3 and b"too long" in err


@pytest.mark.parametrize("place", ["option", "environment", "runtime", "state"])
def test_socket_is_found(server, home, place):
    server.answers["version"] = {"version": "9.9.9", "schema": 1}
    env, words = {}, [TRAWL, "version"]
    if place == "option":
        words += [f"--socket={server.path}"]
        env["TRAWL_SOCKET"] = "/nonexistent"
    elif place == "environment":
        env["TRAWL_SOCKET"] = str(server.path)
    else:
        (home / "trawl").mkdir()
        (home / "trawl/trawl.sock").symlink_to(server.path)
        env["XDG_RUNTIME_DIR"] = str(home) if place == "runtime" else str(home / "empty")
        env["XDG_STATE_HOME"] = str(home) if place == "state" else str(home / "empty")
    status, out, err = run(None, words=words, env=env)
    assert (status, err) == (0, b"")
    assert b"trawld 9.9.9, schema 1\n" in out


def test_daemon_that_closes_or_stays_silent_is_3(server):
    server.answers["status"] = lambda _: None
    status, _, err = run(server, "status")
    assert status == 3 and b"closed the connection" in err
    server.answers["status"] = lambda _: time.sleep(2)
    status, _, err = run(server, "status", "--timeout", "100ms")
    assert status == 3 and b"did not answer in time" in err


@pytest.mark.parametrize("line, says", [
    (b"nonsense\n", b"not JSON"), (b'{"id":@ID@}\n', b"neither a result nor an error"),
    (b'{"id":@ID@,"result":"\xff"}\n', b"not UTF-8"), (b"[" * 100 + b"\n", b"nested"),
])
def test_reply_that_is_none(server, line, says):
    server.answers["status"] = line
    status, out, err = run(server, "status")
    assert (status, out) == (2, b"") and says in err


def test_other_messages_are_passed_over(server):
    server.answers["status"] = (b'{"jsonrpc":"2.0","method":"match","params":{}}\r\n\n{"id":999,"result":1}\n'
                                b'{"jsonrpc":"2.0", "id": @ID@ , "result" : {"state":"idle","a":"}\\"]"} }\n')
    status, out, _ = run(server, "status", "--json")
    assert (status, out) == (0, b'{"state":"idle","a":"}\\"]"}\n')


# --- the command line ------------------------------------------------------------------------------------------------

def test_options_may_stand_anywhere_and_end_at_two_dashes(server):
    server.answers["search"] = found()
    for words in (["--limit", "3", "search", "a", "b"], ["search", "a", "-n", "3", "b"], ["search", "a", "b", "--limit=3"]):
        run(server, *words, env={"POSIXLY_CORRECT": "1"})
        assert (server.params["query"], server.params["limit"]) == ("a b", 3)
    run(server, "-nope", "search")  # a word, and no verb
    assert len(server.requests) == 3
    run(server, "search", "-0", "a", "-fox", "-\u00e9", "-")
    assert server.params["query"] == "a -fox -\u00e9 -"
    run(server, "search", "--", "a", "-b", "--limit")
    assert server.params["query"] == "a -b --limit" and "limit" not in server.params


@pytest.mark.parametrize("words, says", [
    ([], "no verb"), (["frobnicate"], 'no verb "frobnicate"'), (["search"], "wrong number of arguments"),
    (["status", "extra"], "wrong number of arguments"), (["status", "--limit", "3"], "--limit has no meaning here"),
    (["search", "--limit", "x", "a"], "--limit takes a number"), (["search", "--limit=-1", "a"], "--limit takes a number"),
    (["sync", "--timeout", "5"], "--timeout takes a duration"), (["search", "-x", "a"], "no option -x"),
    (["search", "--nope", "a"], "--nope is not understood"), (["search", "a", "--limit"], "--limit needs an argument"),
    (["help", "nope"], 'no verb "nope"'), (["wait"], 'no verb "wait"'), (["guess", "x"], 'no verb "guess"'),
])
def test_misuse_is_2_with_a_reason(server, words, says):
    status, out, err = run(server, *words)
    assert (status, out) == (2, b"")
    assert err.startswith(b"trawl: ") and says.encode() in err
    assert not server.requests


def verbs():
    text = subprocess.run([TRAWL, "help"], capture_output=True, check=True).stdout.decode()
    return re.findall(r"^  ([a-z]+) ", text.split("with every verb")[0], re.M)


def options(verb):
    text = subprocess.run([TRAWL, "help", verb], capture_output=True, check=True).stdout.decode()
    return re.findall(r"^ .*?--([a-z-]+)", text, re.M)


def test_help_is_the_same_by_verb_and_by_option():
    assert verbs()[0] == "search" and len(verbs()) >= 18
    one = subprocess.run([TRAWL, "help", "search"], capture_output=True, check=True).stdout
    assert one == subprocess.run([TRAWL, "search", "--help"], capture_output=True, check=True).stdout
    assert b"--cursor CURSOR" in one
    for words in (["--help"], ["-h"]):
        assert b"usage:" in subprocess.run([TRAWL, *words], capture_output=True, check=True).stdout
    version = subprocess.run([TRAWL, "-V"], capture_output=True, check=True).stdout
    assert re.fullmatch(rb"trawl \d+\.\d+\.\d+\n", version)


@pytest.mark.parametrize("shell", ["trawl.bash", "_trawl", "trawl.fish"])
def test_completions_know_every_verb_and_option(shell):
    text = (REPO / "daemon/cli/completions" / shell).read_text()
    for verb in verbs():
        assert re.search(rf"\b{verb}\b", text), verb
        for option in options(verb):
            assert re.search(rf"(--|-l ){option}\b", text), (verb, option)
    known = {o for v in verbs() for o in options(v)} | {"version"}
    for option in re.findall(r"(?<!set )(?:--|-l )([a-z][a-z-]+)", text):
        assert option in known, f"{option} is no option any more"


def complete_in_bash(line):
    script = f'''source {REPO}/daemon/cli/completions/trawl.bash
        COMP_LINE={line!r}; COMP_WORDS=({line}); [[ $COMP_LINE == *" " ]] && COMP_WORDS+=("")
        COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); COMP_POINT=${{#COMP_LINE}}
        _trawl; printf '%s\\n' "${{COMPREPLY[@]}}"'''
    done = subprocess.run(["bash", "-c", script], capture_output=True, check=True)
    assert done.stderr == b""
    return done.stdout.decode().split()


def test_completion_in_bash():
    assert complete_in_bash("trawl st") == ["status", "stats"]
    assert complete_in_bash("trawl status --un") == ["--until-idle"]
    assert "--cursor" in complete_in_bash("trawl --json search foo --")
    assert "--follow" not in complete_in_bash("trawl search --")
    assert complete_in_bash("trawl search --order ") == ["asc", "desc"]


def test_manual_page_knows_every_verb_and_option():
    text = (REPO / "daemon/cli/trawl.1").read_text().replace("\\-", "-")
    for verb in verbs():
        assert re.search(rf"^\.(It|Ic|Cm|Nm trawl).*\b{verb}\b", text, re.M), verb
        for option in options(verb):
            assert re.search(rf"Fl -{option}\b", text), (verb, option)


@pytest.mark.parametrize("page", ["daemon/cli/trawl.1", "daemon/trawld.8"])
def test_manual_pages_are_clean(page):
    if subprocess.run(["which", "mandoc"], capture_output=True).returncode:
        pytest.skip("mandoc is not installed")
    done = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", REPO / page], capture_output=True)
    assert (done.returncode, done.stdout) == (0, b"")


# --- every verb ------------------------------------------------------------------------------------------------------

PATH_ANSWER = {"verdict": "indexed", "sentence": "It is indexed."}
SIMPLE = [  # words, method, result, status, what standard output holds
    (["search", "invoice"], "search", found(hit()), 0, b"the invoice of May"),
    (["search", "invoice"], "search", found(), 1, b""),
    (["status"], "status", STATUS, 0, b"trawld 0.1.0, pid 4711, up 2 h 1 m: idle"),
    (["why", "/a"], "explain", PATH_ANSWER, 0, b"It is indexed.\n"),
    (["sync"], "sync", {"clock": CLOCK, "beyond": []}, 0, CLOCK.encode() + b"\n"),
    (["failures"], "failures", [{"path": "/a.pdf", "converter": "pdf", "reason": "damaged", "detail": "exit\nstatus 65",
                                 "output": "\nno trailer\nat all", "attempts": 3, "next_try": 1790000000}], 0,
     b"/a.pdf\n  pdf: damaged: exit status 65 (3 attempts, next 2026-09-21 14:13)\n  no trailer\n"),
    (["failures"], "failures", [], 1, b""),
    (["cat", "/a"], "document", {"path": "/a", "text": "all of it\n", "offset": 0, "more": False}, 0, b"all of it\n"),
    (["changes"], "changes", {"changes": [{"path": "/b", "from": "/a", "kind": "moved", "dir": True, "clock": CLOCK}],
                              "clock": CLOCK, "fresh_instance": False, "more": False}, 0, b"moved     /a -> /b/\n"),
    (["changes"], "changes", {"changes": [], "clock": CLOCK, "fresh_instance": False, "more": False}, 1, b""),
    (["stats"], "stats", {"counters": {"commits": 1234567}, "gauges": {"store_bytes": 1048576},
                          "histograms": {"query": {"count": 3, "sum_us": 9, "p50_us": 850, "p90_us": 1500,
                                                   "p99_us": 2500000, "max_us": 0}}, "converters": {}}, 0,
     b"query                               3     850 us     1.5 ms      2.5 s       0 us"),
    (["stats", "--prometheus"], "stats", {"text": "trawl_commits 3\n"}, 0, b"trawl_commits 3\n"),
    (["roots"], "roots", {"roots": STATUS["roots"]}, 0, b"/mnt/nas  offline  3 directories polled (1 m 30 s ago), 1 stale\n"),
    (["roots"], "roots", {"roots": []}, 1, b""),
    (["reindex"], "reindex", {"queued": True}, 0, b"reading again\n"),
    (["pause"], "pause", {"paused": True}, 0, b"paused\n"),
    (["resume"], "resume", {"paused": False}, 0, b"going on\n"),
    (["reload"], "reload", {"reloaded": True, "errors": []}, 0, b"configuration read again\n"),
    (["check"], "check", {"ok": True, "report": ""}, 0, b"sound\n"),
    (["check"], "check", {"ok": False, "report": "row 3 missing"}, 2, b"row 3 missing\n"),
    (["shutdown"], "shutdown", {"stopping": True}, 0, b"ending\n"),
    (["rpc", "version"], "version", {"version": "1"}, 0, b'{"version": "1"}\n'),
    (["version"], "version", {"version": "1", "schema": 2}, 0, b"trawld 1, schema 2\n"),
]
IDS = [f"{' '.join(words)}-{status}" for words, _, _, status, _ in SIMPLE]


@pytest.mark.parametrize("words, method, result, status, shows", SIMPLE, ids=IDS)
def test_verb(server, words, method, result, status, shows):
    server.answers[method] = result
    got, out, err = run(server, *words)
    assert got == status
    assert shows in out if shows else out == b""
    assert b"\033" not in out + err
    assert [m for m, _ in server.requests] == [method]


@pytest.mark.parametrize("words, method, result, status, shows", SIMPLE, ids=IDS)
def test_verb_as_json(server, words, method, result, status, shows):
    server.answers[method] = result
    got, out, err = run(server, *words, "--json")
    assert (got, err) == (status, b"")
    assert out == json.dumps(result, ensure_ascii=False).encode() + b"\n"  # as received


@pytest.mark.parametrize("words, method", [(w, m) for w, m, *_ in SIMPLE], ids=IDS)
def test_error_of_each_verb(server, words, method):
    def refuse(params):
        raise Refusal(-32000, "too many at once", {"code": "busy", "retryable": True})

    server.answers[method] = refuse
    status, out, err = run(server, *words, "--json")
    assert (status, out) == (2, b"")
    assert err == f"trawl: {method}: too many at once (trying again may help)\n".encode()


def test_errors_that_are_not_retryable_and_not_found(server):
    def refuse(params):
        raise Refusal(-32000, "no such file", {"code": "not_found", "retryable": False})

    server.answers["explain"] = refuse
    assert run(server, "why", "/a") == (1, b"", b"trawl: explain: no such file\n")


# --- search ----------------------------------------------------------------------------------------------------------

def test_search_parameters(server):
    server.answers["search"] = found()
    run(server, "search", "a", '"b c"')
    assert server.params == {"query": 'a "b c"', "max_age_ms": 0, "timeout_ms": 2000}
    run(server, "search", "a", "--limit", "5", "--offset", "7", "--cursor", "C", "--sort", "time", "--order", "asc",
        "--no-snippet", "--sync", "--timeout", "3s")
    assert server.params == {"query": "a", "max_age_ms": 0, "limit": 5, "offset": 7, "cursor": "C", "sort": "time",
                             "order": "asc", "snippet": False, "sync_ms": 5000, "timeout_ms": 3000}
    run(server, "search", "--sync=250ms", "-l", "a")
    assert server.params["sync_ms"] == 250 and server.params["snippet"] is False


    run(server, "search", "a", "--facets", "--snippets", "3", "--recency", "36h", "--explain", "--group")
    assert server.params == {"query": "a", "max_age_ms": 0, "timeout_ms": 2000, "snippet": {"count": 3}, "recency": 2,
                             "facets": ["type", "ext", "year", "root", "author", "folder"], "explain": True, "group": True}
    run(server, "search", "a", "--facets=year,ext", "--snippets", "0")
    assert server.params["facets"] == ["year", "ext"] and server.params["snippet"] is False


def test_search_waits_as_long_as_it_lets_the_daemon_wait(server):
    server.answers["search"] = lambda _: time.sleep(3.3) or found()
    assert run(server, "search", "a", "--timeout", "1ms", "--sync=3s")[0] == 1


def test_search_output_for_people(server):
    server.answers["search"] = found(
        hit(title="Invoice 17", paths=[{"path": "/home/u/invoice.txt"}, {"path": "/copy"}], paths_total=4),
        hit("/b", " \n two\tlines\nof text ", marks=(), document=False, offline=True, part=["m.zip", "x.txt"]),
        total=1234, total_exact=False, partial=True, synced=False, cursor="NEXT")
    status, out, err = run(server, "search", "invoice")
    assert status == 0
    assert out.decode() == (
        "/home/u/invoice.txt\n  84 KiB  2026-09-21 14:13  text/plain  Invoice 17\n"
        "  also /copy and 2 more\n  the invoice of May\n\n"
        "/b//m.zip/x.txt\n  84 KiB  2026-09-21 14:13  text/plain  (found by its name)  (offline)\n"
        "  two lines of text \n")
    assert err.decode() == ("2 of at least 1,234 in 4 ms; the time ran out, there may be more; "
                            "the latest changes may be missing; go on with --offset 2\n")


def test_search_shows_what_is_said_of_a_result(server):
    server.answers["search"] = found(
        hit("/d", "", marks=(), type="inode/directory", document=False, size=0),
        hit("/e", "one", marks=(), snippets=[{"text": "one", "marks": []}, {"text": "two", "marks": [[0, 3]]}]),
        total=2, facets={"ext": [{"value": f"e{i}", "count": 1000 - i} for i in range(12)], "author": [],
                         "folder": [{"value": "/\ufffd", "value_b64": "L/8=", "count": 1}]},
        facets_exact=False, rank_bounded=True, did_you_mean="some\x1bthing else",
        explanation={"text": "some AND thing", "shape": "text", "sort": "relevance", "order": "desc", "recency": 0,
                     "words": [{"text": "some", "forms": ["somes"]}, {"text": "th", "instead": ["the", "that"]}],
                     "bounds": ["much \x1bof it"]})
    status, out, err = run(server, "search", "some")
    assert status == 0
    assert out == (
        b"query     some AND thing\nranked by some (also somes), th (only the, that)\nsorted by relevance, descending\n"
        b"answered  by the text index, filters are checked\nbounded   much \x1bof it\n\n"
        b"/d/\n  2026-09-21 14:13  directory\n\n/e\n  84 KiB  2026-09-21 14:13  text/plain\n  one\n  two\n"
        b"\next\n    1,000  e0\n" + b"".join(b"      %3d  e%d\n" % (1000 - i, i) for i in range(1, 10)) +
        b"           and 2 more\n\nfolder\n        1  /\xff\n"
        b"\nThe counts are not complete: there is too much to count.\n")
    assert err == b"2 of 2 in 4 ms; only the newest are ranked\nDid you mean: some\x1bthing else\n"
    assert run(server, "search", "-l", "some")[1] == b"/d\n/e\n"


def test_search_paths_only(server):
    odd = b"/a/\xff\n\033"
    server.answers["search"] = found(hit("/plain"), hit("/a/\ufffd\n\033", path_b64=base64.b64encode(odd).decode()))
    assert run(server, "search", "-l", "x") == (0, b"/plain\n" + odd + b"\n", b"")
    assert run(server, "search", "-0", "x") == (0, b"/plain\0" + odd + b"\0", b"")


def test_search_shows_parts(server):
    part = hit("/z.zip", part=["in.zip", "a\033.txt"])
    server.answers["search"] = found(part, {**hit("/y"), "parts": 3}, {**hit("/x"), "parts": 1})
    assert run(server, "search", "-l", "x")[1] == b"/z.zip//in.zip/a\033.txt\n/y\n/x\n"
    assert server.params.get("group") is None
    assert run(server, "search", "-0", "--group", "x")[1] == b"/z.zip\0/y\0/x\0"
    assert server.params["group"] is True
    _, out, _ = run(server, "search", "--group", "x")
    assert out.startswith(b"/z.zip//in.zip/a\033.txt\n") and out.count(b"parts of it match") == 1
    assert b"3 parts of it match" in out
    _, out = run_on_terminal(server, "search", "x")
    assert b"/z.zip//in.zip/a\\x1b.txt" in out


def test_marks_that_do_not_fit_the_text_are_passed_over(server):
    server.answers["search"] = found(hit(text="abcdef", marks=((-1, 2), (2, 0), (1, 2), (0, 1), (4, 99), (9, 1))))
    _, out = run_on_terminal(server, "search", "x")
    assert b"a\033[1;33mbc\033[0mdef" in out


@pytest.mark.parametrize("query, position, before", [
    ("name:foo (bar", 9, 9),
    ("gr\u00fc\u00dfe (", 8, 6),            # two bytes, one column
    ("\u65e5\u672c (", 7, 5),               # three bytes, two columns
    ("e\u0301 (", 4, 2),                    # a combining accent takes no column
    ("a\tb (", 4, 7),                       # shown as \x09
    ("(", 0, 0), ("abc", 3, 3),
])
def test_caret_under_the_fault(server, query, position, before):
    def refuse(params):
        raise Refusal(-32000, "expected )", {"code": "bad_query", "retryable": False, "position": position})

    server.answers["search"] = refuse
    status, out, err = run(server, "search", query)
    lines = err.decode().splitlines()
    assert (status, out) == (2, b"")
    assert lines == ["trawl: search: expected )", "  " + query.replace("\t", "\\x09"), "  " + " " * before + "^"]


def test_query_that_is_no_utf8_is_sent_as_utf8(server):
    server.answers["search"] = found()
    run(server, "search", b"a\xffb")
    assert server.params["query"] == "a\ufffdb"


def test_large_answer(server):
    server.answers["search"] = found(*[hit(f"/f{i}", "x" * 300, ()) for i in range(20000)])
    status, out, _ = run(server, "search", "-l", "x", "--limit", "20000")
    assert status == 0 and out.count(b"\n") == 20000


# --- paths -----------------------------------------------------------------------------------------------------------

def test_paths_are_absolute_and_the_last_link_is_kept(server, home):
    (home / "real").mkdir()
    (home / "link").symlink_to("real")
    (home / "real/inner").symlink_to("/etc/passwd")
    server.answers["explain"] = PATH_ANSWER
    base = os.path.realpath(home)
    for argument, expected in [
            ("link", f"{base}/link"), ("link/", f"{base}/link"), ("./link", f"{base}/link"),
            ("link/inner", f"{base}/real/inner"), ("link/..", base), (".", base), ("real/../x", f"{base}/x"),
            ("gone/a/../b", f"{base}/gone/b"), ("/", "/"), ("/etc/", "/etc"), ("//etc//hosts", "/etc/hosts")]:
        run(server, "why", argument, cwd=home)
        assert server.params == {"path": expected}, argument


def test_path_that_is_no_utf8_goes_both_ways(server, home):
    name = os.fsencode(home) + b"/\xff\xfe.txt"
    server.answers["explain"] = PATH_ANSWER
    run(server, "why", name)
    assert server.params["path"].endswith("/\ufffd\ufffd.txt")
    assert base64.b64decode(server.params["path_b64"]) == os.path.realpath(home).encode() + b"/\xff\xfe.txt"
    server.answers["failures"] = [{"path": "/\ufffd", "path_b64": base64.b64encode(b"/\xff").decode(), "converter": "",
                                   "reason": "r", "attempts": 1}]
    assert run(server, "failures")[1] == b"/\xff\n  r (1 attempt)\n"


def test_empty_path_is_refused(server):
    status, _, err = run(server, "why", "")
    assert status == 2 and b"no path" in err and not server.requests


def test_why_explains_several(server):
    server.answers["explain"] = lambda p: {"verdict": "x", "sentence": f"About {p['path']}."}
    assert run(server, "why", "/a", "/b") == (0, b"About /a.\nAbout /b.\n", b"")


def test_a_part_is_named_by_option_or_as_hits_show_it(server, tmp_path):
    server.answers["explain"] = lambda p: {"verdict": "x", "sentence": "So it is."}
    file = tmp_path / "a.zip"
    file.write_bytes(b"")
    run(server, "why", str(file), "--part", "in/b.txt")
    assert server.params == {"path": str(file), "part": ["in/b.txt"]}
    run(server, "why", f"{file}//in/b.txt")
    assert server.params == {"path": str(file), "part": ["in/b.txt"]}
    run(server, "why", f"{tmp_path}//a.zip")
    assert server.params == {"path": str(file)}
    run(server, "why", f"{tmp_path}//a.zip//c//d")
    assert server.params == {"path": str(file), "part": ["c//d"]}


def test_cat_lists_parts(server):
    parts = [{"part": ["a.zip"]}, {"part": ["a.zip", "b\n.txt"]}, {"part": ["c"]}]
    server.answers["parts"] = lambda p: {"parts": parts[p["offset"]:p["offset"] + 2], "more": p["offset"] == 0}
    assert run(server, "cat", "/x", "--parts") == (0, b"a.zip\na.zip/b\n.txt\nc\n", b"")
    assert len(server.requests) == 2
    assert run(server, "cat", "/x", "--parts", "-0") == (0, b"a.zip\0a.zip/b\n.txt\0c\0", b"")
    server.answers["parts"] = {"parts": [], "more": False}
    assert run(server, "cat", "/x", "--parts") == (1, b"", b"")


def test_failures_of_parts(server):
    server.answers["failures"] = [
        {"path": "/m.eml", "part": ["map.djvu"], "converter": "djvu", "reason": "unavailable", "detail": "no ddjvu",
         "package": "djvulibre-bin", "attempts": 1}]
    assert run(server, "failures")[1] == (
        b"/m.eml//map.djvu\n  djvu: unavailable: no ddjvu; install djvulibre-bin (1 attempt)\n")


# --- pages -----------------------------------------------------------------------------------------------------------

def test_cat_fetches_all_pages(server):
    text = ("x" + "\u00e9" * 3_000_000).encode()

    def page(params):
        begin, end = params["offset"], min(params["offset"] + params["limit"], len(text))
        while end < len(text) and text[end] & 0xC0 == 0x80:
            end -= 1
        return {"path": params["path"], "text": text[begin:end].decode(), "offset": begin, "more": end < len(text)}

    server.answers["document"] = page
    status, out, _ = run(server, "cat", "/a", "--part", "x.zip", "--part", "y")
    assert status == 0 and out == text
    assert len(server.requests) == 2 and server.params["part"] == ["x.zip", "y"]


def test_failures_fetches_all_pages_unless_limited(server):
    server.answers["failures"] = lambda p: [
        {"path": f"/f{i}", "reason": "r", "attempts": 1} for i in range(p["offset"], min(p["offset"] + p["limit"], 2500))]
    status, out, _ = run(server, "failures")
    assert status == 0 and out.count(b"/f") == 2500 and len(server.requests) == 3
    assert run(server, "failures", "--limit", "10", "--offset", "5")[1].count(b"/f") == 10


def test_changes_fetches_all_pages_unless_limited(server):
    def page(params):
        n = int(params["since"].split(":")[1]) if params["since"] else 0
        return {"changes": [{"path": f"/f{n}", "kind": "created", "clock": f"i:{n + 1}"}], "clock": f"i:{n + 1}",
                "fresh_instance": n == 0, "more": n < 3}

    server.answers["changes"] = page
    status, out, err = run(server, "changes")
    assert status == 0 and out.split() == [b"created", b"/f0", b"created", b"/f1", b"created", b"/f2", b"created", b"/f3"]
    assert err == b"clock i:4\n"
    _, out, err = run(server, "changes", "--since", "i:1", "--limit", "1")
    assert out.split() == [b"created", b"/f1"] and err == b"clock i:2; there is more\n"
    assert server.params["limit"] == 1


def test_sync_names_what_it_did_not_wait_for(server):
    server.answers["sync"] = {"clock": CLOCK, "beyond": ["/mnt/nas"]}
    status, out, err = run(server, "sync", "--timeout", "2s")
    assert (status, out) == (0, CLOCK.encode() + b"\n") and b"/mnt/nas" in err
    assert server.params == {"timeout_ms": 2000}


def test_reload_tells_every_fault(server):
    server.answers["reload"] = {"reloaded": False, "errors": ["a.conf:3: unknown key", "a.conf:9: bad size"]}
    status, out, err = run(server, "reload")
    assert (status, out) == (2, b"")
    assert err.splitlines()[1:] == [b"  a.conf:3: unknown key", b"  a.conf:9: bad size"]


def test_rpc_sends_what_is_given(server):
    server.answers["anything"] = b'{"jsonrpc":"2.0","id":@ID@,"result":{"n":9007199254740993,"e":1e400}}\n'
    assert run(server, "rpc", "anything", '{"a": [1, "\\u00e9"]}') == (0, b'{"n":9007199254740993,"e":1e400}\n', b"")
    assert server.requests[-1] == ("anything", {"a": [1, "\u00e9"]})
    for bad in ("{", "{} x", "", "\\"):
        status, _, err = run(server, "rpc", "anything", bad)
        assert status == 2 and b"not JSON" in err
    status, _, err = run(server, "rpc", "anything", "[" * 50 + "]" * 50)
    assert status == 2 and b"nested" in err


# --- status ----------------------------------------------------------------------------------------------------------

def test_status_for_people(server):
    server.answers["status"] = STATUS
    _, out, _ = run(server, "status")
    assert out.decode() == (
        "trawld 0.1.0, pid 4711, up 2 h 1 m: idle\n"
        "files     12,345 indexed, 2 failed, 1 unavailable\n"
        "roots     /home/u/Documents  1,812 directories live\n"
        "          /mnt/nas  offline  3 directories polled (1 m 30 s ago), 1 stale\n"
        "workers   1 of 2 busy\n"
        "          converting 1.5 s  /home/u/Documents/big.pdf\n"
        "queue     live 0, bulk 0\n"
        "store     bytes 120 MiB\n"
        "memo      entries 12, bytes 2 KiB\n"
        "sandbox   mode off, layers rlimits, x none\n")


def test_status_tells_of_parts_and_what_is_missing(server):
    server.answers["status"] = {**STATUS, "parts": {"indexed": 1200, "failed": 3, "skipped": 0, "unavailable": 1},
                                "converters": [
        {"name": "text", "available": True, "package": None, "unavailable_files": 0, "unavailable_parts": 0},
        {"name": "djvu", "available": False, "package": "djvulibre-bin", "unavailable_files": 2, "unavailable_parts": 1},
        {"name": "ocr", "available": False, "package": None, "unavailable_files": 0, "unavailable_parts": 0},
        {"name": "ps", "available": True, "package": "ghostscript", "unavailable_files": 1, "unavailable_parts": 0}]}
    _, out, _ = run(server, "status")
    assert ("parts     1,200 indexed, 3 failed, 1 unavailable\n"
            "missing   djvu is not there: 2 files and 1 part wait for it; install djvulibre-bin\n"
            "          ocr is not there\n"
            "          ps lacks what it needs: 1 file waits for it; install ghostscript\n") in out.decode()


def test_status_of_an_older_daemon_does_not_crash(server):
    for result in ({}, {"state": 3, "files": [], "roots": {}, "workers": "x", "progress": None, "memo": 1}, [], 7):
        server.answers["status"] = result
        assert run(server, "status")[0] == 0


def progress(total=1000, steps=5, last="idle", pause=0.15):
    """A daemon that becomes idle after `steps` looks."""
    looks = [0]

    def look(_):
        looks[0] += 1
        done = min(looks[0] * total // steps, total)
        state = "scanning" if done < total else last
        time.sleep(pause)
        return {**STATUS, "state": state, "progress": {"done": done, "total": total, "eta_s": 3},
                "files": {"indexed": done, "pending": total - done}}

    return look


def test_follow_in_lines(server):
    server.answers["status"] = progress(steps=10)
    begin = time.monotonic()
    status, out, err = run(server, "status", "--follow", "--until-idle")
    lines = out.decode().splitlines()
    assert (status, err) == (0, b"")
    assert re.match(r"scanning  10 %  100 of 1,000  ETA 3 s  100 indexed, 900 pending", lines[0])
    assert lines[-1] == "idle  1,000 indexed"
    assert re.search(r" \d+/s ", lines[1])
    assert len(lines) <= time.monotonic() - begin + 2  # at most one a second, and the last
    assert "\033" not in out.decode() and "\r" not in out.decode()


def test_follow_in_lines_on_a_dumb_terminal(server):
    server.answers["status"] = progress(steps=2)
    status, out = run_on_terminal(server, "status", "-f", "--until-idle", env={"TERM": "dumb"})
    assert status == 0 and b"\033" not in out and b"idle  1,000 indexed" in out


def test_follow_redraws_in_place(server):
    server.answers["status"] = progress(steps=10)
    status, out = run_on_terminal(server, "status", "--follow", "--until-idle", columns=100)
    assert status == 0
    views = out.split(b"\r\033[J")
    assert len(views) >= 4
    assert re.search(rb"scanning\x1b\[0m  \[#+-+\]  \d+ %  \d+ of 1,000", views[1])
    assert views[1].count(b"\n") == 3 and views[1].endswith(b"\033[3A")  # goes back over what it drew
    assert b"converting 1.5 s  /home/u/Documents/big.pdf" in views[1]
    assert b"ETA 3 s" in out and b"/s" in out and b"\033[32midle" in views[-1]
    assert not views[-1].endswith(b"A")


def test_follow_keeps_lines_within_the_width(server):
    deep = "/home/" + "very-long-directory-name/" * 10 + "\u65e5\u672c.pdf"
    server.answers["status"] = lambda _: {
        **STATUS, "state": "scanning", "progress": {"done": 5, "total": 10, "eta_s": 7},
        "workers": [{"state": "converting", "path": deep, "since_ms": 10}]}
    for columns in (100, 60, 40):
        _, out = run_on_terminal(server, "status", "--follow", columns=columns,
                                 during=lambda seen: seen.count(b"\033[J") >= 3)
        for line in re.sub(rb"\x1b\[[0-9;]*[A-Za-z]", b"", out).decode().replace("\r", "").split("\n"):
            assert len(line) + sum(ord(c) > 0x2fff for c in line) < columns, line
    assert "...".encode() in out and "\u65e5\u672c.pdf".encode() in out


def test_follow_ends_with_the_daemon(server):
    looks = []

    def look(_):
        looks.append(1)
        return STATUS if len(looks) < 3 else None

    server.answers["status"] = look
    status, out, err = run(server, "status", "--follow")
    assert status == 3 and b"idle" in out and b"closed" in err  # idle does not end it by itself


@pytest.mark.parametrize("state", ["paused", "full"])
def test_follow_until_idle_does_not_wait_for_what_will_not_come(server, state):
    server.answers["status"] = {**STATUS, "state": state}
    status, out, err = run(server, "status", "--until-idle")
    assert status == 2 and state.encode() in out and state.encode() in err


def test_follow_until_idle_takes_degraded_at_rest(server):
    server.answers["status"] = {**STATUS, "state": "degraded"}
    assert run(server, "status", "--until-idle")[0] == 0


def test_follow_until_idle_ends_only_when_a_sync_proves_it(server):
    looks, syncs = [], []

    def sync(params):
        assert params == {"timeout_ms": 1000}
        syncs.append(1)
        if len(syncs) == 1:
            raise Refusal(-32000, "not yet", {"code": "timeout", "retryable": True})
        return {"clock": CLOCK, "beyond": []}

    def look(_):
        looks.append(1)
        return {**STATUS, "state": "scanning" if len(looks) == 3 else "idle"}  # the sync found work

    server.answers.update(status=look, sync=sync)
    assert run(server, "status", "--until-idle")[0] == 0
    assert [m for m, _ in server.requests] == ["status", "sync", "status", "sync", "status", "status", "sync", "status"]

    def forbidden(params):
        raise Refusal(-32000, "not for you", {"code": "forbidden", "retryable": False})

    server.answers["sync"] = forbidden
    assert run(server, "status", "--until-idle")[::2] == (2, b"trawl: sync: not for you\n")


def test_follow_as_json(server):
    server.answers["status"] = progress(steps=2)
    status, out, _ = run(server, "status", "--follow", "--until-idle", "--json")
    states = [json.loads(line)["state"] for line in out.splitlines()]
    assert status == 0 and states[-1] == "idle" and states[0] == "scanning"


# --- terminals -------------------------------------------------------------------------------------------------------

HOSTILE = "/tmp/\033]0;owned\a\x9b31m\u202egpj.exe\n\x7f"


def test_colours_on_a_terminal_only_where_wanted(server):
    server.answers["search"] = found(hit())
    status, out = run_on_terminal(server, "search", "invoice")
    assert status == 0
    assert b"\033[1m/home/u/invoice.txt\033[0m" in out
    assert b"the \033[1;33minvoice\033[0m of May" in out
    assert b"\033[2m1 of 1 in 4 ms\033[0m" in out
    for env in ({"NO_COLOR": "1"}, {"TERM": "dumb"}, {"TERM": ""}):
        status, out = run_on_terminal(server, "search", "invoice", env=env)
        assert status == 0 and b"\033" not in out and b"the invoice of May" in out
    assert b"\033[1m" in run_on_terminal(server, "search", "invoice", env={"NO_COLOR": ""})[1]
    assert b"\033" not in run(server, "search", "invoice")[1]


@pytest.mark.parametrize("words, method, result", [
    (["search", "x"], "search", found(hit(HOSTILE, HOSTILE, ((0, 8),), title=HOSTILE, part=[HOSTILE],
                                          paths=[{"path": "/"}, {"path": HOSTILE}], paths_total=2, cursor=HOSTILE))),
    (["search", "-l", "x"], "search", found(hit(HOSTILE))),
    (["why", "/a"], "explain", {"sentence": HOSTILE}),
    (["failures"], "failures", [{"path": HOSTILE, "converter": HOSTILE, "reason": HOSTILE, "attempts": 1}]),
    (["cat", "/a"], "document", {"text": HOSTILE, "offset": 0, "more": False}),
    (["changes"], "changes", {"changes": [{"path": HOSTILE, "from": HOSTILE, "kind": HOSTILE}], "clock": HOSTILE}),
    (["status"], "status", {**STATUS, "version": HOSTILE, "state": HOSTILE, "sandbox": {HOSTILE: HOSTILE, "l": [HOSTILE], "o": {HOSTILE: True}},
                            "roots": [{"path": HOSTILE, "state": HOSTILE, "coverage": {"live": HOSTILE}}],
                            "workers": [{"path": HOSTILE, "state": HOSTILE}]}),
    (["stats"], "stats", {"counters": {HOSTILE: 1}, "histograms": {HOSTILE: {}}}),
    (["roots"], "roots", [{"path": HOSTILE, "state": HOSTILE, "coverage": HOSTILE}]),
    (["sync"], "sync", {"clock": HOSTILE, "beyond": [HOSTILE]}),
    (["check"], "check", {"report": HOSTILE}),
    (["version"], "version", {"version": HOSTILE}),
], ids=lambda v: "-".join(v) if isinstance(v, list) and v and isinstance(v[0], str) else "")
def test_no_control_byte_reaches_a_terminal(server, words, method, result):
    server.answers[method] = result
    _, out = run_on_terminal(server, *words, env={"NO_COLOR": "1"})
    text = out.decode().replace("\r\n", "\n")
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)
    assert "\\x1b]0;owned\\x07\\xc2\\x9b31m\\xe2\\x80\\xaegpj.exe" in text


def test_errors_are_escaped_on_a_terminal(server):
    def refuse(params):
        raise Refusal(-32000, HOSTILE)

    server.answers["status"] = refuse
    status, out = run_on_terminal(server, "status")
    assert status == 2 and b"trawl: status: /tmp/\\x1b]0;" in out


def test_bytes_go_through_raw_elsewhere(server):
    server.answers["explain"] = {"sentence": HOSTILE}
    assert run(server, "why", "/a")[1] == HOSTILE.encode() + b"\n"


# --- standard output that fails --------------------------------------------------------------------------------------

@pytest.mark.parametrize("words", [["search", "x"], ["--json", "status"], ["help"], ["--version"],
                                   ["status", "--until-idle"]])
def test_full_disk_is_2(server, words):
    server.answers.update(search=found(*[hit()] * 3000), status=STATUS)
    with open("/dev/full", "wb") as full:
        done = subprocess.run([TRAWL, "--socket", server.path, *words], stdout=full, stderr=subprocess.PIPE,
                              env=environment(), timeout=harness.patience(20))
    assert done.returncode == 2 and b"No space left" in done.stderr


def test_closed_pipe_is_quiet(server):
    server.answers.update(search=found(*[hit()] * 3000), status=STATUS)
    for words in (["search", "x"], ["status", "--follow"]):
        read, write = os.pipe()
        os.close(read)
        done = subprocess.run([TRAWL, "--socket", server.path, *words], stdout=write, stderr=subprocess.PIPE,
                              env=environment(), timeout=harness.patience(20))
        os.close(write)
        assert (done.returncode, done.stderr.count(b"trawl:")) == (0, 0)


def test_closed_standard_output(server):
    server.answers["status"] = STATUS
    done = subprocess.run(["sh", "-c", 'exec "$0" "$@" >&-', TRAWL, "--socket", server.path, "status"],
                          stderr=subprocess.PIPE, env=environment(), timeout=harness.patience(20))
    assert done.returncode == 2
