#!/usr/bin/env python3
"""ostler train: what it prints, where the model goes, what is refused before there is a job."""
import datetime
import json
import os
import re
import subprocess

from support import DATA, ID, OSTLER, UUID, OstlerTest, accuracy, main

PENGUINS = DATA / "penguins.train.csv"
IRIS = DATA / "iris.train.csv"


class TrainTest(OstlerTest):
    def test_JOB_1_the_id_is_printed_at_once(self):
        """[JOB-1]"""
        job = self.fault_waiting()  # the training cannot have ended
        self.assertRegex(job, f"^{ID}$")
        info = self.job(job)
        self.assertEqual((info["id"], info["uuid"]), (job, job.split(":")[1]))
        self.assertEqual(info["short_id"], info["uuid"][:8])
        self.release()
        self.wait_for(job)

    def test_JOB_1_an_external_id_stands_as_it_is(self):
        """[JOB-1]"""
        job = self.fault("", "--id", "nightly run")
        self.assertEqual(job, "nightly run")
        info = self.wait_for(job)
        self.assertEqual((info["id"], info["external_id"]), (job, job))
        self.assertRegex(info["uuid"], f"^{UUID}$")
        self.assertEqual(self.job(info["uuid"])["uuid"], info["uuid"])

    def test_wait_gives_the_id_and_the_jobs_code(self):
        done = self.ostler("train", "fault", IRIS, "--wait")
        self.assertRegex(done.line, f"^{ID}$")
        self.assertEqual(self.job(done.line)["status"], "COMPLETED")
        failed = self.ostler("train", "fault", IRIS, "-p", "do=throw", "-p", "message=no luck today", "-w", code=6)
        self.assertIn("no luck today", failed.err)
        self.assertRegex(failed.line, f"^{ID}$")

    def test_wait_with_a_timeout_leaves_the_job_alone(self):
        arguments = ("-p", "do=wait", "-p", f"file={self.work / 'released'}")
        result = self.ostler("train", "fault", IRIS, *arguments, "--wait", "--timeout", "0.2s", code=124)
        self.wait_for(result.line, "RUNNING")
        self.release()
        self.wait_for(result.line)

    def test_json_is_one_document_at_submit(self):
        document = self.ostler("train", "fault", IRIS, "--json").json
        self.assertEqual((document["schema"], len(document["jobs"]), document["total"]), (1, 1, 1))
        job = document["jobs"][0]
        self.assertEqual((job["kind"], job["module"]["name"]), ("train", "fault"))
        self.wait_for(job["id"])
        document = self.ostler("train", "fault", IRIS, "--json", "--wait").json
        self.assertEqual(document["jobs"][0]["status"], "COMPLETED")

    def test_standard_input_as_data(self):
        job = self.train("linear", "-", "--label", "target", stdin=IRIS.read_bytes())
        self.wait_for(job)
        self.ostler("load", self.ostler("result", job).line)

    def test_standard_input_is_not_read_unasked(self):
        self.refused(2, "train", "linear", "--label", "target", stdin=IRIS.read_bytes())

    def test_data_may_be_given_as_an_option_and_several_times(self):
        text = IRIS.read_text()
        header, *rows = text.splitlines(keepends=True)
        one = self.write("one.csv", header + "".join(rows[:60]))
        two = self.write("two.csv", header + "".join(rows[60:]))
        job = self.train("linear", one, "--data", two, "--label", "target")
        self.assertEqual(len(self.wait_for(job)["data"]), 2)
        self.assertGreaterEqual(accuracy(self.ostler("predict", self.ostler("result", job).line, DATA / "iris.test.csv").rows,
                                         DATA / "iris.test.csv", "target"), 0.9)

    def test_parameters_from_a_file_yield_to_those_of_the_line(self):
        self.write("p.json", json.dumps({"value": "of the file", "message": "of the file"}))
        job = self.train("fault", IRIS, "--params", "p.json", "-p", "value=of the line", "-p", "bytes:=7")
        params = self.wait_for(job)["params"]
        self.assertEqual((params["value"], params["message"], params["bytes"]), ("of the line", "of the file", 7))

    def test_a_relative_path_is_the_submitters(self):
        self.write("here/data.csv", IRIS.read_text())
        job = self.train("linear", "data.csv", "--label", "target", "--save-path", "model", cwd=self.work / "here")
        self.wait_for(job)
        self.assertTrue((self.work / "here/model/config.yml").is_file())

    def test_a_short_name_or_a_module_id_names_the_module(self):
        self.wait_for(self.train("6f0a2c3e-8f0d-4c55-9c1b-2f7f0a5d9e01", IRIS))

    def test_progress_is_seen_while_it_trains(self):
        gate = self.write("gate", "0")
        job = self.fault("", rounds=10, gate=gate)
        self.write("gate", "4")
        # Written a few times a second at most; the last one before a standstill is not lost.
        self.until(lambda: (self.job(job)["progress"] or {}).get("done") == 4, "four rounds", job)
        info = self.job(job)
        self.assertEqual((info["status"], info["progress"]["total"], info["progress"]["unit"]),
                         ("RUNNING", 10, "rounds"))
        self.write("gate", "10")
        self.assertEqual(self.wait_for(job)["progress"]["done"], 10)


