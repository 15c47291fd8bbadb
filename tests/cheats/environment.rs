//! A client that reaches into the server's environment (G2, G22). `--receive-pack` stands
//! for a broad `AcceptEnv`: over a local path it sets variables on the server's side.

use crate::support::clone::path_text;
use crate::support::sshd::Sshd;
use crate::support::{Clone, Draft, MAIN, NEEDS, PushResult, World, ai, human};

/// Pushes to main with these variables set for receive-pack and its hooks.
#[track_caller]
fn push(clone: &Clone<'_>, variables: &[(&str, &str)]) -> PushResult {
    let list: String = variables.iter().map(|(n, v)| format!("'{n}={v}' ")).collect();
    let program = format!("--receive-pack=env {list}git-receive-pack");
    clone.push_with(&[&program], &["HEAD:refs/heads/main"])
}

#[test]
fn alternates_that_a_client_names() {
    let world = World::new();
    let kim = world.clone("kim");
    let plain = kim.commit(human("Plain\n").file("a", "a\n"));
    let objects = path_text(&kim.dir.join(".git/objects"));
    push(&kim, &[("GIT_ALTERNATE_OBJECT_DIRECTORIES", &objects)]).refused();
    assert_ne!(world.tip(&kim.bare, MAIN).as_deref(), Some(plain.as_str()));
    push(&kim, &[("HARMLESS", &objects)]).lands(&[MAIN]);
}

/// Variables that would show the gate other history than git's: they change nothing.
#[test]
fn variables_that_bend_history() {
    let world = World::new();
    let kim = world.clone("kim");
    let base = kim.head();
    let marked = kim.commit(ai("Marked").file("a", "a\n"));
    let grafts = world.path("grafts");
    std::fs::write(&grafts, format!("{marked}\n")).expect("a file");
    let shallow = world.path("shallow");
    std::fs::write(&shallow, format!("{marked}\n")).expect("a file");
    let config = world.path("evil.toml");
    std::fs::write(&config, "policy = \"/dev/null\"\n").expect("a file");
    let (grafts, shallow, config) = (path_text(&grafts), path_text(&shallow), path_text(&config));
    for variables in [
        &[("GIT_GRAFT_FILE", grafts.as_str())][..],
        &[("GIT_SHALLOW_FILE", &shallow)],
        &[("GIT_REPLACE_REF_BASE", "refs/heads/")],
        &[("GIT_NO_REPLACE_OBJECTS", "1")],
        &[("GIT_CEILING_DIRECTORIES", "/")],
        &[("GIT_DISCOVERY_ACROSS_FILESYSTEM", "1")],
        &[("GIT_INDEX_FILE", "/dev/null")],
        &[("GIT_WORK_TREE", "/tmp")],
        &[("GIT_PREFIX", "x/")],
        &[("GIT_QUARANTINE_PATH", "/tmp")],
        &[("COUNTERSIGN_CONFIG", &config)],
        &[("COUNTERSIGN_POLICY", &config)],
        &[("COUNTERSIGN_MODE", "warn")],
        &[("COUNTERSIGN_SKIP", "1")],
        &[("XDG_CONFIG_HOME", "/tmp")],
        &[("HOME", "/nonexistent")],
        &[("TMPDIR", "/nonexistent")],
        &[("RUST_LOG", "trace"), ("RUST_BACKTRACE", "full")],
        &[("NO_COLOR", ""), ("TERM", "xterm"), ("CLICOLOR_FORCE", "1")],
        &[("GIT_PUSH_OPTION_COUNT", "1"), ("GIT_PUSH_OPTION_0", "countersign.skip")],
        &[("GIT_PUSH_CERT_STATUS", "G"), ("GIT_PUSH_CERT_SIGNER", "ghopper")],
        &[("REMOTE_USER", "ghopper"), ("GL_USER", "ghopper"), ("GL_USERNAME", "ghopper")],
        &[("LD_LIBRARY_PATH", "/nonexistent")],
        &[("GIT_TRACE", "1"), ("GIT_TRACE2", "1")],
    ] {
        let result = push(&kim, variables);
        assert!(!result.ok, "{variables:?} let it in:\n{}", result.all);
        assert_eq!(result.landed(), Vec::<String>::new(), "{variables:?}\n{}", result.all);
        assert_eq!(world.tip(&kim.bare, MAIN).as_deref(), Some(base.as_str()));
    }
}

