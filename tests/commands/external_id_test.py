#!/usr/bin/env python3
"""--id and --if-exists: one active job an id, the runs of an id, and who wins a race."""
from support import DATA, OstlerTest, main

IRIS = DATA / "iris.train.csv"


class ExternalIdTest(OstlerTest):
    def again(self, *more, code=0):
        """Submits under the id that the tests use."""
        return self.ostler("train", "fault", IRIS, "--id", "nightly", *more, code=code)

    def runs(self):
        """Uuid to status of all jobs."""
        return {job["uuid"]: job["status"] for job in self.ostler("status", "--json", "-n", "0").json["jobs"]}

    def active(self):
        self.fault_waiting("--id", "nightly")
        return self.job("nightly")["uuid"]

    def ended(self, status="COMPLETED", do=""):
        self.fault(do, "--id", "nightly")
        return self.wait_for("nightly", status)["uuid"]

    def test_a_mistyped_id_suggests_the_nearest(self):
        self.fault("", "--id", "nightly", "--wait")
        uuid = self.job("nightly")["uuid"]
        other = "0" if uuid[7] != "0" else "1"
        for typed, meant in (("nigthly", "nightly"), (uuid[:7] + other, uuid[:8]), (f"wTHxlsu:{uuid[:-1]}", f"wTHxlsu:{uuid}")):
            self.assertIn(f'did you mean "{meant}"?', self.ostler("status", typed, code=3).err)
        self.assertNotIn("did you mean", self.ostler("status", "weekly-of-march", code=3).err)

    def test_an_id_is_no_option(self):
        for words in (("train", "fault", IRIS), ("train", "fault", IRIS, "--if-exists", "reuse")):
            for id in ("-dash", "--dash", "-"):
                self.refused(2, *words, "--id", id, says=["--id", "begin", id])
                self.refused(2, *words, f"--id={id}", says=["--id", "begin", id])

    def test_completions_offer_an_id_of_several_runs_once(self):
        for _ in range(2):
            self.again("--wait")
        for begun in ("", "night"):
            words = [line.split("\t")[0] for line in self.ostler("__complete", 1, "status", begun).out.splitlines()]
            self.assertEqual(words.count("nightly"), 1, words)

    def test_fail_is_the_default(self):
        """[JOB-11] An active id is refused; once the job has ended it runs again, and the earlier run stays."""
        first = self.active()
        for arguments in ((), ("--if-exists", "fail")):
            error = self.again(*arguments, code=4).err
            self.assertIn(first, error)
            self.assertIn("--if-exists", error)
        self.assertEqual(self.job_directories(), [first])
        self.release()
        self.wait_for("nightly")
        self.again()
        second = self.wait_for("nightly")["uuid"]  # the newest run
        self.assertEqual(self.runs(), {first: "COMPLETED", second: "COMPLETED"})

    def test_attach(self):
        """[JOB-11]"""
        first = self.active()
        self.assertEqual(self.again("--if-exists", "attach").line, "nightly")
        document = self.again("--if-exists", "attach", "--json").json
        self.assertEqual([job["uuid"] for job in document["jobs"]], [first])
        self.assertEqual(self.job_directories(), [first])
        waiting = self.start("train", "fault", IRIS, "--id", "nightly", "--if-exists", "attach", "--wait", "-p",
                             "do=throw")
        self.assertEqual(waiting.stdout.readline().decode().strip(), "nightly")  # it has attached
        self.release()
        self.assertEqual(waiting.wait(), 0)  # the first one's code
        self.again("--if-exists", "attach")
        self.assertNotEqual(self.wait_for("nightly")["uuid"], first)

    def test_reuse(self):
        """[JOB-11]"""
        first = self.active()
        self.assertEqual(self.again("--if-exists", "reuse").line, "nightly")
        self.release()
        self.wait_for("nightly")
        self.assertEqual(self.again("--if-exists", "reuse", "-p", "do=throw", "--wait").line, "nightly")
        self.assertEqual(self.job_directories(), [first])

    def test_reuse_after_a_failure_is_a_new_run(self):
        """[JOB-11]"""
        first = self.ended("ERRORED", do="throw")
        self.again("--if-exists", "reuse", "--wait")
        self.assertEqual(sorted(self.runs().values()), ["COMPLETED", "ERRORED"])
        self.assertNotEqual(self.job("nightly")["uuid"], first)

    def test_replace(self):
        """[JOB-11] The active one is canceled, its processes are gone, and the new run is the id's."""
        first = self.active()
        worker = int((self.work / "marked").read_text())
        self.assertEqual(self.again("--if-exists", "replace").line, "nightly")
        self.assertNotIn(worker, self.processes())
        second = self.wait_for("nightly")["uuid"]
        self.assertEqual(self.runs(), {first: "CANCELED", second: "COMPLETED"})
        self.again("--if-exists", "replace", "--wait")
        self.assertEqual(len(self.runs()), 3)

    def test_replace_of_a_queued_job(self):
        """[JOB-11]"""
        self.configure("model_management: {trainers: {default: {type: LOCAL, config: {max_concurrent: 1}}}}")
        self.fault_waiting()
        first = self.again().line and self.job("nightly")["uuid"]
        self.again("--if-exists", "replace")
        self.assertEqual(self.runs()[first], "CANCELED")
        self.assertEqual(self.job("nightly")["status"], "QUEUED")
        self.release()
        self.wait_for("nightly")

    def test_what_cannot_be_submitted_replaces_nothing(self):
        """[JOB-11]"""
        first = self.active()
        for wrong in (("-p", "rounds=many"), ("--save-path", "s3://bucket/m"), ("--data", "absent.csv")):
            self.refused(2, "train", "fault", IRIS, "--id", "nightly", "--if-exists", "replace", *wrong)
        self.assertEqual(self.job("nightly")["status"], "RUNNING")
        self.release()
        self.wait_for(first)

    def test_predictions_have_external_ids_too(self):
        """[PRD-3] [PRD-9]"""
        self.fault("wait", "--save-path", "slow", "--wait", where="run", file=self.work / "released")
        arguments = ("predict", "--detach", "slow", IRIS, "--id", "nightly")
        self.ostler(*arguments)
        first = self.job("nightly")["uuid"]
        self.ostler(*arguments, code=4)
        self.assertEqual(self.ostler(*arguments, "--if-exists", "attach").line, "nightly")
        self.assertEqual(self.job("nightly")["uuid"], first)
        self.ostler(*arguments, "--if-exists", "replace")
        second = self.job("nightly")["uuid"]
        self.assertEqual((self.job(first)["status"], second == first), ("CANCELED", False))
        self.release()
        self.wait_for("nightly")
        self.ostler(*arguments, "--if-exists", "reuse")
        self.assertEqual(self.job("nightly")["uuid"], second)
        self.ostler(*arguments, "--wait")
        self.assertEqual(len(self.runs()), 4)  # with the training

    def test_a_job_of_the_other_kind_does_not_stand_for_this_one(self):
        """[JOB-13]"""
        self.fault("", "--save-path", "m", "--wait")
        first = self.active()
        predict = ("predict", "--detach", "m", IRIS, "--id", "nightly")
        for mode in ("attach", "reuse"):
            self.ostler(*predict, "--if-exists", mode, code=4)
        self.release()
        self.wait_for(first)
        self.ostler(*predict, "--if-exists", "reuse", "--wait")
        self.assertEqual(self.job("nightly")["kind"], "predict")

    def test_usage(self):
        self.refused(2, "train", "fault", IRIS, "--id", "x", "--if-exists", "replce", says=["replce", "replace"])
        self.refused(2, "train", "fault", IRIS, "--if-exists", "attach", says="--id")
        self.refused(2, "predict", "m", IRIS, "--if-exists", "attach", says="--detach")


