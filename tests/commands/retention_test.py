#!/usr/bin/env python3
"""retention_duration: what becomes of jobs that have ended, and of what they made."""
import json

from support import DATA, OstlerTest, main

IRIS = DATA / "iris.train.csv"


class RetentionTest(OstlerTest):
    def keep_for(self, duration="0.01s", more="", predictors=""):
        """Configures the trainer and the job predictor `default`."""
        retention = f"retention_duration: {duration}"
        self.configure(f"""
model_management:
  trainers: {{default: {{type: LOCAL, config: {{{retention}{more}}}}}}}
  job_predictors: {{default: {{type: LOCAL, config: {{{retention}{predictors}}}}}}}
""")

    def until_gone(self, uuid):
        """Polls by look-ups until the job is unknown; then nothing of it is left in the store."""
        self.until(lambda: self.ostler("status", uuid, code=(0, 3)).code == 3, "the purge of " + uuid)
        self.assertFalse((self.store / "jobs" / uuid).exists())
        self.assertFalse((self.store / "trash").exists())

    def until_all_gone(self):
        self.until(lambda: not self.ostler("status", "--json").json["jobs"], "the purge of all jobs")
        self.assertEqual(self.job_directories(), [])

    def trained(self, *args, **more):
        """Trains to its end, and gives the run's uuid."""
        return self.ostler("train", "fault", IRIS, "--wait", "--json", *args, **more).json["jobs"][0]["uuid"]

    def predicted(self, model, *args, code=0):
        document = self.ostler("predict", "--detach", model, IRIS, "--wait", "--json", *args, code=code).json
        return document["jobs"][0]["uuid"]

    def keep_all(self):
        self.keep_for("null")

    def test_the_default_keeps_for_ever(self):
        """[JOB-7]"""
        uuid = self.trained()
        text = (self.store / "jobs" / uuid / "spec.json").read_text()
        self.assertIsNone(json.loads(text)["retention"])

    def test_a_terminal_job_is_purged_by_a_look_up(self):
        """[JOB-7] [TRN-5] With its log and the model in its directory."""
        self.keep_for()
        uuid = self.trained()
        self.until_gone(uuid)
        for command in ("result", "wait", "logs", "cancel"):
            self.ostler(command, uuid, code=3)

    def test_it_is_purged_by_a_submit_a_list_and_a_look_at_another(self):
        """[JOB-7] Whose own configuration is another."""
        look_ups = {"a submit": lambda other: self.trained(), "a list": lambda other: self.ostler("status", "--json"),
                    "a look": lambda other: self.ostler("status", other, "--json")}
        for name, look_up in look_ups.items():
            with self.subTest(name):
                self.keep_all()
                other = self.trained()
                self.keep_for("0s")
                uuid = self.trained()
                self.wait_for_silence()  # its runner has written the row
                self.keep_all()
                look_up(other)
                self.assertNotIn(uuid, self.job_directories())
                self.assertIn(other, self.job_directories())

    def test_a_longer_one_is_kept(self):
        """[JOB-7] In caikit's grammar, with weeks."""
        for duration in ("1d", "1d12h3m0.2s", "2w", "3600"):
            self.keep_for(duration)
            uuid = self.trained()
            self.ostler("status", "--json")
            self.assertEqual(self.job(uuid)["status"], "COMPLETED")

    def test_a_bad_duration_is_a_configuration_error(self):
        """[JOB-7] The parts have a fixed order, and only seconds a fraction."""
        for duration in ("1h1d", "1.5d", "1d1d", "-1s", "soon", "[1]", "true"):
            self.keep_for(duration)
            self.refused(2, "train", "fault", IRIS, says=["config.yml"])
        self.keep_for("1d", predictors=", delete_saved_models: true")
        self.configure("model_management: {trainers: {default: {type: LOCAL, config: {delete_saved_models: maybe}}}}")
        self.refused(2, "train", "fault", IRIS, says=["config.yml", "delete_saved_models"])

    def test_failed_and_canceled_jobs_are_purged_too(self):
        """[JOB-8] Retention is counted from when the work ended, whoever waited for it."""
        self.keep_for()
        self.fault("throw")
        self.until_all_gone()
        job = self.fault_waiting().split(":")[1]
        self.ostler("cancel", job)
        self.until_gone(job)

    def test_active_jobs_are_not_purged(self):
        """[JOB-7]"""
        self.keep_for("0s")
        job = self.fault_waiting()
        for _ in range(3):
            self.assertEqual(self.ostler("status", "--json").json["jobs"][0]["status"], "RUNNING")
        self.release()
        self.until_gone(job.split(":")[1])

    def test_more_than_one_look_purges(self):
        """[JOB-7] A look does only so much; the rest is unknown all the same."""
        self.keep_for("0s")
        jobs = [self.fault_waiting("--id", "first")]
        jobs += [self.ostler("train", "fault", IRIS, "-p", "do=wait", "-p", f"file={self.work / 'released'}").line
                 for _ in range(20)]
        self.release()
        self.until(lambda: not self.wait_for_silence(), "the end of all")
        for job in reversed(jobs):
            self.ostler("status", job, code=3)
        self.until_all_gone()

    def test_a_model_at_the_users_path_stays(self):
        """[JOB-7]"""
        self.keep_for()
        self.until_gone(self.trained("--save-path", "m"))
        self.ostler("load", "m")

    def test_delete_saved_models(self):
        """[JOB-7]"""
        self.keep_for(more=", delete_saved_models: true")
        self.until_gone(self.trained("--save-path", "models/m"))
        self.assertEqual([path.name for path in (self.work / "models").iterdir()], [])
        self.until_gone(self.trained("--save-path", "models", "--save-with-id", "--model-name", "m"))
        self.assertEqual([path.name for path in (self.work / "models").iterdir()], [])

    def test_a_later_jobs_model_is_never_deleted(self):
        """[JOB-19] Yesterday's purge leaves today's model, whatever today's job is configured with."""
        self.keep_for("1w", more=", delete_saved_models: true")
        old = self.trained("--save-path", "m", "-p", "value=old")
        self.keep_all()
        new = self.trained("--save-path", "m", "-p", "value=new")
        self.ostler("prune", old)
        self.ostler("status", old, code=3)
        self.assertEqual(self.ostler("predict", "m", IRIS).rows[0]["prediction"], "new")
        self.ostler("prune", new)
        self.ostler("load", "m")

    def test_what_the_user_put_into_a_model_is_never_deleted(self):
        """[JOB-19]"""
        self.keep_for("1w", more=", delete_saved_models: true")
        job = self.trained("--save-path", "m")
        self.wait_for_silence()
        self.write("m/notes.txt", "precious")
        self.ostler("prune", job)
        self.assertEqual((self.work / "m/notes.txt").read_text(), "precious")
        self.ostler("load", "m")

    def test_a_failed_jobs_path_is_left_alone(self):
        """[JOB-19] The model there is an earlier job's."""
        self.trained("--save-path", "m")
        self.keep_for(more=", delete_saved_models: true")
        job = self.fault("throw", "--save-path", "m").split(":")[1]
        self.until_gone(job)
        self.ostler("load", "m")

    def test_a_predictions_result_is_purged_with_it(self):
        """[PRD-4]"""
        self.trained("--save-path", "m")
        self.keep_for()
        self.until_gone(self.predicted("m"))
        self.until_gone(self.predicted("m", "-o", "mine.csv"))
        self.assertTrue((self.work / "mine.csv").is_file(), "the user's own file was deleted")

    def test_of_a_result_dir_only_the_jobs_own_folder_is_purged(self):
        """[PRD-4] [PRD-7]"""
        self.trained("--save-path", "m")
        self.keep_for("null", predictors=", result_dir: results")
        kept = self.predicted("m")
        self.write("results/notes.txt", "precious")
        self.keep_for("0.01s", predictors=", result_dir: results")
        gone = self.predicted("m", "--id", "results")  # occurs in result_dir
        self.until_gone(gone)
        found = sorted(str(path.relative_to(self.work)) for path in (self.work / "results").rglob("*"))
        self.assertEqual(found, [f"results/{kept}", f"results/{kept}/result.csv", "results/notes.txt"])

    def test_a_purge_that_was_cut_off_still_deletes_what_was_outside(self):
        """[PRD-4]"""
        self.keep_for("1w", more=", delete_saved_models: true", predictors=", result_dir: results")
        model = self.trained("--save-path", "m")
        prediction = self.predicted("m")
        for point in ("purge:renamed", "purge:deleted"):
            job = model if point == "purge:deleted" else prediction
            self.ostler("prune", job, env={**self.env, "OSTLER_TEST_DIE_AT": point}, code=None)
            self.ostler("status", job, code=3)
        self.assertEqual(sorted(path.name for path in self.work.iterdir()), ["results"])
        self.assertEqual(list((self.work / "results").iterdir()), [])
        self.assertFalse((self.store / "trash").exists())

    def test_reuse_does_not_meet_an_expired_run(self):
        """[JOB-7] [PRD-8]"""
        self.keep_for("0s")
        first = self.trained("--id", "nightly")
        second = self.trained("--id", "nightly", "--if-exists", "reuse")
        self.assertNotEqual(first, second)


if __name__ == "__main__":
    main()
