#!/usr/bin/env python3
"""ostler cancel: on its return nothing of the work is left."""
import json
import os
import signal
import time

from support import DATA, SANITIZED, OstlerTest, is_stopped, main


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
        job = self.fault_waiting("--save-path", "m", do="child,stubborn,daemon,stubborn_daemon,ignore_term,mark,wait")
        self.until(lambda: sum(command[0].endswith("sleep") for command in self.processes().values()) >= 4, "children")
        self.canceled(job)

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

    def test_a_race_with_the_end_has_one_outcome(self):
        """[JOB-14] The same for all that wait and look, in processes of their own; the model is there or it is not."""
        lead, step, ends = 0.0, 0.002, []  # by how much the end comes before the cancel
        for number in range(12 if SANITIZED else 30):
            job = self.fault("mark,wait", "--save-path", f"m{number}", mark=self.work / f"marked{number}",
                             file=self.work / f"released{number}")
            readers = [self.start("wait", job), self.start("result", job)]
            self.until((self.work / f"marked{number}").exists, "the work to begin", job)
            canceler = self.start("cancel", job) if lead < 0 else None
            time.sleep(max(-lead, 0))
            self.write(f"released{number}", "")
            time.sleep(max(lead, 0))
            canceler = canceler or self.start("cancel", job)
            self.assertEqual(canceler.wait(), 0)
            status = self.job(job)["status"]
            ends.append(status)
            # Towards the moment at which either may win, faster and faster while the same one does.
            step = 2 * step if ends[-2:] == [status, status] else 0.002
            lead += step if status == "CANCELED" else -step
            code = {"COMPLETED": 0, "CANCELED": 5}[status]
            self.assertEqual([reader.wait() for reader in readers], [code, code])
            self.assertEqual(self.job(job)["status"], status)
            record = json.loads((self.store / "jobs" / self.job(job)["uuid"] / "outcome.json").read_text())
            self.assertEqual(record["status"], status)
            self.assertEqual((self.work / f"m{number}").exists(), status == "COMPLETED")
            if status == "COMPLETED":
                self.ostler("load", f"m{number}")
        self.assertEqual(self.wait_for_silence(), {})
        self.assertEqual([name for name in os.listdir(self.work) if name.startswith(".")], [])
        self.assertEqual(len(set(ends)), 2, ends)

    def test_several_at_once_have_one_outcome(self):
        """[JOB-14]"""
        job = self.fault_waiting()
        cancelers = [self.start("cancel", job) for _ in range(4)]
        self.assertEqual([process.wait() for process in cancelers], [0] * 4)
        self.assertEqual(self.job(job)["status"], "CANCELED")

    def test_one_that_others_cancel_and_prune_meanwhile(self):
        """A cancel that comes late finds what it wanted; what else it was told to cancel is canceled."""
        self.configure("model_management: {trainers: {default: {type: LOCAL, config: {max_concurrent: 1}}}}\n")
        running = self.fault_waiting()
        queued, last = self.fault(), self.fault()
        late = self.start("cancel", queued, last, env={**self.env, "OSTLER_TEST_STOP_AT": "cancel:recorded"})
        self.until(lambda: is_stopped(late.pid), "the cancel to stop")
        self.ostler("cancel", queued)
        self.ostler("prune", queued)
        late.send_signal(signal.SIGCONT)
        out, err = late.communicate()
        self.assertEqual((late.returncode, out), (0, b""), err)
        self.assertEqual(self.job(last)["status"], "CANCELED")
        self.release()
        self.wait_for(running)

    def test_without_an_id_nothing_is_canceled(self):
        job = self.fault_waiting()
        self.ostler("cancel", code=2)
        self.ostler("cancel", "", code=2)
        self.assertEqual(self.job(job)["status"], "RUNNING")
        self.release()
        self.wait_for(job)

    def test_the_work_and_its_children_may_clean_up(self):
        """TERM reaches all of the tree, and there is time."""
        self.write("child.sh", "trap 'echo cleaned >cleaned; exit' TERM\necho $$ >child.new\nmv child.new child\n"
                               "while :; do sleep 0.05; done\n")
        self.write("train.sh", "sh child.sh &\nwait\n")
        self.env.pop("OSTLER_MODULE_DIRECTORIES")
        self.configure(json.dumps({"modules": {"churn": {"type": "command", "config": {
            "train": ["/bin/sh", str(self.work / "train.sh")], "run": ["true"]}}},
            "model_management": {"trainers": {"default": {"type": "LOCAL", "config": {"cancel_grace": "60s"}}}}}))
        job = self.train("churn", DATA / "iris.train.csv", "--save-path", "m")
        self.until((self.work / "child").exists, "the child", job)
        self.ostler("cancel", job)
        self.assertEqual((self.work / "cleaned").read_text(), "cleaned\n")
        self.assertEqual(self.wait_for_silence(), {})

    def test_a_program_has_its_time_and_is_heard(self):
        """It is not killed because ostler's own process beside it has ended before."""
        for end in ("exit 0", "exit 3", "trap - TERM; kill $$"):
            with self.subTest(end=end):
                self.write("train.sh", f"trap 'echo saving >&2; sleep 0.5; echo saved >saved; echo done >&2; {end}' TERM\n"
                                       "echo >begun\nwhile :; do sleep 0.05; done\n")
                self.env.pop("OSTLER_MODULE_DIRECTORIES", None)
                self.configure(json.dumps({"modules": {"churn": {"type": "command", "config": {
                    "train": ["/bin/sh", str(self.work / "train.sh")], "run": ["true"]}}},
                    "model_management": {"trainers": {"default": {"type": "LOCAL", "config": {"cancel_grace": "60s"}}}}}))
                job = self.train("churn", DATA / "iris.train.csv", "--save-path", "m")
                self.until((self.work / "begun").exists, "the program", job)
                self.ostler("cancel", job)
                self.assertEqual(self.job(job)["status"], "CANCELED")
                self.assertEqual((self.work / "saved").read_text(), "saved\n")
                log = self.ostler("logs", job).out
                self.assertIn("saving\n", log)
                self.assertIn("done\n", log)
                self.assertFalse((self.work / "m").exists())
                (self.work / "saved").unlink()
                (self.work / "begun").unlink()

    def test_other_jobs_are_left_alone(self):
        other = self.fault("child,daemon,mark,wait", mark=self.work / "other", file=self.work / "released")
        self.until((self.work / "other").exists, "the other training to begin", other)
        self.until(lambda: sum(command[0].endswith("sleep") for command in self.processes().values()) == 2, "children")
        before = self.processes()
        self.ostler("cancel", self.fault_waiting(do="child,daemon,mark,wait"))
        self.until(lambda: len(self.processes()) == len(before), "the runner's end")
        self.assertEqual(self.processes(), before)
        self.release()
        self.wait_for(other)

    def test_one_that_is_stopped(self):
        job = self.fault_waiting("--save-path", "m")
        self.kill("work", signal.SIGSTOP)
        self.canceled(job)


if __name__ == "__main__":
    main()
