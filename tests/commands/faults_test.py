#!/usr/bin/env python3
"""What goes wrong: killed runners and workers, modules that crash or leave children, terminals that close."""
import contextlib
import json
import os
import pathlib
import pty
import resource
import signal
import subprocess
import sys
import unittest

from support import DATA, OSTLER, SANITIZED, OstlerTest, main

IRIS = DATA / "iris.train.csv"


class FaultBase(OstlerTest):
    def errored(self, job, reason, *says):
        """The job is ERRORED for the reason, with the texts in its error, nothing of it runs, nothing is at `m`."""
        info = self.wait_for(job, "ERRORED")
        self.assertEqual(info["reason"], reason, info["errors"])
        self.assertTrue(info["errors"])
        for text in says:
            self.assertIn(text, info["errors"][0])
        self.assertIsNotNone(info["completion_time"])
        self.assertIsNone(info["result"])
        self.assertEqual(self.wait_for_silence(), {})
        self.assertEqual([name for name in os.listdir(self.work) if name not in ("marked", "released")], [])
        result = self.ostler("wait", job, code=6)
        self.assertIn(info["errors"][0].splitlines()[0][:60], result.err)
        return info


class KillTest(FaultBase):
    def start_job(self, do="mark,wait"):
        return self.fault_waiting("--save-path", "m", do=do)

    def test_JOB_5_the_worker_is_killed(self):
        """[JOB-5]"""
        job = self.start_job()
        self.kill("work", signal.SIGKILL)
        info = self.errored(job, "signal", "9")
        self.assertEqual((info["signal"], info["exit_status"]), (9, None))

    def test_JOB_5_the_worker_is_terminated(self):
        """[JOB-5]"""
        job = self.start_job()
        self.kill("work", signal.SIGTERM)
        self.assertEqual(self.errored(job, "signal", "15")["signal"], 15)

    def test_the_runner_is_killed(self):
        job = self.start_job(do="child,daemon,stubborn,stubborn_daemon,mark,wait")
        self.kill("run", signal.SIGKILL)
        # The next look says it, and when it has said so, nothing is left.
        self.assertEqual(self.job(job)["status"], "ERRORED")
        self.assert_silence()
        self.errored(job, "lost")

    def test_both_are_killed(self):
        job = self.start_job(do="daemon,mark,wait")
        for role in ("run", "work"):
            self.kill(role, signal.SIGKILL)
        self.assertEqual(self.job(job)["status"], "ERRORED")
        self.assert_silence()
        self.errored(job, "lost")

    def test_everything_is_killed_and_wait_is_the_next_look(self):
        job = self.start_job()
        waiting = self.start("wait", job)
        for role in ("run", "work"):
            self.kill(role, signal.SIGKILL)
        waiting.communicate()
        self.assertEqual(waiting.returncode, 6)
        self.errored(job, "lost")

    def test_many_look_at_once(self):
        job = self.start_job()
        for role in ("run", "work"):
            self.kill(role, signal.SIGKILL)
        looks = [self.start("status", job, "--json") for _ in range(6)]
        said = [json.loads(look.communicate()[0])["jobs"][0] for look in looks]
        # One settles; who looks at that very moment may still see it running.
        self.assertIn(("ERRORED", "lost"), [(info["status"], info["reason"]) for info in said])
        self.assertEqual(self.job(job)["status"], "ERRORED")
        self.errored(job, "lost")

    def test_a_cancel_that_meets_a_dead_runner(self):
        job = self.start_job()
        for role in ("run", "work"):
            self.kill(role, signal.SIGKILL)
        self.ostler("cancel", job)
        self.assertIn(self.job(job)["status"], ("CANCELED", "ERRORED"))
        self.assert_silence()

    def test_an_earlier_model_survives(self):
        self.wait_for(self.fault("", "--save-path", "m", value="old"))
        before = self.tree(self.work / "m")
        job = self.start_job()
        for role in ("run", "work"):
            self.kill(role, signal.SIGKILL)
        self.wait_for(job, "ERRORED")
        self.assertEqual(self.tree(self.work / "m"), before)
        self.assertEqual(self.ostler("result", job, code=6).out, "")  # and is no result of this job

    def test_a_detached_prediction_is_killed(self):
        self.wait_for(self.fault("wait", "--save-path", "models/m", where="run", file="/nowhere"))
        job = self.ostler("predict", "-d", "m", IRIS, "-o", "out.csv").line
        self.until(lambda: self.pid_of("work"), "a worker")
        self.until(lambda: self.job(job)["status"] == "RUNNING", "it to run")
        self.kill("work", signal.SIGKILL)
        self.wait_for(job, "ERRORED")
        self.assertEqual(self.wait_for_silence(), {})
        self.assertEqual(os.listdir(self.work), ["models"])


