#!/usr/bin/env python3
"""DATA: what may be named, and what its extension means; for train, predict and predict --detach alike."""
import csv
import gzip
import io
import json

from support import DATA, OstlerTest, main

TRAIN = DATA / "iris.train.csv"
TEST = DATA / "iris.test.csv"
HEADER, *ROWS = TRAIN.read_text().splitlines(keepends=True)


def as_objects(text):
    return [{name: cell if name == "target" else float(cell) for name, cell in row.items()}
            for row in csv.DictReader(io.StringIO(text))]


class DataTest(OstlerTest):
    def part(self, name, rows):
        """Writes some rows of the training data in the format of the name."""
        text = HEADER + "".join(rows)
        if name.endswith(".json"):
            text = json.dumps(as_objects(text), indent=1)
        elif name.endswith(".jsonl"):
            text = "".join(json.dumps(row) + "\n" for row in as_objects(text))
        return self.write(name, text)

    def halves(self, first, second):
        self.part(first, ROWS[:60])
        self.part(second, ROWS[60:])

    def files(self, *data, stdin=None, more=()):
        """Trains on the data; the names of the files that the job has for it."""
        job = self.train("linear", *data, "--label", "target", *more, stdin=stdin)
        info = self.wait_for(job)
        self.rows = self.predictions(self.ostler("result", job).line, TEST)
        return [path.replace(f"{self.work}/", "") for path in info["data"]]

    def predictions(self, model, *data, **more):
        return [row["prediction"] for row in self.ostler("predict", model, *data, "--output-format", "csv", **more).rows]

    def model(self):
        self.wait_for(self.train("linear", TRAIN, "--label", "target", "--save-path", "m"))
        return "m"

    def test_data_is_repeatable(self):
        """[DAT-1] As arguments and options, of several formats, and - among them."""
        self.halves("a.csv", "b.jsonl")
        self.assertEqual(self.files(TRAIN), [str(TRAIN)])
        whole = self.rows
        self.assertEqual(self.files("a.csv", "--data", "b.jsonl"), ["a.csv", "b.jsonl"])
        self.assertEqual(self.rows, whole)
        self.assertEqual(self.files("-", "--data", "b.jsonl", stdin=HEADER + "".join(ROWS[:60])), ["-", "b.jsonl"])
        self.assertEqual(self.rows, whole)

    def test_a_directory(self):
        """[DAT-1] The files in it, by extension and in the order of their names; what is no data is no matter."""
        self.halves("d/2.csv", "d/10.csv")
        for other in ("d/notes.md", "d/.hidden.csv", "d/below/c.csv"):
            self.write(other, "x")
        self.assertEqual(self.files("d"), ["d/10.csv", "d/2.csv"])
        self.assertEqual(self.files("d/", "--input-format", "csv"), ["d/10.csv", "d/2.csv"])

    def test_the_default_of_a_directory_is_json(self):
        """[DAT-2]"""
        self.halves("d/a.json", "d/b.json")
        self.part("d/c.csv", ROWS[:5])
        self.assertEqual(self.files("d"), ["d/a.json", "d/b.json"])
        self.assertEqual(self.files("d", "--input-format", "csv"), ["d/c.csv"])

    def test_a_directory_that_does_not_say_which(self):
        """[DAT-1]"""
        self.halves("d/a.csv", "d/b.jsonl")
        (self.work / "empty").mkdir()
        for command in (("train", "linear", "--label", "target"), ("predict", self.model()),
                        ("predict", "--detach", "m")):
            self.wait_for_silence()
            self.refused(2, *command, "d", says=["csv", "jsonl", "--input-format"])
            self.refused(2, *command, "empty", says="no data files")
            self.refused(2, *command, "d", "--input-format", "tsv", says="no tsv")

    def test_a_quoted_pattern(self):
        """[DAT-1]"""
        self.halves("d[1]/a-1.csv", "d[1]/a-2.csv")
        self.write("d[1]/b.csv", "x")
        self.assertEqual(self.files("d?1?/a-*.csv"), ["d[1]/a-1.csv", "d[1]/a-2.csv"])
        self.assertEqual(self.files(f"{self.work}/d*/a-[12].csv"), ["d[1]/a-1.csv", "d[1]/a-2.csv"])
        self.part("a*.csv", ROWS)
        self.part("ab.csv", ROWS)
        self.assertEqual(self.files("a*.csv"), ["a*.csv"])  # a file of that name is itself
        self.refused(2, "train", "linear", "d/*.csv", "--label", "target", says=["no file matches", "d/*.csv"])

    def test_a_pattern_below_the_working_directory(self):
        """[DAT-1] Whose own name is none."""
        self.halves("w[*]/a.csv", "w[*]/b.csv")
        job = self.train("linear", "*.csv", "--label", "target", cwd=self.work / "w[*]")
        self.assertEqual(len(self.wait_for(job)["data"]), 2)

    def test_predictions_take_the_same(self):
        """[DAT-1] [DAT-2]"""
        model = self.model()
        self.part("d/1.csv", ROWS[:3])
        self.part("d/2.csv", ROWS[3:7])
        self.part("e.json", ROWS[:7])
        whole = self.predictions(model, self.part("e.csv", ROWS[:7]))
        for data in ("d", "d/*.csv", "e.json"):
            self.assertEqual(self.predictions(model, data), whole)
            job = self.ostler("predict", "--detach", model, data, "--output-format", "csv").line
            self.assertEqual([row["prediction"] for row in self.ostler("result", job).rows], whole)
        lines = self.ostler("predict", model, "e.json").out.splitlines()
        self.assertEqual([str(json.loads(line)["prediction"]) for line in lines], whole)

    def test_s3_is_refused_by_name(self):
        """[DAT-1]"""
        model = self.model()
        self.wait_for_silence()
        for command in (("train", "linear", "--label", "target"), ("predict", model), ("predict", "--detach", model)):
            self.refused(2, *command, "s3://bucket/x.csv", says=["s3://bucket/x.csv", "not supported yet"])

    def test_json_is_one_array(self):
        """[DAT-2] Compressed or not, however it is laid out."""
        self.files(TRAIN)
        whole, text = self.rows, json.dumps(as_objects(TRAIN.read_text()))
        self.write("x.json", text.replace("}, {", "}\n\n,\n{").replace(", ", "\n, "))
        self.write("x.json.gz", gzip.compress(text.encode()))
        self.write("x", "\ufeff \n" + text + "\n")
        for arguments in (("x.json",), ("x.json.gz",), ("x", "--input-format", "json")):
            self.files(*arguments)
            self.assertEqual(self.rows, whole, arguments)

    def test_json_that_is_none(self):
        """[DAT-2]"""
        one = json.dumps(as_objects(HEADER + ROWS[0])[0])
        for text, says in ((one, "no JSON array"), (f"[{one}", "cut off"), (f"[{one}] x", "something after"),
                           (f"[{one},,{one}]", "no element"), (f"[{one},]", "no element"), (f"[,{one}]", "no element"),
                           ("[1, 2]", "not a JSON object"), (f"[{one} {one}]", "after the object"), ("[]", "empty"),
                           (f"[{one[:-1]}]", "JSON"), ("", "empty")):
            self.write("x.json", text)
            with self.subTest(text):
                result = self.ostler("train", "linear", "x.json", "--label", "target", "--wait", code=(2, 6))
                self.assertIn(says.lower(), result.err.lower())

    def test_the_extension_decides(self):
        """[DAT-2] jsonl holds lines, csv has a header; what holds something else is an error."""
        self.part("x.jsonl", ROWS[:80])
        self.files("x.jsonl")
        (self.work / "x.jsonl").rename(self.work / "x.json")
        self.refused(2, "train", "linear", "x.json", "--label", "target", says=["x.json", "jsonl"])
        self.write("y.csv", "".join(ROWS[:80]))
        self.refused(2, "train", "linear", "y.csv", "--label", "target", says=["y.csv", "target"])

    def test_no_json_array_is_written(self):
        model = self.model()
        self.wait_for_silence()
        self.refused(2, "predict", model, TEST, "--output-format", "json", says="jsonl")
        self.refused(2, "predict", "--detach", model, TEST, "-o", "x.json", says="jsonl")


if __name__ == "__main__":
    main()
