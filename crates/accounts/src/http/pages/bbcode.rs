//! BBCode of profiles to HTML, by the rules of the page (`web/bbcode.js`). Known tags that are closed become elements.
//! Everything else, unknown and unclosed tags too, stays the text that it was. Pictures come from this server only.

use super::html::{Html, segment};

/// Deeper tags stay the text they are, so that no text can make a tower of elements.
const DEPTH_MAX: usize = 20;
/// Bytes of the content of a tag that names a character, a picture or a channel.
const NAME_MAX: usize = 200;
/// Bytes of an address that becomes a link without a tag.
const ADDRESS_MAX: usize = 2000;
/// Letters of a tag.
const TAG_MAX: usize = 8;

const COLORS: [&str; 12] = [
    "red", "orange", "yellow", "green", "cyan", "blue", "purple", "pink", "brown", "black", "white", "gray",
];

/// A tag in a text.
struct Tag<'a> {
    start: usize,
    end: usize,
    is_closing: bool,
    name: String,
    argument: Option<&'a str>,
}

/// A tag that was opened and not yet closed, with the content since.
#[derive(Default)]
struct Open {
    name: String,
    argument: Option<String>,
    /// The tag as it was written.
    source: String,
    content: Html,
    /// The same without markup.
    plain: String,
}

struct Builder {
    /// The text outside of all tags.
    root: Open,
    open: Vec<Open>,
    after_block: bool,
}

/// Text to HTML. With `blocks` the tags of profiles count too, not only those of the chat.
pub(super) fn rich(text: &str, blocks: bool) -> Html {
    // The same length in bytes.
    let folded = text.to_ascii_lowercase();
    let mut builder = Builder {
        root: Open::default(),
        open: Vec::new(),
        after_block: false,
    };
    let (mut done, mut from, mut noparse_ends) = (0, 0, true);
    while let Some(tag) = next_tag(text, from) {
        from = tag.start + 1;
        let name = tag.name.as_str();
        let before = text.get(done..tag.start).unwrap_or_default();
        let source = text.get(tag.start..tag.end).unwrap_or_default();
        let in_link = builder.is_open("url");
        if tag.is_closing {
            if tag.argument.is_some() || !builder.is_open(name) {
                continue;
            }
            builder.text(before, false);
            builder.close(name, source);
            done = tag.end;
        } else if name == "noparse" && tag.argument.is_none() && noparse_ends {
            let Some(length) = folded.get(tag.end..).and_then(|rest| rest.find("[/noparse]")) else {
                noparse_ends = false;
                continue;
            };
            builder.text(before, false);
            builder.text(text.get(tag.end..tag.end + length).unwrap_or_default(), true);
            done = tag.end + length + "[/noparse]".len();
        } else if matches!(name, "user" | "icon" | "eicon" | "session" | "channel") && !in_link {
            let closing = format!("[/{name}]");
            let content = content_until(text, &folded, tag.end, &closing);
            let Some(node) = content.and_then(|content| named(name, tag.argument, content)) else {
                continue;
            };
            builder.text(before, false);
            builder.node(&node.0, &node.1);
            done = tag.end + content.map_or(0, str::len) + closing.len();
        } else if name == "hr" && may_open(&tag, blocks, in_link) {
            builder.text(before, false);
            builder.node(&Html::default().raw("<hr>"), "");
            builder.after_block = true;
            done = tag.end;
        } else if builder.open.len() < DEPTH_MAX && may_open(&tag, blocks, in_link) {
            builder.text(before, false);
            builder.open(&tag, source);
            done = tag.end;
        }
        from = from.max(done);
    }
    builder.text(text.get(done..).unwrap_or_default(), false);
    builder.end()
}

