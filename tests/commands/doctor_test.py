#!/usr/bin/env python3
"""ostler doctor: what is wrong with a store is told, and mended from the jobs' directories."""
import contextlib
import json
import os
import pathlib
import shutil
import signal
import sqlite3
import stat
import subprocess
import unittest

from support import DATA, MODULES, PREFIX, OstlerTest, main

IRIS = DATA / "iris.train.csv"
ONE_AT_A_TIME = "model_management: {trainers: {default: {type: LOCAL, config: {max_concurrent: 1}}}}"


class RepairBase(OstlerTest):
    def setUp(self):
        super().setUp()
        self.configure(ONE_AT_A_TIME)

    def list(self):
        """All jobs in the order of `status`, without what changes while one runs."""
        jobs = self.ostler("status", "--json", "-n", 0).json["jobs"]
        for job in jobs:
            if job["status"] not in ("COMPLETED", "CANCELED", "ERRORED"):
                del job["progress"]
        return jobs

    def states(self):
        return {job["uuid"]: job["status"] for job in self.list()}

    def uuid(self, job):
        return self.job(job)["uuid"]

    def queued(self, *args):
        """A job that no runner was started for; its uuid."""
        before = set(self.job_directories())
        self.ostler("train", "fault", IRIS, *args, code=-signal.SIGKILL,
                    env={**self.env, "OSTLER_TEST_DIE_AT": "submit:renamed"})
        [uuid] = set(self.job_directories()) - before
        return uuid

    def lose_database(self):
        for path in self.store.glob("jobs.db*"):
            path.unlink()

    def repair(self, code=0):
        result = self.ostler("doctor", "--repair", code=code)
        with contextlib.closing(sqlite3.connect(self.store / "jobs.db")) as database:
            self.assertEqual(database.execute("PRAGMA integrity_check").fetchall(), [("ok",)])
        self.assertEqual([path for path in self.store.glob("staging/*/jobs.db")], [])
        return result


