"""The oracle: real files from installed packages, judged by a tokenizer that shares nothing with trawl."""

import os
import random
import re

import pytest

import trawl

SEED = 20260101
PLACES = (b"/usr/share/doc", b"/usr/include", b"/usr/lib/python3", b"/usr/lib/python3.11", b"/usr/share/perl")
# Formats with converters of their own, or none: not for a tokenizer of plain text.
OTHER_FORMATS = re.compile(
    rb"\.(html?|xhtml|pdf|gz|bz2|xz|zst|pyc|so|a|o|png|svg|gif|jpe?g|ps|eps|odt|docx?|roff|man|mom|m[ems]|tmac|[1-9][a-z]*)$",
    re.I,
)
MOST_BYTES = 200_000

# A word stands alone between ASCII characters that are no letters or digits, so that no two tokenizers can
# disagree about where it begins and ends.
WORD = re.compile(rb"(?<![A-Za-z0-9\x80-\xff])[A-Za-z]{4,12}(?![A-Za-z0-9\x80-\xff])")


def readable_text(path):
    """The content of a file that is plain UTF-8 text, else None."""
    if OTHER_FORMATS.search(path) or os.path.islink(path) or not os.path.isfile(path):
        return None
    if not 0 < os.path.getsize(path) <= MOST_BYTES:
        return None
    with open(path, "rb") as f:
        content = f.read()
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return None if b"\0" in content else content


def candidates():
    """Paths of files below the places, without hidden ones, in a fixed order."""
    for place in PLACES:
        for directory, names, files in os.walk(place):
            names[:] = sorted(n for n in names if not n.startswith(b"."))
            for name in sorted(files):
                if not name.startswith(b"."):
                    yield os.path.join(directory, name)


def words_of(content):
    return {w.lower() for w in WORD.findall(content)}


@pytest.fixture
def sample(home):
    """Real files with their paths below `home`/tree kept, {path there: content}."""
    paths = list(candidates())
    random.Random(SEED).shuffle(paths)
    wanted = 20000 if trawl.FULL else 3200
    found, seen = {}, {}
    for path in paths:
        content = readable_text(path)
        if content is None or seen.setdefault(content, 0) >= 50:  # a hit names at most 100 of its paths
            continue
        seen[content] += 1
        found[os.path.join(os.fsencode(home), b"tree", path.lstrip(b"/"))] = content
        if len(found) == wanted:
            break
    assert len(found) >= 3000, f"only {len(found)} text files are installed below {PLACES}"
    for path, content in found.items():
        trawl.write(path, content)
    return found


def absent_words(contents, random_):
    """Fifty words that stand in no content."""
    words = set()
    while len(words) < 50:
        word = "".join(random_.choice("bcdfghjklmnpqrstvwxz") for _ in range(12))
        if not any(word.encode() in content.lower() for content in contents):
            words.add(word)
    return sorted(words)


def test_every_word_finds_its_file(sample, daemon):
    print(f"seed {SEED}, {len(sample)} files, {sum(map(len, sample.values()))} bytes")
    daemon.start()
    daemon.sync(120)
    assert daemon.listing() == sorted(sample)
    assert daemon.failures() == {}

    random_ = random.Random(SEED + 1)
    paths = sorted(sample)
    missed, pairs = [], []
    while len(pairs) < 300:
        path = random_.choice(paths)
        words = sorted(words_of(sample[path]))
        if words:
            pairs.append((path, random_.choice(words).decode()))
    for path, word in pairs:
        if path not in daemon.found(word):
            missed.append((path, word))
        elif path not in daemon.found(f"{word} name:{trawl.quote(os.fsdecode(os.path.basename(path)))}"):
            missed.append((path, word, "with its name"))
    assert missed == []


def test_no_word_finds_a_file_without_it(sample, daemon):
    """The other direction: what a search finds has the word, as a token or in its name or title."""
    daemon.start()
    daemon.sync(120)
    random_ = random.Random(SEED + 2)
    for word in absent_words(list(sample.values()), random_):
        assert daemon.search(word)["total"] == 0, word
    paths = sorted(sample)
    for _ in range(60):
        word = random_.choice(sorted(words_of(sample[random_.choice(paths)])) or [b"copyright"])
        for path in daemon.found(f"{word.decode()} -name:{word.decode()}"):
            assert word in sample[path].lower(), (word, path)
