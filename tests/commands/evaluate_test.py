#!/usr/bin/env python3
"""ostler evaluate: metrics on labelled data, and conditions on them."""
import csv
import io
import json
import os
import signal
import unittest

from support import DATA, PREFIX, OstlerTest, main

try:
    from sklearn import metrics as sklearn_metrics
except ImportError:  # then the figures written down here must do
    sklearn_metrics = None

ECHO_ID = "0f0e7f4e-2c1b-4e0f-9d1a-5b1f3a3c7a01"
# Predicts what stands in the row itself: p, and of each class p_<class>. A label must not get here.
ECHO = """import csv, sys
rows = csv.DictReader(sys.stdin)
classes = [name[2:] for name in rows.fieldnames if name.startswith("p_")]
out = csv.writer(sys.stdout)
out.writerow(["prediction", "error", *("probability_" + name for name in classes)])
for row in rows:
    out.writerow([row["p"], "the label is in the row" if "y" in row else "", *(row["p_" + name] for name in classes)])
"""
# The figures are scikit-learn's (1.2.1, Debian 1.2.1+dfsg-1), with y and p as in the file, P the columns p_<class>, w the weights:
#   accuracy_score(y, p, sample_weight=w), f1_score(y, p, average="macro", zero_division=0, sample_weight=w),
#   log_loss(y, P, sample_weight=w), roc_auc_score(y, P, multi_class="ovr", average="macro", sample_weight=w),
#   of two classes roc_auc_score(y == "b", P[:, 1], sample_weight=w);
#   mean_squared_error(y, p, squared=False, sample_weight=w), mean_absolute_error(y, p, ...), r2_score(y, p, ...)
THREE = """y,p,p_a,p_b,p_c,w
a,a,0.7,0.2,0.1,1
a,b,0.4,0.5,0.1,2
a,a,0.6,0.3,0.1,0.5
b,b,0.2,0.6,0.2,3
b,c,0.1,0.2,0.7,0
b,b,0.3,0.4,0.3,1.25
c,c,0.1,0.1,0.8,4
c,c,0.2,0.3,0.5,0.75
c,a,0.5,0.25,0.25,1
c,c,0,0,1,2
"""
THREE_FIGURES = {"accuracy": 0.7, "macro_f1": 0.6944444444444443, "log_loss": 0.712293066064717, "auc": 0.8551587301587302}
THREE_WEIGHTED = {"accuracy": 0.8064516129032258, "macro_f1": 0.7468527640941435, "log_loss": 0.5110476424198318,
                  "auc": 0.9597605720516903}
TWO = "y,p,p_a,p_b\n" + "".join(f"{y},{'b' if q > 0.5 else 'a'},{round(1 - q, 2)},{q}\n" for y, q in zip(
    "bbabbababa", (0.9, 0.8, 0.7, 0.6, 0.55, 0.5, 0.4, 0.3, 0.3, 0.1)))
TWO_FIGURES = {"accuracy": 0.7, "macro_f1": 0.6969696969696968, "log_loss": 0.5916585672176178, "auc": 0.7291666666666667}
NUMBERS = "y,p,w\n3.5,3,1\n-1.25,-1,2\n0,0.5,0.5\n7,8.25,3\n1000.5,990,0.25\n2,2,1.25\n2.75,3,4\n-8,-7.5,0\n"
NUMBERS_FIGURES = {"rmse": 3.753123699000607, "mae": 1.71875, "r2": 0.9998711418812578}
NUMBERS_WEIGHTED = {"rmse": 1.6583123951777, "mae": 0.71875, "r2": 0.9998645593844065}


def lines_of(out):
    """{metric: value} of the `metric: value` lines."""
    return {name: float(value) for name, value in (line.split(": ") for line in out.splitlines())}