/// The same variables around plain work do no harm.
#[test]
fn harmless_variables_stop_nobody() {
    let world = World::new();
    let kim = world.clone("kim");
    for (n, variables) in [
        &[("LC_ALL", "de_DE.UTF-8"), ("LANG", "de_DE.UTF-8")][..],
        &[("HOME", "/nonexistent")],
        &[("RUST_BACKTRACE", "full")],
        &[("GIT_TERMINAL_PROMPT", "0")],
        &[("GIT_PROTOCOL", "version=2")],
        &[("TERM", "xterm-256color")],
    ]
    .into_iter()
    .enumerate()
    {
        kim.commit(human(format!("Plain {n}\n")).file("a", format!("{n}\n")));
        push(&kim, variables).lands(&[MAIN]);
    }
}

/// The runtime sizes the stacks of threads by a variable: no client may size the gate's. Too
/// large and no thread starts, too small and it overflows.
#[test]
fn stacks_that_a_client_sizes() {
    let world = World::new();
    let kim = world.clone("kim");
    for (n, size) in
        ["0", "1", "40000", "1000000000000000", "18446744073709551615", "x"].into_iter().enumerate()
    {
        let variables = [("RUST_MIN_STACK", size)];
        let marked = kim.commit(ai("Marked").file("a", format!("{n} by an agent\n")));
        push(&kim, &variables).rejected_with(NEEDS);
        kim.git(&["reset", "-q", "--hard", "HEAD~1"]);
        kim.deliver(&[&Draft::approve().commit(&kim, &marked).sign("ghopper")]);
        kim.commit(human(format!("Plain {n}\n")).file("b", format!("{n}\n")));
        push(&kim, &variables).lands(&[MAIN]);
        kim.git(&["merge", "-q", "--ff-only", "origin/main"]);
    }
}

