#!/usr/bin/env python3
"""ostler train --validation, --require, --skip-unchanged: what is measured, what is refused, what is recorded."""
import csv
import re
import subprocess

from support import DATA, OstlerTest, main

IRIS, IRIS_TEST = DATA / "iris.train.csv", DATA / "iris.test.csv"
PENGUINS, PENGUINS_TEST = DATA / "penguins.train.csv", DATA / "penguins.test.csv"


class GatesTest(OstlerTest):
    def iris(self, *args, **more):
        return self.ostler("train", "linear", IRIS, "--label", "target", "--save-path", "m", "--wait", *args, **more)

    def model(self, path="m"):
        return self.ostler("find", path, "--json").json["models"][0]

    def metrics_of(self, *evaluate):
        return self.ostler("evaluate", *evaluate, "--json").json["metrics"]


class ValidationTest(GatesTest):
    def test_a_file_is_measured_on_the_saved_model(self):
        job = self.iris("--validation", IRIS_TEST).line
        metrics = self.job(job)["metrics"]
        measured = self.metrics_of("m", IRIS_TEST)
        self.assertEqual({name: metrics[name] for name in measured}, measured)
        self.assertEqual(set(measured), {"accuracy", "macro_f1", "log_loss", "auc"})
        self.assertEqual(self.model()["metrics"], metrics)
        self.assertIn("train_accuracy", metrics)
        self.assertIn("measured on 30 rows that were not learned from", self.ostler("logs", job).out)

    def test_a_part_is_not_learned_from(self):
        with IRIS.open(encoding="utf-8") as file:
            rows = len(list(csv.DictReader(file)))
        job = self.iris("--validation", "0.25", "-p", "seed=3").line
        measured = self.job(job)["metrics"]
        again = self.job(self.iris("--validation", "0.25", "-p", "seed=3").line)["metrics"]
        self.assertEqual(again, measured)
        other = self.job(self.iris("--validation", "0.25", "-p", "seed=4").line)["metrics"]
        self.assertNotEqual(other, measured)
        log = self.ostler("logs", job).out
        held = int(re.search(r"measured on (\d+) rows that were not learned from", log).group(1))
        learned = int(re.search(r"^(\d+) rows, 4 columns to learn from", log, re.MULTILINE).group(1))
        self.assertEqual(held + learned, rows)
        self.assertAlmostEqual(held, rows / 4, delta=2)

    def test_a_part_of_standard_input(self):
        job = self.train("linear", "-", "--label", "target", "--validation", "0.25", "--save-path", "m", "--wait",
                         "-p", "seed=3", stdin=IRIS.read_bytes())
        piped = self.job(job)["metrics"]
        self.assertEqual(piped, self.job(self.iris("--validation", "0.25", "-p", "seed=3").line)["metrics"])

    def test_a_part_of_lines_of_text(self):
        lines = [f"__label__{'good' if i % 2 else 'bad'} {'fine nice lovely' if i % 2 else 'awful poor sad'} day {i}"
                 for i in range(60)]
        job = self.train("fasttext", self.write("t.txt", "\n".join(lines) + "\n"), "--validation", "0.2", "--wait",
                         "--save-path", "m", "--require", "accuracy>0.9", "-p", "epoch=20")
        metrics = self.job(job)["metrics"]
        self.assertEqual(metrics["accuracy"], 1)

    def test_a_part_does_not_change_the_task(self):
        """Of few rows, six numbers would no longer be classes."""
        data = self.write("data.csv", "x,y\n" + "".join(f"{i % 6 + i / 1000},{i % 6}\n" for i in range(60)))
        job = self.ostler("train", "linear", data, "--label", "y", "--validation", "0.8", "--wait", "--require",
                          "accuracy>=0").line
        self.assertIn("accuracy", self.job(job)["metrics"])

    def test_what_is_doubtful_is_said(self):
        self.assertIn("is learned from, too", self.iris("--validation", IRIS).err)
        self.assertIn("may have learned from rows", self.iris("--validation", "0.2", "--keep-best", "accuracy").err)
        self.assertEqual(self.iris("--validation", "0.2", "--keep-best", "accuracy", "-q").err, "")

    def test_status_tells_of_it(self):
        job = self.iris("--validation", IRIS_TEST, "--keep-best", "auc", "--require", "accuracy>0.1").line
        info = self.job(job)
        self.assertEqual((info["validation"], info["require"], info["keep_best"]),
                         ({"data": [str(IRIS_TEST)]}, ["accuracy>0.1"], "auc"))
        self.assertIn(f"validation: {IRIS_TEST}", self.ostler("status", job).out)
        info = self.job(self.iris("--validation", "0.2").line)
        self.assertEqual((info["validation"], info["require"], info["keep_best"]), ({"fraction": 0.2}, [], None))

    def test_each_round_is_kept_as_a_curve(self):
        job = self.ostler("train", "xgboost", PENGUINS, "--label", "species", "--validation", PENGUINS_TEST, "--wait",
                          "-p", "rounds=30", "-p", "early_stopping_rounds=0").line
        curve = self.job(job)["learning_curve"]
        self.assertEqual([point["done"] for point in curve], list(range(1, 31)))
        losses = [point["metrics"]["log_loss"] for point in curve]
        self.assertLess(losses[-1], losses[0])

    def test_refused_before_there_is_a_job(self):
        short = self.write("short.csv", "".join(line.split(",", 1)[1] for line in
                                                IRIS_TEST.read_text(encoding="utf-8").splitlines(True)))
        unlabelled = self.write("unlabelled.csv", "".join(line.rpartition(",")[0] + "\n" for line in
                                                          IRIS_TEST.read_text(encoding="utf-8").splitlines()))
        first = IRIS.read_text(encoding="utf-8").split(",", 1)[0]
        train = ("train", "linear", IRIS, "--label", "target", "--save-path", "m")
        gate = (*train, "--validation", "0.2")
        cases = [
            ((*gate, "--require", "accuracy"), ["accuracy", "quote it"]),
            ((*gate, "--require", "acuracy>=0.9"), ["no metric \"acuracy\"", "did you mean \"accuracy\""]),
            ((*gate, "--require", "rmse<=3"), ["rmse", "regression", "classification"]),
            ((*gate, "--require", "accuracy>=x"), ["\"x\" is no number"]),
            ((*gate, "--require", "accuracy==1"), [">=, >, <= or <"]),
            ((*gate, "--require", "accuracy>=baseline"), ["no baseline", "--keep-best"]),
            ((*gate, "--keep-best", "mae"), ["mae", "regression"]),
            ((*gate, "--keep-best", "wer"), ["min:wer or max:wer"]),
            ((*train[:-2], "--validation", "0.2", "--keep-best", "accuracy"), ["--save-path"]),
            ((*train[:-2], "--keep-previous", "2"), ["--save-path"]),
            ((*train[:-1], "n" * 201), ["name is longer than 200 bytes"]),
            ((*train[:-1], "n" * 176, "--keep-previous", "2"), ["name is longer than 175 bytes"]),
            ((*train, "--require", "accuracy>=0.9"), ["--require", "--validation"]),
            ((*train, "--keep-best", "accuracy"), ["--keep-best", "--validation"]),
            ((*train, "--validation", "0"), ["more than 0 and less than 1"]),
            ((*train, "--validation", "1"), ["more than 0 and less than 1"]),
            ((*train, "--validation", "-0.5"), ["more than 0 and less than 1"]),
            ((*train, "--validation", "nan"), ["more than 0 and less than 1"]),
            ((*train, "--validation", "none.csv"), ["no data file", "none.csv"]),
            ((*train, "--validation", "20%"), ["\"20%\"", "such as 0.2"]),
            ((*train, "--validation", "0,2"), ["\"0,2\"", "such as 0.2"]),
            ((*gate, "--require", ""), ["empty"]),
            ((*gate, "--keep-best", "accuracy", "--save-with-id"), ["--save-with-id"]),
            ((*train, "--keep-previous", "1", "--save-with-id"), ["--save-with-id"]),
            ((*train, "--validation", "-"), ["standard input"]),
            ((*train, "--validation", "0.2", "--validation", "0.3"), ["two"]),
            ((*train, "--validation", "0.2", "--validation", IRIS_TEST), ["not both"]),
            ((*train, "--validation", unlabelled), ["unlabelled.csv has no column \"target\""]),
            ((*train, "--validation", short), ["short.csv", "no column", first]),
        ]
        for arguments, says in cases:
            with self.subTest(arguments[4:]):
                self.refused(2, *arguments, says=says)
        # Told from the labels: numbers that are estimated.
        text = "x,y\n" + "".join(f"{i},{i * 1.5}\n" for i in range(50))
        numbers = self.write("numbers.csv", text)
        self.refused(2, "train", "linear", numbers, "--label", "y", "--validation", "0.2", "--require", "accuracy>=1",
                     says=["accuracy", "this is regression", "rmse"])


