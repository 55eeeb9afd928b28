#!/usr/bin/env python3
"""ostler wait: until the end, with the job's code."""
import signal

from support import OstlerTest, main


class WaitTest(OstlerTest):
    def test_JOB_6_it_returns_at_once_when_the_job_has_ended(self):
        """[JOB-6]"""
        job = self.fault()
        self.wait_for(job)
        result = self.ostler("wait", job)
        self.assertEqual(result.out, "")

    def test_JOB_6_several_wait_in_several_processes(self):
        """[JOB-6]"""
        job = self.fault_waiting()
        waiting = [self.start("wait", job) for _ in range(4)]
        self.ostler("wait", job, "--timeout", "0.1s", code=124)
        self.assertEqual([process.poll() for process in waiting], [None] * 4)
        self.release()
        self.assertEqual([process.wait() for process in waiting], [0] * 4)

    def test_codes(self):
        self.ostler("wait", self.fault("throw"), code=6)
        job = self.fault_waiting()
        self.ostler("cancel", job)
        self.ostler("wait", job, code=5)

    def test_of_several_the_first_that_did_not_complete_counts(self):
        good, bad = self.fault(), self.fault("throw")
        canceled = self.fault_waiting()
        self.ostler("cancel", canceled)
        self.ostler("wait", good, good)
        self.ostler("wait", good, bad, canceled, code=6)
        self.ostler("wait", good, canceled, bad, code=5)

    def test_an_unknown_one_among_several_is_said_before_waiting(self):
        job = self.fault_waiting()
        self.ostler("wait", job, "deadbeef", code=3)
        self.release()
        self.wait_for(job)

    def test_a_failed_job_says_why(self):
        self.assertIn("this is why", self.ostler("wait", self.fault("throw", message="this is why"), code=6).err)

    def test_without_an_id_nothing_is_waited_for(self):
        self.refused(2, "wait")
        self.refused(2, "wait", "")

    def test_a_bad_timeout(self):
        job = self.fault()
        self.wait_for(job)
        for text in ("soon", "-1", "1h1d", "1.5m", ""):
            self.refused(2, "wait", job, f"--timeout={text}", says="timeout")

    def test_interrupted_the_job_goes_on(self):
        job = self.fault_waiting()
        for command in (("wait", job), ("result", job)):
            waiting = self.start(*command)
            # It has begun to wait when it has its handler: then the signal is caught.
            self.until(lambda: self.catches(waiting.pid, signal.SIGINT), "the handler")
            waiting.send_signal(signal.SIGINT)
            self.assertEqual(waiting.wait(), 130)
        self.assertEqual(self.job(job)["status"], "RUNNING")
        self.release()
        self.wait_for(job)

    @staticmethod
    def catches(pid, number):
        with open(f"/proc/{pid}/status", encoding="ascii") as status:
            caught = next(int(line.split()[1], 16) for line in status if line.startswith("SigCgt:"))
        return caught >> (number - 1) & 1


if __name__ == "__main__":
    main()
