//! Threads that do the work of the account service, each with a desk of its own.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use tokio::sync::oneshot;

use crate::desk::AccountDesk;
use crate::error::AccountError;

/// How long a thread rests before memory that it used is given back to the system.
const REST: Duration = Duration::from_secs(1);
/// Lowest priority that leaves a thread some time on a busy machine.
const NICENESS: i32 = 10;

type Job = Box<dyn FnOnce(&mut AccountDesk) + Send>;

/// The kind of work of some threads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effort {
    /// Short: the threads have the priority of the process.
    Light,
    /// Hashing: the threads have a lower priority than the chat, and give their memory back when they rest.
    Heavy,
}

/// Threads with a desk each, and one bounded queue before them. They end when the last handle is dropped.
#[derive(Debug)]
pub(crate) struct Workers {
    queue: Arc<Queue>,
}

struct Queue {
    state: Mutex<State>,
    changed: Condvar,
    bound: usize,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Job>,
    closed: bool,
}

impl Workers {
    /// Starts a thread for each desk. At most `bound` jobs wait. `give_back` gives unused memory back to the system.
    pub(crate) fn start(
        name: &str,
        desks: Vec<AccountDesk>,
        bound: usize,
        effort: Effort,
        give_back: Option<fn()>,
    ) -> Result<Self, AccountError> {
        let queue = Arc::new(Queue {
            state: Mutex::default(),
            changed: Condvar::new(),
            bound,
        });
        let workers = Self { queue };
        let give_back = give_back.filter(|_| effort == Effort::Heavy);
        for desk in desks {
            let queue = Arc::clone(&workers.queue);
            thread::Builder::new()
                .name(name.to_owned())
                .spawn(move || {
                    if effort == Effort::Heavy {
                        lower_priority();
                    }
                    work(desk, &queue, give_back);
                })
                .map_err(|error| {
                    tracing::error!(%error, "no thread for the account service");
                    AccountError::Failed(None)
                })?;
        }
        Ok(workers)
    }

    /// Has `work` done on one of the threads. When the returned future is dropped before the work's turn comes, it is
    /// not done at all.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut AccountDesk) -> Result<T, AccountError> + Send + 'static,
    ) -> Result<T, AccountError> {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |desk| {
            if !answer.is_closed() {
                let _ = answer.send(work(desk));
            }
        });
        self.queue.push(job)?;
        answered.await.unwrap_or(Err(AccountError::Failed(None)))
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.queue.state().closed = true;
        self.queue.changed.notify_all();
    }
}

impl Queue {
    fn push(&self, job: Job) -> Result<(), AccountError> {
        let mut state = self.state();
        if state.jobs.len() >= self.bound {
            return Err(AccountError::Busy);
        }
        state.jobs.push_back(job);
        drop(state);
        self.changed.notify_one();
        Ok(())
    }

    /// The next job, as soon as there is one; nothing when there will be none. `rested` is called when there is none for
    /// a while.
    fn next(&self, rested: Option<impl FnOnce()>) -> Option<Job> {
        let mut state = self.state();
        if let Some(rested) = rested {
            let waited = self
                .changed
                .wait_timeout_while(state, REST, |state| state.jobs.is_empty() && !state.closed);
            let (after, outcome) = waited.unwrap_or_else(PoisonError::into_inner);
            state = after;
            if outcome.timed_out() {
                drop(state);
                rested();
                state = self.state();
            }
        }
        let mut state = self
            .changed
            .wait_while(state, |state| state.jobs.is_empty() && !state.closed)
            .unwrap_or_else(PoisonError::into_inner);
        state.jobs.pop_front()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Queue {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Queue")
    }
}

/// On Linux a priority belongs to a thread, so the rest of the process keeps its own.
fn lower_priority() {
    if let Err(error) = rustix::process::setpriority_process(None, NICENESS) {
        tracing::warn!(%error, "the threads that hash passwords run at the usual priority");
    }
}

fn work(mut desk: AccountDesk, queue: &Queue, give_back: Option<fn()>) {
    let mut has_worked = false;
    loop {
        let memory = &mut desk.memory;
        let rested = give_back.filter(|_| has_worked).map(|give_back| {
            move || {
                memory.free();
                give_back();
            }
        });
        let Some(job) = queue.next(rested) else { return };
        // A mistake of ours must cost one answer, not the thread; an open transaction was rolled back on the way.
        if catch_unwind(AssertUnwindSafe(|| job(&mut desk))).is_err() {
            tracing::error!("a request to the account service ended in a panic");
        }
        has_worked = true;
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc::channel;
    use std::task::{Context, Waker};

    use fchatd_store::Store;

    use super::*;
    use crate::desk::password::PasswordCost;
    use crate::settings::AccountSettings;

    fn workers(folder: &tempfile::TempDir, queue: usize) -> Workers {
        let cheap = PasswordCost {
            memory_kib: 8,
            passes: 1,
            lanes: 1,
        };
        let settings = AccountSettings {
            password_cost: cheap,
            ..AccountSettings::default()
        };
        let store = Store::open(folder.path()).unwrap();
        let desk = AccountDesk::open(&store, &settings).unwrap();
        Workers::start("test", vec![desk], queue, Effort::Light, None).unwrap()
    }

    #[tokio::test]
    async fn a_full_queue_is_busy_and_who_left_costs_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let workers = workers(&folder, 1);
        let (begun, has_begun) = channel();
        let (release, released) = channel::<()>();
        let mut first = pin!(workers.run(move |_| {
            begun.send(()).unwrap();
            released.recv().unwrap();
            Ok(1)
        }));
        let mut context = Context::from_waker(Waker::noop());
        assert!(first.as_mut().poll(&mut context).is_pending());
        has_begun.recv().unwrap();

        let (ran, has_run) = channel();
        {
            let mut second = pin!(workers.run(move |_| {
                ran.send(()).unwrap();
                Ok(2)
            }));
            assert!(second.as_mut().poll(&mut context).is_pending());
            assert!(matches!(workers.run(|_| Ok(3)).await, Err(AccountError::Busy)));
        }
        release.send(()).unwrap();
        assert_eq!(first.await.unwrap(), 1);
        assert!(
            has_run.recv().is_err(),
            "nobody waited for the second: it was dropped without running"
        );
        assert_eq!(workers.run(|_| Ok(4)).await.unwrap(), 4);
    }

    #[tokio::test]
    async fn a_panic_costs_one_answer() {
        let folder = tempfile::tempdir().unwrap();
        let workers = workers(&folder, 8);
        let result: Result<(), _> = workers.run(|_| panic!("on purpose")).await;
        assert!(matches!(result, Err(AccountError::Failed(None))));
        assert_eq!(workers.run(|_| Ok(5)).await.unwrap(), 5);
    }

    #[tokio::test]
    async fn memory_is_given_back_when_there_is_nothing_to_do() {
        static GIVEN_BACK: AtomicUsize = AtomicUsize::new(0);
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let desk = AccountDesk::open(&store, &AccountSettings::default()).unwrap();
        let give_back: fn() = || {
            GIVEN_BACK.fetch_add(1, Ordering::SeqCst);
        };
        let workers = Workers::start("test", vec![desk], 8, Effort::Heavy, Some(give_back)).unwrap();
        let niceness = workers
            .run(|_| Ok(rustix::process::getpriority_process(None).unwrap()))
            .await
            .unwrap();
        assert_eq!(niceness, NICENESS);
        assert_ne!(
            rustix::process::getpriority_process(None).unwrap(),
            NICENESS,
            "of this thread alone"
        );
        while GIVEN_BACK.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
    }
}
