//! Push certificates made by hand: each is a good one with one change, signed again wherever
//! somebody with a key of their own could. The gate says by a code of its own what is wrong.
//!
//! A client that may set `GIT_PUSH_CERT` brings any blob there is to the hook.

use ring::hmac;

use crate::support::clone::path_text;
use crate::support::keys::{Key, key_of};
use crate::support::run::run;
use crate::support::statement::sign;
use crate::support::world::Settings;
use crate::support::{API, Clone, MAIN, Policy, PushResult, World, human, key};

pub(super) const SEED: &str = "receive.certNonceSeed";
pub(super) const SECRET: &str = "0123456789abcdef-a-seed-that-nobody-knows";
pub(super) const CODES: &str = "[report]\nmachine_line = true\n";

/// The standard policy, and keys for Kim, who signs nothing off: three that count, and three
/// that do not now.
pub(super) fn policy() -> Policy {
    let good = [key("kim"), key_of("kim", "ecdsa", "256"), key_of("kim", "rsa", "2048")];
    let mut keys: Vec<_> = good.iter().map(|k| format!("{:?}", k.public)).collect();
    for (name, until) in [
        ("kim-revoked", "revoked = true"),
        ("kim-old", "valid_before = 2026-01-01T00:00:00Z"),
        ("kim-new", "valid_after = 2099-01-01T00:00:00Z"),
    ] {
        keys.push(format!("{{ key = {:?}, {until} }}", key(name).public));
    }
    Policy::standard().with("allow", r#"["delete", "rewind"]"#).set(
        "kim",
        "keys",
        &format!("[{}]", keys.join(", ")),
    )
}

/// A server that knows people by their signed pushes alone, of repositories in this format.
pub(super) fn world(format: &str, tail: &str) -> World {
    let world = World::with_settings(&policy(), tail);
    world.write_settings(&Settings { server: "push-certificate", ..Settings::default() });
    if format != "sha1" {
        std::fs::remove_dir_all(world.bare(API)).expect("a repository");
        world.repository_of(API, format);
    }
    world.git_in(&world.bare(API), &["config", SEED, SECRET]);
    world
}

/// The codes of the last line, which is for programs.
pub(super) fn codes(result: &PushResult) -> Vec<String> {
    let line = result.remote.lines().find_map(|l| l.strip_prefix("countersign-json: "));
    let json: serde_json::Value =
        serde_json::from_str(line.unwrap_or_else(|| panic!("no codes: {}", result.all)))
            .expect("JSON");
    let codes = json["codes"].as_array().expect("codes");
    codes.iter().map(|c| c.as_str().expect("text").to_owned()).collect()
}

/// A certificate in the making, and the push that brings it.
pub(super) struct Made {
    pub(super) pushee: String,
    /// Of what git would have computed the nonce.
    path: String,
    seed: String,
    hash: hmac::Algorithm,
    age: i64,
    /// The stamp's first characters and the code's last ones.
    around: (&'static str, &'static str),
    pub(super) options: Vec<String>,
    updates: Vec<String>,
    key: Key,
    namespace: &'static str,
    /// Before it is signed.
    text: fn(String) -> String,
    /// After.
    blob: fn(String) -> String,
    /// What the client says is the certificate's id; none: that of the blob.
    id: Option<String>,
    refspecs: Vec<String>,
}

impl Made {
    /// As git makes it for a push of this commit to main over a local path.
    pub(super) fn of(clone: &Clone<'_>) -> Self {
        let (old, new) = (clone.rev("origin/main"), clone.head());
        let url = path_text(&clone.bare);
        Self {
            pushee: url.clone(),
            path: url,
            seed: SECRET.to_owned(),
            hash: match new.len() {
                40 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
                _ => hmac::HMAC_SHA256,
            },
            age: 0,
            around: ("", ""),
            options: Vec::new(),
            updates: vec![format!("{old} {new} {MAIN}")],
            key: key("kim"),
            namespace: "git",
            text: |text| text,
            blob: |blob| blob,
            id: None,
            refspecs: vec![format!("{new}:{MAIN}")],
        }
    }