class RequireTest(GatesTest):
    def test_not_met(self):
        """ERRORED, exit 7; the old model is untouched, and the rejected one stays with its job."""
        self.iris("--validation", IRIS_TEST)
        before = self.tree(self.work / "m")
        result = self.iris("--validation", IRIS_TEST, "--require", "accuracy>=0.5", "--require", "log_loss<=0.0001",
                           "-p", "C=2", code=7)
        info = self.job(result.line)
        self.assertEqual((info["status"], info["reason"], info["result"]), ("ERRORED", "requirement", None))
        loss = info["metrics"]["log_loss"]
        for text in (info["errors"][0], result.err):
            self.assertIn(f"log_loss is {loss}, but <= 0.0001 is required", text)
            self.assertNotIn("accuracy is", text)
        self.assertEqual(self.tree(self.work / "m"), before)
        self.assertEqual([path.name for path in self.work.iterdir()], ["m"])
        rejected = self.store / "jobs" / info["uuid"] / "model"
        self.assertIn(str(rejected), info["errors"][0])
        self.assertEqual(self.metrics_of(rejected, IRIS_TEST)["log_loss"], loss)
        self.assertEqual(self.ostler("wait", result.line, code=7).out, "")
        self.ostler("result", result.line, code=7)

    def test_met(self):
        self.iris("--validation", "0.2", "--require", "accuracy>=0.5", "--require", "macro_f1 > 0.4",
                  "--require", "log_loss<2", "--require", "auc >= 0.5")
        self.ostler("load", "m")

    def test_without_a_save_path(self):
        result = self.ostler("train", "linear", IRIS, "--label", "target", "--validation", IRIS_TEST, "--wait",
                             "--require", "accuracy>=1.01", code=7)
        self.assertTrue((self.store / "jobs" / self.job(result.line)["uuid"] / "model/config.yml").exists())

    def test_a_requirement_is_not_retried(self):
        result = self.iris("--validation", "0.2", "--require", "accuracy>1", "--retries", "3", code=7)
        self.assertEqual(self.job(result.line)["attempt"], 1)

    def test_a_programs_own_metric(self):
        self.configure("modules: {prog: {type: command, config: {train: [sh, " + str(self.write("t.sh", """\
            echo '{"metrics": {"wer": 0.25}}' >> $OSTLER_EVENTS
            echo x > $OSTLER_MODEL_DIR/x""")) + "], run: [cat]}}}")
        self.ostler("train", "prog", IRIS, "--wait", "--require", "wer<=0.25")
        result = self.ostler("train", "prog", IRIS, "--wait", "--require", "wer<0.25", code=7)
        self.assertIn("wer is 0.25, but < 0.25 is required", result.err)
        result = self.ostler("train", "prog", IRIS, "--wait", "--require", "wr<0.5", code=7)
        self.assertIn("no metric wr; did you mean \"wer\"", result.err)


