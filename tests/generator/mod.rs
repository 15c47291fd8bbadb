//! Random histories and random pushes of them, through the real hook, held against an
//! oracle that computes each verdict anew in the plainest way.
//!
//! `COUNTERSIGN_PUSHES` says how many pushes, `COUNTERSIGN_SEED` where the dice begin;
//! `COUNTERSIGN_TALLY=1` prints how often each kind of thing happened. A world is a policy,
//! a repository, and some dozen pushes; the seed of the world that failed is printed, and
//! with it alone (`COUNTERSIGN_SEED=... COUNTERSIGN_PUSHES=1`) it fails again. What failed
//! is cut down to the steps that matter and printed as a shell script.
//!
//! `plan` says what can happen, `invent` and `flows` think it up, `scene` does it with
//! `objects` and `statements`, `oracle` judges from `history`, `compare` holds it against
//! what the gate said, `shrink` cuts down, `script` prints.

mod compare;
mod flows;
mod history;
mod invent;
mod objects;
mod oracle;
mod plan;
mod rng;
mod rules;
mod scene;
mod script;
mod shrink;
mod statements;
mod tally;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use jiff::Timestamp;

use invent::Inventor;
use plan::Step;
use rng::Rng;
use rules::Rules;
use scene::{Scene, world};
use tally::Tally;

/// Pushes of a world: later ones meet more history.
const PUSHES_OF_A_WORLD: usize = 16;

/// Pushes where nothing else is said.
const PUSHES: usize = 300;

/// Worlds at a time.
const THREADS: usize = 2;

/// A plan that failed, and how.
struct Failure {
    seed: u64,
    steps: Vec<Step>,
    why: String,
}

fn number(name: &str, default: u64) -> u64 {
    match std::env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}")),
        Err(_) => default,
    }
}

#[test]
fn the_gate_and_the_oracle_agree_on_random_pushes() {
    let seed = number("COUNTERSIGN_SEED", 1);
    let wanted = usize::try_from(number("COUNTERSIGN_PUSHES", PUSHES as u64)).expect("a number");
    eprintln!("COUNTERSIGN_SEED={seed} COUNTERSIGN_PUSHES={wanted}");
    let (done, next) = (AtomicUsize::new(0), AtomicU64::new(seed));
    let tally = Mutex::new(Tally::default());
    let failure: Mutex<Option<Failure>> = Mutex::new(None);
    let failed = || failure.lock().expect("a lock").is_some();
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while done.load(Ordering::SeqCst) < wanted && !failed() {
                    let seed = next.fetch_add(1, Ordering::SeqCst);
                    let mut own = Tally::default();
                    let result = live(seed, &mut own);
                    done.fetch_add(own.pushes, Ordering::SeqCst);
                    tally.lock().expect("a lock").add(own);
                    if let Err(found) = result {
                        let mut failure = failure.lock().expect("a lock");
                        if failure.as_ref().is_none_or(|known| known.seed > found.seed) {
                            *failure = Some(found);
                        }
                    }
                }
            });
        }
    });
    let tally = tally.into_inner().expect("a lock");
    if std::env::var_os("COUNTERSIGN_TALLY").is_some() {
        eprintln!("{tally}");
    }
    if let Some(failure) = failure.into_inner().expect("a lock") {
        let after = done.load(Ordering::SeqCst);
        eprintln!("after {after} pushes, in the world of seed {}:\n{}", failure.seed, failure.why);
        let (script, why) = shrink::shrink(&rules_of(failure.seed), failure.steps);
        panic!("COUNTERSIGN_SEED={}: gate and oracle differ\n{script}\n{why}", failure.seed);
    }
    if wanted >= PUSHES {
        tally.assert_complete();
    }
}

fn rules_of(seed: u64) -> Rules {
    Rules::random(&mut Rng::new(seed))
}

/// One world from its seed.
fn live(seed: u64, tally: &mut Tally) -> Result<(), Failure> {
    let rules = rules_of(seed);
    let now = Timestamp::from_second(Timestamp::now().as_second()).expect("a time");
    let world = world(&rules, now);
    let mut scene = Scene::new(&world, &rules, now);
    let mut inventor = Inventor::new(Rng::new(!seed), &rules);
    let mut steps = Vec::new();
    let mut pushes = 0;
    // A plan of many steps without a push ends too.
    for _ in 0..PUSHES_OF_A_WORLD * 4 {
        for step in inventor.next() {
            steps.push(step.clone());
            let done = catch_unwind(AssertUnwindSafe(|| scene.step(&step)));
            let done = done.map_err(|panic| Failure {
                seed,
                steps: steps.clone(),
                why: words(panic.as_ref()),
            })?;
            let Some(checked) = done else { continue };
            pushes += 1;
            tally.count(&checked.verdict);
            if !checked.differs.is_empty() {
                return Err(Failure { seed, steps, why: checked.differs.join("\n") });
            }
            if let Step::Push(push) = &step {
                inventor.heard(push, &checked, &scene.objects);
            }
        }
        if pushes >= PUSHES_OF_A_WORLD {
            break;
        }
    }
    Ok(())
}

/// What a panic said.
fn words(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    let text = text.or_else(|| panic.downcast_ref::<&str>().map(|t| (*t).to_owned()));
    text.unwrap_or_else(|| "a panic without words".to_owned())
}
