#!/usr/bin/env python3
"""Every step of submit, start, end, settle, cancel, purge and rollback (lib/jobs/README.md): a program is stopped after it, and
killed there.

The rows below name a test point (lib/jobs/test_point.h), what others are to see while a program stands there, and how
it ends. Each row is a test of its own, once or more:
  stopped   others look meanwhile, are answered soon and truly, and other jobs run; then the program goes on
  killed    it is stopped and killed; the next look says what is left
  canceled  the stopped one is a runner, which a cancel then finds deaf
A row fails when its point is never reached, PointsTest when a point of lib/ is in no row. `gone` is no such job.
"""
import json
import os
import pathlib
import re
import shutil
import signal
import sqlite3
import tempfile
import unittest

from support import DATA, SANITIZED, OstlerTest, is_dead, is_stopped, main

IRIS = DATA / "iris.train.csv"
NO_EXCHANGE = pathlib.Path(os.environ.get("TEST_NO_EXCHANGE", "build/tests/test_no_exchange.so")).resolve()
ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PROMPT = 20  # seconds that a look may take on a loaded machine; it takes hundredths of one
CODES = {"QUEUED": 4, "RUNNING": 4, "COMPLETED": 0, "CANCELED": 5, "ERRORED": 6, "gone": 3}  # of result --no-wait
POINTS = set()


