#!/usr/bin/env python3
"""The command line as a whole: exit codes, usage errors, global options, environment, configuration."""
import json
import os
import pathlib
import subprocess

from support import DATA, OSTLER, PREFIX, OstlerTest, main

IRIS = DATA / "iris.train.csv"
COMMANDS = ("cancel", "find", "load", "logs", "modules", "predict", "result", "status", "train", "wait")


class UsageTest(OstlerTest):
    def test_words_after_version(self):
        self.refused(2, "--version", "extra", says='no command "extra"')

    def test_a_flag_takes_no_value(self):
        for words in (("train", "linear", "x.csv", "--wait=false"), ("status", "--json=no"), ("--quiet=1", "status")):
            option = next(word for word in words if "=" in word)
            self.refused(2, *words, says=[option.split("=")[0] + " takes no value", "=" + option.split("=")[1]])
        self.refused(2, "status", "--json", "--format", "{id}", says="exclude each other")

    def test_a_mistyped_module_in_help(self):
        self.assertIn('did you mean "linear"?', self.ostler("train", "lineer", "--help").out)
        self.assertIn("Parameters of linear", self.ostler("train", "linear", "--help").out)
        self.assertIn("Arguments:", self.ostler("train", "./lineer.py", "--help").out)

    def test_version(self):
        for flag in ("--version", "-V"):
            out = self.ostler(flag).out
            self.assertRegex(out.splitlines()[0], r"^ostler \d+\.\d+\.\d+$")
            # The module that is built here has a library whose version is known without opening it.
            library = self.ostler("modules", "xgboost", "--json").json["modules"][0]
            self.assertRegex(library["library_version"], r"^\d+\.\d+\.\d+$")
            self.assertIn(f"xgboost {library['version']} (XGBoost {library['library_version']})", out.splitlines())
        self.assertEqual(self.ostler("status", "--version").out, out)

    def test_help(self):
        out = self.ostler("--help").out
        for command in COMMANDS:
            self.assertRegex(out, rf"(?m)^\s*{command}\b")
            for flag in ("--help", "-h"):
                self.assertIn(command, self.ostler(command, flag).out)

    def test_the_parameters_of_a_module_that_is_on_the_line(self):
        for line in (("train", "xgboost", "--help"), ("help", "train", "xgboost"), ("--help", "train", "xgboost", IRIS, "-p", "x=1")):
            out = self.ostler(*line).out
            self.assertRegex(out, r"(?m)^Parameters of xgboost .*:$")
            self.assertRegex(out, r"(?m)^  max_depth +an integer from 1 to 30, default 4 +depth of a tree$")
        self.configure("load_path: [\n")
        self.assertIn("Parameters of xgboost", self.ostler("train", "xgboost", "--help").out)
        plain = self.ostler("train", "--help")
        self.assertNotIn("Parameters of", plain.out)
        for line in (("train", "", "--help"), ("train", "xgboost", "--help", "--config", "none.yml")):
            result = self.ostler(*line)
            self.assertEqual((result.out.replace(self.ostler("train", "xgboost", "--help").out, plain.out), result.err), (plain.out, ""))

    def test_without_a_command(self):
        self.assertIn("train", self.ostler().out)
        self.refused(2, "--quiet", says="no command")

    def test_what_other_tools_call_it(self):
        for line, meant in (("ps -a", "status"), ("ls", "find"), ("list", "status"), ("run m.py --gpus=all", "predict"), ("kill 3f2a9c1b", "cancel"),
                            ("stop", "cancel"), ("rm -f x", "prune"), ("log", "logs"), ("top", "status --watch"), ("help ps", "status"),
                            ("version", "--version")):
            self.refused(2, *line.split(), says=["no command", meant])
        self.assertEqual(self.ostler("--color", "never", "help").out, self.ostler("help").out)
        self.assertEqual(self.ostler("--json", "help").json, self.ostler("help", "--json").json)

    def test_an_unknown_command_names_the_nearest(self):
        self.refused(2, "trian", says=["trian", "train"])
        self.refused(2, "stauts", says="status")
        self.refused(2, "")

    def test_an_unknown_option_names_the_nearest(self):
        self.refused(2, "train", "fault", IRIS, "--lable", "x", says=["--lable", "--label"])
        self.refused(2, "--jsn", "status", says="--jsn")

    def test_options_are_not_abbreviated(self):
        self.refused(2, "status", "--jso", says="--jso")
        self.refused(2, "train", "fault", IRIS, "--save", "m", says="--save")

    def test_an_option_takes_one_value(self):
        job = self.ostler("train", "linear", "--label", "target", IRIS, "--wait").line
        self.assertEqual([entry if isinstance(entry, str) else entry["path"] for entry in self.job(job)["data"]],
                         [str(IRIS)])
        self.refused(2, "train", "fault", IRIS, "--label")

    def test_global_options_are_taken_anywhere(self):
        for line in (("--json", "status"), ("status", "--json")):
            self.assertEqual(self.ostler(*line).json["schema"], 1)
        elsewhere = self.directory / "elsewhere"
        job = self.ostler("--home", elsewhere, "train", "fault", IRIS).line
        self.ostler("wait", job, "--home", elsewhere)
        self.ostler("wait", job, code=3)
        self.assertFalse(self.store.exists())

    def test_more_arguments_than_wanted(self):
        self.refused(2, "find", "a", "b")
        self.refused(2, "result", "a", "b")
        self.refused(2, "logs", "a", "b")

    def test_an_unset_variable_as_id(self):
        job = self.fault_waiting()
        for command in ("status", "wait", "cancel", "result", "logs"):
            self.ostler(command, "", code=2)
        self.ostler("predict", "", IRIS, code=2)
        self.assertEqual(self.job(job)["status"], "RUNNING")
        self.release()
        self.wait_for(job)

    def test_a_double_dash_ends_the_options(self):
        self.refused(3, "status", "--", "--json", says="--json")


