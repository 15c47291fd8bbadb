//! A world in which the steps of a plan happen, each push through the real hook and past
//! the oracle.

use std::collections::BTreeMap;
use std::fs;

use git2::ObjectType;
use jiff::{SignedDuration, Timestamp};

use super::compare::{self, Checked};
use super::history::History;
use super::objects::{Oid, Shop};
use super::oracle::{Asked, Oracle};
use super::plan::{Blend, Draft, Edit, Mark, Message, Name, People, Push, ROOT, Step, Who};
use super::rules::{KEYS, Rules};
use super::script::Script;
use super::statements::{self, Statement};
use crate::support::push::{PushResult, Refs};
use crate::support::run::run;
use crate::support::world::Settings;
use crate::support::{Clone, Delivery, World, key};

/// A world, and what the steps have made in it.
pub(super) struct Scene<'w> {
    pub(super) world: &'w World,
    pub(super) clone: Clone<'w>,
    pub(super) shop: Shop,
    pub(super) history: History,
    pub(super) oracle: Oracle<'w>,
    /// Commits and tags.
    pub(super) objects: BTreeMap<Name, Oid>,
    pub(super) statements: BTreeMap<Name, Statement>,
    /// What the server's refs hold.
    pub(super) refs: Refs,
    /// When the world began.
    pub(super) now: Timestamp,
}

/// A world for these rules.
pub(super) fn world(rules: &Rules, now: Timestamp) -> World {
    let world = World::with_settings(&rules.to_policy(now), "[report]\nmachine_line = true\n");
    if rules.unlisted_is_nobody {
        let settings = Settings { unlisted: Some("nobody"), ..Settings::default() };
        world.write_settings(&settings);
    }
    let bare = world.bare(crate::support::API);
    if !rules.init.is_empty() {
        fs::remove_dir_all(&bare).expect("a folder");
        world.repository_with(crate::support::API, rules.init);
    }
    let config = fs::read_to_string(bare.join("config")).expect("a configuration");
    let more = "[receive]\n\tdenyDeleteCurrent = ignore\n";
    fs::write(bare.join("config"), config + more).expect("a configuration");
    world
}

/// The policy and settings with keys and times as the script makes them.
fn script(world: &World, rules: &Rules, now: Timestamp) -> Script {
    let dir = world.path("").to_str().expect("a path").trim_end_matches('/').to_owned();
    let settings = fs::read_to_string(world.config()).expect("settings").replace(&dir, "$dir");
    let mut policy = rules.to_policy(now).to_toml();
    for k in KEYS {
        policy = policy.replace(&key(k.name).public, &format!("$(pub {})", k.name));
        for at in [k.after, k.before].into_iter().flatten() {
            policy = policy.replace(&moment(now, at), &format!("$(at {at})"));
        }
    }
    Script::new(rules.init, &settings, &policy)
}

/// A time so many seconds from another.
pub(super) fn moment(now: Timestamp, seconds: i64) -> String {
    (now + SignedDuration::from_secs(seconds)).to_string()
}

impl<'w> Scene<'w> {
    pub(super) fn new(world: &'w World, rules: &'w Rules, now: Timestamp) -> Self {
        let clone = world.clone("");
        let root = clone.rev("HEAD");
        let mut scene = Self {
            shop: Shop::new(&clone.dir, script(world, rules, now)),
            refs: Refs::of(world, &clone.bare),
            history: History::default(),
            oracle: Oracle::new(rules, now),
            objects: BTreeMap::from([(ROOT, root.clone())]),
            statements: BTreeMap::new(),
            world,
            clone,
            now,
        };
        scene.tell_root(&root);
        scene
    }

