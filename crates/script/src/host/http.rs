//! The library `http`: requests to web servers. The answers are passed to the functions of `httpcb`.

use fchatd_world::{WebCall, World};

use super::connection;
use crate::engine::{Arguments, Function, HostError, Reply};

macro_rules! functions {
    ($($name:literal $signature:literal $summary:literal $run:expr;)*) => {
        &[$(Function { library: "http", name: $name, signature: $signature, summary: $summary, run: $run }),*]
    };
}

pub(super) static FUNCTIONS: &[Function<World>] = functions! {
    "get" "(callback: string, url: string, con: Connection?, extras: table?)"
        "Sends a GET request; `httpcb[callback](con, status, body, extras)` gets the answer." |w, a| {
        ask(w, a, None, 3)
    };
    "post" "(callback: string, url: string, form: {[string]: string}, con: Connection?, extras: table?)"
        "Posts a form; `httpcb[callback](con, status, body, extras)` gets the answer." |w, a| {
        let mut form = a.entries(3)?;
        form.sort();
        ask(w, a, Some(form), 4)
    };
    "escape" "(text: string): string"
        "The text, percent-encoded for a URL." |_, a| Ok(escape(&a.text(1)?).into());
};

fn ask(
    world: &mut World,
    arguments: &Arguments<'_>,
    form: Option<Vec<(String, String)>>,
    rest: usize,
) -> Result<Reply, HostError> {
    let callback = arguments.text(1)?.into_owned();
    let url = arguments.text(2)?;
    let key = if arguments.is_nil(rest) {
        None
    } else {
        Some(connection(world, arguments, rest)?.0)
    };
    let extras = if arguments.is_nil(rest + 1) {
        None
    } else {
        let mut json = Vec::new();
        arguments.json(rest + 1, &mut json)?;
        String::from_utf8(json).ok()
    };
    let call = WebCall {
        callback,
        connection: key,
        isolated: world.isolated,
        extras,
    };
    match world.ask_web(call, &url, form) {
        Ok(()) => Ok(Reply::None),
        Err(refusal) => Err(refusal.to_string().into()),
    }
}

/// Percent-encodes everything but letters, digits and `-._~`.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}
