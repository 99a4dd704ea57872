//! Parser for answers of Redis; only errors in them matter.

use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt};

use super::outage::Trouble;

/// Maximum length of a line, in bytes.
const LINE_BYTES_MAX: u64 = 4096;
/// Maximum length of a string, in bytes; its content is discarded.
const TEXT_BYTES_MAX: u64 = 64 << 10;
/// Maximum number of elements of one answer.
const PARTS_MAX: usize = 100_000;

/// The first word of an error, such as `OOM`. The rest is dropped, because it may repeat the command with its
/// secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ErrorCode(pub(super) String);

impl ErrorCode {
    fn of(line: &[u8]) -> Self {
        let is_code = |byte: &&u8| byte.is_ascii_uppercase() || **byte == b'_';
        let word = line.iter().take(32).take_while(is_code);
        let word: String = word.map(|&byte| char::from(byte)).collect();
        Self(if word.is_empty() { "ERR".to_owned() } else { word })
    }
}

/// Reads one answer; returns the first error in it, if any.
pub(super) async fn read(
    reader: &mut (impl AsyncBufRead + Unpin),
    line: &mut Vec<u8>,
) -> Result<Option<ErrorCode>, Trouble> {
    let mut first = None;
    let (mut left, mut parts) = (1usize, 0usize);
    while left > 0 {
        left -= 1;
        parts += 1;
        if parts > PARTS_MAX {
            return Err(Trouble::Nonsense);
        }
        line.clear();
        (&mut *reader)
            .take(LINE_BYTES_MAX)
            .read_until(b'\n', line)
            .await?;
        let Some(text) = line.strip_suffix(b"\r\n") else {
            let ended = (line.len() as u64) < LINE_BYTES_MAX && !line.ends_with(b"\n");
            return Err(if ended { Trouble::Hangup } else { Trouble::Nonsense });
        };
        let Some((&kind, rest)) = text.split_first() else {
            return Err(Trouble::Nonsense);
        };
        match kind {
            b'+' => {}
            b':' => drop(number(rest)?),
            b'-' => drop(first.get_or_insert_with(|| ErrorCode::of(rest))),
            b'$' => {
                if let Ok(bytes) = u64::try_from(number(rest)?) {
                    skip_text(reader, bytes).await?;
                }
            }
            b'*' => left = left.saturating_add(usize::try_from(number(rest)?).unwrap_or(0)),
            _ => return Err(Trouble::Nonsense),
        }
    }
    Ok(first)
}

fn number(text: &[u8]) -> Result<i64, Trouble> {
    let text = std::str::from_utf8(text).ok();
    text.and_then(|text| text.parse().ok()).ok_or(Trouble::Nonsense)
}

async fn skip_text(reader: &mut (impl AsyncBufRead + Unpin), bytes: u64) -> Result<(), Trouble> {
    if bytes > TEXT_BYTES_MAX {
        return Err(Trouble::Nonsense);
    }
    let wanted = bytes + 2;
    let copied = tokio::io::copy(&mut (&mut *reader).take(wanted), &mut tokio::io::sink()).await?;
    if copied < wanted {
        return Err(Trouble::Hangup);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read_all(mut bytes: &[u8]) -> (Result<Option<String>, Trouble>, usize) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let result = runtime.block_on(read(&mut bytes, &mut Vec::new()));
        (result.map(|code| code.map(|code| code.0)), bytes.len())
    }

    #[test]
    fn answers_are_read_to_their_end_and_errors_found() {
        for fine in [
            "+OK",
            ":7",
            "$3\r\nfoo",
            "$-1",
            "*-1",
            "*0",
            "*2\r\n:1\r\n*1\r\n+x",
        ] {
            let (result, left) = read_all(format!("{fine}\r\n+next\r\n").as_bytes());
            assert!(matches!(result, Ok(None)), "{fine} {result:?}");
            assert_eq!(left, 7, "{fine}");
        }
        for (error, code) in [
            ("-OOM command not allowed", "OOM"),
            ("-", "ERR"),
            ("-weird", "ERR"),
            ("*2\r\n:1\r\n-WRONGTYPE x", "WRONGTYPE"),
        ] {
            let (result, _) = read_all(format!("{error}\r\n").as_bytes());
            assert_eq!(result.unwrap().as_deref(), Some(code), "{error}");
        }
    }

    #[test]
    fn nonsense_and_ends_are_told_apart() {
        for nonsense in [
            "HTTP/1.1 400 Bad Request\r\n",
            "\r\n",
            ":x\r\n",
            "$99999999\r\n",
            "*9\r\n?\r\n",
            "+x\n",
            &format!("+{}\r\n", "x".repeat(5000)),
            &"*1000\r\n".repeat(200_000),
        ] {
            let (result, _) = read_all(nonsense.as_bytes());
            assert!(
                matches!(result, Err(Trouble::Nonsense)),
                "{:.20} {result:?}",
                nonsense
            );
        }
        for cut in ["", "+O", "$5\r\nab", "*2\r\n:1\r\n"] {
            let (result, _) = read_all(cut.as_bytes());
            assert!(matches!(result, Err(Trouble::Hangup)), "{cut} {result:?}");
        }
    }

    proptest! {
        #[test]
        fn noise_ends(noise in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = read_all(&noise);
        }
    }
}
