"""What tools/bench/mount measures on: an archive's mount and copies of it, warm or cold, and the daemon's counters."""

import contextlib
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import time

import beside

KINDS = ("lookup", "getattr", "readdir", "readdirplus", "read", "openRefused")
CORPUS = beside.ROOT / ".build/release/corpus"


def build(dicomfs):
    """Builds what is measured and what it is measured with."""
    products = ["corpus"] if dicomfs else ["corpus", "dicomfs"]
    for product in products:
        command = ["swift", "build", "-c", "release", "--product", product]
        subprocess.run(command, cwd=beside.ROOT, check=True, stdout=subprocess.DEVNULL)
    if dicomfs:
        beside.DICOMFS = pathlib.Path(dicomfs).resolve()


def corpus(*arguments, lines=None):
    """Runs the corpus program; what it printed."""
    done = subprocess.run(
        [CORPUS, *map(str, arguments)], check=True, stdout=subprocess.PIPE, text=True,
        input=None if lines is None else "\n".join(lines))
    return done.stdout


def make(archive, **shape):
    """Makes an archive, unless one is there."""
    if not (archive / "dicomfs-archive").exists():
        corpus("make", "--archive", archive, *(f"--{key}={value}" for key, value in shape.items()))
    return archive


def time_open(kind, files, rounds=1, percentiles=False):
    """Nanoseconds and more of an operation on files, by the compiled loop."""
    options = ["--percentiles"] if percentiles else []
    return json.loads(corpus("time-open", "--kind", kind, "--rounds", rounds, *options, lines=files))


def run_seconds(*command):
    """The seconds that a program takes whose output nobody reads."""
    begin = time.monotonic()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - begin


def files(tree, suffix=".dcm"):
    """The files of a tree in the order in which it lists them."""
    found = subprocess.run(
        ["find", tree, "-type", "f", "-name", f"*{suffix}"], check=True, stdout=subprocess.PIPE, text=True)
    return found.stdout.splitlines()


def drop_caches():
    """Makes the kernel forget files, names and attributes of every file system."""
    os.sync()
    pathlib.Path("/proc/sys/vm/drop_caches").write_text("3")


def medians(rounds, trees, measure):
    """What `measure` says of each tree by name: medians of rounds, each of which begins with another tree; and the ratios of
    the first tree to the others, which are medians of the rounds' ratios."""
    names = list(trees)
    values = {name: [] for name in names}
    for turn in range(rounds):
        start = turn % len(names)
        for name in names[start:] + names[:start]:
            values[name].append(measure(trees[name]))
    ratios = {
        name: statistics.median(first / other for first, other in zip(values[names[0]], values[name]))
        for name in names[1:]
    }
    return {name: statistics.median(values[name]) for name in names}, ratios


class Mounted:
    """A daemon that serves an archive at a mount."""

    def __init__(self, archive, mount, receiver):
        self.archive = archive
        self.mount = mount
        self.receiver = receiver

    def live(self):
        command = [beside.DICOMFS, "stats", "--live", "--json", "--archive", self.archive]
        return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)

    def memory(self):
        return self.receiver.memory()


def requests(before, after):
    """How many requests reached the daemon between two looks at its counters; statfs and forget answer no program's wait."""
    return sum(by_kind(before, after).values())


def by_kind(before, after):
    """The same, by kind; those that there were."""
    counts = {name: after["mount"][name] - before["mount"][name] for name in KINDS}
    return {name: count for name, count in counts.items() if count}


@contextlib.contextmanager
def mounted(archive, folder):
    """Serves an archive at `folder`/mnt."""
    mount = folder / "mnt"
    mount.mkdir(exist_ok=True)
    with beside.dicomfs(archive, mount) as receiver:
        try:
            yield Mounted(archive, mount, receiver)
        finally:
            # What still reads it, after an error, must not keep the daemon.
            if receiver.process.poll() is not None:
                subprocess.run(["fusermount3", "-uzq", mount], check=False)


@contextlib.contextmanager
def copies(mount, folder, turn=0):
    """The trees to compare, by name: the mount, and copies of it on the scratch disk and in a tmpfs.

    What cp wrote to ext4 lies in larger pages than what is read (Linux 6.16). And how scattered in memory the pages of a tree
    are, which makes half as much of a read's time again, depends on what was there before. So the caches are dropped, and
    then mount and disk are read and the tmpfs is written, in an order that depends on the turn.
    """
    disk, memory = folder / "disk", folder / "tmpfs"
    memory.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=90%", "tmpfs", memory], check=True)
    try:
        subprocess.run(["cp", "-a", f"{mount}/.", disk], check=True)
        drop_caches()
        order = [mount, disk, memory]
        for tree in order[turn % 3:] + order[:turn % 3]:
            if tree == memory:
                subprocess.run(["cp", "-a", f"{disk}/.", memory], check=True)
            for name in files(tree, ""):
                pathlib.Path(name).read_bytes()
        yield {"mount": mount, "ext4": disk, "tmpfs": memory}
    finally:
        subprocess.run(["umount", memory], check=False)
        memory.rmdir()
        # Directories are copied as read-only as the mount shows them; root does not mind.
        shutil.rmtree(disk, ignore_errors=True)
