//! Spans and their place in a trace.

use std::cell::Cell;
use std::time::Instant;

thread_local! {
    /// The root span of the command that this thread handles, if it is sampled.
    static CURRENT: Cell<Option<Context>> = const { Cell::new(None) };
}

/// A trace and a span in it. Children of that span refer to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Context {
    /// The trace; never 0.
    pub trace: u128,
    /// The span; never 0.
    pub span: u64,
}

impl Context {
    /// Runs `work` as a part of the span: [`current`] returns this context until it ends.
    pub fn during<T>(self, work: impl FnOnce() -> T) -> T {
        /// Restores the earlier context, also after a panic.
        struct Before(Option<Context>);
        impl Drop for Before {
            fn drop(&mut self) {
                CURRENT.set(self.0);
            }
        }
        let _before = Before(CURRENT.replace(Some(self)));
        work()
    }
}

/// The span that this thread works for, if it is sampled.
#[must_use]
pub fn current() -> Option<Context> {
    CURRENT.get()
}

/// The side of a span.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A part of the work of this server.
    Internal,
    /// The answer to a client.
    Server,
    /// A question to another server.
    Client,
}

/// The thread on which a span ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Thread {
    /// The thread of the rules.
    Chat,
    /// A thread of the network, by its number.
    Edge(u16),
}

/// The value of an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value {
    /// A number, such as a size in bytes.
    Number(i64),
    /// A word of the program.
    Word(&'static str),
}

/// The attributes of a span; a place may be empty.
pub type Attributes = [Option<(&'static str, Value)>; 4];

/// A finished span.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The trace and the span.
    pub context: Context,
    /// The parent; `None` for the root of a trace.
    pub parent: Option<u64>,
    /// The name.
    pub name: &'static str,
    /// The side.
    pub kind: Kind,
    /// The thread.
    pub thread: Thread,
    /// Begin and end.
    pub time: (Instant, Instant),
    /// The attributes.
    pub attributes: Attributes,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_context_is_current_while_its_work_runs_and_after_a_panic_no_more() {
        let context = |span| Context { trace: 1, span };
        let inner = context(1).during(|| {
            assert_eq!(current(), Some(context(1)));
            let inner = context(2).during(current);
            assert_eq!(current(), Some(context(1)));
            inner
        });
        assert_eq!((inner, current()), (Some(context(2)), None));
        let panicked =
            std::panic::catch_unwind(|| context(3).during(|| std::panic::resume_unwind(Box::new(()))));
        assert!(panicked.is_err());
        assert_eq!(current(), None);
    }
}
