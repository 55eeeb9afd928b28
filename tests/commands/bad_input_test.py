#!/usr/bin/env python3
"""Bad input: each a clear error with its exit code, and nothing left behind."""
import gzip
import os
import shutil
import stat
import subprocess
import unittest

from support import DATA, OSTLER, OstlerTest, main

IRIS = DATA / "iris.train.csv"
NOBODY = 65534


class TrainingDataTest(OstlerTest):
    """Every module that takes tables refuses the same things. What only the reading of the rows can tell ends the job
    as ERRORED; what can be seen before there is a job is refused."""

    def fails(self, name, *says, label="target", code=(2, 6)):
        for module in ("linear", "xgboost"):
            before = self.tree()
            result = self.ostler("train", module, name, "--label", label, "--save-path", "m", "--wait", code=code)
            for text in says:
                self.assertIn(text.lower(), result.err.lower(), f"\n{result}")
            self.wait_for_silence()
            self.assertEqual(self.tree(), before)
            if result.code == 6:
                self.assertEqual(self.job(result.line)["status"], "ERRORED")
            else:
                self.assertEqual((result.out, self.ostler("status", "--json").json["total"]), ("", 0), f"\n{result}")

    def test_a_path_that_is_no_text(self):
        """A job's description is JSON: other bytes would come out of it as another path."""
        data = self.work / "d\udcff.csv"
        shutil.copy(DATA / "iris.train.csv", data)
        elsewhere = self.work / "w\udcff"
        elsewhere.mkdir()
        for args, place in ((["iris.csv", "--save-path", "m\udcff"], None), ([data], None), (["../iris.csv"], elsewhere)):
            shutil.copy(DATA / "iris.train.csv", self.work / "iris.csv")
            result = self.ostler("train", "linear", *args, "--label", "target", code=2, cwd=place)
            self.assertIn("\\xff", result.err)
            self.assertIn("no UTF-8", result.err)
        self.assertEqual(self.job_directories(), [])

    def test_no_such_file(self):
        self.fails("nothing.csv", "nothing.csv", code=(2, 3))

    def test_an_empty_file(self):
        self.write("x.csv", "")
        self.fails("x.csv", "x.csv", "empty", code=2)

    def test_a_header_only(self):
        self.write("x.csv", "a,b,target\n")
        self.fails("x.csv", "x.csv", "no rows")

    def test_a_ragged_row(self):
        self.write("x.csv", "a,b,target\n1,2,x\n3,4,y\n5,6\n7,8,x\n")
        self.fails("x.csv", "x.csv:4")

    def test_an_open_quote(self):
        self.write("x.csv", 'a,b,target\n1,2,x\n3,"4,y\n5,6,x\n')
        self.fails("x.csv", "x.csv:3")

    def test_not_a_number_where_one_is_needed(self):
        rows = "".join(f"{number},{number * 2},{number}.5\n" for number in range(50))
        self.write("x.csv", "a,b,target\n" + rows + "1,2,many\n")
        for module in ("linear", "xgboost"):
            result = self.ostler("train", module, "x.csv", "--label", "target", "-p", "task=regression", "--wait",
                                 code=(2, 6))
            self.assertIn("x.csv:52", result.err)
            self.assertIn("many", result.err)

    def test_invalid_utf8(self):
        self.write("x.csv", b"a,b,target\n1,2,x\n3,4,\xff\xfe\n")
        self.fails("x.csv", "x.csv:3", "utf-8")

    def test_invalid_utf8_in_the_header(self):
        self.write("x.csv", b"a,\xff,target\n1,2,x\n")
        self.fails("x.csv", "x.csv:1", "utf-8", code=2)

    def test_a_column_twice(self):
        self.write("x.csv", "a,a,target\n1,2,x\n2,3,y\n")
        self.fails("x.csv", "x.csv", "a", code=2)

    def test_a_NUL_byte(self):
        self.write("x.csv", b"a,b,target\n1,2,x\n3,\0,y\n")
        self.fails("x.csv", "x.csv:3")

    def test_a_directory(self):
        (self.work / "x.csv").mkdir()
        self.fails("x.csv", "x.csv", "directory", code=2)

    def test_an_extension_that_says_nothing(self):
        self.write("x.dat", IRIS.read_text())
        self.fails("x.dat", "x.dat", code=2)

    def test_an_unknown_label(self):
        self.fails(IRIS, "targett", "target", label="targett", code=2)

    def test_a_label_that_is_always_the_same(self):
        self.write("x.csv", "a,b,target\n" + "1,2,x\n3,4,x\n" * 20)
        self.fails("x.csv", "target")

    def test_labels_that_are_all_missing(self):
        self.write("x.csv", "a,b,target\n" + "1,2,\n3,4,\n" * 20)
        self.fails("x.csv", "target")

    def test_the_label_is_the_only_column(self):
        self.write("x.csv", "target\n" + "x\ny\n" * 20)
        self.fails("x.csv", "column")

    def test_a_damaged_compressed_file(self):
        self.write("x.csv.gz", gzip.compress(IRIS.read_bytes())[:-200])
        self.fails("x.csv.gz", "x.csv.gz")

    def test_a_second_file_with_other_columns(self):
        self.write("x.csv", "a,b,target\n1,2,x\n2,1,y\n")
        self.write("y.csv", "a,c,target\n1,2,x\n2,1,y\n")
        result = self.ostler("train", "linear", "x.csv", "y.csv", "--label", "target", "--wait", code=(2, 6))
        self.assertIn("y.csv", result.err)


