#!/usr/bin/env python3
"""When, where and how often a job runs: dependencies, priorities, cpus and gpus, time limits, retries, lost jobs."""
import json
import os
import signal

from support import DATA, TERMINAL, OstlerTest, is_stopped, main

IRIS = DATA / "iris.train.csv"
ONE_AT_A_TIME = "model_management: {trainers: {default: {type: LOCAL, config: {max_concurrent: 1}}}}\n"
REQUEUE = "model_management: {trainers: {default: {type: LOCAL, config: {on_lost: requeue, max_requeues: 2}}}}\n"
# Fails until it has been started as often as its file `enough` says; `runs` has a line for each start.
FLAKY = """#!/bin/sh
echo run >> runs
test $(wc -l < runs) -ge $(cat enough) || exit 3
echo model > "$OSTLER_MODEL_DIR/model"
"""


class QueueBase(OstlerTest):
    def statuses(self, *jobs):
        return [self.job(job)["status"] for job in jobs]

    def end_of(self, job):
        """How the job ended."""
        return self.until(lambda: (info := self.job(job))["status"] in TERMINAL and info, f"the end of {job}", job)

    def script(self, *args, enough=1, text=FLAKY):
        """Submits a training by a shell script."""
        self.write("enough", str(enough))
        self.write("train.sh", text).chmod(0o755)
        return self.train("./train.sh", IRIS, *args)


