"""As a service: readiness, watchdog, activation, units, signals, a second daemon, --once."""

import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import threading
import time
from pathlib import Path

import pytest

import trawl
from trawl import EX_OK, EX_OSERR, EX_TEMPFAIL, Client, patience, run, wait_for, write

UNITS = trawl.REPO / "conf" / "systemd"


class Notify:
    """The service manager's end of NOTIFY_SOCKET."""

    def __init__(self, path):
        self.path = path
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(os.fspath(path))
        self.socket.settimeout(0.05)
        self.messages = []  # (monotonic time, line)
        self.enough = threading.Event()
        self.thread = threading.Thread(target=self.listen, daemon=True)
        self.thread.start()

    def listen(self):
        while not self.enough.is_set():
            try:
                data = self.socket.recv(65536)
            except TimeoutError:
                continue
            now = time.monotonic()
            self.messages += [(now, line) for line in data.decode().splitlines()]

    def lines(self, prefix=""):
        return [line for _, line in self.messages if line.startswith(prefix)]

    def close(self):
        self.enough.set()
        self.thread.join()
        self.socket.close()


@pytest.fixture
def notify(home):
    notify = Notify(home / "notify")
    yield notify
    notify.close()


# --- readiness and watchdog ------------------------------------------------------------------------------------------

def test_readiness(daemon, notify):
    daemon.env["NOTIFY_SOCKET"] = os.fspath(notify.path)
    write(daemon.root / "a.txt", "word")
    daemon.start(wait=False)
    wait_for(lambda: "READY=1" in notify.lines(), 10)
    with Client(daemon.socket_path) as client:  # ready means that a client is served
        assert client.call("version")
    wait_for(lambda: any("idle" in s.lower() or "1" in s for s in notify.lines("STATUS=")), 10)
    daemon.process.send_signal(signal.SIGHUP)
    wait_for(lambda: "RELOADING=1" in notify.lines() or notify.lines().count("READY=1") >= 1, 5)
    daemon.stop()
    wait_for(lambda: "STOPPING=1" in notify.lines(), 5)
    assert notify.lines().index("READY=1") < notify.lines().index("STOPPING=1")
    assert "WATCHDOG=1" not in notify.lines(), "nobody asked for it"


def test_watchdog_pings(daemon, notify):
    daemon.env.update(NOTIFY_SOCKET=os.fspath(notify.path), WATCHDOG_USEC=str(int(patience(1) * 1e6)))
    daemon.start()
    wait_for(lambda: notify.lines().count("WATCHDOG=1") >= 4, 10)
    times = [t for t, line in notify.messages if line == "WATCHDOG=1"]
    assert max(b - a for a, b in zip(times, times[1:])) <= patience(0.75), "at least twice in its interval"


def test_the_watchdog_is_for_this_process_only(daemon, notify):
    daemon.env.update(NOTIFY_SOCKET=os.fspath(notify.path), WATCHDOG_USEC="400000", WATCHDOG_PID="1")
    daemon.start()
    time.sleep(1)
    assert "WATCHDOG=1" not in notify.lines()


def test_no_pings_from_a_stuck_loop(daemon, notify):
    daemon.env.update(NOTIFY_SOCKET=os.fspath(notify.path), WATCHDOG_USEC="500000")
    daemon.start()
    wait_for(lambda: "WATCHDOG=1" in notify.lines(), 10)
    os.kill(daemon.pid, signal.SIGSTOP)
    time.sleep(0.3)
    before = notify.lines().count("WATCHDOG=1")
    time.sleep(1)
    stopped = notify.lines().count("WATCHDOG=1")
    os.kill(daemon.pid, signal.SIGCONT)
    assert stopped == before
    wait_for(lambda: notify.lines().count("WATCHDOG=1") > stopped, 10)