    /// The script makes the first commit as every world has it.
    fn tell_root(&mut self, root: &Oid) {
        let tree = self.clone.rev(&format!("{root}^{{tree}}"));
        let files = self.shop.files(&tree);
        for (_, id) in files.values() {
            let blob = self.clone.try_git(&["cat-file", "blob", id]).exits(0).stdout.clone();
            self.shop.write(ObjectType::Blob, &blob);
        }
        self.shop.tree(&files);
        let raw = self.clone.try_git(&["cat-file", "commit", root]).exits(0).stdout.clone();
        self.shop.write(ObjectType::Commit, &raw);
        self.shop.script.say(&format!(
            "git update-ref refs/heads/start {root} && git push -q --no-verify \"$bare\" \
             start:refs/heads/main --receive-pack='git -c core.hooksPath=/dev/null receive-pack'"
        ));
    }

    fn oids(&self, names: &[Name]) -> Vec<Oid> {
        names.iter().filter_map(|n| self.objects.get(n).cloned()).collect()
    }

    /// Does one step; what came of it where it was a push.
    pub(super) fn step(&mut self, step: &Step) -> Option<Checked> {
        match step {
            Step::Push(push) => return self.push(push),
            Step::Sign { name, draft } => self.sign(*name, draft),
            Step::Revoke { name, of, key, issued } => {
                let hash = self.statements.get(of)?.hash.clone();
                let made = statements::revoke(self.now, key, (*of, &hash), *issued);
                self.keep(*name, made);
            }
            Step::Submit { statements } => self.submit(statements),
            Step::Tag { name, of, tagger, message } => {
                let of = self.objects.get(of)?.clone();
                let kind = self.clone.git(&["cat-file", "-t", &of]);
                let text = String::from_utf8(bytes(message)).expect("text");
                let tag = format!(
                    "object {of}\ntype {kind}\ntag v{name}\ntagger {tagger} {} +0000\n\n{text}",
                    date(*name)
                );
                let id = self.shop.write(ObjectType::Tag, tag.as_bytes());
                self.objects.insert(*name, id);
            }
            history => {
                self.make(history);
            }
        }
        None
    }

    /// Steps that make a commit.
    fn make(&mut self, step: &Step) -> Option<()> {
        match step {
            Step::Commit { name, parent, edits, people, message } => {
                let parents = match parent {
                    None => Vec::new(),
                    Some(parent) => vec![self.objects.get(parent)?.clone()],
                };
                let tree = parents.first().map(|p| self.tree_of(p));
                self.finish(*name, tree, &parents, (edits, *people, &bytes(message)));
            }
            Step::Merge { name, parents, blend, edits, people, message } => {
                let mut parents = self.oids(parents);
                parents.dedup();
                if parents.len() < 2 {
                    return None;
                }
                let tree = self.blend(&parents, *blend)?;
                self.finish(*name, Some(tree), &parents, (edits, *people, &bytes(message)));
            }
            Step::Pick { name, of, onto, reverse, author, committer, message } => {
                let (of, onto) = (self.objects.get(of)?.clone(), self.objects.get(onto)?.clone());
                let picked = self.history.commit(&self.clone, &of);
                let before = picked.parents.first()?.clone();
                let text = message.as_ref().map_or(picked.message.clone().into_bytes(), bytes);
                let author = author.unwrap_or_else(|| known(&picked.author));
                let (base, theirs) = if *reverse { (&of, &before) } else { (&before, &of) };
                let tree = self.replayed(base, &onto, theirs)?;
                let people = People { author, committer };
                self.finish(*name, Some(tree), &[onto], (&[], people, &text));
            }
            Step::Squash { name, base, tip, onto, people, message } => {
                let ids = self.oids(&[*base, *tip, *onto]);
                let [base, tip, onto] = ids.as_slice() else { return None };
                let tree = self.replayed(base, onto, tip)?;
                let onto = onto.clone();
                self.finish(*name, Some(tree), &[onto], (&[], *people, &bytes(message)));
            }
            Step::Amend { name, of, edits, people, message } => {
                let of = self.objects.get(of)?.clone();
                let parents = self.history.commit(&self.clone, &of).parents.clone();
                let tree = self.tree_of(&of);
                self.finish(*name, Some(tree), &parents, (edits, *people, &bytes(message)));
            }
            _ => {}
        }
        Some(())
    }

    pub(super) fn tree_of(&mut self, id: &Oid) -> Oid {
        self.history.commit(&self.clone, id).tree.clone()
    }

