-- What the gate remembers of AI-assisted changes, as hashes.

PRAGMA user_version = 2;

CREATE TABLE traces (
    seq           INTEGER PRIMARY KEY AUTOINCREMENT,                 -- what the hashes below point to
    commit_id     TEXT NOT NULL UNIQUE REFERENCES sightings (commit_id), -- what it was learned from
    decision      TEXT NOT NULL,                                     -- D-..., the push that showed it
    change_digest TEXT,                                              -- change-v1, where it has weight
    lines         INTEGER NOT NULL,                                  -- distinctive lines that it adds
    echo          INTEGER NOT NULL CHECK (echo IN (0, 1))            -- whether only memory told it
) STRICT;

CREATE INDEX traces_by_change ON traces (change_digest) WHERE change_digest IS NOT NULL;

CREATE TABLE trace_blobs (
    blob_id TEXT NOT NULL,                            -- a file that it makes
    trace   INTEGER NOT NULL REFERENCES traces (seq),
    PRIMARY KEY (blob_id, trace)
) STRICT, WITHOUT ROWID;

CREATE TABLE trace_runs (
    fingerprint INTEGER NOT NULL,                         -- a run of lines that it adds, hashed
    trace       INTEGER NOT NULL REFERENCES traces (seq),
    file        INTEGER NOT NULL,                         -- the path that they stand in, hashed
    PRIMARY KEY (fingerprint, trace, file)
) STRICT, WITHOUT ROWID;

CREATE TABLE discharges (
    repository TEXT NOT NULL, -- where it has landed
    rule       TEXT NOT NULL, -- the rule for which it has
    commit_id  TEXT NOT NULL, -- what landed, or was signed as part of a range that did
    landed_at  TEXT NOT NULL, -- when
    PRIMARY KEY (repository, rule, commit_id)
) STRICT;

CREATE INDEX discharges_by_commit ON discharges (commit_id, repository);

CREATE TRIGGER traces_are_never_updated BEFORE UPDATE ON traces
BEGIN
    SELECT RAISE(ABORT, 'traces are append-only');
END;

CREATE TRIGGER traces_are_never_deleted BEFORE DELETE ON traces
BEGIN
    SELECT RAISE(ABORT, 'traces are append-only');
END;

CREATE TRIGGER trace_blobs_are_never_updated BEFORE UPDATE ON trace_blobs
BEGIN
    SELECT RAISE(ABORT, 'trace_blobs are append-only');
END;

CREATE TRIGGER trace_blobs_are_never_deleted BEFORE DELETE ON trace_blobs
BEGIN
    SELECT RAISE(ABORT, 'trace_blobs are append-only');
END;

CREATE TRIGGER trace_runs_are_never_updated BEFORE UPDATE ON trace_runs
BEGIN
    SELECT RAISE(ABORT, 'trace_runs are append-only');
END;

CREATE TRIGGER trace_runs_are_never_deleted BEFORE DELETE ON trace_runs
BEGIN
    SELECT RAISE(ABORT, 'trace_runs are append-only');
END;

CREATE TRIGGER discharges_are_never_updated BEFORE UPDATE ON discharges
BEGIN
    SELECT RAISE(ABORT, 'discharges are append-only');
END;

CREATE TRIGGER discharges_are_never_deleted BEFORE DELETE ON discharges
BEGIN
    SELECT RAISE(ABORT, 'discharges are append-only');
END;

-- The first row wins for ever.

CREATE TRIGGER traces_keep_the_first BEFORE INSERT ON traces
WHEN EXISTS (SELECT 1 FROM traces WHERE commit_id = NEW.commit_id OR seq = NEW.seq)
BEGIN
    SELECT RAISE(IGNORE);
END;

CREATE TRIGGER discharges_keep_the_first BEFORE INSERT ON discharges
WHEN EXISTS (SELECT 1 FROM discharges WHERE repository = NEW.repository AND rule = NEW.rule
                                        AND commit_id = NEW.commit_id)
BEGIN
    SELECT RAISE(IGNORE);
END;