def test_a_long_conversion_does_not_starve_the_watchdog(daemon, notify):
    """A converter at work is progress, until its own time is over."""
    daemon.env.update(NOTIFY_SOCKET=os.fspath(notify.path), WATCHDOG_USEC=str(int(patience(1) * 1e6)))
    daemon.converter("slow", "#!/bin/sh\nexec sleep 3\n", time="60s")
    daemon.start()
    for i in range(6):
        write(daemon.root / f"{i}.slow", f"{i}")
    wait_for(lambda: any(daemon.explain(f"{i}.slow")["verdict"] == "converting" for i in range(6)), 10)
    begin = time.monotonic()
    time.sleep(patience(2.5))
    times = [t for t, line in notify.messages if line == "WATCHDOG=1" and t > begin - patience(1)]
    assert max(b - a for a, b in zip(times, times[1:])) <= patience(0.9)


def test_the_environment_of_the_manager_stays_out_of_converters(daemon, notify):
    daemon.env.update(NOTIFY_SOCKET=os.fspath(notify.path))
    daemon.converter("env", "#!/usr/bin/python3 -SE\nimport os\nprint(' '.join(os.environ))\n")
    daemon.start()
    write(daemon.root / "a.env", "x")
    daemon.sync()
    assert "NOTIFY" not in daemon.document("a.env")["text"]


# --- activation ------------------------------------------------------------------------------------------------------

@pytest.mark.skipif(not shutil.which("systemd-socket-activate"), reason="systemd-socket-activate is not installed")
def test_socket_activation(daemon):
    """The socket exists before the daemon; the first client starts it."""
    daemon.write_config()
    write(daemon.root / "a.txt", "activatedword")
    environment = daemon.environment()
    passed = [f"-E{name}={value}" for name, value in environment.items()]
    # argv() names the same socket: what is passed wins, or must at least not be fought over.
    activator = trawl.popen(["systemd-socket-activate", "-l", daemon.socket_path, *passed, *map(os.fspath, daemon.argv())],
                            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=open(daemon.stderr_path, "ab"))
    daemon.process = activator
    wait_for(daemon.socket_path.exists, 10)
    assert not list(daemon.state.iterdir()), "not started yet"
    daemon.wait_ready()
    daemon.sync()
    assert daemon.found("activatedword") == {daemon.absolute("a.txt")}
    assert Path(f"/proc/{activator.pid}/comm").read_text().strip() == "trawld"
    daemon.stop()
    assert daemon.socket_path.exists(), "the socket is the manager's, not the daemon's to unlink"


# --- units -----------------------------------------------------------------------------------------------------------

def units():
    return sorted(UNITS.rglob("*.service")) + sorted(UNITS.rglob("*.socket"))


@pytest.fixture
def installed_units(home):
    """The units as `make install` leaves them, in a directory of their own."""
    target = home / "install"
    result = run(["make", "-C", trawl.REPO, f"BUILD={trawl.MADE}", f"DESTDIR={target}", "PREFIX=/usr", "install"],
                 timeout=patience(300))
    assert result.returncode == 0, result.stderr.decode()[-3000:]
    found = {p.relative_to(target): p for pattern in ("*.service", "*.socket") for p in target.rglob(pattern)}
    assert found, "no unit was installed"
    return found


def test_units_are_there():
    names = {p.name for p in units()}
    assert {"trawld.service", "trawld.socket"} <= names
    text = "\n".join(p.read_text() for p in units())
    assert "Type=notify" in text and "WatchdogSec=" in text
    system = [p for p in units() if p.name == "trawld.service" and "user" not in p.relative_to(UNITS).parts[:-1]]
    assert len(system) == 1
    capabilities = re.findall(r"^(?:AmbientCapabilities|CapabilityBoundingSet)=(.*)$", system[0].read_text(), re.M)
    assert capabilities and all(c.split() in (["CAP_DAC_READ_SEARCH"], []) for c in capabilities)


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")
def test_units_verify_clean(installed_units):
    for relative, path in installed_units.items():
        text = path.read_text()
        # The programs are not in /usr: point the unit at the built ones, and keep all else.
        path.write_text(re.sub(r"^(Exec\w+=[-+!@:]*)/usr/(?:libexec/trawl|s?bin)/", rf"\g<1>{trawl.BUILD}/", text, flags=re.M))
    for relative, path in installed_units.items():
        scope = ["--user"] if "user" in relative.parts else []
        result = run(["systemd-analyze", "verify", "--man=no", *scope, path],
                     env={**os.environ, "XDG_RUNTIME_DIR": os.environ.get("XDG_RUNTIME_DIR", "/tmp")})
        ours = [line for line in result.stderr.decode().splitlines() if "trawl" in line]
        assert ours == [], (relative, ours)


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")
def test_exposure(installed_units):
    [path] = [p for r, p in installed_units.items() if p.name == "trawld.service" and "user" not in r.parts]
    result = run(["systemd-analyze", "security", "--offline=true", "--no-pager", path])
    text = result.stdout.decode()
    exposure = float(re.search(r"exposure level[^:]*: *([0-9.]+)", text).group(1))
    print(f"exposure {exposure}")
    assert exposure <= 1.8, text