class SavePathTest(OstlerTest):
    def saved(self, *args):
        """Trains with the arguments and gives the job; its model lies at the path that was told at once (TRN-3)."""
        told = self.ostler("train", "fault", IRIS, "--json", *args).json["jobs"][0]["save_path"]
        job = self.wait_for(self.ostler("status", "--json").json["jobs"][0]["id"])
        self.assertEqual((job["save_path"], job["result"]), (told, told))
        self.ostler("load", told)
        return job

    def test_TRN_2_save_path_then_id_then_name(self):
        """[TRN-2]"""
        job = self.saved("--save-path", "models", "--save-with-id", "--model-name", "m")
        self.assertEqual(job["save_path"], f"{self.work}/models/{job['uuid']}/m")

    def test_TRN_2_the_id_in_a_path_is_the_uuid_even_of_an_external_id(self):
        """[TRN-2]"""
        job = self.saved("--save-path", "models", "--save-with-id", "--id", "night")
        self.assertEqual(job["save_path"], f"{self.work}/models/{job['uuid']}")

    def test_TRN_2_a_name_that_the_path_has_already_is_not_added(self):
        """[TRN-2]"""
        self.assertEqual(self.saved("--save-path", "models/m", "--model-name", "m")["save_path"],
                         f"{self.work}/models/m")

    def test_TRN_2_names_are_compared_by_component(self):
        """[TRN-2]"""
        self.assertEqual(self.saved("--save-path", "my_models", "--model-name", "my")["save_path"],
                         f"{self.work}/my_models/my")

    def test_TRN_3_the_future_tells_the_final_path(self):
        """[TRN-3]"""
        self.assertEqual(self.saved("--save-path", "models/x/../y")["save_path"], f"{self.work}/models/y")

    def test_TRN_5_without_a_save_path_the_model_is_in_the_jobs_directory(self):
        """[TRN-5]"""
        job = self.fault(value="mine")
        info = self.wait_for(job)
        model = self.ostler("result", job).line
        self.assertTrue(model.startswith(f"{self.store}/jobs/{info['uuid']}/"), model)
        rows = self.ostler("predict", model, DATA / "iris.test.csv").rows
        self.assertEqual({row["prediction"] for row in rows}, {"mine"})

    def test_TRN_8_nothing_is_at_the_path_before_the_end(self):
        """[TRN-8]"""
        job = self.fault_waiting("--save-path", "models/m")
        self.assertFalse((self.work / "models/m").exists())
        self.ostler("find", "models/m", code=3)
        self.release()
        self.wait_for(job)
        self.assertEqual(sorted(path.name for path in (self.work / "models").iterdir()), ["m"])

    def test_TRN_8_nothing_is_made_in_its_folder_by_trying_whether_it_can_be(self):
        """[TRN-8] Not even for a moment, which a submit may be killed in."""
        folder = self.work / "models"
        folder.mkdir()
        try:
            os.close(os.open(folder, os.O_TMPFILE | os.O_WRONLY))
        except OSError:
            self.skipTest("the file system makes no file without a name")
        changed = folder.stat().st_mtime_ns
        job = self.fault_waiting("--save-path", "models/m")
        self.assertEqual(folder.stat().st_mtime_ns, changed)
        self.release()
        self.wait_for(job)
        self.assertEqual(os.listdir(folder), ["m"])

    def test_TRN_8_a_failure_while_saving_leaves_the_old_model_whole(self):
        """[TRN-8]"""
        self.wait_for(self.fault("", "--save-path", "m", value="old"))
        before = self.tree()
        job = self.fault("throw", "--save-path", "m", where="save", value="new")
        self.wait_for(job, "ERRORED")
        self.wait_for_silence()
        self.assertEqual(self.tree(), before)

    def test_TRN_8_a_new_model_replaces_the_old_one(self):
        """[TRN-8]"""
        for value in ("old", "new"):
            self.wait_for(self.fault("", "--save-path", "m", value=value))
        self.assertEqual(self.ostler("predict", "m", DATA / "iris.test.csv").rows[0]["prediction"], "new")
        self.assertEqual([path.name for path in self.work.iterdir()], ["m"])

    def test_TRN_7_a_training_starts_from_a_model(self):
        """[TRN-7] by path, by name and by the id of its training; of one and the same model, whatever is published
        there while it trains"""
        first = self.fault("", "--save-path", "models/first", "--wait", value="hay")
        for name in ("models/first", "first", first):
            job = self.fault("", "--wait", base=name)
            self.assertEqual(self.job(job)["params"]["base"], str(self.work / "models/first"))
            self.assertEqual(self.ostler("predict", job, IRIS).out.splitlines()[1], "hay")
        waiting = self.fault_waiting(base="first")
        self.fault("", "--save-path", "models/first", "--wait", value="oats")
        self.release()
        self.wait_for(waiting)
        self.assertEqual(self.ostler("predict", waiting, IRIS).out.splitlines()[1], "hay")

    def test_MDL_1_the_saved_configuration(self):
        self.wait_for(self.fault("", "--save-path", "models/m", "--model-name", "m", metric=0.5))
        text = (self.work / "models/m/config.yml").read_text()
        keys = re.findall(r"^(\w+):", text, re.MULTILINE)
        for key in ("ostler_version", "created", "saved", "name", "tracking_id", "module_id", "module_class", "version",
                    "train", "metrics", "files"):
            self.assertIn(key, keys)
        self.assertNotIn("model_path", keys)


