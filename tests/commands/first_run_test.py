#!/usr/bin/env python3
"""First runs in places that lack something: each works, or says why and what to do."""
import os
import pathlib
import pwd
import subprocess
import unittest

from support import DATA, OSTLER, OstlerTest, main

IRIS = DATA / "iris.train.csv"
NOBODY = 65534
# Of the environment only what the tests' own module and the sanitizers need.
NEEDED = ("OSTLER_MODULE_DIRECTORIES", "ASAN_OPTIONS", "LSAN_OPTIONS", "UBSAN_OPTIONS")


class FirstRunTest(OstlerTest):
    def bare(self, **more):
        return {**{name: self.env[name] for name in NEEDED if name in self.env}, **more}

    def shell(self, line, code=0, env=None, **more):
        """A line for sh, in which $0 is ostler and $1 data."""
        result = subprocess.run(["/bin/sh", "-c", line, OSTLER, IRIS], env=env or self.env, cwd=self.work, text=True,
                                check=False, capture_output=True, **more)
        self.assertEqual(result.returncode, code, f"{line}\n{result.stderr}")
        return result


class EmptyTest(FirstRunTest):
    """A home in which there is nothing."""

    def test_what_is_asked_for_makes_nothing(self):
        for line in ((), ("--help",), ("--version",), ("help", "train"), ("train", "fault", "--help"), ("status",), ("find",),
                     ("modules",), ("config",), ("config", "--check"), ("doctor",), ("dispatch",), ("prune", "--older-than", "1d")):
            self.ostler(*line)
            self.assertEqual(list(self.home.iterdir()), [], line)
        self.assertIn(f"no jobs yet in {self.store}", self.ostler("status").err)
        self.assertIn("no models in", self.ostler("find").err)
        for line in (("status", "abcd"), ("wait", "abcd"), ("result", "abcd"), ("logs", "abcd"), ("cancel", "abcd")):
            self.assertIn(str(self.store), self.ostler(*line, code=3).err)
            self.assertEqual(list(self.home.iterdir()), [], line)

    def test_the_first_job_makes_the_store(self):
        job = self.fault()
        self.wait_for(job)
        self.assertEqual(self.store.stat().st_mode & 0o777, 0o700)
        self.assertEqual([path.name for path in self.home.iterdir()], [".local"])


class HomeTest(FirstRunTest):
    def test_cron(self):
        """An environment with the four variables that cron gives."""
        env = self.bare(HOME=str(self.home), LOGNAME="root", PATH="/usr/bin:/bin", SHELL="/bin/sh")
        job = self.ostler("train", "fault", IRIS, "--save-path", "m", env=env).line
        self.ostler("wait", job, env=env)
        self.ostler("predict", "m", DATA / "iris.test.csv", env=env)

    def test_home_is_unset(self):
        """It is what the password file says."""
        where = pathlib.Path(pwd.getpwuid(os.getuid()).pw_dir) / ".local/state/ostler"
        for env in (self.bare(), self.bare(HOME="")):
            error = self.ostler("status", "no-such-job", code=3, env=env).err
            self.assertIn(str(where), error)
        # The store may be named, and then HOME is needed for nothing.
        env = self.bare(OSTLER_HOME=str(self.home / "store"))
        job = self.ostler("train", "fault", IRIS, env=env).line
        self.ostler("wait", job, env=env)
        self.assertEqual(self.ostler("status", job, "--format", "{status}", env=env).line, "COMPLETED")

    def test_an_empty_environment(self):
        # The fault module is not found without its variable: a script is.
        self.write("train.sh", "#!/bin/sh\ncp \"$OSTLER_DATA_1\" \"$OSTLER_MODEL_DIR/copy\" 2>/dev/null || : >\"$OSTLER_MODEL_DIR/made\"\n").chmod(0o755)
        env = {"HOME": str(self.home), **{name: self.env[name] for name in NEEDED[1:] if name in self.env}}
        job = self.ostler("train", "./train.sh", IRIS, env=env).line
        self.ostler("wait", job, env=env)
        self.ostler("modules", env=env)


