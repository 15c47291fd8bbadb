use std::path::Path;
use std::time::Duration;

use super::*;

const EXAMPLE: &str = "config/countersign.example.toml";

fn parsed(text: &str) -> Result<Settings, Diagnostics> {
    parse("countersign.toml", Path::new("/etc/countersign"), text.as_bytes())
}

const SMALL: &str = "policy = \"policy.toml\"\nstore = \"sqlite:c.db\"\n\
    [repository]\nroot = \"/srv/git\"\n[identity]\nserver = \"env\"\n";

fn small() -> Settings {
    parsed(SMALL).unwrap_or_else(|d| panic!("{}", d.render(false)))
}

#[test]
fn the_example_is_in_order_and_shows_the_defaults() {
    let example = load(Path::new(EXAMPLE)).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(example.limits, Limits::default());
    assert_eq!(example.report, ReportSettings::default());
    assert_eq!(example.log, LogSettings::default());
    assert_eq!(example.repository.prefix, small().repository.prefix);
    assert_eq!(example.identity, small().identity);
    assert_eq!(example.identity.variable, "COUNTERSIGN_PUSHER");
    assert_eq!(example.policy, Path::new("/etc/countersign/policy.toml"));
    assert_eq!(example.store.secret(), "sqlite:///var/lib/countersign/countersign.db");
}

#[test]
fn the_example_names_every_key() {
    let example = std::fs::read_to_string(EXAMPLE).expect("the example");
    let sources = [
        include_str!("mod.rs"),
        include_str!("identity.rs"),
        include_str!("limits.rs"),
        include_str!("store.rs"),
    ];
    let keys = "policy store root prefix server variable unlisted new_commits refs stdin_bytes \
        ref_name_bytes commit_bytes changed_paths parents statement_bytes deliveries path_levels \
        merge_blob_bytes push_bytes time_budget machine_line ungated_hint publish_policy file level";
    for key in keys.split_whitespace() {
        assert!(example.contains(&format!("{key} ")), "{key} is not in the example");
        assert!(sources.iter().any(|s| s.contains(&format!("\"{key}\""))), "{key} is not read");
    }
}

#[test]
fn relative_paths_are_below_the_files_folder() {
    let settings = small();
    assert_eq!(settings.policy, Path::new("/etc/countersign/policy.toml"));
    assert_eq!(settings.store.file(), Some(Path::new("/etc/countersign/c.db")));
    assert_eq!(settings.store.secret(), "sqlite:///etc/countersign/c.db");
    assert_eq!(settings.repository.root.as_deref(), Some(Path::new("/srv/git")));
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("countersign.toml");
    std::fs::write(&file, SMALL).expect("written");
    let loaded = load(&file).expect("settings");
    assert_eq!(loaded.policy, folder.path().join("policy.toml"));
}