# --- signals ---------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGINT])
def test_ends_in_time_under_load(daemon, sig):
    daemon.converter("slow", "#!/bin/sh\ntrap '' TERM\nwhile :; do sleep 0.1; done\n", time="10m", processes=4)
    for i in range(500):
        write(daemon.root / f"d{i % 20}" / f"{i}.txt", f"loaded number{i} " + "filler " * 300)
        if i % 50 == 0:
            write(daemon.root / f"d{i % 20}" / f"{i}.slow", f"{i}")
    daemon.start()
    enough = threading.Event()

    def ask():
        try:
            with daemon.connect() as client:
                while not enough.is_set():
                    client.call("search", query="loaded", limit=50, snippet={"tokens": 30}, max_age_ms=0)
        except (trawl.Closed, trawl.RpcError, OSError):
            pass

    def edit():
        i = 0
        while not enough.is_set():
            write(daemon.root / f"live{i % 50}.txt", f"edited {i}", "rename")
            i += 1

    threads = [threading.Thread(target=ask), threading.Thread(target=ask), threading.Thread(target=edit)]
    for thread in threads:
        thread.start()
    time.sleep(patience(0.5))
    acknowledged = daemon.found("loaded", max_age_ms=0)
    try:
        took = daemon.stop(sig)
    finally:
        enough.set()
        for thread in threads:
            thread.join()
    assert took < patience(10)
    assert not daemon.socket_path.exists()
    # Nothing acknowledged is lost.
    os.rename(daemon.root, daemon.home / "aside")
    daemon.start()
    assert daemon.found("loaded", max_age_ms=0) >= acknowledged
    os.rename(daemon.home / "aside", daemon.root)
    daemon.stop()


def test_two_signals_are_not_worse_than_one(running):
    running.process.send_signal(signal.SIGTERM)
    running.process.send_signal(signal.SIGINT)
    assert running.stop(signal.SIGTERM) < patience(10)


def test_a_broken_pipe_is_nothing(running):
    running.process.send_signal(signal.SIGPIPE)
    assert running.call("version")


def test_a_good_reload(running):
    write(running.root / "a.tmp", "temporaryword")
    running.sync()
    running.config["root docs"]["ignore"] = "*.tmp"
    running.config["limits"]["text_size"] = "1M"
    running.reload()
    wait_for(lambda: running.found("temporaryword", max_age_ms=0) == set(), 10)
    running.config["root docs"].pop("ignore")
    running.reload()
    wait_for(lambda: running.found("temporaryword", max_age_ms=0), 10)


def test_a_bad_reload_keeps_the_old(running):
    write(running.root / "a.txt", "keptword")
    running.sync()
    running.config["daemon"]["workers"] = "some"
    running.reload()
    wait_for(lambda: re.search(r"trawld\.conf:\d+:.*workers", running.stderr_text()), 10)
    write(running.root / "b.txt", "keptword too")
    running.sync()
    assert len(running.found("keptword")) == 2
    answer = running.call("reload")
    assert answer["reloaded"] is False
    assert any(re.search(r"trawld\.conf:\d+:.*workers", line) for line in answer["errors"]), answer
    running.config["daemon"]["workers"] = 2


