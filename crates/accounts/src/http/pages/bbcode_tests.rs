//! Tests of BBCode to HTML: tags, links, and a check that any input gives well-formed markup.

use proptest::prelude::*;

use super::*;

fn html(text: &str) -> String {
    rich(text, true).into_string()
}

#[test]
fn tags_become_elements() {
    for (text, wanted) in [
        ("a [b]bold[/b] word", "a <strong>bold</strong> word"),
        ("[B]x[/b]", "<strong>x</strong>"),
        ("[color=Red]x[/color]", "<span class=\"color-red\">x</span>"),
        ("[color=\"x]y[/color]", "[color=&quot;x]y[/color]"),
        ("[heading]A[/heading]\nB", "<h3 class=\"block-heading\">A</h3>B"),
        (
            "[quote]\nA[/quote]\n\nB",
            "<blockquote class=\"block-quote\">A</blockquote>\nB",
        ),
        (
            "[collapse=<More>]x[/collapse]",
            "<details class=\"block-collapse\"><summary>&lt;More&gt;</summary><div>x</div></details>",
        ),
        ("[hr]", "<hr>"),
        (
            "[spoiler]x[/spoiler]",
            "<details class=\"spoiler\"><summary>Spoiler</summary>x</details>",
        ),
        ("[noparse][b]x[/b][/noparse]", "[b]x[/b]"),
        ("[b]never closed", "[b]never closed"),
        ("[b]a[i]b[/b]c[/i]", "<strong>a[i]b</strong>c[/i]"),
        ("[script]x[/script]", "[script]x[/script]"),
        ("<b>&amp;", "&lt;b&gt;&amp;amp;"),
    ] {
        assert_eq!(html(text), wanted, "{text}");
    }
}

#[test]
fn names_lead_to_this_server() {
    for (text, wanted) in [
        (
            "[user]Ada L[/user]",
            "<a class=\"in-text\" href=\"/c/Ada%20L\">Ada L</a>",
        ),
        (
            "[icon]Ada[/icon]",
            "<a class=\"in-text\" href=\"/c/Ada\"><img class=\"icon-image\" width=\"50\" height=\"50\" loading=\"lazy\" \
             src=\"/avatar/ada\" alt=\"Ada\" title=\"Ada\"></a>",
        ),
        (
            "[eicon]Big Cat[/eicon]",
            "<img class=\"icon-image\" width=\"50\" height=\"50\" loading=\"lazy\" src=\"/images/eicon/big%20cat.gif\" \
             alt=\":Big Cat:\" title=\"Big Cat\">",
        ),
        (
            "[session=Tea]adh-1[/session]",
            "<span class=\"channel-name\">#Tea</span>",
        ),
        ("[user]../x[/user]", "[user]../x[/user]"),
        ("[user][/user]", "[user][/user]"),
    ] {
        assert_eq!(html(text), wanted, "{text}");
    }
}

#[test]
fn links_lead_where_they_say() {
    let link = |address: &str, label: &str| {
        format!("<a target=\"_blank\" rel=\"noopener noreferrer nofollow\" href=\"{address}\">{label}</a>")
    };
    let told = |host: &str| format!("<bdi class=\"link-host\"> [{host}]</bdi>");
    for (text, wanted) in [
        (
            "see https://a.example/x?y=1&z, please",
            format!(
                "see {}, please",
                link("https://a.example/x?y=1&amp;z", "https://a.example/x?y=1&amp;z")
            ),
        ),
        (
            "[url=https://a.example/]https://b.example/[/url]",
            format!(
                "{}{}",
                link("https://a.example/", "https://b.example/"),
                told("a.example")
            ),
        ),
        (
            "[url]https://a.example[/url]",
            link("https://a.example", "https://a.example"),
        ),
        (
            "[url=http://a.example:80/][b]x[/b][/url]",
            format!(
                "{}{}",
                link("http://a.example:80/", "<strong>x</strong>"),
                told("a.example")
            ),
        ),
        (
            "[url=javascript:alert(1)]x[/url]",
            "[url=javascript:alert(1)]x[/url]".to_owned(),
        ),
        (
            "[url=https://a@b.example/]x[/url]",
            "[url=https://a@b.example/]x[/url]".to_owned(),
        ),
        (
            "[url=https://a.example\\@b/]x[/url]",
            "[url=https://a.example\\@b/]x[/url]".to_owned(),
        ),
        (
            "[url=data:text/html,x]x[/url]",
            "[url=data:text/html,x]x[/url]".to_owned(),
        ),
        ("[url=//a.example]x[/url]", "[url=//a.example]x[/url]".to_owned()),
    ] {
        assert_eq!(html(text), wanted, "{text}");
    }
}

#[test]
fn towers_and_repetitions_take_little() {
    for part in [
        "[b]",
        "[/b]",
        "[b=",
        "[collapse=x]",
        "http://\u{e9}",
        "[noparse]",
        "[user]",
        "[url]",
        "[b][i][/b]",
    ] {
        let text = part.repeat(50_000 / part.len());
        assert!(html(&text).len() < 40 * text.len(), "{part}");
    }
}

/// Whether tags are those of this module, and each that was opened is closed, in the right order.
fn is_sound(html: &str) -> bool {
    const KNOWN: [&str; 19] = [
        "a",
        "strong",
        "em",
        "u",
        "s",
        "sub",
        "sup",
        "span",
        "blockquote",
        "div",
        "h3",
        "details",
        "summary",
        "hr",
        "img",
        "bdi",
        "p",
        "b",
        "i",
    ];
    let mut open = Vec::new();
    for part in html.split('<').skip(1) {
        let Some((tag, text)) = part.split_once('>') else {
            return false;
        };
        if text.contains('>') {
            return false;
        }
        let name = tag.trim_start_matches('/').split(' ').next().unwrap_or_default();
        // Without the values of attributes.
        let bare: String = tag.split('"').step_by(2).collect();
        if !KNOWN.contains(&name) || bare.contains(" on") {
            return false;
        }
        match tag.strip_prefix('/') {
            Some(name) if open.pop() != Some(name) => return false,
            Some(_) => {}
            None if matches!(name, "hr" | "img") => {}
            None => open.push(name),
        }
    }
    open.is_empty()
}

proptest! {
    #[test]
    fn any_text_gives_sound_markup(
        parts in proptest::collection::vec(
            prop_oneof![
                "\\[/?(b|i|url|color|quote|collapse|spoiler|user|icon|eicon|noparse|hr|big|heading)(=[a-z:/.\"<]{0,12})?\\]",
                "https?://[a-z.@\\\\]{1,8}",
                "[<>&\"'\\n a-z\\[\\]=/]{0,8}",
                "\\PC{0,4}",
            ],
            0..40,
        ),
    ) {
        let html = html(&parts.concat());
        prop_assert!(is_sound(&html), "{}", html);
    }
}
