"""What the end-to-end tests share: the real programs, run in a fresh directory with a fresh store.

An OstlerTest has a directory of its own, in which HOME (and with it the store) and the working directory lie, and an
environment as bare as cron's. Nothing here waits by the clock: until() polls a condition up to a deadline. Under
sanitizers a look by a command of its own is dear: the next one is for when something in the store has changed, or
after LOOK. At the end of each test all processes that carry the test's HOME must be gone; what is left is killed and fails the test.

TEST_PREFIX names the programs' prefix, TEST_MODULES the directory of the module `fault`. By hand:
  TEST_PREFIX=$PWD/build/prefix TEST_MODULES=$PWD/build/tests/modules tests/commands/train_test.py
TEST_KEEP=1 keeps the directories.
"""
import contextlib
import csv
import io
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

PREFIX = pathlib.Path(os.environ.get("TEST_PREFIX", "build/prefix")).resolve()
MODULES = pathlib.Path(os.environ.get("TEST_MODULES", "build/tests/modules")).resolve()
OSTLER = str(PREFIX / "bin/ostler")
DATA = pathlib.Path(__file__).resolve().parent.parent / "data"
SANITIZED = os.environ.get("TEST_SANITIZED") == "1"

DEADLINE = 120.0  # seconds that no condition takes on any machine
INTERVAL = 0.01   # between two looks at a condition
LOOK = 0.2        # the same, of those by a command while the store's files stay as they were

UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
ID = r"wTHxlsu:" + UUID  # of a job of the instance `default`
TERMINAL = ("COMPLETED", "CANCELED", "ERRORED")

# What no message to a user may hold: a library's or the language's own words.
INTERNALS = re.compile(r"terminate called|what\(\)|Sanitizer|runtime error:|basic_string|std::|[Ss]tack trace|"
                       r"Traceback|nlohmann|YAML::|SQLite::|CLI::")


class Result:
    """How a command ended: `code`, `out` and `err` (text)."""

    def __init__(self, command, code, out, err):
        self.command, self.code, self.raw, self.err = command, code, out, err.decode("utf-8", "backslashreplace")
        self.out = out.decode("utf-8", "backslashreplace")

    @property
    def line(self):
        """The one line of standard output."""
        lines = self.out.splitlines()
        if len(lines) != 1:
            raise AssertionError(f"one line was expected\n{self}")
        return lines[0]

    @property
    def json(self):
        return json.loads(self.out)

    @property
    def rows(self):
        """The rows of CSV output, each a dict."""
        return list(csv.DictReader(io.StringIO(self.out)))

    def __str__(self):
        return f"$ {' '.join(map(str, self.command))}\nexit {self.code}\n--- stdout\n{self.out[-4000:]}\n--- stderr\n{self.err[-4000:]}"