#[test]
fn every_mistake_has_its_code_and_line() {
    // What is put in place of what, and what is told where.
    let rows: &[(&str, &str, &str, usize)] = &[
        ("policy = \"policy.toml\"\n", "", "missing-key", 1),
        ("policy = \"policy.toml\"", "policy = \"\"", "bad-text", 1),
        ("policy = \"policy.toml\"", "policy = 1", "wrong-type", 1),
        ("policy =", "polcy =", "unknown-key", 1),
        ("store = \"sqlite:c.db\"\n", "", "missing-key", 1),
        ("sqlite:c.db", "unix:run/countersign.sock", "bad-store", 2),
        ("sqlite:c.db", "postgres:h/d", "bad-store", 2),
        ("sqlite:c.db", "postgres://u:pw@h", "bad-store", 2),
        ("sqlite:c.db", "postgres://u:pw@h/", "bad-store", 2),
        ("sqlite:c.db", "postgres:///d", "bad-store", 2),
        ("sqlite:c.db", "postgres://u@h/d?sslmode=disable&password=pw", "bad-store", 2),
        ("sqlite:c.db", "https://sign.example.com", "missing-token", 2),
        ("sqlite:c.db", "https://me:pw@sign.example.com", "bad-store", 2),
        ("sqlite:c.db", "http:/localhost", "bad-store", 2),
        ("sqlite:c.db\"", "sqlite:c.db\"\nstore_token = \"t\"", "token-of-none", 3),
        ("sqlite:c.db", "mysql:x", "unsupported-store", 2),
        ("sqlite:c.db", "c.db", "bad-store", 2),
        ("sqlite:c.db", "sqlite:", "bad-store", 2),
        ("sqlite:c.db", "sqlite://c.db", "bad-store", 2),
        ("sqlite:c.db", "sqlite::memory:", "bad-store", 2),
        ("sqlite:c.db", "sqlite:///a/?mode=ro", "bad-store", 2),
        ("sqlite:c.db", "sqlite:///var/lib/", "bad-store", 2),
        ("root = \"/srv/git\"\n", "", "missing-key", 3),
        ("[repository]\nroot = \"/srv/git\"\n", "", "missing-key", 1),
        ("root =", "rot =", "unknown-key", 4),
        ("server = \"env\"\n", "", "missing-key", 5),
        ("[identity]\nserver = \"env\"\n", "", "missing-key", 1),
        ("\"env\"", "\"envv\"", "unknown-value", 6),
        ("\"env\"", "\"gitea\"\nvariable = \"X\"", "variable-of-none", 7),
        ("\"env\"", "\"env\"\nvariable = \"GIT_PUSHER\"", "bad-variable", 7),
        ("\"env\"", "\"env\"\nvariable = \"LC_PUSHER\"", "bad-variable", 7),
        ("\"env\"", "\"env\"\nvariable = \"http_x_user\"", "bad-variable", 7),
        ("\"env\"", "\"env\"\nvariable = \"SSH_ORIGINAL_COMMAND\"", "bad-variable", 7),
        ("\"env\"", "\"env\"\nvariable = \"LANG\"", "bad-variable", 7),
        ("\"env\"", "\"env\"\nvariable = \"\"", "bad-variable", 7),
        ("\"env\"", "\"env\"\nvariable = \"A=B\"", "bad-variable", 7),
        ("\"env\"", "\"env\"\nunlisted = \"somebody\"", "unknown-value", 7),
        ("\"env\"", "\"env\"\ncertificate_age = \"1h\"", "certificates-of-none", 7),
        ("\"env\"", "\"push-certificate\"\ncertificate_age = \"25h\"", "bad-number", 7),
        ("\"env\"", "\"push-certificate\"\ncertificate_age = \"0s\"", "bad-duration", 7),
        ("\"env\"", "\"push-certificate\"\ncertificate_age = 60", "wrong-type", 7),
        ("\"env\"", "\"env\"\nhosts = [\"git.example.com\"]", "certificates-of-none", 7),
        ("\"env\"", "\"push-certificate\"\nhosts = []", "bad-text", 7),
        ("\"env\"", "\"push-certificate\"\nhosts = [\"\"]", "bad-text", 7),
        ("\"env\"", "\"push-certificate\"\nhosts = [\"git@example.com\"]", "bad-text", 7),
        ("\"env\"", "\"push-certificate\"\nhosts = [\"https://example.com\"]", "bad-text", 7),
        ("\"env\"", "\"push-certificate\"\nhosts = \"example.com\"", "wrong-type", 7),
        ("\"env\"", "\"push-certificate\"\nhosts = [1]", "wrong-type", 7),
        ("\"env\"", "\"env\"\n[limits]\ncertificate_bytes = 0", "bad-number", 8),
        ("\"env\"", "\"env\"\n[limits]\nrefs = 0", "bad-number", 8),
        ("\"env\"", "\"env\"\n[limits]\nrefs = -1", "bad-number", 8),
        ("\"env\"", "\"env\"\n[limits]\nrefs = 99999999999999999999", "bad-number", 8),
        ("\"env\"", "\"env\"\n[limits]\nrefs = 1.5", "wrong-type", 8),
        ("\"env\"", "\"env\"\n[limits]\ntime_budget = \"0s\"", "bad-duration", 8),
        ("\"env\"", "\"env\"\n[limits]\ntime_budget = \"2h\"", "bad-number", 8),
        ("\"env\"", "\"env\"\n[limits]\nrefz = 1", "unknown-key", 8),
        ("\"env\"", "\"env\"\n[report]\nmachine_line = 1", "wrong-type", 8),
        ("\"env\"", "\"env\"\n[log]\nlevel = \"loud\"", "unknown-value", 8),
        ("\"env\"", "\"env\"\n[log]\nfile = \"\"", "bad-text", 8),
        ("\"env\"", "\"env\"\n[logs]", "unknown-key", 7),
        ("\"env\"", "\"env", "syntax", 6),
    ];
    for (from, to, code, line) in rows {
        assert!(SMALL.contains(from), "{from}");
        let told = parsed(&SMALL.replacen(from, to, 1)).expect_err(to);
        let all: Vec<_> = told.iter().map(|d| (d.code, d.line)).collect();
        assert_eq!(all, [(*code, *line)], "{from} -> {to}\n{}", told.render(false));
        assert!(told.iter().all(|d| d.help.is_some()), "{to}");
    }
}

