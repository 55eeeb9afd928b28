#!/usr/bin/env python3
"""The job store's faults: damaged, missing, locked, full, read-only, with links in it. Each is a clear answer, and
nothing is lost."""
import contextlib
import ctypes
import errno
import hashlib
import json
import os
import pathlib
import signal
import sqlite3
import struct
import subprocess
import threading
import time
import unittest

from support import DATA, OSTLER, SANITIZED, OstlerTest, is_dead, main

STATFS = pathlib.Path(os.environ.get("TEST_STATFS", "build/tests/test_statfs.so")).resolve()
IRIS = DATA / "iris.train.csv"
NOBODY = 65534
ONE_AT_A_TIME = "model_management: {trainers: {default: {type: LOCAL, config: {max_concurrent: 1}}}}"


class StoreBase(OstlerTest):
    def content(self, root):
        """Path to what is there, of everything below; without SQLite's shared memory, which readers write to."""
        found = {}
        for path in sorted(root.rglob("*")):
            if path.name.endswith("-shm") or (path.name.endswith("-wal") and not path.stat().st_size):
                continue
            if path.is_symlink():
                found[str(path)] = "-> " + os.readlink(path)
            elif path.is_file():
                found[str(path)] = hashlib.sha256(path.read_bytes()).hexdigest()
            else:
                found[str(path)] = path.stat().st_mode
        return found

    def fold_log(self):
        """Brings all that was committed into jobs.db itself."""
        with contextlib.closing(sqlite3.connect(self.store / "jobs.db")) as database:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def assert_sound(self, store=None):
        with contextlib.closing(sqlite3.connect((store or self.store) / "jobs.db")) as database:
            self.assertEqual(database.execute("PRAGMA integrity_check").fetchall(), [("ok",)])


