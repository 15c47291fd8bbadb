-- Who may ask a server: one token for a Git host. A token is never changed, only revoked.

PRAGMA user_version = 3;

CREATE TABLE tokens (
    name         TEXT NOT NULL PRIMARY KEY, -- the Git host, as an admin calls it
    hash         TEXT NOT NULL UNIQUE,      -- SHA-256 over a domain tag and the token; never the token
    repositories TEXT NOT NULL,             -- JSON: globs of the repositories that it is for
    created_at   TEXT NOT NULL              -- when
) STRICT;

CREATE TABLE token_revocations (
    name       TEXT NOT NULL PRIMARY KEY REFERENCES tokens (name), -- whose
    revoked_at TEXT NOT NULL                                       -- when
) STRICT;

CREATE TRIGGER tokens_are_never_updated BEFORE UPDATE ON tokens
BEGIN
    SELECT RAISE(ABORT, 'tokens are append-only');
END;

CREATE TRIGGER tokens_are_never_deleted BEFORE DELETE ON tokens
BEGIN
    SELECT RAISE(ABORT, 'tokens are append-only');
END;

CREATE TRIGGER token_revocations_are_never_updated BEFORE UPDATE ON token_revocations
BEGIN
    SELECT RAISE(ABORT, 'token_revocations are append-only');
END;

CREATE TRIGGER token_revocations_are_never_deleted BEFORE DELETE ON token_revocations
BEGIN
    SELECT RAISE(ABORT, 'token_revocations are append-only');
END;

-- The first row wins for ever.

CREATE TRIGGER tokens_keep_the_first BEFORE INSERT ON tokens
WHEN EXISTS (SELECT 1 FROM tokens WHERE name = NEW.name OR hash = NEW.hash)
BEGIN
    SELECT RAISE(IGNORE);
END;

CREATE TRIGGER token_revocations_keep_the_first BEFORE INSERT ON token_revocations
WHEN EXISTS (SELECT 1 FROM token_revocations WHERE name = NEW.name)
BEGIN
    SELECT RAISE(IGNORE);
END;
