//! Two servers on one PostgreSQL, a repository's hooks at each.

use std::fs;

use super::{Server, UNREACHABLE, WEB, ask};
use crate::postgres::cluster::Cluster;
use crate::support::{Draft, MAIN, NEEDS, World, ai, human};

/// Whichever dies, nothing that was confirmed is lost or doubled, pushes fail closed, and work
/// again by themselves.
#[test]
fn servers_share_what_they_know() {
    let mut cluster = Cluster::start();
    let world = World::new();
    let web = world.repository(WEB);
    let over = |name: &str| Server::over(&world, name, "127.0.0.1:0", &cluster.url(), "");
    let (mut one, two) = (over("one"), over("two"));
    let token = one.token("git", "**");
    one.answers(token.clone());
    // The hooks of the second repository ask the second server.
    let other = world.path("other.toml");
    let own = fs::read_to_string(world.config()).unwrap();
    fs::write(&other, own.replace(&one.address, &two.address)).unwrap();
    for hook in ["pre-receive", "post-receive"] {
        let config = |path: &std::path::Path| path.to_str().unwrap().to_owned();
        let script = world.shim(hook).replace(&config(&world.config()), &config(&other));
        world.install_shim(&web, hook, &script);
    }
    let text: String = (0..40).map(|n| format!("total_{n} = compute(rates[{n}], {n})\n")).collect();
    let (kim, grace) = (world.clone("kim"), world.clone("ghopper"));
    let id = kim.commit(ai("Add it").file("a.py", &text));
    kim.push_main().rejected_with(NEEDS);
    kim.push(&["HEAD:refs/heads/review/it"]).lands(&["refs/heads/review/it"]);
    grace.fetch();
    grace.deliver(&[&Draft::approve().commit(&grace, &id).sign("ghopper")]);
    one.end("KILL");
    kim.push_main().rejected_with(UNREACHABLE);
    // The other one goes on, and knows what the first was shown.
    let mallory = world.clone_of("mallory", WEB);
    mallory.commit(human("Mine\n").file("b.py", &text));
    mallory.push_main().rejected_with(NEEDS).says("another repository");
    mallory.git(&["reset", "-q", "--hard", "HEAD^"]);
    mallory.commit(human("Mine\n").file("b.py", "unrelated = true\n"));
    mallory.push_main().lands(&[MAIN]);
    // It has what the first one confirmed.
    ask(&world, &format!("http://{}", two.address), token);
    kim.push_main().lands(&[MAIN]).says("ghopper");
    cluster.crash();
    mallory.commit(ai("More").file("c.py", "more = True\n"));
    mallory.push_main().rejected_with(UNREACHABLE);
    cluster.up(&[]);
    mallory.push_main().rejected_with(NEEDS);
    assert_eq!(cluster.sql("SELECT count(*) FROM statements"), "1");
    assert_eq!(cluster.sql("SELECT count(*) FROM landings"), "2");
}
