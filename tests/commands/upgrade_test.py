#!/usr/bin/env python3
"""ostler is upgraded, removed and installed again while jobs run and wait."""
import os
import pathlib
import shutil
import signal
import unittest.mock

from support import DATA, MODULES, OSTLER, PREFIX, OstlerTest, main

IRIS = DATA / "iris.train.csv"
PROGRAMS = ("bin/ostler", "libexec/ostler/ostler-job")


class UpgradeTest(OstlerTest):
    """An installation of its own, with the module `fault`; `look` is by another one."""

    def setUp(self):
        super().setUp()
        self.prefix = self.directory / "prefix"
        self.modules = self.prefix / "modules"
        self.install()
        self.env["OSTLER_MODULE_DIRECTORIES"] = f'["{self.modules}"]'
        patch = unittest.mock.patch("support.OSTLER", str(self.prefix / "bin/ostler"))
        patch.start()
        self.addCleanup(patch.stop)
        self.configure("model_management: {trainers: {default: {type: LOCAL, config: {max_concurrent: 1}}}}\n")

    def install(self):
        """As a package manager does: each new file is renamed over the old one."""
        files = [(PREFIX / name, self.prefix / name) for name in PROGRAMS]
        files += [(MODULES / name, self.modules / name) for name in ("fault.so", "fault.json")]
        files += [(path, self.prefix / path.relative_to(PREFIX)) for path in (PREFIX / "lib/ostler/formats").iterdir()]
        for source, target in files:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target.with_suffix(".new"))
            target.with_suffix(".new").rename(target)

    def remove(self, *names):
        for name in names or ("bin", "libexec", "lib", "modules"):
            path = self.prefix / name
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()

    def waits(self, name):
        """A training that says that it runs in a file of that name, and then waits for another."""
        return self.fault("mark,wait", "--save-path", name, mark=self.work / (name + ".runs"),
                          file=self.work / (name + ".goes"))

    def until_it_runs(self, name):
        self.until((self.work / (name + ".runs")).exists, name + " to run")
        return int((self.work / (name + ".runs")).read_text())

    def let_go(self, name):
        self.write(name + ".goes", "")

    def look(self, job):
        """What the other installation's ostler says."""
        with unittest.mock.patch("support.OSTLER", OSTLER):
            return self.job(job)

    def ends(self, job, status):
        info = self.until(lambda: self.look(job) if self.look(job)["completion_time"] else None, f"the end of {job}")
        self.assertEqual((info["status"], info["attempt"]), (status, 1), info["errors"])
        return info

    def test_upgraded(self):
        first, second = self.waits("a"), self.waits("b")
        self.until_it_runs("a")
        self.install()
        self.assertEqual(self.job(first)["status"], "RUNNING")
        self.let_go("a")
        self.ends(first, "COMPLETED")
        worker, runner = self.until_it_runs("b"), self.pid_of("run")
        new = (self.prefix / PROGRAMS[1]).stat().st_ino
        self.assertEqual([os.stat(f"/proc/{pid}/exe").st_ino for pid in (worker, runner)], [new, new])
        module = (self.modules / "fault.so").stat().st_ino
        self.assertIn(f" {module} ", pathlib.Path(f"/proc/{worker}/maps").read_text(encoding="utf-8"))
        self.let_go("b")
        self.ends(second, "COMPLETED")
        self.ostler("load", "b")

    def test_the_programs_are_removed(self):
        """What is started by then goes on, with what is left in memory of the programs: so does the queue."""
        first, second = self.waits("a"), self.waits("b")
        self.until_it_runs("a")
        self.remove(*PROGRAMS)
        self.let_go("a")
        self.ends(first, "COMPLETED")
        self.until_it_runs("b")
        self.let_go("b")
        self.ends(second, "COMPLETED")

    def test_all_is_removed(self):
        """What runs ends well. A queued job that then cannot load its module says so."""
        first, second = self.waits("a"), self.waits("b")
        self.until_it_runs("a")
        self.remove()
        self.let_go("a")
        self.ends(first, "COMPLETED")
        info = self.ends(second, "ERRORED")
        self.assertEqual(info["reason"], "module")
        self.assertIn(str(self.modules / "fault.so"), info["errors"][0])

    def test_on_finish_is_run_by_who_sees_the_end(self):
        """By the runner, though its program is removed; by the next look, of another installation, where it was killed."""
        for name in ("a", "b"):
            self.install()
            job = self.fault("mark,wait", "--on-finish", f"echo $OSTLER_JOB_STATUS > {name}.new; mv {name}.new {name}.finished",
                             mark=self.work / (name + ".runs"), file=self.work / (name + ".goes"))
            self.until_it_runs(name)
            self.remove(*PROGRAMS)
            if name == "a":
                self.let_go(name)
            else:
                self.kill("run", signal.SIGKILL)
            status = self.ends(job, "COMPLETED" if name == "a" else "ERRORED")["status"]
            self.until((self.work / (name + ".finished")).exists, "the command of --on-finish")
            self.assertEqual((self.work / (name + ".finished")).read_text().strip(), status)

    def queued(self):
        """A job that nobody starts."""
        self.ostler("train", "fault", IRIS, "--id", "q", "--save-path", "m", code=-signal.SIGKILL,
                    env={**self.env, "OSTLER_TEST_DIE_AT": "submit:renamed"})

    def test_a_queue_stands_until_it_is_installed_again(self):
        self.queued()
        self.remove()
        self.assertEqual(self.look("q")["status"], "QUEUED")
        self.install()
        self.ostler("dispatch")
        self.ends("q", "COMPLETED")
        self.ostler("load", "m")

    def test_the_job_program_alone_is_missing(self):
        """Nobody starts anything, each says why, and it does not count against the job."""
        self.queued()
        self.remove(PROGRAMS[1])
        for command in (["dispatch"], ["wait", "q"], ["train", "fault", IRIS]):
            self.assertIn("ostler-job", self.ostler(*command, code=1).err)
        self.assertEqual(self.job("q")["status"], "QUEUED")
        self.assertEqual(self.look("q")["errors"], [])
        self.install()
        self.ostler("wait", "q")
        self.ends("q", "COMPLETED")

    def test_the_job_program_does_not_start(self):
        """As that of another architecture, or with a library missing: the job waits for a better one."""
        self.queued()
        program = self.prefix / PROGRAMS[1]
        program.unlink()
        program.write_text("#!/bin/sh\nexit 127\n")
        program.chmod(0o755)
        for _ in range(4):
            self.ostler("dispatch")
        self.ostler("wait", "q", "--timeout", "0.1s", code=124)
        self.assertEqual(self.wait_for_silence(), {})
        self.assertEqual(self.job("q")["status"], "QUEUED")
        self.install()
        self.ostler("wait", "q")
        self.ends("q", "COMPLETED")


if __name__ == "__main__":
    main()
