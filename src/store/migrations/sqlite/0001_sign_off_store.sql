-- The sign-off store, first version.
--
-- Append-only, and the database itself holds it: the triggers below refuse UPDATE and
-- DELETE, and an INSERT OR REPLACE, which would delete without firing a DELETE trigger.
-- They guard against mistakes; whoever can write the file can drop them, which is why the
-- decisions are chained and why nobody trusts what the store returns.
--
-- Ids and digests are lower-case hex text: they are matched against JSON lists of ids, and
-- an auditor reads them with the stock shell. Times are RFC 3339 text in UTC, to the
-- nanosecond where there is one, never compared in SQL. Names of refs are bytes.
--
-- PRAGMA application_id tells the store from another program's database, and
-- PRAGMA user_version is the number of the last migration: every migration sets it.

PRAGMA application_id = 1129531214; -- 'CSGN'
PRAGMA user_version = 1;

CREATE TABLE statements (
    seq          INTEGER PRIMARY KEY AUTOINCREMENT, -- the order in which they came; a published log's position
    hash         TEXT NOT NULL UNIQUE,              -- SHA-256(statement, one zero byte, signature)
    repository   TEXT NOT NULL,                     -- the one repository it is for, as it says
    verdict      TEXT NOT NULL,                     -- approve, decline, revoke, override, correct
    statement    BLOB NOT NULL,                     -- the signed bytes, never serialised again
    signature    BLOB NOT NULL,                     -- the armoured SSHSIG over them
    received_at  TEXT NOT NULL,                     -- when it was handed in
    delivered_by TEXT                               -- the login that handed it in, where known; not who signed
) STRICT;

CREATE INDEX statements_of_a_repository ON statements (repository, seq);