class StepsBase(OstlerTest):
    """The job is `it`: its work says when it began, and it replaces the model `m`, whose value is "old", by "new"."""
    made = {}
    history, keep = ("old",), 0  # the values of the models that came to `m`, and how many of them are kept
    replaces = True  # a job that completes
    beside = {}  # what the program that is stopped has in its environment, too
    gap = False  # there may be nothing at `m` while the job is RUNNING
    configuration = "cancel_grace: 0.1s"
    attempts = 1  # of a job that completes

    def setUp(self):
        super().setUp()
        self.configure(f"model_management: {{trainers: {{default: {{type: LOCAL, config: {{{self.configuration}}}}}}}}}\n")
        if self.history not in StepsBase.made:
            elsewhere = {**self.env, "OSTLER_HOME": str(self.directory / "elsewhere")}
            for value in self.history:
                self.ostler(*self.training("", value=value, metric=0.5), *self.keeping(), "--wait", env=elsewhere)
            place = StepsBase.made[self.history] = pathlib.Path(tempfile.mkdtemp(prefix="ostler-e2e-"))
            unittest.addModuleCleanup(shutil.rmtree, place)
            for path in self.models():
                shutil.move(path, place)
        for path in StepsBase.made[self.history].iterdir():
            shutil.copytree(path, self.work / path.name)

    def models(self):
        return [path for path in self.work.iterdir() if path.name == "m" or ".ostler-previous-" in path.name]

    def keeping(self):
        return ["--keep-previous", str(self.keep)] * (self.keep > 0)

    def kept(self):
        """The values of the models that are kept, the newest first; each is whole."""
        listed = self.ostler("rollback", "m", "--list", "--json", timeout=PROMPT).json["models"]
        return [self.value(pathlib.Path(model["path"])) for model in listed]

    def training(self, do, **parameters):
        return ["train", "fault", *self.fault_arguments(do, parameters), "--save-path", "m"]

    def it(self, do="arrive", **parameters):
        return [*self.training(do, mark=self.work / "starts", value="new", **parameters), "--id", "it"]

    # The program that is stopped.

    def stop_at(self, point, *command):
        """Starts the command; gives the pid of what stopped at the point: it, or a runner that it launched."""
        self.victim = self.start(*command, env={**self.env, **self.beside, "OSTLER_TEST_STOP_AT": point})
        silent = 0

        def stopped():
            nonlocal silent
            running = self.processes()
            found = [pid for pid in running if is_stopped(pid)]
            silent = 0 if running else silent + 1
            if silent > 20:
                self.fail(f"{point} was never reached{self.situation()}")
            self.assertLess(len(found), 2)
            return found[0] if found else 0
        self.stopped = self.until(stopped, f"a program at {point}")
        return self.stopped

    def go_on(self):
        os.kill(self.stopped, signal.SIGCONT)

    def kill_it(self):
        os.kill(self.stopped, signal.SIGKILL)
        self.until(lambda: is_dead(self.stopped), "its death")

    # What others see.

    def seen(self, status):
        """By id, in the list and by result: the same, and soon."""
        one = self.ostler("status", "it", "--json", timeout=PROMPT, code=3 if status == "gone" else 0)
        every = {job["id"]: job["status"] for job in self.ostler("status", "--json", "-n", "0", timeout=PROMPT).json["jobs"]}
        result = self.ostler("result", "it", "--no-wait", timeout=PROMPT, code=CODES[status])
        if status == "gone":
            self.assertNotIn("it", every)
            return
        info = one.json["jobs"][0]
        self.assertEqual((info["status"], every["it"]), (status, status), info["errors"])
        if status == "COMPLETED":
            place = self.work / "m" if self.replaces else self.store / "jobs" / info["uuid"] / "model"
            self.assertEqual((result.line, info["replaced"]), (str(place), self.replaces))
            self.assertEqual(self.value(place), "new")
        if status == "RUNNING" and self.gap:
            return
        value = self.value()
        if status != "RUNNING":  # then the one or the other, whole
            self.assertEqual(value, "new" if status == "COMPLETED" and self.replaces else "old")

    def value(self, model=None):
        """Of the model, by default the one at its place, which is whole."""
        config = ((model or self.work / "m") / "config.yml").read_text()
        text = ((model or self.work / "m") / "fault-model.json").read_bytes()
        self.assertIn(f"size: {len(text)}", config)
        return json.loads(text)["value"]

    def others_go_on(self):
        other = self.ostler("train", "fault", IRIS, "--id", "other", timeout=PROMPT).line
        self.wait_for(other)

    # The end.

    def ends(self, status, reason=None):
        """It ends so, whoever looks, and nothing is left of it but its record."""
        if status == "gone":
            self.seen("gone")
            self.assertEqual(self.wait_for_silence(), {})
            return
        info = self.wait_for("it", status)
        if reason:
            self.assertEqual(info["reason"], reason, info["errors"])
        self.assertEqual(self.wait_for_silence(), {})
        self.seen(status)
        if status == "COMPLETED":
            self.ostler("load", "m")
        directory = self.store / "jobs" / info["uuid"]
        record = json.loads((directory / "outcome.json").read_text())
        self.assertEqual((record["status"], record["attempt"]), (status, info["attempt"]))
        self.assertEqual(self.row(info["uuid"]), ("QUEUED RUNNING COMPLETED CANCELED ERRORED".split().index(status),))
        starts = self.work / "starts"
        begun = starts.read_text().splitlines() if starts.exists() else []
        self.assertLessEqual(len(begun), self.attempts, "it was started too often")
        self.assertLessEqual(info["attempt"], self.attempts)
        if status == "COMPLETED":
            self.assertEqual((len(begun), info["attempt"]), (self.attempts, self.attempts))
        left = [path.name for path in directory.iterdir()]
        self.assertEqual([name for name in left if name in ("environment", "input") or name.endswith(".new")], [])
        beside = sorted(set(os.listdir(self.work)) - {path.name for path in self.models()})
        self.assertEqual(beside, ["starts"] * starts.exists())
        # With keep: the models that were replaced before, and what this job replaced.
        earlier = list(self.history)[::-1][0 if status == "COMPLETED" and self.replaces else 1:]
        self.assertEqual(self.kept(), earlier[:self.keep])
        self.assertEqual(os.listdir(self.store / "staging"), [])

    def row(self, uuid):
        store = sqlite3.connect(f"file:{self.store / 'jobs.db'}?mode=ro", uri=True)
        try:
            self.assertEqual(store.execute("PRAGMA integrity_check").fetchone(), ("ok",))
            return store.execute("SELECT status FROM jobs WHERE uuid = ?", (uuid,)).fetchone()
        finally:
            store.close()


def steps(*rows):
    """Gives a class a test for each row and each way in which the class can go through it. Under sanitizers, where all
    is five times slower, each row is gone through in one way, in turn."""
    def add(case):
        ways = [way for way in ("stopped", "killed", "canceled") if hasattr(case, way)]
        for number, row in enumerate(rows):
            POINTS.add(row[0])
            for way in [ways[number % len(ways)]] if SANITIZED else ways:
                def test(self, row=row, way=way):
                    getattr(self, way)(*row)
                setattr(case, f"test_{row[0].replace(':', '_')}_{way}", test)
        return case
    return add


@steps(("submit:made", "gone"),
       ("submit:written", "gone"),
       ("submit:inserted", "QUEUED"),
       ("submit:renamed", "QUEUED"),
       ("submit:launched", "COMPLETED"))