/// A real sshd that takes whatever a client sends (`AcceptEnv *`). Each row is sent with a
/// marked commit, which must not land, and the same variables with plain work: git may refuse
/// them, the gate must not break.
#[test]
fn variables_through_a_real_sshd() {
    let world = World::new();
    let sshd = Sshd::accepting(&world, &["kim"], "*");
    let kim = world.clone("kim");
    kim.git(&["remote", "set-url", "origin", &sshd.url(&kim.bare)]);
    let base = kim.head();
    let marked = kim.commit(ai("Marked").file("a", "a\n"));
    let folder = world.path("sent");
    std::fs::create_dir(&folder).expect("a folder");
    let file = |name: &str, text: &str| {
        let path = folder.join(name);
        std::fs::write(&path, text).expect("a file");
        path_text(&path)
    };
    let objects = path_text(&kim.dir.join(".git/objects"));
    let git_dir = path_text(&kim.dir.join(".git"));
    let grafts = file("grafts", &format!("{marked}\n"));
    let config =
        file("config", "[core]\n\thooksPath = /dev/null\n[transfer]\n\tfsckObjects = false\n");
    let trace = path_text(&folder.join("trace"));
    let nowhere = "/nonexistent";
    let rows: &[&[(&str, &str)]] = &[
        &[("COUNTERSIGN_PUSHER", "ghopper")],
        &[("COUNTERSIGN_CONFIG", &config), ("COUNTERSIGN_MODE", "observe")],
        &[("REMOTE_USER", "ghopper"), ("GL_USER", "ghopper"), ("GL_ID", "user-1")],
        &[("SSH_USER_AUTH", &config), ("GITEA_PUSHER_NAME", "ghopper")],
        &[("GIT_DIR", &git_dir)],
        &[("GIT_COMMON_DIR", &git_dir)],
        &[("GIT_OBJECT_DIRECTORY", &objects)],
        &[("GIT_ALTERNATE_OBJECT_DIRECTORIES", &objects)],
        &[("GIT_QUARANTINE_PATH", &objects)],
        &[("GIT_NAMESPACE", "elsewhere")],
        &[("GIT_GRAFT_FILE", &grafts)],
        &[("GIT_SHALLOW_FILE", &grafts)],
        &[("GIT_REPLACE_REF_BASE", "refs/heads/")],
        &[("GIT_ATTR_SOURCE", "HEAD")],
        &[("GIT_DEFAULT_HASH", "sha256"), ("GIT_DEFAULT_REF_FORMAT", "reftable")],
        &[("GIT_CEILING_DIRECTORIES", "/")],
        &[("GIT_EXEC_PATH", nowhere)],
        &[("GIT_TRACE", &trace), ("GIT_TRACE2_EVENT", &trace), ("GIT_TRACE_PACKET", &trace)],
        &[("GIT_PUSH_CERT", &marked), ("GIT_PUSH_CERT_STATUS", "G")],
        &[("GIT_PUSH_OPTION_COUNT", "1"), ("GIT_PUSH_OPTION_0", "skip")],
        &[("GIT_TEST_GETTEXT_POISON", "1"), ("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")],
        &[("XDG_CONFIG_HOME", nowhere), ("HOME", nowhere)],
        &[("TMPDIR", nowhere), ("SQLITE_TMPDIR", nowhere)],
        &[("TZ", "Mars/Olympus"), ("LC_ALL", "xx_XX.UTF-99"), ("LANG", "\u{202e}")],
        &[("RUST_LOG", "trace"), ("RUST_BACKTRACE", "full"), ("TERM", "\u{1b}[2J")],
        &[("BASH_ENV", &config), ("ENV", &config)],
        &[("RUST_MIN_STACK", "1")],
        &[("RUST_MIN_STACK", "1000000000000000")],
        &[("GLIBC_TUNABLES", "glibc.malloc.check=3"), ("MALLOC_ARENA_MAX", "1")],
    ];
    for variables in rows {
        let set: Vec<_> = variables.iter().map(|(n, v)| format!("{n}={v}")).collect();
        // One option holds them all; ssh takes the first alone.
        let sent = format!("{} -o SetEnv='{}'", sshd.client(&world, "kim"), set.join(" "));
        kim.set_env("GIT_SSH_COMMAND", &sent);
        let result = kim.push(&[&format!("{marked}:{MAIN}")]);
        assert!(!result.ok, "{variables:?} let it in:\n{}", result.all);
        assert_eq!(world.tip(&kim.bare, MAIN).as_deref(), Some(base.as_str()), "{variables:?}");
        result.keeps_quiet_about("stopped on a bug").keeps_quiet_about("panicked");
    }
    // The table would prove nothing if these did not reach the hook.
    kim.set_env(
        "GIT_SSH_COMMAND",
        &format!("{} -o SetEnv=GIT_NAMESPACE=x", sshd.client(&world, "kim")),
    );
    kim.push(&[&format!("{marked}:{MAIN}")]).says("namespace");
    kim.set_env("GIT_SSH_COMMAND", &sshd.client(&world, "kim"));
    kim.amend(human("Plain\n").file("a", "a\n"));
    for variables in [
        "COUNTERSIGN_PUSHER=ghopper",
        "TZ=Mars/Olympus",
        "RUST_LOG=trace",
        "RUST_MIN_STACK=1",
        "GIT_PUSH_CERT=x",
    ] {
        let sent = format!("{} -o SetEnv={variables}", sshd.client(&world, "kim"));
        kim.set_env("GIT_SSH_COMMAND", &sent);
        kim.commit(human(format!("{variables}\n")).file("b", variables));
        kim.push_main().lands(&[MAIN]);
    }
}