@unittest.skipUnless(os.geteuid() == 0, "needs a user who may become another")
class OtherUserTest(FirstRunTest):
    def setUp(self):
        super().setUp()
        os.chmod(self.directory, 0o755)
        self.as_nobody = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
        probe = subprocess.run([OSTLER, "--version"], env=self.env, check=False, capture_output=True, **self.as_nobody)
        if probe.returncode != 0:
            self.skipTest("the build directory is closed to other users")

    def test_a_home_that_may_not_be_written_to(self):
        os.chmod(self.work, 0o777)
        error = self.refused(1, "train", "fault", IRIS, says=[self.home, "--home", "OSTLER_HOME"], **self.as_nobody).err
        self.assertIn("Permission denied", error)
        self.ostler("status", **self.as_nobody)
        job = self.ostler("train", "fault", IRIS, "--home", "store", **self.as_nobody).line
        self.ostler("wait", job, "--home", "store", **self.as_nobody)

    def test_a_checkout_that_may_not_be_written_to(self):
        os.chown(self.home, NOBODY, NOBODY)
        self.write("ostler.yml", "load_path: models\n")
        self.refused(1, "train", "fault", IRIS, "--save-path", "models/m", says=[self.work, "Permission denied"], **self.as_nobody)
        job = self.ostler("train", "fault", IRIS, **self.as_nobody).line
        model = self.ostler("result", job, **self.as_nobody).line
        self.ostler("predict", model, DATA / "iris.test.csv", **self.as_nobody)

    def test_a_store_that_root_has_made(self):
        """As with sudo and a HOME that it left as it was: the store is root's, and the user is told."""
        self.fault("", "--wait")
        for path in (self.home, self.home / ".local", self.home / ".local/state"):
            os.chmod(path, 0o755)
        for line in (("status",), ("train", "fault", IRIS)):
            self.assertIn(str(self.store), self.ostler(*line, code=1, **self.as_nobody).err)

    def test_sudo(self):
        """Root's store is not the user's own: that is said where it may surprise."""
        env = {**self.env, "SUDO_USER": "nobody", "SUDO_UID": str(NOBODY)}
        self.assertRegex(self.ostler("status", env=env).err, f"under sudo the job store is {self.store}.*nobody")
        result = self.ostler("train", "fault", IRIS, env=env)
        self.assertIn("under sudo", result.err)
        self.ostler("wait", result.line, env=env)
        self.assertEqual(self.ostler("status", env=env).err, "")
        for line, more in ((("-q",), {}), (("--home", "x"), {}), ((), {"OSTLER_HOME": "x"}), ((), {"SUDO_USER": "root"}),
                           ((), {"SUDO_USER": "no such user"})):
            self.assertNotIn("sudo", self.ostler("status", "--module", "none", *line, env={**env, **more}).err, (line, more))


class ReadOnlyTest(FirstRunTest):
    def test_a_read_only_file_system(self):
        disk = self.mount_disk()
        (disk / "data.csv").write_bytes(IRIS.read_bytes())
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        self.assertIn("Read-only", self.ostler("train", "fault", "data.csv", "--save-path", "m", cwd=disk, code=1).err)
        job = self.ostler("train", "fault", "data.csv", cwd=disk).line
        self.ostler("wait", job, cwd=disk)
        error = self.ostler("train", "fault", "data.csv", "--home", "store", cwd=disk, code=1).err
        self.assertIn("Read-only", error)
        self.assertIn("OSTLER_HOME", error)
        self.ostler("status", "--home", "store", cwd=disk)


class DescriptorTest(FirstRunTest):
    def test_closed_standard_input(self):
        job = self.shell('exec "$0" train fault "$1" --save-path m <&-').stdout.strip()
        self.wait_for(job)
        self.assertIn("standard input", self.shell('exec "$0" train fault - <&-', code=1).stderr)
        self.assertIn("standard input", self.shell('exec "$0" predict m <&-', code=1).stderr)
        self.shell('exec "$0" predict m "$1" <&-')

    def test_closed_standard_output(self):
        """What cannot be said is an error, and a job that was submitted is named in it."""
        for line in ("status", "modules", "--version", "--help"):
            self.shell(f'exec "$0" {line} >&-', code=1 if line != "status" else 0)
        error = self.shell('exec "$0" train fault "$1" >&-', code=1).stderr
        self.assertIn("was submitted and goes on", error)
        (job,) = self.ostler("status", "--json").json["jobs"]
        self.assertIn(job["id"], error)
        self.wait_for(job["id"])

    def test_closed_standard_error(self):
        self.wait_for(self.shell('exec "$0" train fault "$1" 2>&-').stdout.strip())
        self.assertEqual(self.shell('exec "$0" status no-such-job 2>&-', code=3).stdout, "")

    def test_all_closed(self):
        self.shell('exec "$0" train fault "$1" <&- >&- 2>&-', code=1)
        (job,) = self.ostler("status", "--json").json["jobs"]
        self.wait_for(job["id"])


if __name__ == "__main__":
    main()
