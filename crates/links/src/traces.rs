//! Sends traces to a receiver by OTLP over HTTP (docs/monitoring.md#traces): a thread takes the spans that wait each second and posts them. A
//! receiver that is away, slow or no receiver of traces costs the chat nothing: the queue is bounded, and spans that don't fit are
//! dropped and counted.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use bytes::Bytes;
use fchatd_traces::{Traces, otlp};

use crate::web::{WebAddress, WebAnswer, WebClient};

/// Time between two requests while fewer spans than a batch wait.
const PAUSE: Duration = Duration::from_secs(1);
/// Timeout of a request, connecting included.
const PATIENCE: Duration = Duration::from_secs(10);
/// Maximum size of an answer, in bytes.
const ANSWER_BYTES_MAX: usize = 64 << 10;
/// Time before the first repetition of a request; it doubles with each.
const AGAIN_FIRST: Duration = Duration::from_secs(1);
/// The longest time between two repetitions.
const AGAIN_MOST: Duration = Duration::from_secs(30);
/// Time after which a batch is given up.
const GIVEN_UP: Duration = Duration::from_secs(60);
/// Maximum length of a receiver's message in the log, in characters.
const MESSAGE_MAX: usize = 200;

/// The thread that sends traces.
#[derive(Debug)]
pub struct TraceSender {
    traces: Arc<Traces>,
    /// Closed when the thread has ended.
    ended: Receiver<()>,
}

impl TraceSender {
    /// Starts the thread. `version` is the program's.
    ///
    /// # Errors
    /// The system gives no thread, or TLS can't be used.
    pub fn start(traces: Arc<Traces>, address: WebAddress, version: &'static str) -> io::Result<Self> {
        let web = WebClient::new(1).map_err(io::Error::other)?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let (ends, ended) = sync_channel::<()>(0);
        let work = Sending {
            traces: Arc::clone(&traces),
            address,
            web,
            version,
            trouble: None,
        };
        thread::Builder::new().name("traces".to_owned()).spawn(move || {
            let _ends = ends;
            work.run(&runtime);
        })?;
        Ok(Self { traces, ended })
    }

    /// Has the thread send the spans that wait, and waits for that, but not longer than `patience`.
    pub fn finish(&self, patience: Duration) {
        self.traces.close();
        let _ = self.ended.recv_timeout(patience);
    }
}

/// The failure of a request.
struct Refusal {
    sentence: String,
    /// Whether the same request may succeed later.
    is_temporary: bool,
}

struct Sending {
    traces: Arc<Traces>,
    address: WebAddress,
    web: WebClient,
    version: &'static str,
    /// The failure in the log, until a request succeeds.
    trouble: Option<String>,
}

impl Sending {
    fn run(mut self, runtime: &tokio::runtime::Runtime) {
        loop {
            let patience = if self.traces.has_batch() {
                Duration::ZERO
            } else {
                PAUSE
            };
            match self.traces.take(patience, self.version) {
                (Some((message, spans)), _) => self.send(runtime, &message.into(), spans),
                (None, true) => return,
                (None, false) => {}
            }
        }
    }

    /// Sends a batch, if need be several times.
    fn send(&mut self, runtime: &tokio::runtime::Runtime, message: &Bytes, spans: usize) {
        let (begun, mut again) = (Instant::now(), AGAIN_FIRST);
        let traces = Arc::clone(&self.traces);
        let counters = &traces.counters;
        loop {
            let asked = self.web.post_protobuf(&self.address, message, ANSWER_BYTES_MAX);
            let answer = runtime.block_on(async { tokio::time::timeout(PATIENCE, asked).await });
            let outcome = match answer {
                Ok(Ok(answer)) => read(&answer, spans),
                Ok(Err(error)) => Err(Refusal {
                    sentence: error.to_string(),
                    is_temporary: true,
                }),
                Err(_) => Err(Refusal {
                    sentence: format!("it does not answer within {} s", PATIENCE.as_secs()),
                    is_temporary: true,
                }),
            };
            let refusal = match outcome {
                Ok((refused, message)) => {
                    count(&counters.exported, spans - refused);
                    count(&counters.refused, refused);
                    return self.tell(message);
                }
                Err(refusal) => refusal,
            };
            count(&counters.failures, 1);
            self.tell(Some(refusal.sentence));
            if !refusal.is_temporary {
                return count(&counters.refused, spans);
            }
            if begun.elapsed() > GIVEN_UP || traces.pause(again) {
                return count(&counters.away, spans);
            }
            again = (again * 2).min(AGAIN_MOST);
        }
    }

    /// Logs a trouble once, and its end.
    fn tell(&mut self, trouble: Option<String>) {
        let host = self.address.host();
        match (&self.trouble, &trouble) {
            (None, None) => {}
            (Some(before), Some(now)) if before == now => {}
            (_, Some(now)) => tracing::warn!("traces: {host} does not accept them: {now}"),
            (Some(_), None) => tracing::info!("traces: {host} accepts them again"),
        }
        self.trouble = trouble;
    }
}

/// The number of spans that the receiver has refused, and its reason for that.
fn read(answer: &WebAnswer, spans: usize) -> Result<(usize, Option<String>), Refusal> {
    let fault = |sentence, is_temporary| {
        Err(Refusal {
            sentence,
            is_temporary,
        })
    };
    match answer.status {
        200 => match otlp::acceptance(&answer.body) {
            Some(accepted) if accepted.rejected == 0 => Ok((0, None)),
            Some(accepted) => {
                let refused = usize::try_from(accepted.rejected).unwrap_or(spans).min(spans);
                let message: String = accepted.message.chars().take(MESSAGE_MAX).collect();
                Ok((refused, Some(format!("it refuses spans: {message}"))))
            }
            None => fault(
                "its answer is not OTLP: is trace_endpoint the address of a receiver?".to_owned(),
                false,
            ),
        },
        status @ (429 | 502 | 503 | 504) => fault(format!("it answers with the status {status}"), true),
        status => fault(
            format!(
                "it answers with the status {status}; a receiver of OTLP usually has the path /v1/traces"
            ),
            false,
        ),
    }
}

fn count(counter: &AtomicU64, number: usize) {
    counter.fetch_add(number as u64, Ordering::Relaxed);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_of_receivers_and_of_others() {
        let outcome = |status, body: &'static [u8]| {
            let answer = WebAnswer {
                status,
                body: Bytes::from_static(body),
            };
            read(&answer, 10).map_err(|refusal| (refusal.is_temporary, refusal.sentence))
        };
        assert_eq!(outcome(200, b"").unwrap(), (0, None));
        let (refused, message) = outcome(200, b"\x0a\x06\x08\x05\x12\x02no").unwrap();
        assert_eq!((refused, message.as_deref()), (5, Some("it refuses spans: no")));
        // It can't refuse more than it was sent.
        assert_eq!(outcome(200, b"\x0a\x02\x08\x7f").unwrap().0, 10);
        for (status, body, is_temporary) in [
            (200, &b"<html>"[..], false),
            (404, b"", false),
            (301, b"", false),
            (503, b"", true),
            (429, b"", true),
        ] {
            assert_eq!(outcome(status, body).unwrap_err().0, is_temporary, "{status}");
        }
    }
}