class OutputTest(OstlerTest):
    def test_a_closed_standard_output_is_141_and_quiet(self):
        self.wait_for(self.fault())
        for line in (("status",), ("status", "--json"), ("modules",), ("--help",), ("--version",)):
            reader, writer = os.pipe()
            os.close(reader)
            process = subprocess.run([OSTLER, *line], env=self.env, stdout=writer, stderr=subprocess.PIPE, check=False)
            os.close(writer)
            self.assertEqual((process.returncode, process.stderr), (141, b""), line)

    def test_a_full_standard_output_is_1(self):
        self.wait_for(self.fault("", "--save-path", "m"))
        for line in (("status",), ("modules",), ("predict", "m", DATA / "iris.test.csv")):
            with open("/dev/full", "wb") as full:
                process = subprocess.run([OSTLER, *line], env=self.env, cwd=self.work, stdout=full,
                                         stderr=subprocess.PIPE, check=False)
            self.assertEqual(process.returncode, 1, line)
            self.assertIn(b"ostler: error: ", process.stderr)

    def test_descriptors_that_are_closed(self):
        for closing in ("<&-", ">&-", "2>&-", "<&- >&- 2>&-"):
            code = subprocess.run(["/bin/sh", "-c", f'exec "$0" train fault "$1" {closing}', OSTLER, IRIS],
                                  env=self.env, cwd=self.work, check=False, capture_output=True).returncode
            self.assertLess(code, 128, closing)
        for job in self.ostler("status", "--json").json["jobs"]:
            self.wait_for(job["id"])

    def test_colour_only_when_asked_for(self):
        job = self.fault()
        self.wait_for(job)
        self.assertNotIn("\x1b", self.ostler("status", "--color", "auto").out)
        self.assertIn("\x1b", self.ostler("status", "--color", "always").out)

    def test_quiet(self):
        job = self.fault()
        self.wait_for(job)
        self.assertEqual(self.ostler("cancel", job, "-q").err, "")


