#!/usr/bin/env python3
"""ostler modules: what can be trained, and with which parameters."""
import json
import shutil

from support import DATA, MODULES, OstlerTest, main


class ModulesTest(OstlerTest):
    def test_the_list(self):
        out = self.ostler("modules").out
        for name in ("xgboost", "linear", "fasttext", "fault"):
            self.assertIn(name, out)
        document = self.ostler("modules", "--json").json
        self.assertEqual(document["schema"], 1)
        self.assertEqual([module["name"] for module in document["modules"]], ["fasttext", "fault", "linear", "xgboost"])

    def test_one_module_and_its_parameters(self):
        out = self.ostler("modules", "xgboost").out
        for text in ("label", "features", "ignore", "weight", "categorical", "task", "eta"):
            self.assertIn(text, out)
        module = self.ostler("modules", "fault", "--json").json["modules"][0]
        rounds = next(parameter for parameter in module["parameters"] if parameter["name"] == "rounds")
        self.assertEqual((rounds["type"], rounds["default"], rounds["minimum"]), ("integer", 0, 0))

    def test_by_module_id(self):
        self.assertIn("fault", self.ostler("modules", "6f0a2c3e-8f0d-4c55-9c1b-2f7f0a5d9e01").out)

    def test_an_unknown_module_names_the_nearest(self):
        self.refused(3, "modules", "liner", says=["liner", "linear"])

    def second_directory(self, change):
        """A second module directory with a copy of fault's manifest, altered."""
        manifest = json.loads((MODULES / "fault.json").read_text())
        change(manifest)
        directory = self.work / "more"
        directory.mkdir()
        shutil.copy(MODULES / "fault.so", directory)
        (directory / "second.json").write_text(json.dumps(manifest, indent=1))
        return {**self.env, "OSTLER_MODULE_DIRECTORIES": json.dumps([str(MODULES), str(directory)])}

    def test_two_of_one_name_are_both_named(self):
        env = self.second_directory(lambda manifest: manifest.update(module_id="6f0a2c3e-8f0d-4c55-9c1b-2f7f0a5d9e02"))
        result = self.ostler("train", "fault", DATA / "iris.train.csv", env=env, code=2)
        self.assertIn(str(MODULES), result.err)
        self.assertIn(str(self.work / "more"), result.err)

    def test_a_broken_manifest_is_named(self):
        env = self.second_directory(lambda manifest: manifest.update(name="second", module_id="6f0a2c3e-8f0d-4c55-9c1b-2f7f0a5d9e02"))
        (self.work / "more/second.json").write_text("{")
        result = self.ostler("modules", env=env)
        self.assertIn("second.json", result.err)
        self.assertIn("fault", result.out, "a broken manifest hides no other module")

    def test_a_library_that_is_none_is_an_error_that_names_it(self):
        env = self.second_directory(lambda manifest: manifest.update(name="second", module_id="6f0a2c3e-8f0d-4c55-9c1b-2f7f0a5d9e02"))
        (self.work / "more/fault.so").write_bytes(b"no library")
        job = self.ostler("train", "second", DATA / "iris.train.csv", env=env, code=(0, 1))
        text = job.err if job.code else self.wait_for(job.line, "ERRORED")["errors"][0]
        self.assertIn("fault.so", text)

    def test_a_file_that_leaves_the_manifests_directory_is_refused(self):
        env = self.second_directory(lambda manifest: manifest.update(
            name="second", module_id="6f0a2c3e-8f0d-4c55-9c1b-2f7f0a5d9e02", file="../fault.so"))
        self.assertIn("../fault.so", self.ostler("modules", "second", env=env, code=(1, 2, 3)).err)

    def test_without_the_tests_directory_the_built_in_ones_are_there(self):
        plain = {name: value for name, value in self.env.items() if name != "OSTLER_MODULE_DIRECTORIES"}
        document = self.ostler("modules", "--json", env=plain).json
        self.assertEqual([module["name"] for module in document["modules"]], ["fasttext", "linear", "xgboost"])


if __name__ == "__main__":
    main()