class AfterTest(QueueBase):
    def test_it_runs_once_all_are_completed(self):
        first, second = self.fault_waiting(), self.fault("wait", file=self.work / "second")
        last = self.fault("", "--after", first, "--after", self.job(second)["short_id"])
        self.assertEqual(self.job(last)["after"], [self.job(first)["uuid"], self.job(second)["uuid"]])
        self.write("second", "")
        self.wait_for(second)
        self.ostler("dispatch")
        self.assertEqual(self.statuses(last), ["QUEUED"])
        self.release()
        self.assertGreaterEqual(self.wait_for(last)["start_time"], self.job(first)["completion_time"])

    def test_a_failure_goes_down_the_chain(self):
        first = self.fault_waiting(do="mark,wait,throw")
        chain = [first]
        for _ in range(3):
            chain.append(self.fault("", "--after", chain[-1], "--save-path", "m"))
        self.release()
        for job in chain[1:]:
            info = self.end_of(job)
            self.assertEqual((info["status"], info["reason"], info["start_time"]), ("ERRORED", "dependency", None))
        self.assertIn(self.job(chain[1])["uuid"], self.job(chain[2])["errors"][0])
        self.assertFalse((self.work / "m").exists())
        self.ostler("wait", chain[3], code=6)

    def test_so_does_a_cancel(self):
        first = self.fault_waiting()
        second = self.fault("", "--after", first)
        third = self.fault("", "--after", second)
        self.ostler("cancel", second)
        self.assertEqual(self.statuses(first, second, third), ["RUNNING", "CANCELED", "ERRORED"])
        self.release()

    def test_the_last_is_shown_as_it_will_end_however_far_the_others_are(self):
        first = self.ostler("train", "fault", *self.fault_arguments("wait,throw", {"file": self.work / "released"}),
                            env={**self.env, "OSTLER_TEST_STOP_AT": "settle:locked"}).line
        chain = [first]
        for _ in range(4):
            chain.append(self.fault("", "--after", chain[-1]))
        self.release()
        runner = self.until(lambda: self.pid_of("run"), "the runner", first)
        self.until(lambda: is_stopped(runner), "the runner to stop at the second", first)
        self.assertEqual(self.job(chain[-1])["reason"], "dependency")
        self.assertIn(self.job(chain[-2])["uuid"], self.job(chain[-1])["errors"][0])
        os.kill(runner, signal.SIGCONT)
        for job in chain[1:]:
            self.assertEqual(self.end_of(job)["reason"], "dependency")

    def test_so_does_a_loss_and_wait_is_the_next_look(self):
        first = self.fault_waiting()
        last = self.fault("", "--after", self.fault("", "--after", first))
        waiting = self.start("wait", last)
        for role in ("run", "work"):
            self.kill(role, signal.SIGKILL)
        waiting.communicate()
        self.assertEqual(waiting.returncode, 6)
        self.assertEqual((self.job(last)["reason"], self.job(first)["reason"]), ("dependency", "lost"))

    def test_so_does_a_loss_when_only_what_waits_is_looked_at(self):
        first = self.fault_waiting()
        last = self.fault("", "--after", self.fault("", "--after", first))
        for role in ("run", "work"):
            self.kill(role, signal.SIGKILL)
        self.assertEqual(self.statuses(last), ["ERRORED"])

    def test_after_one_that_it_would_replace(self):
        first = self.fault_waiting("--id", "mine")
        self.refused(2, "train", "fault", IRIS, "--id", "mine", "--after", "mine", "--if-exists", "replace", says="leave out --after")
        self.assertEqual(self.statuses(first), ["RUNNING"])
        self.release()
        self.wait_for(first)

    def test_after_one_that_has_ended(self):
        done, failed = self.fault("", "--wait"), self.fault("throw")
        self.end_of(failed)
        self.wait_for(self.fault("", "--after", done))
        info = self.end_of(self.fault("", "--after", done, "--after", failed))
        self.assertEqual((info["status"], info["reason"]), ("ERRORED", "dependency"))

    def test_after_nothing(self):
        self.refused(3, "train", "fault", IRIS, "--after", "deadbeef", says="no job deadbeef")
        self.refused(2, "train", "fault", IRIS, "--after", "", says="empty")

    def test_what_is_needed_is_not_pruned(self):
        done = self.fault("", "--wait")
        running = self.fault_waiting()
        waiting = self.fault("", "--after", done, "--after", running)
        self.assertIn("submitted to run after it", self.ostler("prune", done, code=4).err)
        self.assertEqual(self.ostler("prune", "--status", "COMPLETED").out, "")
        other = self.fault("", "--wait")
        self.assertEqual(self.ostler("prune", "--status", "COMPLETED", "-n", "1").line, other)
        self.release()
        self.wait_for(waiting)
        self.assertEqual(set(self.ostler("prune", "--status", "COMPLETED").out.split()), {done, running, waiting})

    def test_a_prediction_waits_for_its_model(self):
        training = self.fault_waiting(value="tonight")
        prediction = self.ostler("predict", "--detach", training, IRIS).line
        self.assertEqual(self.job(prediction)["after"], [self.job(training)["uuid"]])
        self.assertEqual(self.statuses(prediction), ["QUEUED"])
        self.release()
        self.assertEqual({row["prediction"] for row in self.ostler("result", prediction).rows}, {"tonight"})
        other = self.fault("throw")
        self.end_of(other)
        self.refused(6, "predict", "--detach", other, IRIS, says="a fault was asked for")