class RaceTest(OstlerTest):
    def race(self, mode):
        """Eight submits at once under one id: their exit codes, and the statuses of the jobs."""
        submits = [self.start("train", "fault", IRIS, "--id", "one", "--if-exists", mode, "-p", "do=wait", "-p",
                              f"file={self.work / 'released'}") for _ in range(8)]
        codes = sorted(process.wait() for process in submits)
        self.release()
        self.wait_for("one")
        jobs = self.ostler("status", "--json", "-n", "0").json["jobs"]
        return codes, sorted(job["status"] for job in jobs)

    def test_one_of_racing_submits_runs(self):
        """[JOB-18]"""
        self.assertEqual(self.race("fail"), ([0] + [4] * 7, ["COMPLETED"]))

    def test_racing_submits_attach_to_the_first(self):
        """[JOB-18]"""
        self.assertEqual(self.race("attach"), ([0] * 8, ["COMPLETED"]))

    def test_racing_submits_reuse_the_first(self):
        """[JOB-18]"""
        self.assertEqual(self.race("reuse"), ([0] * 8, ["COMPLETED"]))

    def test_of_racing_replacements_the_last_stays(self):
        """[JOB-18]"""
        self.assertEqual(self.race("replace"), ([0] * 8, ["CANCELED"] * 7 + ["COMPLETED"]))


if __name__ == "__main__":
    main()