/// The next `[tag]`, `[/tag]` or `[tag=argument]` at or after a place.
fn next_tag(text: &str, from: usize) -> Option<Tag<'_>> {
    let bytes = text.as_bytes();
    let mut search = from;
    loop {
        let start = search + text.get(search..)?.find('[')?;
        search = start + 1;
        let is_closing = bytes.get(search) == Some(&b'/');
        let letters = search + usize::from(is_closing);
        let rest = bytes.get(letters..)?;
        let length = rest
            .iter()
            .take(TAG_MAX + 1)
            .take_while(|byte| byte.is_ascii_alphabetic())
            .count();
        if length == 0 || length > TAG_MAX {
            continue;
        }
        let after = letters + length;
        let (argument, end) = match bytes.get(after) {
            Some(b']') => (None, after + 1),
            Some(b'=') => {
                let argument = text.get(after + 1..)?;
                let Some(end) = argument.find(['[', ']', '\n']) else {
                    continue;
                };
                if argument.as_bytes().get(end) != Some(&b']') {
                    continue;
                }
                (argument.get(..end), after + 1 + end + 1)
            }
            _ => continue,
        };
        return Some(Tag {
            start,
            end,
            is_closing,
            name: text.get(letters..after)?.to_ascii_lowercase(),
            argument,
        });
    }
}

/// The text from a place to the closing tag, if this is near.
fn content_until<'a>(text: &'a str, folded: &str, from: usize, closing: &str) -> Option<&'a str> {
    let rest = folded.as_bytes().get(from..)?;
    let near = rest.get(..NAME_MAX + closing.len()).unwrap_or(rest);
    let length = near
        .windows(closing.len())
        .position(|window| window == closing.as_bytes())?;
    text.get(from..from + length)
}

/// A character, a picture or a channel, as HTML and as text; nothing when the content is no name.
fn named(tag: &str, argument: Option<&str>, content: &str) -> Option<(Html, String)> {
    let name = content.trim();
    let is_name = !name.is_empty()
        && !name.chars().all(|one| one == '.')
        && !name
            .chars()
            .any(|one| one.is_control() || "/\\?#%[]".contains(one));
    if !is_name {
        return None;
    }
    let html = Html::default();
    let profile = format!("/c/{}", segment(name));
    Some(match tag {
        "user" => {
            let link = html.raw("<a class=\"in-text\"").attribute("href", &profile);
            (link.raw(">").text(name).raw("</a>"), name.to_owned())
        }
        "icon" => {
            let picture = format!("/avatar/{}", segment(&name.to_lowercase()));
            let link = html.raw("<a class=\"in-text\"").attribute("href", &profile);
            let link = link.raw("><img class=\"icon-image\" width=\"50\" height=\"50\" loading=\"lazy\"");
            let link = link.attribute("src", &picture).attribute("alt", name);
            (link.attribute("title", name).raw("></a>"), name.to_owned())
        }
        "eicon" => {
            let words = format!(":{name}:");
            let picture = format!("/images/eicon/{}.gif", segment(&name.to_lowercase()));
            let image = html.raw("<img class=\"icon-image\" width=\"50\" height=\"50\" loading=\"lazy\"");
            let image = image.attribute("src", &picture).attribute("alt", &words);
            (image.attribute("title", name).raw(">"), words)
        }
        _ => {
            let title = argument
                .map(str::trim)
                .filter(|title| tag == "session" && !title.is_empty());
            let words = format!("#{}", title.unwrap_or(name));
            let channel = html
                .raw("<span class=\"channel-name\">")
                .text(&words)
                .raw("</span>");
            (channel, words)
        }
    })
}

/// The element of a tag that takes no argument in the chat.
fn inline(name: &str) -> Option<(&'static str, &'static str)> {
    Some(match name {
        "b" => ("<strong>", "</strong>"),
        "i" => ("<em>", "</em>"),
        "u" => ("<u>", "</u>"),
        "s" => ("<s>", "</s>"),
        "sub" => ("<sub>", "</sub>"),
        "sup" => ("<sup>", "</sup>"),
        _ => return None,
    })
}

/// The element of a tag that only profiles have.
fn block(name: &str) -> Option<(&'static str, &'static str)> {
    Some(match name {
        "quote" => ("<blockquote class=\"block-quote\">", "</blockquote>"),
        "indent" => ("<div class=\"block-indent\">", "</div>"),
        "center" => ("<div class=\"block-center\">", "</div>"),
        "left" => ("<div class=\"block-left\">", "</div>"),
        "right" => ("<div class=\"block-right\">", "</div>"),
        "justify" => ("<div class=\"block-justify\">", "</div>"),
        "big" => ("<span class=\"text-big\">", "</span>"),
        "small" => ("<span class=\"text-small\">", "</span>"),
        "heading" => ("<h3 class=\"block-heading\">", "</h3>"),
        "collapse" => ("<details class=\"block-collapse\">", "</div></details>"),
        "hr" => ("<hr>", ""),
        _ => return None,
    })
}