# --- ends that are not in order ----------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def preloaded(tmp_path_factory):
    """The library of faults; see preloaded.c."""
    library = tmp_path_factory.mktemp("preloaded") / "preloaded.so"
    result = run(["cc", "-shared", "-fPIC", "-O1", "-o", library, Path(__file__).with_name("preloaded.c")])
    assert result.returncode == 0, result.stderr.decode()
    return library


@pytest.fixture
def faulty(daemon, preloaded):
    """A daemon, not yet started, that faults can be ordered for."""
    daemon.env.update(LD_PRELOAD=os.fspath(preloaded), TRAWL_TEST_DEAD=os.fspath(daemon.home / "dead"))
    return daemon


def die(daemon, part):
    """From now on the device under every path with `part` in it answers nothing; None: it answers again."""
    fresh = daemon.home / "dead.new"
    fresh.write_text(part or "")
    fresh.rename(daemon.home / "dead")


def wait_for_victim(daemon):
    wait_for((daemon.home / "dead.waits").exists, 10, "a thread waits for the dead device")


def test_a_signal_before_the_start_is_over(faulty):
    """The socket is there, the writer numbers the converters yet: nothing is served, watched or scanned so far."""
    faulty.env["TRAWL_TEST_EARLY"] = "1"
    faulty.start(wait=False)
    assert faulty.wait_exit() == EX_OK
    assert "SIGTERM: stopping" in faulty.stderr_text()
    assert not faulty.socket_path.exists()


def test_a_start_that_fails(faulty):
    faulty.env["TRAWL_TEST_NO_PIPE"] = "1"
    faulty.start(wait=False)
    assert faulty.wait_exit() == EX_OSERR
    assert "start: " in faulty.stderr_text()
    assert not faulty.socket_path.exists()


@pytest.mark.parametrize("dead, stuck", [("deaddir", "a comparison or a look at the disk is stuck"),
                                         ("deadfile", "deadfile.txt: a worker is stuck: reading")])
def test_a_stop_does_not_wait_for_a_dead_device(faulty, dead, stuck):
    write(faulty.root / "kept" / "a.txt", "keptword")
    faulty.start()
    faulty.sync()
    die(faulty, dead)
    write(faulty.root / "deaddir" / "b.txt", "deadword")
    write(faulty.root / "kept" / "deadfile.txt", "deadword")
    wait_for_victim(faulty)
    assert faulty.stop() < patience(10)
    assert stuck in faulty.stderr_text()
    die(faulty, None)
    faulty.start()
    assert faulty.found("keptword", max_age_ms=0) == {faulty.absolute("kept/a.txt")}
    faulty.sync()
    assert len(faulty.found("deadword")) == 2
    assert "did not end in order" not in faulty.stderr_text(), "the writer ended as it should"


def test_a_reload_at_a_dead_device(faulty):
    """It waits by itself; the daemon serves on, and ends in time."""
    write(faulty.root / "a.txt", "servedword")
    faulty.start()
    faulty.sync()
    die(faulty, os.fspath(faulty.root))
    faulty.reload()
    wait_for_victim(faulty)
    assert faulty.found("servedword")
    assert "configuration reloaded" not in faulty.stderr_text()
    die(faulty, None)
    wait_for(lambda: "configuration reloaded" in faulty.stderr_text(), 10)
    (faulty.home / "dead.waits").unlink()
    die(faulty, os.fspath(faulty.root))
    faulty.reload()
    wait_for_victim(faulty)
    assert faulty.stop() < patience(10)
    assert "reading the configuration is stuck" in faulty.stderr_text()


# --- one daemon for one store ----------------------------------------------------------------------------------------

def test_a_second_daemon_for_the_same_state(running):
    result = run([trawl.BUILD / "trawld", "--config", running.config_path, "--state", running.state, "--socket",
                  running.home / "other"], env=running.environment())
    assert result.returncode == EX_TEMPFAIL, result.stderr
    assert result.stderr.strip()
    write(running.root / "a.txt", "undisturbed")
    running.sync()
    assert running.found("undisturbed")
    assert running.call("check")["ok"] is True


