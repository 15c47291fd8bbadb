//! `countersign demo`: a throw-away Git server with a gate, six pushes, and what is to be
//! learnt from each.
//!
//! Owns the story. Every command that it prints is run as it is printed, and every outcome
//! is checked: where the gate does not do as told, the demo says so and fails. The folder
//! and who is in it are `stage`'s, the typing is `scene`'s.

mod janitor;
mod scene;
mod stage;

use std::path::PathBuf;

use clap::Args;

use self::scene::{Said, Scene};
use self::stage::Stage;
use super::error::CliError;
use super::exit::Exit;
use super::out;

/// Where to play.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  countersign demo\n  countersign demo --keep /tmp/demo")]
pub(super) struct DemoArgs {
    /// Play in DIR, which is new or empty, and keep everything there
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
}

pub(super) fn run(args: &DemoArgs) -> Result<Exit, CliError> {
    let stage = Stage::build(args.keep.as_deref())?;
    prologue(&stage, args.keep.is_some());
    let played = play(&stage).map_err(|e| match args.keep {
        Some(_) => e.hint(format!("everything is kept in {}", stage.folder())),
        None => e.hint("countersign demo --keep DIR keeps the server, to look into it"),
    })?;
    match args.keep {
        Some(_) => epilogue_kept(&stage, &played),
        None => out::print(EPILOGUE),
    }
    stage.strike()?;
    Ok(Exit::Done)
}

fn prologue(stage: &Stage, kept: bool) {
    let folder = stage.folder();
    let fate = if kept { "which is kept" } else { "which is gone afterwards" };
    out::print(&format!(
        "\
Countersign is a gate on a Git server: AI-assisted commits come into main only
with a senior's signed approval. This demo plays one in a folder of its own,
{fate}:
  {folder}
It needs no network and no privileges, and leaves your git settings alone.

Kim is a developer. Ada and Grace are the seniors. The server's policy lists
them with their public keys, and has one rule:

{rule}
Each command below is really run, and what it answered stands indented. On a
real server, ssh or the web server tells the gate who pushes; here a variable
in each one's shell, COUNTERSIGN_PUSHER, stands in for that.
",
        rule = stage::RULE.lines().map(|l| format!("  {l}\n")).collect::<String>(),
    ));
}

const EPILOGUE: &str = "\
All six went as told. What to try next:

  countersign demo --keep DIR        the same, kept, to go on playing with it
  countersign policy init --help     a policy of your own, ...
  countersign policy check FILE      ... and what is wrong with it, if anything

README.md has the rest: five minutes to a gate on a repository of your own.
";

/// What the last scene leaves open, for whoever goes on.
struct Played {
    review: String,
    fetch: String,
    approve: String,
}

fn play(stage: &Stage) -> Result<Played, CliError> {
    human(stage)?;
    let rejected = assisted(stage)?;
    signed(stage, &rejected)?;
    again(stage)?;
    stale(stage)?;
    own(stage)
}

const PUSH: &str = "git push origin main";
const REJECTED: &str = "pre-receive hook declined";

fn human(stage: &Stage) -> Result<(), CliError> {
    let scene = Scene::open(
        stage,
        "1. A human's commit",
        "\
Kim writes a line by hand. Nothing in the commit tells of an AI tool: the gate
stays out of the way.",
    );
    scene.does("kim", "echo 'Adds up what is in the cart.' > README")?;
    scene.does("kim", "git add README")?;
    scene.does("kim", "git commit -q -m 'Say what this is'")?;
    scene.types("kim", PUSH)?.accepted(&["main -> main"])?;
    Ok(())
}

fn assisted(stage: &Stage) -> Result<Said, CliError> {
    let scene = Scene::open(
        stage,
        "2. An AI-assisted commit",
        "\
Now an AI tool helps, and says so in the commit's last line, as such tools do.
The gate finds that line. Kim reads why the push is rejected, who can sign,
and which commands come next.",
    );
    scene.does("kim", "echo 'def tax(net): return net * 0.19' > tax.py")?;
    scene.does("kim", "git add tax.py")?;
    scene.does("kim", &commit("Work out the tax"))?;
    scene.types("kim", PUSH)?.rejected(&[
        REJECTED,
        "1 commit needs a senior sign-off (refs/heads/main)",
        "AI: line 3 \"Co-authored-by: Claude <noreply@anthropic.com>\"",
        "rule \"main\"",
        "decision D-",
    ])
}

