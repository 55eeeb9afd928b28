#!/usr/bin/env python3
"""ostler logs: what the work printed."""
import os
import pathlib
import signal

from support import DATA, OstlerTest, main


class LogsTest(OstlerTest):
    def test_both_outputs_of_the_work_are_there(self):
        job = self.fault("stdout,log", message="said by the library", bytes=1000)
        self.wait_for(job)
        out = self.ostler("logs", job).out
        self.assertEqual(out.count("said by the library"), 2)
        self.assertEqual(out.count("." * 99), 10)
        self.assertIn("fault: trains", out)

    def test_what_ostler_says_has_lines_of_its_own(self):
        program = self.write("fails.sh", "#!/bin/sh\nprintf 'no end of line'\nexit 3\n")
        program.chmod(0o755)
        job = self.ostler("train", "./fails.sh", DATA / "iris.train.csv").out.strip()
        self.ostler("wait", job, code=6)
        self.assertRegex(self.ostler("logs", job).out, "(?m)no end of line\nerror: the program")

    def test_of_a_running_job(self):
        job = self.fault_waiting(do="stdout,mark,wait", message="so far")
        self.assertIn("so far", self.ostler("logs", job).out)
        self.release()
        self.wait_for(job)

    def test_followed_to_the_end(self):
        job = self.fault_waiting(do="mark,wait,stdout", message="at last")
        following = self.start("logs", "-f", job)
        self.release()
        out, _ = following.communicate()
        self.assertIn("at last", out.decode())
        self.assertEqual(following.returncode, 0)

    def test_followed_from_the_queue_with_the_jobs_code(self):
        self.configure("model_management: {trainers: {default: {type: LOCAL, config: {max_concurrent: 1}}}}\n")
        self.fault_waiting()
        job = self.fault("stdout,throw", message="its words")
        following = self.start("logs", "-f", job)
        self.until(lambda: following.poll() is not None or self.waits(following.pid), "it to wait")
        self.assertEqual(self.job(job)["status"], "QUEUED")
        self.release()
        out, _ = following.communicate()
        self.assertIn("its words\nits words\n", out.decode())
        self.assertEqual(following.returncode, 6)
        self.ostler("logs", "-f", "deadbeef", code=3)

    @staticmethod
    def waits(pid):
        """It has the watch with which it waits."""
        links = [os.readlink(entry) for entry in pathlib.Path(f"/proc/{pid}/fd").iterdir() if entry.is_symlink()]
        return "anon_inode:inotify" in links

    def test_followed_with_a_timeout(self):
        job = self.fault_waiting()
        self.ostler("logs", "-f", job, "--timeout", "0.2s", code=124)
        self.release()
        self.wait_for(job)

    def test_a_large_log(self):
        job = self.fault("log", bytes=5_000_000)
        self.wait_for(job)
        self.assertGreater(len(self.ostler("logs", job).out), 5_000_000)

    def test_of_a_killed_worker(self):
        job = self.fault_waiting(do="stdout,mark,wait", message="last words")
        self.kill("work", signal.SIGKILL)
        self.wait_for(job, "ERRORED")
        self.assertIn("last words", self.ostler("logs", job).out)

    def test_usage(self):
        self.refused(2, "logs")
        self.refused(2, "logs", "")


if __name__ == "__main__":
    main()
