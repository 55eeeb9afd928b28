"""The rows about jobs: start, status, submit, list, a thousand. The jobs do nothing, so that only the tool's own work
counts: ostler's run the test module `fault` without a step, the peers' run `true`."""
import contextlib
import os
import pathlib
import shutil
import signal
import tempfile
import time

from harness import Absent, Row, at_most, ratio_at_most

DATA = pathlib.Path(__file__).resolve().parents[2] / "data"
TOO_LONG = 600  # seconds that no blocked queue lives


def store(bench, name, **config):
    """The environment of a store of its own, with the module `fault` and settings of its trainer."""
    path = bench.directory(name)
    lines = [f"module_directories: [{bench.fault_modules}]"]
    if config:
        lines += ["model_management:", "  trainers:", "    default:", "      type: LOCAL", "      config:"]
        lines += [f"        {key}: {value}" for key, value in config.items()]
    (path / "config.yml").write_text("\n".join(lines) + "\n")
    return bench.env(OSTLER_HOME=path / "store", OSTLER_CONFIG=path / "config.yml")


def submit(bench, *parameters):
    words = [word for parameter in ("do=", *parameters) for word in ("-p", parameter)]
    return [bench.ostler, "train", "fault", DATA / "iris.train.csv", *words]


def tsp(bench, slots=1):
    """The environment of a server of its own, which the run's end stops."""
    if not bench.has("tsp", "task-spooler"):
        return None
    # A socket's path has to be short.
    sockets = tempfile.mkdtemp(prefix="ostler-bench-")
    bench.cleanup.callback(shutil.rmtree, sockets, ignore_errors=True)
    env = bench.env(TS_SOCKET=f"{sockets}/tsp", TMPDIR=bench.directory("tsp"), TS_SLOTS=slots, TS_MAXFINISHED=1000)
    bench.run(["tsp", "-l"], env)
    bench.cleanup.callback(bench.run, ["tsp", "-K"], env)
    return env


def nq(bench, name):
    return bench.env(NQDIR=bench.directory(name)) if bench.has("nq", "nq") else None


def settle():
    """What has just ended a job is let end itself, outside of what is measured."""
    time.sleep(0.03)


def start(bench):
    return Row("the shortest command", [
        ("ostler --version", lambda: bench.timed([bench.ostler, "--version"])),
        ("true", lambda: bench.timed(["true"])),
    ], ["cpu", "wall"], [at_most("ostler --version", "cpu", 2, "at most 2 ms of CPU")], bench.rounds(200, 40), 10)


def status(bench):
    env = store(bench, "status")
    job = bench.run([*submit(bench), "--wait"], env)
    del env["OSTLER_CONFIG"]  # as most have none
    contenders = [("ostler status ID", lambda: bench.timed([bench.ostler, "status", job], env))]
    if peer := tsp(bench):
        number = bench.run(["tsp", "true"], peer)
        contenders.append(("tsp -s ID", lambda: bench.timed(["tsp", "-s", number], peer)))
    return Row("the state of a finished job", contenders, ["wall"],
               [at_most("ostler status ID", "wall", 3, "at most 3 ms")], bench.rounds(100, 20), 5)


def submit_queued(bench):
    env = store(bench, "queued", max_concurrent=1)
    gate = bench.work / "queued/gate"
    blocker = bench.run([bench.ostler, "train", "fault", DATA / "iris.train.csv", "-p", "do=wait", "-p", f"file={gate}"], env)
    bench.cleanup.callback(bench.run, [bench.ostler, "wait", blocker], env)
    bench.cleanup.callback(gate.touch)
    output = bench.work / "id"

    def ostler():
        sample = bench.timed(submit(bench), env, output)
        bench.run([bench.ostler, "cancel", output.read_text().strip()], env)
        settle()
        return sample

    contenders = [("ostler train", ostler)]
    if spooler := tsp(bench):
        bench.run(["tsp", "sleep", TOO_LONG], spooler)
        bench.cleanup.callback(bench.run, ["tsp", "-k"], spooler)

        def tsp_true():
            sample = bench.timed(["tsp", "true"], spooler)
            bench.run(["tsp", "-r"], spooler)
            return sample
        contenders.append(("tsp true", tsp_true))
    if queue := nq(bench, "nq-queued"):
        def drop(job):
            """A job's process is the end of its name, which has a dot before it while the job waits or runs."""
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(job.rpartition(".")[2]), signal.SIGTERM)
            for file in pathlib.Path(queue["NQDIR"]).glob("*" + job):
                file.unlink()

        # The sleep is started by a shell, so that its own process is known.
        pidfile = bench.work / "nq-sleep"
        blocked = bench.run(["nq", "sh", "-c", f"echo $$ >{pidfile}; exec sleep {TOO_LONG}"], queue)

        def release():
            os.kill(int(pidfile.read_text()), signal.SIGTERM)
        bench.cleanup.callback(bench.run, ["nq", "-w", blocked], queue)
        bench.cleanup.callback(release)

        def nq_true():
            sample = bench.timed(["nq", "true"], queue, output)
            drop(output.read_text().strip())
            return sample
        contenders.append(("nq true", nq_true))
    return Row("submit a job that has to queue (ostler's is on disk then)", contenders, ["wall", "cpu"],
               [at_most("ostler train", "wall", 4, "at most 4 ms")], bench.rounds(60, 15), 5)