    fn finish(
        &mut self,
        name: Name,
        tree: Option<Oid>,
        parents: &[Oid],
        (edits, people, message): (&[Edit], People, &[u8]),
    ) {
        let mut files = tree.map(|tree| self.shop.files(&tree)).unwrap_or_default();
        for edit in edits {
            self.shop.edit(&mut files, edit);
        }
        let tree = self.shop.tree(&files);
        self.shop.script.say(&format!("# c{name}"));
        let id = self.shop.commit(&tree, parents, people, (date(name), message));
        self.objects.insert(name, id);
    }

    /// The tree of a merge.
    fn blend(&mut self, parents: &[Oid], blend: Blend) -> Option<Oid> {
        match blend {
            Blend::Parent(which) => Some(self.tree_of(&parents[which % parents.len()])),
            Blend::Automatic if parents.len() == 2 => {
                let args = ["--allow-unrelated-histories", &parents[0], &parents[1]];
                self.merge_tree(&args)
            }
            Blend::Automatic | Blend::Layers => {
                let first = self.tree_of(&parents[0]);
                let base = self.shop.files(&first);
                let mut files = base.clone();
                for parent in &parents[1..] {
                    let tree = self.tree_of(parent);
                    let theirs = self.shop.files(&tree);
                    files.extend(theirs.into_iter().filter(|(p, file)| base.get(p) != Some(file)));
                }
                Some(self.shop.tree(&files))
            }
        }
    }

    fn replayed(&mut self, base: &Oid, onto: &Oid, theirs: &Oid) -> Option<Oid> {
        self.merge_tree(&[&format!("--merge-base={base}"), onto, theirs])
    }

    fn merge_tree(&mut self, args: &[&str]) -> Option<Oid> {
        let args = [&["merge-tree", "--write-tree", "--no-messages"], args].concat();
        let output = self.clone.try_git(&args);
        self.shop.script.git(&args);
        let id = output.out().lines().next()?.to_owned();
        matches!(id.len(), 40 | 64).then_some(id)
    }

    fn sign(&mut self, name: Name, draft: &Draft) {
        if let Some(made) = statements::sign(self, draft) {
            self.keep(name, made);
        }
    }

    fn keep(&mut self, name: Name, made: Statement) {
        self.shop.script.sign(name, made.key, made.namespace, &made.shell);
        if made.tampered {
            self.shop.script.say(&format!("sed -i s/reviewed/Reviewed/ \"$dir/s{name}\""));
        }
        self.statements.insert(name, made);
    }

    /// By hand, on the host: one after the other, so that a bad one spoils no good one.
    fn submit(&mut self, names: &[Name]) {
        if !self.world.store().exists() {
            return;
        }
        for name in names {
            let Some(statement) = self.statements.get(name) else { continue };
            let file = self.world.path("statement.json");
            fs::write(&file, &statement.signed.statement).expect("a file");
            fs::write(file.with_extension("json.sig"), &statement.signed.signature)
                .expect("a file");
            let file = file.to_str().expect("a path").to_owned();
            let output = self.world.countersign(&["submit", &file]);
            self.shop.script.say(&format!("submit s{name}"));
            let taken = self.oracle.submit(statement);
            assert_eq!(output.code == Some(0), taken, "submit: {}", output.all());
        }
    }

