"""The rows about many jobs: stores with up to a million that have ended, a long queue, and pruning all of it while others
work. The jobs that have ended are copies of real ones, in the database that the program itself has made."""
import pathlib
import shutil
import sqlite3
import statistics
import threading
import time

from harness import Failed, Row, at_most, ratio_at_most, say, summary
from job_rows import DATA, settle, store, submit
from model_rows import module, train

DIRECTORIES = 1000  # so many of the copies, the newest, have a directory
# A version 4 uuid of random bytes.
UUID = ("lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) || '-a' || "
        "substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6)))")


def sizes(bench):
    return bench.rounds([0, 1000, 100_000, 1_000_000], [0, 1000, 100_000], [0, 100])


class Store:
    """A store with a few real jobs that have ended, of which `job` is one, and `copies` copies of them."""

    def __init__(self, bench, name, copies):
        module(bench, "xgboost")
        self.bench, self.copies = bench, copies
        self.env = store(bench, name, max_concurrent=1)
        self.home = pathlib.Path(self.env["OSTLER_HOME"])
        self.output = bench.directory(name) / "id"
        model = bench.directory(name) / "model"
        rounds = {"rounds": 20, "holdout": 0.2}
        self.job = self.run(train(bench, "xgboost", DATA / "penguins.train.csv", model, rounds, "--label", "species"))
        prediction = self.run([bench.ostler, "predict", "--detach", model, DATA / "penguins.test.csv"])
        self.run([bench.ostler, "wait", prediction])
        self.run([*self.submit("do=throw"), "--wait"], 6)
        self.cancel(self.start())
        if copies:
            say(f"makes a store of {copies:,} jobs")
            self.copy(copies)

    def run(self, command, code=0):
        return self.bench.run(command, self.env, code=code)

    def submit(self, step="do="):
        return submit(self.bench, step)

    def cancel(self, job):
        self.run([self.bench.ostler, "cancel", job])

    def start(self):
        """A job that runs until it is canceled."""
        job = self.run(self.submit("do=sleep"))
        while self.run([self.bench.ostler, "status", job, "--format", "{status}"]) != "RUNNING":
            settle()
        return job

    def connect(self):
        return sqlite3.connect(self.home / "jobs.db", timeout=60, isolation_level=None)

    def copy(self, copies):
        """Copies of the jobs that have ended, as they are but for the uuid, wherever it stands, and for the times, a
        second apart: of twenty one is ERRORED, one CANCELED, two are predictions. Written without a thought of others."""
        database = self.connect()
        database.execute("PRAGMA synchronous = OFF")
        database.execute("PRAGMA cache_size = -1000000")
        columns = database.execute("PRAGMA table_info(jobs)").fetchall()
        select = {name: f"t.{name}" for _, name, *_ in columns if name != "sequence"}
        for _, name, kind, *_ in columns:
            if kind == "TEXT":
                select[name] = f"replace(t.{name}, t.uuid, n.uuid)"
            if name.endswith("_time"):
                select[name] = f"t.{name} + (n.i - {copies}) * 1000000"
        database.execute("BEGIN IMMEDIATE")
        first = database.execute("SELECT max(sequence) FROM jobs").fetchone()[0]
        database.execute(f"""
            WITH RECURSIVE i(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM i LIMIT {copies}),
            n AS MATERIALIZED (SELECT i, {UUID} AS uuid, min(i % 20, 4) AS share FROM i),
            t AS MATERIALIZED (SELECT *, iif(status = 2, 4 - 2 * kind, status - 3) AS share FROM jobs WHERE status >= 2)
            INSERT INTO jobs ({', '.join(select)}) SELECT {', '.join(select.values())}
            FROM n JOIN t ON t.share = iif(n.share = 3, 2, n.share) ORDER BY n.i""")
        database.execute("COMMIT")
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        newest = database.execute(f"""
            SELECT n.uuid, t.uuid FROM jobs n JOIN jobs t ON t.sequence <= {first} AND t.status = n.status AND t.kind = n.kind
            WHERE n.sequence > {first} ORDER BY n.sequence DESC LIMIT {DIRECTORIES}""").fetchall()
        database.close()
        for uuid, original in newest:
            self.copy_directory(original, uuid)

    def copy_directory(self, original, uuid):
        made = shutil.copytree(self.home / "jobs" / original, self.home / "jobs" / uuid)
        for name in ("spec.json", "outcome.json"):
            file = made / name
            file.write_text(file.read_text().replace(original, uuid))

    def empty_queue(self):
        """Takes the queued jobs away as if they had never been: to cancel each would take longer than all the rest."""
        database = self.connect()
        database.execute("DELETE FROM jobs WHERE status = 0")
        database.close()

    def kept(self):
        """A job that has ended otherwise than COMPLETED."""
        database = self.connect()
        uuid = database.execute("SELECT uuid FROM jobs WHERE status > 2 LIMIT 1").fetchone()[0]
        database.close()
        return uuid

    # What is measured.

    def status(self):
        return self.bench.timed([self.bench.ostler, "status", self.job], self.env)

    def list(self):
        return self.bench.timed([self.bench.ostler, "status", "-n", "20"], self.env)

    def complete(self, word):
        return self.bench.timed([self.bench.ostler, "__complete", "1", "status", word], self.env)

    def submit_queued(self):
        sample = self.bench.timed(self.submit(), self.env, self.output)
        self.cancel(self.output.read_text().strip())
        settle()
        return sample

    def submit_start(self):
        sample = self.bench.timed(self.submit(), self.env, self.output)
        self.run([self.bench.ostler, "wait", self.output.read_text().strip()])
        settle()
        return sample


