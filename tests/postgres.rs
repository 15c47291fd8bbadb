//! The gate with its store in PostgreSQL: one database for several repositories.

#[path = "../src/store/postgres/tests/cluster.rs"]
pub(crate) mod cluster;

use self::cluster::Cluster;
use crate::support::world::Settings;
use crate::support::{API, Draft, MAIN, NEEDS, World, ai, human};
use crate::transports::story;

const WEB: &str = "payments/web";
const UNREACHABLE: &str = "sign-off store unreachable";

/// A world whose hooks ask this server.
fn world(cluster: &Cluster) -> World {
    let world = World::new();
    let database = Some(cluster.url());
    world.write_settings(&Settings { database, ..Settings::default() });
    world
}

#[test]
fn it_is_the_same_way_through_the_gate() {
    let cluster = Cluster::start();
    let world = world(&cluster);
    story(&world.clone("kim"), &world.clone("ghopper"));
    assert!(!world.store().exists(), "nothing is kept elsewhere");
    // What a clone says of the landed commit is proved by what the database gave out.
    let kim = world.clone("kim");
    kim.git(&["fetch", "-q", "origin", "refs/countersign/log:refs/countersign/log"]);
    kim.git(&["config", "countersign.repository", API]);
    kim.countersign(&["verify", "origin/main"]).exits(0);
}

/// What one repository showed is known in the other.
#[test]
fn several_repositories_share_a_memory() {
    let cluster = Cluster::start();
    let world = world(&cluster);
    world.repository(WEB);
    let text: String = (0..40).map(|n| format!("total_{n} = compute(rates[{n}], {n})\n")).collect();
    let kim = world.clone("kim");
    kim.commit(ai("Add it").file("a.py", &text));
    kim.push_main().rejected_with(NEEDS);
    let mallory = world.clone_of("mallory", WEB);
    mallory.commit(human("Mine\n").file("b.py", &text));
    mallory.push_main().rejected_with(NEEDS).says("another repository");
    mallory.git(&["reset", "-q", "--hard", "HEAD^"]);
    mallory.commit(human("Mine\n").file("b.py", "unrelated = true\n"));
    mallory.push_main().lands(&[MAIN]);
    assert_eq!(cluster.sql("SELECT count(DISTINCT repository) FROM decisions"), "2");
}

/// A database that is gone rejects what is gated and lets the rest through; nothing that was
/// confirmed is lost, and when it is back pushes work again by themselves.
#[test]
fn a_server_that_dies_closes_the_gate_until_it_is_back() {
    let mut cluster = Cluster::start();
    let world = world(&cluster);
    let (kim, grace) = (world.clone("kim"), world.clone("ghopper"));
    let id = kim.commit(ai("Add it").file("a", "a\n"));
    kim.push_main().rejected_with(NEEDS);
    kim.push(&["HEAD:refs/heads/review/it"]).lands(&["refs/heads/review/it"]);
    grace.fetch();
    grace.deliver(&[&Draft::approve().commit(&grace, &id).sign("ghopper")]);
    cluster.crash();
    kim.push_main().rejected_with(UNREACHABLE).says("not your fault");
    kim.push(&["HEAD:refs/heads/topic"]).lands(&["refs/heads/topic"]);
    cluster.up(&[]);
    kim.push_main().lands(&[MAIN]).says("ghopper");
    // An empty database in its place has forgotten everything, and is not taken for it.
    let other = Cluster::start();
    let database = Some(other.url());
    world.write_settings(&Settings { database, ..Settings::default() });
    kim.commit(human("Plain\n").file("plain", "x\n"));
    kim.push_main().rejected_with(UNREACHABLE);
    assert_eq!(other.sql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"), "0");
}
