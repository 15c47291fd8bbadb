-- Who is logged in to a server. Nothing here is evidence: rows come and go.

PRAGMA user_version = 5;

CREATE TABLE secrets (
    name  TEXT NOT NULL PRIMARY KEY, -- what it is for
    value BLOB NOT NULL              -- random, the same for all servers of a store
) STRICT;

CREATE TABLE answered (
    hash   TEXT NOT NULL PRIMARY KEY, -- SHA-256 over a domain tag and a challenge
    second INTEGER NOT NULL           -- when somebody logged in by it
) STRICT;

CREATE INDEX answered_by_age ON answered (second);

CREATE TABLE sessions (
    hash       TEXT NOT NULL PRIMARY KEY, -- SHA-256 over a domain tag and the session's secret
    person     TEXT NOT NULL,             -- who logged in, by the policy's key
    public_key TEXT NOT NULL,             -- with which key: type base64
    began      INTEGER NOT NULL,          -- when, in seconds since 1970
    used       INTEGER NOT NULL           -- when it was used last, roughly
) STRICT;

CREATE INDEX sessions_by_age ON sessions (began);
