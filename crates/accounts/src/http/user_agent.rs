//! A browser in words for the list of devices. Only words of this file are in the result, because a client can put any text
//! into `User-Agent`.

/// The most bytes that are looked at.
const READ_MAX: usize = 512;

/// Marks of browsers, and their names. Browsers also name those that they are derived from, so the order counts.
const BROWSERS: &[(&str, &str)] = &[
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Vivaldi/", "Vivaldi"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chromium/", "Chromium"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
];

/// Marks of systems, and their names. Android also names Linux, and an iPhone names Mac OS X.
const SYSTEMS: &[(&str, &str)] = &[
    ("iPhone", "an iPhone"),
    ("iPad", "an iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Macintosh", "macOS"),
    ("Linux", "Linux"),
    ("FreeBSD", "FreeBSD"),
];

/// Such as "Firefox on Windows".
pub(super) fn in_words(user_agent: Option<&str>) -> String {
    let text = user_agent.unwrap_or_default();
    let text = text.get(..text.floor_char_boundary(READ_MAX)).unwrap_or_default();
    let find = |table: &[(&str, &'static str)]| {
        table
            .iter()
            .find(|(mark, _)| text.contains(mark))
            .map(|(_, name)| *name)
    };
    let browser = find(BROWSERS).unwrap_or("Another browser");
    match find(SYSTEMS) {
        Some(system) => format!("{browser} on {system}"),
        None => browser.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_are_known_and_hostile_texts_are_not_repeated() {
        for (text, wanted) in [
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0",
                "Firefox on Windows",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0",
                "Edge on Windows",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 Version/18.5 Mobile/15E148 Safari/604.1",
                "Safari on an iPhone",
            ),
            (
                "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36",
                "Chrome on Android",
            ),
            ("<script>alert(1)</script>", "Another browser"),
            ("", "Another browser"),
            (&"\u{202e}\u{e9}".repeat(600), "Another browser"),
        ] {
            assert_eq!(in_words(Some(text)), wanted);
        }
        assert_eq!(in_words(None), "Another browser");
    }
}