class OrderTest(QueueBase):
    def order(self, *jobs):
        return sorted(jobs, key=lambda job: self.job(job)["start_time"])

    def test_priority(self):
        self.configure(ONE_AT_A_TIME)
        first = self.fault_waiting()
        usual, low, high = [self.fault("", "--priority", number) for number in (0, -3, 7)]
        self.release()
        self.ostler("wait", first, usual, low, high)
        self.assertEqual(self.order(low, usual, high), [high, usual, low])
        self.assertEqual(self.job(high)["priority"], 7)

    def test_cpus(self):
        self.configure("pool: {cpus: 4}\n")
        first = self.fault_waiting("--cpus", "3")
        large, small = self.fault("", "--cpus", "2"), self.fault("", "--cpus", "1")
        self.assertEqual(self.statuses(large, small), ["QUEUED", "QUEUED"])  # the oldest is never overtaken
        self.release()
        self.ostler("wait", first, large, small)
        self.refused(2, "train", "fault", IRIS, "--cpus", "5", says=("5 cpus", "pool has 4"))
        self.refused(2, "train", "fault", IRIS, "--cpus", "0", says="--cpus")

    def test_gpus(self):
        """Each is given to one job at a time, and told to it."""
        self.configure("pool: {cpus: 8, gpus: [2, 5, 6]}\n")
        text = '#!/bin/sh\necho "$CUDA_VISIBLE_DEVICES" > gpus.$$.new; mv gpus.$$.new gpus.$$\n' \
               'while [ ! -e released ]; do sleep 0.02; done\necho m > "$OSTLER_MODEL_DIR/model"\n'
        jobs = [self.script("--gpus", number, text=text) for number in ("2", "1")]
        given = self.until(lambda: len(found := sorted(path.read_text().strip() for path in self.work.glob("gpus.*[0-9]"))) == 2
                           and found, "both to run")
        self.assertEqual(given, ["2,5", "6"])
        self.assertEqual([self.job(job)["gpu_devices"] for job in jobs], ["2,5", "6"])
        waiting = self.script("--gpus", "1", text=text)
        self.ostler("dispatch")
        self.assertEqual(self.statuses(waiting), ["QUEUED"])
        self.release()
        self.ostler("wait", *jobs, waiting)
        self.refused(2, "train", "fault", IRIS, "--gpus", "4", says=("4 gpus", "pool has 3"))
        self.configure("pool: {gpus: [2, 5, 2]}\n")
        self.refused(2, "train", "fault", IRIS, says="pool.gpus has 2 twice")

    def test_a_pool_that_has_no_such_gpus_any_more(self):
        self.configure("pool: {gpus: 2}\n" + ONE_AT_A_TIME)
        first = self.fault_waiting()
        job = self.fault("", "--gpus", "2")
        for role in ("run", "work"):
            self.kill(role, signal.SIGKILL)
        self.configure("pool: {gpus: 1}\n" + ONE_AT_A_TIME)
        self.ostler("dispatch")
        info = self.end_of(job)
        self.assertEqual((info["status"], info["reason"]), ("ERRORED", "lost"))
        self.assertIn("2 gpus", info["errors"][0])
        self.assertEqual(self.statuses(first), ["ERRORED"])


class TimeLimitTest(QueueBase):
    def setUp(self):
        super().setUp()
        self.configure("model_management: {trainers: {default: {type: LOCAL, config: {cancel_grace: 0.2s}}}}\n")

    def test_it_ends_the_whole_tree(self):
        job = self.fault_waiting("--time-limit", "4", "--save-path", "m", do="child,daemon,stubborn,mark,wait")
        info = self.end_of(job)
        self.assertEqual((info["status"], info["reason"], info["time_limit"]), ("ERRORED", "time_limit", 4))
        self.assertIn("time limit", info["errors"][0])
        self.assertEqual(self.wait_for_silence(), {})
        self.assertFalse((self.work / "m").exists())
        self.ostler("wait", job, code=6)

    def test_what_is_done_in_time_stays(self):
        self.assertEqual(self.wait_for(self.fault("", "--time-limit", "10m", "--save-path", "m"))["reason"], None)

    def test_it_is_never_retried(self):
        job = self.script("--time-limit", "3", "--retries", "5",
                          text="#!/bin/sh\necho run >> runs\nexec sleep 1000\n")
        self.assertEqual(self.end_of(job)["reason"], "time_limit")
        self.assertEqual((self.work / "runs").read_text(), "run\n")

    def test_it_counts_the_delays_between_attempts(self):
        job = self.script("--time-limit", "0.5", "--retries", "1", "--retry-delay", "1h", enough=9)
        self.assertEqual(self.end_of(job)["reason"], "time_limit")

    def test_what_is_no_limit(self):
        self.refused(2, "train", "fault", IRIS, "--time-limit", "0", says="--time-limit")
        self.refused(2, "train", "fault", IRIS, "--time-limit", "soon", says="no duration")


