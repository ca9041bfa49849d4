"""peer: trawl and the programs beside it, each driven by its own tools on a tree and a home of its own.

Each is a class: `cold` and `rerun` take the seconds of indexing, `documents` is what it says that it holds, `command` is
a search on the command line.  Those with `live` go on watching after `rerun` until `stop`.  All are given the same
limits: every file of the tree is to be indexed as text if it is text.
"""

import os
import re
import shutil
import signal
import sqlite3
import subprocess
import time
from pathlib import Path

import office
from common import TOOLS, make_daemon, start_and_sync, trawl

CLOCK_TICK = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")
PATIENCE_S = 1800


class Stuck(Exception):
    """A daemon that does not come to an end."""


# --- the processes below -----------------------------------------------------------------------------------------------

def resident_mib():
    """Resident memory of every process below the bench, added up: pages they share count once for each."""
    total = 0
    for pid in trawl.descendants_of(os.getpid()):
        try:
            total += int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        except (OSError, IndexError):
            continue
    return total * PAGE / (1 << 20)


def cpu_seconds():
    """CPU of every process that was ever below the bench, as far as it was waited for or lives."""
    ended = os.times()
    total = ended.children_user + ended.children_system
    for pid in trawl.descendants_of(os.getpid()):
        try:
            fields = Path(f"/proc/{pid}/stat").read_bytes().rsplit(b")", 1)[1].split()
        except OSError:
            continue
        total += sum(int(ticks) for ticks in fields[11:15]) / CLOCK_TICK
    return total


def until_quiet(begin, quiet_s):
    """Seconds from `begin` until the processes below had their last work, which `quiet_s` without any shows."""
    active, used = time.monotonic(), cpu_seconds()
    while time.monotonic() - active < quiet_s:
        if time.monotonic() - begin > PATIENCE_S:
            raise Stuck(f"still busy after {PATIENCE_S} s")
        time.sleep(0.25)
        before, used = used, cpu_seconds()
        if used > before + 0.5 / CLOCK_TICK:
            active = time.monotonic()
    return active - begin


def end_all():
    """Ends whatever is left below the bench: daemons, their session buses, what these started."""
    for sig, seconds in ((signal.SIGTERM, 10), (signal.SIGKILL, 10)):
        end = time.monotonic() + seconds
        left = trawl.descendants_of(os.getpid())
        for pid in left:
            try:
                os.kill(pid, sig)
            except ProcessLookupError:
                pass
        while left and time.monotonic() < end:
            trawl.strays()  # reaps
            left = {pid for pid in left if trawl.process_state(pid) not in (None, "Z")}
            time.sleep(0.05)
        if not left:
            return


def run(argv, env=None):
    """The output of a command that must succeed."""
    return subprocess.run([os.fspath(a) for a in argv], env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          check=True, timeout=PATIENCE_S).stdout.decode(errors="replace")


def took(argv, env=None):
    begin = time.monotonic()
    run(argv, env)
    return time.monotonic() - begin


def size_of(directory):
    return sum(p.stat().st_size for p in directory.rglob("*") if p.is_file())


# --- what they have in common -------------------------------------------------------------------------------------------

