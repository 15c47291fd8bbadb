//! The contract, and what is PostgreSQL's own.

mod append_only;
pub(crate) mod cluster;
mod many;
mod opening;

use self::cluster::Cluster;
use super::{Options, open};
use crate::store::Store;
use crate::store::contract::{run, store_contract};

store_contract!(fresh);

fn fresh(body: impl AsyncFnOnce(&dyn Store)) {
    let cluster = Cluster::start();
    run(async { body(&open(&cluster.url(), Options::default()).await.expect("a store")).await });
}

#[test]
fn tokens_live_once() {
    let cluster = Cluster::start();
    run(async {
        let store = open(&cluster.url(), Options::default()).await.expect("a store");
        crate::store::contract::tokens_live_once(&store).await;
    });
}

#[test]
fn sessions_come_and_go() {
    let cluster = Cluster::start();
    run(async {
        let store = open(&cluster.url(), Options::default()).await.expect("a store");
        crate::store::contract::sessions_come_and_go(&store).await;
    });
}
