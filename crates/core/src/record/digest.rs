//! Telling whether outputs are the same without keeping them.

use fchatd_protocol::exchange::{Frame, Operation, Outputs, Request};
use fchatd_world::Settings;
use sha2::{Digest, Sha256};

use super::settings;

/// A place in growing outputs: the outputs of a call stand behind it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Mark {
    bytes: usize,
    operations: usize,
    requests: usize,
}

impl Mark {
    /// The end of these outputs.
    pub fn of(outputs: &Outputs) -> Self {
        Self {
            bytes: outputs.bytes.len(),
            operations: outputs.operations.len(),
            requests: outputs.requests.len(),
        }
    }
}

/// Makes digests of outputs: the bytes, and the operations on them. Tickets and the secrets of the settings do
/// not count, since a recording does not have them.
#[derive(Default)]
pub struct Digester {
    secrets: Vec<String>,
    encoded: Vec<u8>,
}

impl Digester {
    /// One that knows the secrets of these settings.
    pub fn new(settings: &Settings) -> Self {
        Self {
            secrets: settings::secrets(settings),
            encoded: Vec::new(),
        }
    }

    /// These settings are about to be in force: their secrets do not count either.
    pub fn learn(&mut self, settings: &Settings) {
        self.secrets.extend(settings::secrets(settings));
    }

    /// The digest of the outputs since a mark.
    pub fn digest(&mut self, outputs: &Outputs, since: Mark) -> u64 {
        let Outputs {
            bytes,
            operations,
            requests,
        } = outputs;
        let bytes = bytes.get(since.bytes..).unwrap_or_default();
        self.encoded.clear();
        for operation in operations.get(since.operations..).unwrap_or_default() {
            encode(&moved(*operation, since.bytes as u32), &mut self.encoded);
        }
        for request in requests.get(since.requests..).unwrap_or_default() {
            match request {
                Request::CheckLogin { .. } | Request::HttpGet { .. } | Request::HttpPost { .. } => {
                    encode(&self.without_secrets(request.clone()), &mut self.encoded);
                }
                request => encode(request, &mut self.encoded),
            }
        }
        let mut digest = Sha256::new();
        digest.update((bytes.len() as u64).to_le_bytes());
        digest.update(bytes);
        digest.update(&self.encoded);
        let digest = digest.finalize();
        digest.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))
    }

    fn without_secrets(&self, mut request: Request) -> Request {
        match &mut request {
            Request::CheckLogin { ticket, .. } => ticket.clear(),
            Request::HttpGet { url, .. } => self.blank(url),
            Request::HttpPost { url, form, .. } => {
                self.blank(url);
                for (_, value) in form {
                    self.blank(value);
                }
            }
            _ => {}
        }
        request
    }

    fn blank(&self, text: &mut String) {
        for secret in &self.secrets {
            // A short one may stand in a text by chance.
            if text == secret || secret.len() >= 8 && text.contains(secret.as_str()) {
                *text = text.replace(secret.as_str(), &settings::stand_in(secret));
            }
        }
    }
}

fn encode(value: &impl serde::Serialize, out: &mut Vec<u8>) {
    // To memory, where nothing can go wrong.
    let _ = postcard::to_io(value, out);
}

/// The operation as it would be if nothing had been made before.
fn moved(mut operation: Operation, bytes: u32) -> Operation {
    if let Operation::Send { frame, .. }
    | Operation::SendChannel { frame, .. }
    | Operation::SendEveryone { frame } = &mut operation
    {
        *frame = Frame {
            start: frame.start.wrapping_sub(bytes),
            end: frame.end.wrapping_sub(bytes),
        };
    }
    operation
}

#[cfg(test)]
mod tests {
    use super::*;
    use fchatd_protocol::exchange::ConnectionId;

    fn outputs(before: &str, ticket: &str, secret: &str) -> (Outputs, Mark) {
        let connection = ConnectionId {
            edge: 0,
            slot: 1,
            generation: 2,
        };
        let mut outputs = Outputs::default();
        outputs.bytes.extend_from_slice(before.as_bytes());
        let mark = Mark::of(&outputs);
        let frame = outputs.frame(|out| out.extend_from_slice(b"PIN"));
        outputs.operations.push(Operation::Send { connection, frame });
        outputs.requests.push(Request::CheckLogin {
            connection,
            address: [127, 0, 0, 1].into(),
            account: "ada".into(),
            ticket: ticket.into(),
            character: "Ada".into(),
            client_name: String::new(),
            client_version: String::new(),
        });
        outputs.requests.push(Request::HttpPost {
            id: 1,
            line: 0,
            url: "http://localhost/".into(),
            form: vec![("key".into(), secret.into())],
        });
        (outputs, mark)
    }

    #[test]
    fn only_what_is_new_and_not_secret_counts() {
        let mut with = Settings::default();
        with.set_from_text("handle_report_secret", "s3cr3t").unwrap();
        let mut live = Digester::new(&with);
        let mut later = Digester::default();
        let (one, mark) = outputs("before", "ticket", "s3cr3t");
        let (two, start) = outputs("", "", "******");
        assert_eq!(live.digest(&one, mark), later.digest(&two, start));
        let (three, start) = outputs("", "", "other!");
        assert_ne!(live.digest(&one, mark), later.digest(&three, start));
        assert_ne!(live.digest(&one, mark), live.digest(&one, Mark::of(&one)));
    }
}
