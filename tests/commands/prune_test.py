#!/usr/bin/env python3
"""ostler prune, and the selectors that it shares with status, wait, cancel and logs."""
import contextlib
import fcntl
import json
import os
import pathlib
import signal
import sqlite3
import subprocess
import unittest

from support import DATA, OSTLER, SANITIZED, OstlerTest, main

IRIS = DATA / "iris.train.csv"


class JobsTest(OstlerTest):
    def ended(self, do="", *args, status="COMPLETED", **parameters):
        """A training that has ended; its uuid."""
        return self.wait_for(self.fault(do, *args, **parameters), status)["uuid"]

    def uuids(self, *args):
        return [job["uuid"] for job in self.ostler("status", "--json", *(args or ("-n", "0"))).json["jobs"]]

    def assert_gone(self, *uuids):
        for uuid in uuids:
            for command in ("status", "result", "logs", "wait", "cancel", "prune"):
                self.ostler(command, uuid, code=3)
            self.assertFalse((self.store / "jobs" / uuid).exists())
            self.assertNotIn(uuid, self.uuids())
        self.assertFalse((self.store / "trash").exists())


class PruneTest(JobsTest):
    def test_by_id(self):
        keep, gone = self.ended(), self.wait_for(self.fault())["id"]
        self.assertEqual(self.ostler("prune", gone).line, gone)
        self.assert_gone(gone.split(":")[1])
        self.assertEqual(self.uuids(), [keep])

    def test_two_at_once(self):
        # Neither stops at a job that the other was quicker to prune.
        jobs = [self.train("fault", DATA / "iris.train.csv") for _ in range(6)]
        for job in jobs:
            self.wait_for(job)
        ends = [(process.communicate(), process.returncode) for process in [self.start("prune", *jobs) for _ in range(3)]]
        for (out, err), code in ends:
            # One that comes when a job is gone has no such job, and prunes nothing.
            self.assertTrue(code == 0 or (code == 3 and not out), (code, out, err))
        self.assertLessEqual(set(jobs), {job for (out, _), _ in ends for job in out.decode().split()})
        self.assertEqual(self.uuids(), [])

    def test_a_document_of_what_was_pruned(self):
        gone = self.ended()
        document = self.ostler("prune", gone, "--json").json
        self.assertEqual(([job["uuid"] for job in document["jobs"]], document["total"]), ([gone], 1))
        self.assertEqual(self.ostler("status", "--json").json["total"], 0)

    def test_a_document_of_many_is_the_same_as_of_a_list(self):
        jobs = [self.ended(), self.ended(), self.ended()]
        listed = self.ostler("status", "--json").json
        listed["jobs"].reverse()
        self.assertEqual(self.ostler("prune", "--status", "COMPLETED", "--dry-run", "--json").out, json.dumps(listed, indent=2) + "\n")
        self.assertEqual(self.ostler("prune", "--older-than", "30d", "--json").json,
                         {"schema": 1, "jobs": [], "total": 0, "truncated": False})
        self.assertEqual(self.ostler("prune", "--status", "COMPLETED", "--format", "{uuid}").out.split(), jobs)

    @unittest.skipIf(SANITIZED, "the sanitizer keeps what was freed")
    def test_a_document_of_many_takes_no_memory(self):
        self.ended()
        with contextlib.closing(sqlite3.connect(self.store / "jobs.db")) as database, database:
            columns = [row[1] for row in database.execute("PRAGMA table_info(jobs)") if row[1] not in ("sequence", "uuid")]
            database.execute(f"""WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
                INSERT INTO jobs (uuid, {', '.join(columns)})
                SELECT printf('00000000-0000-4000-8000-%012d', i), {', '.join(columns)} FROM n, jobs""")
        peaks = []
        for limit in ("1", "20000"):
            command = [OSTLER, "prune", "--status", "COMPLETED", "--dry-run", "--json", "-n", limit]
            with open(self.work / "document", "wb") as out, subprocess.Popen(command, stdout=out, env=self.env) as process:
                _, status, usage = os.wait4(process.pid, 0)
                process.returncode = os.waitstatus_to_exitcode(status)
            self.assertEqual(process.returncode, 0)
            document = json.loads((self.work / "document").read_text())
            self.assertEqual((len(document["jobs"]), document["total"]), (int(limit), int(limit)))
            peaks.append(usage.ru_maxrss)
        self.assertLess(peaks[1], peaks[0] + 8192, "kB")

    def test_neither_id_nor_selector(self):
        self.ended()
        self.refused(2, "prune")
        self.refused(2, "prune", "--dry-run")
        self.refused(2, "prune", "", says="empty")
        self.refused(2, "prune", "x", "--older-than", "1d", says="both")
        self.refused(2, "prune", "--older-than", "soon", says="soon")
        self.refused(2, "prune", "--status", "RUNNING", says="ended")
        self.refused(3, "prune", "nothing")

    def test_an_unknown_id_among_others_prunes_nothing(self):
        job = self.ended()
        self.refused(3, "prune", job, "nothing")
        self.assertEqual(self.uuids(), [job])

    def test_selectors(self):
        failed = self.ended("throw", status="ERRORED")
        model = self.ended("", "--save-path", "m")
        prediction = self.wait_for(self.ostler("predict", "--detach", "m", IRIS).line)["uuid"]
        canceled = self.job(self.fault_waiting())["uuid"]
        self.ostler("cancel", canceled)
        everything = [failed, model, prediction, canceled]
        for arguments, chosen in ((("--status", "ERRORED"), [failed]),
                                  (("--status", "errored,CANCELED"), [failed, canceled]),
                                  (("--status", "ERRORED", "--status", "CANCELED"), [failed, canceled]),
                                  (("--kind", "predict"), [prediction]),
                                  (("--module", "fault"), everything),
                                  (("--module", "linear"), []),
                                  (("--module", "fault", "--kind", "train", "-n", "2"), [failed, model]),
                                  (("--since", "1h"), everything),
                                  (("--since", "2020-01-01", "--until", "2020-02-01T00:00"), []),
                                  (("--until", "1h"), []),
                                  (("--older-than", "0s"), everything),
                                  (("--older-than", "1h"), [])):
            found = self.ostler("prune", "--dry-run", *arguments, "--format", "{uuid}").out.split()
            self.assertEqual(found, chosen, arguments)
            if "--older-than" not in arguments and "-n" not in arguments:
                self.assertEqual(sorted(self.uuids(*arguments)), sorted(chosen), arguments)
        self.assertEqual(sorted(self.uuids()), sorted(everything), "--dry-run has pruned")
        self.assertEqual(self.ostler("prune", "--status", "ERRORED", "--format", "{uuid}").out.split(), [failed])
        self.assertEqual(len(self.ostler("prune", "--older-than", "0s").out.split()), 3)
        self.assert_gone(*everything)
        self.ostler("load", "m")

    def test_active_jobs_are_never_pruned(self):
        ended = self.ended()
        active = self.fault_waiting()
        result = self.ostler("prune", active, ended, code=4)
        self.assertIn(active, result.err)
        self.assertIn("cancel", result.err)
        self.assertTrue(result.line.endswith(ended))
        self.assertEqual(self.ostler("prune", "--since", "1d").out, "")
        self.assertEqual(self.job(active)["status"], "RUNNING")
        self.release()
        self.wait_for(active)

    def test_many(self):
        """More than one batch, and a limit within one."""
        jobs = [self.fault() for _ in range(5)]
        self.ostler("wait", *jobs)
        self.ostler("prune", "--since", "1d", "-n", "3")
        self.assertEqual(len(self.uuids()), 2)
        self.assertEqual([f"wTHxlsu:{uuid}" for uuid in reversed(self.uuids())], jobs[3:])

    def test_a_models_readers_are_not_disturbed(self):
        """What is read stays until nobody reads it; the job is gone at once."""
        job = self.ended()
        reader = os.open(self.ostler("result", job).line, os.O_RDONLY | os.O_DIRECTORY)
        fcntl.flock(reader, fcntl.LOCK_SH)  # as whoever loads a model
        self.ostler("prune", job)
        self.ostler("status", job, code=3)
        self.assertTrue((self.store / "trash" / job / "model/config.yml").is_file())
        os.close(reader)
        self.ostler("status", "-q")
        self.assert_gone(job)


    def test_a_look_leaves_the_rest_to_a_prune_that_goes_on(self):
        job, other = self.ended(), self.ended()
        prune = self.start("prune", job, env={**self.env, "OSTLER_TEST_STOP_AT": "purge:deleted"})
        self.until(lambda: " (ostler) T " in pathlib.Path(f"/proc/{prune.pid}/stat").read_text(), "prune has stopped")
        self.ostler("status", job, code=3)
        self.assertEqual(self.uuids(), [other])
        self.assertEqual(os.listdir(self.store / "trash"), [job])
        prune.send_signal(signal.SIGCONT)
        self.assertEqual(prune.wait(), 0)
        self.assert_gone(job)


