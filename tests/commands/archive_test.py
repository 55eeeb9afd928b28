#!/usr/bin/env python3
"""Models in zip archives: found, loaded and predicted with as they are; exported; what is not to be trusted refused."""
import os
import signal
import struct
import subprocess
import zipfile

from support import DATA, OstlerTest, main

ROWS = DATA / "iris.test.csv"


class WithArchives(OstlerTest):
    """What both classes of tests share."""

    def setUp(self):
        super().setUp()
        self.temporary = self.directory / "tmp"
        self.temporary.mkdir()
        self.env["TMPDIR"] = str(self.temporary)

    def tearDown(self):
        self.assertEqual(os.listdir(self.temporary), [], "something was left behind")

    def zip(self, name, entries):
        """Writes an archive of (name or ZipInfo, content) and gives its path."""
        path = self.work / name
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for entry, content in entries:
                archive.writestr(entry, content)
        return path

    def model_zip(self, name, prefix="", more=()):
        """A model of the module `fault` in an archive, below `prefix`."""
        if not (self.work / "trained").exists():
            self.wait_for(self.fault("", "--save-path", "trained", value="zipped"))
        entries = [(prefix + file, (self.work / "trained" / file).read_bytes())
                   for file in ("config.yml", "fault-model.json")]
        return self.zip(name, [*entries, *more])


class UseTest(WithArchives):
    def test_MGR_4_at_the_top_and_in_one_directory(self):
        """[MGR-4] find, load, and predict in the foreground and as a job"""
        clutter = [("__MACOSX/._config.yml", "x"), (".DS_Store", "x"), ("readme.txt", "x")]
        for name, prefix in (("top.zip", ""), ("nested.zip", "penguins/"), ("modèle", "modèle d'été/")):
            path = self.model_zip(name, prefix, clutter)
            found = self.ostler("find", name, "--json").json["models"][0]
            self.assertEqual((found["path"], found["module"]["name"]), (str(path), "fault"))
            self.assertIn(f"path: {path}", self.ostler("load", name).out)
            rows = self.ostler("predict", name, ROWS).out
            self.assertEqual(rows.splitlines()[:2], ["prediction", "zipped"])
            job = self.ostler("predict", "--detach", name, ROWS, "--wait").line
            self.assertEqual(self.ostler("result", job).out, rows)

    def test_standard_input(self):
        path = self.model_zip("m.zip", "nested/")
        for command in (["load", "-"], ["load", "-", "--finder", "local"]):
            self.assertIn("path: standard input", self.ostler(*command, stdin=path.read_bytes()).out)
        self.refused(1, "load", "-", stdin=b"", says="standard input is no zip")
        self.refused(1, "load", "-", stdin=path.read_bytes()[:200], says="standard input is no zip")
        bounded = {**self.env, "OSTLER_ARCHIVES_MAX_BYTES": "100"}
        self.refused(2, "load", "-", stdin=path.read_bytes(), env=bounded, says=["standard input", "archives.max_bytes"])

    def test_MGR_18_through_any_finder(self):
        """[MGR-18] [MGR-5] nested, under the load path, and through each kind of finder"""
        (self.work / "models").mkdir()
        path = self.model_zip("models/m.zip", "nested/")
        self.configure("model_management:\n  finders:\n"
                       "    other: {type: LOCAL, config: {load_path: elsewhere}}\n"
                       "    many: {type: MULTI, config: {finder_priority: [jobs, other]}}\n")
        for finder, answered in (("default", "local"), ("local", "local"), ("other", "other"), ("many", "other")):
            found = self.ostler("find", "m.zip", "--finder", finder, "--json").json["models"][0]
            self.assertEqual((found["path"], found["finder"]), (str(path), answered))
        # One that knows only jobs is asked, too (MGR-15), and nobody sees the temporary directory.
        self.assertNotIn(str(self.temporary), self.refused(3, "find", "m.zip", "--finder", "jobs", says=str(path)).err)
        # A path comes before a name under the load path, and a directory that is no model hides nothing.
        here = self.model_zip("m.zip")
        self.assertIn(f"path: {here}\n", self.ostler("find", "m.zip").out)
        here.unlink()
        here.mkdir()
        self.assertIn(f"path: {path}\n", self.ostler("find", "m.zip").out)

    def test_a_jobs_limits_are_those_of_who_submitted_it(self):
        path = self.model_zip("m.zip", "", [(f"f{i}", "") for i in range(10001)])
        self.refused(2, "predict", "--detach", "m.zip", ROWS, says=str(path))
        self.configure("archives: {max_files: 20000}\n")
        job = self.ostler("predict", "--detach", "m.zip", ROWS, "--wait").line
        self.assertEqual(self.job(job)["status"], "COMPLETED")

    def test_what_a_killed_process_left_is_swept(self):
        self.model_zip("m.zip")
        # A predict that waits for its rows holds the extracted model.
        process = self.start("predict", "m.zip", stdin=subprocess.PIPE)
        self.until(lambda: os.listdir(self.temporary), "the model to be extracted")
        self.ostler("find", "m.zip")  # does not sweep what is in use
        self.assertEqual(len(os.listdir(self.temporary)), 1)
        process.send_signal(signal.SIGKILL)
        process.wait()
        self.ostler("find", "m.zip")


