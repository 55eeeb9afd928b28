#!/usr/bin/env python3
"""ostler load: the gate before a deployment."""
import fcntl
import os
import shutil

from support import DATA, OstlerTest, main


class LoadTest(OstlerTest):
    def test_what_it_tells(self):
        self.wait_for(self.fault("", "--save-path", "m"))
        told = dict(line.split(": ", 1) for line in self.ostler("load", "m").out.splitlines())
        self.assertEqual((told["module"], told["backend"]), ("fault", "LOCAL"))
        self.assertGreaterEqual(float(told["load_seconds"]), 0)
        self.assertGreater(int(told["memory_bytes"]), 0)

    def test_json(self):
        self.wait_for(self.fault("", "--save-path", "m"))
        document = self.ostler("load", "m", "--json").json
        self.assertEqual((document["schema"], document["models"][0]["backend"]), (1, "LOCAL"))

    def test_a_config_that_was_cut_short(self):
        self.ostler("train", "linear", DATA / "iris.train.csv", "--label", "target", "--save-path", "m", "--wait")
        config = self.work / "m/config.yml"
        text = config.read_text()
        for size in range(len(text) - 2, 0, -37):
            config.write_text(text[:size])
            self.assertIn("config.yml", self.refused((1, 2), "load", "m", says="m").err)

    def test_a_model_whose_directory_is_locked_by_somebody(self):
        self.wait_for(self.fault("", "--save-path", "m"))
        directory = os.open(self.work / "m", os.O_RDONLY)
        self.addCleanup(os.close, directory)
        fcntl.flock(directory, fcntl.LOCK_EX)
        self.refused(1, "load", "m", says="locked by another program")

    def test_a_failing_load_names_the_backend(self):
        for do, says in (("throw", "not today"), ("throw_std", "not today"), ("throw_other", "")):
            self.wait_for(self.fault(do, "--save-path", "m", where="load", message="not today"))
            err = self.ostler("load", "m", code=(1, 2)).err
            self.assertIn(says, err)
            self.assertIn("LOCAL", err)

    def test_a_model_of_a_module_that_is_not_there(self):
        self.wait_for(self.fault("", "--save-path", "m"))
        plain = {name: value for name, value in self.env.items() if name != "OSTLER_MODULE_DIRECTORIES"}
        self.refused(3, "load", "m", says="6f0a2c3e-8f0d-4c55-9c1b-2f7f0a5d9e01", env=plain)

    def test_unknown(self):
        self.refused(3, "load", "nowhere", says="nowhere")
        self.refused(2, "load", "")
        self.refused(2, "load")


class DamageTest(OstlerTest):
    """A damaged model is refused by the name of the damaged file, before a library opens one."""

    def setUp(self):
        super().setUp()
        for module in ("xgboost", "linear"):
            self.ostler("train", module, DATA / "penguins.train.csv", "--label", "species", "--save-path", module, "-w")

    def refuses(self, model, name):
        for command in (("load", model), ("predict", model, DATA / "penguins.test.csv"),
                        ("predict", "-d", model, DATA / "penguins.test.csv")):
            self.refused(1, *command, says=[name, model])

    def each_file(self):
        for module in ("xgboost", "linear"):
            files = [path for path in (self.work / module).rglob("*") if path.is_file() and path.name != "config.yml"]
            self.assertTrue(files)
            for path in files:
                copy = self.work / f"{module}-copy"
                shutil.rmtree(copy, ignore_errors=True)
                shutil.copytree(self.work / module, copy)
                yield copy.name, copy / path.relative_to(self.work / module)

    def test_a_truncated_file(self):
        for model, path in self.each_file():
            path.write_bytes(path.read_bytes()[:-1])
            self.refuses(model, path.name)
            path.write_bytes(b"")
            self.refuses(model, path.name)

    def test_an_altered_byte(self):
        for model, path in self.each_file():
            content = bytearray(path.read_bytes())
            content[len(content) // 2] ^= 1
            path.write_bytes(content)
            self.refuses(model, path.name)

    def test_a_missing_file(self):
        for model, path in self.each_file():
            path.unlink()
            self.refuses(model, path.name)

    def test_a_directory_in_place_of_a_file(self):
        for model, path in self.each_file():
            path.unlink()
            path.mkdir()
            self.refuses(model, path.name)


class ConfigYmlTest(OstlerTest):
    """FND-2, FND-8 from outside: a config.yml that cannot be one is an error with file and, where there is one, line."""

    def refuses(self, content, *says):
        self.write("m/config.yml", content)
        for command in ("find", "load"):
            self.refused((1, 2), command, "m", says=["config.yml", *says])

    def test_no_yaml(self):
        self.refuses("module_id: [1, 2\nname: }\n", "config.yml:")

    def test_empty(self):
        self.refuses("")

    def test_a_list(self):
        self.refuses("- a\n- b\n")

    def test_no_module_id(self):
        self.refuses("name: x\n", "module_id")

    def test_a_reserved_key(self):
        self.refuses("module_id: 6f0a2c3e-8f0d-4c55-9c1b-2f7f0a5d9e01\nModel_Path: /x\n", "Model_Path")

    def test_binary(self):
        self.refuses(bytes(range(256)))

    def test_invalid_utf8(self):
        self.refuses(b"module_id: \xff\xfe\n")

    def test_a_directory(self):
        (self.work / "m/config.yml").mkdir(parents=True)
        self.refused((1, 2, 3), "load", "m", says="m")

    def test_a_bomb(self):
        text = "a: &a [x,x,x,x,x,x,x,x,x,x]\n"
        for name, last in zip("bcdefghi", "abcdefgh"):
            text += f"{name}: &{name} [{','.join(['*' + last] * 10)}]\n"
        self.refuses(text)

    def test_deeply_nested(self):
        self.refuses("module_id: " + "[" * 100000)


if __name__ == "__main__":
    main()
