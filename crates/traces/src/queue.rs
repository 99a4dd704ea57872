//! The bounded queue of finished spans.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::span::Span;

#[derive(Debug, Default)]
struct Inner {
    spans: VecDeque<Span>,
    closing: bool,
}

/// The queue between the threads of the chat and the one that sends. Its lock is held only briefly.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    inner: Mutex<Inner>,
    news: Condvar,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds the spans of a trace, all or none; false when they do not fit below `most` spans.
    pub(crate) fn push(&self, spans: &[Span], most: usize) -> bool {
        let mut inner = self.lock();
        if inner.spans.len() + spans.len() > most {
            return false;
        }
        inner.spans.extend(spans);
        true
    }

    pub(crate) fn len(&self) -> usize {
        self.lock().spans.len()
    }

    /// Waits for a moment, or until the queue is closed. Then it takes up to `most` spans. True when the queue is closed.
    pub(crate) fn take(&self, patience: Duration, most: usize) -> (Vec<Span>, bool) {
        let inner = self.lock();
        let waited = self
            .news
            .wait_timeout_while(inner, patience, |inner| !inner.closing);
        let (mut inner, _) = waited.unwrap_or_else(PoisonError::into_inner);
        let count = inner.spans.len().min(most);
        (inner.spans.drain(..count).collect(), inner.closing)
    }

    /// Waits for a moment, or until the queue is closed; true when it is closed.
    pub(crate) fn pause(&self, patience: Duration) -> bool {
        self.take(patience, 0).1
    }

    pub(crate) fn close(&self) {
        self.lock().closing = true;
        self.news.notify_all();
    }
}
