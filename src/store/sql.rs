//! Every question the store asks of a database, once: static text, `$1` style, so that
//! SQLite and PostgreSQL run the same.
//!
//! A list of ids is one parameter, a JSON array of strings, opened by `json_each`: one
//! question whatever its length. (PostgreSQL's schema brings a function of that name, from
//! text to rows of `value text`.) `CROSS JOIN` keeps SQLite from turning the join round
//! and scanning the table.

pub(super) const STATEMENTS_BY_HASH: &str = "
SELECT s.statement, s.signature
FROM (SELECT DISTINCT value FROM json_each($1)) AS w CROSS JOIN statements AS s
WHERE s.hash = w.value
ORDER BY s.seq";

pub(super) const STATEMENTS_ABOUT: &str = "
WITH found AS (
    SELECT s.statement_hash AS hash
    FROM json_each($2) AS w CROSS JOIN subjects AS s
    WHERE s.commit_id = w.value AND s.repository = $1
    UNION
    SELECT s.statement_hash
    FROM json_each($3) AS w CROSS JOIN subjects AS s
    WHERE s.change_digest = w.value AND s.repository = $1
    UNION
    SELECT s.statement_hash
    FROM json_each($4) AS w CROSS JOIN subjects AS s
    WHERE s.paths_digest = w.value AND s.repository = $1
),
wanted AS (
    SELECT hash FROM found
    UNION
    SELECT r.statement_hash
    FROM found AS f CROSS JOIN subjects AS r
    WHERE r.target = f.hash AND r.repository = $1
    UNION
    SELECT r.statement_hash
    FROM json_each($5) AS w CROSS JOIN subjects AS r
    WHERE r.target = w.value AND r.repository = $1
)
SELECT s.statement, s.signature
FROM wanted AS w CROSS JOIN statements AS s
WHERE s.hash = w.hash
ORDER BY s.seq";

pub(super) const NEWEST_STATEMENTS: &str = "
SELECT s.statement, s.signature
FROM statements AS s
WHERE s.repository = $1
ORDER BY s.seq DESC
LIMIT $2";

pub(super) const KNOWN_STATEMENTS: &str = "
SELECT s.hash
FROM json_each($1) AS w CROSS JOIN statements AS s
WHERE s.hash = w.value";

pub(super) const KEEP_STATEMENT: &str = "
INSERT INTO statements
    (hash, repository, verdict, statement, signature, received_at, delivered_by)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT DO NOTHING";

pub(super) const KEEP_SUBJECT: &str = "
INSERT INTO subjects
    (statement_hash, ordinal, repository, commit_id, change_digest, paths_digest, target)
VALUES ($1, $2, $3, $4, $5, $6, $7)";

pub(super) const KNOWN_CHANGES: &str = "
SELECT c.digest
FROM json_each($1) AS w CROSS JOIN changes AS c
WHERE c.digest = w.value";

pub(super) const KEEP_CHANGE: &str = "
INSERT INTO changes (digest, bytes) VALUES ($1, $2) ON CONFLICT DO NOTHING";

pub(super) const CHANGES: &str = "
SELECT c.digest, c.bytes
FROM (SELECT DISTINCT value FROM json_each($1)) AS w CROSS JOIN changes AS c
WHERE c.digest = w.value
ORDER BY c.digest";

pub(super) const SIGHTINGS: &str = "
WITH wanted AS (
    SELECT s.commit_id
    FROM json_each($1) AS w CROSS JOIN sightings AS s
    WHERE s.commit_id = w.value
    UNION
    SELECT s.commit_id
    FROM json_each($2) AS w CROSS JOIN sightings AS s
    WHERE s.change_digest = w.value
)
SELECT s.commit_id, s.repository, s.first_pusher, s.seen_at, s.change_digest,
       s.paths_digest, s.contributors, s.evidence
FROM wanted AS w CROSS JOIN sightings AS s
WHERE s.commit_id = w.commit_id";

pub(super) const KEEP_SIGHTING: &str = "
INSERT INTO sightings
    (commit_id, repository, first_pusher, seen_at, change_digest, paths_digest,
     contributors, evidence)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT DO NOTHING";

pub(super) const POLICY: &str = "
SELECT bytes FROM policies WHERE digest = $1";

pub(super) const KEEP_POLICY: &str = "
INSERT INTO policies (digest, bytes) VALUES ($1, $2) ON CONFLICT DO NOTHING";

pub(super) const LAST_HASH: &str = "
SELECT hash FROM decisions ORDER BY seq DESC LIMIT 1";