class CrashTest(FaultBase):
    def test_JOB_16_exit_zero_without_a_result_is_errored(self):
        """[JOB-16]"""
        for do in ("exit", "_exit"):
            job = self.fault(do, "--save-path", "m", code=0)
            info = self.errored(job, "exit", "ended without a result")
            self.assertEqual(info["exit_status"], 0)

    def test_JOB_16_exit_zero_while_saving(self):
        """[JOB-16]"""
        self.errored(self.fault("_exit", "--save-path", "m", where="save"), "exit", "ended without a result")

    def test_JOB_5_another_exit_status(self):
        """[JOB-5]"""
        info = self.errored(self.fault("_exit", "--save-path", "m", code=3), "exit", "3")
        self.assertEqual((info["exit_status"], info["signal"]), (3, None))

    def test_JOB_5_a_status_that_looks_like_a_signal(self):
        """[JOB-5]"""
        info = self.errored(self.fault("_exit", "--save-path", "m", code=137), "exit", "137")
        self.assertEqual(info["exit_status"], 137)

    def test_crash(self):
        self.assertEqual(self.errored(self.fault("crash", "--save-path", "m"), "signal", "SIGSEGV")["signal"], 11)

    def test_abort_and_terminate(self):
        for do in ("abort", "terminate"):
            info = self.errored(self.fault(do, "--save-path", "m"), "signal", "SIGABRT")
            self.assertEqual(info["signal"], signal.SIGABRT)

    def test_JOB_4_exceptions(self):
        """[JOB-4]"""
        for do in ("throw", "throw_internal", "throw_std"):
            self.errored(self.fault(do, "--save-path", "m", message="the very words"), "module", "the very words")
        self.errored(self.fault("throw_other", "--save-path", "m"), "module")

    def test_before_its_first_step(self):
        """The error of a job that did not come as far as its module is told by status and by its log."""
        place = self.directory / "place"
        place.mkdir()
        self.ostler("train", "fault", IRIS, "--save-path", self.work / "m", cwd=place, code=-signal.SIGKILL,
                    env={**self.env, "OSTLER_TEST_DIE_AT": "submit:renamed"})
        job = self.ostler("status", "--json").json["jobs"][0]["id"]
        place.rmdir()
        self.ostler("dispatch")
        self.errored(job, "user", str(place))
        self.assertIn(str(place), self.ostler("logs", job).out)

    def test_out_of_the_save(self):
        self.errored(self.fault("throw", "--save-path", "m", where="save", message="no pen"), "module", "no pen")

    @unittest.skipIf(SANITIZED, "the sanitizer needs terabytes of address space")
    def test_memory_that_is_refused_is_an_error_of_the_module(self):
        limit = (1 << 30, 1 << 30)
        job = self.train("fault", *self.fault_arguments("memory", {}), "--save-path", "m",
                         preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, limit))
        self.errored(job, "module", "memory")

    def test_a_closed_standard_output_does_not_matter(self):
        self.wait_for(self.fault("close", "--save-path", "m"))
        self.ostler("load", "m")


@unittest.skipUnless(os.geteuid() == 0, "needs a user who may make a control group")
class OutOfMemoryTest(FaultBase):
    """In a control group that may use little memory, where the kernel ends what takes more."""
    LIMIT = (1 << 30) if SANITIZED else (128 << 20)

    def setUp(self):
        super().setUp()
        self.group = self.make_group()
        if not self.group:
            self.skipTest("no control group with a limit of memory can be made here")

    def make_group(self):
        """Below this process's own in version 1, at the root in version 2, which has no processes in other inner nodes."""
        name = f"ostler-test-{os.getpid()}"
        first = pathlib.Path("/sys/fs/cgroup/memory")
        for line in pathlib.Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines():
            _, controllers, own = line.split(":", 2)
            if "memory" in controllers.split(",") and (first / own.lstrip("/")).is_dir():
                first /= own.lstrip("/")
        for parent, limit in ((first, "memory.limit_in_bytes"), (pathlib.Path("/sys/fs/cgroup"), "memory.max")):
            try:
                if limit == "memory.max":
                    (parent / "cgroup.subtree_control").write_text("+memory", encoding="utf-8")
                (parent / name).mkdir()
                self.addCleanup(lambda path=parent / name: self.until(lambda: removed(path), "the end of the group"))
                (parent / name / limit).write_text(str(self.LIMIT), encoding="utf-8")
                return parent / name
            except OSError:
                continue
        return None

    def enter(self):
        (self.group / "cgroup.procs").write_text("0", encoding="utf-8")

    def test_the_kernel_kills_the_work_for_memory(self):
        job = self.train("fault", *self.fault_arguments("daemon,memory", {}), "--save-path", "m", preexec_fn=self.enter)
        info = self.errored(job, "out_of_memory", "memory")
        self.assertEqual((info["signal"], info["exit_status"]), (9, None))

    def test_a_kill_beside_it_is_a_kill(self):
        """What the kernel does to others is not taken for the end of a job that somebody else has killed."""
        job = self.fault_waiting("--save-path", "m")
        takes = [sys.executable, "-c", f"b'x' * {4 * self.LIMIT}"]
        self.assertEqual(subprocess.run(takes, check=False, preexec_fn=self.enter).returncode, -signal.SIGKILL)
        self.kill("work", signal.SIGKILL)
        self.errored(job, "signal")


