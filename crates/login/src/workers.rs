use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use tokio::sync::oneshot;

use crate::desk::AccountDesk;
use crate::error::AccountError;

type Job = Box<dyn FnOnce(&mut AccountDesk) + Send>;

/// Threads with a desk each, and one bounded queue before them. They end when the last handle is dropped.
#[derive(Debug)]
pub(crate) struct Workers {
    queue: SyncSender<Job>,
}

impl Workers {
    pub(crate) fn start(name: &str, desks: Vec<AccountDesk>, queue: usize) -> Result<Self, AccountError> {
        let (sender, receiver) = sync_channel(queue);
        let receiver = Arc::new(Mutex::new(receiver));
        for desk in desks {
            let receiver = receiver.clone();
            thread::Builder::new()
                .name(name.to_owned())
                .spawn(move || work(desk, &receiver))
                .map_err(|error| {
                    tracing::error!(%error, "no thread for the account service");
                    AccountError::Failed(None)
                })?;
        }
        Ok(Self { queue: sender })
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
        self.queue.try_send(job).map_err(|_| AccountError::Busy)?;
        answered.await.unwrap_or(Err(AccountError::Failed(None)))
    }
}

fn work(mut desk: AccountDesk, queue: &Mutex<Receiver<Job>>) {
    loop {
        let job = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = job else { return };
        // A mistake of ours must cost one answer, not the thread; an open transaction was rolled back on the way.
        if catch_unwind(AssertUnwindSafe(|| job(&mut desk))).is_err() {
            tracing::error!("a request to the account service ended in a panic");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::sync::mpsc::channel;
    use std::task::{Context, Waker};

    use fchatd_store::Store;

    use super::*;
    use crate::password::PasswordCost;
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
        Workers::start("test", vec![desk], queue).unwrap()
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
}