class CrashTest(JobsTest):
    """prune is killed between two of its steps: no job is seen by halves, and the next command finishes it."""

    def killed_at(self, point):
        keep = self.ended()
        jobs = [self.ended(), self.ended()]
        killed = self.ostler("prune", *jobs, env={**self.env, "OSTLER_TEST_DIE_AT": point}, code=None)
        self.assertEqual(killed.code, -signal.SIGKILL)
        # The first one alone: each id is a batch of its own.
        self.assertTrue((self.store / "trash" / min(jobs)).is_dir())
        return keep, min(jobs), max(jobs)

    def test_the_next_look_finishes_it(self):
        for point in ("purge:renamed", "purge:deleted"):
            with self.subTest(point):
                keep, cut_off, other = self.killed_at(point)
                self.ostler("status", cut_off, code=3)
                self.assert_gone(cut_off)
                self.assertEqual(set(self.uuids()) - {keep, other}, set())
                self.ostler("prune", keep, other)

    def test_so_does_a_list(self):
        for point in ("purge:renamed", "purge:deleted"):
            with self.subTest(point):
                keep, cut_off, other = self.killed_at(point)
                self.assertEqual(set(self.uuids()), {keep, other})
                self.assert_gone(cut_off)
                self.ostler("prune", keep, other)

    def test_so_does_a_submit(self):
        _, cut_off, _ = self.killed_at("purge:renamed")
        self.wait_for(self.fault())
        self.assert_gone(cut_off)

    def test_an_external_id_is_free_again(self):
        """[PRD-8] The earlier run is not met again, whole or by halves."""
        self.wait_for(self.fault("", "--id", "nightly"))
        self.ostler("prune", "nightly", env={**self.env, "OSTLER_TEST_DIE_AT": "purge:renamed"}, code=None)
        self.ostler("result", "nightly", code=3)


