//! Suggestions for misspelt words.

/// The known word that is most similar to `word`, if one is similar enough.
pub(super) fn nearest<'k>(word: &str, known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    let allowed = (word.len() / 3).clamp(1, 3);
    known
        .filter(|candidate| *candidate != word && candidate.len().abs_diff(word.len()) <= allowed)
        .map(|candidate| (distance(candidate, word), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min()
        .map(|(_, candidate)| candidate)
}

/// The edit distance of two words: the number of insertions, deletions, replacements and swaps of neighbours,
/// ignoring case.
#[expect(
    clippy::indexing_slicing,
    reason = "rows and columns are within the table, which is made for both words"
)]
fn distance(one: &str, other: &str) -> usize {
    let (one, other) = (one.to_ascii_lowercase(), other.to_ascii_lowercase());
    let (one, other) = (one.as_bytes(), other.as_bytes());
    let mut rows = vec![vec![0; other.len() + 1]; one.len() + 1];
    for row in 0..=one.len() {
        for column in 0..=other.len() {
            rows[row][column] = if row == 0 || column == 0 {
                row + column
            } else {
                let same = one[row - 1] == other[column - 1];
                let mut best = (rows[row - 1][column] + 1)
                    .min(rows[row][column - 1] + 1)
                    .min(rows[row - 1][column - 1] + usize::from(!same));
                if row > 1
                    && column > 1
                    && one[row - 1] == other[column - 2]
                    && one[row - 2] == other[column - 1]
                {
                    best = best.min(rows[row - 2][column - 2] + 1);
                }
                best
            };
        }
    }
    rows[one.len()][other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_found() {
        let known = || ["getName", "getMode", "getTitle", "send"].into_iter();
        assert_eq!(nearest("getNmae", known()), Some("getName"));
        assert_eq!(nearest("getname", known()), Some("getName"));
        assert_eq!(nearest("sendd", known()), Some("send"));
        assert_eq!(nearest("x", known()), None);
        assert_eq!(nearest("somethingElse", known()), None);
    }
}
