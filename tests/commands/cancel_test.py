#!/usr/bin/env python3
"""ostler cancel: on its return nothing of the work is left."""
import os
import signal

from support import OstlerTest, main


class CancelTest(OstlerTest):
    def canceled(self, job):
        """Cancels; afterwards no process but, for a moment, the runner is left, nor a trace at the save path."""
        self.assertEqual(self.ostler("cancel", job).out, "")
        left = [command for command in self.processes().values() if os.path.basename(command[0]) != "ostler-job"]
        self.assertEqual(left, [])
        self.assertEqual(self.pid_of("work"), 0)
        info = self.job(job)
        self.assertEqual((info["status"], info["result"]), ("CANCELED", None))
        self.assertEqual([name for name in os.listdir(self.work) if name != "marked"], [])
        return info

    def test_a_running_job(self):
        """[JOB-3] It returns when nothing of the tree is left."""
        self.canceled(self.fault_waiting("--save-path", "m"))

    def test_children_daemons_and_the_stubborn(self):
        """[JOB-3]"""
        job = self.fault_waiting("--save-path", "m", do="child,daemon,mark,wait")
        self.until(lambda: sum(command[0].endswith("sleep") for command in self.processes().values()) >= 2, "children")
        self.canceled(job)

    def test_one_that_ignores_TERM(self):
        self.configure("model_management: {trainers: {default: {type: LOCAL, config: {cancel_grace: 0.3s}}}}\n")
        self.canceled(self.fault_waiting("--save-path", "m", do="stubborn,ignore_term,mark,wait"))

    def test_a_queued_job(self):
        self.configure("model_management: {trainers: {default: {type: LOCAL, config: {max_concurrent: 1}}}}\n")
        running = self.fault_waiting()
        queued = self.fault("", "--save-path", "m")
        self.assertEqual(self.job(queued)["status"], "QUEUED")
        self.ostler("cancel", queued)
        info = self.job(queued)
        self.assertEqual((info["status"], info["start_time"]), ("CANCELED", None))
        self.assertIsNotNone(info["completion_time"])
        self.release()
        self.wait_for(running)
        self.assertEqual(self.wait_for_silence(), {})
        self.assertEqual(self.job(queued)["status"], "CANCELED")
        self.assertFalse((self.work / "m").exists())

    def test_JOB_14_cancel_of_an_ended_job_changes_nothing_and_says_so(self):
        """[JOB-14]"""
        for do, status in (("", "COMPLETED"), ("throw", "ERRORED")):
            job = self.fault(do)
            before = self.wait_for(job, status)
            result = self.ostler("cancel", job)
            self.assertIn(status, result.err)
            self.assertEqual(self.job(job), before)

    def test_JOB_14_a_canceled_job_stays_canceled(self):
        """[JOB-14]"""
        job = self.fault_waiting("--save-path", "m")
        before = self.canceled(job)
        self.release()
        self.ostler("cancel", job)
        self.assertEqual(self.wait_for_silence(), {})
        self.assertEqual(self.job(job), before)

    def test_several_at_once_have_one_outcome(self):
        """[JOB-14]"""
        job = self.fault_waiting()
        cancelers = [self.start("cancel", job) for _ in range(4)]
        self.assertEqual([process.wait() for process in cancelers], [0] * 4)
        self.assertEqual(self.job(job)["status"], "CANCELED")

    def test_without_an_id_nothing_is_canceled(self):
        job = self.fault_waiting()
        self.ostler("cancel", code=2)
        self.ostler("cancel", "", code=2)
        self.assertEqual(self.job(job)["status"], "RUNNING")
        self.release()
        self.wait_for(job)

    def test_one_that_is_stopped(self):
        job = self.fault_waiting("--save-path", "m")
        self.kill("work", signal.SIGSTOP)
        self.canceled(job)


if __name__ == "__main__":
    main()
