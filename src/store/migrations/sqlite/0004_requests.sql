-- Review requests: refused pushes, kept so that a senior can read and sign them.

PRAGMA user_version = 4;

CREATE TABLE requests (
    seq        INTEGER PRIMARY KEY AUTOINCREMENT, -- the order in which they came
    id         TEXT NOT NULL UNIQUE,              -- R-..., a hash of the three below and of the changes
    repository TEXT NOT NULL,                     -- where
    ref        BLOB NOT NULL,                     -- the ref that it is for
    pusher     TEXT                               -- the authenticated login; NULL where nobody can be named
) STRICT;

CREATE INDEX requests_of_a_ref ON requests (repository, ref);

CREATE TABLE rounds (
    seq     INTEGER PRIMARY KEY AUTOINCREMENT,   -- the order in which they came
    request TEXT NOT NULL REFERENCES requests (id), -- which was pushed
    second  INTEGER NOT NULL,                    -- when, in seconds since 1970
    body    TEXT NOT NULL                        -- JSON: decision, commits, what is left out
) STRICT;

CREATE INDEX rounds_of_a_request ON rounds (request, seq);

CREATE TABLE closings (
    round     INTEGER NOT NULL PRIMARY KEY REFERENCES rounds (seq), -- the last that there was
    landed_at TEXT NOT NULL                                         -- when all of it had landed
) STRICT;

-- What a senior is shown: raw commits and files, each once, by the id that git gives it. It is no
-- evidence of anything, so an admin may delete rows of these two tables when nobody reads them
-- any more.

CREATE TABLE objects (
    id     TEXT NOT NULL PRIMARY KEY, -- git's; whoever reads it hashes the bytes again
    bytes  INTEGER NOT NULL,          -- how many they are
    packed BLOB NOT NULL              -- the bytes, by zlib
) STRICT;

CREATE TABLE object_repositories (
    repository TEXT NOT NULL,                        -- whose readers may read it
    object     TEXT NOT NULL REFERENCES objects (id) ON DELETE CASCADE,
    PRIMARY KEY (repository, object)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER requests_are_never_updated BEFORE UPDATE ON requests
BEGIN
    SELECT RAISE(ABORT, 'requests are append-only');
END;

CREATE TRIGGER requests_are_never_deleted BEFORE DELETE ON requests
BEGIN
    SELECT RAISE(ABORT, 'requests are append-only');
END;

CREATE TRIGGER rounds_are_never_updated BEFORE UPDATE ON rounds
BEGIN
    SELECT RAISE(ABORT, 'rounds are append-only');
END;

CREATE TRIGGER rounds_are_never_deleted BEFORE DELETE ON rounds
BEGIN
    SELECT RAISE(ABORT, 'rounds are append-only');
END;

CREATE TRIGGER closings_are_never_updated BEFORE UPDATE ON closings
BEGIN
    SELECT RAISE(ABORT, 'closings are append-only');
END;

CREATE TRIGGER closings_are_never_deleted BEFORE DELETE ON closings
BEGIN
    SELECT RAISE(ABORT, 'closings are append-only');
END;

CREATE TRIGGER objects_are_never_updated BEFORE UPDATE ON objects
BEGIN
    SELECT RAISE(ABORT, 'objects are never updated');
END;

-- The first row wins for ever.

CREATE TRIGGER requests_keep_the_first BEFORE INSERT ON requests
WHEN EXISTS (SELECT 1 FROM requests WHERE id = NEW.id OR seq = NEW.seq)
BEGIN
    SELECT RAISE(IGNORE);
END;

CREATE TRIGGER rounds_keep_the_first BEFORE INSERT ON rounds
WHEN EXISTS (SELECT 1 FROM rounds WHERE seq = NEW.seq)
BEGIN
    SELECT RAISE(IGNORE);
END;

CREATE TRIGGER closings_keep_the_first BEFORE INSERT ON closings
WHEN EXISTS (SELECT 1 FROM closings WHERE round = NEW.round)
BEGIN
    SELECT RAISE(IGNORE);
END;

CREATE TRIGGER objects_keep_the_first BEFORE INSERT ON objects
WHEN EXISTS (SELECT 1 FROM objects WHERE id = NEW.id)
BEGIN
    SELECT RAISE(IGNORE);
END;
