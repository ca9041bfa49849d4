"""The command line: verbs, exit statuses, JSON, what a terminal gets and what a pipe gets."""

import json
import os
import pty
import re
import select
import time

import pytest

import trawl
from trawl import patience, run, wait_for, write

FOUND, NOTHING, ERROR, UNREACHABLE = 0, 1, 2, 3


@pytest.fixture
def tool(daemon):
    """Runs the tool against a daemon with a few files."""
    daemon.converter("bad", "#!/bin/sh\necho complaint >&2\nexit 65\n")
    daemon.converter("slow", "#!/bin/sh\nsleep 0.1\necho slow\n", processes=4)
    write(daemon.root / "fox.txt", "The quick brown fox jumps.")
    write(daemon.root / "oak.txt", "A brown oak.")
    write(daemon.root / "two words.txt", "spacious")
    write(daemon.root / "evil\x1b[31m\n.txt", "escapees \x1b]0;title\x07 run " + "and plain words " * 20)
    write(daemon.root / "a.bad", "x")
    daemon.start()
    daemon.sync()
    environment = {**daemon.environment(), "TRAWL_SOCKET": os.fspath(daemon.socket_path), "TERM": "xterm"}

    def tool(*args, **kwargs):
        env = {**environment, **kwargs.pop("env", {})}
        return run([trawl.BUILD / "trawl", *args], env=env, cwd=kwargs.pop("cwd", daemon.root), **kwargs)

    tool.daemon, tool.environment = daemon, environment
    return tool


def on_terminal(tool, *args, seconds=20, env=None):
    """What a terminal shows, and the exit status."""
    pid, fd = pty.fork()
    if pid == 0:
        os.chdir(tool.daemon.root)
        os.execve(trawl.BUILD / "trawl", ["trawl", *args], {**tool.environment, **(env or {})})
    trawl._known_children.add(pid)
    shown, end = b"", time.monotonic() + patience(seconds)
    try:
        while time.monotonic() < end:
            if select.select([fd], [], [], 0.1)[0]:
                try:
                    data = os.read(fd, 65536)
                except OSError:
                    break
                if not data:
                    break
                shown += data
    finally:
        os.close(fd)
        _, status = os.waitpid(pid, 0)
        trawl._known_children.discard(pid)
    return shown, os.waitstatus_to_exitcode(status)


def test_search(tool):
    result = tool("search", "fox")
    assert result.returncode == FOUND, result.stderr
    assert b"fox.txt" in result.stdout and b"quick brown fox" in result.stdout
    assert b"\x1b" not in result.stdout, "no colour into a pipe"
    result = tool("search", "brown", "-fox")
    assert b"oak.txt" in result.stdout and b"fox.txt" not in result.stdout


def test_search_finds_nothing(tool):
    result = tool("search", "zebra")
    assert result.returncode == NOTHING


def test_search_with_an_error(tool):
    result = tool("search", 'fox "unclosed')
    assert result.returncode == ERROR
    lines = result.stderr.decode().splitlines()
    assert any(line.strip() == "^" for line in lines), "a caret shows where"
    assert tool("search").returncode == ERROR
    assert tool("search", "--nonsense", "fox").returncode == ERROR
    assert tool("nonsense").returncode == ERROR
    assert tool().returncode == ERROR


def test_facets(tool):
    write(tool.daemon.root / "wood" / "oak.md", "# Oak\n\nbrown again")
    tool.daemon.sync()
    result = tool("search", "brown", "--facets")
    assert result.returncode == FOUND, result.stderr
    lines = result.stdout.decode().splitlines()
    at = lines.index("ext")
    assert [line.split() for line in lines[at + 1:at + 3]] == [["2", "txt"], ["1", "md"]]
    assert {"type", "ext", "year", "root", "folder"} <= set(lines) and "author" not in lines, "nobody wrote them"
    some = tool("search", "brown", "--facets=ext,folder").stdout.decode().splitlines()
    assert "ext" in some and "folder" in some and "type" not in some
    assert any(line.split() == ["1", os.fspath(tool.daemon.root / "wood")] for line in some)
    answer = json.loads(tool("search", "--json", "brown", "--facets=ext").stdout)
    assert answer["facets"] == {"ext": [{"value": "txt", "count": 2}, {"value": "md", "count": 1}]}
    assert b"expected type" in tool("search", "brown", "--facets=kind").stderr
    assert tool("search", "brown", "--facets=kind").returncode == ERROR
    misplaced = tool("search", "--facets", "type,ext", "brown")
    assert misplaced.returncode == ERROR and b"--facets=type,ext" in misplaced.stderr
    for words in (["--facets", "brown", "type"], ["brown", "--facets"], ["--facets", "types,ext"]):
        assert tool("search", *words).returncode in (FOUND, NOTHING), words


