"""The studies that tools/bench/query looks for, and an archive and an Orthanc that have them all."""

import concurrent.futures
import contextlib
import datetime
import http.client
import shutil
import struct
import threading
import time

import beside
import dimse
import trees
from dimse import element

ROOT = "1.2.826.0.1.3680043.10.1462.9"
SURNAMES = ("ADLER", "BERG", "COSTA", "DIAZ", "EVANS", "FROST", "GRANT", "HOLM", "IVANOV", "JENSEN", "KAYA", "LANG", "MORI")
FIRST_DAY = datetime.date(2009, 1, 1)
STUDIES_A_DAY = 17


class Corpus:
    """Studies of one small CT image each, and one of large images; the same for the same numbers."""

    def __init__(self, studies, images):
        self.studies = studies
        self.images = images
        self.days = max(1, studies // STUDIES_A_DAY)

    def uid(self, number):
        return f"{ROOT}.{number + 1}"

    def patient(self, number):
        return f"Q{number // 2:07}"

    def name(self, number):
        patient = number // 2
        return f"{'GOLDSMITH' if patient % 2500 == 7 else SURNAMES[patient % len(SURNAMES)]}^N{patient}"

    def accession(self, number):
        return f"A{number:08}"

    def day(self, place):
        return (FIRST_DAY + datetime.timedelta(place)).strftime("%Y%m%d")

    def file(self, number):
        """The one file of a study."""
        study = self.uid(number)
        instance = f"{study}.1.1"
        meta = element(0x00020002, "UI", dimse.CT_IMAGE_STORAGE) + element(0x00020003, "UI", instance)
        meta += element(0x00020010, "UI", dimse.EXPLICIT_LITTLE_ENDIAN) + element(0x00020012, "UI", ROOT)
        values = [
            (0x00080016, "UI", dimse.CT_IMAGE_STORAGE), (0x00080018, "UI", instance),
            (0x00080020, "DA", self.day(number * 7919 % self.days)), (0x00080030, "TM", "101500"),
            (0x00080050, "SH", self.accession(number)), (0x00080060, "CS", "CT"), (0x00080090, "PN", "ROSS^R"),
            (0x00081030, "LO", f"Head {number % 100}"), (0x0008103E, "LO", "Axial"),
            (0x00100010, "PN", self.name(number)), (0x00100020, "LO", self.patient(number)),
            (0x00100030, "DA", f"19{number % 90 + 10}0101"), (0x00100040, "CS", "O"), (0x0020000D, "UI", study),
            (0x0020000E, "UI", f"{study}.1"), (0x00200010, "SH", str(number)), (0x00200011, "IS", "1"),
            (0x00200013, "IS", "1"),
        ]
        # An image of 8 times 8 pixels of 16 bits.
        for tag, value in ((2, 1), (0x10, 8), (0x11, 8), (0x100, 16), (0x101, 16), (0x102, 15), (0x103, 0)):
            values.append((0x00280000 | tag, "US", struct.pack("<H", value)))
        values.insert(-6, (0x00280004, "CS", "MONOCHROME2"))
        pixels = struct.pack("<HH2sHI", 0x7FE0, 0x0010, b"OW", 0, 128) + number.to_bytes(8, "little") * 16
        head = struct.pack("<HH2sHI", 2, 0, b"UL", 4, len(meta))
        return bytes(128) + b"DICM" + head + meta + b"".join(element(*value) for value in values) + pixels

    @property
    def image_study(self):
        """That of the images: by tools/make-corpus, with seed 1."""
        return "1.2.826.0.1.3680043.10.1462.8.1.1.1"


class Store:
    """The folder with an archive and an Orthanc's data, both loaded with a corpus."""

    def __init__(self, folder, corpus):
        self.folder = folder
        self.corpus = corpus
        self.archive = folder / "archive"
        self.orthanc = folder / "orthanc"

    def load(self, report):
        """Loads what is not there."""
        loaded = self.folder / "loaded"
        if loaded.exists():
            return
        beside.build(dicomfs=False)
        for place in (self.archive, self.orthanc):
            shutil.rmtree(place, ignore_errors=True)
        self.folder.mkdir(parents=True, exist_ok=True)
        files = self.folder / "files"
        trees.corpus("make", "--files", files / "images", "--seed=1", f"--instances={self.corpus.images}")
        for number in range(self.corpus.studies):
            place = files / f"{number // 1000:05}" / f"{number:08}.dcm"
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(self.corpus.file(number))
        count = self.corpus.studies + self.corpus.images
        seconds = trees.run_seconds(beside.DICOMFS, "import", "--archive", self.archive, files)
        report.add("loading dicomfs, by import", count / seconds, unit="1/s")
        begin = time.monotonic()
        self.load_orthanc(files)
        report.add("loading Orthanc, by REST from 4 threads", count / (time.monotonic() - begin), unit="1/s")
        shutil.rmtree(files)
        loaded.touch()

    def load_orthanc(self, files):
        port = beside.free_port()
        local = threading.local()

        def post(path):
            if not hasattr(local, "connection"):
                local.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
            local.connection.request("POST", "/instances", path.read_bytes())
            answer = local.connection.getresponse()
            answer.read()
            if answer.status != 200:
                raise SystemExit(f"Orthanc does not take an instance: {answer.status}")

        paths = sorted(files.rglob("*.dcm"))
        settings = {
            "HttpServerEnabled": True, "HttpPort": port, "AuthenticationEnabled": False, "SyncStorageArea": False}
        with beside.orthanc(self.orthanc, **settings), concurrent.futures.ThreadPoolExecutor(4) as pool:
            list(pool.map(post, paths))

    @contextlib.contextmanager
    def servers(self, nodelay=True, longest=()):
        """Both servers, and a storescp that they know as BENCH."""
        with beside.storescp("--ignore", *longest, nodelay=nodelay) as scp:
            settings = self.folder / "bench.yaml"
            settings.write_text(
                "dicom:\n  unknown-peers: [echo, find, move, get]\n"
                f"peers:\n  bench:\n    ae-title: BENCH\n    host: 127.0.0.1\n    port: {scp.port}\n"
                "    may: [echo, find, move, get]\n")
            more = {f"DicomAlwaysAllow{what}": True for what in ("Find", "Get", "Move")}
            more["DicomModalities"] = {"bench": ["BENCH", "127.0.0.1", scp.port]}
            with beside.dicomfs(self.archive, None, "--config", settings) as dicomfs:
                with beside.orthanc(self.orthanc, nodelay, **more) as orthanc:
                    yield {"dicomfs": dicomfs, "orthanc": orthanc}
