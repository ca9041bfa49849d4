"""trawl: the black-box harness.

Starts the real `trawld` in a directory of its own, speaks JSON-RPC to it over its socket, and checks when it ends that
nothing is left over.  Shares no code with the daemon: what it knows stands in the protocol's and the configuration's
documentation.  Paths are bytes throughout, since that is what names are.
"""

import atexit
import base64
import collections
import ctypes
import errno
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
MADE = Path(os.environ.get("TRAWL_BUILD", REPO / "build")).resolve()


def _reachable_programs():
    """Where the programs are run from: a copy, if root has built them where other users may not go."""
    if os.geteuid() != 0 or not MADE.exists() or all(p.stat().st_mode & 0o001 for p in (MADE, *MADE.parents)):
        return MADE
    copy = Path(tempfile.mkdtemp(prefix="trawl-programs-", dir="/var/tmp"))
    atexit.register(shutil.rmtree, copy, ignore_errors=True)
    copy.chmod(0o755)
    for program in MADE.glob("trawl*"):
        shutil.copy2(program, copy)
    shutil.copytree(REPO / "conf", copy / "conf")
    return copy


BUILD = _reachable_programs()
CONVERTERS_D = (REPO if BUILD == MADE else BUILD) / "conf" / "converters.d"
# How much slower than a plain build this one is: sanitizer builds set 3 to 10.  Scales time-outs, never results.
SLOW = float(os.environ.get("TRAWL_TEST_SLOW", "1"))
FULL = os.environ.get("TRAWL_FULL", "") not in ("", "0")
# Whether the binaries are sanitizer builds: their memory and their latency are not the daemon's.
SANITIZED = SLOW > 1

SUPPRESSIONS = Path(__file__).resolve().parent.parent / "tsan.supp"
SANITIZER_REPORT = re.compile(
    rb"ERROR: (?:Address|Leak|Memory)Sanitizer|WARNING: ThreadSanitizer|runtime error:|: bug: ")

# Exit statuses that the daemon promises.
EX_OK, EX_OSERR, EX_TEMPFAIL, EX_CONFIG = 0, 71, 75, 78


def _become_subreaper():
    """Orphans of a daemon become children of this process, so that none can hide by a double fork or setsid."""
    PR_SET_CHILD_SUBREAPER = 36
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER)")


_become_subreaper()


# --- time ------------------------------------------------------------------------------------------------------------

def patience(seconds):
    """A time-out for this machine and this build."""
    return seconds * SLOW


def wait_for(condition, seconds=10.0, what="", pause=0.01):
    """Polls until `condition()` is true; returns its value.  For what no request can wait for."""
    end = time.monotonic() + patience(seconds)
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {patience(seconds):g} s: {what or condition}")
        time.sleep(pause)


# --- processes -------------------------------------------------------------------------------------------------------

def children_of(pid):
    """Processes whose parent is `pid`, by every thread of it, zombies included."""
    found = set()
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            found.update(int(p) for p in Path(f"/proc/{pid}/task/{task}/children").read_text().split())
    except (FileNotFoundError, ProcessLookupError):
        pass
    return found


def descendants_of(pid):
    """Every process below `pid`."""
    found, todo = set(), [pid]
    while todo:
        for child in children_of(todo.pop()):
            if child not in found:
                found.add(child)
                todo.append(child)
    return found