pub(super) const APPEND_DECISION: &str = "
INSERT INTO decisions
    (id, repository, decided_at, accepted, policy, body, previous, hash)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";

pub(super) const APPEND_UPDATE: &str = "
INSERT INTO updates (decision, ref, old_id, new_id) VALUES ($1, $2, $3, $4)";

pub(super) const DECISION: &str = "
SELECT seq, id, repository, policy, body, previous, hash FROM decisions WHERE id = $1";

pub(super) const DECISIONS_AFTER: &str = "
SELECT seq, id, repository, policy, body, previous, hash
FROM decisions
WHERE seq > $1
ORDER BY seq
LIMIT $2";

/// The newest accepted decision of a repository that judged exactly this update, and
/// whether its landing is recorded.
pub(super) const JUDGED: &str = "
SELECT d.id,
       CAST(CASE WHEN EXISTS (SELECT 1 FROM landings AS l
                         WHERE l.decision = d.id AND l.ref = u.ref)
            THEN 1 ELSE 0 END AS BIGINT)
FROM updates AS u JOIN decisions AS d ON d.id = u.decision
WHERE u.ref = $2 AND u.old_id = $3 AND u.new_id = $4
  AND d.repository = $1 AND d.accepted = 1
ORDER BY d.seq DESC
LIMIT 1";

/// Updates that a late decision of the repository let in and that have no landing, oldest
/// first. The newest decisions of all repositories are looked at, so many.
pub(super) const NOT_LANDED: &str = "
SELECT u.ref, u.old_id, u.new_id
FROM decisions AS d JOIN updates AS u ON u.decision = d.id
WHERE d.seq > (SELECT COALESCE(MAX(seq), 0) FROM decisions) - $2
  AND d.repository = $1 AND d.accepted = 1
  AND NOT EXISTS (SELECT 1 FROM landings AS l WHERE l.decision = d.id AND l.ref = u.ref)
ORDER BY d.seq";

pub(super) const LAND: &str = "
INSERT INTO landings (decision, ref, repository, landed_at)
VALUES ($1, $2, $3, $4)
ON CONFLICT DO NOTHING";

pub(super) const UNPUBLISHED_STATEMENTS: &str = "
SELECT seq, statement, signature
FROM statements
WHERE repository = $1 AND seq > $2
ORDER BY seq
LIMIT $3";

/// A decision stands at its first landing: each comes once.
pub(super) const UNPUBLISHED_DECISIONS: &str = "
SELECT l.seq, d.id, d.repository, d.policy, d.body, d.previous, d.hash
FROM landings AS l JOIN decisions AS d ON d.id = l.decision
WHERE l.repository = $1 AND l.seq > $2
  AND NOT EXISTS (SELECT 1 FROM landings AS e
                  WHERE e.decision = l.decision AND e.seq < l.seq)
ORDER BY l.seq
LIMIT $3";

pub(super) const ANY_SIGHTING: &str = "
SELECT commit_id FROM sightings LIMIT 1";

pub(super) const SIGHTED: &str = "
SELECT s.commit_id, t.seq
FROM json_each($1) AS w CROSS JOIN sightings AS s
     LEFT JOIN traces AS t ON t.commit_id = s.commit_id
WHERE s.commit_id = w.value";

pub(super) const KNOWN_TRACES: &str = "
SELECT t.commit_id
FROM json_each($1) AS w CROSS JOIN traces AS t
WHERE t.commit_id = w.value";

pub(super) const KEEP_TRACE: &str = "
INSERT INTO traces (commit_id, decision, change_digest, lines, echo)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT DO NOTHING
RETURNING seq";

/// What many commits share is kept of the first of them: more would only cost.
pub(super) const KEEP_TRACE_BLOBS: &str = "
INSERT INTO trace_blobs (blob_id, trace)
SELECT w.value, $2
FROM json_each($1) AS w
WHERE (SELECT COUNT(*) FROM (SELECT 1 FROM trace_blobs AS b
                             WHERE b.blob_id = w.value LIMIT $3) AS known) < $3";

/// A run and its file are one text, twenty characters each.
pub(super) const KEEP_TRACE_RUNS: &str = "
INSERT INTO trace_runs (fingerprint, trace, file)
SELECT CAST(substr(w.value, 1, 20) AS BIGINT), $2, CAST(substr(w.value, 21) AS BIGINT)
FROM json_each($1) AS w
WHERE (SELECT COUNT(*) FROM (SELECT 1 FROM trace_runs AS t
                             WHERE t.fingerprint = CAST(substr(w.value, 1, 20) AS BIGINT)
                             LIMIT $3) AS known) < $3";