class RetryTest(QueueBase):
    def runs(self):
        return len((self.work / "runs").read_text().splitlines())

    def test_until_it_works(self):
        info = self.wait_for(self.script("--retries", "4", "--save-path", "m", enough=3))
        self.assertEqual((info["attempt"], info["attempts"], self.runs()), (3, 5, 3))
        self.assertIn("attempt 3 of 5", self.ostler("logs", info["id"]).out)
        self.assertTrue((self.work / "m/config.yml").exists())

    def test_until_there_are_none_left(self):
        info = self.end_of(self.script("--retries", "2", enough=9))
        self.assertEqual((info["status"], info["reason"], info["attempt"], self.runs()), ("ERRORED", "exit", 3, 3))
        self.assertEqual(info["exit_status"], 3)

    def test_the_delay_is_said_and_a_cancel_ends_it(self):
        job = self.script("--retries", "2", "--retry-delay", "1h", enough=9)
        self.until(lambda: self.job(job)["next_attempt_time"], "the delay")
        self.assertRegex(self.ostler("status", job).out, r"attempt: +2 of 3 in (1h|59m)")
        self.assertEqual(self.statuses(job), ["RUNNING"])
        self.ostler("cancel", job)
        self.assertEqual((self.statuses(job), self.runs()), (["CANCELED"], 1))

    def test_a_runner_that_is_told_to_end_in_the_delay(self):
        job = self.script("--retries", "2", "--retry-delay", "1h", enough=9)
        self.until(lambda: self.job(job)["next_attempt_time"], "the delay")
        self.kill("run", signal.SIGTERM)
        self.assertIn("told to end", self.end_of(job)["errors"][-1])

    def test_a_runner_that_is_killed_in_the_delay(self):
        job = self.script("--retries", "2", "--retry-delay", "1h", enough=9)
        self.until(lambda: self.job(job)["next_attempt_time"], "the delay")
        self.kill("run", signal.SIGKILL)
        self.assertEqual(self.end_of(job)["reason"], "lost")

    def test_what_staged_models_failed_attempts_leave(self):
        """A module that fails while it saves."""
        info = self.end_of(self.fault("throw", "--retries", "2", "--save-path", "m", where="save"))
        self.assertEqual((info["attempt"], os.listdir(self.work)), (3, []))

    def test_a_delay_without_retries(self):
        self.refused(2, "train", "fault", IRIS, "--retry-delay", "3s", says="--retries")


class LostTest(QueueBase):
    def lose(self):
        """Kills runner and worker of the one job that runs."""
        (self.work / "marked").unlink()
        for role in ("run", "work"):
            self.kill(role, signal.SIGKILL)

    def test_it_is_queued_again_up_to_a_limit(self):
        self.configure(REQUEUE)
        job = self.fault_waiting("--save-path", "m", do="child,daemon,mark,wait")
        for attempt in (2, 3):
            self.lose()
            self.assertEqual(self.statuses(job), ["QUEUED"])
            self.assert_silence()
            self.ostler("dispatch")
            self.until((self.work / "marked").exists, "it to run again")
            self.assertEqual(self.job(job)["attempt"], attempt)
        self.lose()
        info = self.job(job)
        self.assertEqual((info["status"], info["reason"]), ("ERRORED", "lost"))
        self.assertEqual(self.ostler("logs", job).out.count("queued again"), 2)

    def test_being_lost_is_no_retry(self):
        self.configure(REQUEUE)
        job = self.fault_waiting("--retries", "1", do="mark,wait,throw_internal")
        self.lose()
        self.ostler("dispatch")
        self.until((self.work / "marked").exists, "it to run again")
        info = self.job(job)
        self.assertEqual((info["attempt"], info["attempts"]), (2, 3))
        self.release()
        info = self.end_of(job)
        self.assertEqual((info["attempt"], info["attempts"], info["reason"]), (3, 3, "module"))
        self.assertIn("attempt: 3 of 3", self.ostler("status", job).out)

    def test_it_completes_the_second_time(self):
        self.configure(REQUEUE)
        job = self.fault_waiting("--save-path", "m")
        self.lose()
        waiting = self.start("wait", job)  # takes it up
        self.until((self.work / "marked").exists, "it to run again")
        self.release()
        waiting.communicate()
        self.assertEqual((waiting.returncode, self.job(job)["attempt"]), (0, 2))
        self.ostler("load", "m")

    def test_dispatch_alone_takes_it_up(self):
        """As in a crontab's @reboot line, when nothing else is queued."""
        self.configure(REQUEUE)
        job = self.fault_waiting()
        self.lose()
        self.ostler("dispatch")
        self.until((self.work / "marked").exists, "it to run again")
        self.release()
        self.wait_for(job)

    def test_a_runner_that_is_told_to_end(self):
        """As when the machine shuts down."""
        self.configure(REQUEUE)
        job = self.fault_waiting()
        (self.work / "marked").unlink()
        self.kill("run", signal.SIGTERM)
        self.assertEqual(self.wait_for_silence(), {})
        self.assertEqual(self.statuses(job), ["QUEUED"])
        self.ostler("dispatch")
        self.until((self.work / "marked").exists, "it to run again")
        self.release()
        self.wait_for(job)

    def test_one_that_was_to_be_canceled_is_not(self):
        self.configure(REQUEUE)
        job = self.fault_waiting(do="ignore_term,mark,wait")
        canceling = self.start("cancel", job)
        self.until(lambda: "being canceled" in self.ostler("status", job).out, "the cancel to be asked for")
        self.lose()
        canceling.communicate()
        self.assertEqual(self.statuses(job), ["CANCELED"])

    def test_bad_configuration(self):
        self.configure(REQUEUE.replace("requeue,", "reque,"))
        self.refused(2, "train", "fault", IRIS, says=("on_lost", 'did you mean "requeue"'))
        self.configure(REQUEUE.replace(": 2", ": 0"))
        self.refused(2, "train", "fault", IRIS, says="max_requeues")