def test_many_values_are_cut(tool):
    for i in range(13):
        write(tool.daemon.root / f"n{i}.e{i:02}", f"\0numbered {i}")
    tool.daemon.sync()
    lines = tool("search", "name:n*.e*", "--facets=ext").stdout.decode().splitlines()
    assert [line.split() for line in lines[lines.index("ext") + 1:][:11]] == \
        [["1", f"e{i:02}"] for i in range(10)] + [["and", "3", "more"]]


def test_several_snippets(tool):
    write(tool.daemon.root / "long.txt", "a walrus here " + "and words between " * 60 + "another walrus there")
    tool.daemon.sync()
    one = tool("search", "walrus").stdout
    assert one.count(b"walrus") == 1
    two = tool("search", "walrus", "--snippets", "3").stdout
    assert two.count(b"walrus") == 2 and len(two.splitlines()) == len(one.splitlines()) + 1
    assert b"walrus" not in tool("search", "walrus", "--snippets", "0").stdout
    assert tool("search", "walrus", "--snippets", "9").returncode == ERROR


def test_explain(tool):
    result = tool("search", "--explain", "brown -fox OR name:zzz")
    assert result.returncode == FOUND
    lines = result.stdout.decode().splitlines()
    assert lines[0].split()[0] == "query" and "brown" in lines[0] and "fox" in lines[0] and "zzz" in lines[0]
    assert "brown" in lines[1] and any(line.startswith("answered") for line in lines)
    assert not tool("search", "--explain", "-l", "brown").stdout.startswith(b"query"), "paths and nothing else"
    answer = json.loads(tool("search", "--json", "--explain", "ext:txt").stdout)
    assert answer["explanation"]["shape"] == "filters" and answer["explanation"]["sort"] == "time"


def test_recency(tool):
    os.utime(tool.daemon.root / "oak.txt", (1_000_000_000, 1_000_000_000))
    tool.daemon.sync()
    # the shorter text is the better match, but the old one
    assert tool("search", "-l", "brown").stdout.splitlines()[0].endswith(b"oak.txt")
    assert tool("search", "-l", "brown", "--recency", "30d").stdout.splitlines()[0].endswith(b"fox.txt")
    assert tool("search", "brown", "--recency", "soon").returncode == ERROR


def test_directories_end_with_a_slash(tool):
    (tool.daemon.root / "walrus").mkdir()
    tool.daemon.sync()
    lines = tool("search", "walrus").stdout.decode().splitlines()
    assert lines[0] == os.fspath(tool.daemon.root / "walrus") + "/" and lines[1].endswith("directory")
    assert tool("search", "-l", "walrus").stdout.decode().splitlines() == [os.fspath(tool.daemon.root / "walrus")]


def test_the_next_page(tool):
    result = tool("search", "brown", "-n", "1")
    assert re.search(rb"1 of 2 in \d+ ms; go on with --offset 1\n", result.stderr)
    cursor = json.loads(tool("search", "--json", "brown", "-n", "1").stdout)["cursor"]
    for way in (["--offset", "1"], ["--cursor", cursor]):
        rest = tool("search", "brown", *way)
        assert rest.returncode == FOUND and b"go on" not in rest.stderr
        assert {result.stdout.splitlines()[0], rest.stdout.splitlines()[0]} == \
            {os.fsencode(tool.daemon.root / name) for name in ("fox.txt", "oak.txt")}
    write(tool.daemon.root / "elm.txt", "a brown elm")
    tool.daemon.sync()
    first = json.loads(tool("search", "--json", "brown", "-n", "1").stdout)["cursor"]
    assert b"go on with --cursor " in tool("search", "brown", "-n", "1", "--cursor", first).stderr
    assert b"go on with --offset 2\n" in tool("search", "brown", "-n", "1", "--offset", "1").stderr


def test_did_you_mean(tool):
    result = tool("search", "bronw")
    assert result.returncode == NOTHING and b"Did you mean: brown" in result.stderr
    assert b"Did you mean" not in tool("search", "brown").stderr


def test_no_daemon(tool):
    result = tool("search", "fox", "--socket", "/nonexistent/socket")
    assert result.returncode == UNREACHABLE and b"/nonexistent/socket" in result.stderr


def test_json_everywhere(tool):
    for args in (["search", "fox"], ["status"], ["why", "fox.txt"], ["sync"], ["failures"], ["cat", "fox.txt"], ["changes"],
                 ["stats"], ["roots"], ["version"], ["check"], ["reindex", "fox.txt"], ["pause"], ["resume"], ["reload"]):
        result = tool(*args, "--json")
        assert result.returncode == FOUND, (args, result.stderr)
        assert isinstance(json.loads(result.stdout), (dict, list)), args
    assert json.loads(tool("search", "--json", "fox").stdout)["total"] == 1


