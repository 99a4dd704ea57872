//! The time functions of Lua's library `os`. They use the world's clock, so that recordings replay
//! identically, and the time zone is UTC.

use fchatd_world::World;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::engine::{Arguments, Function, HostError, Reply, Value};

type Answer = Result<Reply, HostError>;

/// Maximum length of a date format, in bytes.
const FORMAT_BYTES_MAX: usize = 1000;

macro_rules! functions {
    ($($name:literal $signature:literal $summary:literal $run:expr;)*) => {
        &[$(Function { library: "os", name: $name, signature: $signature, summary: $summary, run: $run }),*]
    };
}

pub(super) static FUNCTIONS: &[Function<World>] = functions! {
    "time" "(date: table?): number"
        "The time in Unix seconds, or that of a date in UTC (year, month, day, and hour, min, sec where they are not 12:00:00)." time;
    "clock" "(): number"
        "The seconds of a monotonic clock." |w, _| Ok((w.now.monotonic as f64 / 1000.0).into());
    "difftime" "(later: number, earlier: number?): number"
        "The seconds between two times." |_, a| {
        Ok((a.number(1)? - a.optional_number(2)?.unwrap_or(0.0)).into())
    };
    "date" "(format: string?, time: number?): any"
        "A time in UTC, as C's strftime writes it; with the format \"*t\" as a table (year, month, day, hour, min, sec, wday, yday, isdst)." date;
};

fn time(world: &mut World, arguments: &Arguments<'_>) -> Answer {
    if arguments.is_nil(1) {
        return Ok((world.unix_seconds() as f64).into());
    }
    let fields = arguments.entries(1)?;
    let field = |name: &str, otherwise: Option<i64>| {
        let found = fields.iter().find(|(key, _)| key == name);
        let number = found.and_then(|(_, value)| value.parse::<f64>().ok());
        number
            .map(|number| number as i64)
            .or(otherwise)
            .ok_or_else(|| arguments.bad(1, &format!("field '{name}' missing in date table")))
    };
    let out_of_range = || arguments.bad(1, "a date that the calendar has expected");
    let (year, month, day) = (field("year", None)?, field("month", None)?, field("day", None)?);
    let months = year
        .checked_mul(12)
        .and_then(|months| months.checked_add(month - 1))
        .ok_or_else(out_of_range)?;
    let year = i16::try_from(months.div_euclid(12)).map_err(|_| out_of_range())?;
    let month = i8::try_from(months.rem_euclid(12) + 1).map_err(|_| out_of_range())?;
    let first = DateTime::new(year, month, 1, 0, 0, 0, 0).map_err(|_| out_of_range())?;
    let first = first.to_zoned(TimeZone::UTC).map_err(|_| out_of_range())?;
    // As in C's mktime, days, hours and so on beyond their ranges carry over.
    let seconds = [
        (day - 1, 86_400),
        (field("hour", Some(12))?, 3600),
        (field("min", Some(0))?, 60),
        (field("sec", Some(0))?, 1),
    ];
    let seconds = seconds
        .into_iter()
        .try_fold(first.timestamp().as_second(), |sum, (count, unit)| {
            sum.checked_add(count.checked_mul(unit)?)
        });
    Ok((seconds.ok_or_else(out_of_range)? as f64).into())
}

fn date(world: &mut World, arguments: &Arguments<'_>) -> Answer {
    let format = arguments.optional_text(1)?;
    let format = format.as_deref().unwrap_or("%c");
    // `!` selects UTC, which is the default here.
    let format = format.strip_prefix('!').unwrap_or(format);
    if format.len() > FORMAT_BYTES_MAX {
        return Err(arguments.bad(1, "a shorter format expected"));
    }
    let seconds = match arguments.optional_number(2)? {
        Some(seconds) => seconds as i64,
        None => world.unix_seconds(),
    };
    let moment = Timestamp::from_second(seconds)
        .map_err(|_| arguments.bad(2, "a time that the calendar has expected"))?
        .to_zoned(TimeZone::UTC);
    if format.starts_with("*t") {
        let fields = [
            ("year", f64::from(moment.year())),
            ("month", f64::from(moment.month())),
            ("day", f64::from(moment.day())),
            ("hour", f64::from(moment.hour())),
            ("min", f64::from(moment.minute())),
            ("sec", f64::from(moment.second())),
            ("wday", f64::from(moment.weekday().to_sunday_one_offset())),
            ("yday", f64::from(moment.day_of_year())),
        ];
        let fields = fields
            .into_iter()
            .map(|(name, value)| (name.into(), Value::Number(value)));
        return Ok(Value::Map(fields.chain([("isdst".into(), Value::Boolean(false))]).collect()).into());
    }
    jiff::fmt::strtime::format(in_c(format), &moment)
        .map(Reply::from)
        .map_err(|_| arguments.bad(1, "a format of strftime expected"))
}

/// The format with dates and times as in the C locale.
fn in_c(format: &str) -> String {
    let mut written = String::with_capacity(format.len() + 16);
    let mut letters = format.chars();
    while let Some(letter) = letters.next() {
        if letter != '%' {
            written.push(letter);
            continue;
        }
        match letters.next() {
            Some('c') => written.push_str("%a %b %e %H:%M:%S %Y"),
            Some('x') => written.push_str("%m/%d/%y"),
            Some('X') => written.push_str("%H:%M:%S"),
            Some('r') => written.push_str("%I:%M:%S %p"),
            other => {
                written.push('%');
                written.extend(other);
            }
        }
    }
    written
}