def submit_start(bench):
    env = store(bench, "start")
    output = bench.work / "id"

    def ostler():
        sample = bench.timed(submit(bench), env, output)
        bench.run([bench.ostler, "wait", output.read_text().strip()], env)
        settle()
        return sample

    contenders = [("ostler train", ostler)]
    if spooler := tsp(bench):
        def tsp_true():
            sample = bench.timed(["tsp", "true"], spooler)
            bench.run(["tsp", "-w"], spooler)
            bench.run(["tsp", "-C"], spooler)
            return sample
        contenders.append(("tsp true", tsp_true))
    if queue := nq(bench, "nq-start"):
        def nq_true():
            sample = bench.timed(["nq", "true"], queue)
            bench.run(["nq", "-w"], queue)
            for file in pathlib.Path(queue["NQDIR"]).iterdir():
                file.unlink()
            settle()
            return sample
        contenders.append(("nq true", nq_true))
    contenders.append(("setsid -f true", lambda: bench.timed(["setsid", "-f", "true"])))
    return Row("submit a job that starts at once", contenders, ["wall", "cpu"],
               [at_most("ostler train", "wall", 10, "at most 10 ms")], bench.rounds(60, 15), 5)


def loop(command, then):
    """A script of a thousand submits from one shell, then `then`; what it writes is when it came how far."""
    return (f'date +%s%N; i=0; while [ $i -lt 1000 ]; do {command} || exit 1; i=$((i+1)); done >ids; date +%s%N; {then}')


def run_loop(bench, directory, env, command, then):
    """Wall time of all, and of the submits alone."""
    marks = directory / "marks"
    sample = bench.timed(["sh", "-c", loop(command, then)], env, marks, cwd=directory)
    begin, end = [int(line) for line in marks.read_text().split()[:2]]
    return {**sample, "submits": (end - begin) / 1e6}


def ostler_loop(bench, name):
    env = store(bench, name)
    command = " ".join(f"'{word}'" for word in submit(bench))
    return env, run_loop(bench, bench.directory(name), env, command, f"'{bench.ostler}' wait $(cat ids)")


def thousand(bench):
    turn = [0]

    def fresh(name):
        turn[0] += 1
        return f"thousand-{name}-{turn[0]}"

    contenders = [("ostler", lambda: ostler_loop(bench, fresh("ostler"))[1])]
    if bench.has("nq", "nq"):
        def nq_loop():
            name = fresh("nq")
            return run_loop(bench, bench.directory(name), nq(bench, name), "nq true", "nq -w")
        contenders.append(("nq", nq_loop))
    if spooler := tsp(bench, bench.cores):
        def tsp_loop():
            sample = run_loop(bench, bench.directory("tsp"), spooler, "tsp true", "tsp -w")
            bench.run(["tsp", "-C"], spooler)
            return sample
        contenders.append(("tsp", tsp_loop))
    return Row("1,000 submits from one shell, until all jobs are done", contenders, ["wall", "submits", "cpu"], [
        ratio_at_most("ostler", "nq", "wall", 1.3, "at most 1.3 times nq") if len(contenders) > 1 and "nq" not in bench.skipped
        else None], bench.rounds(3, 1), 0)


def list_thousand(bench):
    env, _ = ostler_loop(bench, "list")
    del env["OSTLER_CONFIG"]
    count = bench.run([bench.ostler, "status", "-n", "1000", "--format", "{status}"], env).splitlines().count("COMPLETED")
    if count != 1000:
        raise Absent(f"{count} of 1000 jobs are COMPLETED")
    contenders = [("ostler status -n 1000", lambda: bench.timed([bench.ostler, "status", "-n", "1000"], env))]
    if spooler := tsp(bench, bench.cores):
        run_loop(bench, bench.directory("tsp"), spooler, "tsp true", "tsp -w")
        contenders.append(("tsp -l", lambda: bench.timed(["tsp", "-l"], spooler)))
    if queue := nq(bench, "nq-list"):
        run_loop(bench, bench.directory("nq-list-work"), queue, "nq true", "nq -w")
        contenders.append(("fq -a -q -n", lambda: bench.timed(["fq", "-a", "-q", "-n"], queue)))
    return Row("list 1,000 finished jobs", contenders, ["wall"],
               [at_most("ostler status -n 1000", "wall", 5, "at most 5 ms")], bench.rounds(60, 15), 5)


ROWS = {"start": start, "status": status, "submit-queued": submit_queued, "submit-start": submit_start,
        "list": list_thousand, "thousand": thousand}