class RecordTest(GatesTest):
    def test_what_config_yml_keeps(self):
        self.env.update(GIT_CONFIG_GLOBAL="/dev/null", GIT_AUTHOR_NAME="a", GIT_AUTHOR_EMAIL="a@b", GIT_COMMITTER_NAME="a",
                        GIT_COMMITTER_EMAIL="a@b")

        def git(*args):
            return subprocess.run(["git", *args], cwd=self.work, env=self.env, check=True, capture_output=True,
                                  text=True).stdout.strip()
        data = self.write("data.csv", IRIS.read_text(encoding="utf-8"))
        for args in (["init", "-q"], ["add", "data.csv"], ["commit", "-qm", "Data"]):
            git(*args)
        train = ("train", "linear", data, "--label", "target", "--save-path", "m", "--wait", "--validation", IRIS_TEST,
                 "-p", "seed=5")
        job = self.ostler(*train).line
        record = self.model()["train"]
        self.assertEqual(record["job"], job)
        self.assertEqual([file["path"] for file in record["data"]], [str(data)])
        self.assertEqual(record["data"][0]["size"], data.stat().st_size)
        self.assertRegex(record["data"][0]["xxh3"], "^[0-9a-f]{32}$")
        self.assertEqual(record["validation"]["data"][0]["path"], str(IRIS_TEST))
        self.assertEqual((record["parameters"]["seed"], record["command"][:3]), (5, ["ostler", "train", "linear"]))
        self.assertGreater(record["duration"], 0)
        self.assertTrue(record["host"])
        self.assertEqual(record["git"], {"commit": git("rev-parse", "HEAD"), "dirty": False})
        self.assertEqual((self.model()["target"]["task"], self.model()["target"]["label"]), ("classification", "target"))
        data.write_text(IRIS.read_text(encoding="utf-8") + "\n", encoding="utf-8")
        self.ostler(*train)
        self.assertEqual(self.model()["train"]["git"]["dirty"], True)
        self.assertNotEqual(self.model()["train"]["data"][0]["xxh3"], record["data"][0]["xxh3"])