class Evaluates(OstlerTest):
    def evaluated(self, *args, **more):
        return lines_of(self.ostler("evaluate", *args, **more).out)

    def assert_figures(self, found, wanted, places=1e-9):
        self.assertEqual(list(found), list(wanted))
        for name, value in wanted.items():
            self.assertLessEqual(abs(found[name] - value), places * max(1, abs(value)), f"{name}: {found[name]}, not {value}")

    def echo(self, model="m", declaration="", **parameters):
        """A model of the module echo, said to be trained with these parameters."""
        self.write("echo.py", ECHO)
        self.write("ostler.yml", f"modules: {{echo: {{type: command, config: {{module_id: {ECHO_ID}, "
                                 f"run: [python3, echo.py]{declaration}}}}}}}\n")
        self.write(f"{model}/config.yml", f"module_id: {ECHO_ID}\nmodel_backend: PROCESS\n"
                                          f"train: {{parameters: {json.dumps(parameters)}}}\n")


class FiguresTest(Evaluates):
    """Given predictions, of a program that says them again: nothing is left to a library."""

    def test_three_classes(self):
        self.echo(label="y")
        self.write("d.csv", THREE)
        self.assert_figures(self.evaluated("m", "d.csv"), THREE_FIGURES)
        # The order of classes is the model's, whatever the order of the rows.
        header, *rows = THREE.splitlines(keepends=True)
        self.write("e.csv", header + "".join(reversed(rows)))
        self.assert_figures(self.evaluated("m", "e.csv"), THREE_FIGURES)

    def test_the_weight_of_the_training_counts_where_the_data_have_it(self):
        self.echo(label="y", weight="w")
        self.write("d.csv", THREE)
        self.assert_figures(self.evaluated("m", "d.csv"), THREE_WEIGHTED)
        self.assert_figures(self.evaluated("m", "-", stdin=THREE), THREE_WEIGHTED)
        self.write("e.csv", "".join(line.rpartition(",")[0] + "\n" for line in THREE.splitlines()))
        self.assert_figures(self.evaluated("m", "e.csv"), THREE_FIGURES)

    def test_two_classes(self):
        self.echo(label="y")
        self.write("d.csv", TWO)
        self.assert_figures(self.evaluated("m", "d.csv"), TWO_FIGURES)

    def test_numbers(self):
        self.echo(declaration=", prediction: number", label="y")
        self.write("d.csv", NUMBERS)
        self.assert_figures(self.evaluated("m", "d.csv"), NUMBERS_FIGURES)
        self.echo(declaration=", prediction: number", label="y", weight="w")
        self.assert_figures(self.evaluated("m", "d.csv"), NUMBERS_WEIGHTED)

    def test_a_program_that_says_what_it_does(self):
        """Its predictions are texts, but its declaration says regression."""
        self.echo(declaration=", task: tabular regression", label="y")
        self.write("d.csv", NUMBERS)
        self.assert_figures(self.evaluated("m", "d.csv"), NUMBERS_FIGURES)

    def test_what_the_model_says_of_its_target(self):
        """Before the parameters of its training, and before what its module is declared to do."""
        self.echo(declaration=", task: classification", label="p", weight="nonsense")
        config = (self.work / "m/config.yml").read_text()
        self.write("m/config.yml", config + "target: {task: regression, label: y, weight: w, classes: null}\n")
        self.write("d.csv", NUMBERS)
        self.assert_figures(self.evaluated("m", "d.csv"), NUMBERS_WEIGHTED)
        # Classes that it knows, without probabilities.
        self.write("m/config.yml", config + "target: {task: classification, label: y, classes: [1, 2]}\n")
        self.write("d.csv", "y,p\n1.0,1\n2,1\n3,1\n")
        document = self.ostler("evaluate", "m", "d.csv", "--json").json
        self.assertEqual((document["details"]["classes"], document["unknown_labels"]), (["1", "2", "3"], ["3"]))

    def test_formats_and_several_files(self):
        self.echo(label="y")
        header, *rows = THREE.splitlines(keepends=True)
        self.write("d/1.csv", header + "".join(rows[:4]))
        # Columns go by name.
        names = header.strip().split(",")
        cells = [row.strip().split(",") for row in rows[4:]]
        self.write("d/2.csv", "\n".join(",".join(row[::-1]) for row in [names, *cells]) + "\n")
        self.assert_figures(self.evaluated("m", "d"), THREE_FIGURES)
        self.assert_figures(self.evaluated("m", "d/1.csv", "d/2.csv"), THREE_FIGURES)
        self.assert_figures(self.evaluated("m", "d/*.csv"), THREE_FIGURES)
        self.write("d.jsonl", "".join(json.dumps(row) + "\n" for row in csv.DictReader(io.StringIO(THREE))))
        self.assert_figures(self.evaluated("m", "d.jsonl"), THREE_FIGURES)
        self.write("d.data", THREE)
        self.assert_figures(self.evaluated("m", "d.data", "--input-format", "csv"), THREE_FIGURES)
        self.assert_figures(self.evaluated("m", stdin=THREE), THREE_FIGURES)

    def test_labels_that_are_numbers(self):
        """1, 1.0 and " 1" are one label, with and without probabilities; 007 is not 7 where nobody says that these are numbers."""
        self.echo(label="y")
        self.write("d.csv", "y,p,p_0,p_1\n1.0,1,0.2,0.8\n 0,0,0.9,0.1\n1e0,1,0.1,0.9\n-0,0,0.7,0.3\n")
        self.assertEqual(self.evaluated("m", "d.csv")["accuracy"], 1)
        self.write("d.csv", "y,p\n1.0,1\n0,0.0\n1,1.0\n007,7\n007,007\n")
        self.assertEqual(self.evaluated("m", "d.csv")["accuracy"], 0.8)

    def test_a_class_that_the_model_does_not_know(self):
        self.echo(label="y")
        rows = THREE.splitlines()
        for row in (3, 9):
            rows[row] = "d" + rows[row][1:]
        self.write("d.csv", "\n".join(rows) + "\n")
        result = self.ostler("evaluate", "m", "d.csv")
        # As above; log_loss with a column of zeros for d, auc the mean of roc_auc_score(y == k, P[:, k]) over a, b and c.
        self.assert_figures(lines_of(result.out), {"accuracy": 0.6, "macro_f1": 0.4809523809523809,
                                                   "log_loss": 7.731311745399561, "auc": 0.8551587301587302})
        self.assertIn("note: the labels of 2 of 10 rows are none of the model's classes, and count as wrong: d", result.err)
        self.assertEqual(self.ostler("evaluate", "-q", "m", "d.csv").err, "")
        document = self.ostler("evaluate", "m", "d.csv", "--json").json
        self.assertEqual((document["unknown_rows"], document["unknown_labels"]), (2, ["d"]))
        self.assertEqual(document["details"]["classes"], ["a", "b", "c", "d"])

    def test_rows_without_a_label_are_left_out(self):
        self.echo(label="y")
        self.write("d.csv", THREE + ",a,0.1,0.8,0.1,1\nNA,a,0.1,0.8,0.1,1\n")
        result = self.ostler("evaluate", "m", "d.csv")
        self.assert_figures(lines_of(result.out), THREE_FIGURES)
        self.assertIn("note: 2 of 12 rows have no label and are left out", result.err)
        self.assertEqual(self.ostler("evaluate", "m", "d.csv", "--json").json["without_label"], 2)

    def test_one_class_and_no_probabilities(self):
        self.echo(label="y")
        self.write("d.csv", "y,p\na,a\na,b\na,a\na,a\n")
        # f1_score(["a", "a", "a", "a"], ["a", "b", "a", "a"], average="macro", zero_division=0)
        self.assert_figures(self.evaluated("m", "d.csv"), {"accuracy": 0.75, "macro_f1": 0.42857142857142855})

    def test_a_constant_truth(self):
        self.echo(declaration=", prediction: number", label="y")
        self.write("d.csv", "y,p\n2,1\n2,2\n2,3\n")
        self.assert_figures(self.evaluated("m", "d.csv"), {"rmse": 0.816496580927726, "mae": 0.6666666666666666, "r2": 0})

    def test_more_rows_than_a_block(self):
        self.echo(label="y")
        header, *rows = THREE.splitlines(keepends=True)
        self.write("d.csv", header + "".join(rows) * 2000)
        document = self.ostler("evaluate", "m", "d.csv", "--json").json
        self.assert_figures(document["metrics"], THREE_FIGURES)
        self.assertEqual(document["rows"], 20000)


