//! Connections: taken up to a number, each with a time for its head and its handshake, and
//! finished before the end.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ConnectInfo;
use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::caller::Peer;
use super::tls::Tls;
use super::{Listener, Server, router};

/// Connections at once; the next one waits.
const MOST: usize = 1_024;

/// How long a handshake, or the head of a question, may take.
const HEAD: Duration = Duration::from_secs(10);

/// How long what is under way may take after the end was asked for.
const DRAIN: Duration = Duration::from_secs(60);

/// After an error of `accept`, such as of a process that has too many files open.
const PAUSE: Duration = Duration::from_millis(100);

/// Answers until `end` is over, then finishes what is under way.
///
/// # Errors
/// None so far: what a single connection does is its own affair.
pub async fn serve(
    server: Arc<Server>,
    listener: Listener,
    tls: Option<Arc<Tls>>,
    end: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let router = router(server);
    let room = Arc::new(Semaphore::new(MOST));
    let graceful = GracefulShutdown::new();
    let mut end = std::pin::pin!(end);
    loop {
        let permit = tokio::select! {
            permit = Arc::clone(&room).acquire_owned() => permit,
            () = &mut end => break,
        };
        let Ok(permit) = permit else { break };
        let accepted = tokio::select! {
            accepted = accept(&listener) => accepted,
            () = &mut end => break,
        };
        let (router, watcher) = (router.clone(), graceful.watcher());
        match (accepted, &tls) {
            (Ok(Accepted::Unix(stream, uid)), _) => {
                let talk = talk(stream, Peer::User(uid), router, watcher, permit);
                tokio::spawn(talk);
            }
            (Ok(Accepted::Tcp(stream)), None) => {
                tokio::spawn(talk(stream, Peer::Network, router, watcher, permit));
            }
            (Ok(Accepted::Tcp(stream)), Some(tls)) => {
                let acceptor = tls.acceptor();
                tokio::spawn(async move {
                    match tokio::time::timeout(HEAD, acceptor.accept(stream)).await {
                        Ok(Ok(stream)) => {
                            talk(stream, Peer::Network, router, watcher, permit).await;
                        }
                        Ok(Err(e)) => tracing::debug!(error = %e, "no handshake"),
                        Err(_) => tracing::debug!("a handshake took too long"),
                    }
                });
            }
            (Err(e), _) => {
                tracing::warn!(error = %e, "a connection was not accepted");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
    drop(listener);
    if tokio::time::timeout(DRAIN, graceful.shutdown()).await.is_err() {
        tracing::warn!("connections were cut off at the end");
    }
    Ok(())
}

enum Accepted {
    Tcp(tokio::net::TcpStream),
    /// With the user at the other end.
    Unix(tokio::net::UnixStream, Option<u32>),
}

async fn accept(listener: &Listener) -> io::Result<Accepted> {
    match listener {
        Listener::Tcp(tcp) => Ok(Accepted::Tcp(tcp.accept().await?.0)),
        Listener::Unix(unix) => {
            let stream = unix.accept().await?.0;
            let uid = stream.peer_cred().ok().map(|cred| cred.uid());
            Ok(Accepted::Unix(stream, uid))
        }
    }
}

/// One connection, to its end.
async fn talk(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    peer: Peer,
    router: Router,
    watcher: Watcher,
    _room: OwnedSemaphorePermit,
) {
    let service = TowerToHyperService::new(router.layer(Extension(ConnectInfo(peer))));
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD);
    let connection = http.serve_connection(TokioIo::new(stream), service);
    if let Err(e) = watcher.watch(connection).await {
        tracing::debug!(error = %e, "a connection broke off");
    }
}
