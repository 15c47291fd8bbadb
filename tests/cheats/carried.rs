//! Push certificates over each transport: what git makes of a nonce there, what a client can
//! set besides, and which server a URL names.

use super::certificates::{kept, signed, signing};
use super::forged::{CODES, Made, SECRET, SEED, codes, world};
use crate::support::clone::path_text;
use crate::support::http::HttpServer;
use crate::support::run::run;
use crate::support::sshd::Sshd;
use crate::support::{API, Clone, MAIN, World, human};

/// What over HTTP ties a certificate to its repository is the seed and the whole URL: git
/// computes the nonce of `.` for all of them.
#[test]
fn with_a_certificate_over_http_for_another_repository() {
    let world = world("sha1", CODES);
    let server = HttpServer::start(&world);
    let kim = over_http(&world, &server, "kim", API);
    let before = kim.rev("origin/main");
    let id = kim.commit(human("Plain\n").file("a", "a\n"));
    kim.push_main().lands(&[MAIN]);
    let [certificate] = kept(&world, &kim).try_into().expect("one certificate");
    let blob = world.git_in(&kim.bare, &["cat-file", "blob", &certificate]) + "\n";
    // A seed of its own, a copied one in a repository whose name is the end of the other's,
    // and again the same repository.
    for (name, seed, code) in [
        ("fork/payments/api", SECRET.repeat(2), "certificate-repository"),
        ("api", SECRET.to_owned(), "certificate-repository"),
        ("gone/payments/api", SECRET.repeat(2), "certificate-nonce"),
        ("gone/payments/api", SECRET.to_owned(), ""),
    ] {
        // The name of a repository that is gone leads elsewhere.
        let home = match name.strip_prefix("gone/") {
            Some(_) if !world.bare(name).exists() => {
                std::fs::create_dir_all(world.path("root/gone/payments")).expect("a folder");
                std::fs::rename(world.bare(API), world.bare(name)).expect("a move");
                world.repository(API)
            }
            Some(name) => world.bare(name),
            None => world.repository(name),
        };
        world.git_in(&home, &["config", SEED, &seed]);
        world.git_in(&home, &["fetch", "-q", &path_text(&kim.dir), &id]);
        world.git_in(&home, &["update-ref", MAIN, &before]);
        let mut store = world.command("git");
        store.current_dir(&home).args(["hash-object", "-w", "--stdin"]);
        let copy = run(&mut store, blob.as_bytes()).line();
        assert_eq!(copy, certificate);
        let mallory = world.clone_from("mallory", &path_text(&home), home);
        mallory.take(&kim, "main");
        mallory.set_env("GIT_PUSH_CERT", &copy);
        let result = mallory.push(&[&format!("{id}:{MAIN}")]);
        match code {
            "" => drop(result.lands(&[MAIN])),
            code => assert_eq!(codes(&result), [code], "{name}\n{}", result.all),
        }
    }
}

fn over_http<'w>(
    world: &'w World,
    server: &HttpServer,
    person: &str,
    repository: &str,
) -> Clone<'w> {
    let url = server.url(person, repository);
    signed(world.clone_from(person, &url, world.bare(repository)), person)
}

/// Every way that git computes a nonce: one story each.
#[test]
fn over_every_transport() {
    for format in ["sha1", "sha256"] {
        let world = world(format, CODES);
        let http = HttpServer::start(&world);
        let sshd = Sshd::start(&world, &["kim"]);
        let bare = path_text(&world.bare(API));
        let ssh = sshd.url(&world.bare(API));
        let (user, _) = ssh.split_once(':').expect("a user and a host");
        let port = sshd.port();
        for url in [
            bare.clone(),
            bare.trim_end_matches(".git").to_owned(),
            format!("file://{bare}"),
            http.url("kim", API),
            ssh.clone(),
            format!("{ssh}/"),
            format!("ssh://{user}:{port}{bare}"),
            format!("ssh://{user}:{port}{}", bare.replace("api", "%61pi")),
        ] {
            let kim = signing(&world, "kim", "kim");
            kim.git(&["config", "core.sshCommand", &sshd.client(&world, "kim")]);
            kim.git(&["remote", "set-url", "origin", &url]);
            kim.fetch();
            kim.git(&["reset", "-q", "--hard", "origin/main"]);
            kim.commit(human(format!("By {url}\n")).file("a", &url));
            kim.push_main().lands(&[MAIN]);
        }
    }
}