/// A block makes lines of its own, so the line break beside it would be one too many.
fn has_own_lines(name: &str) -> bool {
    block(name).is_some() && !matches!(name, "big" | "small")
}

fn color(argument: Option<&str>) -> Option<&'static str> {
    let wanted = argument?.trim().to_ascii_lowercase();
    COLORS.into_iter().find(|color| *color == wanted)
}

/// May this tag, with this argument, begin here? A link holds nothing that can be clicked, nor blocks.
fn may_open(tag: &Tag<'_>, blocks: bool, in_link: bool) -> bool {
    let name = tag.name.as_str();
    if name == "color" {
        return color(tag.argument).is_some();
    }
    if inline(name).is_some() {
        return tag.argument.is_none();
    }
    if in_link {
        return false;
    }
    match name {
        "url" => true,
        "spoiler" => tag.argument.is_none(),
        _ => blocks && block(name).is_some() && (name == "collapse" || tag.argument.is_none()),
    }
}

impl Builder {
    fn top(&mut self) -> &mut Open {
        self.open.last_mut().unwrap_or(&mut self.root)
    }

    fn is_open(&self, name: &str) -> bool {
        self.open.iter().any(|open| open.name == name)
    }

    /// Text; unless it is `raw`, addresses in it become links.
    fn text(&mut self, piece: &str, raw: bool) {
        let mut rest = piece;
        if self.after_block {
            rest = rest
                .strip_prefix("\r\n")
                .or_else(|| rest.strip_prefix('\n'))
                .unwrap_or(rest);
        }
        if !piece.is_empty() {
            self.after_block = false;
        }
        let is_plain = raw || self.is_open("url");
        let top = self.top();
        top.plain.push_str(rest);
        let content = std::mem::take(&mut top.content);
        top.content = if is_plain {
            content.text(rest)
        } else {
            with_links(content, rest)
        };
    }

    fn node(&mut self, node: &Html, plain: &str) {
        self.after_block = false;
        let top = self.top();
        top.plain.push_str(plain);
        top.content = std::mem::take(&mut top.content).add(node);
    }

    fn open(&mut self, tag: &Tag<'_>, source: &str) {
        self.after_block = has_own_lines(&tag.name);
        self.open.push(Open {
            name: tag.name.clone(),
            argument: tag.argument.map(str::to_owned),
            source: source.to_owned(),
            ..Open::default()
        });
    }

    /// The innermost open tag was never closed: it is text.
    fn unwind(&mut self) {
        if let Some(open) = self.open.pop() {
            let node = Html::default().text(&open.source).add(&open.content);
            self.add(&node, &[open.source, open.plain].concat());
        }
    }

    fn close(&mut self, name: &str, closing: &str) {
        while self.open.last().is_some_and(|open| open.name != name) {
            self.unwind();
        }
        if let Some(open) = self.open.pop() {
            let node = wrap(&open, closing);
            self.add(&node, &open.plain);
        }
        self.after_block = has_own_lines(name);
    }

    fn add(&mut self, node: &Html, plain: &str) {
        let top = self.top();
        top.plain.push_str(plain);
        top.content = std::mem::take(&mut top.content).add(node);
    }

    fn end(mut self) -> Html {
        while !self.open.is_empty() {
            self.unwind();
        }
        self.root.content
    }
}