#[test]
fn what_is_set_is_read() {
    let text = SMALL
        .replace("\"env\"", "\"env\"\nvariable = \"REMOTE_USER\"\nunlisted = \"nobody\"")
        + "[limits]\nnew_commits = 7\ntime_budget = \"2m\"\nmerge_blob_bytes = 0x10\n\
           [report]\nmachine_line = true\nungated_hint = false\n\
           [log]\npublish_policy = false\nfile = \"c.log\"\nlevel = \"debug\"\n";
    let settings = parsed(&text).unwrap_or_else(|d| panic!("{}", d.render(false)));
    assert_eq!(settings.identity.variable, "REMOTE_USER");
    assert_eq!(settings.identity.unlisted, Unlisted::Nobody);
    assert_eq!(settings.identity.certificate_age, Duration::from_secs(3_600));
    let signed =
        "\"push-certificate\"\ncertificate_age = \"24h\"\nhosts = [\"Git.example.com\", \"::1\"]";
    let longest = parsed(&SMALL.replace("\"env\"", signed)).expect("settings");
    assert_eq!(longest.identity.certificate_age, Duration::from_secs(86_400));
    assert_eq!(longest.identity.hosts, ["git.example.com", "::1"]);
    assert_eq!(settings.limits.new_commits, 7);
    assert_eq!(settings.limits.merge_blob_bytes, 16);
    assert_eq!(settings.limits.time_budget, Duration::from_secs(120));
    assert_eq!(settings.limits.refs, Limits::default().refs);
    assert!(settings.report.machine_line && !settings.report.ungated_hint);
    assert!(!settings.log.publish_policy);
    assert_eq!(settings.log.file.as_deref(), Some(Path::new("/etc/countersign/c.log")));
    assert_eq!(settings.log.level, LogLevel::Debug);
}

#[test]
fn servers_that_name_their_repositories_need_no_root() {
    for kind in ["gitolite", "gitea", "forgejo", "gitlab", "github-enterprise", "bitbucket"] {
        let text =
            SMALL.replace("root = \"/srv/git\"\n", "").replace("\"env\"", &format!("\"{kind}\""));
        let settings = parsed(&text).unwrap_or_else(|d| panic!("{}", d.render(false)));
        assert_eq!(settings.identity.server.as_str(), kind);
    }
    for kind in ["ssh-user-auth", "http-backend", "push-certificate"] {
        let text =
            SMALL.replace("root = \"/srv/git\"\n", "").replace("\"env\"", &format!("\"{kind}\""));
        assert_eq!(
            parsed(&text).expect_err(kind).iter().map(|d| d.code).next(),
            Some("missing-key")
        );
    }
}

#[test]
fn a_password_is_never_shown() {
    let told = parsed(&SMALL.replace("sqlite:c.db", "postgres://me:hunter2@db")).expect_err("pw");
    let json = serde_json::to_string(&told).expect("json");
    for text in [told.render(false), told.render(true), format!("{told}"), json] {
        assert!(!text.contains("hunter2"), "{text}");
    }
    let url = "postgres://me:hunter2@db/x?sslmode=require";
    let store = parsed(&SMALL.replace("sqlite:c.db", url)).expect("settings").store;
    assert_eq!((store.secret(), store.file()), (url, None));
    assert_eq!(format!("{store} {store:?}").matches("me:*******@db").count(), 2, "{store}");
    let store = StoreUrl::sqlite("/a");
    assert_eq!(format!("{store} {store:?}"), "sqlite:///a sqlite:///a");
    assert_eq!(redacted("postgres://me:hunter2@db/x"), "postgres://me:*******@db/x");
}

use crate::diagnostics::redacted;

#[test]
fn no_file_and_too_large_a_file() {
    let missing = load(Path::new("/nowhere/countersign.toml"));
    assert!(matches!(missing, Err(SettingsError::Unreadable { .. })));
    let folder = load(Path::new("/"));
    assert!(matches!(folder, Err(SettingsError::Unreadable { .. })));
    let large = parse("f", Path::new("/"), &vec![b'#'; SETTINGS_BYTES + 1]).expect_err("large");
    assert_eq!(large.iter().map(|d| d.code).collect::<Vec<_>>(), ["file-too-large"]);
}

#[test]
fn no_bytes_make_it_panic() {
    let text = std::fs::read(EXAMPLE).expect("the example");
    for cut in 0..text.len() {
        let _ = parse("f", Path::new("/"), &text[..cut]).map_err(|d| d.render(false));
    }
}
