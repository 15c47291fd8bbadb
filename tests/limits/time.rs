//! The time that the whole hook may take.

use super::{TOPIC, limited, says};
use crate::support::{Clone, MAIN, World, ai};

/// The hook's git takes its time.
fn slow_git(world: &World, clone: &Clone<'_>) {
    let folder = world.path("slow");
    std::fs::create_dir(&folder).expect("a folder");
    let script = "#!/bin/sh\nexec sleep 20\n";
    std::fs::write(folder.join("git"), script).expect("a file");
    clone.git(&["version"]);
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(folder.join("git"), mode).expect("a mode");
    let path = format!("PATH='{}':\"$PATH\"\nexport PATH\n", folder.display());
    let shim = world.shim("pre-receive");
    world.install_shim(&clone.bare, "pre-receive", &format!("{path}{shim}"));
}

#[test]
fn time_budget() {
    let world = limited("time_budget", "\"1s\"");
    let kim = world.clone("kim");
    kim.commit(ai("One").file("a", "a\n"));
    kim.push(&["HEAD:refs/heads/topic"]).lands(&[TOPIC]);
    slow_git(&world, &kim);
    // What other refs hold, git has to be asked.
    kim.branch("side", "origin/main");
    kim.commit(ai("Two").file("b", "b\n"));
    kim.git(&["merge", "-q", "--no-ff", "-m", "Merge", "origin/topic"]);
    let push = kim.push_main();
    push.rejected_with("could not finish").says("not your fault");
    says(&push, "the check did not finish, the limit time_budget is 1s");
    says(&push, "an admin can raise time_budget under [limits]");
    let ungated = kim.push(&["HEAD:refs/heads/other"]);
    ungated.lands(&["refs/heads/other"]).says("could not finish in time; accepted");
    world.install(&kim.bare);
    kim.push_main().rejected_with("senior sign-off").keeps_quiet_about("time_budget");
    assert!(world.tip(&kim.bare, MAIN).is_some());
}
