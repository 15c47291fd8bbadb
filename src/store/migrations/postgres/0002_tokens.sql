-- Who may ask a server: one token for a Git host. A token is never changed, only revoked.

CREATE TABLE tokens (
    name         TEXT COLLATE "C" PRIMARY KEY,
    hash         TEXT COLLATE "C" NOT NULL UNIQUE,
    repositories TEXT COLLATE "C" NOT NULL,
    created_at   TEXT COLLATE "C" NOT NULL
);

CREATE TABLE token_revocations (
    name       TEXT COLLATE "C" PRIMARY KEY REFERENCES tokens (name),
    revoked_at TEXT COLLATE "C" NOT NULL
);

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON tokens
FOR EACH STATEMENT EXECUTE FUNCTION countersign_append_only();

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON token_revocations
FOR EACH STATEMENT EXECUTE FUNCTION countersign_append_only();
