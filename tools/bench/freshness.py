"""Whether an instance is seen when its sender is told that it is stored, while others read and list."""

import json
import subprocess

import beside
import trees

# Run by the tests' Python, which has pynetdicom. Names are told beforehand by another archive with the same instances.
SEND = """
import json, os, sys, time
import pydicom
from pynetdicom import AE
port, mount = sys.argv[1:]
paths = [line.split(' ', 1) for line in sys.stdin.read().splitlines()]
first = pydicom.dcmread(paths[0][0], stop_before_pixels=True)
ae = AE()
ae.add_requested_context(first.SOPClassUID, first.file_meta.TransferSyntaxUID)
association = ae.associate('127.0.0.1', int(port), ae_title='DICOMFS')
seen, stores, looks = 0, [], []
for source, path in paths:
    path = os.path.join(mount, path)
    data = pydicom.dcmread(source)
    # Asked for before it is there: the kernel must not keep that it is not.
    assert not os.path.exists(path), path
    begin = time.monotonic()
    status = association.send_c_store(data)
    told = time.monotonic()
    assert status.Status == 0, status
    try:
        isSeen = os.stat(path).st_size > 0 and os.path.basename(path) in os.listdir(os.path.dirname(path))
    except FileNotFoundError:
        isSeen = False
    looks.append(time.monotonic() - told)
    stores.append(told - begin)
    seen += isSeen
association.release()
def percentile(values, part): return sorted(values)[int(len(values) * part)] * 1000
print(json.dumps({'seen': seen, 'store p50': percentile(stores, 0.5), 'store p99': percentile(stores, 0.99),
                  'look p99': percentile(looks, 0.99)}))
"""


def measure_freshness(python, served, folder, count):
    """Sends `count` images of one series, with 8 readers of all that is there and a loop of `ls -l` on the series."""
    sent, other = folder / "fresh-files", folder / "fresh-names"
    shape = ("--patients", 1, "--instances", count, "--size", 32768)
    trees.corpus("make", "--files", sent, "--archive", other, *shape)
    command = [beside.DICOMFS, "list", "--archive", other, "--level", "instance", "--json"]
    listed = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    listed.sort(key=lambda instance: int(instance["InstanceNumber"]))
    series = f"{served.mount}/{listed[0]['path'].rsplit('/', 1)[0]}"
    lines = [f"{source} {instance['path']}" for source, instance in zip(sorted(trees.files(sent)), listed)]
    reading = f"while :; do cat {served.mount}/*/*/*/*.dcm; sleep 0.01; done"
    loops = [["sh", "-c", reading]] * 8 + [["sh", "-c", f"while :; do ls -l {series}; done"]]
    others = [
        subprocess.Popen(loop, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        for loop in loops]
    try:
        done = subprocess.run(
            [python, "-c", SEND, str(served.receiver.port), served.mount], input="\n".join(lines), check=True,
            stdout=subprocess.PIPE, text=True)
    finally:
        for process in others:
            # The loop and what it runs just then: a group of its own.
            subprocess.run(["kill", "-KILL", "--", f"-{process.pid}"], check=False)
            process.wait()
    subprocess.run(["rm", "-rf", sent, other], check=True)
    return json.loads(done.stdout)
