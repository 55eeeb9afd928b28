#!/bin/sh
# Makes store_v1.db: a job store as the first schema wrote it. The schema is spelled out here and never changes with
# lib/jobs/job_store_schema.cc: that today's program reads yesterday's store is what the test is about.
set -eu
cd "$(dirname "$0")"
rm -f store_v1.db
sqlite3 store_v1.db <<'SQL'
PRAGMA journal_mode = WAL;
CREATE TABLE migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL, applied INTEGER NOT NULL);
INSERT INTO migrations VALUES (1, 'jobs', 1795340000000000);
CREATE TABLE jobs (
  sequence INTEGER PRIMARY KEY, uuid TEXT NOT NULL UNIQUE, external_id TEXT, kind INTEGER NOT NULL,
  instance TEXT NOT NULL, executor TEXT NOT NULL, module_name TEXT NOT NULL, status INTEGER NOT NULL,
  reason INTEGER NOT NULL DEFAULT 0, attempt INTEGER NOT NULL DEFAULT 0, failed_starts INTEGER NOT NULL DEFAULT 0,
  cancel_requested INTEGER NOT NULL DEFAULT 0, waiting_for INTEGER NOT NULL DEFAULT 0,
  priority INTEGER NOT NULL DEFAULT 0, lane TEXT NOT NULL, max_concurrent INTEGER NOT NULL DEFAULT 0,
  cpus INTEGER NOT NULL DEFAULT 1, gpus INTEGER NOT NULL DEFAULT 0, submission_time INTEGER NOT NULL,
  start_time INTEGER, completion_time INTEGER, host TEXT NOT NULL DEFAULT '', details TEXT NOT NULL, outcome TEXT);
CREATE INDEX jobs_by_status ON jobs (status, sequence, submission_time, kind);
CREATE INDEX jobs_queue ON jobs (lane, max_concurrent, priority DESC, sequence)
  WHERE status = 0 AND waiting_for = 0 AND cancel_requested = 0;
CREATE INDEX jobs_marked ON jobs (sequence) WHERE status = 0 AND (cancel_requested OR failed_starts > 0);
CREATE INDEX jobs_by_external_id ON jobs (external_id, sequence) WHERE external_id IS NOT NULL;
CREATE UNIQUE INDEX jobs_active_external_id ON jobs (external_id) WHERE external_id IS NOT NULL AND status < 2;
CREATE TABLE counts (status INTEGER NOT NULL, kind INTEGER NOT NULL, module_name TEXT NOT NULL,
  number INTEGER NOT NULL, PRIMARY KEY (status, kind, module_name)) WITHOUT ROWID;
CREATE TRIGGER jobs_inserted AFTER INSERT ON jobs BEGIN
  INSERT INTO counts VALUES (new.status, new.kind, new.module_name, 1)
    ON CONFLICT DO UPDATE SET number = number + 1;
END;
CREATE TRIGGER jobs_moved AFTER UPDATE OF status ON jobs WHEN old.status <> new.status BEGIN
  UPDATE counts SET number = number - 1
    WHERE status = old.status AND kind = old.kind AND module_name = old.module_name;
  INSERT INTO counts VALUES (new.status, new.kind, new.module_name, 1)
    ON CONFLICT DO UPDATE SET number = number + 1;
END;
CREATE TRIGGER jobs_deleted AFTER DELETE ON jobs BEGIN
  UPDATE counts SET number = number - 1
    WHERE status = old.status AND kind = old.kind AND module_name = old.module_name;
END;
PRAGMA user_version = 1;
INSERT INTO jobs (uuid, external_id, kind, instance, executor, module_name, status, reason, attempt, lane, cpus,
    submission_time, start_time, completion_time, host, details, outcome) VALUES
  ('11111111-1111-4111-8111-111111111111', 'nightly', 0, 'default', 'LOCAL', 'xgboost', 2, 0, 1, 'train/default', 2,
   1795340000000000, 1795340000100000, 1795340003000000, 'host', '{"id":"nightly","module_id":"m","module_version":"1.0.0","model":"","save_path":"/home/user/models/penguins","working_directory":"/home/user","parameters":{"label":"species"},"data":["/home/user/p.csv"],"command":["ostler","train"],"tags":null}',
   '{"format":1,"status":"COMPLETED","reason":null,"errors":[],"attempt":1,"start_time":"2026-11-22T09:33:20.1Z","completion_time":"2026-11-22T09:33:23Z","exit_status":0,"signal":null,"cpu_seconds":1.5,"max_rss_bytes":100000,"result":"/home/user/models/penguins","staged":"","target":"","tracking_id":"","progress":null,"metrics":{"accuracy":0.97},"host":"host"}'),
  ('22222222-2222-4222-8222-222222222222', NULL, 0, 'default', 'LOCAL', 'linear', 4, 6, 1, 'train/default', 1,
   1795340010000000, 1795340010100000, 1795340013000000, 'host', '{"id":"wTHxlsu:22222222-2222-4222-8222-222222222222"}',
   '{"format":1,"status":"ERRORED","reason":"lost","errors":["gone"],"attempt":1,"completion_time":"2026-11-22T09:33:33Z"}'),
  ('33333333-3333-4333-8333-333333333333', NULL, 1, 'default', 'LOCAL', 'linear', 1, 0, 1, 'predict/default', 1,
   1795340020000000, 1795340020100000, NULL, 'host', '{"id":"wTHxlsu:33333333-3333-4333-8333-333333333333"}', NULL),
  ('44444444-4444-4444-8444-444444444444', NULL, 0, 'default', 'LOCAL', 'linear', 0, 0, 0, 'train/default', 1,
   1795340030000000, NULL, NULL, '', '{"id":"wTHxlsu:44444444-4444-4444-8444-444444444444"}', NULL);
SQL