/// The element of a tag that was closed.
fn wrap(open: &Open, closing: &str) -> Html {
    let html = Html::default();
    let name = open.name.as_str();
    match name {
        "url" => {
            let Some(address) = Address::read(open.argument.as_deref().unwrap_or(&open.plain)) else {
                return html.text(&open.source).add(&open.content).text(closing);
            };
            let label = if open.plain.trim().is_empty() {
                html.text(address.text)
            } else {
                open.content.clone()
            };
            address.link(&label, open.argument.is_none().then_some(open.plain.as_str()))
        }
        "color" => match color(open.argument.as_deref()) {
            Some(color) => {
                let span = html.raw("<span class=\"color-").raw(color).raw("\">");
                span.add(&open.content).raw("</span>")
            }
            None => html.add(&open.content),
        },
        "spoiler" => {
            let spoiler = html.raw("<details class=\"spoiler\"><summary>Spoiler</summary>");
            spoiler.add(&open.content).raw("</details>")
        }
        _ => {
            let (start, end) = inline(name).or_else(|| block(name)).unwrap_or_default();
            let mut element = html.raw(start);
            if name == "collapse" {
                let title = open
                    .argument
                    .as_deref()
                    .map(str::trim)
                    .filter(|title| !title.is_empty());
                let summary = element.raw("<summary>").text(title.unwrap_or("More"));
                element = summary.raw("</summary><div>");
            }
            element.add(&open.content).raw(end)
        }
    }
}

/// Adds text, and makes links of the addresses in it.
fn with_links(mut html: Html, text: &str) -> Html {
    // The same length in bytes.
    let folded = text.to_ascii_lowercase();
    let (mut done, mut from) = (0, 0);
    while let Some(start) = folded
        .get(from..)
        .and_then(|rest| rest.find("http"))
        .map(|at| from + at)
    {
        from = start + "http".len();
        let rest = text.get(start..).unwrap_or_default();
        let ends = |one: char| one.is_whitespace() || "<>\"[]".contains(one);
        let end = rest
            .char_indices()
            .take(ADDRESS_MAX + 1)
            .find(|(_, one)| ends(*one))
            .map(|(end, _)| end);
        let whole = match end {
            Some(end) => rest.get(..end).unwrap_or_default(),
            None if rest.len() <= ADDRESS_MAX => rest,
            None => continue,
        };
        // A sentence may end behind an address.
        let Some(address) =
            Address::read(whole.trim_end_matches([',', '.', ';', ':', '!', '?', '\'', ')', '}']))
        else {
            continue;
        };
        html = html.text(text.get(done..start).unwrap_or_default());
        html = html.add(&address.link(&Html::default().text(address.text), Some(address.text)));
        done = start + address.text.len();
        from = done;
    }
    html.text(text.get(done..).unwrap_or_default())
}

/// The address of a page on the web.
struct Address<'a> {
    text: &'a str,
    host: String,
    /// Scheme and host with port, in lower case.
    origin: String,
}

impl<'a> Address<'a> {
    /// Reads an address that a browser understands in one way only: no names of users, no letters that browsers drop or
    /// replace.
    fn read(text: &'a str) -> Option<Self> {
        let text = text.trim();
        let (scheme, rest) = text.split_once("://")?;
        let scheme = scheme.to_ascii_lowercase();
        if !matches!(scheme.as_str(), "http" | "https")
            || text.chars().any(|one| one.is_control() || one.is_whitespace())
        {
            return None;
        }
        let place = rest
            .find(['/', '?', '#'])
            .map_or(rest, |end| rest.get(..end).unwrap_or_default());
        let (host, port) = place.split_once(':').unwrap_or((place, ""));
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
        if host.is_empty() || !host.bytes().all(fits) || !port.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        Some(Self {
            text,
            host: host.to_ascii_lowercase(),
            origin: format!("{scheme}://{}", place.to_ascii_lowercase()),
        })
    }

    /// A link. The host stands beside a label that does not begin with it, so that no label can lie.
    fn link(&self, content: &Html, label: Option<&str>) -> Html {
        let link = Html::default()
            .raw("<a target=\"_blank\" rel=\"noopener noreferrer nofollow\"")
            .attribute("href", self.text)
            .raw(">")
            .add(content)
            .raw("</a>");
        match label {
            Some(label) if label.trim().to_lowercase().starts_with(&self.origin) => link,
            _ => {
                let host = link.raw("<bdi class=\"link-host\"> [").text(&self.host);
                host.raw("]</bdi>")
            }
        }
    }
}

#[cfg(test)]
#[path = "bbcode_tests.rs"]
mod tests;