def stores(bench):
    """The stores of all sizes, made once in a run."""
    if not hasattr(bench, "stores"):
        bench.stores = {f"{size:,} finished jobs": Store(bench, f"scale-{size}", size) for size in sizes(bench)}
    return bench.stores


def scale(bench, title, measured, rounds):
    contenders = [(name, lambda made=made: measured(made)) for name, made in stores(bench).items()]
    first = contenders[0][0]
    return Row(title, contenders, ["wall", "cpu"], [
        ratio_at_most(name, first, "wall", 1.5, f"{name}: at most 1.5 times the smallest store") for name, _ in contenders[1:]],
        rounds, 3)


def scale_status(bench):
    return scale(bench, "ostler status ID beside many jobs", Store.status, bench.rounds(100, 20))


def scale_list(bench):
    return scale(bench, "ostler status -n 20 beside many jobs", Store.list, bench.rounds(100, 20))


def scale_complete(bench):
    # The newest ones, and those whose ids begin with two digits: one in 256.
    contenders = [(f"{name}: \"{word}\"", lambda made=made, word=word: made.complete(word))
                  for name, made in stores(bench).items() for word in ("", "a1")]
    return Row("ostler __complete 1 status WORD beside many jobs", contenders, ["wall", "cpu"],
               [at_most(name, "wall", 10, f"{name}: at most 10 ms") for name, _ in contenders], bench.rounds(100, 20), 3)


def scale_submit_start(bench):
    return scale(bench, "submit a job that starts at once beside many jobs", Store.submit_start, bench.rounds(60, 15))


def scale_submit_queued(bench):
    for made in stores(bench).values():
        bench.cleanup.callback(made.cancel, made.start())
    return scale(bench, "submit a job that has to queue beside many jobs", Store.submit_queued, bench.rounds(60, 15))


def processes_of(made):
    """Those that carry the store in their environment or their arguments: {pid: nanoseconds of CPU time}."""
    found, name = {}, str(made.home).encode()
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if name in (process / "environ").read_bytes() + (process / "cmdline").read_bytes():
                found[process.name] = int((process / "schedstat").read_text().split()[0])
        except OSError:
            pass  # it has ended, or is another user's
    return found


def idle(made):
    """Of the store's processes, while nothing happens: how many there are, and how much CPU they use in a second."""
    before = processes_of(made)
    time.sleep(1)
    after = processes_of(made)
    return {"processes": len(after), "idle": sum(after[pid] - before.get(pid, 0) for pid in after) / 1e6}


