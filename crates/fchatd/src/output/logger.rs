//! The log: lines on standard error. Each event is one line, with any text of others in its fields: control characters
//! in them are escaped here, for all events at once. Level and format are settings, which change while the server runs.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::fmt;
use std::io::{self, IsTerminal, Write};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use fchatd_world::Settings;
use fchatd_world::settings::keys;
use tracing::Subscriber;
use tracing_subscriber::field::RecordFields;
use tracing_subscriber::fmt::format::{DefaultFields, FormatFields, Writer};
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, format};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Registry, reload};

use super::escape::OneLine;
use super::json_line::JsonLine;
use super::outlet::{ERR, OUT};
use super::recent;

/// The variable that filters by module and takes the place of the setting `log_level`.
const FILTER: &str = "RUST_LOG";
/// The level before the settings are read.
const FIRST_LEVEL: &str = "info";

/// Whether lines are JSON.
static IS_JSON: AtomicBool = AtomicBool::new(false);
/// Where the level of a running server is changed.
static LEVEL: OnceLock<reload::Handle<EnvFilter, Registry>> = OnceLock::new();

/// Starts the log of a server, in text until [`configure`] says otherwise. Panics of all threads go to it.
pub(crate) fn start() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(FIRST_LEVEL));
    let (filter, handle) = reload::Layer::new(filter);
    let _ = LEVEL.set(handle);
    let lines = tracing_subscriber::fmt::layer()
        .with_ansi(io::stderr().is_terminal())
        .fmt_fields(Escaped)
        .event_format(Style)
        .with_writer(|| Line);
    tracing_subscriber::registry().with(filter).with(lines).init();
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

/// Puts the settings of the log in force. The variable `RUST_LOG` overrides the level.
pub(crate) fn configure(settings: &Settings) {
    let level = settings.text(keys::LOG_LEVEL);
    IS_JSON.store(settings.text(keys::LOG_FORMAT) == "json", Ordering::Relaxed);
    if std::env::var_os(FILTER).is_none()
        && let Some(handle) = LEVEL.get()
        && let Err(error) = handle.reload(EnvFilter::new(level))
    {
        tracing::error!("the level of the log can't be changed: {error}");
    }
}

/// Tells the reader of standard output, once for each start, that the server is ready, in one line of the log's format.
pub(crate) fn tell_ready(address: &impl fmt::Display) {
    let version = env!("CARGO_PKG_VERSION");
    if IS_JSON.load(Ordering::Relaxed) {
        OUT.json(&format!(r#"{{"version":"{version}","listens":"{address}"}}"#));
    } else {
        OUT.line(format_args!("fchatd {version} listens on {address}"));
    }
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

/// The format of events that is in force.
struct Style;

impl<S, N> FormatEvent<S, N> for Style
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    N: for<'writer> FormatFields<'writer> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &tracing::Event<'_>,
    ) -> fmt::Result {
        if !IS_JSON.load(Ordering::Relaxed) {
            return format().format_event(context, writer, event);
        }
        let mut time = String::new();
        SystemTime.format_time(&mut Writer::new(&mut time))?;
        let mut line = JsonLine::open(&time, event.metadata());
        event.record(&mut line);
        writer.write_str(&line.close())
    }
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
        recent::add(bytes);
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