class ExportTest(WithArchives):
    def test_MDL_4_a_model_and_back(self):
        """[MDL-4] what export writes is read by every command and by Python's zipfile"""
        self.wait_for(self.fault("", "--save-path", "models/m", "--id", "nightly", value="exported"))
        self.assertEqual(self.ostler("export", "m", "-o", "m.zip").out, "")
        with zipfile.ZipFile(self.work / "m.zip") as archive:
            self.assertIsNone(archive.testzip())
            self.assertEqual(archive.namelist(), ["config.yml", "fault-model.json"])
            for file in archive.namelist():
                self.assertEqual(archive.read(file), (self.work / "models/m" / file).read_bytes())
        self.ostler("load", "m.zip")
        self.assertEqual(self.ostler("predict", "m.zip", ROWS).out, self.ostler("predict", "m", ROWS).out)
        # Of an archive, and of a training.
        self.ostler("export", "m.zip", "-o", "again.zip")
        self.ostler("export", "nightly", "-o", "nightly.zip")
        piped = self.ostler("export", "m", "-o", "-").raw
        self.assertIn("path: standard input", self.ostler("load", "-", stdin=piped).out)
        self.assertEqual(piped, (self.work / "m.zip").read_bytes())

    def test_a_signal_leaves_no_half_of_it(self):
        self.write("m/config.yml", "module_id: x\n")
        with open(self.work / "m/large", "wb") as large:
            large.truncate(8 << 30)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            process = self.start("export", "m", "-o", "m.zip")
            self.until(lambda: list(self.work.glob(".m.zip.*")), "the archive to be begun")
            process.send_signal(number)
            self.assertEqual(process.wait(), 128 + number)
            self.assertEqual(os.listdir(self.work), ["m"])

    def test_a_kill_leaves_no_half_of_it_under_its_name(self):
        self.write("m/config.yml", "module_id: x\n")
        with open(self.work / "m/large", "wb") as large:
            large.truncate(8 << 30)
        process = self.start("export", "m", "-o", "m.zip")
        self.until(lambda: list(self.work.glob(".m.zip.*")), "the archive to be begun")
        process.kill()
        process.wait()
        self.assertFalse((self.work / "m.zip").exists())
        [left] = self.work.glob(".m.zip.*")
        self.assertTrue(left.name.startswith(".m.zip.ostler-"), left)
        os.truncate(self.work / "m/large", 10)
        self.ostler("export", "m", "-o", "m.zip")
        self.assertIn("module_id: x", self.ostler("find", "m.zip").out)

    def test_a_full_disk(self):
        disk = self.mount_disk("1m")
        self.write("m/config.yml", "module_id: x\n")
        self.write("m/large", os.urandom(3 << 20))
        self.refused(1, "export", "m", "-o", disk / "m.zip", says=[str(disk / "m.zip"), "no space left"])
        self.assertEqual(os.listdir(disk), [])

    def test_names_and_directories(self):
        self.write("m/config.yml", "module_id: x\n")
        self.write("m/été/ü.bin", bytes(range(256)) * 1000)
        self.write("m/run.sh", "#!/bin/sh\n").chmod(0o755)
        self.ostler("export", "m", "-o", "m.zip")
        with zipfile.ZipFile(self.work / "m.zip") as archive:
            self.assertEqual(sorted(archive.namelist()), ["config.yml", "run.sh", "été/ü.bin"])
            self.assertEqual(archive.read("été/ü.bin"), bytes(range(256)) * 1000)
            self.assertEqual(archive.getinfo("run.sh").external_attr >> 16 & 0o777, 0o755)
        self.assertIn("module_id: x\n", self.ostler("find", "m.zip").out)

    def test_never_over_something(self):
        self.wait_for(self.fault("", "--save-path", "m"))
        for name in ("there", "folder/"):
            if name.endswith("/"):
                (self.work / name).mkdir()
            else:
                self.write(name, "mine")
            self.refused(2, "export", "m", "-o", name, says=[str(self.work / name.rstrip("/")), "is there already"])
        (self.work / "dangling").symlink_to("nowhere")
        self.refused(2, "export", "m", "-o", "dangling", says="is there already")
        self.refused(2, "export", "m", says="-o")
        self.refused(3, "export", "absent", "-o", "x.zip", says="absent")
        self.refused(1, "export", "m", "-o", "no/folder/x.zip", says="no/folder")

    def test_what_is_not_a_whole_model(self):
        self.wait_for(self.fault("", "--save-path", "m"))
        self.write("m/fault-model.json", "{}")
        self.refused(1, "export", "m", "-o", "x.zip", says=["damaged", str(self.work / "m/fault-model.json")])
        self.write("n/config.yml", "module_id: x\n")
        (self.work / "n/link").symlink_to("/etc/passwd")
        self.refused(2, "export", "n", "-o", "x.zip", says=[f"the model {self.work}/n", "link"])