class SubmitTest(StepsBase):
    """One that submits."""

    def stopped(self, point, status):
        self.stop_at(point, *self.it())
        if status == "COMPLETED":
            self.wait_for("it", status)
        self.seen(status)
        self.others_go_on()
        self.go_on()
        self.assertEqual((self.victim.communicate()[0], self.victim.returncode), (b"it\n", 0))
        self.ends("COMPLETED")

    def killed(self, point, status):
        self.stop_at(point, *self.it())
        self.kill_it()
        if status == "gone":
            self.seen(status)
            for leftover in (self.store / "staging").iterdir():
                os.utime(leftover, (1_000_000, 1_000_000))
            self.ostler("dispatch")
            self.assertEqual(os.listdir(self.store / "staging"), [])
            self.ostler(*self.it())  # its id is free
        elif status == "QUEUED":
            self.seen(status)
            self.ostler("dispatch")
        self.ends("COMPLETED")


class RunnerBase(StepsBase):
    do, more, metric = "arrive", (), 0.75

    def reach(self, point):
        self.stop_at(point, *self.it(self.do, metric=self.metric), *self.keeping(), *self.more)
        self.assertEqual(self.victim.wait(), 0)

    def stopped(self, point, seen, _killed, _canceled):
        self.reach(point)
        self.seen(seen)
        self.others_go_on()
        self.go_on()
        self.ends("ERRORED" if self.do == "arrive,throw" else "COMPLETED")

    def killed(self, point, _seen, killed, _canceled):
        self.reach(point)
        self.kill_it()
        if killed == "QUEUED":
            self.seen(killed)
            self.ostler("dispatch")
            self.ends("COMPLETED")
        else:
            self.seen(killed.split()[0])
            self.ends(*killed.split())

    def canceled(self, point, _seen, _killed, canceled):
        self.reach(point)
        self.ostler("cancel", "it")
        self.seen(canceled.split()[0])
        if not is_dead(self.stopped):
            self.go_on()  # it did not hold the job
        self.ends(*canceled.split())


# A runner that is killed takes along what it had not brought to an end; what has an outcome has ended.
@steps(("run:chosen", "QUEUED", "QUEUED", "CANCELED"),
       ("run:locked", "QUEUED", "QUEUED", "CANCELED"),
       ("run:prepared", "QUEUED", "QUEUED", "CANCELED"),
       ("run:claimed", "RUNNING", "ERRORED lost", "CANCELED"),
       ("run:noted", "RUNNING", "ERRORED lost", "CANCELED"),
       ("run:spawned", "RUNNING", "ERRORED lost", "CANCELED"))
class StartTest(RunnerBase):
    """A runner that starts a job."""


@steps(("end:reaped", "RUNNING", "ERRORED lost", "CANCELED"),
       ("publish:locked", "RUNNING", "ERRORED lost", "CANCELED"),
       ("outcome:written", "RUNNING", "ERRORED lost", "CANCELED"),
       ("outcome:linked", "RUNNING", "COMPLETED", "COMPLETED"),
       ("outcome:synced", "RUNNING", "COMPLETED", "COMPLETED"))
class EndTest(RunnerBase):
    """A runner whose job is done."""


@steps(("publish:exchanged", "RUNNING", "COMPLETED", "COMPLETED"),
       ("publish:aside", "RUNNING", "COMPLETED", "COMPLETED"),
       ("publish:swept", "RUNNING", "COMPLETED", "COMPLETED"),
       ("end:published", "COMPLETED", "COMPLETED", "COMPLETED"),
       ("end:told", "COMPLETED", "COMPLETED", "COMPLETED"),
       ("end:wiped", "COMPLETED", "COMPLETED", "COMPLETED"),
       ("end:row", "COMPLETED", "COMPLETED", "COMPLETED"))
class PublishTest(RunnerBase):
    """A runner whose job has ended."""


@steps(("publish:aside", "RUNNING", "COMPLETED", "COMPLETED"),
       ("publish:surplus", "RUNNING", "COMPLETED", "COMPLETED"))
class KeepPreviousTest(RunnerBase):
    """The same of one that keeps what it replaces."""
    history, keep = ("first", "second", "old"), 2


@unittest.skipIf(SANITIZED, "the sanitizer wants to be the first library")
@steps(("publish:between", "RUNNING", "COMPLETED", "COMPLETED"))
class TwoRenamesTest(RunnerBase):
    """The same where the file system cannot exchange two directories."""
    history, keep = ("first", "second", "old"), 2
    beside, gap = {"LD_PRELOAD": str(NO_EXCHANGE)}, True


@steps(("compare:spawned", "RUNNING", "ERRORED lost", "CANCELED"),
       ("compare:reaped", "RUNNING", "ERRORED lost", "CANCELED"),
       ("publish:exchanged", "RUNNING", "COMPLETED", "COMPLETED"))