/// Through a real sshd that takes whatever a client sends.
#[test]
fn with_variables_through_a_real_sshd() {
    let world = world("sha1", CODES);
    let sshd = Sshd::accepting(&world, &["kim", "mallory"], "*");
    let over_ssh = |clone: &Clone<'_>, person: &str, variables: &str| {
        let sent = format!("{} -o SetEnv='{variables}'", sshd.client(&world, person));
        clone.set_env("GIT_SSH_COMMAND", &sent);
        clone.git(&["remote", "set-url", "origin", &sshd.url(&clone.bare)]);
    };
    let kim = signing(&world, "kim", "kim");
    over_ssh(&kim, "kim", "X=y");
    kim.commit(human("Plain\n").file("a", "a\n"));
    kim.push_main().lands(&[MAIN]);
    let [certificate] = kept(&world, &kim).try_into().expect("one certificate");
    let statuses = "GIT_PUSH_CERT_STATUS=G GIT_PUSH_CERT_SIGNER=kim GIT_PUSH_CERT_NONCE_STATUS=OK";
    let config = |key: &str, value: &str| {
        format!("GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0={key} GIT_CONFIG_VALUE_0={value}")
    };
    // Nothing but words; Kim's certificate for another push; without a certificate.
    for (variables, code) in [
        (format!("GIT_PUSH_CERT=x {statuses}"), "certificate-missing"),
        (format!("GIT_PUSH_CERT={certificate} {statuses}"), "certificate-updates"),
        (config("gpg.ssh.allowedSignersFile", "/dev/null"), "certificate-missing"),
    ] {
        let mallory = world.clone("mallory");
        over_ssh(&mallory, "mallory", &variables);
        mallory.commit(human("Mine\n").file("b", "b\n"));
        let result = mallory.push_main();
        result.rejected();
        assert_eq!(codes(&result), [code], "{variables}\n{}", result.all);
    }
    // A seed of one's own makes git's nonces one's own, and none that counts.
    let variables = config(SEED, &SECRET.to_uppercase());
    let mallory = signing(&world, "mallory", "kim");
    over_ssh(&mallory, "mallory", &variables);
    mallory.commit(human("Mine\n").file("b", "b\n"));
    let result = mallory.push_main();
    result.rejected_with("nonce is not one");
    assert_eq!(codes(&result), ["certificate-nonce"]);
    // Words around a good certificate change nothing, nor does a name from the transport.
    let words =
        format!("GIT_PUSH_CERT=x {statuses} COUNTERSIGN_PUSHER=mallory GIT_PUSH_OPTION_COUNT=7");
    let kim = signing(&world, "kim", "kim");
    over_ssh(&kim, "kim", &words);
    kim.commit(human("More\n").file("c", "c\n"));
    kim.push_main().lands(&[MAIN]);
}

/// A server of another name may hand on a nonce of this one; the URL tells.
#[test]
fn with_a_certificate_for_another_server() {
    let world = world("sha1", &format!("hosts = [\"127.0.0.1\", \"git.example.com\"]\n{CODES}"));
    let server = HttpServer::start(&world);
    let kim = signed(world.clone_from("kim", &server.url("kim", API), world.bare(API)), "kim");
    kim.commit(human("Plain\n").file("a", "a\n"));
    kim.push_main().lands(&[MAIN]);
    // Over HTTP a client sets no variable; over a local path it does.
    kim.git(&["remote", "set-url", "origin", &path_text(&kim.bare)]);
    kim.fetch();
    kim.commit(human("More\n").file("b", "b\n"));
    for pushee in [
        "https://mallory.example.com/payments/api.git",
        "https://git.example.com@mallory.example.com/payments/api.git",
        "https://git.example.com.mallory.example.com/payments/api.git",
        "mallory.example.com:payments/api.git",
        "payments/api.git",
        &path_text(&kim.bare),
    ] {
        let mut made = Made::of(&kim);
        made.pushee = pushee.to_owned();
        let result = made.push(&kim);
        result.rejected_with("push by a URL with the host 127.0.0.1 or git.example.com");
        assert_eq!(codes(&result), ["certificate-host"], "{pushee}");
    }
    let mut made = Made::of(&kim);
    made.pushee = "ssh://kim@Git.Example.com:2222/payments/api.git".to_owned();
    made.push(&kim).lands(&[MAIN]);
}