class OstlerTest(unittest.TestCase):
    maxDiff = None
    # True in a test that ends on purpose while something runs.
    leaves_running = False
    commands_run = 0  # by ostler()

    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="ostler-e2e-")).resolve()
        self.addCleanup(self.clean_up)
        self.home = self.directory / "home"
        self.work = self.directory / "work"
        self.home.mkdir()
        self.work.mkdir()
        self.store = self.home / ".local/state/ostler"
        self.env = {"HOME": str(self.home), "LOGNAME": "root", "PATH": "/usr/bin:/bin", "SHELL": "/bin/sh",
                    "OSTLER_MODULE_DIRECTORIES": json.dumps([str(MODULES)])}
        for name in ("ASAN_OPTIONS", "LSAN_OPTIONS", "UBSAN_OPTIONS"):
            if name in os.environ:
                self.env[name] = os.environ[name]

    def clean_up(self):
        left = self.processes() if self.leaves_running else self.wait_for_silence()
        names = dict(left)
        while left:
            for pid in left:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            left = self.processes()
        if os.environ.get("TEST_KEEP"):
            print(self.id(), self.directory, file=sys.stderr)
        else:
            subprocess.run(["chmod", "-R", "u+rwx", self.directory], check=False)
            shutil.rmtree(self.directory, ignore_errors=True)
        if names and not self.leaves_running:
            self.fail(f"left running: {names}")

    # Commands.

    def ostler(self, *args, code=0, stdin=None, env=None, cwd=None, timeout=DEADLINE, **popen):
        """Runs ostler and gives its Result. `code` is the exit code expected, a tuple of them, or None for any."""
        command = [OSTLER, *map(str, args)]
        self.commands_run += 1
        if isinstance(stdin, str):
            stdin = stdin.encode()
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=self.env if env is None else env,
                                   cwd=cwd or self.work, **popen)
        try:
            out, err = process.communicate(stdin, timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            self.fail(f"did not end within {timeout} s\n{Result(command, None, out, err)}{self.situation()}")
        result = Result(command, process.returncode, out, err)
        if code is not None and result.code not in (code if isinstance(code, tuple) else (code,)):
            self.fail(f"exit {code} was expected\n{result}{self.situation()}")
        if INTERNALS.search(result.err):
            self.fail(f"a message shows internals\n{result}")
        if result.code in (1, 2, 3) and not re.search(r"^ostler: error: \S", result.err, re.MULTILINE):
            self.fail(f"no line starts with \"ostler: error: \"\n{result}")
        return result

    def start(self, *args, env=None, **popen):
        """Starts ostler and gives the Popen, killed at the end of the test at the latest."""
        process = subprocess.Popen([OSTLER, *map(str, args)], env=env or self.env, cwd=self.work, stderr=subprocess.PIPE,
                                   stdin=popen.pop("stdin", subprocess.DEVNULL), stdout=subprocess.PIPE, **popen)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        return process

    def refused(self, code, *args, says=(), stdin=None, env=None, **popen):
        """The command ends with `code` and an error that holds each text of `says` in any case, makes no job, and
        leaves the working directory as it was."""
        before, jobs = self.tree(), self.job_directories()
        result = self.ostler(*args, code=code, stdin=stdin, env=env, **popen)
        for text in says if isinstance(says, (list, tuple)) else [says]:
            self.assertIn(str(text).lower(), result.err.lower(), f"\n{result}")
        self.assertEqual(result.out, "", f"an error must print nothing on standard output\n{result}")
        self.assertEqual(self.tree(), before, f"something was left behind\n{result}")
        self.assertEqual(self.job_directories(), jobs, f"a job was left behind\n{result}")
        return result

    # Files.

    def tree(self, root=None):
        """Every path below the working directory, with size and time of the files."""
        found = {}
        for path in sorted(pathlib.Path(root or self.work).rglob("*")):
            status = path.lstat()
            found[str(path)] = (status.st_size, status.st_mtime_ns) if path.is_file() else None
        return found

    def job_directories(self):
        jobs = self.store / "jobs"
        return sorted(os.listdir(jobs)) if jobs.is_dir() else []

    def write(self, name, content):
        path = self.work / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def configure(self, text):
        """Makes `text` the user's configuration."""
        path = self.home / ".config/ostler/config.yml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def mount_disk(self, size="8m"):
        """A small file system of its own, for what a full or read-only one does; its path. Needs root."""
        disk = self.directory / "disk"
        disk.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", disk]
        if subprocess.run(mount, check=False, capture_output=True).returncode != 0:
            self.skipTest("mounting is forbidden here")

        def unmount():
            self.wait_for_silence()
            subprocess.run(["umount", "--lazy", disk], check=True)
        self.addCleanup(unmount)
        return disk

    # Jobs.

    def train(self, module, *args, **more):
        """Submits a training and gives its id."""
        return self.ostler("train", module, *args, **more).line

    def fault(self, do="", *args, **parameters):
        """Submits a training of the module `fault` and gives its id; keywords are its parameters."""
        return self.train("fault", *self.fault_arguments(do, parameters), *args)

    def fault_arguments(self, do, parameters):
        pairs = [f"{name}={value}" for name, value in {"do": do, **parameters}.items()]
        return [DATA / "iris.train.csv", *[word for pair in pairs for word in ("-p", pair)]]

    def fault_waiting(self, *args, do="mark,wait", **parameters):
        """The same, of a training that runs until release(): gives its id once it does."""
        job = self.fault(do, *args, mark=self.work / "marked", file=self.work / "released", **parameters)
        self.until((self.work / "marked").exists, "the training to begin", job)
        return job

    def release(self):
        self.write("released", "")

    def job(self, job):
        """What `status` says of one job, in a process of its own."""
        document = self.ostler("status", job, "--json").json
        self.assertEqual((document["schema"], len(document["jobs"])), (1, 1))
        return document["jobs"][0]

    def wait_for(self, job, status="COMPLETED"):
        """Polls until the job has the status, and gives it; fails at once when it ended with another."""
        def there():
            found = self.job(job)
            if found["status"] != status and found["status"] in TERMINAL:
                self.fail(f"{job} is {found['status']}, expected {status}: {found['errors']}{self.situation()}")
            return found if found["status"] == status else None
        return self.until(there, f"{job} to be {status}", job)

    # Conditions and processes.

    def until(self, condition, what, job=None, seconds=DEADLINE):
        """Polls until `condition()` is true, and gives its value."""
        end = time.monotonic() + seconds
        while True:
            commands, files = self.commands_run, self.store_files()
            if (value := condition()):
                return value
            if time.monotonic() > end:
                status = self.ostler("status", job, "--json", code=None).out if job else ""
                self.fail(f"waited {seconds} s for {what}\n{status}{self.situation()}")
            time.sleep(INTERVAL)
            if self.commands_run > commands:
                look = time.monotonic() + LOOK
                while time.monotonic() < look and self.store_files() == files:
                    time.sleep(INTERVAL)

    def store_files(self):
        """What changes when a job's state does: the database, its log and the jobs' directories, as far as they can be
        seen. (Not a lock that a killed process had: for that there is LOOK.)"""
        found = []
        for path in (self.store / "jobs.db", self.store / "jobs.db-wal", self.store / "jobs", *self.store.glob("jobs/*")):
            with contextlib.suppress(OSError):
                status = path.stat()
                found.append((status.st_ino, status.st_size, status.st_mtime_ns))
        return found

    def processes(self):
        """Pid to command line of whatever carries this test's HOME in its environment, zombies aside."""
        found = {}
        needle = f"HOME={self.home}\0".encode()
        for pid in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError):
                if needle in pathlib.Path("/proc", pid, "environ").read_bytes() + b"\0":
                    command = pathlib.Path("/proc", pid, "cmdline").read_bytes().rstrip(b"\0").split(b"\0")
                    if command != [b""]:
                        found[int(pid)] = [word.decode("utf-8", "replace") for word in command]
        return found

    def pid_of(self, role):
        """The pid of the one runner ("run") or worker ("work") there is; 0 when there is none."""
        pids = [pid for pid, command in self.processes().items()
                if os.path.basename(command[0]) == "ostler-job" and command[1:2] == [role]]
        self.assertLess(len(pids), 2, f"more than one: {self.processes()}")
        return pids[0] if pids else 0

    def kill(self, role, number):
        """Signals the runner or worker; after SIGKILL, returns when it is dead. One that has gone already (a worker
        follows its runner) is no failure: 0 would signal this test's own process group."""
        if pid := self.pid_of(role):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
            if number == signal.SIGKILL:
                self.until(lambda: is_dead(pid), f"the end of {role}")

    def wait_for_silence(self):
        """Polls until no process of this test is left; gives what is left after the deadline. One that execs itself, as a
        runner does for its next job, has no environment to be seen for a moment: none must be seen several times."""
        end = time.monotonic() + 30
        quiet = 0
        while quiet < 5 and time.monotonic() < end:
            left = self.processes()
            quiet = 0 if left else quiet + 1
            time.sleep(INTERVAL)
        return left

    def assert_silence(self):
        """Nothing of this test runs any more, now: for what is promised on a command's return."""
        self.assertEqual(self.processes(), {})

    def situation(self):
        """What helps to understand a failure: processes, and the end of each job's log."""
        text = f"\n--- processes\n{self.processes()}"
        for log in sorted(self.store.glob("jobs/*/log")):
            text += f"\n--- {log}\n{log.read_text(errors='replace')[-1500:]}"
        return text + "\n"


def state_of(pid):
    """The letter that the kernel gives for the state of the process; X when there is none."""
    try:
        stat = pathlib.Path("/proc", str(pid), "stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return "X"
    return stat.rpartition(")")[2].split()[0]


def is_dead(pid):
    """A zombie is: its files and locks are gone."""
    return state_of(pid) in "ZX"


def is_stopped(pid):
    return state_of(pid) == "T"


def accuracy(rows, test_file, label):
    """The share of rows whose `prediction` is the label of the test file."""
    with open(test_file, newline="", encoding="utf-8") as file:
        truth = [row[label] for row in csv.DictReader(file)]
    assert len(rows) == len(truth), (len(rows), len(truth))
    return sum(row["prediction"] == wanted for row, wanted in zip(rows, truth)) / len(truth)


def main():
    unittest.main(verbosity=2)
