#!/usr/bin/env python3
"""The queue of one trainer, and ostler dispatch, which takes it up when nobody else does."""
import contextlib
import os
import signal

from support import DATA, SANITIZED, OstlerTest, main

ONE_AT_A_TIME = "model_management: {trainers: {default: {type: LOCAL, config: {max_concurrent: 1}}}}\n"


class AccountTest(OstlerTest):
    def test_each_job_is_charged_for_its_own_work(self):
        """A runner is the parent of the runners that it launches, and sees what they have used."""
        one = {**self.env, "OSTLER_TEST_DIE_AT": "submit:renamed"}  # nobody starts it
        self.ostler("train", "fault", *self.fault_arguments("wait", {"file": self.work / "released"}), env=one,
                    code=-signal.SIGKILL)
        self.ostler("train", "fault", *self.fault_arguments("memory", {"bytes": 400_000_000}), env=one,
                    code=-signal.SIGKILL)
        small, large = [job["id"] for job in self.ostler("status", "--json").json["jobs"]]
        self.ostler("dispatch")
        self.wait_for(large)
        self.release()
        self.wait_for(small)
        used = [self.job(job)["resources"]["max_rss"] for job in (small, large)]
        self.assertGreater(used[1], 400_000_000)
        self.assertLess(used[0], 300_000_000)


class DispatchTest(OstlerTest):
    def setUp(self):
        super().setUp()
        self.configure(ONE_AT_A_TIME)

    def stand_still(self):
        """A queue that nobody works on; gives the job that was killed and the ones that wait."""
        killed = self.fault_waiting()
        queued = [self.fault("", value=number) for number in range(3)]
        for role in ("run", "work"):
            self.kill(role, signal.SIGKILL)
        return killed, queued

    def test_one_after_the_other_in_order(self):
        """[JOB-12]"""
        first = self.fault_waiting()
        others = [self.fault() for _ in range(4)]
        self.assertEqual({self.job(job)["status"] for job in others}, {"QUEUED"})
        self.release()
        self.ostler("wait", first, *others)
        spans = [(info["start_time"], info["completion_time"]) for info in map(self.job, [first, *others])]
        for (_, end), (start, _) in zip(spans, spans[1:]):
            self.assertLessEqual(end, start)

    def test_queued_jobs_have_no_process(self):
        first = self.fault_waiting()
        before = self.processes()
        others = [self.fault() for _ in range(4)]
        self.until(lambda: len(self.processes()) <= len(before), "what they launched to end")
        self.assertEqual(self.processes(), before)  # a runner and its worker
        self.ostler("cancel", *others)
        self.release()
        self.wait_for(first)

    def test_dispatch_takes_up_a_queue_that_stands(self):
        killed, queued = self.stand_still()
        self.until(lambda: "ostler dispatch" in self.ostler("status").err, "status to say that the queue stands")
        self.assertEqual(self.ostler("dispatch").out, "")
        for job in queued:
            self.wait_for(job)
        self.assertEqual(self.job(killed)["status"], "ERRORED")

    def test_with_nothing_to_do(self):
        self.ostler("dispatch")
        self.assertFalse(self.store.exists())
        self.wait_for(self.fault())
        self.ostler("dispatch")


class AllRunnersKilledTest(OstlerTest):
    """A hundred jobs are queued when all runners are killed, and again later: whoever comes next takes the queue up."""

    COUNT, LEGS = (20, (7, 14, 20)) if SANITIZED else (100, (35, 70, 100))

    def kill_all(self):
        """Runners first: their workers die with them. One may launch another meanwhile."""
        while (running := self.processes()):
            for pid in sorted(running, key=lambda pid: running[pid][1:2] != ["run"]):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    def test_whoever_comes_takes_it_up(self):
        self.configure("model_management: {trainers: {default: {type: LOCAL, config: {max_concurrent: 2}}}}\n")
        first = [self.job(self.fault("arrive,wait", mark=self.work / "record", file=self.work / "released"))["uuid"]
                 for _ in range(2)]
        # Each leg of the queue begins with two jobs that wait, so that the queue stands where it is to be killed.
        queued = []
        for number in range(self.COUNT):
            waits = number + 2 in self.LEGS[:2] or number + 1 in self.LEGS[:2]
            queued.append(self.fault("arrive,wait" if waits else "arrive", mark=self.work / "record",
                                     file=self.work / "released"))
        record = self.work / "record"
        begun = lambda count: self.until(lambda: record.exists() and len(record.read_text().splitlines()) == count + 2,
                                         f"{count} of the queue to have begun")
        begun(0)
        self.kill_all()
        says = f"{self.COUNT} queued, none running: ostler dispatch"
        self.until(lambda: says in self.ostler("status").err, "status to say that the queue stands")
        self.assert_silence()  # status starts nothing

        self.ostler("wait", queued[self.LEGS[0] - 3])
        begun(self.LEGS[0])
        self.kill_all()
        self.ostler("train", "fault", DATA / "iris.train.csv", "--id", "last")
        begun(self.LEGS[1])
        self.kill_all()
        self.assertEqual(self.job("last")["status"], "QUEUED")
        self.ostler("dispatch")
        self.wait_for("last")
        self.ostler("wait", *queued, code=6)  # two at a time: one may end after the last

        jobs = {job["id"]: job for job in self.ostler("status", "--json", "-n", "0").json["jobs"]}
        killed = {number for end in self.LEGS[:2] for number in (end - 2, end - 1)}
        for number, job in enumerate(queued):
            wanted = ("ERRORED", "lost", 1) if number in killed else ("COMPLETED", None, 1)
            self.assertEqual((jobs[job]["status"], jobs[job]["reason"], jobs[job]["attempt"]), wanted, number)
        self.assertEqual(sorted(record.read_text().split()[1::2]),
                         sorted(first + [jobs[job]["uuid"] for job in queued]), "each begins once")


if __name__ == "__main__":
    main()
