//! Accepts connections, and closes them in the end.

use std::io;
use std::net::TcpListener as StdListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Builder;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};

use super::asking::stay_fresh;
use super::client::Client;
use super::patient::Patient;
use super::routes::router;
use super::server::Server;
use crate::progress;

/// Connections at the same time; others wait until one is closed.
const MOST: usize = 1024;
/// How long questions that are being answered may go on at the end.
const GRACE: Duration = Duration::from_secs(5);
/// How long the threads of questions that were stopped may go on.
const STOPPING: Duration = Duration::from_secs(2);
/// Headers of one request, in bytes.
const HEADERS: usize = 64 << 10;

/// Wakes when Ctrl-C is pressed or the process is asked to end. The second time the process ends at once,
/// which loses nothing that was committed.
pub(super) fn stop_at_signals() -> io::Result<Arc<Notify>> {
    let stop = Arc::new(Notify::new());
    let (told, again) = (Arc::clone(&stop), AtomicBool::new(false));
    let set = ctrlc::set_handler(move || {
        if again.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
        told.notify_one();
    });
    set.map(|()| stop).map_err(io::Error::other)
}

/// Serves until it is told to stop.
pub(super) fn run(
    server: &Arc<Server>,
    listener: StdListener,
    threads: usize,
    stop: Arc<Notify>,
) -> io::Result<()> {
    let runtime = Builder::new_current_thread()
        .enable_io()
        .enable_time()
        // One for each question, and some for what looks after the database and for what writes.
        .max_blocking_threads(threads.saturating_add(4))
        .build()?;
    let served = runtime.block_on(serve(server, listener, stop));
    runtime.shutdown_timeout(STOPPING);
    served
}

async fn serve(server: &Arc<Server>, listener: StdListener, stop: Arc<Notify>) -> io::Result<()> {
    let listener = TcpListener::from_std(listener)?;
    let fresh = tokio::spawn(stay_fresh(Arc::clone(server)));
    let open = Arc::new(GracefulShutdown::new());
    let accepting = Accepting {
        server: Arc::clone(server),
        router: router(Arc::clone(server)),
        room: Arc::new(Semaphore::new(MOST)),
        open: Arc::clone(&open),
    };
    let accepting = tokio::spawn(accepting.run(listener));
    stop.notified().await;
    // Closes the port, too.
    accepting.abort();
    fresh.abort();
    // It was told to stop.
    let _ = accepting.await;
    if let Some(open) = Arc::into_inner(open) {
        // What is left then is dropped with the runtime, and its questions are stopped.
        let _ = timeout(GRACE, open.shutdown()).await;
    }
    // A command that still writes ends after its current step.
    progress::stop();
    Ok(())
}

struct Accepting {
    server: Arc<Server>,
    router: Router,
    room: Arc<Semaphore>,
    open: Arc<GracefulShutdown>,
}

impl Accepting {
    async fn run(self, listener: TcpListener) {
        // Nobody closes the semaphore.
        while let Ok(place) = Arc::clone(&self.room).acquire_owned().await {
            match listener.accept().await {
                Ok((stream, from)) => self.connect(stream, Client::at(from), place),
                // Too many files are open, or the client is gone already.
                Err(_) => sleep(Duration::from_millis(20)).await,
            }
        }
    }

    fn connect(&self, stream: TcpStream, client: Client, place: OwnedSemaphorePermit) {
        self.server.metrics.connected();
        // Without it only the pace is worse.
        let _ = stream.set_nodelay(true);
        let idle = self.server.limits.idle;
        let stream = TokioIo::new(Patient::new(stream, idle));
        let router = TowerToHyperService::new(self.router.clone());
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(client);
            router.call(request)
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(idle)
            .max_buf_size(HEADERS)
            .serve_connection(stream, service);
        let connection = self.open.watch(connection);
        tokio::spawn(async move {
            // A client that breaks off is no matter of ours.
            let _ = connection.await;
            drop(place);
        });
    }
}
