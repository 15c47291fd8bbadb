//! A small web server in front of `git http-backend`: Basic authentication, and CGI as
//! Apache and fcgiwrap speak it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::thread;

use super::run::{bare_command, run};
use super::world::World;

/// The password of everybody.
pub(crate) const PASSWORD: &str = "open-sesame-7143";

/// Serves until the test's process ends.
pub(crate) struct HttpServer {
    port: u16,
}

impl HttpServer {
    /// Starts it over a world's repositories.
    #[track_caller]
    pub(crate) fn start(world: &World) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let site = Site { root: world.path("root"), git_config: world.path("gitconfig") };
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let site = site.clone();
                thread::spawn(move || site.answer(stream));
            }
        });
        Self { port }
    }

    /// A person's address of a repository.
    pub(crate) fn url(&self, person: &str, repository: &str) -> String {
        format!("http://{person}:{PASSWORD}@127.0.0.1:{}/{repository}.git", self.port)
    }
}

#[derive(Clone)]
struct Site {
    root: PathBuf,
    git_config: PathBuf,
}

/// What a client asks.
struct Request {
    method: String,
    path: String,
    query: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Request {
    fn read(stream: &TcpStream) -> Option<Self> {
        let mut reader = BufReader::new(stream);
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let mut words = line.split(' ');
        let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        let mut headers = Vec::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).ok()?;
            let line = line.trim_end();
            if line.is_empty() {
                break;
            }
            let (name, value) = line.split_once(':')?;
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let length = headers.iter().find(|(n, _)| n == "content-length");
        let mut body = vec![0; length.map_or(0, |(_, v)| v.parse().unwrap_or(0))];
        reader.read_exact(&mut body).ok()?;
        let (path, query) = (path.to_owned(), query.to_owned());
        Some(Self { method, path, query, headers, body })
    }

    /// Who the password says it is.
    fn user(&self) -> Option<String> {
        let (_, value) = self.headers.iter().find(|(n, _)| n == "authorization")?;
        let text = String::from_utf8(base64(value.strip_prefix("Basic ")?)?).ok()?;
        let (user, password) = text.split_once(':')?;
        (password == PASSWORD).then(|| user.to_owned())
    }
}

impl Site {
    /// A client that goes away in between is no fault.
    fn answer(&self, mut stream: TcpStream) -> Option<()> {
        let request = Request::read(&stream)?;
        let Some(user) = request.user() else {
            let head = "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"git\"\r\n";
            let rest = "Content-Length: 0\r\nConnection: close\r\n\r\n";
            return stream.write_all(format!("{head}{rest}").as_bytes()).ok();
        };
        let answer = self.cgi(&request, &user);
        let at = answer.windows(4).position(|w| w == b"\r\n\r\n").expect("CGI headers");
        let head = String::from_utf8_lossy(&answer[..at]).into_owned();
        let status = head.lines().find_map(|l| l.strip_prefix("Status: ")).unwrap_or("200 OK");
        let body = &answer[at + 4..];
        let mut out = format!("HTTP/1.1 {status}\r\n");
        for line in head.lines().filter(|l| !l.starts_with("Status:")) {
            out.push_str(&format!("{line}\r\n"));
        }
        out.push_str(&format!("Content-Length: {}\r\nConnection: close\r\n\r\n", body.len()));
        stream.write_all(out.as_bytes()).ok()?;
        stream.write_all(body).ok()
    }

    /// `HOME` is unset, as under most web servers.
    fn cgi(&self, request: &Request, user: &str) -> Vec<u8> {
        let mut command = bare_command("git");
        command.arg("http-backend").current_dir(&self.root);
        command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", &self.git_config);
        command.env("GIT_PROJECT_ROOT", &self.root).env("GIT_HTTP_EXPORT_ALL", "1");
        command.env("GATEWAY_INTERFACE", "CGI/1.1").env("REMOTE_ADDR", "127.0.0.1");
        command.env("REQUEST_METHOD", &request.method).env("PATH_INFO", &request.path);
        command.env("QUERY_STRING", &request.query).env("REMOTE_USER", user);
        command.env("CONTENT_LENGTH", request.body.len().to_string());
        for (name, value) in &request.headers {
            match name.as_str() {
                "content-length" => {}
                "content-type" => drop(command.env("CONTENT_TYPE", value)),
                name => {
                    let name = name.to_ascii_uppercase().replace('-', "_");
                    command.env(format!("HTTP_{name}"), value);
                }
            }
        }
        run(&mut command, &request.body).stdout
    }
}

fn base64(text: &str) -> Option<Vec<u8>> {
    let digit = |c: u8| match c {
        b'A'..=b'Z' => Some(c - b'A'),
        b'a'..=b'z' => Some(c - b'a' + 26),
        b'0'..=b'9' => Some(c - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    };
    let (mut bits, mut count, mut out) = (0_u32, 0, Vec::new());
    for c in text.bytes().filter(|c| *c != b'=') {
        bits = (bits << 6 | u32::from(digit(c)?)) & 0xffff;
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push(u8::try_from(bits >> count & 0xff).ok()?);
        }
    }
    Some(out)
}

/// Whether any file below a folder holds these bytes.
pub(crate) fn holds(folder: &Path, needle: &[u8]) -> bool {
    let entries = std::fs::read_dir(folder).expect("a folder");
    entries.map(|e| e.expect("an entry").path()).any(|path| {
        if path.is_dir() {
            return holds(&path, needle);
        }
        let bytes = std::fs::read(&path).unwrap_or_default();
        bytes.windows(needle.len()).any(|w| w == needle)
    })
}
