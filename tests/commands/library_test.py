#!/usr/bin/env python3
"""The installed library: programs that embed it and a third party's plugin, each built in a fresh directory against
nothing but the installed tree. TEST_INSTALLED names its prefix (the test `install` makes it), TEST_CXX the compiler."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

import support
from support import DATA, DEADLINE, ID, OstlerTest, main

TOP = pathlib.Path(__file__).resolve().parent.parent
README = TOP.parent / "README.md"
INSTALLED = pathlib.Path(os.environ.get("TEST_INSTALLED", "build/tests/installed")).resolve()
CXX = os.environ.get("TEST_CXX", "c++")
support.OSTLER = str(INSTALLED / "bin/ostler")  # the command, too, is the installed one


def call(command, **more):
    """Runs a tool; what it printed is the failure's message."""
    result = subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, **more)
    if result.returncode != 0:
        raise AssertionError(f"{command}\n{result.stdout.decode(errors='replace')}")
    return result.stdout.decode()


def cmake(source, build):
    call(["cmake", "-S", source, "-B", build, f"-DCMAKE_PREFIX_PATH={INSTALLED}", f"-DCMAKE_CXX_COMPILER={CXX}"])
    call(["cmake", "--build", build])


def readme_blocks(language):
    text = README.read_text(encoding="utf-8")
    section = text[text.index("\n## Library\n"):]
    section = section[:section.index("\n## ", 1)]
    return re.findall(rf"^```{language}\n(.*?)^```$", section, re.S | re.M)


class Installed(OstlerTest):
    """A class-wide directory to build in, and programs run in the test's own."""

    @classmethod
    def setUpClass(cls):
        cls.built = pathlib.Path(tempfile.mkdtemp(prefix="ostler-built-")).resolve()
        cls.addClassCleanup(shutil.rmtree, cls.built, ignore_errors=True)

    def setUp(self):
        super().setUp()
        del self.env["OSTLER_MODULE_DIRECTORIES"]
        for name in ("train", "test"):
            shutil.copy(DATA / f"penguins.{name}.csv", self.work)

    def program(self, name, *arguments, env=None):
        return call([self.built / name, *arguments], cwd=self.work, env=env or self.env, timeout=DEADLINE)


class ReadmeTest(Installed):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        (project,), (train, serve) = readme_blocks("cmake"), readme_blocks("cpp")
        for name, text in (("CMakeLists.txt", project), ("train.cc", train), ("serve.cc", serve)):
            (cls.built / name).write_text(text, encoding="utf-8")
        cmake(cls.built, cls.built)

    def test_the_programs_of_the_readme_train_and_serve(self):
        result = self.program("train").strip()
        rows = pathlib.Path(result).read_text(encoding="utf-8").splitlines()
        self.assertEqual(rows[0], "prediction")
        self.assertEqual(len(rows), len((DATA / "penguins.test.csv").read_text().splitlines()))
        # The command and the program see the same jobs.
        self.assertEqual([job["kind"] for job in self.ostler("status", "--json").json["jobs"]], ["predict", "train"])
        self.assertEqual(self.program("serve"), "Adelie Gentoo\n")

    def test_an_error_is_a_sentence(self):
        (self.work / "penguins.train.csv").unlink()
        with self.assertRaisesRegex(AssertionError, "there is no data file .*penguins.train.csv"):
            self.program("train")
        with self.assertRaisesRegex(AssertionError, 'no model "models/penguins" was found'):
            self.program("serve")