CREATE TABLE subjects (
    statement_hash TEXT NOT NULL REFERENCES statements (hash), -- whose subject it is
    ordinal        INTEGER NOT NULL,                           -- its place in the statement, from 0
    repository     TEXT NOT NULL,                              -- the statement's, to be found by
    commit_id      TEXT,                                       -- gitCommit, where it names one
    change_digest  TEXT,                                       -- change-v1, where it names one
    paths_digest   TEXT,                                       -- paths-v1, where it names one
    target         TEXT,                                       -- the statement it is about (a revocation's)
    PRIMARY KEY (statement_hash, ordinal)
) STRICT;

CREATE INDEX subjects_by_commit ON subjects (commit_id, repository) WHERE commit_id IS NOT NULL;
CREATE INDEX subjects_by_change ON subjects (change_digest, repository) WHERE change_digest IS NOT NULL;
CREATE INDEX subjects_by_paths ON subjects (paths_digest, repository) WHERE paths_digest IS NOT NULL;
CREATE INDEX subjects_by_target ON subjects (target, repository) WHERE target IS NOT NULL;

CREATE TABLE changes (
    digest TEXT NOT NULL PRIMARY KEY, -- change-v1: SHA-256 of the bytes
    bytes  BLOB NOT NULL              -- the encoded change; whoever reads it hashes it again
) STRICT;

CREATE TABLE sightings (
    commit_id     TEXT NOT NULL PRIMARY KEY, -- the AI-assisted commit, whatever repository showed it
    repository    TEXT NOT NULL,             -- where it was shown first
    first_pusher  TEXT,                      -- the authenticated login; NULL where nobody can be named
    seen_at       TEXT NOT NULL,             -- when
    change_digest TEXT,                      -- change-v1; NULL for a merge or an empty change
    paths_digest  TEXT,                      -- paths-v1; NULL with it
    contributors  TEXT NOT NULL,             -- JSON: who its object names, and as what
    evidence      TEXT NOT NULL              -- the line that gave it away, escaped
) STRICT;

CREATE INDEX sightings_by_change ON sightings (change_digest) WHERE change_digest IS NOT NULL;

CREATE TABLE policies (
    digest TEXT NOT NULL PRIMARY KEY, -- SHA-256 of the bytes
    bytes  BLOB NOT NULL              -- the policy file as it lay on disk when it judged
) STRICT;

CREATE TABLE decisions (
    seq        INTEGER PRIMARY KEY AUTOINCREMENT,            -- the chain's order
    id         TEXT NOT NULL UNIQUE,                         -- D-...
    repository TEXT NOT NULL,                                -- where the push went
    decided_at TEXT NOT NULL,                                -- when
    accepted   INTEGER NOT NULL CHECK (accepted IN (0, 1)),  -- whether the push was let in
    policy     TEXT,                                         -- digest of the policy that judged, where there was one
    body       BLOB NOT NULL,                                -- the decision as JSON: the bytes that are chained
    previous   TEXT NOT NULL UNIQUE,                         -- hash of the row before, zeros for the first; UNIQUE: no fork
    hash       TEXT NOT NULL UNIQUE                          -- SHA-256 over a domain tag, previous and body
) STRICT;

CREATE TABLE updates (
    decision TEXT NOT NULL REFERENCES decisions (id), -- which decision judged it
    ref      BLOB NOT NULL,                           -- the ref's full name
    old_id   TEXT NOT NULL,                           -- its value before, zeros for a create
    new_id   TEXT NOT NULL,                           -- its value after, zeros for a delete
    PRIMARY KEY (decision, ref)
) STRICT;

CREATE INDEX updates_by_value ON updates (ref, new_id, old_id);

CREATE TABLE landings (
    seq        INTEGER PRIMARY KEY AUTOINCREMENT,       -- the order in which they came; a published log's position
    decision   TEXT NOT NULL REFERENCES decisions (id), -- the decision it landed under
    ref        BLOB NOT NULL,                           -- the ref that moved
    repository TEXT NOT NULL,                           -- the decision's, to be found by
    landed_at  TEXT NOT NULL,                           -- when post-receive saw it
    UNIQUE (decision, ref)
) STRICT;

CREATE INDEX landings_of_a_repository ON landings (repository, seq);

CREATE TRIGGER statements_are_never_updated BEFORE UPDATE ON statements
BEGIN
    SELECT RAISE(ABORT, 'statements are append-only');
END;

CREATE TRIGGER statements_are_never_deleted BEFORE DELETE ON statements
BEGIN
    SELECT RAISE(ABORT, 'statements are append-only');
END;

CREATE TRIGGER subjects_are_never_updated BEFORE UPDATE ON subjects
BEGIN
    SELECT RAISE(ABORT, 'subjects are append-only');
END;

CREATE TRIGGER subjects_are_never_deleted BEFORE DELETE ON subjects
BEGIN
    SELECT RAISE(ABORT, 'subjects are append-only');
END;

CREATE TRIGGER changes_are_never_updated BEFORE UPDATE ON changes
BEGIN
    SELECT RAISE(ABORT, 'changes are append-only');
END;

CREATE TRIGGER changes_are_never_deleted BEFORE DELETE ON changes
BEGIN
    SELECT RAISE(ABORT, 'changes are append-only');
END;

CREATE TRIGGER sightings_are_never_updated BEFORE UPDATE ON sightings
BEGIN
    SELECT RAISE(ABORT, 'sightings are append-only');
END;

CREATE TRIGGER sightings_are_never_deleted BEFORE DELETE ON sightings
BEGIN
    SELECT RAISE(ABORT, 'sightings are append-only');
END;

CREATE TRIGGER policies_are_never_updated BEFORE UPDATE ON policies
BEGIN
    SELECT RAISE(ABORT, 'policies are append-only');
END;

CREATE TRIGGER policies_are_never_deleted BEFORE DELETE ON policies
BEGIN
    SELECT RAISE(ABORT, 'policies are append-only');
END;

CREATE TRIGGER decisions_are_never_updated BEFORE UPDATE ON decisions
BEGIN
    SELECT RAISE(ABORT, 'decisions are append-only');
END;

CREATE TRIGGER decisions_are_never_deleted BEFORE DELETE ON decisions
BEGIN
    SELECT RAISE(ABORT, 'decisions are append-only');
END;

CREATE TRIGGER updates_are_never_updated BEFORE UPDATE ON updates
BEGIN
    SELECT RAISE(ABORT, 'updates are append-only');
END;

CREATE TRIGGER updates_are_never_deleted BEFORE DELETE ON updates
BEGIN
    SELECT RAISE(ABORT, 'updates are append-only');
END;

CREATE TRIGGER landings_are_never_updated BEFORE UPDATE ON landings
BEGIN
    SELECT RAISE(ABORT, 'landings are append-only');
END;

CREATE TRIGGER landings_are_never_deleted BEFORE DELETE ON landings
BEGIN
    SELECT RAISE(ABORT, 'landings are append-only');
END;

-- The first row wins for ever: a second one is passed over, whatever conflict clause it
-- comes with.

CREATE TRIGGER statements_keep_the_first BEFORE INSERT ON statements
WHEN EXISTS (SELECT 1 FROM statements WHERE hash = NEW.hash OR seq = NEW.seq)
BEGIN
    SELECT RAISE(IGNORE);
END;

CREATE TRIGGER subjects_keep_the_first BEFORE INSERT ON subjects
WHEN EXISTS (SELECT 1 FROM subjects WHERE statement_hash = NEW.statement_hash AND ordinal = NEW.ordinal)
BEGIN
    SELECT RAISE(IGNORE);
END;

CREATE TRIGGER changes_keep_the_first BEFORE INSERT ON changes
WHEN EXISTS (SELECT 1 FROM changes WHERE digest = NEW.digest)
BEGIN
    SELECT RAISE(IGNORE);
END;

CREATE TRIGGER sightings_keep_the_first BEFORE INSERT ON sightings
WHEN EXISTS (SELECT 1 FROM sightings WHERE commit_id = NEW.commit_id)
BEGIN
    SELECT RAISE(IGNORE);
END;

CREATE TRIGGER policies_keep_the_first BEFORE INSERT ON policies
WHEN EXISTS (SELECT 1 FROM policies WHERE digest = NEW.digest)
BEGIN
    SELECT RAISE(IGNORE);
END;

CREATE TRIGGER updates_keep_the_first BEFORE INSERT ON updates
WHEN EXISTS (SELECT 1 FROM updates WHERE decision = NEW.decision AND ref = NEW.ref)
BEGIN
    SELECT RAISE(IGNORE);
END;

CREATE TRIGGER landings_keep_the_first BEFORE INSERT ON landings
WHEN EXISTS (SELECT 1 FROM landings WHERE (decision = NEW.decision AND ref = NEW.ref) OR seq = NEW.seq)
BEGIN
    SELECT RAISE(IGNORE);
END;

CREATE TRIGGER decisions_follow_the_last BEFORE INSERT ON decisions
WHEN NEW.previous <> coalesce(
        (SELECT hash FROM decisions ORDER BY seq DESC LIMIT 1),
        '0000000000000000000000000000000000000000000000000000000000000000')
    OR EXISTS (SELECT 1 FROM decisions WHERE seq = NEW.seq OR id = NEW.id OR hash = NEW.hash)
BEGIN
    SELECT RAISE(ABORT, 'a decision follows the last one');
END;