class MarksTest(QueueBase):
    def ids(self, *args):
        return sorted(job["id"] for job in self.ostler("status", "--json", *args).json["jobs"])

    def test_tags_and_groups_choose_jobs(self):
        both = self.fault("", "--tag", "night=1", "--tag", "who=me", "--group", "fan")
        one = self.fault("", "--tag", "night=1")
        other = self.fault("throw", "--tag", "night=2", "--group", "fan")
        self.ostler("wait", "--group", "fan", code=6)
        self.ostler("wait", "--tag", "night=1")
        self.assertEqual(self.ids("--tag", "night=1"), sorted([both, one]))
        self.assertEqual(self.ids("--tag", "night=1", "--tag", "who=me"), [both])
        self.assertEqual(self.ids("--group", "fan"), sorted([both, other]))
        self.assertEqual(self.ids("--group", "nobody"), [])
        self.assertEqual(self.job(both)["tags"], {"night": "1", "who": "me"})
        self.assertEqual(self.job(both)["group"], "fan")
        self.assertIn("night=1 who=me", self.ostler("status", both).out)
        document = self.ostler("status", "--json", "--tag", "night=1", "-n", "1").json
        self.assertEqual((len(document["jobs"]), document["total"], document["truncated"]), (1, 2, True))
        self.ostler("logs", "--group", "fan")
        self.assertEqual(sorted(self.ostler("prune", "--group", "fan").out.split()), sorted([both, other]))
        self.assertEqual(self.ids(), [one])

    def test_cancel_by_group(self):
        jobs = [self.fault("wait", "--group", "fan", file="/nowhere") for _ in range(2)]
        self.ostler("cancel", "--group", "fan")
        self.assertEqual(self.statuses(*jobs), ["CANCELED", "CANCELED"])

    def test_a_canceled_group_starts_nothing_and_fails_nothing(self):
        self.configure(ONE_AT_A_TIME)
        jobs = [self.fault_waiting("--group", "fan")]
        jobs += [self.fault("", "--group", "fan") for _ in range(3)]
        jobs.append(self.fault("", "--group", "fan", "--after", jobs[-1]))
        self.ostler("cancel", "--group", "fan")
        infos = [self.job(job) for job in jobs]
        self.assertEqual([info["status"] for info in infos], ["CANCELED"] * 5)
        self.assertEqual([info["start_time"] for info in infos[1:]], [None] * 4)

    def test_what_is_no_tag(self):
        for bad in ("night", "=1", "a="):
            self.refused(2, "train", "fault", IRIS, "--tag", bad, says="--tag")
        self.refused(2, "status", "--tag", "night", says="NAME=VALUE")
        self.refused(2, "status", *["--tag", "a=b"] * 101, says="101 times")

    def test_history(self):
        first = self.job(self.fault("", "--id", "nightly", "--wait"))["uuid"]
        second = self.job(self.fault("", "--id", "nightly", "--wait"))["uuid"]
        runs = self.ostler("status", "nightly", "--history", "--json").json["jobs"]
        self.assertEqual([run["uuid"] for run in runs], [second, first])
        self.assertEqual(len(self.ostler("status", "nightly", "--history").out.splitlines()), 3)
        self.refused(2, "status", "--history", says="needs an id")