    fn bytes(&self) -> Vec<u8> {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let now = i64::try_from(now.expect("after 1970").as_secs()).expect("a time");
        let stamp = format!("{}{}", self.around.0, now - self.age);
        let under = hmac::Key::new(self.hash, format!("{}:{stamp}", self.path).as_bytes());
        let code = hmac::sign(&under, self.seed.as_bytes());
        let code: String = code.as_ref().iter().map(|b| format!("{b:02x}")).collect();
        let options: String = self.options.iter().map(|o| format!("push-option {o}\n")).collect();
        let updates: String = self.updates.iter().map(|u| format!("{u}\n")).collect();
        let text = (self.text)(format!(
            "certificate version 0.1\npusher SHA256:x {stamp} +0000\npushee {}\n\
             nonce {stamp}-{code}{}\n{options}\n{updates}",
            self.pushee, self.around.1
        ));
        let signed = sign(text.as_bytes(), &self.key, self.namespace);
        let blob = String::from_utf8([signed.statement, signed.signature].concat());
        (self.blob)(blob.expect("text")).into_bytes()
    }

    /// Pushes under it, without another signature.
    pub(super) fn push(&self, clone: &Clone<'_>) -> PushResult {
        self.push_with(clone, &[])
    }

    /// Also with options of `git push`.
    pub(super) fn push_with(&self, clone: &Clone<'_>, options: &[&str]) -> PushResult {
        let mut store = clone.world.command("git");
        store.current_dir(&clone.bare).args(["hash-object", "-w", "--stdin"]);
        let id = run(&mut store, &self.bytes()).line();
        clone.set_env("GIT_PUSH_CERT", self.id.as_ref().unwrap_or(&id));
        let refspecs: Vec<_> = self.refspecs.iter().map(String::as_str).collect();
        clone.push_with(&[&["--no-signed"], options].concat(), &refspecs)
    }
}

type Row = (&'static str, &'static str, fn(&mut Made));

