#!/usr/bin/env python3
"""The queue of one trainer, and ostler dispatch, which takes it up when nobody else does."""
import os
import signal

from support import OstlerTest, main

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

    def test_dispatch_takes_up_a_queue_that_stands(self):
        killed, queued = self.stand_still()
        self.until(lambda: "ostler dispatch" in self.ostler("status").err, "status to say that the queue stands")
        self.assertEqual(self.ostler("dispatch").out, "")
        for job in queued:
            self.wait_for(job)
        self.assertEqual(self.job(killed)["status"], "ERRORED")

    def test_so_does_the_next_submit(self):
        _, queued = self.stand_still()
        self.fault()
        for job in queued:
            self.wait_for(job)

    def test_so_does_wait(self):
        _, queued = self.stand_still()
        self.ostler("wait", queued[2])

    def test_with_nothing_to_do(self):
        self.ostler("dispatch")
        self.assertFalse(self.store.exists())
        self.wait_for(self.fault())
        self.ostler("dispatch")


if __name__ == "__main__":
    main()