class SkipTest(GatesTest):
    def test_unchanged(self):
        job = self.iris().line
        before = self.tree()
        result = self.iris("--skip-unchanged")
        self.assertEqual(result.line, job)
        self.assertIn("nothing is trained", result.err)
        self.assertEqual(self.tree(), before)
        self.assertEqual(len(self.job_directories()), 1)
        self.assertEqual(self.iris("--skip-unchanged", "--json").json["jobs"][0]["id"], job)
        # A job that the store has forgotten has no id to give.
        self.ostler("prune", job)
        result = self.iris("--skip-unchanged")
        self.assertEqual((result.out, len(self.job_directories())), ("", 0))

    def test_changed(self):
        data = self.write("data.csv", IRIS.read_text(encoding="utf-8"))

        def train(*args):
            before = len(self.job_directories())
            self.ostler("train", "linear", data, "--label", "target", "--save-path", "m", "--wait", "--skip-unchanged",
                        *args)
            return len(self.job_directories()) - before
        self.assertEqual(train(), 1)
        self.assertEqual(train(), 0)
        self.assertEqual(train("-p", "seed=1"), 1)
        self.assertEqual(train("-p", "seed=1"), 0)
        self.assertEqual(train("-p", "seed=1", "--validation", "0.2"), 1)
        self.assertEqual(train("-p", "seed=1", "--validation", "0.2"), 0)
        text = data.read_text(encoding="utf-8")
        data.write_text(text.replace("5.1", "5.2", 1), encoding="utf-8")  # of the same size
        self.assertEqual(train("-p", "seed=1", "--validation", "0.2"), 1)
        (self.work / "m/model.txt").write_text("damaged", encoding="utf-8")
        self.assertEqual(train("-p", "seed=1", "--validation", "0.2"), 1)

    def test_what_is_required_holds_for_the_model_that_is_there(self):
        gate = ("--skip-unchanged", "--validation", IRIS_TEST)
        job = self.iris(*gate, "--require", "accuracy>=0.5").line
        before = self.tree()
        self.assertEqual(self.iris(*gate, "--require", "accuracy>=0.6").line, job)
        result = self.iris(*gate, "--require", "accuracy>=0.999", "-q", code=7)
        self.assertRegex(result.err, r"accuracy is 0\.\d+, but >= 0\.999 is required")
        for wrong, says in (("acuracy>=0.1", "did you mean"), ("accuracy", "quote it"), ("rmse<1", "classification")):
            self.assertIn(says, self.iris(*gate, "--require", wrong, code=2).err)
        self.assertEqual((self.tree(), len(self.job_directories())), (before, 1))

    def test_refused(self):
        self.refused(2, "train", "linear", IRIS, "--label", "target", "--skip-unchanged", says="--save-path")
        self.refused(2, "train", "linear", "-", "--label", "target", "--skip-unchanged", "--save-path", "m",
                     says="standard input")


class SortTest(GatesTest):
    def test_a_leaderboard(self):
        jobs = {cost: self.ostler("train", "linear", IRIS, "--label", "target", "--validation", IRIS_TEST, "--wait", "-p",
                                  f"C={cost}", "--tag", f"run=r{cost}").line for cost in (0.001, 1)}
        self.fault("throw")
        self.assertEqual(self.wait_for_silence(), {})
        losses = {cost: self.job(job)["metrics"]["log_loss"] for cost, job in jobs.items()}
        self.assertLess(losses[1], losses[0.001])

        def costs(*args):
            return [row["param.C"] for row in
                    self.ostler("status", "--columns", "param.C,metric.log_loss,tag.run", "--csv", *args).rows]
        self.assertEqual(costs("--sort", "metric.log_loss"), ["1", "0.001", ""])
        self.assertEqual(costs("--sort", "metric.log_loss", "-n", "1"), ["1"])
        self.assertEqual(costs("--sort", "metric.log_loss", "--reverse"), ["0.001", "1", ""])
        self.assertEqual(costs("--sort", "param.C"), ["0.001", "1", ""])
        self.assertEqual(costs("--sort", "tag.run", "--status", "completed"), ["0.001", "1"])
        rows = self.ostler("status", "--columns", "id,metric.log_loss", "--csv", "--sort", "metric.log_loss").rows
        self.assertEqual((rows[0]["id"], float(rows[0]["metric.log_loss"])), (jobs[1], losses[1]))
        table = self.ostler("status", "--sort", "metric.accuracy", "--columns", "short_id,metric.accuracy").out
        self.assertEqual(table.splitlines()[0].split(), ["SHORT_ID", "METRIC.ACCURACY"])
        document = self.ostler("status", "--sort", "metric.log_loss", "--json").json
        self.assertEqual([job["params"].get("C") for job in document["jobs"]], [1, 0.001, None])

    def test_refused(self):
        self.iris()
        for arguments, says in ((("--sort", "metrc.x"), "cannot be sorted"), (("--sort", "duraton"), "\"duration\""),
                                (("--columns", "statis"), "\"status\""), (("--reverse",), "--sort"),
                                (("--columns", "id", "--json"), "--columns")):
            self.assertIn(says, self.ostler("status", *arguments, code=2).err)


if __name__ == "__main__":
    main()
