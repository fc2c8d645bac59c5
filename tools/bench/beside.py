"""What the benchmarks share: receivers to send to, one at a time, and their memory."""

import contextlib
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

    def processes(self):
        """Its process and all that it started: a daemon with a mount is a supervisor and its worker."""
        found = [self.process.pid]
        for pid in found:
            for children in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
                found += map(int, children.read_text().split())
        return found

    def peak_memory(self):
        """The highest resident memory of its processes so far, summed, in MiB."""
        return sum(self.status(pid, "VmHWM") for pid in self.processes()) / 1024

    def memory(self):
        """The resident memory of its processes now, in bytes."""
        return sum(self.status(pid, "VmRSS") for pid in self.processes()) * 1024

    def processor_seconds(self):
        """User and system time of its processes so far."""
        ticks = 0
        for pid in self.processes():
            fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    @staticmethod
    def status(pid, name):
        """A size in KiB from a process's status (proc(5))."""
        return int(re.search(rf"{name}:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())[1])

    def send(self, *paths, nodelay=False):
        """Sends files or folders with dcmtk's storescu over one association; the seconds it took."""
        environment = {key: value for key, value in os.environ.items() if key != "TCP_NODELAY"}
        if nodelay:
            environment["TCP_NODELAY"] = "1"
        command = ["/usr/bin/storescu", "-R", "-aec", "DICOMFS", "127.0.0.1", str(self.port), "+sd", *map(str, paths)]
        begin = time.monotonic()
        subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)
        return time.monotonic() - begin


@contextlib.contextmanager
def dicomfs(archive, mount=None):
    """A daemon that serves an archive folder."""
    command = [str(DICOMFS), "serve", "--archive", str(archive), "--dicom-port", "0"]
    if mount:
        command += ["--mount", str(mount)]
    with open(os.devnull, "w") as nowhere:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=nowhere, text=True)
    try:
        ready = process.stdout.readline()
        found = re.search(r"dicom=[^ ]*:(\d+)/", ready)
        if not found:
            raise SystemExit(f"dicomfs was not ready: {ready}")
        yield Receiver("dicomfs", process, int(found[1]))
    finally:
        end(process)


@contextlib.contextmanager
def storescp(*options):
    """Dcmtk's storescp."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        ["/usr/bin/storescp", *map(str, options), str(port)],
        env={**os.environ, "TCP_NODELAY": "1"}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while subprocess.run(["/usr/bin/echoscu", "127.0.0.1", str(port)], stderr=subprocess.DEVNULL).returncode:
            time.sleep(0.05)
        yield Receiver("storescp", process, port)
    finally:
        end(process)


def end(process):
    process.send_signal(signal.SIGTERM)
    process.wait()


def build():
    subprocess.run(["swift", "build", "-c", "release", "--product", "dicomfs"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
