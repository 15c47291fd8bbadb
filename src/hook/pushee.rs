//! Where the URL of a push certificate leads (git-push(1), "GIT URLS").
//!
//! The URL is the pusher's word, and signed: a certificate that was made for one repository
//! of this server counts in no other, nor one for another server, where the settings tell the
//! names of this one.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Longest path looked at, in bytes, and its most parts: each costs a look at the disk.
const PATH_BYTES: usize = 4_096;
const PATH_PARTS: usize = 64;

/// The URL as git wrote it into the certificate.
#[derive(Clone, Copy)]
pub(super) struct Pushee<'a>(pub(super) &'a [u8]);

impl Pushee<'_> {
    /// Every spelling by which git may have been told the repository's path, from which it
    /// computes the nonce: over HTTP and the git protocol `.`, over a local path and ssh what
    /// the client asked for, unless a forced command writes the path anew.
    pub(super) fn spellings(self, root: Option<&Path>, name: &str, here: &Path) -> Vec<Vec<u8>> {
        let raw = path_of(self.0);
        let decoded = decoded(raw);
        let mut all = vec![b".".to_vec(), self.0.to_vec(), raw.to_vec(), decoded.to_vec()];
        // `ssh://host/~person/api.git` asks for `~person/api.git`.
        all.extend(decoded.strip_prefix(b"/").filter(|p| p.starts_with(b"~")).map(<[u8]>::to_vec));
        all.push(here.as_os_str().as_bytes().to_vec());
        if let Some(root) = root {
            let path = root.join(name).into_os_string();
            all.push(path.as_bytes().to_vec());
            all.push([path.as_bytes(), b".git"].concat());
        }
        all
    }

    /// Whether it names one of these hosts, in lower case; any will do where none is told.
    pub(super) fn is_at(self, hosts: &[String]) -> bool {
        let host = host_of(self.0).map(<[u8]>::to_ascii_lowercase);
        hosts.is_empty() || host.is_some_and(|host| hosts.iter().any(|h| h.as_bytes() == host))
    }

    /// Whether it leads to the repository whose git directory is `here`, canonical. A path
    /// that is there is what it says; of any other the longest end counts that is a repository
    /// below the root, so that `x/payments/api.git` is never the repository `api`.
    pub(super) fn leads_to(self, root: Option<&Path>, here: &Path) -> bool {
        let raw = path_of(self.0);
        let decoded = match self.0.windows(3).any(|w| w == b"://") {
            true => decoded(raw),
            false => Cow::Borrowed(raw),
        };
        if decoded.len() > PATH_BYTES {
            return false;
        }
        let path = Path::new(OsStr::from_bytes(&decoded));
        if path.is_absolute()
            && let Some(found) = existing(path)
        {
            return found == here;
        }
        let parts: Vec<&[u8]> = decoded
            .split(|c| *c == b'/')
            .filter(|part| !part.is_empty() && *part != b".")
            .collect();
        if parts.len() > PATH_PARTS || parts.contains(&b"..".as_slice()) {
            return false;
        }
        let Some(root) = root else { return false };
        let ends = (0..parts.len()).filter_map(|from| parts.get(from..));
        let found = ends.map(|end| root.join(OsStr::from_bytes(&end.join(&b'/'))));
        found.filter_map(|path| existing(&path)).next().is_some_and(|found| found == here)
    }
}

/// The path in a URL, as the client wrote it.
fn path_of(url: &[u8]) -> &[u8] {
    halves(url).1
}

/// The host in a URL, without user and port; none for a local path.
fn host_of(url: &[u8]) -> Option<&[u8]> {
    let place = halves(url).0?;
    // `[::1]`, `user@[::1]:22`, and scp's `[user@host:22]`.
    let inner = match place.iter().position(|c| *c == b'[') {
        Some(open) => place.get(open + 1..)?.split(|c| *c == b']').next()?,
        None => place,
    };
    let host = inner.rsplit(|c| *c == b'@').next()?;
    let mut parts = host.split(|c| *c == b':');
    let name = parts.next()?;
    // More than one colon is an address.
    let host = if parts.count() > 1 { host } else { name };
    (!host.is_empty()).then_some(host)
}

/// What stands before the path, with user and port, and the path.
fn halves(url: &[u8]) -> (Option<&[u8]>, &[u8]) {
    if let Some(at) = url.windows(3).position(|w| w == b"://") {
        let rest = url.get(at + 3..).unwrap_or_default();
        let slash = rest.iter().position(|c| *c == b'/').unwrap_or(rest.len());
        let (place, path) = rest.split_at_checked(slash).unwrap_or((rest, b""));
        return (Some(place), path);
    }
    // `host:path` and `[::1]:path`, unless a slash comes first.
    let slash = url.iter().position(|c| *c == b'/').unwrap_or(url.len());
    let host = url.get(..slash).unwrap_or_default();
    let bracket = host.iter().position(|c| *c == b']').unwrap_or(0);
    let colon = host.iter().skip(bracket).position(|c| *c == b':').map(|colon| bracket + colon);
    match colon.and_then(|colon| url.split_at_checked(colon)) {
        Some((place, path)) => (Some(place), path.get(1..).unwrap_or_default()),
        None => (None, url),
    }
}

