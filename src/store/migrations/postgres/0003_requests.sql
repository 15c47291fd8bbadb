-- Review requests: refused pushes, kept so that a senior can read and sign them.

CREATE TABLE requests (
    seq        BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id         TEXT COLLATE "C" NOT NULL UNIQUE,
    repository TEXT COLLATE "C" NOT NULL,
    ref        BYTEA NOT NULL,
    pusher     TEXT COLLATE "C"
);

CREATE INDEX requests_of_a_ref ON requests (repository, ref);

CREATE TABLE rounds (
    seq     BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    request TEXT COLLATE "C" NOT NULL REFERENCES requests (id),
    second  BIGINT NOT NULL,
    body    TEXT COLLATE "C" NOT NULL
);

CREATE INDEX rounds_of_a_request ON rounds (request, seq);

CREATE TABLE closings (
    round     BIGINT PRIMARY KEY REFERENCES rounds (seq),
    landed_at TEXT COLLATE "C" NOT NULL
);

-- What a senior is shown: raw commits and files, each once, by the id that git gives it. It is no
-- evidence of anything, so an admin may delete rows of these two tables when nobody reads them
-- any more.

CREATE TABLE objects (
    id     TEXT COLLATE "C" PRIMARY KEY,
    bytes  BIGINT NOT NULL,
    packed BYTEA NOT NULL
);

CREATE TABLE object_repositories (
    repository TEXT COLLATE "C" NOT NULL,
    object     TEXT COLLATE "C" NOT NULL REFERENCES objects (id) ON DELETE CASCADE,
    PRIMARY KEY (repository, object)
);

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON requests
FOR EACH STATEMENT EXECUTE FUNCTION countersign_append_only();

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON rounds
FOR EACH STATEMENT EXECUTE FUNCTION countersign_append_only();

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON closings
FOR EACH STATEMENT EXECUTE FUNCTION countersign_append_only();

CREATE TRIGGER append_only BEFORE UPDATE ON objects
FOR EACH STATEMENT EXECUTE FUNCTION countersign_append_only();
