"""make_office: the corpus *office*, documents as they lie in Debian packages and as pandoc makes them."""

import os
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor

PACKAGES = ("texlive-latex-recommended-doc texlive-latex-base-doc python3.11-doc debian-handbook libreoffice-common "
            "python-odf-doc debian-policy developers-reference debian-reference-en debian-reference-fr docutils-doc").split()
# Directory, suffixes, how many at most: in byte order of their paths, over all packages.
KINDS = (
    ("pdf", (".pdf",), 600),
    ("odf", (".odt", ".ott", ".odp", ".otp", ".ods", ".ots"), 100),
    ("epub", (".epub",), 100),
    ("rtf", (".rtf",), 50),
)
# Web pages: packages in this order, below this directory.
PAGES = (("python3.11-doc", ""), ("debian-handbook", "en-US"), ("debian-policy", ""), ("developers-reference", ""),
         ("debian-reference-en", ""), ("debian-reference-fr", ""))
PAGES_MAX = 700
MADE = ("odt", "docx", "rtf", "epub")
MADE_MAX, EVERY, SMALLEST, LARGEST = 240, 6, 8 << 10, 200 << 10


def unpack(work):
    for package in PACKAGES:
        subprocess.run(["apt-get", "download", "-q", package], cwd=work, check=True)
        [archive] = work.glob(f"{package}_*.deb")
        subprocess.run(["dpkg-deb", "-x", archive, work / package], check=True)
    return sorted(p.name for p in work.glob("*.deb"))


def files_below(top):
    found = []
    for directory, _, names in os.walk(top):
        for name in names:
            path = os.path.join(directory, name)
            if not os.path.islink(path) and os.path.getsize(path):
                found.append(path)
    return sorted(found, key=os.fsencode)


def copy(paths, work, to, most):
    """Flat: the way to a file becomes its name."""
    to.mkdir(parents=True)
    for path in paths[:most]:
        name = os.path.relpath(path, work).replace("/usr/share/", "/").replace("/", "__").replace(" ", "_")
        shutil.copyfile(path, to / name)


def make_by_pandoc(text, office):
    """Every sixth document of the kernel's documentation, in turn as one of four types."""
    sources = [p for p in files_below(text / "Documentation") if p.endswith(".rst")
               and SMALLEST < os.path.getsize(p) < LARGEST]
    jobs = []
    for number, source in enumerate(sources[EVERY - 1::EVERY][:MADE_MAX]):
        kind = MADE[number % len(MADE)]
        name = os.path.relpath(source, text / "Documentation").replace("/", "__")[:-len(".rst")]
        (office / kind).mkdir(exist_ok=True)
        standalone = ["-s"] if kind == "rtf" else []
        jobs.append(["pandoc", *standalone, "-f", "rst", "-t", kind, "-o", office / kind / f"{name}.{kind}", source])
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        # What pandoc cannot read within a minute is left out.
        list(pool.map(lambda job: subprocess.run(["timeout", "60", *job], stderr=subprocess.DEVNULL, check=False), jobs))


def make_office(destination):
    """Makes destination/office out of packages and of destination/text; returns the packages' names."""
    work = destination / "office.work"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    versions = unpack(work)
    partial = destination / "office.partial"
    shutil.rmtree(partial, ignore_errors=True)
    everything = files_below(work)
    for name, suffixes, most in KINDS:
        chosen = [p for p in everything if p.endswith(suffixes)]
        if chosen:
            copy(chosen, work, partial / name, most)
    pages = [p for package, part in PAGES for p in files_below(work / package) if p.endswith(".html") and part in p]
    copy(pages, work, partial / "html", PAGES_MAX)
    make_by_pandoc(destination / "text", partial)
    for path in partial.rglob("*"):
        if path.is_file() and not path.stat().st_size:
            path.unlink()
    partial.rename(destination / "office")
    shutil.rmtree(work)
    return versions
