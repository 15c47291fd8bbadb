-- Who is logged in to a server. Nothing here is evidence: rows come and go.

CREATE TABLE secrets (
    name  TEXT COLLATE "C" PRIMARY KEY,
    value BYTEA NOT NULL
);

CREATE TABLE answered (
    hash   TEXT COLLATE "C" PRIMARY KEY,
    second BIGINT NOT NULL
);

CREATE INDEX answered_by_age ON answered (second);

CREATE TABLE sessions (
    hash       TEXT COLLATE "C" PRIMARY KEY,
    person     TEXT COLLATE "C" NOT NULL,
    public_key TEXT COLLATE "C" NOT NULL,
    began      BIGINT NOT NULL,
    used       BIGINT NOT NULL
);

CREATE INDEX sessions_by_age ON sessions (began);