class RefusedTest(OstlerTest):
    """TRN-9: what is wrong is refused before there is a job."""

    def test_TRN_7_a_parameter_that_is_no_model(self):
        """[TRN-7] what is no model, and a module that takes none, are refused before there is a job"""
        for module in ("linear", "fault"):
            self.refused(2, "train", module, IRIS, "-p", "base_model=models/m", says=["base_model", "cannot go on"])
        self.refused(3, "train", "xgboost", IRIS, "--label", "target", "-p", "base_model=models/m",
                     says=["models/m"])
        self.refused(3, "train", "fault", IRIS, "-p", "base=models/m", says=["models/m"])
        self.refused(2, "train", "fault", IRIS, "-p", "base=", says=["base", "empty"])

    def test_TRN_1_the_keys_of_a_subprocess_are_taken_with_a_note(self):
        """[TRN-1]"""
        self.configure("model_management: {trainers: {default: {type: LOCAL, config: {use_subprocess: true, "
                       "subprocess_start_method: spawn}}}}")
        result = self.ostler("train", "fault", IRIS, "--wait")
        for key in ("use_subprocess", "subprocess_start_method"):
            self.assertRegex(result.err, f"{key} .*changes nothing")
        self.assertEqual(self.ostler("status", "--quiet").err, "")

    def test_TRN_9_a_wrong_parameter_name(self):
        """[TRN-9]"""
        self.refused(2, "train", "xgboost", PENGUINS, "--label", "species", "-p", "etaa=0.3", says=["etaa", "eta"])

    def test_TRN_9_a_wrong_parameter_value(self):
        """[TRN-9]"""
        self.refused(2, "train", "fault", IRIS, "-p", "rounds=many", says=["rounds", "many"])
        self.refused(2, "train", "fault", IRIS, "-p", "rounds=-1", says=["rounds"])
        self.refused(2, "train", "fault", IRIS, "-p", "where=nowhere", says=["where", "train"])
        self.refused(2, "train", "fault", IRIS, "-p", "rounds:=[1", says="rounds")
        self.refused(2, "train", "fault", IRIS, "-p", "rounds", says="rounds")

    def test_TRN_9_the_same_parameter_twice_with_two_values_is_the_last_or_refused(self):
        """[TRN-9]"""
        result = self.ostler("train", "fault", IRIS, "-p", "value=a", "-p", "value=b", code=(0, 2))
        if result.code == 0:
            self.assertEqual(self.wait_for(result.line)["params"]["value"], "b")

    def test_TRN_10_a_model_name_is_one_component(self):
        """[TRN-10]"""
        for name in ("/abs", "../x", "a/b", "..", "."):
            self.refused(2, "train", "fault", IRIS, "--save-path", "models", "--model-name", name)

    def test_TRN_10_an_external_id_is_one_component(self):
        """[TRN-10]"""
        for name in ("/abs", "../x", "a/b", "..", "", "."):
            self.refused(2, "train", "fault", IRIS, "--id", name)

    def test_an_unknown_module_names_the_nearest(self):
        self.refused(3, "train", "xgbost", PENGUINS, "--label", "species", says=["xgbost", "xgboost"])

    def test_TRN_9_every_file_is_looked_at(self):
        """[TRN-9]"""
        self.write("other.csv", "a,b\n1,2\n")
        self.write("header.csv", IRIS.read_text().splitlines()[0] + "\n")
        self.refused(2, "train", "linear", IRIS, "other.csv", "--label", "target", says=["other.csv", "target"])
        self.refused(2, "train", "linear", "header.csv", "--label", "target", says=["header.csv", "no rows"])
        self.refused(2, "train", "linear", "absent.csv", "--label", "target", says="absent.csv")
        self.refused(2, "train", "linear", IRIS, "--params", "absent.yml", "--label", "target", says="absent.yml")
        self.refused(2, "train", "linear", IRIS, "--label", "target", "--timeout", "3", says="--wait")

    def test_an_empty_directory_in_a_model_is_not_removed(self):
        self.wait_for(self.fault("", "--save-path", "m"))
        (self.work / "m/notes").mkdir()
        self.refused(2, "train", "fault", IRIS, "--save-path", "m", says="notes")

    def test_the_id_that_cannot_be_printed_is_said(self):
        with open("/dev/full", "wb") as full:
            process = subprocess.run([OSTLER, "train", "fault", IRIS], env=self.env, cwd=self.work, stdout=full,
                                     stderr=subprocess.PIPE, check=False)
        self.assertEqual(process.returncode, 1)
        self.assertRegex(process.stderr.decode(), ID + " was submitted and goes on")

    def test_TRN_9_the_label_among_the_ignored_columns(self):
        """[TRN-9]"""
        self.refused(2, "train", "linear", IRIS, "--label", "target", "-p", "ignore=target", says="both label and ignore")

    def test_an_unknown_label_names_the_nearest(self):
        self.refused(2, "train", "linear", PENGUINS, "--label", "specis", says=["specis", "species"])

    def test_no_label(self):
        self.refused(2, "train", "linear", PENGUINS, says="label")

    def test_an_unknown_column_in_a_list(self):
        self.refused(2, "train", "linear", PENGUINS, "--label", "species", "-p", "ignore=yeer", says=["yeer", "year"])

    def test_an_unknown_trainer(self):
        self.refused(2, "train", "fault", IRIS, "--trainer", "clustr", says="clustr")

    def test_a_save_path_that_is_a_folder_of_something_else(self):
        """[TRN-9]"""
        self.write("project/main.py", "print()\n")
        self.refused(2, "train", "fault", IRIS, "--save-path", "project", says="project")
        self.refused(2, "train", "fault", IRIS, "--save-path", ".")
        self.write("file", "precious")
        self.refused(2, "train", "fault", IRIS, "--save-path", "file", says="file")

    def test_a_model_with_a_foreign_file_is_not_replaced(self):
        self.wait_for(self.fault("", "--save-path", "m"))
        self.wait_for_silence()
        self.write("m/notes.txt", "precious")
        self.refused(2, "train", "fault", IRIS, "--save-path", "m", says="notes.txt")

    def test_an_empty_directory_is_a_fine_save_path(self):
        (self.work / "m").mkdir()
        self.wait_for(self.fault("", "--save-path", "m"))
        self.ostler("load", "m")

    def test_a_remote_save_path_is_refused_by_name(self):
        """[TRN-6]"""
        self.refused(2, "train", "fault", IRIS, "--save-path", "s3://bucket/m", says="s3")