def test_a_second_daemon_for_the_same_socket(running):
    (running.home / "state2").mkdir()
    result = run([trawl.BUILD / "trawld", "--config", running.config_path, "--state", running.home / "state2", "--socket",
                  running.socket_path], env=running.environment())
    assert result.returncode == EX_TEMPFAIL, result.stderr
    running.hang_up()
    assert running.call("version"), "the first keeps its socket"


def test_a_stale_socket(daemon):
    stale = socket.socket(socket.AF_UNIX)
    stale.bind(os.fspath(daemon.socket_path))
    stale.close()
    daemon.start()
    assert daemon.call("version")


def test_a_socket_path_that_is_something_else(daemon):
    """A file, or a link to one, is never removed for being in the way."""
    precious = write(daemon.home / "precious", "content")
    for make in (lambda: os.link(precious, daemon.socket_path), lambda: os.symlink(precious, daemon.socket_path)):
        make()
        daemon.write_config()
        result = run(daemon.argv(), env=daemon.environment(), timeout=patience(20))
        assert result.returncode != EX_OK and result.stderr.strip()
        assert Path(os.fsdecode(precious)).read_text() == "content"
        os.unlink(daemon.socket_path)


def test_a_newer_store_is_refused(daemon):
    daemon.start()
    daemon.stop()
    with sqlite3.connect(daemon.state / "index.db") as db:
        db.execute("PRAGMA user_version = 9999")
    db.close()
    daemon.write_config()
    result = run(daemon.argv(), env=daemon.environment())
    assert result.returncode > 0 and b"9999" in result.stderr, result.stderr
    with sqlite3.connect(daemon.state / "index.db") as db:
        assert db.execute("PRAGMA user_version").fetchone() == (9999,), "untouched"
    db.close()


def test_a_damaged_store_is_set_aside(daemon):
    for i in range(50):
        write(daemon.root / f"{i}.txt", f"salvaged {i} " + "filler " * 500)
    daemon.start()
    daemon.sync()
    daemon.stop()
    database = daemon.state / "index.db"
    content = bytearray(database.read_bytes())
    content[0:100] = os.urandom(100)
    database.write_bytes(content)
    daemon.start()
    daemon.sync()
    assert daemon.search("salvaged", limit=1)["total"] == 50
    assert [p for p in daemon.state.iterdir() if "damaged" in p.name], "kept for a look"
    assert daemon.status()["store"]["rebuilds"] == 1
    shown = run([trawl.BUILD / "trawl", "--socket", daemon.socket_path, "status"]).stdout.decode()
    assert "rebuilds 1" in shown, shown
    daemon.stop()
    daemon.start()
    assert daemon.status()["store"]["rebuilds"] == 0
    shown = run([trawl.BUILD / "trawl", "--socket", daemon.socket_path, "status"]).stdout.decode()
    assert "store " in shown and "rebuilds" not in shown, shown


# --- once ------------------------------------------------------------------------------------------------------------

def once(daemon, *args):
    daemon.write_config()
    return run(daemon.argv("--once", *args), env=daemon.environment(), timeout=patience(60))


def test_once(daemon):
    daemon.converter("bad", "#!/bin/sh\nexit 65\n")
    for i in range(200):
        write(daemon.root / f"d{i % 5}" / f"{i}.txt", f"onceword {i}")
    write(daemon.root / "a.bad", "x")
    result = once(daemon)
    assert result.returncode == EX_OK, result.stderr
    assert trawl.strays() == {}
    daemon.start()
    assert daemon.search("onceword", limit=1, max_age_ms=0)["total"] == 200, "all was indexed before it ended"
    daemon.sync()
    assert daemon.counters()["conversions"] == 0


def test_once_of_an_empty_tree(daemon):
    assert once(daemon).returncode == EX_OK


def test_once_without_converters(daemon):
    daemon.converter("absent", ["trawl-no-such-program"])
    write(daemon.root / "a.absent", "x")
    begin = time.monotonic()
    assert once(daemon).returncode == EX_OK
    assert time.monotonic() - begin < patience(10)