class KeepBestTest(RunnerBase):
    """A runner that compares what was trained with the model that is there. It is better."""
    more = ("--keep-best", "max:train_accuracy", "--label", "target", "--validation", DATA / "iris.test.csv")


@steps(("compare:moved", "RUNNING", "ERRORED lost", "CANCELED"),
       ("outcome:linked", "COMPLETED", "COMPLETED", "COMPLETED"))
class KeepBestWorseTest(RunnerBase):
    """The same; it is not."""
    more, metric, replaces = KeepBestTest.more, 0.5, False


@steps(("end:unstaged", "RUNNING", "ERRORED lost", "CANCELED"),
       ("outcome:linked", "ERRORED", "ERRORED module", "ERRORED module"),
       ("end:wiped", "ERRORED", "ERRORED module", "ERRORED module"))
class FailedEndTest(RunnerBase):
    """A runner whose job has failed."""
    do = "arrive,throw"


@steps(("retry:unstaged", "RUNNING", "ERRORED lost", "CANCELED"),
       ("retry:begun", "RUNNING", "ERRORED lost", "CANCELED"))
class RetryTest(RunnerBase):
    """A runner whose job has failed and is tried again."""
    do, more = "arrive,throw", ("--retries", "1")
    attempts = 2


class LookBase(StepsBase):
    """One that looks, and settles what it finds dead."""
    after = None

    def stopped(self, point, seen):
        self.leave_dead()
        self.stop_at(point, "status", "it")
        self.seen(seen)
        self.others_go_on()
        self.seen(seen)
        self.go_on()
        self.assertEqual(self.victim.wait(), 0)
        self.finish()

    def killed(self, point, _seen):
        self.leave_dead()
        self.stop_at(point, "status", "it")
        self.kill_it()
        self.seen(self.after[0])
        self.finish()

    def finish(self):
        self.ends(*self.after)


class DeadRunner(StepsBase):
    def leave_dead(self):
        """Killed with a staged model, and with a child that does not die with its parent."""
        self.ostler(*self.it("arrive,stubborn_daemon,wait", file=self.work / "never"))
        self.until((self.work / "starts").exists, "the work to begin")
        self.until(lambda: any(command[0].endswith("sleep") for command in self.processes().values()), "its child")
        shutil.copytree(self.work / "m", self.work / f".m.ostler-{self.job('it')['uuid']}")
        self.kill("run", signal.SIGKILL)
        self.until(lambda: not self.pid_of("work"), "the worker's end")


@steps(*[(point, "ERRORED") for point in ("settle:locked", "settle:killed", "settle:unstaged", "outcome:written",
                                          "outcome:linked", "settle:told", "settle:wiped", "settle:row")])
class SettleTest(DeadRunner, LookBase):
    after = ("ERRORED", "lost")


class AdoptBase(LookBase):
    after = ("COMPLETED",)

    def leave_dead(self):
        """Its runner is killed when the outcome is there, and nothing is published."""
        self.stop_at("outcome:linked", *self.it(), *self.keeping())
        self.kill_it()
        self.assertEqual(self.value(), "old")


@steps(("settle:locked", "RUNNING"),
       ("publish:exchanged", "RUNNING"),
       ("publish:aside", "RUNNING"),
       ("publish:swept", "RUNNING"),
       ("settle:published", "COMPLETED"),
       ("settle:told", "COMPLETED"),
       ("settle:wiped", "COMPLETED"),
       ("settle:row", "COMPLETED"))
class AdoptTest(AdoptBase):
    pass


@steps(*[(point, "RUNNING") for point in ("publish:exchanged", "publish:aside", "publish:surplus")])
class AdoptKeepingTest(AdoptBase):
    """The same of one that keeps what it replaces."""
    history, keep = ("first", "second", "old"), 2


class RollbackBase(StepsBase):
    """One that brings `second` back in the place of `old`."""
    history, keep = ("first", "second", "old"), 2

    def stopped(self, point, seen, _again, _kept):
        self.stop_at(point, "rollback", "m")
        self.check(seen)
        self.ostler("rollback", "m", code=4, timeout=PROMPT)
        self.others_go_on()
        self.go_on()
        self.assertEqual((self.victim.communicate()[0].decode(), self.victim.returncode), (f"{self.work / 'm'}\n", 0))
        self.done("second", ["old", "first"])

    def killed(self, point, seen, again, kept):
        self.stop_at(point, "rollback", "m")
        self.kill_it()
        self.check(seen)
        self.ostler("rollback", "m", timeout=PROMPT)
        self.done(again, kept)

    def check(self, value):
        if value is None:
            self.ostler("load", "m", code=3, timeout=PROMPT)
        else:
            self.assertEqual(self.value(), value)

    def done(self, value, kept):
        self.assertEqual((self.value(), self.kept(), len(os.listdir(self.work))), (value, kept, 1 + len(kept)))