class Peer:
    programs = ()  # without these it is left out
    package = ""
    live = False
    reruns = 3
    text_by_name = False  # reads as text only what is called .txt
    how = ""

    def __init__(self, tree, home):
        self.tree, self.home = tree, home
        self.index = home / "index"
        home.mkdir()

    @classmethod
    def missing(cls):
        return [p for p in cls.programs if not shutil.which(p)]

    @classmethod
    def version(cls):
        return run(["dpkg-query", "-W", "-f", "${Version}", cls.package]) if cls.package else ""

    def environment(self):
        return dict(os.environ)

    def search(self, query, limit=10):
        """What its command prints; nothing found is no failure."""
        return subprocess.run([os.fspath(a) for a in self.command(query, limit)], env=self.environment(),
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout.decode(errors="replace")

    def index_bytes(self):
        return size_of(self.index)

    def watch(self):
        """Begins to follow changes, where `rerun` has not done so."""

    def stop(self):
        end_all()


class Trawl(Peer):
    name = "trawl"
    live = True

    def __init__(self, tree, home):
        super().__init__(tree, home)
        self.daemon = make_daemon(home, tree)
        self.daemon.config["memo"]["entries"] = 0
        self.index = self.daemon.state

    def cold(self):
        seconds = start_and_sync(self.daemon)
        self.daemon.stop()
        return seconds

    def rerun(self):
        if self.daemon.process is not None:
            self.daemon.stop()
        return start_and_sync(self.daemon)

    def documents(self):
        return self.daemon.status()["files"]["indexed"]

    def command(self, query, limit):
        return [trawl.BUILD / "trawl", "search", "--socket", self.daemon.socket_path, "-n", str(limit), query]

    def stop(self):
        if self.daemon.process is not None:
            self.daemon.stop()
        end_all()


class Recoll(Peer):
    name = "Recoll"
    programs = ("recollindex", "recollq")
    package = "recollcmd"
    live = True
    how = "monixinterval = 1 for what is live (its default: 30 s); no abstracts in queries"

    def __init__(self, tree, home):
        super().__init__(tree, home)
        self.index = home / "xapiandb"
        (home / "recoll.conf").write_text(office.RECOLL.format(root=tree, home=home))
        (home / "mimemap").write_text("".join(f".{e} = text/plain\n" for e in ("rst", "yaml", "c", "h")))

    def environment(self):
        return {**os.environ, "RECOLL_CONFDIR": str(self.home)}

    def cold(self):
        return took(["recollindex"], self.environment())

    rerun = cold

    def documents(self):
        """Files: directories are listed, too, and what is in a file has its name."""
        listed = run(["recollq", "-b", "-n", "1000000", f"dir:{self.tree}"], self.environment())
        return sum(os.path.isfile(url[len("file://"):]) for url in set(listed.splitlines()))

    def command(self, query, limit):
        return ["recollq", "-n", str(limit), query]

    def watch(self):
        with open(self.home / "recoll.conf", "a") as conf:
            conf.write("monixinterval = 1\n")
        trawl.popen(["recollindex", "-m", "-D", "-x", "-w", "0"], env=self.environment(), stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until_quiet(time.monotonic(), 5)


class Omega(Peer):
    name = "Omega"
    programs = ("omindex", "quest", "xapian-delve")
    package = "xapian-omega"
    how = "asked by quest, without snippets"

    def cold(self):
        types = [f"--mime-type={e}:text/plain" for e in ("rst", "yaml", "c", "h")]
        return took(["omindex", "--no-delete", "-d", "replace", "--url=/", *types, "--stemmer=english", "--db", self.index,
                     self.tree])

    rerun = cold

    def documents(self):
        return int(re.search(r"number of documents = (\d+)", run(["xapian-delve", self.index])).group(1))

    def command(self, query, limit):
        return ["quest", f"--db={self.index}", f"--msize={limit}", "--default-op=and", "--stemmer=english",
                "--flags=phrase,boolean,lovehate,wildcard", query]


class SessionPeer(Peer):
    """A daemon of a desktop: on a session bus of its own, below a home of its own."""

    live = True
    reruns = 1
    quiet_s = 8

    def __init__(self, tree, home):
        super().__init__(tree, home)
        for name in ("config", "cache", "data", "run"):
            (home / name).mkdir()
        (home / "run").chmod(0o700)
        self.env = {**os.environ, "HOME": str(home), "GSETTINGS_BACKEND": "keyfile", "QT_QPA_PLATFORM": "offscreen",
                    "XDG_CONFIG_HOME": str(home / "config"), "XDG_CACHE_HOME": str(home / "cache"),
                    "XDG_DATA_HOME": str(home / "data"), "XDG_RUNTIME_DIR": str(home / "run")}
        self.env.pop("DISPLAY", None)

    def environment(self):
        return self.env

    def begin(self):
        """Starts bus and daemon; returns the time of the latter."""
        bus = trawl.popen(["dbus-daemon", "--session", "--nofork", "--nopidfile", "--print-address=1"], env=self.env,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.env["DBUS_SESSION_BUS_ADDRESS"] = bus.stdout.readline().decode().strip()
        begin = time.monotonic()
        with open(self.home / "log", "ab") as log:
            self.process = trawl.popen([self.daemon], env=self.env, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        return begin

    def cold(self):
        seconds = self.rerun()
        self.stop()
        return seconds

    def rerun(self):
        return until_quiet(self.begin(), self.quiet_s)

    def stop(self):
        """The daemon first, so that it can close what it has open."""
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
        end_all()


class Localsearch(SessionPeer):
    name = "localsearch"
    daemon = "/usr/libexec/tracker-miner-fs-3"
    programs = (daemon, "tracker3", "dbus-daemon")
    package = "tracker-miner-fs"
    text_by_name = True
    how = "given the source files under names that end in .txt, the only ones it reads as text; asked in SPARQL, with snippets"

    def __init__(self, tree, home):
        super().__init__(tree, home)
        self.index = home / "cache" / "tracker3"
        settings = home / "config" / "glib-2.0" / "settings"
        settings.mkdir(parents=True)
        (settings / "keyfile").write_text(
            f"[org/freedesktop/tracker/miner/files]\nindex-recursive-directories=['{tree}']\n"
            "index-single-directories=@as []\ninitial-sleep=0\nindex-applications=false\nignored-files=@as []\n"
            "ignored-directories=@as []\nignored-directories-with-content=@as []\n"
            "[org/freedesktop/tracker/extract]\ntext-allowlist=['*.txt']\nmax-bytes=10485760\n"
            "[org/freedesktop/tracker/fts]\nmax-words-to-index=10000000\n")

    def sparql(self, text):
        return ["tracker3", "sparql", "--dbus-service", "org.freedesktop.Tracker3.Miner.Files", "-q", text]

    def documents(self):
        counted = run(self.sparql("SELECT (COUNT(?d) AS ?n) { GRAPH tracker:Documents { ?d nie:plainTextContent ?t } }"),
                      self.env)
        return int(re.search(r"^\s*(\d+)", re.sub(r"\x1b\[[0-9;]*m", "", counted), re.M).group(1))

    def command(self, query, limit):
        match = query.replace('"', '\\"')
        return self.sparql("SELECT ?u fts:snippet(?d,'[',']') { GRAPH tracker:Documents { "
                           f"?d fts:match \"{match}\" ; nie:isStoredAs ?u }} }} ORDER BY DESC(fts:rank(?d)) LIMIT {limit}")


class Baloo(SessionPeer):
    name = "Baloo"
    daemon = "baloo_file"
    programs = (daemon, "balooctl", "baloosearch", "dbus-daemon")
    package = "baloo-kf5"
    quiet_s = 15
    how = "asked by baloosearch, which prints paths alone"

    def __init__(self, tree, home):
        super().__init__(tree, home)
        self.index = home / "data" / "baloo"
        (home / "config" / "baloofilerc").write_text(
            "[General]\ndbVersion=2\nexclude filters=\nexclude filters version=8\nexclude mimetypes=\n"
            f"folders[$e]={tree}/\nonly basic indexing=false\nfirst run=true\n[Basic Settings]\nIndexing-Enabled=true\n")

    def documents(self):
        """It counts directories among its files."""
        status = run(["balooctl", "status"], self.env).replace(",", "")
        indexed, waiting, failed = (int(re.search(rf"{key}: (\d+)", status).group(1)) for key in (
            "Total files indexed", "Files waiting for content indexing", "Files failed to index"))
        directories = 1 + sum(p.is_dir() for p in self.tree.rglob("*"))
        return indexed - waiting - failed - directories

    def command(self, query, limit):
        return ["baloosearch", "-l", str(limit), query.replace("*", "")]


class Floor(Peer):
    """One thread that inserts the text into FTS5."""

    name = "FTS5, 1 thread"

    def cold(self):
        files = sorted(str(p) for p in self.tree.rglob("*") if p.is_file())
        self.index.mkdir()
        result = subprocess.run([TOOLS / "floor_fts5", self.index / "floor.db"], input="\n".join(files).encode() + b"\n",
                                stdout=subprocess.PIPE, check=True)
        return float(result.stdout.split()[0])

    def documents(self):
        with sqlite3.connect(self.index / "floor.db") as db:
            return db.execute("SELECT count(*) FROM t").fetchone()[0]


PEERS = (Recoll, Localsearch, Omega, Baloo)
