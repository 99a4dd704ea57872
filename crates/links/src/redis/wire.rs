//! Encoder for commands to Redis.

use std::sync::Arc;

use super::queue::Entry;

/// Maximum number of names in one command, which limits its size.
const NAMES_AT_ONCE: usize = 500;

/// Appends a command: an array of its words as byte strings.
pub(super) fn command(out: &mut Vec<u8>, words: &[&[u8]]) {
    head(out, b'*', words.len());
    for word in words {
        head(out, b'$', word.len());
        out.extend_from_slice(word);
        out.extend_from_slice(b"\r\n");
    }
}

fn head(out: &mut Vec<u8>, kind: u8, number: usize) {
    out.push(kind);
    out.extend_from_slice(number.to_string().as_bytes());
    out.extend_from_slice(b"\r\n");
}

/// Appends the commands of an entry; returns the number of expected answers.
pub(super) fn entry(out: &mut Vec<u8>, entry: &Entry) -> usize {
    match entry {
        Entry::Presence { name, online } => {
            let verb: &[u8] = if *online { b"SADD" } else { b"SREM" };
            command(out, &[verb, b"users.online", name.as_bytes()]);
            1
        }
        Entry::Everybody(names) => replace(out, b"SADD", b"users.online", names, |name: &Arc<str>| {
            name.as_bytes()
        }),
        Entry::Alive(time) => {
            command(out, &[b"SET", b"chat.lastCheckin", time.to_string().as_bytes()]);
            1
        }
        Entry::Ignores { account, names } => {
            let key = format!("{account}.ignores");
            replace(out, b"LPUSH", key.as_bytes(), names, |name: &String| {
                name.as_bytes()
            })
        }
        Entry::Action(json) => {
            command(out, &[b"LPUSH", b"chat.adminlog", json]);
            1
        }
    }
}

/// Replaces a key and all its content in one transaction, so that no client sees an intermediate state.
fn replace<T>(out: &mut Vec<u8>, verb: &[u8], key: &[u8], items: &[T], text: impl Fn(&T) -> &[u8]) -> usize {
    command(out, &[b"MULTI"]);
    command(out, &[b"DEL", key]);
    let mut answers = 3;
    for some in items.chunks(NAMES_AT_ONCE) {
        let words: Vec<&[u8]> = [verb, key].into_iter().chain(some.iter().map(&text)).collect();
        command(out, &words);
        answers += 1;
    }
    command(out, &[b"EXEC"]);
    answers
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(thing: &Entry) -> (String, usize) {
        let mut out = Vec::new();
        let answers = entry(&mut out, thing);
        (String::from_utf8(out).unwrap(), answers)
    }

    #[test]
    fn names_are_bytes_and_can_say_nothing_else() {
        let name = "Ä\r\nFLUSHALL".to_owned();
        let (text, answers) = written(&Entry::Presence { name, online: true });
        assert_eq!(
            text,
            "*3\r\n$4\r\nSADD\r\n$12\r\nusers.online\r\n$12\r\nÄ\r\nFLUSHALL\r\n"
        );
        assert_eq!(answers, 1);
    }

    #[test]
    fn one_transaction_goes_in_pieces() {
        let names = (0..1001).map(|number| format!("Name {number}").into()).collect();
        let (text, answers) = written(&Entry::Everybody(names));
        assert_eq!(text.matches("SADD").count(), 3);
        assert!(
            text.starts_with("*1\r\n$5\r\nMULTI\r\n") && text.ends_with("EXEC\r\n"),
            "{text}"
        );
        assert_eq!(answers, 6);
        let (text, answers) = written(&Entry::Ignores {
            account: 7,
            names: Vec::new(),
        });
        assert!(text.contains("7.ignores") && !text.contains("LPUSH"), "{text}");
        assert_eq!(answers, 3);
    }
}