class BaseModelTest(OstlerTest):
    """[TRN-7] xgboost goes on from a model."""
    PLAIN = ("-p", "holdout=0", "-p", "subsample=1", "-p", "colsample_bytree=1")

    def test_TRN_7_it_goes_on_as_if_it_had_not_been_interrupted(self):
        """[TRN-7]"""
        penguins = ("xgboost", PENGUINS, "--label", "species", *self.PLAIN, "--wait")
        self.train(*penguins, "-p", "rounds=6", "--save-path", "models/whole")
        base = self.train(*penguins, "-p", "rounds=4", "--save-path", "models/base")
        self.train(*penguins, "-p", "rounds=2", "-p", "base_model=base", "--save-path", "models/further")
        models = [(self.work / "models" / name / "model.json").read_bytes() for name in ("whole", "further")]
        self.assertEqual(*models)
        # Which model it was is in the new one: the path among the parameters, the rest among xgboost's own keys.
        config = (self.work / "models/further/config.yml").read_text()
        tracking_id = re.search(r"^tracking_id: (\S+)", (self.work / "models/base/config.yml").read_text(), re.M)[1]
        own = re.search(r"^xgboost:\n((?: .*\n)+)", config, re.M)[1]
        self.assertRegex(own, rf"base_model:\n +tracking_id: {tracking_id}\n +rounds: 4\n")
        self.assertIn(f"base_model: {self.work / 'models/base'}", config)
        # Saved over itself, by the id of its training, and again.
        again = self.train(*penguins, "-p", "rounds=2", "-p", f"base_model={base}", "--save-path", "models/base")
        self.assertEqual((self.work / "models/base/model.json").read_bytes(), models[0])
        self.assertIn("go on from a model of 4 rounds", self.ostler("logs", again).out)

    def test_TRN_7_what_does_not_fit_ends_as_an_error_that_names_it(self):
        """[TRN-7]"""
        rows = "".join(f"{i % 7},{'ab'[i % 2]}\n" for i in range(40))
        self.write("two.csv", "x,y\n" + rows)
        self.write("three.csv", "x,y\n" + rows + "3,c\n")
        self.train("xgboost", "two.csv", "--label", "y", "-p", "rounds=2", "--save-path", "base", "-w")
        failed = self.ostler("train", "xgboost", "three.csv", "--label", "y", "-p", "base_model=base", "-w", code=6)
        self.assertIn('three.csv: the base model does not know the class "c"', failed.err)
        linear = self.ostler("train", "linear", "two.csv", "--label", "y", "-p", "base_model=base", code=2)
        self.assertIn("cannot go on from a model", linear.err)
        self.train("linear", "two.csv", "--label", "y", "--save-path", "lin", "-w")
        self.refused(2, "train", "xgboost", "two.csv", "--label", "y", "-p", "base_model=lin",
                     says=["goes on from models of its own", "linear"])
        self.refused(2, "train", "xgboost", "two.csv", "--label", "x", "-p", "base_model=base", says=['"y"', '"x"'])


