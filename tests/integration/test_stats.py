"""stats: where the time of one saved file, of one search, of one subscriber's line went, each in its histogram."""

import json
import os
import subprocess

import pytest

import trawl
from trawl import wait_for, write

STAGES = ("live_event", "live_stat", "live_queue", "live_convert", "live_wait", "live_write", "live_commit", "live_visible")
FILES = 20


@pytest.fixture
def daemon(make_daemon):
    daemon = make_daemon()
    daemon.config["daemon"]["settle"] = "300ms"
    daemon.converter("slow", "#!/usr/bin/python3\nimport time\ntime.sleep(0.4)\nprint('slowly said')\n")
    for i in range(FILES):
        write(daemon.root / f"old{i}.txt", f"found by the scan {i}")
    daemon.start()
    daemon.sync()
    return daemon


def histograms(daemon):
    return daemon.call("stats")["histograms"]


def counts(daemon, names):
    found = histograms(daemon)
    return [found[name]["count"] for name in names]


def save(daemon, name, text):
    """Saves a file and waits until it has landed."""
    landed = counts(daemon, ["freshness"])[0]
    write(daemon.root / name, text, "rename")
    wait_for(lambda: counts(daemon, ["freshness"])[0] > landed, 10)


def test_what_a_scan_finds_is_in_no_live_stage(daemon):
    assert counts(daemon, (*STAGES, "freshness")) == [0] * 9
    assert counts(daemon, ["scan", "convert", "commit"])[1] == FILES


def test_each_saved_file_is_once_in_every_stage_and_they_add_up(daemon):
    for i in range(FILES):
        save(daemon, f"new{i}.txt", f"saved now {i}")
        assert counts(daemon, (*STAGES, "freshness")) == [i + 1] * 9
    found = histograms(daemon)
    assert sum(found[stage]["sum_us"] for stage in STAGES) == found["freshness"]["sum_us"]
    for stage in STAGES:
        assert found[stage]["max_us"] * FILES >= found[stage]["sum_us"] >= found[stage]["max_us"], stage
        assert found[stage]["p50_us"] <= found[stage]["p99_us"] <= found[stage]["max_us"], stage
    assert found["live_convert"]["sum_us"] >= found["convert"]["p50_us"]


def test_the_stage_that_was_slow_is_the_one_that_shows_it(daemon):
    """A converter that takes its time; a file that is written and not closed."""
    save(daemon, "a.slow", "x")
    found = histograms(daemon)
    assert found["live_convert"]["max_us"] >= 400000
    assert all(found[stage]["max_us"] < 400000 * trawl.SLOW for stage in STAGES if stage != "live_convert")

    before = histograms(daemon)
    with open(daemon.root / "old0.txt", "a") as f:
        f.write("left open while it settles")
        f.flush()
        wait_for(lambda: counts(daemon, ["freshness"])[0] > before["freshness"]["count"], 10)
        after = histograms(daemon)
        assert after["live_event"]["sum_us"] - before["live_event"]["sum_us"] >= 250000


def test_a_search_by_a_reader_and_from_the_memo(daemon):
    names = ("query_wait", "query", "query_reply", "memo_hit")
    assert counts(daemon, names) == [0] * 4
    daemon.call("search", {"query": "scan"})
    assert counts(daemon, names) == [1, 1, 1, 0]
    assert daemon.call("search", {"query": "scan"})["cached"]
    daemon.call("search", {"query": "scan", "sync_ms": 1000})  # its time is the sync's
    assert counts(daemon, names)[:3] == [2, 2, 2] or counts(daemon, names)[:3] == [1, 1, 1]
    assert counts(daemon, names)[3] == 1


def test_a_line_to_a_subscriber(daemon):
    with daemon.connect() as ear:
        ear.call("subscribe", {"query": "herring"})
        save(daemon, "other.txt", "of no interest")
        assert counts(daemon, ["notify"]) == [0]
        save(daemon, "herring.txt", "a herring")
        told = json.loads(ear.line())
        assert told["method"] == "match"
        assert counts(daemon, ["notify"]) == [1]


def test_they_are_shown(daemon):
    save(daemon, "new.txt", "saved now")
    text = subprocess.run([trawl.BUILD / "trawl", "--socket", daemon.socket_path, "stats"], capture_output=True, check=True,
                          env={**os.environ, "LC_ALL": "C.UTF-8"}).stdout.decode()
    shown = {line.split()[0]: line.split()[1] for line in text.splitlines() if " " in line.strip()}
    assert [shown[stage] for stage in STAGES] == ["1"] * 8
    prometheus = daemon.call("stats", {"format": "prometheus"})["text"]
    for stage in STAGES:
        assert f"# TYPE trawl_{stage}_seconds histogram\n" in prometheus
        assert f"\ntrawl_{stage}_seconds_count 1\n" in prometheus
