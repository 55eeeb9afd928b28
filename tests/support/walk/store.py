"""What lies in a store, read without ostler: the rows of jobs.db, the job directories, the locks, the processes."""
import collections
import contextlib
import fcntl
import json
import os
import pathlib
import re
import sqlite3
import struct
import time

PATIENCE = 60  # seconds, for a store that is locked
STATUSES = ("QUEUED", "RUNNING", "COMPLETED", "CANCELED", "ERRORED")
TERMINAL = STATUSES[2:]

_COLUMNS = ("sequence", "uuid", "external_id", "kind", "lane", "instance", "module_name", "status", "reason", "attempt",
            "failed_starts", "cancel_requested", "max_concurrent", "cpus", "priority", "submission_time", "start_time",
            "completion_time", "waiting_for", "failed_dependency", "requeues_left", "gpus", "gpu_devices", "job_group",
            "details", "outcome")
Row = collections.namedtuple("Row", _COLUMNS)

Process = collections.namedtuple("Process", "pid started state command job")  # job: OSTLER_JOB_ID, or ""


class Store:
    def __init__(self, path, home):
        self.path, self.home = pathlib.Path(path), str(home)
        self._foreign = set()  # (pid, start) of processes that are not of this store

    def rows(self):
        """[Row] in the order of submission, and [a line for each count that is wrong]: one snapshot of jobs.db."""
        end = time.monotonic() + PATIENCE
        while True:
            try:
                return self._read_rows()
            except sqlite3.OperationalError:  # "locking protocol": who holds SQLite's locks may stand still
                if time.monotonic() > end:
                    raise

    def _read_rows(self):
        if not (self.path / "jobs.db").exists():
            return [], []
        with contextlib.closing(sqlite3.connect(f"file:{self.path}/jobs.db?mode=ro", uri=True, timeout=PATIENCE,
                                                isolation_level=None)) as database:
            database.execute("BEGIN")
            rows = [Row(*values) for values in database.execute(f"SELECT {', '.join(_COLUMNS)} FROM jobs ORDER BY sequence")]
            counted = dict(collections.Counter((row.status, row.kind, row.module_name) for row in rows))
            kept = {tuple(key): number for *key, number in database.execute("SELECT * FROM counts") if number}
        wrong = [] if counted == kept else [f"the table counts says {kept}, the rows are {counted}"]
        return [row._replace(status=STATUSES[row.status], kind=("train", "predict")[row.kind]) for row in rows], wrong

    def dependencies(self):
        with contextlib.closing(sqlite3.connect(f"file:{self.path}/jobs.db?mode=ro", uri=True, timeout=PATIENCE)) as database:
            return database.execute("SELECT * FROM dependencies").fetchall()

    def integrity(self):
        with contextlib.closing(sqlite3.connect(f"file:{self.path}/jobs.db?mode=ro", uri=True, timeout=PATIENCE)) as database:
            return [line for line, in database.execute("PRAGMA integrity_check")]

    def listed(self, name):
        with contextlib.suppress(FileNotFoundError):
            return set(os.listdir(self.path / name))
        return set()

    def directory(self, uuid):
        """Where the job's directory is now; None where it is nowhere. It moves: staging, jobs, trash."""
        for _ in range(2):  # it may be on its way from one to the next
            for place in ("staging", "jobs", "trash"):
                if (self.path / place / uuid).is_dir():
                    return self.path / place / uuid
        return None

    def outcome(self, uuid):
        """(inode, bytes) of outcome.json, or None."""
        directory = self.directory(uuid)
        with contextlib.suppress(OSError, TypeError):
            with open(directory / "outcome.json", "rb") as file:
                return os.fstat(file.fileno()).st_ino, file.read()
        return None

    def lock_holder(self, uuid):
        """The pid that holds the job's lock; 0 where it is free, or there is no such file."""
        try:
            with open(self.path / "jobs" / uuid / "lock", "rb") as file:
                asked = struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
                kind, *_, pid = struct.unpack("hhqqi4x", fcntl.fcntl(file, fcntl.F_GETLK, asked))
                return 0 if kind == fcntl.F_UNLCK else pid
        except OSError:
            return 0

    def processes(self):
        """All processes that carry the store's HOME in their environment, zombies aside, the oldest first."""
        found, needle = [], f"HOME={self.home}".encode()
        foreign, self._foreign = self._foreign, set()
        for pid in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError):
                state, started = _stat(pid)
                if (pid, started) in foreign:
                    self._foreign.add((pid, started))
                    continue
                with open(f"/proc/{pid}/environ", "rb") as file:
                    environment = file.read().split(b"\0")
                if needle not in environment:
                    # One that is about to exec still has its parent's: our own child, seen now, is asked again.
                    if environment != [b""] and os.getpgid(int(pid)) != os.getpgrp():
                        self._foreign.add((pid, started))
                    continue
                with open(f"/proc/{pid}/cmdline", "rb") as file:
                    command = file.read().rstrip(b"\0").decode("utf-8", "replace").split("\0")
                # The command of --on-finish is none of the work: it has a runner's mark.
                job = [entry[14:].decode() for entry in environment
                       if entry.startswith(b"OSTLER_JOB_ID=") and b"OSTLER_RUNNER=1" not in environment]
                if state not in "ZX":
                    found.append(Process(int(pid), started, state, command, job[-1] if job else ""))
        return sorted(found, key=lambda process: (process.started, process.pid))


def _stat(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
        fields = file.read().rpartition(")")[2].split()
    return fields[0], int(fields[19])


def is_alive(process):
    """True while it is this very process, and no zombie."""
    try:
        state, started = _stat(process.pid)
    except OSError:
        return False
    return state not in "ZX" and started == process.started


def role(process):
    """"run" of a runner, "work" of a worker, "ostler" of a command, "" of what a job has started."""
    program = os.path.basename(process.command[0])
    return process.command[1] if program == "ostler-job" and len(process.command) > 1 else program if program == "ostler" else ""


def read_model(path):
    """(tracking id, value) of the fault module's model at the path, both of one model; None where none is.

    Takes no lock: one would keep a replaced model from being removed. What vanishes meanwhile is read again.
    """
    for _ in range(50):
        try:
            directory = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        except FileNotFoundError:
            return None
        try:
            texts = []
            for name in ("config.yml", "fault-model.json"):
                with open(os.open(name, os.O_RDONLY, dir_fd=directory), encoding="utf-8") as file:
                    texts.append(file.read())
            return re.search(r"^tracking_id: *\"?([0-9a-f-]+)", texts[0], re.M)[1], json.loads(texts[1])["value"]
        except FileNotFoundError:
            continue
        finally:
            os.close(directory)
    raise AssertionError(f"{path} is a directory that holds no whole model")