class RecordTest(OstlerTest):
    def test_JOB_15_errors_are_a_list_and_times_are_utc(self):
        """[JOB-15]"""
        before = datetime.datetime.now(datetime.timezone.utc)
        info = self.wait_for(self.fault(), "COMPLETED")
        after = datetime.datetime.now(datetime.timezone.utc)
        self.assertEqual(info["errors"], [])
        times = []
        for key in ("submission_time", "start_time", "completion_time"):
            self.assertRegex(info[key], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$")
            times.append(datetime.datetime.fromisoformat(info[key].replace("Z", "+00:00")))
        self.assertEqual([before, *times, after], sorted([before, *times, after]))
        failed = self.wait_for(self.fault("throw", message="a reason"), "ERRORED")
        self.assertEqual(len(failed["errors"]), 1)
        self.assertIn("a reason", failed["errors"][0])

    def test_JOB_2_a_job_tells_everything_that_is_known(self):
        """[JOB-2]"""
        keys = ("id uuid short_id external_id group kind status reason errors submission_time start_time completion_time "
                "module model instance executor host attempt after progress metrics params data save_path result log "
                "tags cpus gpus exit_status signal resources cwd command").split()
        job = self.fault_waiting("--save-path", "m", metric=0.5)
        running = self.job(job)
        self.assertEqual([key for key in keys if key not in running], [])
        self.assertEqual((running["status"], running["reason"], running["completion_time"], running["result"]),
                         ("RUNNING", None, None, None))
        self.assertEqual((running["kind"], running["instance"], running["cwd"], running["module"]["name"]),
                         ("train", "default", str(self.work), "fault"))
        self.release()
        done = self.wait_for(job)
        self.assertEqual([key for key in keys if key not in done], [])
        self.assertEqual((done["attempt"], done["exit_status"], done["signal"], done["metrics"]),
                         (1, 0, None, {"train_accuracy": 0.5}))
        self.assertGreater(done["resources"]["max_rss"], 1 << 20)
        self.assertGreaterEqual(done["resources"]["cpu_seconds"], 0)


if __name__ == "__main__":
    main()
