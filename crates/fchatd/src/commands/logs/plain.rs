//! Text of others on a terminal.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::failure::Failure;
pub(super) use crate::output::escape::harmless;

/// Text as people wrote it: messages are kept as they go to browsers.
pub(super) fn unescaped(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}

/// A moment, in the time of this place.
pub(super) fn local(milliseconds: i64) -> String {
    match Timestamp::from_millisecond(milliseconds) {
        Ok(time) => time
            .to_zoned(TimeZone::system())
            .strftime("%Y-%m-%d %H:%M:%S")
            .to_string(),
        Err(_) => format!("{milliseconds} ms"),
    }
}

/// The output went nowhere: its reader has ended, or the disk is full.
pub(super) fn print_failure(error: &std::io::Error) -> Result<(), Failure> {
    match error.kind() {
        std::io::ErrorKind::BrokenPipe => Ok(()),
        _ => Err(format!("it can't be printed: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_read_as_people_wrote_it() {
        assert_eq!(unescaped("&lt;b&gt; &amp;amp;"), "<b> &amp;");
    }
}