class EnvironmentTest(QueueBase):
    TELL = '#!/bin/sh\nenv > told\necho m > "$OSTLER_MODEL_DIR/model"\n'

    def told(self, *args):
        self.wait_for(self.script(*args, text=self.TELL))
        return dict(line.split("=", 1) for line in (self.work / "told").read_text().splitlines() if "=" in line)

    def test_variables_are_added_and_replaced(self):
        self.env["MINE"] = "old"
        told = self.told("--env", "MINE=new", "--env", "EMPTY=", "--env=MORE=a=b")
        self.assertEqual((told["MINE"], told["EMPTY"], told["MORE"]), ("new", "", "a=b"))

    def test_the_last_of_a_name_counts(self):
        job = self.fault_waiting("--env", "MINE=1", "--env", "MINER=3", "--env", "MINE=2")
        environment = (self.store / "jobs" / self.job(job)["uuid"] / "environment").read_bytes().split(b"\0")
        self.assertEqual([entry for entry in environment if entry.startswith(b"MINE")], [b"MINER=3", b"MINE=2"])
        self.release()
        self.wait_for(job)

    def test_a_clean_environment(self):
        self.env.update({"MINE": "old", "LC_ALL": "C.UTF-8", "TZ": "UTC"})
        told = self.told("--clean-env", "--env", "ONLY=this")
        self.assertNotIn("MINE", told)
        self.assertEqual((told["ONLY"], told["LC_ALL"], told["TZ"], told["HOME"]),
                         ("this", "C.UTF-8", "UTC", str(self.home)))

    def test_values_are_shown_nowhere(self):
        job = self.fault_waiting("--env", "TOKEN=sesame", "--env=KEY=sesame", do="mark,wait")
        self.release()
        self.wait_for(job)
        for command in (["status", job], ["status", job, "--json"], ["status", "--json", "-v"], ["logs", job]):
            self.assertNotIn("sesame", self.ostler(*command).out)
        self.assertIn("TOKEN=...", self.ostler("status", job).out)
        for path in self.store.rglob("*"):
            if path.is_file():
                self.assertNotIn(b"sesame", path.read_bytes(), path)

    def test_what_is_no_variable(self):
        self.refused(2, "train", "fault", IRIS, "--env", "NAME", says="NAME=VALUE")
        self.refused(2, "train", "fault", IRIS, "--env", "=x", says="NAME=VALUE")
        for own in ("OSTLER_JOB_ID", "OSTLER_MODEL_DIR", "OSTLER_RUNNER"):
            self.refused(2, "train", "fault", IRIS, "--env", own + "=x", says="itself")
        self.refused(2, "predict", "m", IRIS, "--env", "A=b", says="--detach")


