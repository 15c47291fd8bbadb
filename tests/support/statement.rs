//! Statements by an independent hand: digests from `git diff-tree`, signatures from
//! `ssh-keygen`, nothing from the program. So an odd one can be made as well as a right one.

use std::fs;

use base64ct::{Base64, Encoding};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::clone::Clone;
use super::keys::{Key, key};
use super::run::{bare_command, run};

pub(crate) const NAMESPACE: &str = "countersign-sign-off-v1";

/// A statement before it is signed.
#[derive(Debug, Clone)]
pub(crate) struct Draft(pub(crate) Value);

/// A statement's exact bytes and the signature over them.
#[derive(Debug, Clone)]
pub(crate) struct Signed {
    pub(crate) statement: Vec<u8>,
    pub(crate) signature: Vec<u8>,
}

impl Signed {
    /// SHA-256(statement, one zero byte, signature).
    pub(crate) fn hash(&self) -> String {
        hex(&[&self.statement[..], b"\0", &self.signature[..]].concat())
    }
}

/// Seconds from now, negative for the past.
pub(crate) fn from_now(seconds: i64) -> String {
    let now = Timestamp::from_second(Timestamp::now().as_second()).expect("a time");
    (now + SignedDuration::from_secs(seconds)).to_string()
}

pub(crate) const HOUR: i64 = 3_600;
pub(crate) const DAY: i64 = 24 * HOUR;

impl Draft {
    /// A statement of this verdict about nothing yet, for `refs/heads/main`, issued now.
    pub(crate) fn new(verdict: &str, repository: &str) -> Self {
        Self(json!({
            "_type": "https://in-toto.io/Statement/v1",
            "subject": [],
            "predicateType": "urn:countersign:sign-off:v1",
            "predicate": {
                "repository": repository,
                "refs": ["refs/heads/main"],
                "verdict": verdict,
                "issuedAt": from_now(0),
            },
        }))
    }

    /// An approval for the gated branch of the tests' repository.
    pub(crate) fn approve() -> Self {
        Self::new("approve", super::API)
    }

    /// Sets a field of the predicate.
    pub(crate) fn set(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0["predicate"][name] = value.into();
        self
    }

    /// Sets the refs.
    pub(crate) fn refs(self, refs: &[&str]) -> Self {
        self.set("refs", refs.to_vec())
    }

    /// Any other change.
    pub(crate) fn edit(mut self, change: impl FnOnce(&mut Value)) -> Self {
        change(&mut self.0);
        self
    }

    fn subject(mut self, name: &str, digest: Value) -> Self {
        let list = self.0["subject"].as_array_mut().expect("a list");
        list.push(json!({ "name": name, "digest": digest }));
        self
    }

    /// Names a commit: its id, and its change and paths unless it has none.
    #[track_caller]
    pub(crate) fn commit(self, clone: &Clone<'_>, id: &str) -> Self {
        let mut digest = json!({ "gitCommit": id });
        if let Some((change, paths)) = commit_digests(clone, id) {
            digest["change-v1"] = change.into();
            digest["paths-v1"] = paths.into();
        }
        let title = clone.try_git(&["log", "-1", "--format=%s", id]).out();
        self.subject(&format!("{} {}", &id[..8], title.trim()), digest)
    }

    /// Names commits.
    #[track_caller]
    pub(crate) fn commits(self, clone: &Clone<'_>, ids: &[&str]) -> Self {
        ids.iter().fold(self, |draft, id| draft.commit(clone, id))
    }

    /// Names the net change of a range.
    #[track_caller]
    pub(crate) fn net(self, clone: &Clone<'_>, base: &str, tip: &str) -> Self {
        let (change, paths) = digests(clone, &[base, tip]).expect("a net change");
        self.subject("net change", json!({ "change-v1": change, "paths-v1": paths }))
            .set("net", json!({ "base": base, "tip": tip }))
    }

    /// Names a statement.
    pub(crate) fn statement(self, hash: &str) -> Self {
        self.subject("statement", json!({ "sha256": hash }))
    }

    /// The bytes to sign.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        serde_json::to_vec_pretty(&self.0).expect("JSON")
    }

    /// Signed with the key of this name.
    #[track_caller]
    pub(crate) fn sign(&self, name: &str) -> Signed {
        sign(&self.bytes(), &key(name), NAMESPACE)
    }
}

/// The order of P-256, and how an SSHSIG file begins and ends.
const P256: &str = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
const BEGIN: &str = "-----BEGIN SSH SIGNATURE-----";
const END: &str = "-----END SSH SIGNATURE-----";