class RefusalTest(WithArchives):
    """[MGR-4] [MGR-6] each with a message of its own, and nothing left behind"""

    def refuses(self, code, entries, *says, env=None):
        path = self.zip("bad.zip", entries)
        for command in (["find", "bad.zip"], ["load", "bad.zip"], ["predict", "bad.zip", ROWS],
                        ["predict", "--detach", "bad.zip", ROWS]):
            self.refused(code, *command, says=[str(path), *says], env=env)
        path.unlink()

    def test_MGR_6_no_model_in_it(self):
        self.refuses(3, [("a/b/config.yml", "module_id: x\n")], "has no config.yml, neither at its top nor")
        self.refuses(3, [("readme", "x")], "has no config.yml, neither at its top nor")
        self.refuses(3, [("a/config.yml", "module_id: x\n"), ("b/file", "x")], "several directories (a, b)")
        self.refuses(3, [("config.yml/", "")], "has no config.yml, neither at its top nor")

    def test_no_zip(self):
        self.write("bad.zip", "PK, but no zip")
        self.refused(1, "load", "bad.zip", says=[f"{self.work}/bad.zip is no zip archive"])
        whole = self.model_zip("whole.zip").read_bytes()
        self.write("bad.zip", whole[:40] + bytes(30) + whole[70:])
        self.refused(1, "load", "bad.zip", says=f"{self.work}/bad.zip")

    def test_a_broken_model_in_it(self):
        self.refuses((1, 2), [("config.yml", "[")], "bad.zip/config.yml:1")
        self.assertNotIn(str(self.temporary), self.ostler("find", self.zip("bad.zip", [("m/config.yml", "[")]), code=2).err)
        self.refused(1, "load", self.zip("cut.zip", [("config.yml", self.config())]),
                     says=["damaged", "cut.zip/fault-model.json is missing"])

    def config(self):
        self.wait_for(self.fault("", "--save-path", "trained"))
        return (self.work / "trained/config.yml").read_bytes()

    def test_slip(self):
        for name in ("../evil", "a/../../evil", "a/../evil", "/abs/evil", ".."):
            self.refuses(2, [("config.yml", "module_id: x\n"), (name, "x")], f'entry "{name}"', "would leave the model's directory")
        self.assertFalse(any(self.directory.rglob("evil")))

    def test_links(self):
        for target, mode in (("/etc/passwd", 0o120777), ("config.yml", 0o120777)):
            link = zipfile.ZipInfo("m/link")
            link.external_attr = mode << 16
            link.create_system = 3
            self.refuses(2, [("m/config.yml", "module_id: x\n"), (link, target)], 'entry "m/link" is a link')

    def test_twice(self):
        with self.assertWarns(UserWarning):
            self.refuses(2, [("config.yml", "module_id: x\n"), ("./config.yml", "module_id: y\n"), ("a", ""), ("a", "")],
                         "is there twice")

    def test_a_file_that_is_a_directory_too(self):
        for names in (("a", "a/b"), ("a/b", "a"), ("m/a/", "m/a"), ("m/a/b/c", "m/a")):
            prefix = "m/" if names[1] == "m/a" else ""
            self.refuses(2, [(prefix + "config.yml", "module_id: x\n"), *[(name, "") for name in names]],
                         "is a file and a directory at once")

    def test_a_path_that_no_file_can_have(self):
        self.refuses(2, [("config.yml", "module_id: x\n"), ("a/" * 3000 + "b", "")], "longer than 2000 bytes")

    def test_encrypted(self):
        path = self.zip("bad.zip", [("config.yml", "module_id: x\n"), ("secret", "x" * 100)])
        data = bytearray(path.read_bytes())
        for magic, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
            at = data.rindex(magic)
            data[at + flags] |= 1
        path.write_bytes(data)
        self.refused(2, "load", "bad.zip", says=['entry "secret" is encrypted', "without a password"])

    def test_bombs(self):
        many = [("config.yml", "module_id: x\n"), *[(f"f{i}", "") for i in range(10)]]
        self.refuses(2, many, "more than 10 files", "archives.max_files", env={**self.env, "OSTLER_ARCHIVES_MAX_FILES": "10"})
        self.refuses(2, [(f"f{i}", "") for i in range(10001)], "more than 10000 files")
        large = [("config.yml", "module_id: x\n"), ("zeros", bytes(1_000_000))]
        bounded = {**self.env, "OSTLER_ARCHIVES_MAX_BYTES": "1000000"}
        self.refuses(2, large, "more than 1000000 bytes", "archives.max_bytes", env=bounded)
        # The same from a configuration file; a limit that is none is refused with its line.
        path = self.configure("archives:\n  max_bytes: 0\n")
        self.refused(2, "find", "m", says=[f"{path}:2: ", "archives.max_bytes"])
        self.configure("archives: {max_files: 1}\n")
        self.refuses(2, large, "more than 1 files")

    def test_a_bomb_that_lies_about_its_size(self):
        path = self.zip("bad.zip", [("config.yml", "module_id: x\n"), ("zeros", bytes(50_000_000))])
        data = bytearray(path.read_bytes())
        for magic, size in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
            at = data.rindex(magic)
            struct.pack_into("<I", data, at + size, 10)
        path.write_bytes(data)
        bounded = {**self.env, "OSTLER_ARCHIVES_MAX_BYTES": "1000000"}
        self.refused(2, "load", "bad.zip", env=bounded, says=["more than 1000000 bytes"])


if __name__ == "__main__":
    main()
