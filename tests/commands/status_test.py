#!/usr/bin/env python3
"""ostler status: one job, the list, and what it must not do."""
import json
import signal

from support import DATA, OstlerTest, main

IRIS = DATA / "iris.train.csv"


class StatusTest(OstlerTest):
    def test_one_job_for_people(self):
        job = self.fault("", "--save-path", "models/m")
        info = self.wait_for(job)
        out = self.ostler("status", job).out
        for text in (job, "COMPLETED", "fault", str(self.work / "models/m")):
            self.assertIn(text, out)
        self.assertNotIn("\x1b", out)
        self.assertEqual(self.ostler("status", info["short_id"]).out.count("COMPLETED"), out.count("COMPLETED"))

    def test_a_failed_job_says_why(self):
        job = self.fault("throw", message="the reason of all this")
        self.wait_for(job, "ERRORED")
        out = self.ostler("status", job).out
        self.assertIn("ERRORED", out)
        self.assertIn("the reason of all this", out)

    def test_the_list_has_active_jobs_first(self):
        done = [self.fault() for _ in range(2)]
        for job in done:
            self.wait_for(job)
        active = self.fault_waiting()
        out = self.ostler("status").out
        places = [out.index(job.split(":")[1][:8]) for job in (active, done[1], done[0])]
        self.assertEqual(places, sorted(places), out)
        document = self.ostler("status", "--json").json
        self.assertEqual((document["schema"], document["total"], document["truncated"]), (1, 3, False))
        self.assertEqual([job["id"] for job in document["jobs"]], [active, done[1], done[0]])
        self.release()
        self.wait_for(active)

    def test_the_list_is_cut_at_twenty_and_says_so(self):
        jobs = [self.fault() for _ in range(22)]
        self.ostler("wait", *jobs)
        self.wait_for_silence()  # the index follows a job's end by a moment
        result = self.ostler("status")
        self.assertEqual(result.out.count("COMPLETED"), 20)
        self.assertIn("22", result.err)
        document = self.ostler("status", "--json").json
        self.assertEqual((len(document["jobs"]), document["total"], document["truncated"]), (20, 22, True))

    def test_an_empty_store_is_no_error_and_is_not_made(self):
        self.ostler("status")
        self.assertEqual(self.ostler("status", "--json").json,
                         {"schema": 1, "jobs": [], "total": 0, "truncated": False})
        self.assertFalse(self.store.exists())

    def test_a_warning_does_not_stand_in_a_document(self):
        job = self.fault()
        info = self.wait_for(job)
        self.assertEqual(info["cwd"], str(self.work))
        result = self.ostler("status", job, "--json", env={**self.env, "OSTLER_NONSENSE": "1"})
        self.assertIn("OSTLER_NONSENSE", result.err)
        self.assertEqual(result.json["jobs"][0], info)

    def test_several_ids(self):
        jobs = [self.fault(), self.fault()]
        self.ostler("wait", *jobs)
        document = self.ostler("status", *jobs, "--json").json
        self.assertEqual([job["id"] for job in document["jobs"]], jobs)

    def test_of_several_ids_the_known_are_shown(self):
        job = self.fault()
        self.wait_for(job)
        for ids in ([job, "deadbeef"], ["deadbeef", job]):
            result = self.ostler("status", *ids, code=3)
            self.assertEqual(result.out.count("COMPLETED"), 1)
            self.assertTrue(result.out.startswith("ID "), result.out)
            self.assertIn("there is no job deadbeef", result.err)
            self.assertEqual([one["id"] for one in json.loads(self.ostler("status", *ids, "--json", code=3).out)["jobs"]], [job])
        result = self.ostler("status", "deadbeef", "cafebabe", code=3)
        self.assertEqual(result.out, "")
        self.assertEqual(result.err.count("there is no job"), 2)

    def test_with_an_unknown_id_nothing_is_done_to_the_others(self):
        active = self.fault_waiting()
        self.refused(3, "cancel", active, "deadbeef", says=["deadbeef", "nothing was done with the others"])
        self.assertEqual(self.job(active)["status"], "RUNNING")
        self.release()
        self.wait_for(active)
        self.refused(3, "prune", active, "deadbeef", says="nothing was done with the others")
        self.assertEqual(self.job(active)["status"], "COMPLETED")

    def test_fields_in_templates_are_those_of_columns(self):
        job = self.fault("", "--tag", "team=a.b", metric=0.5)
        self.wait_for(job)
        self.assertEqual(self.ostler("status", job, "--format", "{metric.train_accuracy} {param.metric} {tag.team} {metric.x}").out, "0.5 0.5 a.b \n")
        self.assertEqual(self.ostler("status", "--columns", "module,metric.train_accuracy").out.split(),
                         ["MODULE", "METRIC.TRAIN_ACCURACY", "fault", "0.5"])
        for words, says in ((["--format", "{staus}"], 'did you mean "status"?; --json shows'),
                            (["--columns", "staus"], 'did you mean "status"?'),
                            (["--columns", "accuracy"], 'did you mean "metric.accuracy"?'),
                            (["--columns", "parm.eta"], 'did you mean "param.eta"?')):
            message = self.refused(2, "status", job, *words, says=says).err
            self.assertLess(len(message), 200)
        for words in ([], [job]):
            self.assertGreater(float(self.ostler("status", *words, "--format", "{duration}").out), 0)
        self.refused(2, "status", "--sort", "metrc.loss", says='did you mean "metric.loss"?')

    def test_what_could_play_with_a_terminal_is_made_visible(self):
        job = self.fault("throw", message="\x1b[2J \u009b31m \x7f é 名")
        self.wait_for(job, "ERRORED")
        for result in (self.ostler("status", job), self.ostler("wait", job, code=6)):
            shown = result.out + result.err
            self.assertIn(r"\x1b[2J \u009b31m \x7f é 名", shown)
        named = self.refused(3, "status", b"caf\xe9\x9b", says=r"caf\xe9\x9b")
        self.assertNotIn("\x9b", named.err)

    def test_exit_status_gives_the_jobs_code(self):
        good, bad = self.fault(), self.fault("throw")
        self.wait_for(good)
        self.wait_for(bad, "ERRORED")
        self.ostler("status", bad)
        self.ostler("status", good, "--exit-status")
        self.ostler("status", bad, "--exit-status", code=6)

    def test_JOB_9_an_unknown_id_names_the_store(self):
        """[JOB-9]"""
        for command in ("status", "wait", "cancel", "result", "logs"):
            self.refused(3, command, "deadbeef", says=["deadbeef", self.store])
        self.wait_for(self.fault())
        for command in ("status", "wait", "cancel", "result", "logs"):
            self.refused(3, command, "deadbeef-dead-4ead-8ead-deadbeefdead", says=self.store)

    def test_a_prefix_has_at_least_four_characters(self):
        job = self.fault("", "--id", "nightly")
        uuid = self.wait_for(job)["uuid"]
        self.assertEqual(self.job(uuid[:4])["uuid"], uuid)
        self.refused(3, "status", uuid[:3], says="give 4 characters or more")
        self.ostler("status", "night", code=3)  # external ids are never found by prefix

    def test_JOB_10_jobs_are_in_the_store_for_every_process(self):
        """[JOB-10]"""
        job = self.fault_waiting()
        elsewhere = {"HOME": str(self.home)}
        self.assertIn("RUNNING", self.ostler("status", job, env=elsewhere, cwd="/").out)
        self.release()
        self.ostler("wait", job, env=elsewhere, cwd="/")

    def test_JOB_8_the_completion_time_is_when_the_work_ended(self):
        """[JOB-8]"""
        jobs = [self.fault_waiting(), self.fault("throw")]
        self.ostler("cancel", jobs[0])
        first = [self.job(jobs[0]), self.wait_for(jobs[1], "ERRORED")]
        self.ostler("wait", *jobs, code=5)
        for job, info in zip(jobs, first):
            self.assertIsNotNone(info["completion_time"])
            self.assertEqual(self.job(job)["completion_time"], info["completion_time"])

    def test_status_starts_nothing(self):
        self.configure("model_management: {trainers: {default: {type: LOCAL, config: {max_concurrent: 1}}}}\n")
        self.fault_waiting()
        queued = self.fault()
        for role in ("run", "work"):
            self.kill(role, signal.SIGKILL)
        self.until(lambda: "ostler dispatch" in self.ostler("status").err, "status to say that the queue stands")
        self.assertEqual(self.job(queued)["status"], "QUEUED")
        self.assertEqual(self.wait_for_silence(), {})
        self.assertEqual(self.job(queued)["status"], "QUEUED")


if __name__ == "__main__":
    main()