/// The other signature that anybody can make of one by a P-256 key: (r, n-s) for (r, s).
#[track_caller]
pub(crate) fn malleated(signed: &Signed) -> Signed {
    let text = String::from_utf8(signed.signature.clone()).expect("text");
    let base64 = text.replace(BEGIN, "").replace(END, "").replace('\n', "");
    let blob = Base64::decode_vec(&base64).expect("base64");
    // Magic and version; then key, namespace, reserved, hash, signature.
    let mut outer = strings(&blob[10..]);
    let mut inner = strings(&outer[4]);
    let mut numbers = strings(&inner[1]);
    let from = unhex(P256);
    let mut less = vec![0; from.len()];
    less.extend(&numbers[1]);
    let less = less.split_off(less.len() - from.len());
    let mut difference = vec![0; from.len()];
    let mut borrow = 0;
    for i in (0..from.len()).rev() {
        let digit = i16::from(from[i]) - i16::from(less[i]) - borrow;
        borrow = i16::from(digit < 0);
        difference[i] = u8::try_from(digit.rem_euclid(256)).expect("a byte");
    }
    let zeros = difference.iter().take_while(|b| **b == 0).count();
    let mut number = difference.split_off(zeros);
    if number[0] >= 0x80 {
        number.insert(0, 0);
    }
    numbers[1] = number;
    inner[1] = joined(&numbers);
    outer[4] = joined(&inner);
    let base64 = Base64::encode_string(&[&blob[..10], &joined(&outer)].concat());
    let lines: Vec<&[u8]> = base64.as_bytes().chunks(70).collect();
    let body = lines.join(&b'\n');
    let signature = [BEGIN.as_bytes(), b"\n", &body, b"\n", END.as_bytes(), b"\n"].concat();
    Signed { statement: signed.statement.clone(), signature }
}

/// RFC 4251's `string`s, one after the other.
fn strings(mut bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    while let Some((length, rest)) = bytes.split_at_checked(4) {
        let length = u32::from_be_bytes(length.try_into().expect("4 bytes"));
        let (field, rest) = rest.split_at(usize::try_from(length).expect("a length"));
        all.push(field.to_vec());
        bytes = rest;
    }
    all
}

fn joined(fields: &[Vec<u8>]) -> Vec<u8> {
    let length = |field: &[u8]| u32::try_from(field.len()).expect("short").to_be_bytes();
    fields.iter().flat_map(|field| [&length(field)[..], &field[..]].concat()).collect()
}

/// Signs bytes as `ssh-keygen -Y sign` does.
#[track_caller]
pub(crate) fn sign(bytes: &[u8], key: &Key, namespace: &str) -> Signed {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let file = dir.path().join("statement.json");
    fs::write(&file, bytes).expect("a file");
    let mut command = bare_command("ssh-keygen");
    command.args(["-q", "-Y", "sign", "-n", namespace, "-f"]).arg(&key.file).arg(&file);
    run(&mut command, b"").exits(0);
    let signature = fs::read(dir.path().join("statement.json.sig")).expect("a signature");
    Signed { statement: bytes.to_vec(), signature }
}

/// `change-v1` and `paths-v1` of a commit; none for a merge or an empty change.
#[track_caller]
pub(crate) fn commit_digests(clone: &Clone<'_>, id: &str) -> Option<(String, String)> {
    let words = clone.git(&["rev-list", "--parents", "-1", id]);
    match words.split(' ').collect::<Vec<_>>()[..] {
        [id] => digests(clone, &["--root", id]),
        [id, parent] => digests(clone, &[parent, id]),
        _ => None,
    }
}

/// An entry of `git diff-tree --raw`: path, old mode and id, new mode and id.
pub(crate) type Entry = (Vec<u8>, (u32, Vec<u8>), (u32, Vec<u8>));

#[track_caller]
fn digests(clone: &Clone<'_>, sides: &[&str]) -> Option<(String, String)> {
    let mut args =
        vec!["diff-tree", "-r", "--raw", "--no-renames", "--no-commit-id", "--no-abbrev", "-z"];
    args.extend(sides);
    let entries = parse_raw(&clone.try_git(&args).exits(0).stdout);
    let format = clone.git(&["rev-parse", "--show-object-format"]);
    digests_of(&format, entries)
}

/// `change-v1` and `paths-v1` of entries in any order; none where there are none.
pub(crate) fn digests_of(format: &str, mut entries: Vec<Entry>) -> Option<(String, String)> {
    if entries.is_empty() {
        return None;
    }
    entries.sort();
    let mut change = b"countersign change v1\n".to_vec();
    change.push(u8::try_from(format.len()).expect("short"));
    change.extend_from_slice(format.as_bytes());
    change.extend_from_slice(&length(entries.len()));
    let mut paths = b"countersign paths v1\n".to_vec();
    for (path, old, new) in &entries {
        change.extend_from_slice(&length(path.len()));
        change.extend_from_slice(path);
        for (mode, id) in [old, new] {
            change.extend_from_slice(&mode.to_be_bytes());
            change.extend_from_slice(id);
        }
        paths.extend_from_slice(&length(path.len()));
        paths.extend_from_slice(path);
    }
    Some((hex(&change), hex(&paths)))
}

/// Reads the output of `git diff-tree -r --raw -z`.
pub(crate) fn parse_raw(raw: &[u8]) -> Vec<Entry> {
    let mut fields = raw.split(|b| *b == 0).filter(|f| !f.is_empty());
    let mut entries = Vec::new();
    while let (Some(meta), Some(path)) = (fields.next(), fields.next()) {
        let meta = std::str::from_utf8(meta).expect("text").trim_start_matches(':');
        let words: Vec<&str> = meta.split(' ').collect();
        let side = |mode: usize, id: usize| {
            (u32::from_str_radix(words[mode], 8).expect("a mode"), unhex(words[id]))
        };
        entries.push((path.to_vec(), side(0, 2), side(1, 3)));
    }
    entries
}

fn length(n: usize) -> [u8; 8] {
    u64::try_from(n).expect("a length").to_be_bytes()
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len() / 2)
        .map(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).expect("hex"))
        .collect()
}

/// SHA-256 in hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}
