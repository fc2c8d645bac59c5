"""What the benchmarks share: receivers to send to, one at a time, and what they use."""

import contextlib
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
DICOMFS = ROOT / ".build/release/dicomfs"


class Receiver:
    """A running DICOM receiver."""

    def __init__(self, name, process, port):
        self.name = name
        self.process = process
        self.port = port
        self.usage = None

    def processes(self):
        """Its process and all that it started: a daemon with a mount is a supervisor and its worker."""
        found = [self.process.pid]
        for pid in found:
            for children in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
                with contextlib.suppress(FileNotFoundError):
                    found += map(int, children.read_text().split())
        return found

    def peak_memory(self):
        """The highest resident memory of its processes so far, summed, in MiB."""
        return sum(self.status(pid, "VmHWM") for pid in self.processes()) / 1024

    def memory(self):
        """The resident memory of its processes now, in bytes."""
        return sum(self.status(pid, "VmRSS") for pid in self.processes()) * 1024

    @staticmethod
    def status(pid, name):
        """A size in KiB from a process's status (proc(5)); 0 of one that has ended."""
        try:
            found = re.search(rf"{name}:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())
        except FileNotFoundError:
            return 0
        return int(found[1]) if found else 0

    def send(self, *shares, nodelay=False):
        """Sends files and folders with dcmtk's storescu, each share over an association of its own, all at once; the seconds
        it took."""
        command = ["/usr/bin/storescu", "-R", "-aec", "DICOMFS", "127.0.0.1", str(self.port), "+sd"]
        begin = time.monotonic()
        senders = [
            subprocess.Popen([*command, *map(str, share)], env=environment(nodelay), stdout=subprocess.DEVNULL)
            for share in shares]
        if any([sender.wait() for sender in senders]):
            raise SystemExit(f"storescu could not send to {self.name}")
        return time.monotonic() - begin

    def end(self):
        """Ends it as its user would; afterwards ``usage`` is what it and its children used: wait4(2)."""
        if self.usage is None:
            self.process.send_signal(signal.SIGTERM)
            _, _, self.usage = os.wait4(self.process.pid, 0)
            self.process.returncode = 0

    @property
    def processor_seconds(self):
        return self.usage.ru_utime + self.usage.ru_stime

    @property
    def bytes_written(self):
        """What it made dirty or wrote of a disk; a tmpfs is none."""
        return self.usage.ru_oublock * 512


def environment(nodelay):
    """The environment, with Nagle's algorithm off in dcmtk or as Debian ships it."""
    kept = {key: value for key, value in os.environ.items() if key != "TCP_NODELAY"}
    return {**kept, "TCP_NODELAY": "1"} if nodelay else kept


@contextlib.contextmanager
def running(name, command, port, nodelay=True, wait=True, **options):
    """A program that receives; it has ended afterwards."""
    process = subprocess.Popen(list(map(str, command)), env=environment(nodelay), **options)
    receiver = Receiver(name, process, port)
    try:
        while wait and subprocess.run(["/usr/bin/echoscu", "127.0.0.1", str(port)], stderr=subprocess.DEVNULL).returncode:
            if process.poll() is not None:
                raise SystemExit(f"{name} ended at once")
            time.sleep(0.05)
        yield receiver
    finally:
        receiver.end()


@contextlib.contextmanager
def dicomfs(archive, mount=None, *options, log=os.devnull):
    """A daemon that serves an archive folder."""
    command = [DICOMFS, "serve", "--archive", archive, "--dicom-port", "0", *options]
    if mount:
        command += ["--mount", mount]
    with open(log, "w") as errors:
        with running("dicomfs", command, 0, wait=False, stdout=subprocess.PIPE, stderr=errors, text=True) as receiver:
            ready = receiver.process.stdout.readline()
            found = re.search(r"dicom=[^ ]*:(\d+)/", ready)
            if not found:
                raise SystemExit(f"dicomfs was not ready: {ready}")
            receiver.port = int(found[1])
            yield receiver


@contextlib.contextmanager
def storescp(*options, nodelay=True):
    """Dcmtk's storescp."""
    port = free_port()
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with running("storescp", ["/usr/bin/storescp", *options, port], port, nodelay, **quiet) as receiver:
        yield receiver


@contextlib.contextmanager
def orthanc(folder, nodelay=True, **more):
    """Debian's Orthanc with a data folder of its own, which may be there already; all else as it is by default, but for the web
    server and what more is set."""
    port = free_port()
    folder.mkdir(exist_ok=True)
    settings = folder / "orthanc.json"
    settings.write_text(json.dumps({
        "Name": "bench", "StorageDirectory": str(folder / "db"), "IndexDirectory": str(folder / "db"),
        "HttpServerEnabled": False, "DicomAet": "DICOMFS", "DicomPort": port, "Plugins": [], **more}))
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with running("Orthanc", ["/usr/sbin/Orthanc", settings], port, nodelay, **quiet) as receiver:
        yield receiver


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def build(dicomfs=True):
    """Builds what is measured and what it is measured with; or the latter only."""
    for product in ["dicomfs", "corpus"] if dicomfs else ["corpus"]:
        subprocess.run(["swift", "build", "-c", "release", "--product", product], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