def scale_queue(bench):
    number = bench.rounds(10_000, 1000, 3)
    made = {f"{count:,} queued jobs": Store(bench, f"queue-{count}", 0) for count in (0, number)}
    for name, each in made.items():
        bench.cleanup.callback(each.cancel, each.start())
    full = made[name]
    say(f"submits {number:,} jobs")
    bench.cleanup.callback(full.empty_queue)
    words = " ".join(f"'{word}'" for word in full.submit())
    full.run(["sh", "-c", f"i=0; while [ $i -lt {number} ]; do {words} >>ids || exit 1; i=$((i+1)); done"])

    def measured(each):
        sample = each.submit_queued()
        return {**sample, **idle(each)}

    empty, full = made
    return Row(f"submit a job that has to queue behind {number:,} others, while the one that runs sleeps",
               [(name, lambda each=each: measured(each)) for name, each in made.items()], ["wall", "cpu", "processes", "idle"],
               [ratio_at_most(full, empty, "wall", 1.5, "at most 1.5 times an empty queue"),
                at_most(full, "processes", 2, "no process but the runner and the worker"),
                at_most(full, "idle", 1, "at most 1 ms of CPU in a second")], bench.rounds(20, 10), 1)


class Loop:
    """Measures one command again and again, beside whatever else is done, until it is told to end."""

    def __init__(self, command, made):
        self.waits, self.end, self.failure = [], threading.Event(), None
        self.thread = threading.Thread(target=self.body, args=(command, made))
        self.thread.start()

    def body(self, command, made):
        try:
            while not self.end.is_set():
                self.waits.append(made.bench.timed(command, made.env, report=self.thread.name)["wall"])
                time.sleep(0.001)
        except Failed as failure:
            self.failure = failure

    def result(self):
        self.end.set()
        self.thread.join()
        if self.failure:
            raise self.failure
        return self.waits


class Prune:
    """Prunes the jobs of a store while two others look and submit, and tells how long those two took then and before."""

    def __init__(self, bench):
        self.bench, self.number = bench, sizes(bench)[-1]
        self.few = bench.rounds(1000, 1000, 20)
        self.small = Store(bench, "prune-few", self.few)
        # The one that the other rows have used: it is made in half a minute, and this is the last that it is used for.
        self.made = stores(bench)[f"{self.number:,} finished jobs"]
        bench.cleanup.callback(self.made.cancel, self.made.start())
        bench.cleanup.callback(self.made.empty_queue)

    def prune(self, made):
        return self.bench.timed([self.bench.ostler, "prune", "--status", "COMPLETED"], made.env)

    def measure(self, _):
        self.made.job = self.made.kept()
        small = self.prune(self.small)
        loops = self.loops()
        time.sleep(self.bench.rounds(10, 5, 0.1))
        alone = {name: loop.result() for name, loop in loops.items()}
        loops = self.loops()
        pruned = self.prune(self.made)
        beside = {name: loop.result() for name, loop in loops.items()}
        left = self.made.connect().execute("SELECT count(*) FROM jobs WHERE status = 2").fetchone()[0]
        if left:
            raise Failed(f"{left} jobs are left")
        many, few = f"ostler prune, {self.number:,} jobs", f"ostler prune, {self.few:,} jobs"
        samples = {name: {unit: [sample[unit]] for unit in ("wall", "cpu", "memory")}
                   for name, sample in ((many, pruned), (few, small))}
        goals = [ratio_at_most(many, few, "memory", 1.5, f"at most 1.5 times the memory of {self.few:,} jobs")]
        for command, waits in alone.items():
            usual = statistics.median(waits)
            added = sorted(max(0, wait - usual) for wait in beside[command])
            samples[f"{command}, before"] = {"wall": waits}
            samples[f"{command}, beside prune"] = {"wall": beside[command]}
            samples[f"{command}, added: 99th percentile"] = {"wall": [added[len(added) * 99 // 100]]}
            samples[f"{command}, added: largest"] = {"wall": [added[-1]]}
            goals.append(at_most(f"{command}, added: largest", "wall", 50, f"{command}: at most 50 ms more than usual"))
        contenders = summary(samples)
        for units in contenders.values():
            units["wall"].pop("ratio", None)  # of different things
        return {"title": f"prune {self.number:,} jobs while others look and submit", "rounds": 1, "contenders": contenders,
                "goals": [goal(samples) for goal in goals]}

    def loops(self):
        made = self.made
        return {"ostler status ID": Loop([self.bench.ostler, "status", made.job], made),
                "ostler train": Loop(made.submit(), made)}


ROWS = {"scale-status": scale_status, "scale-list": scale_list, "scale-complete": scale_complete, "scale-submit-start": scale_submit_start,
        "scale-submit-queued": scale_submit_queued, "scale-queue": scale_queue, "scale-prune": Prune}
