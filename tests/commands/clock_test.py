#!/usr/bin/env python3
"""The clock is set back by a day: order, durations, limits and selections stay sane."""
import datetime
import glob
import os
import pathlib
import re
import signal
import subprocess
import unittest

from support import DATA, SANITIZED, OstlerTest, main

IRIS = DATA / "iris.train.csv"
FAKETIME = glob.glob("/usr/lib/*/faketime/libfaketime.so.1")
ONE_AT_A_TIME = "model_management: {trainers: {default: {type: LOCAL, config: {max_concurrent: 1}}}}\n"


@unittest.skipIf(SANITIZED, "the sanitizers' library must be the first that is loaded")
@unittest.skipUnless(FAKETIME, "libfaketime is not installed (package faketime)")
class ClockTest(OstlerTest):
    """What tells the time is a file, which all programs of a test read: setting it back is seen by those that run."""

    def setUp(self):
        super().setUp()
        self.clock = self.directory / "clock"
        self.set_clock("+0")
        self.env.update(LD_PRELOAD=FAKETIME[0], FAKETIME_TIMESTAMP_FILE=str(self.clock), FAKETIME_NO_CACHE="1",
                        FAKETIME_DONT_FAKE_MONOTONIC="1")
        self.share_between_programs()

    def share_between_programs(self):
        """What libfaketime's programs share belongs to the first of them, here to one that lives as long as the test: where
        the first ends before those that it has started, they may fail."""
        # pylint: disable-next=consider-using-with
        owner = subprocess.Popen(["cat"], stdin=subprocess.PIPE, env={**os.environ, **self.env})
        self.addCleanup(owner.wait)
        self.addCleanup(owner.stdin.close)
        names = [f"/faketime_sem_{owner.pid}", f"/faketime_shm_{owner.pid}"]
        shared = pathlib.Path("/dev/shm")
        self.until(lambda: (shared / f"sem.{names[0][1:]}").exists() and (shared / names[1][1:]).exists(), "the clock")
        self.env["FAKETIME_SHARED"] = " ".join(names)

    def set_clock(self, offset):
        self.clock.with_suffix(".new").write_text(offset + "\n", encoding="ascii")
        self.clock.with_suffix(".new").rename(self.clock)

    def queued_without_a_runner(self, *more):
        self.ostler("train", "fault", IRIS, *more, env={**self.env, "OSTLER_TEST_DIE_AT": "submit:renamed"},
                    code=-signal.SIGKILL)
        return self.ostler("status", "--json", "--status", "QUEUED").json["jobs"][-1]["id"]

    def assert_sane(self, job):
        """Its times are in order, and of what it took."""
        info = self.job(job)
        times = [info[name] for name in ("submission_time", "start_time", "completion_time") if info[name]]
        self.assertEqual(times, sorted(times))
        took = datetime.datetime.fromisoformat(times[-1]) - datetime.datetime.fromisoformat(times[0])
        self.assertLess(took, datetime.timedelta(minutes=10))
        shown = self.ostler("status", job).out
        if info["start_time"]:
            self.assertRegex(shown, r"\nduration: \d")
            self.assertGreaterEqual(float(self.ostler("status", job, "--format", "{duration}").out), 0)
        self.assertNotIn("-", self.ostler("status", "--columns", "duration", "--csv").out)
        self.assertNotRegex(self.ostler("status").out, r"\s-\d")
        return info

    def test_the_clock_of_the_test_is_the_one_that_is_shown(self):
        self.set_clock("-1d")
        shown = self.job(self.fault("", "--wait"))["submission_time"]
        ago = datetime.datetime.now(datetime.timezone.utc) - datetime.datetime.fromisoformat(shown)
        self.assertGreater(ago, datetime.timedelta(hours=23))

    def test_while_a_job_runs(self):
        job = self.fault_waiting("-p", "rounds=2", "-p", f"gate={self.work / 'gate'}")
        self.set_clock("-1d")
        self.assertEqual(self.assert_sane(job)["status"], "RUNNING")
        self.release()
        self.write("gate", "1")
        self.until(lambda: (self.job(job)["progress"] or {}).get("done") == 1, "the first round")
        progress = self.job(job)["progress"]
        self.assertTrue(all(progress[name] is None or progress[name] >= 0 for name in ("rate", "eta")), progress)
        self.write("gate", "2")
        self.wait_for(job)
        self.assert_sane(job)

    def test_while_jobs_run_that_are_canceled_and_killed(self):
        canceled = self.fault_waiting()
        self.set_clock("-1d")
        self.ostler("cancel", canceled)
        self.assert_sane(canceled)
        (self.work / "marked").unlink()
        self.set_clock("+0")
        killed = self.fault_waiting()
        self.set_clock("-1d")
        self.kill("run", signal.SIGKILL)
        self.wait_for(killed, "ERRORED")
        self.assert_sane(killed)

    def test_while_jobs_are_queued(self):
        queued = [self.queued_without_a_runner() for _ in range(2)]
        self.set_clock("-1d")
        self.assertIn("2 queued, none running: ostler dispatch", self.ostler("status").err)
        self.ostler("cancel", queued[1])
        self.ostler("dispatch")
        self.wait_for(queued[0])
        for job in queued:
            self.assert_sane(job)

    def test_the_order_is_that_of_submission(self):
        self.configure(ONE_AT_A_TIME)
        running = self.fault_waiting()
        first = self.fault("arrive", "--id", "nightly", mark=self.work / "record")
        first = self.job(first)["uuid"]
        self.set_clock("-1d")
        second = self.fault("arrive", mark=self.work / "record")
        listed = [job["uuid"] for job in self.ostler("status", "--json").json["jobs"]]
        self.release()
        self.ostler("wait", running, first, second)
        self.fault("", "--id", "nightly", "--wait")
        jobs = self.ostler("status", "--json", "-n", "0").json["jobs"]
        second = self.job(second)["uuid"]
        self.assertEqual(listed[1:], [first, second])
        self.assertEqual([job["uuid"] for job in jobs[1:3]], [second, first])
        self.assertEqual(re.findall("arrive (.*)", (self.work / "record").read_text()), [first, second])
        self.assertEqual(self.job("nightly")["uuid"], jobs[0]["uuid"])  # the newest run
        for job in (running, first, second):
            self.assert_sane(job)

    def test_selectors_and_prune(self):
        future = self.fault("", "--wait")
        self.set_clock("-1d")
        now = self.fault("", "--wait")
        selected = lambda *selectors: {job["id"] for job in self.ostler("status", "--json", *selectors).json["jobs"]}
        self.assertEqual(selected("--since", "1h"), {future, now})
        self.assertEqual(selected("--until", "0"), {now})
        self.assertEqual(self.ostler("prune", "--older-than", "0").line, now)
        self.assertEqual(selected(), {future})
        self.set_clock("+1d")
        self.assertEqual(self.ostler("prune", "--older-than", "1h").line, future)

    def test_retention(self):
        self.configure("model_management: {trainers: {default: {type: LOCAL, config: {retention_duration: 1h}}}}\n")
        job = self.fault("", "--wait")
        self.set_clock("-1d")
        self.assert_sane(job)  # it is kept for longer, not forgotten before its time
        self.set_clock("+2h")
        self.ostler("status", job, code=3)

    def test_a_timeout_is_of_the_time_that_passes(self):
        job = self.fault_waiting()
        waiting = self.start("wait", job, "--timeout", "0.5s")
        self.set_clock("-1d")
        self.assertEqual(waiting.wait(60), 124)
        self.release()
        self.ostler("wait", job, "--timeout", "1m")


if __name__ == "__main__":
    main()