    fn push(&mut self, push: &Push) -> Option<Checked> {
        let mut updates = Vec::new();
        for (name, target) in &push.updates {
            let old = self.refs.0.get(name).cloned();
            let new = match target {
                None => None,
                Some(target) => match self.objects.get(target) {
                    Some(id) => Some(id.clone()),
                    None => continue,
                },
            };
            if old != new {
                updates.push((name.clone(), old, new));
            }
        }
        let deliver: Vec<_> =
            push.deliver.iter().filter_map(|n| self.statements.get(n).cloned()).collect();
        if updates.is_empty() && deliver.is_empty() {
            return None;
        }
        let asked = Asked { pusher: push.pusher, updates, deliver };
        let verdict = {
            let Self { oracle, history, clone, refs, .. } = self;
            oracle.judge(clone, history, &refs.0, &asked)
        };
        let specs: Vec<String> = asked.updates.iter().map(spec).collect();
        self.shop.script.push(push, &specs);
        let mut all = specs;
        for statement in &asked.deliver {
            all.push(self.inbox(statement));
        }
        let mut command = self.clone.command("git");
        command.args(["push", "--force", "origin"]).args(&all);
        if let Some(pusher) = push.pusher {
            command.env("COUNTERSIGN_PUSHER", pusher);
        }
        let output = run(&mut command, b"");
        let after = Refs::of(self.world, &self.clone.bare);
        let before = std::mem::replace(&mut self.refs, after.clone());
        self.shop.script.comment("");
        self.shop.script.output(&output);
        let result = PushResult::new(output, before, after);
        Some(compare::compare(&asked, verdict, &result))
    }

    /// Writes a delivery into the clone; the refspec.
    fn inbox(&mut self, statement: &Statement) -> String {
        let delivery = Delivery::of(&statement.signed);
        let mut files = super::objects::Tree::new();
        let quiet = std::mem::take(&mut self.shop.script);
        for (_, name, content) in &delivery.files {
            let id = self.shop.write(ObjectType::Blob, content);
            files.insert(name.clone(), (super::objects::PLAIN, id));
        }
        let tree = self.shop.tree(&files);
        let commit = format!(
            "tree {tree}\nauthor {}\ncommitter {}\n\n{}",
            delivery.author, delivery.committer, delivery.message
        );
        let id = self.shop.write(ObjectType::Commit, commit.as_bytes());
        self.shop.script = quiet;
        format!("{id}:{}", delivery.name())
    }
}

fn spec((name, _, new): &(String, Option<Oid>, Option<Oid>)) -> String {
    format!("{}:{name}", new.as_deref().unwrap_or_default())
}

/// Dates go up and down: nothing may depend on them.
fn date(name: Name) -> usize {
    1_767_600_000 + name * 7_919 % 1_000 * 60
}

/// An identity by its address, as the pool has it.
fn known(address: &str) -> Who {
    super::invent::PEOPLE
        .iter()
        .chain(super::invent::AGENTS)
        .find(|who| who.to_lowercase().contains(&format!("<{address}>")))
        .copied()
        .unwrap_or("Setup <setup@example.com>")
}

/// A message's bytes.
fn bytes(message: &Message) -> Vec<u8> {
    let claude = "Co-Authored-By: Claude <noreply@anthropic.com>";
    let mut text = format!("{}\n", message.subject);
    if message.mark == Some(Mark::Subject) {
        text = format!("Generated with [Claude Code](https://claude.ai/code)\n\n{text}");
    }
    if message.talks {
        text.push_str("\nClose the database cursor, as Claude Monet did.\n");
    }
    match message.mark {
        Some(Mark::Above) => {
            text.push_str("\nGenerated with [Claude Code](https://claude.ai/code)\n");
        }
        Some(Mark::Mixed) => {
            text.push_str(&format!("\nSome words first\r\n    {claude}\r\nand some behind\r\n"));
        }
        _ => {}
    }
    let mut trailers = vec!["Reviewed-by: Claude Monet <claude@giverny.example.fr>".to_owned()];
    if message.denies {
        trailers.push("AI-Assisted: no".to_owned());
    }
    match message.mark {
        Some(Mark::CoAuthor) => trailers.push(claude.to_owned()),
        Some(Mark::AssistedBy) => trailers.push("Assisted-by: GitHub Copilot".to_owned()),
        Some(Mark::Declared) => trailers.push("AI-Assisted: yes".to_owned()),
        _ => {}
    }
    trailers.extend(message.co_authors.iter().map(|who| format!("Co-authored-by: {who}")));
    if trailers.len() > 1 || message.mark == Some(Mark::Above) {
        text.push_str(&format!("\n{}\n", trailers.join("\n")));
    }
    text.into_bytes()
}
