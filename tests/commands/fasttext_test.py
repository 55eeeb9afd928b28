#!/usr/bin/env python3
"""The module fasttext: labelled lines and tables in, labels out, a line at a time."""
import csv
import gzip
import io
import json
import os
import signal
import subprocess
import unittest

from support import OSTLER, PREFIX, OstlerTest, main

BUILT = any(PREFIX.glob("lib*/**/ostler/modules/fasttext.json"))
OWN = {"city": ["Paris", "London", "street", "mayor"], "fruit": ["apple", "pear", "juice", "ripe"],
       "hand tool": ["hammer", "saw", "drill", "screw"]}
OTHERS = ["the", "a", "of", "very", "new", "it", "is", "was"]


def sentences(count, first=0):
    """(class, text) pairs, the same at every call."""
    names = list(OWN)
    for i in range(first, first + count):
        name = names[i % 3]
        yield name, f"{OTHERS[i * 7 % 8]} {OWN[name][i // 3 % 4]} {OTHERS[i * 3 % 8]}, {OWN[name][i // 7 % 4]}!"


def lines(count, first=0):
    return "".join(f"__label__{name.replace(' ', '_')} {text}\n" for name, text in sentences(count, first))


def table(count, first=0):
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["id", "summary", "kind"])
    writer.writerows([i, text, name] for i, (name, text) in enumerate(sentences(count, first)))
    return out.getvalue()


