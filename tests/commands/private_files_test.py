#!/usr/bin/env python3
"""What a job must not keep once it has ended: the captured environment, spooled input, a log without end."""
import pathlib
import signal
import subprocess

from support import DATA, PREFIX, OstlerTest, main

TRAIN = DATA / "iris.train.csv"
MEGABYTE = 1 << 20


class PrivateFilesTest(OstlerTest):
    SECRET = "a-secret-of-the-submitter"

    def submit(self, *args):
        """A training that reads standard input, in an environment with a secret; its uuid."""
        env = {**self.env, "TOKEN": self.SECRET}
        job = self.ostler("train", "fault", "-", *args, stdin=TRAIN.read_text(), env=env).line
        return self.job(job)["uuid"]

    def assert_kept_until_then(self, uuid):
        directory = self.store / "jobs" / uuid
        self.assertIn(self.SECRET, (directory / "environment").read_text())
        self.assertEqual((directory / "environment").stat().st_mode & 0o777, 0o600)
        self.assertEqual((directory / "input").read_text(), TRAIN.read_text())

    def assert_wiped(self, uuid, status):
        self.assertEqual(self.wait_for(uuid, status)["status"], status)
        self.assertEqual(self.wait_for_silence(), {})
        found = [str(path) for path in self.store.rglob("*") if path.name in ("environment", "input")]
        self.assertEqual(found, [])
        for path in self.store.rglob("*"):
            if path.is_file():
                self.assertNotIn(self.SECRET.encode(), path.read_bytes(), path)

    def waiting(self, *more):
        uuid = self.submit("-p", "do=mark,wait", "-p", f"mark={self.work / 'marked'}", "-p",
                           f"file={self.work / 'released'}", *more)
        self.until((self.work / "marked").exists, "the training to begin", uuid)
        self.assert_kept_until_then(uuid)
        return uuid

    def test_a_completed_job(self):
        uuid = self.waiting()
        self.release()
        self.assert_wiped(uuid, "COMPLETED")

    def test_an_errored_job(self):
        self.assert_wiped(self.submit("-p", "do=throw"), "ERRORED")

    def test_a_canceled_job(self):
        uuid = self.waiting()
        self.ostler("cancel", uuid)
        self.assert_wiped(uuid, "CANCELED")

    def test_a_job_that_is_canceled_in_the_queue(self):
        self.configure("model_management: {trainers: {default: {type: LOCAL, config: {max_concurrent: 1}}}}")
        first = self.fault_waiting()
        uuid = self.submit()
        self.assert_kept_until_then(uuid)
        self.ostler("cancel", uuid)
        self.release()
        self.wait_for(first)
        self.assert_wiped(uuid, "CANCELED")

    def test_a_lost_job(self):
        uuid = self.waiting()
        self.kill("run", signal.SIGKILL)
        self.assert_wiped(uuid, "ERRORED")

    def test_one_whose_runner_dies_after_the_outcome(self):
        for point in ("outcome:linked", "end:published"):
            with self.subTest(point):
                # A submit that is killed before it starts a runner: here that is done by hand.
                env = {**self.env, "TOKEN": self.SECRET, "OSTLER_TEST_DIE_AT": "submit:renamed"}
                self.ostler("train", "fault", "-", stdin=TRAIN.read_text(), env=env, code=-signal.SIGKILL)
                uuid = self.ostler("status", "--json", "--status", "QUEUED").json["jobs"][0]["uuid"]
                self.assert_kept_until_then(uuid)
                runner = [PREFIX / "libexec/ostler/ostler-job", "run", "--home", self.store, "--cpus", "0"]
                ended = subprocess.run(runner, env={**self.env, "OSTLER_TEST_DIE_AT": point}, check=False)
                self.assertEqual(ended.returncode, -signal.SIGKILL)
                self.assert_kept_until_then(uuid)
                self.assert_wiped(uuid, "COMPLETED")


    def queued(self):
        """One that a submit wrote down before it was killed: no runner was started for it."""
        env = {**self.env, "TOKEN": self.SECRET, "OSTLER_TEST_DIE_AT": "submit:renamed"}
        self.ostler("train", "fault", "-", stdin=TRAIN.read_text(), env=env, code=-signal.SIGKILL)
        [job] = self.ostler("status", "--json", "--status", "QUEUED").json["jobs"]
        self.assert_kept_until_then(job["uuid"])
        return job["uuid"]

    def test_a_job_that_cannot_be_started(self):
        uuid = self.queued()
        (self.store / "jobs" / uuid / "log").mkdir()
        self.ostler("dispatch")
        self.assert_wiped(uuid, "ERRORED")
        self.assertIn("could not be started", self.job(uuid)["errors"][0])

    def lose_database(self):
        for path in self.store.glob("jobs.db*"):
            path.unlink()

    def test_a_lost_job_that_a_repair_finds(self):
        uuid = self.waiting()
        self.kill("run", signal.SIGKILL)
        self.lose_database()
        self.ostler("doctor", "--repair")
        self.assert_wiped(uuid, "ERRORED")

    def test_an_ended_job_that_a_repair_finds(self):
        uuid = self.queued()
        runner = [PREFIX / "libexec/ostler/ostler-job", "run", "--home", self.store, "--cpus", "0"]
        subprocess.run(runner, env={**self.env, "OSTLER_TEST_DIE_AT": "outcome:linked"}, check=False)
        self.assert_kept_until_then(uuid)
        self.lose_database()
        self.ostler("doctor", "--repair")
        self.assert_wiped(uuid, "COMPLETED")

    def test_what_is_captured_is_never_shown(self):
        """By no command, while the job waits, runs, and when it has ended."""
        uuid = self.waiting("--save-path", "m")
        queued = self.queued()
        for moment in ("running", "ended"):
            for command in (["status"], ["status", "-v"], ["status", "--json", "-v"], ["status", uuid, "-v"],
                            ["status", uuid, queued, "--json", "-v"], ["logs", uuid, "-v"], ["logs", queued, "-v"],
                            ["result", "--no-wait", uuid, "-v"], ["config", "-v"], ["doctor", "-v"],
                            ["doctor", "--json", "-v"], ["doctor", "--repair", "-v"], ["cancel", queued, "-v"],
                            ["wait", queued, "-v"], ["prune", uuid, "--dry-run", "--json"]):
                with self.subTest(moment, command=command):
                    result = self.ostler(*command, code=None)
                    self.assertNotIn(self.SECRET, result.out + result.err)
            if moment == "running":
                # What holds it cannot be read: the error names the file, and nothing of it.
                (self.store / "jobs" / uuid / "spec.json").write_bytes(
                    (self.store / "jobs" / uuid / "environment").read_bytes())
                self.lose_database()
                result = self.ostler("doctor", "--repair", "-v", code=1)
                self.assertIn("spec.json", result.err)
                self.assertNotIn(self.SECRET, result.out + result.err)
                self.release()
                self.assertEqual(self.wait_for_silence(), {})


class LogTest(OstlerTest):
    def test_a_log_of_a_gigabyte_is_capped_by_a_hole_in_its_middle(self):
        """While the work still runs, and its two ends are kept."""
        written = 1_100_000_000
        job = self.fault_waiting(do="log,mark,wait", bytes=written)
        log = pathlib.Path(self.job(job)["log"])
        self.until(lambda: log.stat().st_blocks * 512 < 110 * MEGABYTE, "the log to be capped")
        self.release()
        self.wait_for(job)
        status = log.stat()
        self.assertGreater(status.st_size, written)
        self.assertLess(status.st_blocks * 512, 110 * MEGABYTE)
        shown = self.ostler("logs", job).raw
        self.assertGreater(len(shown), 40 * MEGABYTE)
        self.assertLess(len(shown), 110 * MEGABYTE)
        # Not by assertIn, which would print all of it.
        self.assertTrue(shown.startswith(b"fault: trains\n" + b"." * 99 + b"\n"))
        self.assertTrue(shown.endswith(b"." * 99 + b"\n"))
        self.assertEqual((shown.count(b"\0"), shown.count(b"the middle of this log was left out\n")), (0, 1))


if __name__ == "__main__":
    main()