class SelectorTest(JobsTest):
    def test_wait(self):
        failed = self.ended("throw", status="ERRORED")
        self.fault_waiting()
        self.ostler("wait", "--since", "1h", "--timeout", "0.1", code=124)
        self.ostler("wait", "--since", "1h", "--any", code=6)
        self.release()
        self.ostler("wait", "--since", "1h", code=6)
        self.ostler("wait", "--status", "COMPLETED")
        self.assertIn("no job", self.ostler("wait", "--module", "linear").err)
        self.refused(2, "wait")
        self.refused(2, "wait", failed, "--module", "fault", says="both")

    def test_cancel(self):
        self.ended()
        active = self.fault_waiting()
        self.refused(2, "cancel")
        self.ostler("cancel", "--module", "linear")
        self.assertEqual(self.job(active)["status"], "RUNNING")
        # Those that have ended are not meant.
        document = self.ostler("cancel", "--module", "fault", "--json").json
        self.assertEqual([(job["id"], job["status"]) for job in document["jobs"]], [(active, "CANCELED")])

    def test_logs(self):
        first, second = self.ended("stdout", message="one"), self.ended("stdout", message="two")
        self.assertIn("two", self.ostler("logs", "--status", "COMPLETED", "-n", "1").out)
        both = self.ostler("logs", "--since", "1h").out
        for text in ("one", "two", f"==> {first} <==", f"==> {second} <=="):
            self.assertIn(text, both)
        self.refused(2, "logs")
        self.refused(2, "logs", "-f", "--since", "1h", says="one job")

    def test_status(self):
        jobs = [self.ended(value=str(number)) for number in range(3)]
        self.assertEqual(self.uuids("-n", "2"), jobs[:0:-1])
        self.assertIn("no job matches", self.ostler("status", "--status", "RUNNING").err)
        for command in ("status", "wait"):
            self.assertIn('did you mean "fault"?', self.ostler(command, "--module", "fualt").err)
        for wrong in (("--status", "RUNING"), ("--kind", "training"), ("--since", "yesterday"), ("-n", "-1"),
                      (jobs[0], "--module", "fault")):
            self.refused(2, "status", *wrong)
        self.assertIn("RUNNING", self.ostler("status", "--status", "RUNING", code=2).err)


if __name__ == "__main__":
    main()