@steps(("rollback:renamed", "old", "second", ["old", "first"]),
       ("rollback:exchanged", "second", "old", ["second", "first"]))
class RollbackTest(RollbackBase):
    pass


@unittest.skipIf(SANITIZED, "the sanitizer wants to be the first library")
@steps(("rollback:between", None, "old", ["second", "first"]),
       ("rollback:exchanged", "second", "old", ["second", "first"]))
class RollbackTwoRenamesTest(RollbackBase):
    """The same where the file system cannot exchange two directories."""
    beside = {"LD_PRELOAD": str(NO_EXCHANGE)}


@steps(*[(point, "QUEUED") for point in ("settle:locked", "requeue:unstaged", "requeue:row")])
class RequeueTest(DeadRunner, LookBase):
    """The same of a job that is queued again when it is lost. Its work goes on in the second attempt."""
    configuration = "on_lost: requeue, cancel_grace: 0.1s"
    attempts = 2
    after = ("QUEUED",)

    def finish(self):
        self.write("never", "")
        self.ostler("dispatch")
        self.wait_for("it")
        os.remove(self.work / "never")
        self.ends("COMPLETED")


class CancelBase(StepsBase):
    """One that cancels."""

    def stopped(self, point):
        self.begin()
        self.stop_at(point, "cancel", "it")
        self.wait_for("it", "CANCELED")
        self.seen("CANCELED")
        self.others_go_on()
        self.go_on()
        self.assertEqual(self.victim.wait(), 0)
        self.ends("CANCELED")

    def killed(self, point):
        self.begin()
        self.stop_at(point, "cancel", "it")
        self.kill_it()
        self.ends("CANCELED")


@steps(*[(point,) for point in ("cancel:recorded", "cancel:locked", "settle:unstaged", "outcome:written",
                                "outcome:linked", "settle:wiped", "settle:row")])
class CancelQueuedTest(CancelBase):
    def begin(self):
        """Queued, and nobody starts it."""
        self.ostler(*self.it(), env={**self.env, "OSTLER_TEST_DIE_AT": "submit:renamed"}, code=-signal.SIGKILL)


@steps(("cancel:requested",), ("cancel:recorded",), ("cancel:woken",))
class CancelRunningTest(CancelBase):
    def begin(self):
        self.ostler(*self.it("arrive,stubborn_daemon,ignore_term,wait", file=self.work / "never"))
        self.until((self.work / "starts").exists, "the work to begin")


@steps(("purge:moved",), ("purge:renamed",), ("purge:deleted",), ("purge:results",))
class PurgeTest(StepsBase):
    """One that prunes two jobs: the model of the one that is gone goes with it, as its trainer is configured."""
    configuration = "delete_saved_models: true"

    def reach(self, point):
        self.ostler(*self.it(), "--wait")
        self.ostler("train", "fault", IRIS, "--id", "last", "--wait")
        self.assertEqual(self.wait_for_silence(), {})
        self.stop_at(point, "prune", "--status", "COMPLETED", "-n", "2")

    def left(self):
        return [job["id"] for job in self.ostler("status", "--json").json["jobs"]]

    def stopped(self, point):
        self.reach(point)
        self.seen("gone")
        self.others_go_on()
        self.assertEqual(self.left(), ["other"] + ["last"] * (point == "purge:moved"))
        self.go_on()
        self.assertEqual((self.victim.communicate()[0], self.victim.returncode), (b"it\nlast\n", 0))
        self.purged(["other"])

    def killed(self, point):
        self.reach(point)
        self.kill_it()
        self.seen("gone")
        self.purged(["last"] * (point == "purge:moved"))

    def purged(self, left):
        self.ends("gone")
        self.assertEqual(self.left(), left)
        self.assertEqual(os.listdir(self.work), ["starts"])
        self.assertEqual(len(self.job_directories()), len(left))
        self.assertFalse((self.store / "trash").exists())


class PointsTest(unittest.TestCase):
    def test_every_point_is_in_a_row(self):
        named = set()
        for source in (ROOT / "lib").rglob("*.cc"):
            named.update(re.findall(r'test_point\("([^"]+)"\)', source.read_text(encoding="utf-8")))
        self.assertGreater(len(named), 20)
        elsewhere = {point for point in named if point.startswith(("store:", "repair:"))}  # store_test
        self.assertEqual(named - elsewhere, POINTS)


if __name__ == "__main__":
    main()