class EnvironmentTest(OstlerTest):
    def test_an_empty_environment(self):
        """What cron leaves: HOME, PATH; the job gets the same."""
        cron = {name: self.env[name] for name in self.env if name in ("HOME", "PATH", "LOGNAME", "SHELL", "ASAN_OPTIONS",
                                                                      "LSAN_OPTIONS", "UBSAN_OPTIONS")}
        job = self.ostler("train", "xgboost", DATA / "penguins.train.csv", "--label", "species", "--save-path",
                          "models/p", env=cron).line
        self.ostler("wait", job, env=cron)
        out = self.ostler("predict", "p", DATA / "penguins.test.csv", env=cron).out
        self.assertEqual(len(out.splitlines()), 70)

    def test_no_home_at_all(self):
        home = f"OSTLER_HOME={self.store}"
        line = [OSTLER, "status", "--json"]
        process = subprocess.run(["/usr/bin/env", "-i", home, *line], capture_output=True, check=False, cwd=self.work)
        self.assertEqual(process.returncode, 0, process.stderr)
        if os.getuid() != 0:
            self.skipTest("only root can become somebody whom the system does not know")
        try:
            process = subprocess.run(line, capture_output=True, check=False, cwd="/", env={}, user=3999999999,
                                     group=3999999999, extra_groups=[])
        except PermissionError:
            self.skipTest("others may not read this build")
        self.assertEqual(process.returncode, 1, process.stderr)
        self.assertIn(b"OSTLER_HOME", process.stderr)

    def test_where_the_store_is(self):
        state = {**self.env, "XDG_STATE_HOME": str(self.directory / "state")}
        self.ostler("train", "fault", IRIS, "--wait", env=state)
        self.assertTrue((self.directory / "state/ostler").is_dir())
        self.assertEqual((self.directory / "state/ostler").stat().st_mode & 0o777, 0o700)
        own = {**state, "OSTLER_HOME": str(self.directory / "own")}
        self.ostler("train", "fault", IRIS, "--wait", env=own)
        self.assertTrue((self.directory / "own/jobs").is_dir())
        self.assertFalse(self.store.exists())

    def test_a_store_that_cannot_be(self):
        self.write("file", "")
        self.refused(1, "train", "fault", IRIS, "--home", "file/below", says="cannot make the directory")
        self.refused(1, "train", "fault", IRIS, "--home", "file", says="store")
        self.refused(1, "status", "--home", "file", says="no directory")

    def test_an_unknown_variable_is_a_warning(self):
        result = self.ostler("modules", env={**self.env, "OSTLER_LOADPATH": "x"})
        self.assertIn("OSTLER_LOADPATH", result.err)
        self.assertEqual(self.ostler("modules").err, "")

    def test_a_job_has_the_submitters_environment_and_directory(self):
        job = self.ostler("train", "fault", IRIS, "-p", "do=mark", "-p", "mark=marked",
                          env={**self.env, "LC_ALL": "C.UTF-8"}).line
        self.wait_for(job)
        self.assertTrue((self.work / "marked").exists())

    def test_another_locale_changes_no_number(self):
        self.wait_for(self.fault("", "--save-path", "m"))
        self.ostler("load", "m", env={**self.env, "LC_ALL": "de_DE.UTF-8", "LANG": "de_DE.UTF-8"})


