use super::*;
use std::time::Instant;
pub(crate) fn run<F: Future>(f: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(f)
}
fn sighting(i: u32) -> Sighting {
    let mut raw = [7; 20];
    raw[..4].copy_from_slice(&i.to_be_bytes());
    let mut d = [9; 32];
    d[..4].copy_from_slice(&i.to_be_bytes());
    Sighting {
        commit: ObjectId::from_raw(&raw).unwrap(),
        repository: RepositoryName::new("a/b"),
        first_pusher: None,
        at: Timestamp::now(),
        change: Some(ChangeDigest::from_raw(d)),
        paths: None,
        contributors: Default::default(),
        evidence: "line".into(),
    }
}
#[test]
fn measure() {
    let dir = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/x.db", dir.path().display());
    run(async {
        let t = Instant::now();
        let s = open(&url, Options::default()).await.unwrap();
        println!("create {:?}", t.elapsed());
        let all: Vec<_> = (0..20_000).map(sighting).collect();
        let t = Instant::now();
        s.see(&all, &[]).await.unwrap();
        println!("see 20000 new {:?}", t.elapsed());
        let t = Instant::now();
        s.see(&all, &[]).await.unwrap();
        println!("see 20000 known {:?}", t.elapsed());
        let t = Instant::now();
        let w = Wanted {
            commits: all.iter().map(|s| s.commit).collect(),
            changes: all.iter().filter_map(|s| s.change).collect(),
            paths: vec![],
        };
        s.statements_about(&RepositoryName::new("x"), &w).await.unwrap();
        println!("about 20000+20000, none {:?}", t.elapsed());
        Box::new(s).abandon().await;
    });
    for _ in 0..5 {
        let t = Instant::now();
        run(async {
            let s = open(&url, Options::default()).await.unwrap();
            let a = t.elapsed();
            s.sightings(&[sighting(3).commit], &[]).await.unwrap();
            let b = t.elapsed();
            s.see(&[sighting(99_999)], &[]).await.unwrap();
            println!("open {a:?} +query {b:?} see {:?}", t.elapsed());
            Box::new(s).abandon().await;
        });
        println!(" all {:?}", t.elapsed());
    }
}