class ModelsTest(Evaluates):
    """Real models, on data that they have not seen."""

    def agrees(self, model, data, label, proba=True, **more):
        """evaluate's figures, which scikit-learn has of what predict prints, too, where it is there."""
        found = self.evaluated(model, data, **more)
        if sklearn_metrics is None:
            return found
        rows = self.ostler("predict", "-q", model, data, *(["--proba"] if proba else []), "--keep", label).rows
        rows = [row for row in rows if row[label]]
        truth, predicted = [row[label] for row in rows], [row["prediction"] for row in rows]
        if proba:
            classes = [name.removeprefix("probability_") for name in rows[0] if name.startswith("probability_")]
            shares = [[float(row[f"probability_{name}"]) for name in classes] for row in rows]
            auc = (sklearn_metrics.roc_auc_score([name == classes[1] for name in truth], [share[1] for share in shares])
                   if len(classes) == 2 else sklearn_metrics.roc_auc_score(truth, shares, multi_class="ovr", labels=classes))
            wanted = {"accuracy": sklearn_metrics.accuracy_score(truth, predicted),
                      "macro_f1": sklearn_metrics.f1_score(truth, predicted, average="macro", zero_division=0),
                      "log_loss": sklearn_metrics.log_loss(truth, shares, labels=classes), "auc": auc}
        else:
            truth, predicted = list(map(float, truth)), list(map(float, predicted))
            wanted = {"rmse": sklearn_metrics.mean_squared_error(truth, predicted) ** 0.5,
                      "mae": sklearn_metrics.mean_absolute_error(truth, predicted),
                      "r2": sklearn_metrics.r2_score(truth, predicted)}
        self.assert_figures(found, wanted)
        return found

    def train_model(self, module, data, label, *args, path="m"):
        self.ostler("train", module, DATA / f"{data}.train.csv", "--label", label, "--save-path", path, "--wait", *args)

    def test_linear_iris(self):
        self.train_model("linear", "iris", "target")
        # accuracy_score, f1_score, log_loss and roc_auc_score as above, of what `ostler predict --proba` printed.
        wanted = {"accuracy": 0.9333333333333333, "macro_f1": 0.9419191919191919, "log_loss": 0.3157478796,
                  "auc": 0.9952669974599799}
        self.assert_figures(self.agrees("m", DATA / "iris.test.csv", "target"), wanted, 1e-6)
        verbose = self.ostler("evaluate", "-v", "m", DATA / "iris.test.csv").out
        self.assertTrue(verbose.endswith("\n\nTRUE \\ PREDICTED  0  1   2\n"
                                         "0                 7  0   0\n1                 0  10  1\n2                 0  1   11\n"), verbose)
        self.configure("model_management: {initializers: {default: {type: LOCAL, config: {backend_priority: [{type: PROCESS}]}}}}\n")
        self.assertEqual(self.ostler("evaluate", "-v", "m", DATA / "iris.test.csv").out, verbose)

    def test_xgboost_penguins(self):
        self.train_model("xgboost", "penguins", "species")
        found = self.agrees("m", DATA / "penguins.test.csv", "species")
        self.assertEqual(list(found), ["accuracy", "macro_f1", "log_loss", "auc"])
        self.assertGreater(found["accuracy"], 0.95)
        # The metrics of a training have the same names.
        metrics = self.ostler("find", "m", "--json").json["models"][0]["metrics"]
        self.assertEqual(set(metrics), {*found, *(f"train_{name}" for name in found)})

    def test_two_classes_that_are_numbers(self):
        self.train_model("linear", "breast_cancer", "target")
        self.assertGreater(self.agrees("m", DATA / "breast_cancer.test.csv", "target")["auc"], 0.98)
        text = (DATA / "breast_cancer.test.csv").read_text().splitlines()
        self.write("d.csv", "\n".join([text[0], *(line + ".0" for line in text[1:])]) + "\n")
        self.assertEqual(self.evaluated("m", "d.csv"), self.evaluated("m", DATA / "breast_cancer.test.csv"))

    def test_numbers(self):
        for module in ("linear", "xgboost"):
            self.train_model(module, "penguins", "body_mass_g", "-p", "rounds=20" if module == "xgboost" else "ignore=year", path=module)
            found = self.agrees(module, DATA / "penguins.test.csv", "body_mass_g", proba=False)
            self.assertGreater(found["r2"], 0.7)
        local = self.ostler("evaluate", "-v", "linear", DATA / "penguins.test.csv").out
        self.assertIn("\n\nERROR FROM", local)
        edges = [line.split() for line in local.partition("ERROR FROM")[2].splitlines()[1:]]
        self.assertEqual(sum(int(line[2]) for line in edges), self.ostler("evaluate", "--json", "linear",
                                                                       DATA / "penguins.test.csv").json["rows"])
        self.configure("model_management: {initializers: {default: {type: LOCAL, config: {backend_priority: [{type: PROCESS}]}}}}\n")
        self.assertEqual(self.ostler("evaluate", "-v", "linear", DATA / "penguins.test.csv").out, local)

    def test_a_model_without_probabilities(self):
        self.train_model("linear", "iris", "target", "-p", "solver=svm")
        self.assertEqual(list(self.evaluated("m", DATA / "iris.test.csv")), ["accuracy", "macro_f1"])
        self.configure("model_management: {initializers: {default: {type: LOCAL, config: {backend_priority: [{type: PROCESS}]}}}}\n")
        self.assertEqual(list(self.evaluated("m", DATA / "iris.test.csv")), ["accuracy", "macro_f1"])

    @unittest.skipUnless(list(PREFIX.glob("lib*/**/fasttext.json")), "the module fasttext was not built")
    def test_text(self):
        words = {"fruit": ["apple", "pear", "ripe"], "city": ["paris", "mayor", "street"], "tool": ["hammer", "saw", "drill"]}
        texts = [(name, f"{words[name][i % 3]} {words[name][i // 3 % 3]}") for i in range(60) for name in words]
        self.write("train.txt", "".join(f"__label__{name} {text}\n" for name, text in texts))
        self.ostler("train", "fasttext", "train.txt", "--save-path", "m", "--wait", "-p", "epoch=50")
        self.write("test.txt", "__label__fruit ripe apple\n__label__city the mayor\nno label here\n__label__tool __label__city saw\n"
                               "__label__tool Paris\n")
        result = self.ostler("evaluate", "m", "test.txt")
        # A line of several labels leaves one metric; right is a prediction that is one of them.
        self.assertEqual(result.out, "accuracy: 0.75\n")
        self.assertIn("1 of 5 rows have no label", result.err)
        self.write("test.txt", "__label__fruit ripe apple\n__label__city the mayor\n__label__tool saw\n__label__animal Paris\n")
        document = self.ostler("evaluate", "m", "test.txt", "--json").json
        self.assertEqual((document["metrics"]["accuracy"], document["unknown_labels"]), (0.75, ["animal"]))
        self.assertEqual(list(document["metrics"]), ["accuracy", "macro_f1", "log_loss", "auc"])
        # The same rows as a table.
        self.write("test.csv", "text,label\nripe apple,fruit\nthe mayor,city\nsaw,tool\nParis,animal\n")
        self.assertEqual(self.ostler("evaluate", "m", "test.csv", "--json").json["metrics"], document["metrics"])
        self.assertEqual(self.ostler("evaluate", "m", "--json", stdin=(self.work / "test.txt").read_text()).json["metrics"],
                         document["metrics"])


