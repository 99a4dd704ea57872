//! The library `s`: the server as a whole.

use std::borrow::Cow;
use std::time::{Duration, UNIX_EPOCH};

use fchatd_protocol::error;
use fchatd_protocol::exchange::Request;
use fchatd_protocol::json::read::Tape;
use fchatd_protocol::text::escape_html;
use fchatd_world::World;
use fchatd_world::settings::Value as Setting;

use super::{connection, frame, raw_frame};
use crate::engine::{Arguments, Function, HostError, Reply, Value};

type Answer = Result<Reply, HostError>;

macro_rules! functions {
    ($($library:literal $name:literal $signature:literal $summary:literal $run:expr;)*) => {
        &[$(Function { library: $library, name: $name, signature: $signature, summary: $summary, run: $run }),*]
    };
}

pub(super) static FUNCTIONS: &[Function<World>] = functions! {
    "s" "broadcast" "(code: string, arguments: table?)"
        "Sends a command to all connections online." |w, a| {
        let frame = frame(w, a, 1)?;
        w.broadcast_frame(frame);
        Ok(Reply::None)
    };
    "s" "broadcastOthers" "(con: Connection, code: string, arguments: table?)"
        "+ Sends a command to all connections online except this one." |w, a| {
        let (key, _) = connection(w, a, 1)?;
        let frame = frame(w, a, 2)?;
        w.send_to_others(key, frame);
        Ok(Reply::None)
    };
    "s" "broadcastRaw" "(text: string)"
        "Sends a raw text to all connections online." |w, a| {
        let frame = raw_frame(w, a, 1)?;
        w.broadcast_frame(frame);
        Ok(Reply::None)
    };
    "s" "getConfigBool" "(key: string): boolean"
        "A boolean setting." |w, a| match setting(w, a)? {
        Some(Setting::Boolean(value)) => Ok((*value).into()),
        _ if a.is_classic() => Ok(false.into()),
        _ => Err(a.bad(1, "the name of a switch expected")),
    };
    "s" "getConfigDouble" "(key: string): number"
        "A numeric setting." |w, a| match setting(w, a)? {
        Some(Setting::Number(value)) => Ok((*value).into()),
        _ if a.is_classic() => Ok(0.0.into()),
        _ => Err(a.bad(1, "the name of a number expected")),
    };
    "s" "getConfigString" "(key: string): string"
        "A text setting." |w, a| match setting(w, a)? {
        Some(Setting::Text(value)) => Ok(value.clone().into()),
        _ if a.is_classic() => Ok("".into()),
        _ => Err(a.bad(1, "the name of a text expected")),
    };
    "s" "getConfigStringList" "(key: string): {string}"
        "A setting that is a list of texts." |w, a| match setting(w, a)? {
        Some(Setting::List(value)) => Ok(Reply::One(value.iter().cloned().collect())),
        _ if a.is_classic() => Ok(Value::Nil.into()),
        _ => Err(a.bad(1, "the name of a list expected")),
    };
    "s" "getTime" "(): number"
        "The time in Unix seconds." |w, _| Ok((w.unix_seconds() as f64).into());
    "s" "getUserCount" "(): number"
        "The number of characters online." |w, _| Ok(w.user_count().into());
    "s" "getStats" "(): (number, number, number, number, number, number, string)"
        "Users, the highest number of simultaneous users, channels, start in Unix seconds, now, accepted connections, start as text." |w, _| {
        let numbers = [
            w.user_count() as f64,
            w.peak_users as f64,
            w.channel_count() as f64,
            w.started as f64,
            w.unix_seconds() as f64,
            w.accepted as f64,
        ];
        let mut results: Vec<Value> = numbers.into_iter().map(Value::Number).collect();
        results.push(Value::Owned(date(w.started)));
        Ok(Reply::Many(results))
    };
    "s" "sendUserList" "(con: Connection, code: string, chunk: number)"
        "Sends a connection the list of characters online, with this number of characters in a frame." |w, a| {
        let (key, _) = connection(w, a, 1)?;
        w.send_user_list(key, &a.text(2)?, a.number(3)? as usize);
        Ok(Reply::None)
    };
    "s" "broadcastOps" "(code: string, arguments: table?)"
        "Sends a command to the global moderators online, + and to administrators (administrators_on_staff)." |w, a| {
        let frame = frame(w, a, 1)?;
        w.send_to_operators(frame);
        Ok(Reply::None)
    };
    "s" "broadcastStaffCall" "(code: string, arguments: table?)"
        "Sends a command to the recipients of staff calls: global moderators, super moderators, and added connections; + also administrators (administrators_on_staff)." |w, a| {
        let frame = frame(w, a, 1)?;
        w.send_to_staff(frame);
        Ok(Reply::None)
    };
    "s" "reload" "(save_first: boolean)"
        "Reloads configuration, bans and moderators, after saving them if requested." |w, a| {
        if !w.is_muted() {
            w.outputs.requests.push(Request::Reload { save: a.truth(1) });
        }
        Ok(Reply::None)
    };
    "s" "escapeHTML" "(text: string): string"
        "The text with &, < and > as entities." |_, a| {
        Ok(match a.text(1)? {
            // Most texts need no escaping; then the argument is returned without a copy.
            Cow::Borrowed(text) => match escape_html(text) {
                Cow::Borrowed(_) => Value::Argument(1).into(),
                Cow::Owned(escaped) => escaped.into(),
            },
            Cow::Owned(text) => escape_html(&text).into_owned().into(),
        })
    };
    "s" "toJSON" "(value: table): string"
        "A table as JSON." |_, a| {
        let mut out = Vec::new();
        a.json(1, &mut out)?;
        Ok(String::from_utf8_lossy(&out).into_owned().into())
    };
    "s" "fromJSON" "(text: string): table"
        "The table of a JSON object." from_json;
    "const" "getErrorMessage" "(number: number): string"
        "The usual text for an error number." |_, a| Ok(error::message(a.number(1)? as i32).into());
};

/// A setting, or another value from the operator's file. Secret settings are not available to scripts.
fn setting<'w>(world: &'w World, arguments: &Arguments<'_>) -> Result<Option<&'w Setting>, HostError> {
    let key = arguments.text(1)?;
    let found = world.settings.get(&key).or_else(|| world.settings.own(&key));
    match found {
        None if !arguments.is_classic() => Err(arguments.bad(1, "the name of a setting expected")),
        found => Ok(found),
    }
}

fn from_json(_: &mut World, arguments: &Arguments<'_>) -> Answer {
    match Tape::of(&arguments.text(1)?) {
        Ok(tape) => Ok(Reply::One(Value::Json(Box::new(tape)))),
        Err(_) if arguments.is_classic() => Ok(Reply::One(Value::Json(Box::default()))),
        Err(error) => Err(arguments.bad(1, &format!("JSON expected: {error}"))),
    }
}

/// A Unix time in the form `Sun, 22 Nov 2026 10:00:00 +0000`.
fn date(unix: i64) -> String {
    let moment = UNIX_EPOCH + Duration::from_secs(unix.max(0).unsigned_abs());
    httpdate::fmt_http_date(moment).replace("GMT", "+0000")
}

#[cfg(test)]
mod tests {
    use super::date;

    #[test]
    fn dates() {
        assert_eq!(date(0), "Thu, 01 Jan 1970 00:00:00 +0000");
        assert_eq!(date(1_795_341_600), "Sun, 22 Nov 2026 10:00:00 +0000");
    }
}
