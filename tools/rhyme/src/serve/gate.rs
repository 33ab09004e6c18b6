//! How many questions run at once, how many wait, and how many one client may have.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::client::Client;
use super::refusal::Refusal;

pub(super) struct Gate {
    /// One for each question that runs or waits.
    places: Arc<Semaphore>,
    /// One for each that runs.
    threads: Arc<Semaphore>,
    places_in_all: usize,
    threads_in_all: usize,
    /// How many one client may have, if that is said.
    per_client: Option<usize>,
    /// How many each client has.
    inside: Arc<Mutex<HashMap<Client, usize>>>,
}

/// The right to run, until it is dropped.
pub(super) struct Turn {
    _thread: OwnedSemaphorePermit,
    _place: OwnedSemaphorePermit,
    _seat: Seat,
}

/// A place that counts for a client.
struct Seat {
    client: Client,
    inside: Arc<Mutex<HashMap<Client, usize>>>,
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut inside = of(&self.inside);
        if let Some(count) = inside.get_mut(&self.client) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                inside.remove(&self.client);
            }
        }
    }
}

fn of(inside: &Mutex<HashMap<Client, usize>>) -> MutexGuard<'_, HashMap<Client, usize>> {
    inside.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Gate {
    pub(super) fn new(threads: usize, queue: usize, per_client: Option<usize>) -> Self {
        let most = Semaphore::MAX_PERMITS;
        let threads = threads.min(most);
        let places = threads.saturating_add(queue).min(most);
        Self {
            places: Arc::new(Semaphore::new(places)),
            threads: Arc::new(Semaphore::new(threads)),
            places_in_all: places,
            threads_in_all: threads,
            per_client,
            inside: Arc::default(),
        }
    }

    /// How many questions a client may have. Clients on this machine have one address together, so nothing
    /// holds for each of them, unless it is said.
    fn most_of(&self, client: Client) -> usize {
        let usual = match client.is_here() {
            true => usize::MAX,
            false => self.places_in_all.div_ceil(2),
        };
        self.per_client.unwrap_or(usual)
    }

    fn seat(&self, client: Client) -> Result<Seat, Refusal> {
        let most = self.most_of(client);
        let mut inside = of(&self.inside);
        let count = inside.entry(client).or_default();
        if *count >= most {
            return Err(Refusal::too_many(most));
        }
        *count += 1;
        Ok(Seat {
            client,
            inside: Arc::clone(&self.inside),
        })
    }

    /// Waits for a turn, in the order of coming.
    ///
    /// # Errors
    /// A refusal if the client has too many questions, if too many wait already, or if the wait is too long.
    pub(super) async fn enter(&self, client: Client, patience: Duration) -> Result<Turn, Refusal> {
        let seat = self.seat(client)?;
        let place = Arc::clone(&self.places).try_acquire_owned();
        let place = place.map_err(|_| Refusal::busy())?;
        let thread = Arc::clone(&self.threads).acquire_owned();
        let thread = timeout(patience, thread).await;
        let thread = thread.map_err(|_| Refusal::busy())?;
        Ok(Turn {
            _thread: thread.map_err(|_| Refusal::busy())?,
            _place: place,
            _seat: seat,
        })
    }

    /// How many questions run.
    pub(super) fn running(&self) -> usize {
        let free = self.threads.available_permits();
        self.threads_in_all.saturating_sub(free)
    }

    /// How many wait.
    pub(super) fn waiting(&self) -> usize {
        let free = self.places.available_permits();
        let inside = self.places_in_all.saturating_sub(free);
        inside.saturating_sub(self.running())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::future::Future;
    use std::net::SocketAddr;

    use tokio::runtime::Builder;

    use super::*;

    fn client(ip: &str) -> Client {
        Client::at(SocketAddr::new(ip.parse().unwrap(), 80))
    }

    fn wait<T>(future: impl Future<Output = T>) -> T {
        let runtime = Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(future)
    }

    fn enter(gate: &Gate, ip: &str) -> Result<Turn, &'static str> {
        let entered = gate.enter(client(ip), Duration::from_millis(1));
        wait(entered).map_err(|refusal| refusal.kind)
    }

    #[test]
    fn one_client_leaves_places_to_others() {
        // Ten places; from elsewhere one client may have five of them.
        let gate = Gate::new(10, 0, None);
        let greedy: Vec<_> = (0..5).map(|_| enter(&gate, "192.0.2.1").unwrap()).collect();
        assert_eq!(enter(&gate, "192.0.2.1").err(), Some("too-many"));
        let mut others: Vec<_> = (2..7)
            .map(|n| enter(&gate, &format!("192.0.2.{n}")).unwrap())
            .collect();
        assert_eq!(enter(&gate, "192.0.2.9").err(), Some("busy"));
        assert_eq!((gate.running(), gate.waiting()), (10, 0));
        // A place that is left is free again, for whoever may have it.
        others.pop();
        assert_eq!(enter(&gate, "192.0.2.1").err(), Some("too-many"));
        drop(greedy);
        drop(enter(&gate, "192.0.2.1").unwrap());
        drop(others);
        assert!(of(&gate.inside).is_empty(), "nobody is remembered");
    }

    #[test]
    fn programs_of_this_machine_share_all_places_unless_told() {
        let gate = Gate::new(2, 1, None);
        let _two = [enter(&gate, "127.0.0.1"), enter(&gate, "::1")].map(Result::unwrap);
        // It found a place, and no thread in time.
        assert_eq!(enter(&gate, "127.0.0.1").err(), Some("busy"));
        let full = Gate::new(1, 0, None);
        let _one = enter(&full, "127.0.0.1").unwrap();
        assert_eq!(
            enter(&full, "127.0.0.1").err(),
            Some("busy"),
            "and none too many"
        );
        let gate = Gate::new(2, 1, Some(1));
        let _one = enter(&gate, "127.0.0.1").unwrap();
        assert_eq!(enter(&gate, "127.0.0.1").err(), Some("too-many"));
        drop(enter(&gate, "127.0.0.2").unwrap());
    }
}
