//! Numbers of things, as people say them.

use std::fmt::Display;

/// A number of things called `one`, and with an s where there are several: `1 account`, `2 accounts`.
pub(crate) fn count<N: Copy + Display + PartialEq + From<u8>>(number: N, one: &str) -> String {
    let ending = if number == N::from(1) { "" } else { "s" };
    format!("{number} {one}{ending}")
}

#[cfg(test)]
mod tests {
    use super::count;

    #[test]
    fn one_thing_is_no_plural() {
        let said = [0_usize, 1, 2].map(|number| count(number, "account"));
        assert_eq!(said, ["0 accounts", "1 account", "2 accounts"]);
    }
}