class RepairTest(RepairBase):
    def fill(self):
        """A store with a job in every state; the running one's id."""
        self.wait_for(self.fault("", "--save-path", "m", "--id", "nightly", metric=0.5))
        self.wait_for(self.fault("throw", message="no pen"), "ERRORED")
        lost = self.fault_waiting(do="mark,wait")
        self.kill("run", signal.SIGKILL)
        self.wait_for(lost, "ERRORED")
        os.remove(self.work / "marked")
        running = self.fault_waiting("--id", "nightly", "--save-path", "n")
        self.ostler("cancel", self.fault("", "--id", "unwanted"))
        self.fault("mark", "--id", "second", mark=self.work / "second")
        self.fault("mark", "--id", "third", mark=self.work / "third")
        return running

    def test_a_missing_database(self):
        running = self.fill()
        before = self.list()
        self.lose_database()
        result = self.repair()
        self.assertIn("7 job directories", result.err)
        self.assertEqual(self.list(), before)
        self.assertEqual(self.job(running)["attempt"], 1)
        self.assertEqual(self.uuid("nightly"), self.uuid(running))
        # Again: nothing is left to do.
        self.assertEqual(self.ostler("doctor", "--repair").err, "")
        self.assertEqual(self.list(), before)
        # The runner that was there all along ends its job, and the queue goes on in its order.
        self.release()
        self.wait_for(running)
        for job in ("second", "third"):
            self.wait_for(job)
        self.assertLess((self.work / "second").stat().st_mtime_ns, (self.work / "third").stat().st_mtime_ns)
        self.assertEqual(self.job(running)["start_time"],
                         next(job for job in before if job["id"] == running)["start_time"])
        self.assertEqual([self.job(job)["attempt"] for job in (running, "second", "third")], [1, 1, 1])
        self.ostler("load", "n")

    def test_the_running_job_ends_while_there_is_no_database(self):
        running = self.fill()
        before = self.list()
        self.lose_database()
        self.release()
        outcome = self.store / "jobs" / next(job for job in before if job["id"] == running)["uuid"] / "outcome.json"
        self.until(outcome.exists, "the outcome")
        self.assertEqual(self.wait_for_silence(), {})
        self.assertEqual(json.loads(outcome.read_text())["status"], "COMPLETED")
        self.repair()
        for job in ("nightly", "second", "third"):
            self.wait_for(job)
        self.assertEqual(len(self.list()), len(before))

    def test_the_damaged_one_is_kept_with_its_log(self):
        job = self.fault_waiting()
        database = self.store / "jobs.db"
        with database.open("r+b") as file:
            file.write(b"\xff" * 4096)
        kept = {path.name.removeprefix("jobs.db"): path.read_bytes() for path in self.store.glob("jobs.db*")
                if not path.name.endswith("-shm")}
        self.assertIn("-wal", kept)
        before = self.tree(self.store / "jobs")
        self.assertIn("doctor --repair", self.ostler("doctor", code=1).out)
        self.assertEqual(self.tree(self.store / "jobs"), before)
        result = self.repair()
        [aside] = [path for path in self.store.glob("jobs.db.damaged-*") if path.name.endswith("Z")]
        self.assertIn(str(aside), result.err)
        self.assertEqual({suffix: (self.store / (aside.name + suffix)).read_bytes() for suffix in kept}, kept)
        self.assertEqual(self.job(job)["status"], "RUNNING")
        self.release()
        self.wait_for(job)
        self.ostler("doctor")

    def test_killed_at_each_step(self):
        self.wait_for(self.fault("", "--id", "ended"))
        waiting = self.queued("--id", "waiting")
        before = self.list()
        for point in ("built", "moved", "linked"):
            with self.subTest(point):
                with (self.store / "jobs.db").open("r+b") as file:
                    file.write(b"\xff" * 4096)
                self.ostler("doctor", "--repair", code=-signal.SIGKILL,
                            env={**self.env, "OSTLER_TEST_DIE_AT": "repair:" + point})
                self.assertEqual(bool(list(self.store.glob("jobs.db.damaged-*"))), point != "built")
                if point == "linked":
                    self.assertEqual(self.list(), before)
                else:
                    self.assertIn("doctor --repair", self.ostler("status", code=1).err)
                    self.assertIn("doctor --repair", self.ostler("train", "fault", IRIS, code=1).err)
                # What was left unfinished is removed once it is old enough to be nobody's.
                for path in self.store.glob("staging/*"):
                    os.utime(path, (1, 1))
                self.repair()
                self.wait_for(waiting)
                self.assertEqual(self.wait_for_silence(), {})
                before = self.list()
                for path in self.store.glob("jobs.db.damaged-*"):
                    path.unlink()

    def test_what_tells_that_a_job_was_started(self):
        # Killed before the claim, or before anything of it was begun: it waits as it did. Killed with a worker: lost.
        for point, starts in (("run:locked", True), ("run:claimed", True), ("run:spawned", False)):
            with self.subTest(point):
                uuid = self.queued("-p", "do=mark", "-p", f"mark={self.work / point}")
                self.ostler("dispatch", env={**self.env, "OSTLER_TEST_DIE_AT": point})
                lock = self.store / "jobs" / uuid / "lock"
                self.until(lock.exists, "the runner")
                self.assertEqual(self.wait_for_silence(), {})
                self.lose_database()
                self.repair()
                if starts:
                    self.assertEqual(self.wait_for(uuid)["attempt"], 1)
                    self.assertTrue((self.work / point).exists())
                else:
                    self.assertEqual(self.wait_for(uuid, "ERRORED")["reason"], "lost")
                    self.assertEqual(self.job(uuid)["attempt"], 1)

    def test_how_often_a_lost_job_may_still_be_queued_again(self):
        self.configure("model_management: {trainers: {default: {type: LOCAL, config: {on_lost: requeue, max_requeues: 1}}}}")
        job = self.fault_waiting()
        for status in ("QUEUED", "ERRORED"):
            self.kill("run", signal.SIGKILL)
            if status == "ERRORED":  # the one time was before the database was lost
                self.lose_database()
                self.repair()
            self.until(lambda: self.job(job)["status"] != "RUNNING", "the runner's death to be seen")
            self.assertEqual(self.job(job)["status"], status)
            (self.work / "marked").unlink()
            if status == "QUEUED":
                self.ostler("dispatch")
                self.until((self.work / "marked").exists, "the second start", job)
        self.assertEqual(self.job(job)["reason"], "lost")

    def test_the_order_is_that_of_submission(self):
        self.fault_waiting("--id", "first")
        jobs = [self.uuid(self.fault("")) for _ in range(6)]
        self.lose_database()
        self.repair()
        queued = [job["uuid"] for job in self.list() if job["status"] == "QUEUED"]
        self.assertEqual(queued, jobs)
        self.release()
        ended = [self.wait_for(job)["start_time"] for job in jobs]
        self.assertEqual(ended, sorted(ended))

    def test_an_external_id_means_the_active_run_whatever_the_clock_said(self):
        self.wait_for(self.fault("", "--id", "x"))
        first = self.uuid("x")
        self.fault_waiting("--id", "x")
        second = self.uuid("x")
        path = self.store / "jobs" / first / "spec.json"
        spec = json.loads(path.read_text())
        spec["submission_time"] = "2100-01-01T00:00:00Z"
        path.write_text(json.dumps(spec))
        self.lose_database()
        self.repair()
        self.assertEqual(self.uuid("x"), second)
        self.assertEqual(self.states(), {first: "COMPLETED", second: "RUNNING"})
        self.release()
        self.wait_for("x")

    def test_one_active_job_an_external_id(self):
        first, second = self.queued("--id", "x"), self.queued("--id", "y")
        path = self.store / "jobs" / second / "spec.json"
        path.write_text(path.read_text().replace('"y"', '"x"'))
        self.lose_database()
        result = self.repair(code=1)
        self.assertIn(f"{self.store}/jobs/{second} got no row", result.err)
        self.assertIn("no row", result.out)
        self.wait_for(first)
        self.assertEqual(self.wait_for_silence(), {})
        self.repair()
        self.wait_for(second)
        self.assertEqual(self.uuid("x"), second)

    def test_a_specification_that_cannot_be_read(self):
        uuid = self.queued()
        (self.store / "jobs" / uuid / "spec.json").write_text("{")
        (self.store / "jobs/notes").mkdir()
        self.lose_database()
        self.assertIn(f"{uuid}/spec.json", self.repair(code=1).err)
        self.assertEqual(self.job_directories(), sorted([uuid, "notes"]))

    def test_a_database_of_yesterday(self):
        self.wait_for(self.fault("", "--id", "old"))
        with contextlib.closing(sqlite3.connect(self.store / "jobs.db")) as now, \
                contextlib.closing(sqlite3.connect(self.work / "backup")) as backup:
            now.backup(backup)
        self.wait_for(self.fault("", "--id", "old"))
        new = self.uuid(self.fault("", "--id", "new"))
        self.wait_for("new")
        before = self.list()
        self.assertEqual(self.wait_for_silence(), {})
        self.lose_database()
        (self.store / "jobs.db").write_bytes((self.work / "backup").read_bytes())
        os.chmod(self.store / "jobs.db", 0o600)
        # The job is there, and so nobody says that it is not.
        self.assertIn("doctor --repair", self.ostler("status", new, code=1).err)
        self.assertIn("no row", self.ostler("doctor", code=1).out)
        self.assertIn("2 jobs had no row", self.repair().err)
        self.assertEqual(self.list(), before)

    def test_another_repair_is_at_work(self):
        self.queued()
        self.lose_database()
        first = self.start("doctor", "--repair", env={**self.env, "OSTLER_TEST_STOP_AT": "repair:built"})
        self.until(lambda: stopped(first.pid), "the first one to stop")
        self.assertIn("another", self.ostler("doctor", "--repair", code=1).err)
        os.kill(first.pid, signal.SIGCONT)
        self.assertEqual(first.wait(), 0)
        self.assertEqual(len(self.list()), 1)

    @unittest.skipUnless(os.geteuid() == 0, "needs a user who may give files away")
    def test_another_users_store(self):
        self.queued()
        os.chown(self.store, 65534, 65534)
        self.assertIn("another user", self.ostler("doctor", "--repair", code=1).err)