/// What it is, the code, and the one change.
const BAD: &[Row] = &[
    ("no id", "certificate-missing", |m| m.id = Some(String::new())),
    ("zeros for an id", "certificate-missing", |m| m.id = Some("0".repeat(40))),
    ("words for an id", "certificate-missing", |m| m.id = Some("G".to_owned())),
    ("half an id", "certificate-missing", |m| m.id = Some("1".repeat(39))),
    ("no such object", "certificate-unreadable", |m| m.id = Some("1".repeat(40))),
    ("no such long object", "certificate-unreadable", |m| m.id = Some("1".repeat(64))),
    ("a commit", "certificate-unreadable", |m| {
        m.id = m.updates[0].split(' ').next().map(str::to_owned)
    }),
    ("nothing", "certificate-unsigned", |m| m.blob = |_| String::new()),
    ("no signature", "certificate-unsigned", |m| {
        m.blob = |b| b.split("-----BEGIN").next().expect("text").to_owned();
    }),
    ("OpenPGP's signature", "certificate-unsigned", |m| {
        m.blob = |b| b.replace("SSH SIG", "PGP SIG")
    }),
    ("a PGP message", "certificate-unsigned", |m| {
        m.blob = |b| b.replace("SSH SIGNATURE", "PGP MESSAGE");
    }),
    ("X.509's signature", "certificate-unsigned", |m| {
        m.blob = |b| b.replace("SSH SIGNATURE", "SIGNED MESSAGE")
    }),
    ("OpenPGP's before SSH's", "certificate-unsigned", |m| {
        m.text = |t| format!("{t}-----BEGIN PGP SIGNATURE-----\n-----END PGP SIGNATURE-----\n");
    }),
    ("signed for a file", "certificate-signature", |m| m.namespace = "file"),
    ("signed as a sign-off", "certificate-signature", |m| m.namespace = "countersign-sign-off-v1"),
    ("another pusher's line", "certificate-signature", |m| {
        m.blob = |b| b.replacen("SHA256:x", "SHA256:y", 1)
    }),
    ("an update less signed", "certificate-signature", |m| {
        m.updates.push(format!("{} {} refs/heads/b", "1".repeat(40), "2".repeat(40)));
        m.blob =
            |b| b.lines().filter(|l| !l.ends_with("heads/b")).map(|l| format!("{l}\n")).collect();
    }),
    ("a damaged signature", "certificate-signature", |m| {
        m.blob = |b| b.replacen("U1NIU0lH", "U1NIU0lI", 1)
    }),
    ("a word after it", "certificate-signature", |m| m.blob = |b| format!("{b}word\n")),
    ("another block after it", "certificate-signature", |m| {
        m.blob = |b| format!("{b}{}", &b[b.find("-----BEGIN").expect("a signature")..]);
    }),
    ("no last line feed", "certificate-signature", |m| m.blob = |b| b.trim_end().to_owned()),
    ("another version", "certificate-malformed", |m| m.text = |t| t.replace("0.1", "0.2")),
    ("no pusher", "certificate-malformed", |m| m.text = |t| t.replacen("pusher ", "pushed ", 1)),
    ("no pushee", "certificate-malformed", |m| m.text = |t| t.replacen("pushee ", "pushed ", 1)),
    ("no nonce", "certificate-malformed", |m| m.text = |t| t.replacen("nonce ", "nonse ", 1)),
    ("two nonces", "certificate-malformed", |m| {
        m.text = |t| t.replacen("\n\n", "\nnonce 1-00\n\n", 1);
    }),
    ("another header", "certificate-malformed", |m| {
        m.text = |t| t.replacen("\n\n", "\nx y\n\n", 1)
    }),
    ("no empty line", "certificate-malformed", |m| m.text = |t| t.replacen("\n\n", "\n", 1)),
    ("line feeds of Windows", "certificate-malformed", |m| m.text = |t| t.replace('\n', "\r\n")),
    ("a NUL", "certificate-malformed", |m| m.text = |t| t.replacen("pusher", "pusher\0", 1)),
    ("Mallory's key", "certificate-key-unknown", |m| m.key = key("mallory")),
    ("Kim's revoked key", "certificate-key-invalid", |m| m.key = key("kim-revoked")),
    ("Kim's old key", "certificate-key-invalid", |m| m.key = key("kim-old")),
    ("Kim's coming key", "certificate-key-invalid", |m| m.key = key("kim-new")),
    ("another seed", "certificate-nonce", |m| m.seed.push('x')),
    ("no seed", "certificate-nonce", |m| m.seed.clear()),
    ("another path", "certificate-nonce", |m| m.path.push('x')),
    ("another time", "certificate-nonce", |m| m.text = |t| t.replacen("nonce 1", "nonce 2", 1)),
    ("a cut code", "certificate-nonce", |m| {
        m.text = |t| {
            let (head, rest) = t.split_once("\n\n").expect("a head");
            format!("{}\n\n{rest}", &head[..head.len() - 2])
        };
    }),
    ("more after the code", "certificate-nonce", |m| m.around.1 = "00"),
    ("a word after the code", "certificate-nonce", |m| m.around.1 = "x"),
    ("a signed time", "certificate-nonce", |m| m.around.0 = "+"),
    ("the other hash", "certificate-nonce", |m| {
        let is_short = m.hash == hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY;
        m.hash = if is_short { hmac::HMAC_SHA256 } else { hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY };
    }),
    ("an hour old", "certificate-expired", |m| m.age = 3_660),
    ("a day old", "certificate-expired", |m| m.age = 86_400),
    ("of 1970", "certificate-expired", |m| m.age = 1_700_000_000),
    ("of tomorrow", "certificate-future", |m| m.age = -86_400),
    ("of the next minute", "certificate-future", |m| m.age = -60),
    ("another repository's URL", "certificate-repository", |m| {
        m.pushee = m.pushee.replace("api.git", "other.git");
    }),
    ("a URL that ends alike", "certificate-repository", |m| m.pushee = "host:x/api.git".to_owned()),
    ("a URL that goes up", "certificate-repository", |m| {
        m.pushee = "host:x/../payments/api.git".to_owned();
    }),
    ("a URL of nothing", "certificate-repository", |m| m.pushee.clear()),
    ("another ref", "certificate-updates", |m| {
        m.updates[0] = m.updates[0].replace("main", "other")
    }),
    ("a ref more", "certificate-updates", |m| {
        let more = m.updates[0].replace("main", "other");
        m.updates.push(more);
    }),
    ("a ref less", "certificate-updates", |m| {
        let more = m.refspecs[0].replace("main", "other");
        m.refspecs.push(more);
    }),
    ("the ref twice", "certificate-updates", |m| m.updates.push(m.updates[0].clone())),
    ("no ref", "certificate-updates", |m| m.updates.clear()),
    ("the other way round", "certificate-updates", |m| {
        let words: Vec<_> = m.updates[0].split(' ').collect();
        m.updates[0] = [words[1], words[0], words[2]].join(" ");
    }),
    ("a creation", "certificate-updates", |m| {
        let old = m.updates[0].split(' ').next().expect("an id").to_owned();
        m.updates[0] = m.updates[0].replace(&old, &"0".repeat(old.len()));
    }),
    ("a deletion", "certificate-updates", |m| {
        let new = m.updates[0].split(' ').nth(1).expect("an id").to_owned();
        m.updates[0] = m.updates[0].replace(&new, &"0".repeat(new.len()));
    }),
    ("half a line", "certificate-updates", |m| m.text = |t| t.replace(" refs/heads/main", "")),
    ("an option more", "certificate-options", |m| m.options.push("x".to_owned())),
    ("an empty option more", "certificate-options", |m| m.options.push(String::new())),
];