class ConfigurationTest(OstlerTest):
    def test_an_unknown_key_names_file_line_and_nearest_key(self):
        path = self.configure("load_path: models\nmodel_managment: {}\n")
        self.refused(2, "modules", says=[f"{path}:2", "model_managment", "model_management"])

    def test_no_yaml(self):
        path = self.configure("load_path: [\n")
        self.refused(2, "modules", says=str(path))

    def test_a_type_that_is_not_there(self):
        path = self.configure("model_management:\n  trainers:\n    default:\n      type: LOCL\n")
        self.refused(2, "train", "fault", IRIS, says=[f"{path}:4", "LOCL", "LOCAL"])

    def test_an_unknown_key_of_a_component(self):
        path = self.configure("model_management:\n  trainers:\n    default: {type: LOCAL, config: {max_concurent: 1}}\n")
        self.refused(2, "train", "fault", IRIS, says=[f"{path}:3", "max_concurent", "max_concurrent"])

    def test_files_are_merged_and_the_environment_wins(self):
        self.wait_for(self.fault("", "--save-path", "a/m", value="a"))
        self.wait_for(self.fault("", "--save-path", "b/m", value="b"))
        self.wait_for(self.fault("", "--save-path", "c/m", value="c"))
        self.wait_for(self.fault("", "--save-path", "d/m", value="d"))

        def answer(*args, **more):
            rows = self.ostler("predict", "m", DATA / "iris.test.csv", *args, env={**self.env, **more}).rows
            return rows[0]["prediction"]
        self.configure(f"load_path: {self.work}/a\n")
        self.assertEqual(answer(), "a")
        self.write("ostler.yml", f"load_path: {self.work}/b\n")
        self.assertEqual(answer(), "b")
        self.write("c.yml", f"load_path: {self.work}/c\n")
        self.assertEqual(answer("--config", "c.yml"), "c")
        self.assertEqual(answer(OSTLER_CONFIG=str(self.work / "c.yml")), "c")
        self.assertEqual(answer("--config", "c.yml", OSTLER_LOAD_PATH=str(self.work / "d")), "d")

    def test_a_config_that_is_not_there(self):
        self.refused((2, 3), "status", "--config", "nothing.yml", says="nothing.yml")

    def test_an_override_of_the_wrong_kind_names_the_variable(self):
        name = "OSTLER_MODEL_MANAGEMENT_TRAINERS_DEFAULT_CONFIG_MAX_CONCURRENT"
        self.refused(2, "train", "fault", IRIS, env={**self.env, name: "many"}, says=name)

    def test_caikits_other_keys_are_one_note(self):
        self.configure("runtime: {port: 1}\nlog: {level: debug}\n")
        result = self.ostler("modules")
        self.assertEqual(len(result.err.splitlines()), 1, result)
        self.assertIn("runtime", result.err)

    def test_configuration_that_names_code_and_that_others_may_write_is_refused(self):
        path = self.configure(f"module_directories: [{self.work}]\n")
        path.chmod(0o666)
        plain = {name: value for name, value in self.env.items() if name != "OSTLER_MODULE_DIRECTORIES"}
        self.refused((1, 2), "modules", env=plain, says=str(path))
        path.chmod(0o644)
        self.ostler("modules", env=plain)


class InstallTest(OstlerTest):
    def test_another_prefix(self):
        """Programs and modules find each other wherever they are put together."""
        prefix = self.directory / "opt"
        build = PREFIX.parent
        subprocess.run(["cmake", "--install", build, "--prefix", prefix], check=True, capture_output=True)
        env = {name: value for name, value in self.env.items() if name != "OSTLER_MODULE_DIRECTORIES"}
        listing = subprocess.run([prefix / "bin/ostler", "modules", "--json"], env=env, capture_output=True, check=True)
        self.assertEqual([module["name"] for module in json.loads(listing.stdout)["modules"]], ["fasttext", "linear", "xgboost"])
        for name in ("bash-completion/completions/ostler", "zsh/vendor-completions/_ostler", "fish/vendor_completions.d/ostler.fish",
                     "man/man1/ostler.1", "man/man1/ostler-train.1", "man/man5/ostler.yml.5", "man/man7/ostler-jobs.7"):
            self.assertTrue((prefix / "share" / name).is_file(), name)
        line = ["train", "linear", IRIS, "--label", "target", "--wait", "--save-path", "m"]
        subprocess.run([prefix / "bin/ostler", *line], env=env, cwd=self.work, check=True, capture_output=True)
        self.assertEqual(list(pathlib.Path(prefix).rglob("fault*")), [])


if __name__ == "__main__":
    main()