class PredictionDataTest(OstlerTest):
    def setUp(self):
        super().setUp()
        self.ostler("train", "linear", IRIS, "--label", "target", "--save-path", "m", "--wait")
        self.wait_for_silence()
        self.header = IRIS.read_text().splitlines()[0].rsplit(",", 1)[0]

    def fails(self, content, *says, code=2):
        """In the foreground nothing but whole good rows may have been printed; as a job it is ERRORED."""
        self.write("x.csv", content)
        before = self.tree()
        for text in says:
            self.assertIn(text, self.ostler("predict", "m", "x.csv", code=code).err.lower())
        self.ostler("predict", "m", "x.csv", "-o", "out.csv", code=code)
        detached = self.ostler("predict", "-d", "m", "x.csv", "-o", "out.csv", "--wait", code=(code, 6))
        self.wait_for_silence()
        self.assertEqual(self.tree(), before, f"\n{detached}")

    def test_an_empty_file(self):
        self.fails("", "x.csv", "empty")

    def test_a_header_only_gives_a_header(self):
        self.write("x.csv", self.header + "\n")
        self.assertEqual(self.ostler("predict", "m", "x.csv").out, "prediction\n")

    def test_a_ragged_row(self):
        self.fails(f"{self.header}\n1,2,3,4\n1,2,3\n", "x.csv:3")

    def test_not_a_number(self):
        self.fails(f"{self.header}\n1,2,3,4\n1,2,three,4\n", "x.csv:3", "three", "petal_length_cm")

    def test_missing_columns_are_named(self):
        self.fails("sepal_length_cm,petal_width_cm\n1,2\n", "sepal_width_cm")

    def test_invalid_utf8(self):
        self.fails(f"{self.header},note\n1,2,3,4,x\n1,2,3,4,".encode() + b"\xff\n1,2,3,\xc3,x\n", "x.csv:")

    def test_json_lines_that_are_none(self):
        self.write("x.jsonl", '{"sepal_length_cm": 1,\n')
        self.assertIn("x.jsonl:1", self.ostler("predict", "m", "x.jsonl", code=2).err)

    def test_no_such_file(self):
        self.refused(2, "predict", "m", "nothing.csv", says="nothing.csv")

    def test_a_directory(self):
        (self.work / "d.csv").mkdir()
        self.refused(2, "predict", "m", "d.csv", says="d.csv")

    def test_an_unknown_model(self):
        self.refused(3, "predict", "nowhere", IRIS, says="nowhere")
        self.refused(3, "predict", "-d", "nowhere", IRIS, says="nowhere")
        (self.work / "folder").mkdir()
        self.refused(3, "predict", "folder", IRIS, says=["folder", "config.yml"])

    def test_an_unknown_format(self):
        self.refused(2, "predict", "m", IRIS, "--input-format", "cvs", says=["cvs", "csv"])
        self.refused(2, "predict", "m", IRIS, "--output-format", "xls", says="xls")

    def test_a_target_in_no_directory(self):
        self.refused((1, 2), "predict", "m", IRIS, "-o", "no/such/out.csv", says="no/such")

    def test_a_target_that_is_a_directory(self):
        self.refused((1, 2), "predict", "m", IRIS, "-o", "m", says="m")


@unittest.skipUnless(os.geteuid() == 0, "needs a user who may become another")
class PermissionTest(OstlerTest):
    """As another user, since root may read and write everything."""

    def setUp(self):
        super().setUp()
        os.chmod(self.directory, 0o755)
        for path in (self.home, self.work):
            os.chown(path, NOBODY, NOBODY)
        self.as_nobody = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
        probe = subprocess.run([OSTLER, "--version"], env=self.env, check=False, capture_output=True, **self.as_nobody)
        if probe.returncode != 0:
            self.skipTest("the build directory is closed to other users")

    def test_an_unreadable_file(self):
        os.chmod(self.write("x.csv", IRIS.read_text()), 0)
        self.refused((1, 2), "train", "linear", "x.csv", "--label", "target", says="x.csv", **self.as_nobody)

    def test_a_save_path_that_cannot_be_written(self):
        os.chmod(self.work, stat.S_IRUSR | stat.S_IXUSR)
        self.refused((1, 2), "train", "linear", IRIS, "--label", "target", "--save-path", "sub/m",
                     says=self.work, **self.as_nobody)
        self.refused((1, 2), "train", "linear", IRIS, "--label", "target", "--save-path", "/etc/m", says="/etc",
                     **self.as_nobody)

    def test_an_output_that_cannot_be_written(self):
        self.ostler("train", "linear", IRIS, "--label", "target", "--save-path", "m", "--wait", **self.as_nobody)
        self.wait_for_silence()
        for detach in ([], ["-d"]):
            self.refused((1, 2), "predict", *detach, "m", IRIS, "-o", "/etc/out.csv", says="/etc", **self.as_nobody)

    def test_a_store_that_cannot_be_written(self):
        os.chmod(self.home, stat.S_IRUSR | stat.S_IXUSR)
        self.refused((1, 2), "train", "linear", IRIS, "--label", "target", says=str(self.home), **self.as_nobody)
        self.ostler("status", **self.as_nobody)

    def test_anothers_store_is_closed(self):
        self.ostler("train", "linear", IRIS, "--label", "target", "--wait")
        self.ostler("status", code=(1, 2), **self.as_nobody)


if __name__ == "__main__":
    main()