class MeanwhileTest(RepairBase):
    """Commands and runners that have the old database open when it is replaced."""

    def stop_at(self, point, *args):
        before = set(self.job_directories())
        process = self.start("train", "fault", IRIS, *args, env={**self.env, "OSTLER_TEST_STOP_AT": point})
        return process, before

    def test_a_submit(self):
        self.wait_for(self.fault(""))
        for point in ("submit:written", "submit:inserted", "submit:renamed"):
            with self.subTest(point):
                mark = self.work / point
                submit, before = self.stop_at(point, "-p", "do=mark", "-p", f"mark={mark}")
                self.until(lambda pid=submit.pid: stopped(pid), "the submit to stop")
                self.lose_database()
                self.repair()
                os.kill(submit.pid, signal.SIGCONT)
                # The runner that the submit launches stops nowhere else.
                out = submit.communicate()[0].decode().strip()
                self.assertEqual(submit.returncode, 0)
                self.assertEqual(len(set(self.job_directories()) - before), 1)
                self.wait_for(out)
                self.assertTrue(mark.exists())
                self.assertEqual(self.wait_for_silence(), {})

    def test_a_runner(self):
        for point in ("run:locked", "run:claimed", "run:spawned"):
            with self.subTest(point):
                mark = self.work / point
                submit, before = self.stop_at(point, "-p", "do=mark", "-p", f"mark={mark}")
                self.assertEqual(submit.wait(), 0)
                [uuid] = set(self.job_directories()) - before
                runner = self.until(lambda: self.pid_of("run"), "the runner")
                self.until(lambda pid=runner: stopped(pid), "the runner to stop")
                self.lose_database()
                self.repair(code=(0, 1))  # 1: the stopped one has the queue's first job, which stands by now
                os.kill(runner, signal.SIGCONT)
                self.assertEqual(self.wait_for(uuid)["attempt"], 1)
                self.assertTrue(mark.exists())
                self.assertEqual(self.wait_for_silence(), {})