def process_state(pid):
    """The letter of /proc/PID/stat, None if it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_bytes().rsplit(b")", 1)[1].split()[0].decode()
    except (FileNotFoundError, ProcessLookupError):
        return None


def process_status(pid, field):
    """A number of /proc/PID/status (VmHWM and VmRSS in KiB)."""
    text = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(rf"^{field}:\s+(\d+)", text, re.M).group(1))


def cmdline(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return ""


_known_children = set()  # processes that tests started and still own


def strays():
    """Orphans that came to us: processes that some daemon left behind.  Dead ones are reaped on the way."""
    alive = {}
    for pid in children_of(os.getpid()) - _known_children:
        try:
            reaped, _ = os.waitpid(pid, os.WNOHANG)
        except ChildProcessError:
            continue
        if reaped == 0:
            alive[pid] = cmdline(pid)
    return alive


def popen(argv, **kwargs):
    """Popen, known to strays()."""
    process = subprocess.Popen(argv, **kwargs)
    _known_children.add(process.pid)
    return process


def forget(process):
    """After a process of popen() was waited for."""
    _known_children.discard(process.pid)


def run(argv, **kwargs):
    """subprocess.run with a time-out, output captured, known to strays()."""
    timeout = kwargs.pop("timeout", patience(60))
    stdin = kwargs.pop("input", None)
    process = popen(argv, stdin=subprocess.PIPE if stdin is not None else subprocess.DEVNULL,
                    stdout=subprocess.PIPE, stderr=subprocess.PIPE, **kwargs)
    try:
        out, err = process.communicate(stdin, timeout=timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise
    finally:
        forget(process)
    return subprocess.CompletedProcess(argv, process.returncode, out, err)


# --- the wire --------------------------------------------------------------------------------------------------------

class RpcError(Exception):
    """An error reply."""

    def __init__(self, error):
        super().__init__(json.dumps(error))
        self.code = error["code"]
        self.message = error["message"]
        self.data = error.get("data") or {}

    @property
    def word(self):
        """data.code: the stable word of trawl's own errors."""
        return self.data.get("code")


class Closed(Exception):
    """The daemon closed the connection."""


class Client:
    """One connection.  `call` for a request and its reply; `send`, `receive` and `raw` for everything else."""

    def __init__(self, path, timeout=30.0):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(patience(timeout))
        self.socket.connect(os.fspath(path))
        self._pending = bytearray()
        self._scanned = 0
        self._replies = {}
        self._next_id = 0
        self.notifications = []

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    def close(self):
        self.socket.close()

    def raw(self, data):
        self.socket.sendall(data)

    def line(self):
        """One line as bytes, without its newline."""
        while True:
            end = self._pending.find(b"\n", self._scanned)
            if end >= 0:
                line = bytes(self._pending[:end])
                del self._pending[:end + 1]
                self._scanned = 0
                return line
            self._scanned = len(self._pending)
            try:
                more = self.socket.recv(1 << 16)
            except ConnectionResetError:
                more = b""
            if not more:
                raise Closed()
            self._pending += more

    def reply(self):
        """The next line as an object, whatever it answers."""
        line = self.line()
        line.decode("utf-8")  # the daemon never writes anything else
        return json.loads(line)

    def send(self, method, params=None, **more):
        """Sends a request; returns its id for receive().  Keywords are parameters."""
        self._next_id += 1
        request = {"jsonrpc": "2.0", "id": self._next_id, "method": method}
        params = {**(params or {}), **more}
        if params:
            request["params"] = params
        self.raw(json.dumps(request).encode() + b"\n")
        return self._next_id

    def receive(self, request_id):
        """The result of one request; replies to others are kept for theirs.  RpcError if it is an error."""
        while request_id not in self._replies:
            reply = self.reply()
            assert reply.get("jsonrpc") == "2.0", reply
            if "method" in reply:
                self.notifications.append(reply)
            else:
                self._replies[reply["id"]] = reply
        reply = self._replies.pop(request_id)
        assert ("result" in reply) != ("error" in reply), reply
        if "error" in reply:
            raise RpcError(reply["error"])
        return reply["result"]

    def call(self, method, params=None, **more):
        return self.receive(self.send(method, params, **more))

    def call_many(self, method, every_params, window=8):
        """The results of many calls in their order, a few of them in flight at any time."""
        waiting = collections.deque()
        for params in every_params:
            waiting.append(self.send(method, params))
            if len(waiting) == window:
                yield self.receive(waiting.popleft())
        while waiting:
            yield self.receive(waiting.popleft())


def path_of(item, key="path"):
    """The bytes of a path in a reply: exact where the lossy text is not."""
    exact = item.get(key + "_b64")
    if exact is not None:
        return base64.b64decode(exact, validate=True)
    return item[key].encode("utf-8")


def path_param(path, key="path"):
    """The same for a request."""
    path = os.fsencode(path)
    try:
        return {key: path.decode("utf-8")}
    except UnicodeDecodeError:
        return {key: path.decode("utf-8", "replace"), key + "_b64": base64.b64encode(path).decode()}


def quote(word):
    """One phrase of the query language."""
    return '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"'


# --- configuration ---------------------------------------------------------------------------------------------------