class OnFinishTest(QueueBase):
    HOOK = 'echo "$OSTLER_JOB_ID $OSTLER_JOB_STATUS ${OSTLER_MODEL_DIR:-none} $PWD" >> told'

    def told(self, lines=1):
        """What the command wrote, once there are so many lines."""
        path = self.work / "told"
        return self.until(lambda: path.exists() and len(text := path.read_text().splitlines()) >= lines and text,
                          "the command to be run")

    def line(self, job, status, model="none"):
        return f"{self.job(job)['uuid']} {status} {model} {self.work}"

    def test_after_every_end(self):
        done = self.fault("", "--on-finish", self.HOOK, "--save-path", "m", "--wait")
        self.assertEqual(self.told(), [self.line(done, "COMPLETED", self.work / "m")])
        failed = self.fault("crash", "--on-finish", self.HOOK)
        self.assertEqual(self.told(2)[1:], [self.line(failed, "ERRORED")])
        running = self.fault_waiting("--on-finish", self.HOOK)
        dependent = self.fault("", "--on-finish", self.HOOK, "--after", running)
        self.ostler("cancel", running)
        self.assertEqual(sorted(self.told(4)[2:]),
                         sorted([self.line(running, "CANCELED"), self.line(dependent, "ERRORED")]))
        self.assertEqual(self.wait_for_silence(), {})
        self.assertEqual(len(self.told()), 4)

    def test_of_a_queued_job_that_is_canceled(self):
        self.configure(ONE_AT_A_TIME)
        self.fault_waiting()
        queued = self.fault("", "--on-finish", self.HOOK)
        self.ostler("cancel", queued)
        self.assertEqual(self.told(), [self.line(queued, "CANCELED")])
        self.release()

    def test_of_a_lost_job_by_whoever_looks_once(self):
        job = self.fault_waiting("--on-finish", self.HOOK)
        for role in ("run", "work"):
            self.kill(role, signal.SIGKILL)
        looks = [self.start("status", job, "--json") for _ in range(4)]
        for look in looks:
            look.communicate()
        self.assertEqual(self.told(), [self.line(job, "ERRORED")])
        self.assertEqual(self.wait_for_silence(), {})
        self.assertEqual(len(self.told()), 1)

    def test_it_is_run_once_wherever_the_runner_dies(self):
        for point in ("outcome:linked", "end:published", "end:told", "end:row"):
            with self.subTest(point):
                (self.work / "told").unlink(missing_ok=True)
                env = {**self.env, "OSTLER_TEST_DIE_AT": point}
                job = self.ostler("train", "fault", IRIS, "--on-finish", self.HOOK, "--save-path", "m", env=env).line
                # Dead before anybody looks: one that still lives is shown as COMPLETED, too, and left to it.
                self.assertEqual(self.wait_for_silence(), {})
                self.assertEqual(self.end_of(job)["status"], "COMPLETED")
                self.assertEqual(self.told(), [self.line(job, "COMPLETED", self.work / "m")])
                self.assertEqual(self.wait_for_silence(), {})
                self.assertEqual(len(self.told()), 1)

    def test_it_outlives_the_runner_s_next_job(self):
        """What a runner has started after one job is no leftover of the next, whatever environment it has."""
        self.configure(ONE_AT_A_TIME)
        command = "echo $$ > pid.new; mv pid.new pid; until test -e done; do sleep 0.02; done; touch over"
        first = self.fault_waiting("--on-finish", f"env -i setsid sh -c '{command}' &")
        second = self.fault("wait,child", file=self.work / "pid")  # by the same runner
        self.release()
        self.wait_for(first)
        self.wait_for(second)
        os.kill(int((self.work / "pid").read_text()), 0)
        self.write("done", "")
        self.until((self.work / "over").exists, "its end")

    def test_its_output_goes_to_the_log_and_status_answers_in_it(self):
        command = json.dumps(str(os.environ.get("TEST_PREFIX", "")) + "/bin/ostler")
        job = self.fault("", "--on-finish", f"{command} status $OSTLER_JOB_ID --format 'it is {{status}}'; {command} wait $OSTLER_JOB_ID")
        self.until(lambda: "it is COMPLETED" in self.ostler("logs", job).out, "the command's output", job)

    def test_it_has_the_job_s_environment_and_no_other_s(self):
        self.env["MINE"] = "yes"
        self.fault("", "--on-finish", "echo $MINE $OSTLER_RUNNER > told.new; mv told.new told", "--env", "MINE=new", "--wait")
        self.assertEqual(self.told()[0].split()[0], "new")


if __name__ == "__main__":
    main()