class RequirementTest(Evaluates):
    def setUp(self):
        super().setUp()
        self.echo(label="y")
        self.write("d.csv", THREE)

    def test_a_gate(self):
        result = self.ostler("evaluate", "m", "d.csv", "--require", "accuracy>=0.7", "--require", "log_loss < 1")
        self.assertEqual(result.err, "")
        result = self.ostler("evaluate", "m", "d.csv", "--require", "accuracy>=0.95", "--require", "auc>0.5", "--require",
                             "macro_f1>0.9", code=7)
        self.assert_figures(lines_of(result.out), THREE_FIGURES)
        self.assertRegex(result.err, r"\Aostler: accuracy is 0\.7, but >= 0\.95 is required\n"
                                     r"ostler: macro_f1 is 0\.69444444444444\d+, but > 0\.9 is required\n\Z")
        result = self.ostler("evaluate", "-q", "m", "d.csv", "--require", "accuracy>=0.95", code=7)
        self.assertIn("accuracy is 0.7", result.err)

    def test_a_metric_that_could_not_be_measured_is_not_met(self):
        self.write("d.csv", "y,p\na,a\nb,b\n")
        result = self.ostler("evaluate", "m", "d.csv", "--require", "auc>=0.1", code=7)
        self.assertIn("no metric auc", result.err)

    def test_json(self):
        document = self.ostler("evaluate", "m", "d.csv", "--json", "--require", "accuracy>=0.95", "--require", "auc>0", code=7).json
        self.assertEqual(set(document), {"schema", "model", "baseline", "task", "rows", "without_label", "unknown_rows",
                                         "unknown_labels", "metrics", "baseline_metrics", "requirements", "details"})
        self.assertEqual((document["schema"], document["model"], document["baseline"], document["task"], document["rows"],
                          document["baseline_metrics"]), (1, "m", None, "classification", 10, None))
        self.assertEqual(document["requirements"], [
            {"condition": "accuracy>=0.95", "met": False, "message": "accuracy is 0.7, but >= 0.95 is required"},
            {"condition": "auc>0", "met": True, "message": None}])
        self.assertEqual(document["details"], {"classes": ["a", "b", "c"], "counts": [[2, 1, 0], [0, 2, 1], [1, 0, 3]]})

    def test_format(self):
        self.assertEqual(self.ostler("evaluate", "m", "d.csv", "--format", "{model} {metrics.accuracy} {rows}").out, "m 0.7 10\n")
        self.ostler("evaluate", "m", "d.csv", "--format", "{modle}", code=2)

    def test_a_baseline(self):
        """Another model of the same rows: one that predicts what stands in other columns."""
        self.write("worse.py", ECHO.replace('row["p"]', '"a"'))
        other = ECHO_ID.replace("a01", "a02")
        config = (self.work / "ostler.yml").read_text().rstrip().removesuffix("}")
        self.write("ostler.yml", config + f", worse: {{type: command, config: {{module_id: {other}, run: [python3, worse.py]}}}}}}\n")
        self.write("old/config.yml", f"module_id: {other}\nmodel_backend: PROCESS\n")
        result = self.ostler("evaluate", "m", "d.csv", "--baseline", "old", "--require", "accuracy>=baseline+0.3",
                             "--require", "accuracy > baseline")
        found = lines_of(result.out)
        self.assertEqual(list(found), [*THREE_FIGURES, *(f"baseline_{name}" for name in THREE_FIGURES)])
        self.assertEqual((found["accuracy"], found["baseline_accuracy"]), (0.7, 0.3))
        result = self.ostler("evaluate", "old", "d.csv", "--label", "y", "--baseline", "m", "--require", "accuracy>=baseline-0.01",
                             "--json", code=7)
        self.assertEqual((result.json["metrics"]["accuracy"], result.json["baseline_metrics"]["accuracy"], result.json["baseline"]),
                         (0.3, 0.7, "m"))
        self.assertIn("ostler: accuracy is 0.3, but >= 0.69 is required (accuracy>=baseline-0.01)", result.err)

    def test_conditions_that_are_refused(self):
        for condition, says in (("accuracy", ["quote it"]), ("accuracy=0.9", [">="]), ("accuracy>=high", ["high"]),
                                ("acuracy>=0.9", ['did you mean "accuracy"', "macro_f1"]),
                                ("accuracy>=baseline", ["--baseline"]), ("rmse<1", [])):
            if says:  # even before the model is looked for
                self.refused(2, "evaluate", "nowhere", "d.csv", "--require", condition, says=says)
            self.refused(2, "evaluate", "m", "d.csv", "--require", condition, says=says)

    def test_a_metric_of_another_task(self):
        # Nobody knows what the program does before its first prediction.
        self.refused(2, "evaluate", "m", "d.csv", "--require", "rmse<1", says=["classification", "no rmse", "accuracy"])
        # Here it is known, and nothing is run.
        self.echo(declaration=", task: regression", label="y")
        self.write("echo.py", "import pathlib\npathlib.Path('ran').touch()\n")
        self.refused(2, "evaluate", "m", "d.csv", "--require", "accuracy>0.5", says=["regression", "no accuracy", "rmse"])
        self.assertFalse((self.work / "ran").exists())