class DoctorTest(RepairBase):
    def end_a_job(self):
        self.wait_for(self.fault(""))
        self.assertEqual(self.wait_for_silence(), {})

    def checks(self, code=0):
        document = self.ostler("doctor", "--json", code=code).json
        self.assertEqual(document["schema"], 1)
        wrong = [check for check in document["checks"] if check["state"] == "wrong"]
        self.assertEqual(code, 1 if wrong else 0)
        return wrong

    def mended(self, *says):
        """Exactly one thing is wrong; the command that it names mends it."""
        [wrong] = self.checks(code=1)
        for text in says:
            self.assertIn(text, wrong["text"])
        words = wrong["mend"].split()
        if words[0] == "ostler":
            self.ostler(*words[1:])
        else:
            self.assertEqual(os.system(wrong["mend"]), 0)
        self.assertEqual(self.wait_for_silence(), {})
        self.assertEqual(self.checks(), [])

    def test_every_command_that_mends(self):
        """Each fault in turn, several of a kind where that can be, in a store whose name needs quotes."""
        store = self.directory / "a store's"
        path = f"{PREFIX}/bin:{self.env['PATH']}"

        def train(*args, die_at=None):
            env = {**self.env, **({"OSTLER_TEST_DIE_AT": die_at} if die_at else {})}
            self.ostler("train", "fault", IRIS, "--home", store, *args, env=env, code=-signal.SIGKILL if die_at else 0)

        def faults():
            document = self.ostler("doctor", "--json", "--home", store, code=None).json
            return [one for one in document["checks"] if one["mend"]]

        def jobs():
            return sorted((store / "jobs").iterdir())

        def change(statement):
            with contextlib.closing(sqlite3.connect(store / "jobs.db")) as database:
                database.execute(statement)
                database.commit()

        def open_store():
            store.chmod(0o755)

        def lose_directories():
            for job in jobs()[:2]:
                shutil.rmtree(job)

        def leave_beside():
            for left in ("one", "two"):
                staged = self.work / f"a model's/.m.ostler-{left}"
                staged.mkdir()
                os.utime(staged, (1, 1))

        def kill_a_submit():
            train(die_at="submit:written")
            for staged in (store / "staging").iterdir():
                os.utime(staged, (1, 1))

        def leave_private():
            (jobs()[0] / "environment").write_bytes(b"A=b\0")

        def damage():
            for file in store.glob("jobs.db-*"):
                file.unlink()
            (store / "jobs.db").write_bytes(b"no database" * 1000)

        def queue():
            train(die_at="submit:renamed")
            self.until(faults, "the queue to stand for a while")

        def age():
            change("UPDATE jobs SET completion_time = completion_time - 40 * 86400 * 1000000")

        self.assertEqual(faults(), [])
        for number, fault in enumerate((open_store, lose_directories, leave_beside, kill_a_submit, leave_private, damage, queue, age)):
            with self.subTest(fault=fault.__name__):
                for name in ("a model's/m", f"m{number}", f"n{number}"):
                    train("--save-path", name, "--wait")
                self.wait_for_silence()
                fault()
                [found] = faults()
                result = subprocess.run(["sh", "-c", found["mend"]], env={**self.env, "PATH": path}, cwd=self.work, check=False,
                                        capture_output=True, text=True)
                self.assertEqual(result.returncode, 0, f"{found}\n{result.stderr}")
                self.wait_for_silence()
                self.assertEqual(faults(), [], found)

    def test_no_store(self):
        self.assertEqual(self.checks(), [])
        self.assertEqual(self.ostler("doctor", "--repair").err, "")
        self.assertFalse(self.store.exists())

    def test_all_is_well(self):
        self.end_a_job()
        self.assertEqual(self.checks(), [])
        before = self.tree(self.store)
        out = self.ostler("doctor").out
        self.assertIn(str(self.store), out)
        self.assertNotIn("wrong", out)
        # SQLite's shared memory aside, in which readers lock.
        changed = {path for path, what in self.tree(self.store).items() if what != before.pop(path)}
        self.assertEqual((before, changed - {str(self.store / "jobs.db-shm")}), ({}, set()))

    def test_a_standing_queue(self):
        uuid = self.queued()
        self.until(lambda: self.ostler("doctor", code=None).code == 1, "the queue to stand for a while")
        self.mended("1 queued, none running")
        self.wait_for(uuid)

    def test_a_dead_runner(self):
        job = self.fault_waiting()
        self.kill("run", signal.SIGKILL)
        self.mended(self.job_directories()[0])
        self.assertEqual(self.job(job)["reason"], "lost")

    def test_a_job_without_a_directory(self):
        self.end_a_job()
        uuid = self.job_directories()[0]
        os.rename(self.store / "jobs" / uuid, self.work / "moved")
        self.mended("no directory", uuid)

    def test_open_permissions(self):
        self.end_a_job()
        os.chmod(self.store, 0o755)
        os.chmod(self.store / "jobs.db", 0o640)
        self.mended("others may read", str(self.store))
        self.assertEqual(stat.S_IMODE(self.store.stat().st_mode), 0o700)

    def test_what_was_killed(self):
        self.end_a_job()
        self.ostler("train", "fault", IRIS, code=-signal.SIGKILL,
                    env={**self.env, "OSTLER_TEST_DIE_AT": "submit:written"})
        [staged] = (self.store / "staging").iterdir()
        self.assertEqual(self.checks(), [])  # it may be under way
        os.utime(staged, (1, 1))
        self.mended("1 submit was killed", staged.name)

    def test_a_private_file_that_outlived_its_job(self):
        self.end_a_job()
        left = self.store / "jobs" / self.job_directories()[0] / "environment"
        left.write_bytes(b"TOKEN=secret\0")
        os.chmod(left, 0o600)
        [wrong] = self.checks(code=1)
        self.assertNotIn("secret", wrong["text"])
        self.mended("environment")
        self.assertFalse(left.exists())

    def found(self, check, code=0, env=None):
        """What was found under that name."""
        return [one for one in self.ostler("doctor", "--json", code=code, env=env).json["checks"] if one["check"] == check]

    def test_sizes(self):
        self.end_a_job()
        [sizes] = self.found("sizes")
        self.assertEqual((sizes["state"], sizes["mend"]), ("ok", None))
        self.assertRegex(sizes["text"], r"database \d+\.\d MB, jobs \d+\.\d MB \(logs \d+\.\d MB\), trash 0\.0 MB")
        with contextlib.closing(sqlite3.connect(self.store / "jobs.db")) as database:
            database.execute("UPDATE jobs SET completion_time = completion_time - 40 * 86400 * 1000000")
            database.commit()
        [sizes] = self.found("sizes")
        self.assertEqual((sizes["state"], sizes["mend"]), ("note", "ostler prune --older-than 30d"))
        self.assertIn("1 job ended more than 30 days ago", sizes["text"])

    def test_the_clock(self):
        self.end_a_job()
        self.assertEqual(self.found("clock")[0]["state"], "ok")
        with contextlib.closing(sqlite3.connect(self.store / "jobs.db")) as database:
            database.execute("UPDATE jobs SET submission_time = submission_time + 86400 * 1000000")
            database.commit()
        [clock] = self.found("clock")
        self.assertEqual(clock["state"], "note")
        self.assertIn("1 job was submitted in the future", clock["text"])

    def test_the_file_system(self):
        self.end_a_job()
        self.assertEqual({one["state"] for one in self.found("file system")}, {"ok"})
        self.assertEqual([name for name in os.listdir(self.store) if name.startswith(".doctor")], [])

    def test_a_full_disk(self):
        self.end_a_job()
        disk = self.mount_disk("16m")
        shutil.copytree(self.store, disk / "store")
        os.chmod(disk / "store", 0o700)
        result = self.ostler("doctor", "--home", disk / "store")
        self.assertRegex(result.out, r"file system +note +there are only \d+ MB left")
        with contextlib.suppress(OSError), open(disk / "filler", "wb", buffering=0) as filler:
            while filler.write(bytes(1 << 16)):
                pass
        result = self.ostler("doctor", "--home", disk / "store", code=1)
        self.assertRegex(result.out, r"file system +wrong +there are only 0 MB left")

    def test_leftovers_beside_save_paths(self):
        self.wait_for(self.fault("", "--save-path", "models/m"))
        self.assertEqual(self.wait_for_silence(), {})
        uuid = self.job_directories()[0]
        staged = self.work / f"models/.m.ostler-{uuid}"
        staged.mkdir()
        (self.work / "models/.m.ostler-previous-20260101T000000.000Z-x").mkdir()
        self.assertEqual({one["state"] for one in self.found("leftovers")}, {"ok"})  # it may be under way
        for path in (self.work / "models").iterdir():
            os.utime(path, (1, 1))
        [left] = self.found("leftovers")
        self.assertEqual((left["state"], left["mend"]), ("note", f"rm -r {staged}"))
        self.assertIn("1 thing was left", left["text"])
        self.assertEqual(os.system(left["mend"]), 0)
        self.assertEqual({one["state"] for one in self.found("leftovers")}, {"ok"})

    def test_modules(self):
        [linear] = self.found("module linear")
        self.assertEqual(linear["state"], "ok")
        self.assertIn("LIBLINEAR", linear["text"])
        self.configure("modules: {churn: {type: command, config: {run: [cat]}}}\n")
        self.assertIn("a program", self.found("module churn")[0]["text"])

    def test_a_module_that_cannot_be_opened(self):
        modules = self.directory / "modules"
        modules.mkdir()
        for name, source in (("crash", '__attribute__((constructor)) static void f(void) { __builtin_trap(); }'), ("empty", "int nothing;")):
            library = modules / f"{name}.so"
            subprocess.run(["cc", "-shared", "-fPIC", "-x", "c", "-", "-o", library], input=source, text=True, check=True)
        (modules / "text.so").write_text("no library")
        for i, name in enumerate(("crash", "empty", "text", "absent")):
            manifest = json.loads((MODULES / "fault.json").read_text())
            manifest.update(name=name, module_id=f"00000000-0000-4000-8000-00000000000{i}", file=f"{name}.so")
            (modules / f"{name}.json").write_text(json.dumps(manifest))
        (modules / "broken.json").write_text("{")
        env = {**self.env, "OSTLER_MODULE_DIRECTORIES": json.dumps([str(modules)])}
        for name, says in (("crash", "ended with signal"), ("empty", "empty.so"), ("text", "text.so")):
            with self.subTest(name):
                [module] = self.found(f"module {name}", 1, env)
                self.assertEqual(module["state"], "wrong")
                self.assertIn(says, module["text"])
        passed_over = self.found("modules", 1, env)
        self.assertEqual([one["state"] for one in passed_over], ["wrong", "wrong"])
        for name in ("absent.so", "broken.json"):
            self.assertIn(name, str(passed_over))
        self.assertEqual(self.found("module linear", 1, env)[0]["state"], "ok")

    def test_the_configuration(self):
        [configuration] = self.found("configuration")
        self.assertIn("config.yml", configuration["text"])
        self.assertIn("OSTLER_NO_SUCH", self.found("configuration", env={**self.env, "OSTLER_NO_SUCH": "1"})[0]["text"])
        self.configure("load_path: 7\nmodel_management: {finders: {a: {type: NONE}}}\n")
        faults = self.found("configuration", 1)
        self.assertEqual({one["state"] for one in faults}, {"wrong"})
        self.assertIn("NONE", str(faults))

    def test_pages_and_completions(self):
        for check in ("manual pages", "completions"):
            self.assertEqual(self.found(check)[0]["state"], "note")  # of a build tree
        prefix = self.directory / "prefix"
        shutil.copytree(PREFIX, prefix)
        for name in ("man/man1/ostler.1.gz", "fish/vendor_completions.d/ostler.fish"):
            (prefix / "share" / name).parent.mkdir(parents=True)
            (prefix / "share" / name).touch()
        result = subprocess.run([prefix / "bin/ostler", "doctor", "--format", "{check}={state}={mend}"], env=self.env, cwd=self.work,
                                stdout=subprocess.PIPE, text=True, check=True)
        self.assertIn("manual pages=ok=\n", result.stdout)
        [mend] = [line.split("=", 2)[2] for line in result.stdout.splitlines() if line.startswith("completions=note=")]
        self.assertTrue(mend.startswith(f"export XDG_DATA_DIRS={prefix}/share:"), mend)
        result = subprocess.run(["sh", "-c", f'{mend}; "$0" doctor --format "{{check}}={{state}}"', prefix / "bin/ostler"], env=self.env,
                                cwd=self.work, stdout=subprocess.PIPE, text=True, check=True)
        self.assertIn("completions=ok\n", result.stdout)

    def test_a_configuration_that_is_faulty_keeps_nothing_from_being_told(self):
        self.queued()
        self.lose_database()
        self.configure("no_such_key: 1")
        self.assertIn("missing", self.ostler("doctor", code=1).out)
        out = self.ostler("doctor", "--repair", code=1).out
        self.assertNotIn("missing", out)
        self.assertIn("no_such_key", out)


def stopped(pid):
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        stat_line = pathlib.Path("/proc", str(pid), "stat").read_text(encoding="utf-8")
        return stat_line.rpartition(")")[2].split()[0] == "T"
    return False


if __name__ == "__main__":
    main()
