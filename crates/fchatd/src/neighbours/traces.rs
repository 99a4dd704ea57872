//! Sends traces to a receiver (docs/monitoring.md#traces). The threads of the chat make them; this is the way out.

use std::sync::Arc;
use std::time::Duration;

use fchatd_figures::Sink;
use fchatd_links::traces::TraceSender;
use fchatd_links::web::WebAddress;
use fchatd_traces::Traces;
use fchatd_world::Settings;
use fchatd_world::settings::keys;

use super::neighbour::Neighbour;
use super::start::Start;
use crate::failure::Failure;

/// How long the end waits for the last traces.
const GOODBYE: Duration = Duration::from_secs(1);

/// The receiver, if there is one.
///
/// # Errors
/// The setting is no address.
pub(super) fn endpoint(settings: &Settings) -> Result<Option<WebAddress>, Failure> {
    match settings.text(keys::TRACE_ENDPOINT).trim() {
        "" => Ok(None),
        text => match WebAddress::parse(text) {
            Ok(address) => Ok(Some(address)),
            Err(error) => Err(format!("trace_endpoint: {error}")),
        },
    }
}

/// The traces of a server whose settings name a receiver.
///
/// # Errors
/// A setting is wrong, or the system gives no random numbers.
pub(crate) fn traces(settings: &Settings) -> Result<Option<Arc<Traces>>, Failure> {
    if endpoint(settings)?.is_none() {
        return Ok(None);
    }
    let traces = Traces::new(settings.number(keys::TRACE_SAMPLE));
    let traces = traces.map_err(|error| format!("the system gives no random numbers: {error}"))?;
    Ok(Some(Arc::new(traces)))
}

/// The way to the receiver.
pub(super) struct TraceLink {
    traces: Arc<Traces>,
    sender: TraceSender,
}

impl TraceLink {
    /// Starts to send, where the settings name a receiver.
    ///
    /// # Errors
    /// A setting is wrong, or the system gives no thread.
    pub(super) fn start(start: &Start<'_>) -> Result<Option<Self>, Failure> {
        let (Some(address), Some(traces)) = (endpoint(start.settings)?, start.traces.clone()) else {
            return Ok(None);
        };
        tracing::info!("traces: sent to {}", address.host());
        let sender = TraceSender::start(Arc::clone(&traces), address, env!("CARGO_PKG_VERSION"))
            .map_err(|error| format!("traces can't be sent: {error}"))?;
        Ok(Some(Self { traces, sender }))
    }
}

impl Neighbour for TraceLink {
    fn figures(&self, sink: &mut dyn Sink) {
        fchatd_traces::FIGURES.put(&*self.traces, sink);
    }

    fn finish(&mut self) {
        self.sender.finish(GOODBYE);
    }
}