/// Without percent signs; a sign that stands for nothing stays.
fn decoded(path: &[u8]) -> Cow<'_, [u8]> {
    if !path.contains(&b'%') {
        return Cow::Borrowed(path);
    }
    let digit = |c: u8| char::from(c).to_digit(16).and_then(|d| u8::try_from(d).ok());
    let mut out = Vec::with_capacity(path.len());
    let mut rest = path;
    while let Some((first, after)) = rest.split_first() {
        let sign = match (first, after) {
            (b'%', [high, low, ..]) => digit(*high).zip(digit(*low)),
            _ => None,
        };
        match sign {
            Some((high, low)) => {
                out.push(high << 4 | low);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                out.push(*first);
                rest = after;
            }
        }
    }
    Cow::Owned(out)
}

/// The repository that a path leads to, as git finds it (`enter_repo`).
fn existing(path: &Path) -> Option<PathBuf> {
    let with = |suffix: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        PathBuf::from(name)
    };
    [with("/.git"), with(""), with(".git/.git"), with(".git")]
        .into_iter()
        .filter_map(|p| p.canonicalize().ok())
        .find(|p| p.join("HEAD").is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_and_paths_of_urls() {
        let rows: &[(&str, &str, &str)] = &[
            ("ssh://git@host:22/srv/git/api.git", "host", "/srv/git/api.git"),
            ("https://host/git/api.git/", "host", "/git/api.git/"),
            ("ssh://host/~git/api.git", "host", "/~git/api.git"),
            ("ssh://[::1]:22/srv/api", "::1", "/srv/api"),
            ("git@host:payments/api.git", "host", "payments/api.git"),
            ("git@[::1]:payments/api.git", "::1", "payments/api.git"),
            ("[::1]:/srv/api", "::1", "/srv/api"),
            ("host:/srv/api", "host", "/srv/api"),
            ("/srv/git/api.git", "", "/srv/git/api.git"),
            ("../a:b/api.git", "", "../a:b/api.git"),
            ("[x", "", "[x"),
            ("ssh://host", "host", ""),
            ("", "", ""),
            ("ssh://host@evil/api", "evil", "/api"),
            ("https://host:x@evil:443/api", "evil", "/api"),
            ("host@evil:api", "evil", "api"),
            ("[git@host:22]:api", "host", "api"),
            ("file:///srv/api", "", "/srv/api"),
            ("https://Host.Example/api", "Host.Example", "/api"),
        ];
        for (url, host, path) in rows {
            assert_eq!(path_of(url.as_bytes()), path.as_bytes(), "{url}");
            assert_eq!(host_of(url.as_bytes()).unwrap_or_default(), host.as_bytes(), "{url}");
        }
        let hosts = ["host".to_owned(), "::1".to_owned()];
        for (url, host, _) in rows {
            let pushee = Pushee(url.as_bytes());
            assert_eq!(pushee.is_at(&hosts), ["host", "::1"].contains(host), "{url}");
            assert!(pushee.is_at(&[]), "{url}");
        }
        assert!(Pushee(b"https://HOST/api").is_at(&hosts));
    }

    #[test]
    fn percent_signs() {
        for (path, plain) in [("/a%20b", "/a b"), ("/%2e%2E/%", "/../%"), ("/%4", "/%4"), ("", "")]
        {
            assert_eq!(decoded(path.as_bytes()), plain.as_bytes(), "{path}");
        }
    }

    /// `api`, `payments/api`, and a root that is a link.
    #[test]
    fn a_url_leads_to_one_repository_at_most() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path().join("root");
        let mut homes = Vec::new();
        for name in ["api.git", "payments/api.git", "work/.git", "a b.git"] {
            let home = root.join(name);
            std::fs::create_dir_all(&home).expect("a folder");
            std::fs::write(home.join("HEAD"), "ref: refs/heads/main\n").expect("a file");
            homes.push(home.canonicalize().expect("a path"));
        }
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&root, &link).expect("a link");
        let there = |name: &str| root.join(name).to_str().expect("text").to_owned();
        let linked = link.join("payments/api").to_str().expect("text").to_owned();
        let rows: &[(&str, Option<usize>)] = &[
            ("https://host/git/payments/api.git", Some(1)),
            ("https://host/payments/api", Some(1)),
            ("https://host/payments/api.git/", Some(1)),
            ("https://host/payments//api.git", Some(1)),
            ("https://host/api.git", Some(0)),
            ("https://host/mirror/api.git", Some(0)),
            ("https://host/payments/../api.git", None),
            ("https://host/payments/%2e%2e/api.git", None),
            ("https://host/xpayments/api2.git", None),
            ("https://host/a%20b.git", Some(3)),
            ("https://host/a b.git", Some(3)),
            ("git@host:payments/api.git", Some(1)),
            ("git@host:~git/payments/api.git", Some(1)),
            ("git@host:a%20b.git", None),
            ("git@host:work", Some(2)),
            ("git@host:", None),
            ("https://host", None),
            ("", None),
            (&there("payments/api.git"), Some(1)),
            (&there("payments/api"), Some(1)),
            (&there("work"), Some(2)),
            (&there("work/.git"), Some(2)),
            (&linked, Some(1)),
            (&format!("file://{}", there("api.git")), Some(0)),
            (&format!("ssh://host{}", there("api.git")), Some(0)),
            (&format!("host:{}", there("api.git")), Some(0)),
            (&format!("https://host/{}/api.git", "x/".repeat(100)), None),
            (&format!("https://host/{}/api.git", "x".repeat(5_000)), None),
        ];
        for (url, leads) in rows {
            for root in [&root, &link] {
                for (n, home) in homes.iter().enumerate() {
                    let found = Pushee(url.as_bytes()).leads_to(Some(root), home);
                    assert_eq!(found, *leads == Some(n), "{url} and {}", home.display());
                }
            }
        }
        assert!(!Pushee(b"https://host/api.git").leads_to(None, &homes[0]));
    }
}
