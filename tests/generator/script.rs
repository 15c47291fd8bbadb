//! The same case as a shell script that needs nothing but git, ssh-keygen and the program.

use std::collections::HashSet;
use std::fmt::Write;

use base64ct::{Base64, Encoding};

use super::objects::Tree;
use super::plan::Push;
use crate::support::run::Output;

const BEFORE: &str = r#"#!/bin/bash
# COUNTERSIGN=.../countersign bash THIS-FILE
set -eu
: "${COUNTERSIGN:=countersign}"
dir=$(mktemp -d)
export HOME=$dir GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=$dir/gitconfig
printf '[protocol "file"]\n\tallow = always\n[gc]\n\tauto = 0\n' > "$dir/gitconfig"
mkdir "$dir/keys"
pub() { test -e "$dir/keys/$1" || ssh-keygen -q -N '' -C '' -t ed25519 -f "$dir/keys/$1"
        cut -d' ' -f1,2 "$dir/keys/$1.pub"; }
at() { date -u -d "$1 seconds" +%Y-%m-%dT%H:%M:%SZ; }
is() { test "$1" = "$2" || { echo "made $1, not $2"; exit 1; }; }
object() { is "$(git hash-object -w -t "$1" --stdin --literally)" "$2"; }
object64() { is "$(base64 -d | git hash-object -w -t "$1" --stdin --literally)" "$2"; }
tree() { rm -f "$dir/index"; GIT_INDEX_FILE=$dir/index git update-index --add --index-info
         is "$(GIT_INDEX_FILE=$dir/index git write-tree)" "$1"; }
sign() { pub "$2" >/dev/null; cat > "$dir/$1"; rm -f "$dir/$1.sig"
         ssh-keygen -q -Y sign -n "$3" -f "$dir/keys/$2" "$dir/$1"; }
hash() { { cat "$dir/$1"; printf '\0'; cat "$dir/$1.sig"; } | sha256sum | cut -d' ' -f1; }
submit() { (cd "$dir" && "$COUNTERSIGN" --config "$dir/countersign.toml" submit "$@") || true; }
inbox() {
    tree=$(printf '100644 blob %s\tstatement.json\n100644 blob %s\tstatement.json.sig\n' \
        "$(git hash-object -w "$dir/$1")" "$(git hash-object -w "$dir/$1.sig")" | git mktree)
    me='Countersign <countersign@localhost> 0 +0000'
    printf 'tree %s\nauthor %s\ncommitter %s\n\nCountersign delivery\n' "$tree" "$me" "$me" |
        git hash-object -w -t commit --stdin | sed "s,$,:refs/countersign/inbox/$(hash "$1"),"
}
push() { echo "== push by ${1:-nobody}: ${*:2}"
         COUNTERSIGN_PUSHER=$1 git push --force origin "${@:2}" 2>&1 || true; }
bare=$dir/root/payments/api.git
git init -q --bare --initial-branch=main --template= INIT "$bare"
git -C "$bare" config receive.denyDeleteCurrent ignore
mkdir "$bare/hooks"
for hook in pre-receive post-receive; do
    printf '#!/bin/sh\nexec "%s" --config "%s" hook %s\n' "$COUNTERSIGN" "$dir/countersign.toml" \
        "$hook" > "$bare/hooks/$hook"
    chmod +x "$bare/hooks/$hook"
done
git init -q --initial-branch=workshop --template= FORMAT "$dir/clone"
cd "$dir/clone"
git remote add origin "$bare"
"#;

/// Shell in the making.
#[derive(Debug, Default)]
pub(super) struct Script {
    text: String,
    known: HashSet<String>,
}

impl Script {
    /// `init` are options of `git init`; `settings` and `policy` may hold `$(pub KEY)`, `$(at SECONDS)` and `$dir`.
    pub(super) fn new(init: &[&str], settings: &str, policy: &str) -> Self {
        let format = init.iter().find(|option| option.starts_with("--object-format"));
        let text = BEFORE.replace("INIT", &init.join(" "));
        let text = text.replace("FORMAT", format.unwrap_or(&""));
        let mut script = Self { text, known: HashSet::new() };
        script.file("countersign.toml", settings);
        script.file("policy.toml", policy);
        script
    }

    /// All of it.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Lines as they are.
    pub(super) fn say(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn file(&mut self, name: &str, content: &str) {
        self.say(&format!("cat > \"$dir/{name}\" <<END\n{}\nEND", content.trim_end()));
    }

    /// A git command that wrote objects.
    pub(super) fn git(&mut self, args: &[&str]) {
        self.say(&format!("git {} >/dev/null || true", args.join(" ")));
    }

    pub(super) fn object(&mut self, kind: &str, bytes: &[u8], id: &str) {
        if !self.known.insert(id.to_owned()) {
            return;
        }
        let plain = |text: &&str| text.ends_with('\n') && !text.contains(['\0', '\r']);
        match std::str::from_utf8(bytes).ok().filter(plain) {
            Some(text) => self.say(&format!("object {kind} {id} <<'END'\n{text}END")),
            None => {
                let text = Base64::encode_string(bytes);
                self.say(&format!("object64 {kind} {id} <<'END'\n{text}\nEND"));
            }
        }
    }

    pub(super) fn tree(&mut self, files: &Tree, id: &str) {
        if !self.known.insert(id.to_owned()) {
            return;
        }
        let mut listing = String::new();
        for (path, (mode, id)) in files {
            writeln!(listing, "{mode:o} {id}\t{path}").expect("text");
        }
        self.say(&format!("tree {id} <<'END'\n{listing}END"));
    }

    /// A statement with `$(at SECONDS)` and `$(hash NAME)` in it.
    pub(super) fn sign(&mut self, name: usize, key: &str, namespace: &str, json: &str) {
        self.say(&format!("sign s{name} {key} {namespace} <<END\n{json}\nEND"));
    }

    pub(super) fn push(&mut self, push: &Push, specs: &[String]) {
        let mut line = format!("push '{}'", push.pusher.unwrap_or_default());
        for spec in specs {
            write!(line, " '{spec}'").expect("text");
        }
        for statement in &push.deliver {
            write!(line, " \"$(inbox s{statement})\"").expect("text");
        }
        self.say(&line);
    }

    /// What came of the last push here, as comments.
    pub(super) fn comment(&mut self, text: &str) {
        for line in text.lines() {
            self.say(&format!("#   {line}"));
        }
    }

    pub(super) fn output(&mut self, output: &Output) {
        self.comment(&output.all());
    }
}