@unittest.skipUnless(BUILT, "the module fasttext was not built")
class LinesTest(OstlerTest):
    """Trained on __label__ lines."""

    def setUp(self):
        super().setUp()
        self.write("train.ft", lines(300))
        self.id = self.train("fasttext", "train.ft", "--save-path", "models/kinds")
        self.wait_for(self.id)

    def test_a_line_in_a_label_out(self):
        self.assertEqual(self.ostler("predict", "models/kinds", stdin="a new hammer\n").out, "hand_tool\n")
        self.assertEqual(self.ostler("predict", "models/kinds", stdin="PARIS, the City").out, "city\n")

    def test_every_line_has_an_answer(self):
        out = self.ostler("predict", "models/kinds", stdin="ripe pear\n\n   \nzzz\nLondon\n").out
        self.assertEqual(len(out.splitlines()), 5)
        self.assertEqual((out.splitlines()[0], out.splitlines()[4]), ("fruit", "city"))
        self.assertNotIn("__label__", out)
        self.assertTrue(all(out.splitlines()))

    def test_each_line_is_answered_before_the_next_is_written(self):
        with subprocess.Popen([OSTLER, "predict", "models/kinds"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              env=self.env, cwd=self.work) as process:
            for text, name in (("a saw", b"hand_tool\n"), ("", None), ("apple juice", b"fruit\n"), ("mayor", b"city\n")):
                process.stdin.write(text.encode() + b"\n")
                process.stdin.flush()
                answer = process.stdout.readline()
                if name:
                    self.assertEqual(answer, name)
            process.stdin.close()
            self.assertEqual(process.stdout.read(), b"")
        self.assertEqual(process.returncode, 0)

    def test_a_labelled_file_is_predicted_as_it_is(self):
        self.write("test.ft", lines(90, 1000))
        expected = [line.split()[0].removeprefix("__label__") for line in lines(90, 1000).splitlines()]
        self.assertEqual(self.ostler("predict", "models/kinds", "test.ft").out.splitlines(), expected)
        job = self.ostler("predict", "--detach", "models/kinds", "test.ft").line
        self.assertEqual(self.ostler("result", job).out.splitlines(), expected)

    def test_probabilities_and_the_best_classes(self):
        rows = self.ostler("predict", "models/kinds", "--proba", "--output-format", "csv", stdin="ripe\nzzz\n").rows
        self.assertEqual(list(rows[0]), ["prediction", "probability_city", "probability_fruit", "probability_hand_tool"])
        for row in rows:
            shares = [float(cell) for cell in list(row.values())[1:]]
            self.assertAlmostEqual(sum(shares), 1, places=4)
            self.assertTrue(all(0 <= share <= 1 for share in shares))
        top = self.ostler("predict", "models/kinds", "--top", "2", "--output-format", "jsonl", stdin="ripe\n").json
        self.assertEqual(list(top), ["prediction_1", "score_1", "prediction_2", "score_2"])
        self.assertEqual(top["prediction_1"], "fruit")

    def test_what_is_known_of_the_training(self):
        job = self.job(self.id)
        self.assertEqual(job["metrics"]["accuracy"], 1)
        self.assertEqual(job["progress"]["unit"], "epochs")
        self.assertEqual(job["progress"]["done"], job["progress"]["total"])
        log = self.ostler("logs", self.id).out
        self.assertIn("300 lines, 3 classes", log)
        self.assertIn("60 held-back lines", log)
        self.assertIn("model.bin", os.listdir(self.work / "models/kinds"))
        self.ostler("load", "models/kinds")

    def test_a_damaged_model_is_refused(self):
        path = self.work / "models/kinds/model.bin"
        good = path.read_bytes()
        for bad in (good[:len(good) // 2], good[:50], b"", good[:30] + b"\xff" + good[31:], good[:-1] + b"\x7f"):
            path.write_bytes(bad)
            self.refused(1, "predict", "models/kinds", stdin="x\n", says="model.bin")
            self.ostler("load", "models/kinds", code=1)


@unittest.skipUnless(BUILT, "the module fasttext was not built")
class TablesTest(OstlerTest):
    """Trained on a table's columns."""
    columns = ("-p", "text=summary", "--label", "kind")

    def test_a_table_in_a_table_out(self):
        self.write("train.csv", table(300))
        self.ostler("train", "fasttext", "train.csv", *self.columns, "--save-path", "m", "--wait")
        self.write("test.csv", table(60, 500))
        rows = self.ostler("predict", "m", "test.csv", "--keep", "id,kind").rows
        self.assertEqual([row["prediction"] for row in rows], [row["kind"] for row in rows])
        self.assertIn("hand tool", {row["prediction"] for row in rows})
        # Without the other columns, from a pipe, and as lines.
        self.assertEqual(self.ostler("predict", "m", stdin="summary\ndrill\n").out, "prediction\nhand tool\n")
        self.assertEqual(self.ostler("predict", "m", "--input-format", "text", stdin="a drill\n").out, "hand tool\n")
        self.assertIn("summary", self.ostler("predict", "m", stdin="text\ndrill\n", code=2).err)

    def test_json_lines_compressed(self):
        text = "".join(json.dumps({"kind": name, "summary": text}) + "\n" for name, text in sentences(300))
        self.write("train.jsonl.gz", gzip.compress(text.encode()))
        self.ostler("train", "fasttext", "train.jsonl.gz", *self.columns, "--save-path", "m", "--wait")
        out = self.ostler("predict", "m", stdin='{"summary": "ripe apple"}\n').json
        self.assertEqual(out, {"prediction": "fruit"})

    def test_a_mistyped_column_is_refused_at_once(self):
        self.write("train.csv", table(30))
        self.refused(2, "train", "fasttext", "train.csv", "-p", "text=sumary", "--label", "kind", says="summary")
        self.refused(2, "train", "fasttext", "train.csv", "-p", "text=summary", says='no column "label"')
        self.refused(2, "train", "fasttext", "train.csv", *self.columns, "-p", "epochs=3", says="epoch")
        self.refused(2, "train", "fasttext", "train.csv", *self.columns, "-p", "loss=hinge", says="softmax")


@unittest.skipUnless(BUILT, "the module fasttext was not built")
class TrainingTest(OstlerTest):
    def test_text_without_labels_is_an_error(self):
        self.write("plain.txt", "just text\nand more\n")
        job = self.train("fasttext", "plain.txt", "--save-path", "m")
        found = self.wait_for(job, "ERRORED")
        self.assertIn("no line has a label", found["errors"][0])
        self.assertFalse((self.work / "m").exists())

    def test_one_rule_for_labels(self):
        # Parted by anything that parts words; nothing is a label within a word, nor without a name.
        text = "".join(f"{words} not__label__this __label__\v{label}\n" for label, words in (line.split(" ", 1) for line in lines(120).splitlines()))
        self.write("train.ft", text)
        job = self.train("fasttext", "train.ft", "--validation", "0.25", "--save-path", "m", "--wait")
        self.assertEqual(self.job(job)["metrics"]["accuracy"], 1)
        found = self.ostler("evaluate", "m", "train.ft", "--json").json
        self.assertEqual((found["rows"], found["without_label"], found["metrics"]["accuracy"]), (120, 0, 1))
        # A table's labels are its column's, as they are.
        self.write("train.csv", table(120))
        self.ostler("train", "fasttext", "train.csv", *TablesTest.columns, "--validation", "0.25", "--save-path", "t", "--wait")
        self.assertEqual(self.ostler("evaluate", "t", "train.csv", "--json").json["metrics"]["accuracy"], 1)

    def test_standard_input(self):
        self.ostler("train", "fasttext", "-", "--save-path", "m", "--wait", stdin=lines(60))
        self.assertEqual(self.ostler("predict", "m", stdin="ripe pear\n").out, "fruit\n")

    def test_a_training_that_is_cancelled_leaves_nothing(self):
        scratch = self.work / "scratch"
        scratch.mkdir()
        self.write("train.ft", lines(3000))
        env = {**self.env, "TMPDIR": str(scratch)}
        job = self.ostler("train", "fasttext", "train.ft", "-p", "epoch=100000", "--save-path", "m", env=env).line
        self.until(lambda: (self.job(job)["progress"] or {}).get("done"), "the training to begin", job)
        self.ostler("cancel", job)
        self.assertEqual(self.job(job)["status"], "CANCELED")
        self.assertEqual(self.wait_for_silence(), {})
        self.assertEqual(os.listdir(scratch), [])
        self.assertFalse((self.work / "m").exists())

    def test_a_training_that_is_killed_leaves_nothing(self):
        scratch = self.work / "scratch"
        scratch.mkdir()
        self.write("train.ft", lines(3000))
        env = {**self.env, "TMPDIR": str(scratch)}
        job = self.ostler("train", "fasttext", "train.ft", "-p", "epoch=100000", "--save-path", "m", env=env).line
        self.until(lambda: (self.job(job)["progress"] or {}).get("done"), "the training to begin", job)
        self.kill("work", signal.SIGKILL)
        self.assertEqual(self.wait_for(job, "ERRORED")["reason"], "signal")
        self.assertEqual(os.listdir(scratch), [])
        self.assertFalse((self.work / "m").exists())


if __name__ == "__main__":
    main()