def test_paths_only(tool):
    assert tool("search", "-l", "spacious").stdout.strip() == tool.daemon.absolute("two words.txt")
    assert tool("search", "-0", "escapees").stdout == tool.daemon.absolute("evil\x1b[31m\n.txt") + b"\0"


def test_why(tool):
    for path, words in (("fox.txt", ["indexed"]), ("a.bad", ["damaged", "bad"]), ("/etc/passwd", ["outside"]),
                        ("./fox.txt", ["indexed"]), ("two words.txt", ["indexed"])):
        result = tool("why", path)
        text = result.stdout.decode().lower()
        assert result.returncode == FOUND and len(text.splitlines()) == 1, (path, text, result.stderr)
        assert any(word in text for word in words), text


def test_a_relative_path_keeps_its_last_link(tool):
    os.symlink("fox.txt", tool.daemon.root / "link.txt")
    tool.daemon.sync()
    assert b"indexed at" not in tool("why", "link.txt").stdout


def test_cat(tool):
    result = tool("cat", "fox.txt")
    assert result.returncode == FOUND and result.stdout.strip() == b"The quick brown fox jumps."
    result = tool("cat", "absent.txt")
    assert result.returncode in (NOTHING, ERROR) and result.stderr


def test_failures(tool):
    result = tool("failures")
    assert b"a.bad" in result.stdout and b"damaged" in result.stdout


def test_changes(tool):
    clock = json.loads(tool("changes", "--json").stdout)["clock"]
    write(tool.daemon.root / "later.txt", "x")
    assert tool("sync").returncode == FOUND
    result = tool("changes", "--since", clock)
    assert b"later.txt" in result.stdout and b"fox.txt" not in result.stdout


def test_rpc(tool):
    result = tool("rpc", "search", '{"query":"fox"}')
    assert json.loads(result.stdout)["total"] == 1
    assert tool("rpc", "nonsense").returncode == ERROR
    assert tool("rpc", "search", "{broken").returncode == ERROR


def test_administration(tool):
    for verb in ("pause", "resume", "reload", "check", "reindex"):
        assert tool(verb).returncode == FOUND, verb
    assert tool("shutdown").returncode == FOUND
    assert tool.daemon.wait_exit() == 0


def test_status(tool):
    text = tool("status").stdout.decode()
    assert "idle" in text and os.fspath(tool.daemon.root) in text


def test_status_until_idle(tool):
    for i in range(300):
        write(tool.daemon.root / f"{i}.txt", f"x{i}")
    assert tool("status", "--follow", "--until-idle").returncode == FOUND
    assert tool.daemon.found("x299", max_age_ms=0)


def test_a_terminal_gets_colour_and_no_control_bytes(tool):
    shown, status = on_terminal(tool, "search", "fox")
    assert status == FOUND and b"\x1b[" in shown and b"fox" in shown
    shown, _ = on_terminal(tool, "search", "fox", env={"NO_COLOR": "1"})
    assert b"\x1b[" not in shown and b"fox" in shown
    shown, _ = on_terminal(tool, "search", "fox", env={"TERM": "dumb"})
    assert b"\x1b[" not in shown
    for args in (["search", "escapees"], ["search", "-l", "escapees"], ["search", "--explain", "--facets", "escapees"],
                 ["search", "--snippets", "4", "escapees"], ["changes"], ["cat", "evil\x1b[31m\n.txt"]):
        shown, _ = on_terminal(tool, *args, env={"NO_COLOR": "1"})
        assert b"\x1b" not in shown and b"\x07" not in shown, args
        assert b"run" in shown or b"evil" in shown


def test_status_follow_on_a_terminal(tool):
    for i in range(20):
        write(tool.daemon.root / f"{i}.slow", f"{i}")
    wait_for(lambda: tool.daemon.status()["state"] != "idle", 5)
    shown, status = on_terminal(tool, "status", "--follow", "--until-idle")
    assert status == FOUND and re.search(rb"\d+ ?%", shown), shown[-2000:]


def test_help(tool):
    for args in (["help"], ["--help"], ["search", "--help"], ["help", "search"], ["version"], ["--version"]):
        result = tool(*args)
        assert result.returncode == FOUND and result.stdout, args


def test_a_reader_that_goes_away(tool):
    """trawl search … | head -0: no report of a broken pipe, no crash."""
    result = run(["sh", "-c", '"$0" changes | head -c 1 >/dev/null', trawl.BUILD / "trawl"], env=tool.environment)
    assert b"ormation" not in result.stderr and result.returncode == 0


def test_standard_output_that_is_full(tool):
    with open("/dev/full", "wb") as full:
        process = trawl.popen([trawl.BUILD / "trawl", "search", "fox"], env=tool.environment, stdout=full, stderr=-1)
        _, err = process.communicate()
        trawl.forget(process)
    assert process.returncode == ERROR and err
