//! The log: lines on standard error. Each event is one line, with any text of others in its fields: control characters
//! in them are escaped here, for all events at once.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::fmt;
use std::io::{self, IsTerminal, Write};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::field::RecordFields;
use tracing_subscriber::fmt::format::{DefaultFields, FormatFields, Writer};

use super::escape::OneLine;
use super::outlet::ERR;

/// Starts the log of a server. Panics of all threads go to it.
pub(crate) fn start() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(io::stderr().is_terminal())
        .fmt_fields(Escaped)
        .with_writer(|| Line)
        .init();
    // The hook of the standard library writes to standard error itself, which may block.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let reason = panic.payload_as_str().unwrap_or("no reason is given");
        let stack = Backtrace::capture();
        match stack.status() {
            BacktraceStatus::Captured => tracing::error!("panicked at {place}: {reason}\n{stack}"),
            _ => tracing::error!("panicked at {place}: {reason}"),
        }
    }));
}

/// Shows the output of scripts while they are tested, without times.
pub(crate) fn start_for_tests() {
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new("off,script=info"))
        .with_ansi(io::stderr().is_terminal())
        .fmt_fields(Escaped)
        .with_writer(|| Line)
        .without_time()
        .init();
}

/// Formats the fields of events and spans on one line.
struct Escaped;

impl<'writer> FormatFields<'writer> for Escaped {
    fn format_fields<R: RecordFields>(&self, mut writer: Writer<'writer>, fields: R) -> fmt::Result {
        let mut line = OneLine(&mut writer);
        DefaultFields::new().format_fields(Writer::new(&mut line), fields)
    }
}

/// Takes one event.
struct Line;

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        ERR.raw(bytes.to_vec());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn foreign_text_stays_in_its_line() {
        let kept = Kept::default();
        let writer = kept.clone();
        let log = tracing_subscriber::fmt()
            .with_ansi(false)
            .fmt_fields(Escaped)
            .with_writer(move || writer.clone())
            .finish();
        let forged = "x\n2026-01-01T00:00:00Z ERROR forged: \u{1b}[2J\r\u{85}y";
        tracing::subscriber::with_default(log, || {
            tracing::info!(name = forged, shown = %forged, "{forged}");
            let span = tracing::info_span!("span", inside = forged);
            span.in_scope(|| tracing::warn!(debug = ?forged, "in a span"));
        });
        let text = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
        assert_eq!(text.lines().count(), 2, "{text}");
        assert_eq!(
            text.chars().filter(|character| character.is_control()).count(),
            2,
            "nothing but the two line ends: {text:?}"
        );
        assert!(text.contains(r"x\n2026-01-01T00:00:00Z ERROR forged: "), "{text}");
    }
}
