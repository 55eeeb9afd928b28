"""Ways to break a store that is at rest, each of which an invariant must notice. Undone at the end of the context, as far
as that can be."""
import contextlib
import os
import sqlite3
import subprocess
import uuid


@contextlib.contextmanager
def _file(path):
    path.write_text("x")
    yield
    path.unlink()


@contextlib.contextmanager
def _directory(path):
    path.mkdir()
    yield
    path.rmdir()


@contextlib.contextmanager
def _changed(path):
    before = path.read_bytes()
    path.write_bytes(before + b" ")
    yield
    path.write_bytes(before)


@contextlib.contextmanager
def _away(path, aside):
    path.rename(aside)
    yield
    aside.rename(path)


@contextlib.contextmanager
def _sql(database, there, back=None):
    def run(*statement):
        with contextlib.closing(sqlite3.connect(database)) as connection, connection:
            connection.execute(*statement)
    run(*there)
    yield
    if back:
        run(*back)


@contextlib.contextmanager
def _process(env):
    process = subprocess.Popen(["sleep", "1000"], env=env)
    yield
    process.kill()
    process.wait()


def ways(view, work, job, env):
    """(what, context) each; `job` is COMPLETED and has a save path."""
    aside = work.parent / "aside"
    directory, database = view.path / "jobs" / job.uuid, view.path / "jobs.db"
    yield "a second outcome", _changed(directory / "outcome.json")
    yield "an environment that was kept", _file(directory / "environment")
    yield "an unfinished outcome", _file(directory / "outcome.json.new")
    yield "a job's directory without a row", _directory(view.path / "jobs" / str(uuid.uuid4()))
    yield "a submit that was left", _directory(view.path / "staging" / str(uuid.uuid4()))
    yield "a file in the store", _file(view.path / "jobs.db.new")
    yield "a staged model", _directory(work / f".m0.ostler-{job.uuid}")
    yield "a model that is gone", _away(work / os.path.basename(job.save_path), aside)
    yield "a directory that is gone", _away(directory, aside)
    yield "a process that was left", _process(env)
    yield "a process of a job that has ended", _process({**env, "OSTLER_JOB_ID": job.uuid})
    yield "a wrong count", _sql(database, ("UPDATE counts SET number = number + 1",), ("UPDATE counts SET number = number - 1",))
    status = "UPDATE jobs SET status = ? WHERE uuid = ?"
    yield "a job that runs again", _sql(database, (status, (1, job.uuid)), (status, (2, job.uuid)))
    yield "a row that is lost", _sql(database, ("DELETE FROM jobs WHERE uuid = ?", (job.uuid,)))