pub(super) const TRACES_BY_CHANGE: &str = "
SELECT t.change_digest, t.seq
FROM json_each($1) AS w CROSS JOIN traces AS t
WHERE t.change_digest = w.value";

pub(super) const TRACES_BY_BLOB: &str = "
SELECT b.blob_id, b.trace
FROM json_each($1) AS w CROSS JOIN trace_blobs AS b
WHERE b.blob_id = w.value";

pub(super) const TRACES_BY_RUN: &str = "
SELECT r.fingerprint, r.trace, r.file
FROM json_each($1) AS w CROSS JOIN trace_runs AS r
WHERE r.fingerprint = CAST(w.value AS BIGINT)";

pub(super) const TRACES: &str = "
SELECT t.seq, t.commit_id, s.repository, s.first_pusher, s.seen_at, s.evidence, t.decision, t.lines,
       t.echo
FROM json_each($1) AS w CROSS JOIN traces AS t JOIN sightings AS s ON s.commit_id = t.commit_id
WHERE t.seq = CAST(w.value AS BIGINT)
ORDER BY t.seq";

pub(super) const DISCHARGES: &str = "
SELECT d.commit_id, d.rule
FROM json_each($1) AS w CROSS JOIN discharges AS d
WHERE d.commit_id = w.value AND d.repository = $2";

pub(super) const DISCHARGE: &str = "
INSERT INTO discharges (repository, rule, commit_id, landed_at)
VALUES ($1, $2, $3, $4)
ON CONFLICT DO NOTHING";

pub(super) const DISCHARGE_NAMED: &str = "
INSERT INTO discharges (repository, rule, commit_id, landed_at)
SELECT DISTINCT $1, $2, s.commit_id, $4
FROM subjects AS s
WHERE s.statement_hash = $3 AND s.commit_id IS NOT NULL
ON CONFLICT DO NOTHING";

pub(super) const TRACES_BY_PREFIX: &str = "
SELECT t.seq, t.commit_id, s.repository, s.first_pusher, s.seen_at, s.evidence, t.decision, t.lines,
       t.echo, t.change_digest,
       (SELECT COUNT(*) FROM trace_blobs AS b WHERE b.trace = t.seq) AS blobs,
       (SELECT COUNT(*) FROM trace_runs AS r WHERE r.trace = t.seq) AS runs
FROM traces AS t JOIN sightings AS s ON s.commit_id = t.commit_id
WHERE t.commit_id >= $1 AND t.commit_id < $2
ORDER BY t.seq
LIMIT $3";

pub(super) const DISCHARGES_OF: &str = "
SELECT repository, rule, landed_at FROM discharges
WHERE commit_id = $1
ORDER BY landed_at, repository, rule";

pub(super) const MEMORY_STATS: &str = "
SELECT (SELECT COUNT(*) FROM traces), (SELECT COUNT(*) FROM traces WHERE echo = 1),
       (SELECT COUNT(*) FROM trace_blobs), (SELECT COUNT(*) FROM trace_runs),
       (SELECT COUNT(*) FROM discharges)";

pub(super) const TRACES_BY_DECISION: &str = "
SELECT t.commit_id FROM traces AS t WHERE t.decision = $1 ORDER BY t.seq LIMIT $2";

pub(super) const KEEP_TOKEN: &str = "
INSERT INTO tokens (name, hash, repositories, created_at)
VALUES ($1, $2, $3, $4)
ON CONFLICT DO NOTHING";

pub(super) const REVOKE_TOKEN: &str = "
INSERT INTO token_revocations (name, revoked_at)
SELECT t.name, $2 FROM tokens AS t WHERE t.name = $1
ON CONFLICT DO NOTHING";

pub(super) const TOKENS: &str = "
SELECT t.name, t.repositories, t.created_at, r.revoked_at
FROM tokens AS t LEFT JOIN token_revocations AS r ON r.name = t.name
ORDER BY t.name";

pub(super) const TOKEN: &str = "
SELECT t.name, t.repositories, t.created_at, r.revoked_at
FROM tokens AS t LEFT JOIN token_revocations AS r ON r.name = t.name
WHERE t.hash = $1";

pub(super) const OPEN_REQUEST: &str = "
INSERT INTO requests (id, repository, ref, pusher) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";

pub(super) const REQUEST_KEY: &str = "
SELECT repository, ref, pusher FROM requests WHERE id = $1";