def removed(group):
    with contextlib.suppress(OSError):
        group.rmdir()
    return not group.exists()


class ChildrenTest(FaultBase):
    def test_children_that_are_left_do_not_change_the_status(self):
        job = self.fault("child,daemon,stubborn,stubborn_daemon", "--save-path", "m")
        self.wait_for(job)
        # What is left of the tree is killed before the outcome is written.
        left = [command for command in self.processes().values() if os.path.basename(command[0]) != "ostler-job"]
        self.assertEqual(left, [])
        self.ostler("load", "m")

    def test_children_of_a_crash(self):
        job = self.fault("child,daemon,stubborn,crash", "--save-path", "m")
        self.wait_for(job, "ERRORED")
        left = [command for command in self.processes().values() if os.path.basename(command[0]) != "ostler-job"]
        self.assertEqual(left, [])
        self.errored(job, "signal")


class TerminalTest(FaultBase):
    def in_a_terminal(self, script):
        """Runs a shell script with a terminal of its own; gives its pid and the terminal's other side."""
        pid, terminal = pty.fork()
        if pid == 0:
            with contextlib.suppress(BaseException):
                os.chdir(self.work)
                os.execve("/bin/sh", ["sh", "-c", script, OSTLER, str(IRIS)], self.env)
            os._exit(127)
        return pid, terminal

    def close(self, pid, terminal):
        os.close(terminal)  # the kernel hangs up: SIGHUP to the session
        os.waitpid(pid, 0)

    def test_closing_the_terminal_ends_no_job(self):
        pid, terminal = self.in_a_terminal(
            '"$0" train fault "$1" -p do=mark,wait -p mark=marked -p file=released --save-path m >id.new; mv id.new id;'
            ' exec cat')
        self.until(lambda: (self.work / "marked").exists() and (self.work / "id").exists(), "the training to begin")
        self.close(pid, terminal)
        job = (self.work / "id").read_text().strip()
        self.assertEqual(self.job(job)["status"], "RUNNING")
        self.release()
        self.wait_for(job)
        self.ostler("load", "m")

    def test_closing_the_terminal_of_one_that_waits(self):
        pid, terminal = self.in_a_terminal(
            'exec "$0" train fault "$1" -p do=mark,wait -p mark=marked -p file=released --save-path m --wait')
        self.until((self.work / "marked").exists, "the training to begin")
        self.close(pid, terminal)
        job = self.ostler("status", "--json").json["jobs"][0]
        self.assertEqual(job["status"], "RUNNING")
        self.release()
        self.wait_for(job["id"])

    def test_an_interrupt_at_the_terminal_reaches_no_job(self):
        pid, terminal = self.in_a_terminal(
            'exec "$0" train fault "$1" -p do=mark,wait -p mark=marked -p file=released --save-path m --wait')
        self.until((self.work / "marked").exists, "the training to begin")
        os.write(terminal, b"\x03")
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        os.close(terminal)
        self.assertEqual(code, 130)
        job = self.ostler("status", "--json").json["jobs"][0]
        self.assertEqual(job["status"], "RUNNING")
        self.release()
        self.wait_for(job["id"])

    def test_a_submitter_that_is_killed_takes_nothing_with_it(self):
        waiting = self.start("train", "fault", IRIS, "-p", "do=mark,wait", "-p", f"mark={self.work / 'marked'}", "-p",
                             f"file={self.work / 'released'}", "--wait")
        self.until((self.work / "marked").exists, "the training to begin")
        waiting.kill()
        waiting.wait()
        job = self.ostler("status", "--json").json["jobs"][0]
        self.assertEqual(job["status"], "RUNNING")
        self.release()
        self.wait_for(job["id"])


@unittest.skipUnless(os.geteuid() == 0, "needs a user who may mount")
class DiskFullTest(FaultBase):
    """A store on a disk that has become full: what makes room works."""
    def setUp(self):
        super().setUp()
        self.disk = self.mount_disk()
        self.env["OSTLER_HOME"] = str(self.disk / "store")

    def fill(self):
        with contextlib.suppress(OSError), open(self.disk / "filled", "ab", buffering=0) as file:
            while file.write(bytes(512)):
                pass

    def test_prune(self):
        job = self.fault("", "--wait")
        self.fill()
        self.ostler("train", "fault", IRIS, code=1)
        self.assertEqual(self.ostler("prune", job).line, job)
        self.ostler("status", job, code=3)
        self.assertEqual(os.listdir(self.disk / "store/jobs"), [])

    def test_cancel(self):
        job = self.fault_waiting()
        self.fill()
        self.ostler("cancel", job)
        self.assertEqual(self.job(job)["status"], "CANCELED")
        self.assertEqual(self.wait_for_silence(), {})
        os.remove(self.disk / "filled")
        self.assertEqual(self.job(job)["status"], "CANCELED")
        self.assertEqual(self.ostler("status", "--json", "--status", "CANCELED").json["total"], 1)


if __name__ == "__main__":
    main()
