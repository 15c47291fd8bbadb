-- The sign-off store on PostgreSQL, first version: the same tables as SQLite's, where each
-- column is explained.
--
-- Append-only, and the database itself holds it: the triggers below refuse UPDATE, DELETE and
-- TRUNCATE. They guard against mistakes; the owner of the tables can drop them, which is why
-- the decisions are chained and why nobody trusts what the store returns. A role that may
-- only SELECT and INSERT is enough for the gate, once the tables are there.
--
-- Invariants are constraints, not an isolation level: they hold under READ COMMITTED. Ids and
-- digests are compared byte by byte, whatever the database's collation.

-- The questions open a list of ids with a function of SQLite's name. Not STRICT, so that it
-- becomes a part of the query that calls it.
CREATE FUNCTION json_each(list text) RETURNS TABLE (value text)
LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 100
AS $$ SELECT e.value FROM pg_catalog.json_array_elements_text(list::pg_catalog.json) AS e (value) $$;

CREATE TABLE statements (
    seq          BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    hash         TEXT COLLATE "C" NOT NULL UNIQUE,
    repository   TEXT COLLATE "C" NOT NULL,
    verdict      TEXT COLLATE "C" NOT NULL,
    statement    BYTEA NOT NULL,
    signature    BYTEA NOT NULL,
    received_at  TEXT COLLATE "C" NOT NULL,
    delivered_by TEXT COLLATE "C"
);

CREATE INDEX statements_of_a_repository ON statements (repository, seq);

CREATE TABLE subjects (
    statement_hash TEXT COLLATE "C" NOT NULL REFERENCES statements (hash),
    ordinal        BIGINT NOT NULL,
    repository     TEXT COLLATE "C" NOT NULL,
    commit_id      TEXT COLLATE "C",
    change_digest  TEXT COLLATE "C",
    paths_digest   TEXT COLLATE "C",
    target         TEXT COLLATE "C",
    PRIMARY KEY (statement_hash, ordinal)
);

CREATE INDEX subjects_by_commit ON subjects (commit_id, repository) WHERE commit_id IS NOT NULL;
CREATE INDEX subjects_by_change ON subjects (change_digest, repository) WHERE change_digest IS NOT NULL;
CREATE INDEX subjects_by_paths ON subjects (paths_digest, repository) WHERE paths_digest IS NOT NULL;
CREATE INDEX subjects_by_target ON subjects (target, repository) WHERE target IS NOT NULL;

CREATE TABLE changes (
    digest TEXT COLLATE "C" PRIMARY KEY,
    bytes  BYTEA NOT NULL
);

CREATE TABLE sightings (
    commit_id     TEXT COLLATE "C" PRIMARY KEY,
    repository    TEXT COLLATE "C" NOT NULL,
    first_pusher  TEXT COLLATE "C",
    seen_at       TEXT COLLATE "C" NOT NULL,
    change_digest TEXT COLLATE "C",
    paths_digest  TEXT COLLATE "C",
    contributors  TEXT COLLATE "C" NOT NULL,
    evidence      TEXT COLLATE "C" NOT NULL
);

CREATE INDEX sightings_by_change ON sightings (change_digest) WHERE change_digest IS NOT NULL;

CREATE TABLE policies (
    digest TEXT COLLATE "C" PRIMARY KEY,
    bytes  BYTEA NOT NULL
);

CREATE TABLE decisions (
    seq        BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id         TEXT COLLATE "C" NOT NULL UNIQUE,
    repository TEXT COLLATE "C" NOT NULL,
    decided_at TEXT COLLATE "C" NOT NULL,
    accepted   BIGINT NOT NULL CHECK (accepted IN (0, 1)),
    policy     TEXT COLLATE "C",
    body       BYTEA NOT NULL,
    previous   TEXT COLLATE "C" NOT NULL UNIQUE, -- UNIQUE: no fork
    hash       TEXT COLLATE "C" NOT NULL UNIQUE
);

CREATE TABLE updates (
    decision TEXT COLLATE "C" NOT NULL REFERENCES decisions (id),
    ref      BYTEA NOT NULL,
    old_id   TEXT COLLATE "C" NOT NULL,
    new_id   TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (decision, ref)
);

CREATE INDEX updates_by_value ON updates (ref, new_id, old_id);

CREATE TABLE landings (
    seq        BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    decision   TEXT COLLATE "C" NOT NULL REFERENCES decisions (id),
    ref        BYTEA NOT NULL,
    repository TEXT COLLATE "C" NOT NULL,
    landed_at  TEXT COLLATE "C" NOT NULL,
    UNIQUE (decision, ref)
);

CREATE INDEX landings_of_a_repository ON landings (repository, seq);

CREATE TABLE traces (
    seq           BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    commit_id     TEXT COLLATE "C" NOT NULL UNIQUE REFERENCES sightings (commit_id),
    decision      TEXT COLLATE "C" NOT NULL,
    change_digest TEXT COLLATE "C",
    lines         BIGINT NOT NULL,
    echo          BIGINT NOT NULL CHECK (echo IN (0, 1))
);

CREATE INDEX traces_by_change ON traces (change_digest) WHERE change_digest IS NOT NULL;
CREATE INDEX traces_by_decision ON traces (decision);

CREATE TABLE trace_blobs (
    blob_id TEXT COLLATE "C" NOT NULL,
    trace   BIGINT NOT NULL REFERENCES traces (seq),
    PRIMARY KEY (blob_id, trace)
);

CREATE INDEX trace_blobs_of_a_trace ON trace_blobs (trace);

CREATE TABLE trace_runs (
    fingerprint BIGINT NOT NULL,
    trace       BIGINT NOT NULL REFERENCES traces (seq),
    file        BIGINT NOT NULL,
    PRIMARY KEY (fingerprint, trace, file)
);

CREATE INDEX trace_runs_of_a_trace ON trace_runs (trace);

CREATE TABLE discharges (
    repository TEXT COLLATE "C" NOT NULL,
    rule       TEXT COLLATE "C" NOT NULL,
    commit_id  TEXT COLLATE "C" NOT NULL,
    landed_at  TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (repository, rule, commit_id)
);

CREATE INDEX discharges_by_commit ON discharges (commit_id, repository);

CREATE FUNCTION countersign_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% are append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END
$$;

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY[
        'statements', 'subjects', 'changes', 'sightings', 'policies', 'decisions', 'updates',
        'landings', 'traces', 'trace_blobs', 'trace_runs', 'discharges'
    ] LOOP
        EXECUTE format(
            'CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON %I
             FOR EACH STATEMENT EXECUTE FUNCTION countersign_append_only()', name);
    END LOOP;
END
$$;

CREATE FUNCTION countersign_follows_the_last() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    last text;
BEGIN
    EXECUTE format('SELECT hash FROM %I.decisions ORDER BY seq DESC LIMIT 1', TG_TABLE_SCHEMA) INTO last;
    IF NEW.previous <> coalesce(last, repeat('0', 64)) THEN
        RAISE EXCEPTION 'a decision follows the last one' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;

CREATE TRIGGER follows_the_last BEFORE INSERT ON decisions
FOR EACH ROW EXECUTE FUNCTION countersign_follows_the_last();