class BadInputTest(Evaluates):
    def setUp(self):
        super().setUp()
        self.echo(label="y", weight="w")
        self.write("d.csv", THREE)

    def test_what_is_not_there(self):
        self.refused(3, "evaluate", "nowhere", "d.csv", says="nowhere")
        self.refused(3, "evaluate", "m", "d.csv", "--baseline", "nowhere", says="nowhere")
        self.refused(2, "evaluate", "m", "none.csv", says="none.csv")
        self.refused(2, "evaluate", "m", "", says="empty")
        self.refused(2, "evaluate", "m", "d.csv", "--input-format", "cvs", says="csv")
        self.refused(2, "evaluate", says="MODEL")

    def test_the_label(self):
        self.refused(2, "evaluate", "m", "d.csv", "--label", "yy", says=["d.csv", '"yy"', '"y"'])
        self.write("e.csv", THREE.replace("y,", "why,", 1))
        self.refused(2, "evaluate", "m", "e.csv", says=["e.csv", '"y"', "why"])
        # Of a later file, too, before anything is predicted.
        self.write("echo.py", "import pathlib\npathlib.Path('ran').touch()\n")
        self.refused(2, "evaluate", "m", "d.csv", "e.csv", says=["e.csv", '"y"'])
        self.assertFalse((self.work / "ran").exists())
        self.echo()
        self.refused(2, "evaluate", "m", "d.csv", says="--label")
        self.assert_figures(self.evaluated("m", "d.csv", "--label", "y"), THREE_FIGURES)

    def test_data_with_nothing_to_measure(self):
        self.write("e.csv", THREE.splitlines()[0] + "\n")
        self.refused(2, "evaluate", "m", "e.csv", says="no rows")
        self.write("e.csv", "y,p,p_a,p_b,p_c,w\n,a,1,0,0,1\nNA,a,1,0,0,1\n")
        self.refused(2, "evaluate", "m", "e.csv", says="none of the 2 rows has a label")
        self.write("e.csv", "y,p,p_a,p_b,p_c,w\na,a,1,0,0,0\n")
        self.refused(2, "evaluate", "m", "e.csv", says="weight is 0 in every row")
        self.write("e.csv", "")
        self.refused(2, "evaluate", "m", "e.csv", says="e.csv")

    def test_bad_weights(self):
        for weight in ("heavy", "-1", "inf", ""):
            self.write("e.csv", THREE + f"a,a,1,0,0,{weight}\n")
            self.refused(2, "evaluate", "m", "e.csv", says=["e.csv:12", '"w"', f'"{weight}"'])

    def test_bad_labels_of_numbers(self):
        self.echo(declaration=", prediction: number", label="y")
        for label in ("tall", "inf", "-inf", "1,5", "NaN"):
            self.write("e.csv", NUMBERS + f'"{label}",1,1\n')
            self.refused(2, "evaluate", "m", "e.csv", says=["e.csv:10", 'column "y"', f'"{label}"'])
        self.write("e.csv", NUMBERS + "NA,1,1\n")
        self.assertIn("1 of 9 rows", self.ostler("evaluate", "m", "e.csv").err)

    def test_bad_rows(self):
        self.write("e.csv", THREE + "a,a\n")
        self.refused(2, "evaluate", "m", "e.csv", says="e.csv:12")

    def test_a_row_that_is_not_predicted(self):
        self.write("e.csv", THREE + "a,,1,0,0,1\n")
        self.refused(2, "evaluate", "m", "e.csv", says=["e.csv:12", "predicts nothing"])
        self.write("e.csv", THREE + "a,a,1,,0,1\n")
        self.refused(2, "evaluate", "m", "e.csv", says=["e.csv:12", "no probability"])

    def test_predictions_that_are_no_numbers(self):
        self.echo(declaration=", task: regression", label="y")
        self.write("e.csv", NUMBERS + "1,much,1\n")
        self.refused(2, "evaluate", "m", "e.csv", says=["e.csv:10", '"much"'])
        for declaration in (", task: regression", ", prediction: number"):
            self.echo(declaration=declaration, label="y")
            self.write("e.csv", NUMBERS + "1,inf,1\n")
            self.refused(2, "evaluate", "m", "e.csv", says=["e.csv:10", '"inf"', "finite"])

    def test_a_later_file_without_the_weight(self):
        self.write("e.csv", "".join(line.rpartition(",")[0] + "\n" for line in THREE.splitlines()))
        self.refused(2, "evaluate", "m", "d.csv", "e.csv", says=["e.csv", '"w"', "weight"])

    def test_a_program_that_fails(self):
        self.write("echo.py", "import sys\nsys.exit('I cannot')\n")
        result = self.ostler("evaluate", "m", "d.csv", code=1)
        self.assertIn("I cannot", result.err)
        self.assertEqual(result.out, "")

    def test_standard_input_cannot_be_read_twice(self):
        for data in ((), ("-",), ("d.csv", "-")):
            self.refused(2, "evaluate", "m", *data, "--baseline", "m", stdin=THREE, says=["--baseline", "standard input"])

    def test_a_baseline_of_another_task(self):
        self.ostler("train", "linear", DATA / "iris.train.csv", "--label", "target", "--save-path", "classes", "--wait")
        self.ostler("train", "linear", DATA / "iris.train.csv", "--label", "target", "-p", "task=regression", "--save-path", "numbers", "-w")
        self.refused(2, "evaluate", "classes", DATA / "iris.test.csv", "--baseline", "numbers", says=["classification", "regression"])

    def test_a_model_that_lacks_a_column(self):
        self.ostler("train", "linear", DATA / "iris.train.csv", "--label", "target", "--save-path", "l", "--wait")
        self.refused(2, "evaluate", "l", DATA / "penguins.test.csv", "--label", "species", says="sepal_length_cm")
        # Numeric classes and a text as the label: a wrong row, and said.
        self.write("e.csv", (DATA / "iris.test.csv").read_text() + "6.1,3.0,4.6,1.4,setosa\n")
        self.assertIn("wrong: setosa", self.ostler("evaluate", "l", "e.csv").err)

    def on_a_pipe(self):
        """An evaluation that waits for rows from a pipe, once its program runs; what opens the pipe for writing."""
        os.mkfifo(self.work / "rows")
        process = self.start("evaluate", "m", "rows", "--input-format", "csv")
        rows = open(self.work / "rows", "w", encoding="utf-8")
        self.addCleanup(rows.close)
        rows.write(THREE)
        rows.flush()
        self.until(lambda: any("echo.py" in " ".join(words) for words in self.processes().values()), "the program to run")
        return process, rows

    def test_a_reader_that_goes_away(self):
        process, rows = self.on_a_pipe()
        process.stdout.close()
        process.stdout = None
        rows.close()
        err = process.stderr.read()
        self.assertEqual((process.wait(), err), (141, b""))

    def test_a_signal(self):
        """It ends as predict does, and leaves no program behind."""
        process, _ = self.on_a_pipe()
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(), 128 + signal.SIGTERM)
        self.assertEqual(self.wait_for_silence(), {})


if __name__ == "__main__":
    main()