class Config:
    """An INI file as a list of (section, {key: value}); a value that is a list is a key said several times."""

    def __init__(self, **daemon):
        self.sections = [("daemon", {"mode": "user", "workers": 2, "settle": "50ms", "rescan": "30d", **daemon})]

    def __getitem__(self, section):
        for name, keys in self.sections:
            if name == section:
                return keys
        self.sections.append((section, {}))
        return self.sections[-1][1]

    def text(self):
        lines = []
        for name, keys in self.sections:
            lines.append(f"[{name}]")
            for key, value in keys.items():
                for one in value if isinstance(value, list) else [value]:
                    lines.append(f"{key} = {os.fsdecode(one) if isinstance(one, (bytes, Path)) else one}")
            lines.append("")
        return "\n".join(lines)


# --- the daemon ------------------------------------------------------------------------------------------------------

class Daemon:
    """One `trawld` in `home`: tree/ is its root, state/ its store, s its socket.  Starts and stops as often as asked."""

    def __init__(self, home, config=None):
        self.home = Path(home)
        self.root = self.home / "tree"
        self.state = self.home / "state"
        self.socket_path = self.home / "s"
        self.config_path = self.home / "trawld.conf"
        self.converters_dir = self.home / "converters.d"
        self.programs = self.home / "programs"
        self.stderr_path = self.home / "stderr"
        for directory in (self.root, self.state, self.converters_dir, self.programs):
            directory.mkdir(exist_ok=True)
        self.config = config or Config()
        if not any(name.startswith("root ") for name, _ in self.config.sections):
            self.config["root docs"]["path"] = self.root
        self.config["daemon"].setdefault("converters_dir", [CONVERTERS_D, self.converters_dir])
        self.env = {}
        self.process = None
        self._client = None
        self._stderr_checked = 0

    # making it

    def converter(self, name, script, *, serve=False, **keys):
        """Adds a converter: `script` is the text of a program (with its #! line), or an argv as a list."""
        if isinstance(script, list):
            command = " ".join(map(os.fspath, script))
        else:
            program = self.programs / name
            program.write_text(script)
            program.chmod(0o755)
            command = os.fspath(program)
        keys.setdefault("extensions", name)
        section = {"serve" if serve else "run": command, **keys}
        lines = [f"[converter {name}]"] + [f"{k} = {v}" for k, v in section.items()]
        (self.converters_dir / f"90-{name}.conf").write_text("\n".join(lines) + "\n")

    def argv(self, *args):
        return [BUILD / "trawld", "--config", self.config_path, "--state", self.state, "--socket", self.socket_path,
                *args]

    def environment(self):
        sanitizer = f"log_path={self.home}/sanitizer:exitcode=86"
        env = {
            "PATH": f"{BUILD}:/usr/local/bin:/usr/bin:/bin",
            "HOME": os.fspath(self.home),
            "XDG_RUNTIME_DIR": os.fspath(self.home),
            "LANG": "C.UTF-8",
            "ASAN_OPTIONS": sanitizer + ":detect_leaks=1",
            "LSAN_OPTIONS": "report_objects=1",
            "UBSAN_OPTIONS": "print_stacktrace=1",
            "TSAN_OPTIONS": f"{sanitizer}:second_deadlock_stack=1:suppressions={SUPPRESSIONS}",
        }
        for name in ("ASAN_OPTIONS", "TSAN_OPTIONS", "LSAN_OPTIONS", "UBSAN_OPTIONS"):
            if name in os.environ:  # suppressions, chiefly
                env[name] = env[name] + ":" + os.environ[name]
        for name in ("ASAN_SYMBOLIZER_PATH", "TSAN_SYMBOLIZER_PATH"):
            if name in os.environ:
                env[name] = os.environ[name]
        env.update(self.env)
        return env

    def write_config(self):
        self.config_path.write_text(self.config.text())

    # running it

    def start(self, *args, wait=True, wrapper=(), **kwargs):
        """Starts it and waits until it answers.  `wrapper` is put before the command line."""
        assert self.process is None, "it runs already"
        self.write_config()
        stderr = open(self.stderr_path, "ab")
        try:
            # A test run that is killed takes its daemons along.
            self.process = popen(["setpriv", "--pdeathsig", "KILL", *map(os.fspath, [*wrapper, *self.argv(*args)])],
                                 stdin=subprocess.DEVNULL, stdout=stderr, stderr=stderr, env=self.environment(),
                                 cwd=self.home, **kwargs)
        finally:
            stderr.close()
        if wait:
            self.wait_ready()
        return self

    def wait_ready(self, seconds=20):
        def answers():
            assert self.process.poll() is None, \
                f"trawld ended with {self.process.returncode}:\n{self.stderr_text()[-4000:]}"
            try:
                with Client(self.socket_path, timeout=seconds) as client:
                    return client.call("version")
            except (FileNotFoundError, ConnectionRefusedError, Closed):
                return None
        return wait_for(answers, seconds, "trawld answers", pause=0.005)

    @property
    def pid(self):
        return self.process.pid

    @property
    def client(self):
        """A connection that is kept for plain calls."""
        if self._client is None:
            self._client = Client(self.socket_path)
        return self._client

    def connect(self, **kwargs):
        return Client(self.socket_path, **kwargs)

    def hang_up(self):
        if self._client is not None:
            self._client.close()
            self._client = None

    def stop(self, sig=signal.SIGTERM, status=EX_OK, seconds=10):
        """Ends it and checks how it ended; returns the seconds it took."""
        self.hang_up()
        begin = time.monotonic()
        if self.process.poll() is None:
            self.process.send_signal(sig)
        code = self._wait(seconds)
        took = time.monotonic() - begin
        self.check_clean()  # first: a sanitizer's report says more than its exit status
        if status is not None:
            assert code == status, f"trawld ended with {code}, not {status}:\n{self.stderr_text()[-4000:]}"
        return took

    def kill(self):
        """kill -9: no last words are expected, but its converters must go too."""
        self.hang_up()
        self.process.kill()
        self._wait(10)
        self.check_clean()

    def wait_exit(self, seconds=10):
        """Waits until it ends by itself; returns its exit status."""
        self.hang_up()
        code = self._wait(seconds)
        self.check_clean()
        return code

    def _wait(self, seconds):
        process = self.process
        try:
            code = process.wait(patience(seconds))
        except subprocess.TimeoutExpired:
            where = self._stuck()
            process.kill()
            process.wait()
            raise AssertionError(f"trawld did not end within {patience(seconds):g} s; threads were in {where}\n"
                                 f"{self.stderr_text()[-2000:]}") from None
        finally:
            forget(process)
            self.process = None
        return code

    def _stuck(self):
        """Where its threads wait, for a report of a hang."""
        found = []
        for task in sorted(os.listdir(f"/proc/{self.pid}/task")):
            base = Path(f"/proc/{self.pid}/task/{task}")
            try:
                found.append(f"{(base / 'comm').read_text().strip()}: {(base / 'wchan').read_text().strip()}")
            except OSError:
                continue
        return "; ".join(found)

    def check_clean(self):
        """After it ended: no sanitizer report, no process left over."""
        try:
            wait_for(lambda: not strays(), 5, "")
        except AssertionError:
            left = strays()
            for pid in left:
                os.kill(pid, signal.SIGKILL)
            wait_for(lambda: not strays(), 5, "strays are killed")
            raise AssertionError(f"processes were left over: {left}") from None
        text = self.stderr_path.read_bytes() if self.stderr_path.exists() else b""
        found = SANITIZER_REPORT.search(text, self._stderr_checked)
        assert not found, text[found.start():found.start() + 6000].decode(errors="replace")
        self._stderr_checked = len(text)
        for report in self.home.glob("sanitizer.*"):
            raise AssertionError(report.read_text(errors="replace")[:6000])

    def finish(self):
        """At the end of every test."""
        if self.process is None:
            self.hang_up()
            self.check_clean()
            return
        code = self.process.poll()
        if code is not None:
            self._wait(1)
            self.check_clean()
            raise AssertionError(f"trawld had ended with {code}:\n{self.stderr_text()[-4000:]}")
        self.stop()

    def reload(self):
        """SIGHUP, with the configuration as it is now."""
        self.write_config()
        self.process.send_signal(signal.SIGHUP)

    def stderr_text(self):
        try:
            return self.stderr_path.read_text(errors="replace")
        except FileNotFoundError:
            return ""

    # asking it

    def call(self, method, params=None, **more):
        return self.client.call(method, params, **more)

    def sync(self, seconds=30):
        return self.call("sync", timeout_ms=min(int(patience(seconds) * 1000), 600000))

    def search(self, query, **params):
        params.setdefault("timeout_ms", int(patience(10) * 1000))
        return self.call("search", query=query, **params)

    def found(self, query, **params):
        """The paths of every hit, as bytes."""
        params.setdefault("limit", 100000)
        return {path_of(p) for hit in self.search(query, **params)["hits"] for p in hit["paths"]}

    def status(self):
        return self.call("status")

    def counters(self):
        return self.call("stats")["counters"]

    def explain(self, path):
        return self.call("explain", path_param(self.absolute(path)))

    def failures(self):
        """Every failure of a file, by path; those of parts are left out."""
        found, offset = {}, 0
        while True:
            result = self.call("failures", limit=100, offset=offset)
            rows = result["failures"] if isinstance(result, dict) else result
            for row in rows:
                if not row.get("part"):
                    found[path_of(row)] = row
            offset += len(rows)
            if len(rows) < 100:
                return found

    def texts(self, paths, limit=1 << 22):
        """(path, text of its document) of each."""
        paths = list(paths)
        return zip(paths, (d["text"] for d in self.client.call_many(
            "document", ({**path_param(p), "limit": limit} for p in paths))))

    def document(self, path, **params):
        return self.call("document", path_param(self.absolute(path)), **params)

    def changes(self, since=None, limit=1000):
        """All changes after `since`; returns (changes, clock, whether the instance was another one)."""
        found, fresh = [], False
        while True:
            result = self.call("changes", since=since, limit=limit)
            found += result["changes"]
            fresh = fresh or result["fresh_instance"]
            since = result["clock"]
            if not result["more"]:
                return found, since, fresh

    def listing(self):
        """Every file that the index knows, as a sorted list of paths (so that a double shows)."""
        return sorted(path_of(c) for c in self.changes()[0] if not c["dir"] and c["kind"] != "deleted")

    def absolute(self, path):
        return os.path.join(os.fsencode(self.root), os.fsencode(path))

    # its own state, seen from outside

    def resources(self):
        """(descriptors, threads, children)"""
        return (len(os.listdir(f"/proc/{self.pid}/fd")), len(os.listdir(f"/proc/{self.pid}/task")),
                len(children_of(self.pid)))

    def check_resources(self, before, seconds=10):
        """Descriptors, threads and children are no more than they were."""
        def back():
            return all(now <= then for now, then in zip(self.resources(), before))
        try:
            wait_for(back, seconds)
        except AssertionError:
            links = [os.readlink(f"/proc/{self.pid}/fd/{fd}") for fd in os.listdir(f"/proc/{self.pid}/fd")]
            left = [cmdline(p) for p in children_of(self.pid)]
            raise AssertionError(f"(descriptors, threads, children) were {before}, are {self.resources()}: "
                                 f"{sorted(links)} {left}") from None