/// With whether it is closed.
pub(super) const LAST_ROUND: &str = "
SELECT o.seq, o.second, o.body, (SELECT COUNT(*) FROM closings AS c WHERE c.round = o.seq)
FROM rounds AS o WHERE o.request = $1 ORDER BY o.seq DESC LIMIT 1";

pub(super) const ADD_ROUND: &str = "
INSERT INTO rounds (request, second, body) VALUES ($1, $2, $3)";

pub(super) const KEEP_OBJECT: &str = "
INSERT INTO objects (id, bytes, packed) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";

pub(super) const LINK_OBJECT: &str = "
INSERT INTO object_repositories (repository, object) VALUES ($1, $2) ON CONFLICT DO NOTHING";

pub(super) const HAS_OBJECTS: &str = "
SELECT o.object, b.bytes FROM (SELECT DISTINCT value FROM json_each($2)) AS w
CROSS JOIN object_repositories AS o
JOIN objects AS b ON b.id = o.object
WHERE o.repository = $1 AND o.object = w.value";

pub(super) const OBJECTS: &str = "
SELECT b.id, b.bytes, b.packed FROM (SELECT DISTINCT value FROM json_each($2)) AS w
CROSS JOIN object_repositories AS o
JOIN objects AS b ON b.id = o.object
WHERE o.repository = $1 AND o.object = w.value";

/// $1: only these ids; $2: only this repository; $3: only those without a closing and pushed
/// since; $4, $5: the page. An empty list or text, and zero, ask of all.
pub(super) const REQUESTS: &str = "
SELECT r.seq, r.id, r.repository, r.ref, r.pusher, o.body, c.landed_at,
       (SELECT COUNT(*) FROM rounds AS n WHERE n.request = r.id),
       (SELECT MIN(n.second) FROM rounds AS n WHERE n.request = r.id)
FROM requests AS r
JOIN rounds AS o ON o.seq = (SELECT MAX(n.seq) FROM rounds AS n WHERE n.request = r.id)
LEFT JOIN closings AS c ON c.round = o.seq
WHERE ($1 = '[]' OR r.id IN (SELECT value FROM json_each($1)))
  AND ($2 = '' OR r.repository = $2)
  AND ($3 = 0 OR (c.round IS NULL AND o.second >= $3))
  AND r.seq > $4
ORDER BY r.seq LIMIT $5";

pub(super) const ROUNDS: &str = "
SELECT body FROM rounds WHERE request = $1 ORDER BY seq";

/// The last rounds of what is open for a ref.
pub(super) const OPEN_ROUNDS: &str = "
SELECT o.seq, o.body FROM requests AS r
JOIN rounds AS o ON o.seq = (SELECT MAX(n.seq) FROM rounds AS n WHERE n.request = r.id)
WHERE r.repository = $1 AND r.ref = $2
  AND NOT EXISTS (SELECT 1 FROM closings AS c WHERE c.round = o.seq)";

pub(super) const CLOSE: &str = "
INSERT INTO closings (round, landed_at) VALUES ($1, $2) ON CONFLICT DO NOTHING";

pub(super) const COMMITS_NAMED: &str = "
SELECT s.commit_id FROM (SELECT DISTINCT value FROM json_each($1)) AS w
CROSS JOIN subjects AS s
WHERE s.statement_hash = w.value AND s.commit_id IS NOT NULL";

pub(super) const CHANGES_OF: &str = "
SELECT s.change_digest FROM (SELECT DISTINCT value FROM json_each($1)) AS w
CROSS JOIN sightings AS s
WHERE s.commit_id = w.value AND s.change_digest IS NOT NULL";

pub(super) const KEEP_SECRET: &str = "
INSERT INTO secrets (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING";

pub(super) const SECRET: &str = "SELECT value FROM secrets WHERE name = $1";

pub(super) const FORGET_ANSWERED: &str = "DELETE FROM answered WHERE second < $1";

pub(super) const KEEP_ANSWERED: &str = "
INSERT INTO answered (hash, second) VALUES ($1, $2) ON CONFLICT DO NOTHING";

pub(super) const FORGET_SESSIONS: &str = "DELETE FROM sessions WHERE began < $1";

pub(super) const KEEP_SESSION: &str = "
INSERT INTO sessions (hash, person, public_key, began, used) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT DO NOTHING";

pub(super) const SESSION: &str = "
SELECT person, public_key, began, used FROM sessions WHERE hash = $1";

pub(super) const USE_SESSION: &str = "UPDATE sessions SET used = $2 WHERE hash = $1 AND used < $2";

pub(super) const END_SESSION: &str = "DELETE FROM sessions WHERE hash = $1";