class EmbedTest(Installed):
    """A program built by pkg-config, that has children, threads and signals of its own."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        environment = {**os.environ, "PKG_CONFIG_PATH": str(next(INSTALLED.glob("lib*/**/pkgconfig")))}
        flags = call(["pkg-config", "--cflags", "--libs", "ostler"], env=environment).split()
        source = TOP / "support/embed/embed.cc"
        call([CXX, "-std=c++20", source, "-o", cls.built / "embed", *flags])

    def assert_started_once(self):
        self.assertEqual((self.work / "starts").read_text(), "started\n")

    def test_load_and_run_touch_neither_store_nor_configuration(self):
        self.ostler("train", "linear", "penguins.train.csv", "--label", "species", "--save-path", "models/m", "--wait")
        self.configure("no: [")
        self.ostler("status", code=2)
        before = self.tree(self.home)
        self.program("embed", "load", "models/m",
                     env={**self.env, "OSTLER_CONFIG": "/none", "OSTLER_HOME": "/proc/none", "XDG_STATE_HOME": "/proc/none"})
        self.assertEqual(self.tree(self.home), before)
        self.assert_started_once()

    def test_jobs_disturb_no_child_no_signal_and_do_not_execute_the_program_again(self):
        self.program("embed", "train")
        self.assert_started_once()

    def test_jobs_of_a_program_that_ignores_its_children(self):
        self.program("embed", "ignore")
        self.assert_started_once()

    def test_every_installed_header_stands_alone(self):
        headers = sorted((INSTALLED / "include/ostler").rglob("*.h"))
        self.assertGreater(len(headers), 40)
        (self.work / "all.cc").write_text("".join(f'#include "{header}"\n' for header in headers))
        call([CXX, "-std=c++20", "-fsyntax-only", "-I", INSTALLED / "include/ostler", self.work / "all.cc"])


class PluginTest(Installed):
    """The sample plugin of tests/support/sample_plugin, built by a project of its own."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cmake(TOP / "support/sample_plugin", cls.built)

    def setUp(self):
        super().setUp()
        self.plugins = self.home / "plugins"
        self.plugins.mkdir()
        shutil.copy(self.built / "sample.so", self.plugins)
        shutil.copy(TOP / "support/sample_plugin/majority.json", self.plugins)
        self.configure("module_directories: [../../plugins]\n")

    def configured(self, key):
        return f"""module_directories: [../../plugins]
model_management:
  finders:
    default: {{type: MEADOW, {key}config: {{models: pasture}}}}
  trainers:
    default: {{type: PATIENT, {key}config: {{diary: diary}}}}
"""

    def use(self):
        """Trains, predicts and finds with what the plugin brings."""
        job = self.train("majority", "penguins.train.csv", "--label", "species", "--save-path", "pasture/m")
        self.assertRegex(job, ID)
        self.assertEqual((self.work / "diary").read_text(), f"majority {job}\n")
        self.assertEqual(self.ostler("result", job).line, str(self.work / "pasture/m"))
        rows = self.ostler("predict", "m", "penguins.test.csv").rows
        self.assertEqual({row["prediction"] for row in rows}, {"Adelie"})
        found = self.ostler("find", "m", "--json").json["models"][0]
        self.assertEqual((found["module"]["name"], found["finder"]), ("majority", "default"))
        self.assertEqual(self.ostler("load", "m", "--format", "{backend}").line, "LOCAL")

    def test_its_module_is_listed_and_described(self):
        listed = {module["name"]: module for module in self.ostler("modules", "--json").json["modules"]}
        self.assertEqual((listed["majority"]["version"], listed["majority"]["library"]), ("2.1.0", "Sample"))
        self.assertIn("xgboost", listed)
        self.assertIn("the column to predict", self.ostler("modules", "majority").out)

    def test_found_by_its_directory(self):
        self.configure(self.configured(""))
        self.use()

    def test_found_by_the_key_plugin_relative_to_its_file(self):
        shutil.copy(self.plugins / "sample.so", self.home / ".config/ostler")
        self.configure(self.configured("plugin: ./sample.so, "))
        self.use()

    def test_one_of_another_abi_is_refused(self):
        shutil.copy(self.built / "aged.so", self.home / ".config/ostler")
        self.configure(self.configured("plugin: ./aged.so, "))
        job = self.refused(1, "train", "majority", "penguins.train.csv", "--label", "species",
                           says=["config.yml:6: ", "aged.so has the ABI version", "build it anew"])
        self.assertIn('the trainer "default" cannot be made', job.err)
        # As a module: its training tells the same.
        self.configure("module_directories: [../../plugins]\n")
        (self.plugins / "sample.so").unlink()
        shutil.copy(self.built / "aged.so", self.plugins / "sample.so")
        job = self.train("majority", "penguins.train.csv", "--label", "species")
        self.assertIn("has the ABI version", self.wait_for(job, "ERRORED")["errors"][0])

    def test_a_checkouts_configuration_with_a_plugin_must_be_trusted(self):
        shutil.copy(self.plugins / "sample.so", self.work)
        path = self.write("ostler.yml", self.configured("plugin: ./sample.so, "))
        path.chmod(0o666)
        self.refused(1, "find", "m", says=["ostler.yml names or holds code and may be written by others", "OSTLER_TRUST="])
        self.ostler("find", "m", code=3, env={**self.env, "OSTLER_TRUST": str(self.work)})
        path.chmod(0o644)
        self.ostler("find", "m", code=3)

    def test_a_broken_plugin_hides_no_module(self):
        manifest = json.loads((self.plugins / "majority.json").read_text())
        manifest.update(name="broken", module_id="0f6f3c56-6a3e-4a55-8d1d-0b6d2b7f3a12", file="absent.so")
        (self.plugins / "broken.json").write_text(json.dumps(manifest))
        result = self.ostler("modules")
        self.assertIn("majority", result.out)
        self.assertIn("absent.so is not there", result.err)
        self.refused(1, "train", "broken", "penguins.train.csv", says="absent.so is not there")


if __name__ == "__main__":
    main()