/// The forced command of `hooks/README.md` behind a sshd that takes everything: git and the hook
/// get the variables that it names, and git's own.
#[test]
fn nothing_comes_through_a_sealed_forced_command() {
    let world = World::new();
    let sshd = Sshd::sealed(&world, &["kim"]);
    let kim = world.clone("kim");
    kim.git(&["remote", "set-url", "origin", &sshd.url(&kim.bare)]);
    let seen = path_text(&world.path("seen"));
    let script = format!("env | sed 's/=.*//' | sort > '{seen}'\n{}", world.shim("pre-receive"));
    world.install_shim(&kim.bare, "pre-receive", &script);
    let send = |variables: &str| {
        let sent = format!("{} -o SetEnv='{variables}'", sshd.client(&world, "kim"));
        kim.set_env("GIT_SSH_COMMAND", &sent);
    };
    kim.commit(human("Plain\n").file("b", "b\n"));
    send(
        "GIT_PUSH_CERT=x GIT_PUSH_OPTION_COUNT=1 GIT_NAMESPACE=x RUST_MIN_STACK=1 RUST_LOG=trace \
         COUNTERSIGN_PUSHER=ghopper REMOTE_USER=ghopper TZ=Mars GIT_TRACE=1 LC_ALL=x X=y",
    );
    kim.push_main().lands(&[MAIN]);
    let seen = std::fs::read_to_string(seen).expect("a list");
    let named = ["PATH", "HOME", "COUNTERSIGN_PUSHER", "GIT_CONFIG_NOSYSTEM", "GIT_CONFIG_GLOBAL"];
    let gits = [
        "GIT_DIR",
        "GIT_EXEC_PATH",
        "GIT_OBJECT_DIRECTORY",
        "GIT_QUARANTINE_PATH",
        "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        "GIT_PUSH_OPTION_COUNT",
    ];
    let shells = ["PWD", "OLDPWD", "SHLVL", "_"];
    let known = [&named[..], &gits, &shells].concat();
    let foreign: Vec<_> = seen.lines().filter(|name| !known.contains(name)).collect();
    assert!(foreign.is_empty(), "{foreign:?}");
    assert!(named.iter().all(|name| seen.lines().any(|line| line == *name)), "{seen}");
    // Git itself takes no configuration that switches the hook off.
    send("GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=core.hooksPath GIT_CONFIG_VALUE_0=/dev/null");
    kim.commit(ai("Marked").file("a", "a\n"));
    kim.push_main().rejected_with(NEEDS);
}

/// A namespace moves refs out of sight of rules that gate full names.
#[test]
fn namespace() {
    let world = World::new();
    let kim = world.clone("kim");
    kim.commit(ai("Marked").file("a", "a\n"));
    push(&kim, &[("GIT_NAMESPACE", "elsewhere")]).refused();
    kim.amend(human("Plain\n").file("a", "a\n"));
    push(&kim, &[]).lands(&[MAIN]);
}

/// The hook started by hand in odd circumstances says no and does not fall over.
#[test]
fn hook_started_by_hand() {
    let world = World::new();
    let kim = world.clone("kim");
    let id = kim.commit(ai("Marked").file("a", "a\n"));
    let base = kim.rev("origin/main");
    kim.push(&["HEAD:refs/heads/topic"]).accepted();
    let zero = "0".repeat(40);
    for stdin in [
        format!("{base} {id} {MAIN}"),
        format!("{base} {id} {MAIN}\r\n"),
        format!("{base} {id}\n"),
        format!("{base}  {id} {MAIN}\n"),
        format!("{id} {MAIN}\n"),
        format!("{base} {} {MAIN}\n", &id[..39]),
        format!("{base} {} {MAIN}\n", id.to_uppercase()),
        format!("{base} {} {MAIN}\n", "f".repeat(40)),
        format!("{} {id} {MAIN}\n", "f".repeat(40)),
        format!("{base} {} {MAIN}\n", "f".repeat(64)),
        format!("{base} {id} {MAIN}\n\n"),
        format!("{base} {id} {MAIN}\n{base} {id} {MAIN}\n"),
        format!("{zero} {zero} {MAIN}\n"),
        format!("{base} {id} {MAIN}\0\n"),
        "\n".to_owned(),
        format!("{base} {id} \n"),
        format!("{base} {id} {}\n", "x".repeat(5_000)),
    ] {
        let output = world.hook(&kim.bare, "pre-receive", "kim", stdin.as_bytes());
        output.exits(1).keeps_quiet_about("panicked");
    }
    // Said rightly, what is on main already is nothing new.
    let stdin = format!("{zero} {base} refs/heads/release/1\n");
    world.hook(&kim.bare, "pre-receive", "kim", stdin.as_bytes()).exits(0);
    let stdin = format!("{base} {id} refs/heads/other\n");
    world.hook(&kim.bare, "pre-receive", "kim", stdin.as_bytes()).exits(0);
    let stdin = format!("{base} {id} {MAIN}\n");
    world.hook(&kim.bare, "pre-receive", "kim", stdin.as_bytes()).exits(1).says(NEEDS);
}

#[test]
fn hook_given_nothing_has_nothing_to_say() {
    let world = World::new();
    let kim = world.clone("kim");
    let output = world.hook(&kim.bare, "pre-receive", "kim", b"");
    // git never calls it so: no ref is no push.
    assert!(matches!(output.code, Some(0 | 1)), "{}", output.all());
    output.keeps_quiet_about("panicked");
}
