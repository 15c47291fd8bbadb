//! What people do with commits: push, sign, rebase, squash, merge, tag, delete, go back.

use super::invent::{Inventor, MAIN, Open};
use super::plan::{Blend, Draft, Edit, Message, Name, Push, ROOT, Step};
use super::rules::{KEYS, SENIORS};

const MINUTE: i64 = 60;

/// How a branch comes to main.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Road {
    Straight,
    Rebase,
    Squash,
    Amend,
    Merge,
}

const ROADS: &[(usize, Road)] = &[
    (4, Road::Straight),
    (4, Road::Rebase),
    (3, Road::Squash),
    (2, Road::Amend),
    (3, Road::Merge),
];

impl Inventor<'_> {
    /// The next few steps, with at least one push among them most times.
    pub(super) fn next(&mut self) -> Vec<Step> {
        let mut steps = Vec::new();
        match self.dice.below(100) {
            0..=19 => self.push_work(&mut steps),
            20..=54 => self.team(&mut steps),
            55..=74 => self.sign_and_push(&mut steps),
            75..=84 => self.move_refs(&mut steps),
            85..=89 => self.tag(&mut steps),
            90..=94 => self.take_back(&mut steps),
            _ => self.repeat(&mut steps),
        }
        steps
    }

    /// A push, with something else in it now and then.
    fn push(
        &mut self,
        steps: &mut Vec<Step>,
        pusher: Option<&'static str>,
        (name, tip): (String, Option<Name>),
        deliver: Vec<Name>,
    ) {
        let mut updates = vec![(name, tip)];
        while self.dice.chance(15) {
            let name = self.reference();
            let target = match self.dice.below(8) {
                0 if self.refs.contains_key(&name) => None,
                0..=5 => Some(*self.dice.pick(&self.commits)),
                _ => tip.or(Some(ROOT)),
            };
            if updates.iter().all(|(other, _)| *other != name) {
                updates.push((name, target));
            }
        }
        steps.push(Step::Push(Push { pusher, updates, deliver }));
    }

    /// New commits, straight to some ref.
    fn push_work(&mut self, steps: &mut Vec<Step>) {
        let base = self.base();
        let (mut open, author) = self.chain(base, steps);
        let tip = *open.chain.last().expect("a commit");
        open.target = self.reference();
        let pusher = self.login_of(author);
        self.push(steps, pusher, (open.target.clone(), Some(tip)), Vec::new());
        self.open.push(open);
    }

    /// As a team works: a branch, a review, a sign-off, a way into main.
    fn team(&mut self, steps: &mut Vec<Step>) {
        let base = self.base().unwrap_or(ROOT);
        let (mut open, author) = self.chain(Some(base), steps);
        let tip = *open.chain.last().expect("a commit");
        let branch =
            *self.dice.pick(&["refs/heads/topic/a", "refs/heads/topic/b", "refs/heads/review/x"]);
        let pusher = self.login_of(author);
        open.can_sign.retain(|p| Some(p.as_str()) != pusher);
        self.push(steps, pusher, (branch.to_owned(), Some(tip)), Vec::new());
        let road = self.dice.weighted(ROADS);
        if self.dice.chance(if road == Road::Straight { 10 } else { 60 }) {
            self.meanwhile(steps);
        }
        let with = self.sign(&open, road == Road::Squash, steps);
        let landing = self.go(road, &open, steps);
        let pusher = if self.dice.chance(50) { pusher } else { self.login() };
        let target = if self.dice.chance(85) { MAIN.to_owned() } else { self.reference() };
        self.push(steps, pusher, (target.clone(), Some(landing)), with);
        let chain = if landing == tip { open.chain.clone() } else { vec![landing] };
        self.open.push(Open { chain, target, ..open });
    }

    /// Main moves on, without anything that needs a sign-off.
    fn meanwhile(&mut self, steps: &mut Vec<Step>) {
        let base = Some(self.main());
        let (mut step, name, people) = self.commit(base, false);
        if let Step::Commit { message, edits, .. } = &mut step {
            message.denies = true;
            if self.dice.chance(60) {
                let at = 10 * self.dice.below(6) + 5;
                *edits = vec![Edit::Line("src/app.rs", at, format!("meanwhile {name}"))];
            }
        }
        steps.push(step);
        let pusher = self.login_of(people.author);
        self.push(steps, pusher, (MAIN.to_owned(), Some(name)), Vec::new());
        // Whether it lands or not: what follows is built upon it.
        self.refs.insert(MAIN.to_owned(), name);
    }

    /// The commit by which a chain comes to main.
    fn go(&mut self, road: Road, open: &Open, steps: &mut Vec<Step>) -> Name {
        let tip = *open.chain.last().expect("a commit");
        let main = self.main();
        let people = self.people();
        let is_ai = self.dice.chance(60);
        let (message, people) = self.message(is_ai, people);
        let name = self.name();
        let base = open.base;
        match road {
            Road::Straight => return tip,
            Road::Rebase => return self.rebase(&open.chain, main, steps),
            Road::Merge => return self.merge(tip, main, steps),
            Road::Squash => {
                steps.push(Step::Squash { name, base, tip, onto: main, people, message });
            }
            Road::Amend => {
                let edits = if self.dice.chance(50) { self.edits() } else { Vec::new() };
                steps.push(Step::Amend { name, of: tip, edits, people, message });
            }
        }
        self.commits.push(name);
        name
    }

    fn rebase(&mut self, chain: &[Name], onto: Name, steps: &mut Vec<Step>) -> Name {
        let mut at = onto;
        let committer = self.who();
        let strips = self.dice.chance(10);
        for of in chain {
            let name = self.name();
            let message =
                strips.then(|| Message { subject: format!("Pick {of}"), ..Message::default() });
            let author = None;
            steps.push(Step::Pick {
                name,
                of: *of,
                onto: at,
                reverse: false,
                author,
                committer,
                message,
            });
            self.commits.push(name);
            at = name;
        }
        at
    }

    fn merge(&mut self, tip: Name, main: Name, steps: &mut Vec<Step>) -> Name {
        let mut parents = vec![main, tip];
        if self.dice.chance(20) {
            parents.reverse();
        }
        if self.dice.chance(20) {
            parents.push(*self.dice.pick(&self.commits));
        }
        // A commit that names a parent twice is refused as such.
        let mut seen = Vec::new();
        parents.retain(|parent| {
            !seen.contains(parent) && {
                seen.push(*parent);
                true
            }
        });
        if parents.len() == 1 {
            return tip;
        }
        let blend = self.dice.weighted(&[
            (7, Blend::Automatic),
            (1, Blend::Parent(0)),
            (1, Blend::Parent(1)),
            (1, Blend::Layers),
        ]);
        let edits = if self.dice.chance(20) { self.edits() } else { Vec::new() };
        let people = self.people();
        let is_ai = self.dice.chance(35);
        let (message, people) = self.message(is_ai, people);
        let name = self.name();
        steps.push(Step::Merge { name, parents, blend, edits, people, message });
        self.commits.push(name);
        name
    }

    /// Sign-offs of an open chain; those that are to come with the next push.
    fn sign(&mut self, open: &Open, whole: bool, steps: &mut Vec<Step>) -> Vec<Name> {
        let wanted = open.needed + usize::from(self.dice.chance(25));
        let likely: Vec<&'static str> =
            SENIORS.iter().filter(|p| open.can_sign.iter().any(|c| c == *p)).copied().collect();
        let from =
            if likely.is_empty() || self.dice.chance(15) { SENIORS.to_vec() } else { likely };
        let mut names = Vec::new();
        for person in self.dice.some(wanted, &from) {
            let draft = self.draft(open, person, whole);
            names.push((self.name(), draft));
        }
        let mut made = Vec::new();
        for (name, draft) in names {
            self.statements.push((name, draft.key));
            steps.push(Step::Sign { name, draft });
            made.push(name);
        }
        match self.dice.below(10) {
            0..=4 => return made,
            5..=7 => steps.push(Step::Submit { statements: made }),
            _ => {
                let pusher = self.login();
                steps.push(Step::Push(Push { pusher, updates: Vec::new(), deliver: made }));
            }
        }
        Vec::new()
    }

    fn draft(&mut self, open: &Open, key: &'static str, whole: bool) -> Draft {
        let tip = *open.chain.last().expect("a commit");
        let mut draft = Draft {
            key,
            verdict: "approve",
            commits: open.missing.clone(),
            range: None,
            gap: false,
            lie: None,
            refs: vec![open.target.clone()],
            issued: -MINUTE * i64::try_from(self.dice.between(5, 110)).expect("small"),
            expires: self.dice.chance(10).then_some(3_600),
            wrong_repository: false,
            tampered: false,
            wrong_namespace: false,
        };
        if draft.commits.is_empty() || self.dice.chance(20) {
            draft.commits.clone_from(&open.chain);
        }
        if self.dice.chance(if whole { 70 } else { 25 }) {
            draft.range = Some((open.base, tip));
            draft.commits.clear();
        }
        if self.dice.chance(15) {
            draft.refs.push("refs/heads/release/*".to_owned());
        }
        if self.dice.chance(10) {
            draft.refs = vec!["refs/heads/**".to_owned(), MAIN.to_owned()];
        }
        if self.dice.chance(22) {
            self.spoil(&mut draft);
        }
        draft
    }

    /// One thing that is wrong with it.
    fn spoil(&mut self, draft: &mut Draft) {
        match self.dice.below(15) {
            0 => draft.refs = vec!["refs/heads/other".to_owned()],
            1 => draft.wrong_repository = true,
            2 => draft.expires = Some(-MINUTE),
            3 => draft.issued = -11 * 24 * 60 * MINUTE,
            4 => draft.issued = -4 * 60 * MINUTE,
            5 => draft.issued = 30 * MINUTE,
            6 => draft.key = "bkernighan",
            7 | 8 => draft.key = ["retired", "lost", "fresh", "second"][self.dice.below(4)],
            9 => draft.tampered = true,
            10 => draft.key = "stranger",
            11 => draft.wrong_namespace = true,
            12 => {
                draft.lie = draft.commits.last().copied();
                draft.commits.insert(0, *self.dice.pick(&self.commits));
                draft.commits.truncate(1);
            }
            13 => {
                draft.commits.pop();
                draft.gap = true;
            }
            _ => draft.verdict = "decline",
        }
        // Deliveries of these refuse a push; let some stand before a good one.
        if draft.commits.is_empty() && draft.range.is_none() {
            draft.commits.push(ROOT);
        }
    }

    /// Signs what an earlier push lacked, and pushes it again.
    fn sign_and_push(&mut self, steps: &mut Vec<Step>) {
        let Some(open) = self.dice.maybe(&self.open).cloned() else {
            return self.push_work(steps);
        };
        let with = self.sign(&open, false, steps);
        let tip = open.chain.last().copied();
        let pusher = self.login();
        self.push(steps, pusher, (open.target, tip), with);
    }

    /// Deletes, rewinds, new branches.
    fn move_refs(&mut self, steps: &mut Vec<Step>) {
        let names: Vec<String> = self.refs.keys().cloned().collect();
        let known = self.dice.maybe(&names).cloned();
        let pusher = self.login();
        let update = match (self.dice.below(4), known) {
            (0, Some(name)) => (name, None),
            (1, Some(name)) => (name, Some(*self.dice.pick(&self.commits))),
            (2, _) => (self.reference(), Some(self.main())),
            _ => (self.reference(), Some(*self.dice.pick(&self.commits))),
        };
        self.push(steps, pusher, update, Vec::new());
    }

    fn tag(&mut self, steps: &mut Vec<Step>) {
        let name = self.name();
        let mut of =
            if self.dice.chance(50) { self.main() } else { *self.dice.pick(&self.commits) };
        if let Some(tag) = self.dice.maybe(&self.tags).copied()
            && self.dice.chance(20)
        {
            of = tag;
        }
        let people = self.people();
        let is_ai = self.dice.chance(40);
        let (message, people) = self.message(is_ai, people);
        steps.push(Step::Tag { name, of, tagger: people.author, message });
        self.tags.push(name);
        let pusher = self.login_of(people.author);
        let target = match self.dice.below(5) {
            0 => self.reference(),
            _ => format!("refs/tags/v{}", self.dice.between(1, 4)),
        };
        self.push(steps, pusher, (target, Some(name)), Vec::new());
    }

    /// A decline or a revocation, and another try.
    fn take_back(&mut self, steps: &mut Vec<Step>) {
        let name = self.name();
        let open = self.dice.maybe(&self.open).cloned();
        let issued = -MINUTE * i64::try_from(self.dice.between(0, 60)).expect("small");
        match (self.dice.maybe(&self.statements).copied(), &open) {
            (Some((of, key)), _) if self.dice.chance(50) => {
                let key = if self.dice.chance(80) { key } else { self.dice.pick(KEYS).name };
                steps.push(Step::Revoke { name, of, key, issued });
            }
            (_, Some(open)) => {
                let key = *self.dice.pick(SENIORS);
                let draft = Draft { verdict: "decline", issued, ..self.draft(open, key, false) };
                steps.push(Step::Sign { name, draft });
            }
            _ => return self.push_work(steps),
        }
        let pusher = self.login();
        match open {
            Some(open) if self.dice.chance(70) => {
                let tip = open.chain.last().copied();
                self.push(steps, pusher, (open.target, tip), vec![name]);
            }
            _ => {
                steps.push(Step::Push(Push { pusher, updates: Vec::new(), deliver: vec![name] }));
            }
        }
    }

    /// A revert or a copy of something that is there, onto main.
    fn repeat(&mut self, steps: &mut Vec<Step>) {
        let (name, of, onto) = (self.name(), *self.dice.pick(&self.commits), self.main());
        let people = self.people();
        let reverse = self.dice.chance(50);
        let message = reverse.then(|| self.message(false, people).0);
        let author = reverse.then_some(people.author);
        let committer = people.committer;
        steps.push(Step::Pick { name, of, onto, reverse, author, committer, message });
        self.commits.push(name);
        let pusher = self.login_of(people.committer);
        self.push(steps, pusher, (MAIN.to_owned(), Some(name)), Vec::new());
    }
}