fn signed(stage: &Stage, rejected: &Said) -> Result<(), CliError> {
    let scene = Scene::open(
        stage,
        "3. A senior's sign-off",
        "\
Kim does as the hints say. The commit goes to a review branch: no rule guards
it, so the gate lets it in, and only says what main will ask for.",
    );
    scene
        .types("kim", &rejected.told("git push origin")?)?
        .accepted(&["will ask for 1 sign-off of @seniors"])?;
    scene.tells(
        "\
Grace fetches it into a clone of her own, reads it, and signs exactly this
change with her ssh key. The signature travels by git push: she needs no shell
on the server. (--yes, since nobody is here to confirm.)",
    );
    scene.does("grace", &rejected.told("git fetch origin")?)?;
    scene.does("grace", "git show --format='%h %an: %s' FETCH_HEAD")?;
    let approve = rejected.told("countersign approve")? + " --yes";
    scene.types("grace", &approve)?.accepted(&["stored "])?;
    Ok(())
}

fn again(stage: &Stage) -> Result<(), CliError> {
    let scene = Scene::open(
        stage,
        "4. The same push again",
        "The same commit and the same command as in step 2. But now it is signed.",
    );
    scene.types("kim", PUSH)?.accepted(&["1 commit signed off by grace", "main -> main"])?;
    Ok(())
}

fn stale(stage: &Stage) -> Result<(), CliError> {
    let scene = Scene::open(
        stage,
        "5. Signed, then changed",
        "\
One more AI-assisted commit. This time Kim asks for the review first.",
    );
    scene.does("kim", "echo 'def sale(price): return price * 0.9' > sale.py")?;
    scene.does("kim", "git add sale.py")?;
    scene.does("kim", &commit("Take ten percent off"))?;
    scene.types("kim", "git push origin HEAD:refs/heads/review/sale")?.accepted(&[])?;
    scene.does("grace", "git fetch -q origin review/sale")?;
    scene.types("grace", &approve("FETCH_HEAD"))?.accepted(&["stored "])?;
    scene.tells(
        "\
Then Kim changes one digit: ten percent off becomes ninety. Grace never saw
that. Her sign-off is for the files as they were, and stale for these.",
    );
    scene.does("kim", "sed -i 's/0\\.9/0.1/' sale.py")?;
    scene.does("kim", "git commit -q -a --amend --no-edit")?;
    scene.types("kim", PUSH)?.rejected(&[REJECTED, "grace's sign-off", "stale: "])?;
    Ok(())
}

fn own(stage: &Stage) -> Result<Played, CliError> {
    let scene = Scene::open(
        stage,
        "6. Signing one's own work",
        "\
An AI tool helps Grace, too, and she signs the commit herself. The server takes
the sign-off, but it does not count: an author needs another pair of eyes.",
    );
    scene.does("grace", "git pull -q origin main")?;
    scene.does("grace", "echo 'def net(gross): return gross / 1.19' > net.py")?;
    scene.does("grace", "git add net.py")?;
    scene.does("grace", &commit("Work out the net price"))?;
    scene.types("grace", &approve("HEAD"))?.accepted(&["stored "])?;
    let said = scene.types("grace", PUSH)?.rejected(&[
        REJECTED,
        "grace can't: author",
        "can sign: ada",
    ])?;
    Ok(Played {
        review: said.told("git push origin")?,
        fetch: said.told("git fetch origin")?,
        approve: said.told("countersign approve")?,
    })
}

/// A commit by hand of everything changed, with the line that AI tools leave.
fn commit(subject: &str) -> String {
    format!(
        "git commit -q -a -m '{subject}' \\\n    \
         -m 'Co-authored-by: Claude <noreply@anthropic.com>'"
    )
}

fn approve(commit: &str) -> String {
    format!(
        "countersign approve {commit} --ref refs/heads/main \\\n    \
         --repository shop --remote origin --yes"
    )
}

fn epilogue_kept(stage: &Stage, played: &Played) {
    let play_as = stage.path("as");
    let as_ = |who: &str, line: &str| format!("  {play_as} {who} {line}\n");
    let Played { review, fetch, approve } = played;
    let story =
        as_("grace", review) + &as_("ada", fetch) + &as_("ada", approve) + &as_("grace", PUSH);
    let (program, policy) = (stage.path("bin/countersign"), stage.path("server/policy.toml"));
    out::print(&format!(
        "\
All six went as told, and everything is kept. Go on where it stopped: Ada can
sign what Grace can't, and then Grace's push is let in.

{story}
A shell as one of them, in which commands can be typed as above:

  {play_as} kim

The server's policy; change it, and see what the gate makes of it:

  {program} policy check \\
    {policy}

README.md has the rest: five minutes to a gate on a repository of your own.
"
    ));
}