class DamageTest(StoreBase):
    """The database is damaged in a way while a job runs, one has ended and one is queued."""

    def setUp(self):
        super().setUp()
        self.configure(ONE_AT_A_TIME)
        self.ended = self.fault("", "--id", "ended", "--save-path", "m")
        self.wait_for(self.ended)
        self.running = self.fault_waiting("--id", "running", "--save-path", "n")
        self.queued = self.fault("", "--id", "queued")
        self.uuids = {job: self.job(job)["uuid"] for job in ("ended", "running", "queued")}
        self.database = self.store / "jobs.db"

    def commands(self):
        """Every command that opens the store."""
        yield from (["status"], ["status", "--json"], ["train", "fault", IRIS], ["dispatch"],
                    ["prune", "--older-than", "0s"])
        for command in ("status", "wait", "cancel", "prune", "logs", "result"):
            yield [command, self.uuids["ended"]]
        yield ["cancel", self.uuids["running"]]

    def refused_everywhere(self, says, commands=None):
        before, outside = self.content(self.store), self.tree()
        for command in commands or self.commands():
            result = self.ostler(*command, code=1)
            self.assertIn(says, result.err, f"\n{result}")
            self.assertEqual(result.out, "", f"\n{result}")
        self.assertEqual(self.content(self.store), before)
        self.assertEqual(self.tree(), outside)

    def ends_meanwhile(self):
        """The running job ends, and its record says so, whatever the database is."""
        self.release()
        outcome = self.store / "jobs" / self.uuids["running"] / "outcome.json"
        self.until(outcome.exists, "the outcome")
        self.assertEqual(self.wait_for_silence(), {})
        self.assertEqual(json.loads(outcome.read_text())["status"], "COMPLETED")
        self.ostler("load", "n")

    def all_is_there(self):
        self.assertEqual(self.ostler("doctor").code, 0)
        self.wait_for("queued")
        self.assertEqual({job: self.job(job)["uuid"] for job in self.uuids}, self.uuids)
        self.assertEqual({self.job(job)["status"] for job in self.uuids}, {"COMPLETED"})
        self.assertEqual(self.ostler("status", "--json").json["total"], 3)
        self.assert_sound()

    def damaged(self, damage, says="ostler doctor --repair"):
        self.fold_log()
        damage()
        self.refused_everywhere(says)
        self.ends_meanwhile()
        self.ostler("doctor", code=1)
        self.ostler("doctor", "--repair")
        self.all_is_there()

    def overwrite(self, at, content):
        with self.database.open("r+b") as file:
            file.seek(at)
            file.write(content)

    def test_missing(self):
        self.damaged(lambda: [path.unlink() for path in self.store.glob("jobs.db*")], "is missing")

    def test_missing_with_a_log_left(self):
        """Another database's log, beside a new one, would be replayed into it."""
        self.release()
        self.wait_for(self.queued)
        self.assertEqual(self.wait_for_silence(), {})
        for job in self.uuids:
            self.ostler("prune", job)
        self.assertEqual(self.job_directories(), [])
        self.assertGreater((self.store / "jobs.db-wal").stat().st_size, 0)
        self.database.unlink()
        self.refused_everywhere("is missing", [["status"], ["train", "fault", IRIS]])
        self.ostler("doctor", "--repair")
        self.wait_for(self.fault(""))
        self.assertEqual(self.ostler("status", "--json").json["total"], 1)
        self.assert_sound()

    def test_header(self):
        self.damaged(lambda: self.overwrite(0, b"\xff" * 100))

    def test_cut_off(self):
        self.damaged(lambda: os.truncate(self.database, 4096 * 3 + 100))

    def test_cut_off_in_the_first_page(self):
        self.damaged(lambda: os.truncate(self.database, 1000))

    def test_empty(self):
        self.damaged(lambda: os.truncate(self.database, 0), "it is empty")

    def test_a_text(self):
        self.damaged(lambda: self.database.write_text("these are the notes of my holiday\n" * 300))

    def test_a_directory(self):
        def damage():
            self.database.unlink()
            self.database.mkdir(mode=0o700)
        self.damaged(damage, "it is a directory")

    def test_a_link(self):
        def damage():
            self.database.rename(self.work / "elsewhere")
            self.database.symlink_to(self.work / "elsewhere")
        self.damaged(damage, "it is a link")

    def test_a_page(self):
        """Any page: what does not need it answers, and what does says that it is damaged. Nothing else is ever said."""
        self.ends_meanwhile()
        self.wait_for(self.queued)
        self.assertEqual(self.wait_for_silence(), {})
        self.fold_log()
        whole = self.database.read_bytes()
        pages = range(1, len(whole) // 4096)
        for page in pages[::4] if SANITIZED else pages:  # each of them without sanitizers: a start is slow with them
            for junk in (b"\0" * 4096, bytes(range(256)) * 16):
                for path in self.store.glob("jobs.db-*"):
                    path.unlink()
                self.database.write_bytes(whole)
                self.overwrite(page * 4096, junk)
                for command in (["status", "--json"], ["status", "ended", "--json"]):
                    result = self.ostler(*command, code=(0, 1))
                    if result.code == 1:
                        self.assertIn("ostler doctor --repair", result.err)
                    else:
                        self.assertTrue({job["status"] for job in result.json["jobs"]} <= {"COMPLETED"}, result)
                self.assertIn("ostler doctor --repair", self.ostler("doctor", code=1).out)
                if page % 5 == 1:
                    self.ostler("doctor", "--repair")
                    self.all_is_there()

    def test_the_log(self):
        """Commits that only the log has are lost with it: there are directories that the database does not know."""
        log = self.store / "jobs.db-wal"
        self.assertGreater(log.stat().st_size, 0)
        log.write_bytes(b"\xaa" * log.stat().st_size)
        self.refused_everywhere("ostler doctor --repair", [
            ["status"], ["status", "--json"], *[[command, self.uuids["ended"]] for command in
                                                ("status", "wait", "cancel", "prune", "logs", "result")]])
        self.ends_meanwhile()
        self.ostler("doctor", code=1)
        self.ostler("doctor", "--repair")
        self.all_is_there()

    def test_a_newer_version(self):
        with contextlib.closing(sqlite3.connect(self.database)) as database:
            [known] = database.execute("PRAGMA user_version").fetchone()
            database.execute("PRAGMA user_version = 1000")
        self.fold_log()
        self.refused_everywhere("newer ostler", [*self.commands(), ["doctor", "--repair"]])
        self.assertIn("newer ostler", self.ostler("doctor", code=1).out)
        self.ends_meanwhile()
        with contextlib.closing(sqlite3.connect(self.database)) as database:
            database.execute(f"PRAGMA user_version = {known}")
        self.ostler("dispatch")
        self.all_is_there()


class LockTest(StoreBase):
    @contextlib.contextmanager
    def locked(self, store, *statements):
        with contextlib.closing(sqlite3.connect(store / "jobs.db", isolation_level=None)) as database:
            for statement in statements:
                database.execute(statement)
            yield
            database.execute("ROLLBACK")

    def test_for_ninety_seconds(self):
        """One lock, held for longer than anybody waits for it. All of this happens within that time."""
        self.configure(ONE_AT_A_TIME)
        ended = self.fault("", "--wait")
        running = self.fault_waiting("--save-path", "m")
        queued = self.fault("")
        uuid, runner = self.job(running)["uuid"], self.pid_of("run")
        other = {**self.env, "OSTLER_HOME": str(self.directory / "other")}
        self.ostler("train", "fault", IRIS, "--wait", env=other)
        directories = set(self.job_directories())
        with self.locked(self.store, "BEGIN IMMEDIATE"), \
                self.locked(self.directory / "other", "PRAGMA locking_mode = EXCLUSIVE", "BEGIN EXCLUSIVE"):
            began = time.monotonic()
            submit = self.start("train", "fault", IRIS)
            prune = self.start("prune", ended)
            shut = self.start("status", env=other)
            wait = self.start("wait", running)
            # Looks need nobody's leave.
            self.assertEqual(self.job(running)["status"], "RUNNING")
            self.assertEqual(self.job(queued)["status"], "QUEUED")
            self.release()
            self.assertEqual(wait.wait(), 0)
            self.assertLess(time.monotonic() - began, 30)
            self.assertEqual(self.job(running)["status"], "COMPLETED")
            self.assertEqual(self.ostler("result", running).line, str(self.work / "m"))
            self.ostler("load", "m")
            for process in (submit, prune, shut):
                err = process.communicate()[1].decode()
                self.assertEqual(process.returncode, 1, err)
                self.assertRegex(err, "ostler: error: .*locked by another process; try again")
            self.assertLessEqual(set(self.job_directories()), directories)
            self.assertEqual(os.listdir(self.store / "staging"), [])
            # The runner waits for a minute, then leaves the row to whoever looks next.
            self.until(lambda: is_dead(runner), "the runner to leave")
            self.until(lambda: time.monotonic() - began > 90, "the lock's end")
            self.assertEqual(self.job(running)["status"], "COMPLETED")
            self.assertEqual(self.row(uuid), 1)
        self.assertEqual(self.job(running)["status"], "COMPLETED")
        self.assertEqual(self.row(uuid), 2)
        self.ostler("status", env=other)
        self.ostler("status", ended, code=3)  # the prune that was begun
        self.ostler("dispatch")
        self.wait_for(queued)
        self.assert_sound()

    def row(self, uuid):
        """The status as the row has it."""
        with contextlib.closing(sqlite3.connect(self.store / "jobs.db")) as database:
            return database.execute("SELECT status FROM jobs WHERE uuid = ?", (uuid,)).fetchone()[0]


@unittest.skipUnless(os.geteuid() == 0, "needs a user who may mount")
class FullDiskTest(StoreBase):
    """A store on a small disk, and the disk full at each step."""

    def setUp(self):
        super().setUp()
        self.disk = self.mount_disk()
        self.store = self.disk / "store"
        self.env["OSTLER_HOME"] = str(self.store)

    def fill(self, left=0):
        """Leaves so many bytes of the disk free."""
        with contextlib.suppress(OSError), open(self.disk / "filler", "ab", buffering=0) as file:
            while file.write(bytes(1 << 20)):
                pass
        with contextlib.suppress(OSError), open(self.disk / "filler", "ab", buffering=0) as file:
            while file.write(bytes(512)):
                pass
        os.truncate(self.disk / "filler", (self.disk / "filler").stat().st_size - left)

    def free(self):
        os.remove(self.disk / "filler")

    def rows(self):
        return self.ostler("status", "--json").json["total"]

    def refused_until_there_is_room(self, first, step, check):
        """Submits with ever more room, until one is accepted: its id, and how many were refused."""
        for refused, room in enumerate(range(first, 8 << 20, step)):
            self.fill(room)
            result = self.ostler("train", "fault", IRIS, code=(0, 1))
            if result.code == 0:
                return result.line, refused
            self.assertRegex(result.err, "[Nn]o space")
            self.assertEqual(result.out, "")
            check()
            self.free()
        return self.fail("no submit was ever accepted")

    def test_submit(self):
        self.wait_for(self.fault(""))
        self.assertEqual(self.wait_for_silence(), {})
        jobs = self.job_directories()

        def nothing_is_left():
            self.assertEqual(self.job_directories(), jobs)
            self.assertEqual(os.listdir(self.store / "staging"), [])
            self.assertEqual(self.rows(), 1)
        job, refused = self.refused_until_there_is_room(0, 4096, nothing_is_left)
        self.assertGreater(refused, 1)
        # There was room for the submit alone: the job waits, or its runner could say why it cannot start.
        self.assertEqual(self.wait_for_silence(), {})
        info = self.job(job)
        if info["status"] == "ERRORED":
            self.assertEqual(info["reason"], "disk_full", info["errors"])
            self.assertRegex(info["errors"][0], "could not be started.*No space left")
        self.free()
        self.assertEqual(self.rows(), 2)
        if info["status"] == "QUEUED":
            self.ostler("dispatch")
            self.wait_for(job)
        self.assert_sound()

    def test_the_first_submit(self):
        def nothing_is_left():
            self.assertEqual([name for name in os.listdir(self.disk) if name not in ("filler", "store")], [])
            self.assertEqual(list(self.store.glob("jobs.db.new-*")), [])
            self.assertEqual(self.job_directories(), [])
        self.assertGreater(self.refused_until_there_is_room(0, 16384, nothing_is_left)[1], 1)
        self.assertEqual(self.wait_for_silence(), {})
        self.free()
        self.assertEqual(self.rows(), 1)
        self.assert_sound()

    def test_the_work_cannot_save(self):
        target = self.disk / "m"
        self.wait_for(self.fault("", "--save-path", target, value="old"))
        before = self.content(target)
        job = self.fault_waiting("--save-path", target, value="x" * 100000)
        self.fill()
        self.release()
        info = self.wait_for(job, "ERRORED")
        self.assertEqual(info["reason"], "disk_full", info["errors"])
        self.assertEqual(self.wait_for_silence(), {})
        self.assertEqual(self.content(target), before)
        self.assertEqual([name for name in os.listdir(self.disk) if ".ostler" in name], [])
        self.ostler("load", target)
        self.free()
        self.assertEqual(self.job(job)["status"], "ERRORED")
        self.assert_sound()

    def test_the_work_needs_no_room(self):
        """The room for its end was taken at its start: what happened is what is told."""
        job = self.fault_waiting("--save-path", "m", rounds=3000)
        self.fill()
        self.release()
        info = self.wait_for(job)
        self.assertEqual(self.wait_for_silence(), {})
        self.ostler("load", "m")
        self.assertEqual(info["progress"]["done"], 3000)
        uuid = info["uuid"]
        self.assertEqual(json.loads((self.store / "jobs" / uuid / "outcome.json").read_text())["status"], "COMPLETED")
        self.assertFalse((self.store / "jobs" / uuid / "environment").exists())
        self.free()
        self.assertEqual(self.job(job)["status"], "COMPLETED")
        self.assert_sound()

    def test_the_work_fails(self):
        job = self.fault_waiting("--save-path", "m", do="mark,wait,throw", message="no pen")
        self.fill()
        self.release()
        info = self.wait_for(job, "ERRORED")
        self.assertEqual((info["reason"], "no pen" in info["errors"][0]), ("module", True), info["errors"])
        self.free()
        self.assert_sound()

    def test_the_runner_dies(self):
        job = self.fault_waiting("--save-path", "m")
        self.fill()
        self.kill("run", signal.SIGKILL)
        self.assertEqual(self.job(job)["status"], "ERRORED")  # also while nothing can be written
        self.free()
        self.assertEqual(self.wait_for(job, "ERRORED")["reason"], "lost")
        self.assert_sound()

    def test_retention(self):
        self.configure("model_management: {trainers: {default: {type: LOCAL, config: {retention_duration: 1s}}}}")
        job = self.fault("", "--wait")
        self.assertEqual(self.wait_for_silence(), {})  # its end is in the row too: --wait ends with its outcome
        [uuid] = self.job_directories()
        self.fill()
        self.until(lambda: self.ostler("status", job, code=(0, 3)).code == 3, "its retention to be over")
        self.until(lambda: self.ostler("status").code == 0 and uuid not in self.job_directories(), "it to be gone")
        self.assertFalse((self.store / "trash").exists())
        self.free()
        self.assertEqual(self.rows(), 0)
        self.assert_sound()

    def test_repair(self):
        job = self.fault("", "--wait")
        self.assertEqual(self.wait_for_silence(), {})
        with (self.store / "jobs.db").open("r+b") as file:
            file.write(b"\xff" * 100)
        before = self.content(self.store)
        self.fill()
        self.assertRegex(self.ostler("doctor", "--repair", code=1).err, "[Nn]o space")
        self.free()
        self.assertEqual(self.content(self.store), before)
        self.ostler("doctor", "--repair")
        self.assertEqual(self.job(job)["status"], "COMPLETED")
        self.assert_sound()


class ReadOnlyTest(StoreBase):
    def answers(self, job, **popen):
        """What needs to write is refused, and the rest answers."""
        self.assertEqual(self.ostler("status", job, "--json", **popen).json["jobs"][0]["status"], "COMPLETED")
        self.assertEqual(self.ostler("status", "--json", **popen).json["total"], 1)
        self.ostler("wait", job, **popen)
        self.ostler("logs", job, **popen)
        for command in (["train", "fault", IRIS], ["prune", job], ["doctor", "--repair"]):
            result = self.ostler(*command, code=1, **popen)
            self.assertRegex(result.err, "[Rr]ead-only|[Pp]ermission denied|may not be written|cannot be written")
            self.assertEqual(result.out, "")
        self.assertIn("cannot be written", self.ostler("doctor", code=1, **popen).out)

    def says_why(self, job, **popen):
        for command in (["status", job], ["status"], ["wait", job], ["train", "fault", IRIS], ["doctor", "--repair"]):
            result = self.ostler(*command, code=1, **popen)
            self.assertRegex(result.err, "Read-only file system")
            self.assertEqual(result.out, "")

    @unittest.skipUnless(os.geteuid() == 0, "needs a user who may mount")
    def test_a_file_system(self):
        disk = self.mount_disk()
        self.store = disk / "store"
        self.env["OSTLER_HOME"] = str(self.store)
        job = self.fault("", "--wait")
        self.assertEqual(self.wait_for_silence(), {})
        for left in (["jobs.db-shm", "jobs.db-wal"], ["jobs.db-wal"], []):
            with self.subTest(left):
                subprocess.run(["mount", "-o", "remount,rw", disk], check=True)
                for path in self.store.glob("jobs.db-*"):
                    if path.name == "jobs.db-wal" and path.name not in left:
                        self.fold_log()
                    if path.name not in left:
                        path.unlink(missing_ok=True)
                before = self.content(self.store)
                subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
                (self.answers if "jobs.db-shm" in left else self.says_why)(job)
                self.assertEqual(self.content(self.store), before)

    @unittest.skipUnless(os.geteuid() == 0, "needs a user who may become another")
    def test_permissions(self):
        os.chmod(self.directory, 0o755)
        for path in (self.home, self.work):
            os.chown(path, NOBODY, NOBODY)
        as_nobody = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
        probe = subprocess.run([OSTLER, "--version"], env=self.env, check=False, capture_output=True, **as_nobody)
        if probe.returncode != 0:
            self.skipTest("the build directory is closed to other users")
        job = self.ostler("train", "fault", IRIS, "--wait", **as_nobody).line
        self.assertEqual(self.wait_for_silence(), {})
        for path in sorted(self.store.rglob("*")):
            os.chmod(path, 0o500 if path.is_dir() else 0o400)
        os.chmod(self.store, 0o500)
        before = self.content(self.store)
        self.answers(job, **as_nobody)
        self.assertEqual(self.content(self.store), before)


class LinkTest(StoreBase):
    """Links in the store that lead out of it."""

    def setUp(self):
        super().setUp()
        self.configure(ONE_AT_A_TIME)
        self.outside = self.directory / "outside"
        self.outside.mkdir()
        self.write_outside("kept", "of somebody else")

    def write_outside(self, name, text):
        path = self.outside / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def queue(self):
        """A job that no runner was started for, and its directory."""
        before = set(self.job_directories())
        self.ostler("train", "fault", IRIS, "-p", "do=mark", "-p", f"mark={self.work / 'marked'}",
                    env={**self.env, "OSTLER_TEST_DIE_AT": "submit:renamed", "TOKEN": "secret"}, code=-signal.SIGKILL)
        [uuid] = set(self.job_directories()) - before
        return uuid, self.store / "jobs" / uuid

    @contextlib.contextmanager
    def untouched(self):
        before = self.content(self.outside)
        yield
        self.assertEqual(self.wait_for_silence(), {})
        self.assertEqual(self.content(self.outside), before)

    def test_the_stores_own_directories(self):
        self.wait_for(self.fault(""))
        self.assertEqual(self.wait_for_silence(), {})
        uuid = self.job_directories()[0]
        for name in ("jobs", "staging", "trash"):
            with self.subTest(name), self.untouched():
                path = self.store / name
                if path.exists():
                    path.rename(self.store / "aside")
                path.symlink_to(self.outside)
                for command in (["status"], ["status", uuid], ["train", "fault", IRIS], ["prune", uuid], ["dispatch"],
                                ["prune", "--older-than", "0s"], ["doctor", "--repair"]):
                    self.assertIn("is a link", self.ostler(*command, code=1).err)
                self.assertIn("is a link", self.ostler("doctor", code=1).out)
                path.unlink()
                if (self.store / "aside").exists():
                    (self.store / "aside").rename(path)
        self.assertEqual(self.job(uuid)["status"], "COMPLETED")

    def test_the_home_may_be_one(self):
        """Where the store lies is the user's to say."""
        self.store.parent.mkdir(parents=True)
        (self.directory / "elsewhere").mkdir(mode=0o700)
        self.store.symlink_to(self.directory / "elsewhere")
        self.wait_for(self.fault(""))
        self.ostler("doctor")
        self.assertTrue((self.directory / "elsewhere/jobs.db").exists())

    def test_a_jobs_directory(self):
        """In every state; a foreign directory looks like a job's, with an end of its own and a result to remove."""
        self.wait_for(self.fault("", "--save-path", "m"))
        ended = self.store / "jobs" / self.job_directories()[0]
        for name in ("spec.json", "log"):
            self.write_outside(name, (ended / name).read_text())
        self.write_outside("environment", "TOKEN=of somebody else\0")
        queued, directory = self.queue()
        with self.untouched():
            directory.rename(self.work / "moved")
            directory.symlink_to(self.outside)
            self.ostler("dispatch")
            info = self.until(lambda: (found := self.job(queued))["status"] == "ERRORED" and found, "it to be lost")
            self.assertEqual(info["reason"], "lost")
            self.assertEqual(self.ostler("logs", queued, code=None).out, "")
        with self.untouched():
            ended.rename(self.work / "moved2")
            ended.symlink_to(self.outside)
            self.ostler("doctor", code=1)
            self.ostler("prune", "--older-than", "0s")
        self.assertEqual(self.job_directories(), [])
        self.assertFalse((self.store / "trash").exists())

    def test_a_running_jobs_directory(self):
        job = self.fault_waiting("--save-path", "m")
        directory = self.store / "jobs" / self.job(job)["uuid"]
        with self.untouched():
            directory.rename(self.work / "moved")
            directory.symlink_to(self.outside)
            self.kill("run", signal.SIGKILL)
            info = self.wait_for(job, "ERRORED")
            self.assertEqual(info["reason"], "lost")

    def test_files_of_a_queued_job(self):
        """What the runner would read or write in another place keeps the job from starting; nothing is read there."""
        for name in ("environment", "spec.json", "log", "events", "lock"):
            with self.subTest(name):
                uuid, directory = self.queue()
                path = directory / name
                content = path.read_text() if path.exists() else ""
                target = self.write_outside(name, content.replace("secret", "stolen"))
                path.unlink(missing_ok=True)
                path.symlink_to(target)
                with self.untouched():
                    self.ostler("dispatch")
                    self.until(lambda job=uuid: self.job(job)["status"] == "ERRORED" or not self.processes() and
                               self.ostler("dispatch").code, "the job to be given up", uuid)
                self.assertFalse((self.work / "marked").exists())
                self.assertEqual(self.job(uuid)["reason"], "lost")
                self.assertNotIn("stolen", self.ostler("status", uuid, "--json", "-v").out)

    def test_a_link_where_the_outcome_is_written(self):
        """It is removed, and what it leads to is left alone."""
        uuid, directory = self.queue()
        (directory / "outcome.json.new").symlink_to(self.write_outside("outcome.json.new", "not yours\n"))
        with self.untouched():
            self.ostler("dispatch")
            self.wait_for(uuid)

    def test_the_files_of_an_ended_job(self):
        self.wait_for(self.fault(""))
        self.assertEqual(self.wait_for_silence(), {})
        directory = self.store / "jobs" / self.job_directories()[0]
        secret = self.write_outside("secret", "not for you\n")
        for name in ("log", "events", "environment", "cancel"):
            (directory / name).unlink(missing_ok=True)
            (directory / name).symlink_to(secret)
        with self.untouched():
            self.assertNotIn("not for you", self.ostler("logs", directory.name, code=None).out)
            self.ostler("cancel", directory.name)
            self.ostler("doctor", code=1)
            self.ostler("doctor", "--repair")
            self.assertFalse((directory / "environment").is_symlink())
            self.ostler("prune", directory.name)

    def test_an_outcome(self):
        """A foreign end is none of this job's."""
        self.wait_for(self.fault("", "--save-path", "m"))
        ended = self.store / "jobs" / self.job_directories()[0]
        target = self.write_outside("outcome.json", (ended / "outcome.json").read_text())
        for cancel in (False, True):
            with self.subTest(cancel), self.untouched():
                uuid, directory = self.queue()
                (directory / "outcome.json").symlink_to(target)
                self.ostler("cancel" if cancel else "status", uuid)
                info = self.job(uuid)
                self.assertEqual((info["status"], info["reason"]), ("ERRORED", "lost"))
                self.assertIn("is a link", info["errors"][0])
                self.assertFalse((directory / "environment").exists())
                self.ostler("prune", uuid)

    def test_a_cancel_request(self):
        job = self.fault_waiting()
        directory = self.store / "jobs" / self.job(job)["uuid"]
        with self.untouched():
            (directory / "cancel").symlink_to(self.outside / "made")
            self.ostler("cancel", job, code=(0, 1))
            self.assertFalse((self.outside / "made").exists())
            (directory / "cancel").unlink()
            self.ostler("cancel", job)
            self.assertEqual(self.job(job)["status"], "CANCELED")


class SshfsTest(StoreBase):
    """A mounted sshfs, as far as it is asked here: the kernel's questions are answered by a thread."""

    def serve(self, device):
        header = struct.Struct("=IIQQIIIHH")
        attributes = struct.pack("=QII6Q10I", 60, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0o40700, 2, 0, 0, 0, 4096, 0)
        answers = {26: struct.pack("=IIIIHHIIHHI7I", 7, 31, 65536, 0, 16, 12, 65536, 1, 1, 0, 0, *[0] * 7),  # init
                   3: attributes, 17: struct.pack("=5Q10I", 1000, 1000, 1000, 9, 9, 4096, 255, 4096, *[0] * 7)}
        with contextlib.suppress(OSError):  # it is unmounted
            while True:
                question = os.read(device, 1 << 20)
                _, operation, unique, *_ = header.unpack(question[:header.size])
                if operation == 2:  # forget
                    continue
                answer = answers.get(operation, b"")
                error = 0 if answer else -errno.ENOENT if operation == 1 else -errno.ENOSYS
                os.write(device, struct.pack("=IiQ", 16 + len(answer), error, unique) + answer)

    @unittest.skipUnless(os.geteuid() == 0 and os.path.exists("/dev/fuse"), "needs a user who may mount, and FUSE")
    def test_refused_by_name(self):
        place = self.directory / "remote"
        place.mkdir()
        device = os.open("/dev/fuse", os.O_RDWR)
        self.addCleanup(os.close, device)
        libc = ctypes.CDLL(None, use_errno=True)
        options = f"fd={device},rootmode=40000,user_id=0,group_id=0".encode()
        if libc.mount(b"host:", str(place).encode(), b"fuse.sshfs", 0, options) != 0:
            self.skipTest("mounting is forbidden here")
        self.addCleanup(libc.umount2, str(place).encode(), 2)
        threading.Thread(target=self.serve, args=(device,), daemon=True).start()
        env = {**self.env, "OSTLER_HOME": str(place)}
        self.assertIn("network file system (sshfs)", self.ostler("train", "fault", IRIS, code=1, env=env).err)
        self.assertIn("network file system (sshfs)", self.ostler("doctor", code=1, env=env).out)


@unittest.skipIf(SANITIZED, "the sanitizer wants to be the first library")
class NetworkTest(StoreBase):
    """No network file system can be mounted without one: a library in between gives the kernel's word for one."""

    def on(self, kind):
        magic = {"nfs": 0x6969, "cifs": 0xFF534D42, "9p": 0x01021997}[kind]
        return {**self.env, "LD_PRELOAD": str(STATFS), "TEST_STATFS_MAGIC": str(magic)}

    def test_refused_by_name(self):
        job = self.fault("", "--wait")
        self.assertEqual(self.wait_for_silence(), {})
        before = self.content(self.store)
        for kind in ("nfs", "cifs", "9p"):
            for command in (["train", "fault", IRIS], ["status"], ["wait", job], ["cancel", job], ["prune", job],
                            ["dispatch"], ["doctor", "--repair"]):
                result = self.ostler(*command, code=1, env=self.on(kind))
                self.assertIn(f"network file system ({kind})", result.err)
                self.assertIn(str(self.store), result.err)
            self.assertIn(f"network file system ({kind})", self.ostler("doctor", code=1, env=self.on(kind)).out)
        self.assertEqual(self.content(self.store), before)

    def test_the_first_submit_leaves_nothing(self):
        self.assertIn("--home", self.ostler("train", "fault", IRIS, code=1, env=self.on("nfs")).err)
        self.assertFalse(self.store.exists())


if __name__ == "__main__":
    main()
