"""suggest: completing what is typed letter by letter, guessing what was meant, and what stems cost a query."""

import statistics
import time

from common import ask, figures, line, percentile, title, verdict

TYPED = ("kernel memory driver struct device interrupt register network filesystem scheduler buffer allocation page table "
         "module configuration error return static unsigned include define monitor signal thread process mutex clock").split()
MEANT = "kenrel memroyy schedulre intrerupt filesytem configuartion regsiter allcoation monitro sginal".split()
PLAIN = "mutex swizzle connecting drivers hysteresis endianness allocate quiesced registered backoff".split()


def prefixes():
    letters = "abcdefghijklmnopqrstuvwxyz0123456789"
    return sorted({word[:n] for word in TYPED for n in range(1, len(word) + 1)} | set(letters) |
                  {a + b for a in letters[:26] for b in "aeioustr"})


def milliseconds(daemon, method, every_params):
    """The best of some rounds for each, which differ in their limits: what else runs only ever adds."""
    times = [ask(daemon, [{**p, "limit": limit} for p in every_params], method=method) for limit in (10, 11, 12)]
    return [min(took) / 1000 for took in zip(*times)]


def show(name, times):
    line(name, f"{percentile(times, .5):.2f}", f"{percentile(times, .99):.2f}", f"{max(times):.2f}")
    figures[f"suggest: {name}"] = {"p50_ms": percentile(times, .5), "p99_ms": percentile(times, .99)}


def searches(daemon, words):
    return milliseconds(daemon, "search", [{"query": w, "max_age_ms": 0} for w in words])


def bench(daemon):
    title("What is typed, over that corpus, at the client")
    time.sleep(5)  # words are counted when all is quiet
    line("", "p50, ms", "p99, ms", "max, ms")
    typed = milliseconds(daemon, "suggest", [{"prefix": p} for p in prefixes()])
    show("suggest", typed)
    show("suggest, with names", milliseconds(daemon, "suggest", [{"prefix": p, "names": 10} for p in prefixes()]))
    show("search, the same with a star", searches(daemon, [p + "*" for p in prefixes()]))
    show("search, did you mean", searches(daemon, MEANT))
    plain = [f'"{w}"' for w in PLAIN]
    exact = searches(daemon, plain)
    daemon.config["index"]["languages"] = "en"
    daemon.write_config()
    daemon.call("reload")
    bare = searches(daemon, PLAIN)
    show("search, words as they are", exact)
    show("search, with English forms", bare)
    print(f"  {statistics.median(b / e for b, e in zip(bare, exact)):.2f} times as long with forms, in the middle")
    verdict("suggest: p99", percentile(typed, .99), 20, "ms")