# --- the tree as it is -----------------------------------------------------------------------------------------------

def walk(root, hidden=False):
    """{path: content} of every regular file below `root`, read from disk.  Bytes."""
    found = {}
    for directory, names, files in os.walk(os.fsencode(root)):
        if not hidden:
            names[:] = [n for n in names if not n.startswith(b".")]
        for name in files:
            path = os.path.join(directory, name)
            if (hidden or not name.startswith(b".")) and not os.path.islink(path) and os.path.isfile(path):
                with open(path, "rb") as f:
                    found[path] = f.read()
    return found


def write(path, data=b"", how="write"):
    """Stores `data` the way some editor does: write, rename (a new file moved into place), append."""
    data = data.encode() if isinstance(data, str) else data
    path = os.fsencode(path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if how == "rename":
        temporary = os.path.join(os.path.dirname(path), b".trawl-test-%d" % time.monotonic_ns())
        with open(temporary, "wb") as f:
            f.write(data)
        os.rename(temporary, path)
    else:
        with open(path, "ab" if how == "append" else "wb") as f:
            f.write(data)
    return path


def is_tmpfs(path):
    """Whether a directory is on tmpfs, by the mount table."""
    device = os.stat(path).st_dev
    wanted = f"{os.major(device)}:{os.minor(device)}"
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        fields = line.split()
        if fields[2] == wanted:
            return fields[fields.index("-") + 1] == "tmpfs"
    return False


def unlink_quietly(path):
    try:
        os.unlink(path)
    except OSError as e:
        if e.errno != errno.ENOENT:
            raise
