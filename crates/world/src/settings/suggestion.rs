//! The key that a misspelt one may have meant.

use super::definitions::definitions;

/// The key that is written most like this word, if one is near enough to be meant.
pub(super) fn near(word: &str) -> Option<&'static str> {
    // No key is meant by a word of a kilobyte, and comparing takes the product of the lengths.
    if word.len() > 64 {
        return None;
    }
    let known = definitions().map(|definition| definition.key);
    let lower = word.to_ascii_lowercase();
    let (steps, key) = known
        .map(|key| (distance(key, &lower), key))
        .min_by_key(|&(steps, _)| steps)?;
    (steps <= (key.len() / 3).max(2)).then_some(key)
}

/// The number of letters to insert, delete or replace to make one word of the other.
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (index, from) in one.bytes().enumerate() {
        let mut diagonal = index;
        if let Some(first) = row.first_mut() {
            *first = index + 1;
        }
        let mut left = index + 1;
        for (cell, to) in row.iter_mut().skip(1).zip(other.bytes()) {
            let replaced = diagonal + usize::from(from != to);
            diagonal = *cell;
            left = replaced.min(*cell + 1).min(left + 1);
            *cell = left;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_words_are_found_and_far_ones_are_not() {
        assert_eq!(near("prot"), Some("port"));
        assert_eq!(near("PORT"), Some("port"));
        assert_eq!(near("msg_flod"), Some("msg_flood"));
        assert_eq!(near("max_users"), Some("maxusers"));
        assert_eq!(near("redis_host"), Some("redishost"));
        assert_eq!(near("something else"), None);
        assert_eq!(near(""), None);
        assert_eq!(near(&"x".repeat(1 << 20)), None);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "ab"), 2);
        assert_eq!(distance("ab", ""), 2);
    }
}
