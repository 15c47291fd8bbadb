//! Sign-offs of a plan, valid and spoilt: what the oracle may know of them.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::history::Digests;
use super::objects::Oid;
use super::plan::{Draft, Name};
use super::scene::{Scene, moment};
use crate::support::statement::{NAMESPACE, sign as sign_bytes};
use crate::support::{self, Signed, key};

/// What a subject names.
#[derive(Debug, Clone)]
pub(super) struct Subject {
    pub(super) commit: Option<Oid>,
    pub(super) digests: Option<Digests>,
}

/// A statement, signed.
#[derive(Debug, Clone)]
pub(super) struct Statement {
    pub(super) key: &'static str,
    pub(super) verdict: &'static str,
    pub(super) subjects: Vec<Subject>,
    /// Hash of the statement that it revokes.
    pub(super) revokes: Option<String>,
    pub(super) net: Option<(Oid, Oid)>,
    pub(super) refs: Vec<String>,
    pub(super) issued: Timestamp,
    pub(super) expires: Option<Timestamp>,
    pub(super) wrong_repository: bool,
    pub(super) tampered: bool,
    pub(super) namespace: &'static str,
    pub(super) hash: String,
    pub(super) signed: Signed,
    /// The bytes as the script makes them.
    pub(super) shell: String,
}

/// Signs what a draft says; `None` where nothing of what it names is there.
pub(super) fn sign(scene: &mut Scene<'_>, draft: &Draft) -> Option<Statement> {
    let mut named: Vec<Oid> = Vec::new();
    let mut net = None;
    if let Some((base, tip)) = draft.range {
        let base = scene.objects.get(&base)?.clone();
        let tip = scene.objects.get(&tip)?.clone();
        named = scene.history.rev_list(
            &scene.clone,
            std::slice::from_ref(&tip),
            std::slice::from_ref(&base),
        );
        if draft.gap && named.len() > 1 {
            named.remove(named.len() / 2);
        }
        net = scene.history.sum(&scene.clone, &base, &tip).map(|sum| (base, tip, sum));
    }
    let others = draft.commits.iter().filter_map(|n| scene.objects.get(n).cloned());
    for id in others.collect::<Vec<_>>() {
        if !named.contains(&id) {
            named.push(id);
        }
    }
    if named.is_empty() {
        return None;
    }
    let lie = draft.lie.and_then(|n| scene.objects.get(&n).cloned());
    let mut subjects = Vec::new();
    for (place, id) in named.iter().enumerate() {
        let of = if place == 0 { lie.as_ref().unwrap_or(id) } else { id };
        let digests = scene.history.commit(&scene.clone, of).digests.clone();
        subjects.push(Subject { commit: Some(id.clone()), digests });
    }
    let range = net.map(|(base, tip, sum)| {
        subjects.push(Subject { commit: None, digests: Some(sum) });
        (base, tip)
    });
    Some(finish(scene.now, draft, subjects, range))
}

fn finish(
    now: Timestamp,
    draft: &Draft,
    subjects: Vec<Subject>,
    net: Option<(Oid, Oid)>,
) -> Statement {
    let list: Vec<Value> = subjects.iter().map(subject).collect();
    let repository = if draft.wrong_repository { "payments/web" } else { support::API };
    let mut predicate = json!({
        "repository": repository,
        "refs": draft.refs,
        "verdict": draft.verdict,
        "reason": "reviewed",
        "issuedAt": moment(now, draft.issued),
    });
    if let Some(expires) = draft.expires {
        predicate["expiresAt"] = moment(now, expires).into();
    }
    if let Some((base, tip)) = &net {
        predicate["net"] = json!({ "base": base, "tip": tip });
    }
    let text = text(&Value::Array(list), &predicate);
    let mut shell = text.replace(&moment(now, draft.issued), &format!("$(at {})", draft.issued));
    if let Some(at) = draft.expires {
        shell = shell.replace(&moment(now, at), &format!("$(at {at})"));
    }
    let namespace = if draft.wrong_namespace { "git" } else { NAMESPACE };
    let mut signed = sign_bytes(text.as_bytes(), &key(draft.key), namespace);
    if draft.tampered {
        let changed = text.replace("reviewed", "Reviewed");
        signed.statement = changed.into_bytes();
    }
    Statement {
        key: draft.key,
        verdict: draft.verdict,
        subjects,
        revokes: None,
        net,
        refs: draft.refs.clone(),
        issued: now + SignedDuration::from_secs(draft.issued),
        expires: draft.expires.map(|at| now + SignedDuration::from_secs(at)),
        wrong_repository: draft.wrong_repository,
        tampered: draft.tampered,
        namespace,
        hash: signed.hash(),
        signed,
        shell,
    }
}

/// Takes a statement back.
pub(super) fn revoke(
    now: Timestamp,
    key_name: &'static str,
    (name, hash): (Name, &str),
    issued: i64,
) -> Statement {
    let list = json!([{ "name": "statement", "digest": { "sha256": hash } }]);
    let predicate = json!({
        "repository": support::API,
        "refs": [],
        "verdict": "revoke",
        "issuedAt": moment(now, issued),
    });
    let text = text(&list, &predicate);
    let signed = sign_bytes(text.as_bytes(), &key(key_name), NAMESPACE);
    Statement {
        key: key_name,
        verdict: "revoke",
        subjects: Vec::new(),
        revokes: Some(hash.to_owned()),
        net: None,
        refs: Vec::new(),
        issued: now + SignedDuration::from_secs(issued),
        expires: None,
        wrong_repository: false,
        tampered: false,
        namespace: NAMESPACE,
        hash: signed.hash(),
        signed,
        shell: text
            .replace(&moment(now, issued), &format!("$(at {issued})"))
            .replace(hash, &format!("$(hash s{name})")),
    }
}

fn subject(subject: &Subject) -> Value {
    let mut digest = json!({});
    if let Some(id) = &subject.commit {
        digest["gitCommit"] = id.as_str().into();
    }
    if let Some((change, paths)) = &subject.digests {
        digest["change-v1"] = change.as_str().into();
        digest["paths-v1"] = paths.as_str().into();
    }
    let name = subject.commit.as_ref().map_or("net change", |id| &id[..8]);
    json!({ "name": name, "digest": digest })
}

fn text(subjects: &Value, predicate: &Value) -> String {
    let statement = json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": subjects,
        "predicateType": "urn:countersign:sign-off:v1",
        "predicate": predicate,
    });
    serde_json::to_string_pretty(&statement).expect("JSON")
}