/// The same with a change that a good one may have.
const GOOD: &[Row] = &[
    ("as git makes it", "", |_| {}),
    ("almost an hour old", "", |m| m.age = 3_400),
    ("with Kim's second key", "", |m| m.key = key_of("kim", "ecdsa", "256")),
    ("with Kim's third key", "", |m| m.key = key_of("kim", "rsa", "2048")),
    ("over HTTP", "", |m| {
        m.pushee = "https://git.example.com/git/payments/api.git/".to_owned();
        m.path = ".".to_owned();
    }),
    ("over ssh from home", "", |m| {
        m.pushee = "git@git.example.com:payments/api.git".to_owned();
        m.path = "payments/api.git".to_owned();
    }),
    ("over ssh from another's home", "", |m| {
        m.pushee = "ssh://git.example.com/~git/payments/api".to_owned();
        m.path = "~git/payments/api".to_owned();
    }),
    ("over ssh with percent signs", "", |m| {
        m.pushee = format!("ssh://host{}", m.pushee.replace("api", "a%70i"));
    }),
];

fn refuses_all(format: &str) {
    let world = world(format, CODES);
    world.repository_of("payments/other", format);
    let kim = world.clone("kim");
    kim.commit(human("Plain\n").file("a", "a\n"));
    for (what, code, change) in BAD {
        let mut made = Made::of(&kim);
        change(&mut made);
        let result = made.push(&kim);
        assert!(!result.ok, "{what} is taken:\n{}", result.all);
        result.rejected();
        assert_eq!(codes(&result), [*code], "{what}\n{}", result.all);
    }
    for (what, _, change) in GOOD {
        kim.commit(human(format!("{what}\n")).file("b", what));
        let mut made = Made::of(&kim);
        change(&mut made);
        let result = made.push(&kim);
        assert!(result.ok, "{what}\n{}", result.all);
        result.lands(&[MAIN]);
        assert_eq!(codes(&result), Vec::<String>::new(), "{what}");
        kim.fetch();
    }
}

#[test]
fn forged_certificates() {
    refuses_all("sha1");
}

#[test]
fn forged_certificates_in_a_repository_of_sha256() {
    refuses_all("sha256");
}

/// What the settings say counts.
#[test]
fn how_long_and_how_large() {
    let tail = format!("certificate_age = \"2m\"\n[limits]\ncertificate_bytes = 2000\n{CODES}");
    let world = world("sha1", &tail);
    let kim = world.clone("kim");
    kim.commit(human("Plain\n").file("a", "a\n"));
    let mut made = Made::of(&kim);
    made.age = 130;
    let result = made.push(&kim);
    result.rejected_with("the push certificate is 13").says("raise certificate_age");
    assert_eq!(codes(&result), ["certificate-expired"]);
    let mut made = Made::of(&kim);
    made.options.push("x".repeat(2_000));
    let result = made.push(&kim);
    result.rejected_with("could not finish: the push certificate has");
    result.says("an admin can raise certificate_bytes under [limits]");
    assert_eq!(codes(&result), ["limit-certificate-bytes"]);
    let mut made = Made::of(&kim);
    made.age = 90;
    made.push(&kim).lands(&[MAIN]);
}
