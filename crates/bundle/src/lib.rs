//! Makes the files of the page in `web/` into what a browser loads: one script and one style sheet with a hash in their names, and
//! `index.html` with links to them; and the files in `web/admin/`, which may import modules of the page, into the administration page in
//! the same way. The build script of the server runs it; nothing of it is part of the server.
//!
//! The modules of the page are joined ([`script`]), comments and indentation are left out ([`slim`]), and each file is compressed
//! once, at the highest level ([`compress`]). This is no general bundler: it knows the few forms of `import` and `export` that the
//! page uses, and refuses every other one with the file's name.
#![forbid(unsafe_code)]

mod compress;
mod script;
mod slim;

use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;

/// The module that each of the two pages starts.
const FIRST: &str = "app.js";
/// The folder of the administration page.
const ADMIN: &str = "admin";
/// Its style sheet, which follows the first one of the page.
const ADMIN_STYLE: &str = "admin.css";
/// The place in `index.html` of the links to the style sheet and to the script.
const PLACE: &str = "<!--bundle-->\n";
/// The style sheet with the colours and the controls of both pages.
const MAIN_STYLE: &str = "style.css";
/// The style sheets of the page, in the order in which they take effect.
const STYLES: [&str; 5] = [MAIN_STYLE, "bbcode.css", "talk.css", "people.css", "looks.css"];
/// The style sheet that the server's own pages, such as profiles, need beside those of the chat.
const SITE_STYLE: &str = "site.css";

/// The reason why the page cannot be built, as one sentence for its author.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault(String);

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for Fault {}

/// The type of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `text/html`.
    Html,
    /// `text/javascript`.
    Script,
    /// `text/css`.
    Style,
    /// `image/x-icon`.
    Icon,
}

/// A file as it is served.
#[derive(Debug, Clone)]
pub struct File {
    /// The name below `/web/`.
    pub name: String,
    /// Its type.
    pub kind: Kind,
    /// Whether the name has a hash of the content, so that browsers may keep the file for ever.
    pub is_hashed: bool,
    /// The hash of the content, in 16 hexadecimal digits.
    pub hash: String,
    /// The content.
    pub plain: Vec<u8>,
    /// The content in the format of gzip, where that is smaller.
    pub gzip: Option<Vec<u8>>,
    /// The content in the format of Brotli, where that is smaller.
    pub brotli: Option<Vec<u8>>,
}

/// Builds the page from the files in the folder `web`: every file that is served, `index.html` among them.
///
/// # Errors
/// A file that is missing, unreadable or of an unknown type, or a module in a form that is not understood.
pub fn build(web: &Path) -> Result<Vec<File>, Fault> {
    let names = names(web)?;
    let mut modules = Vec::new();
    let mut served = Vec::new();
    for name in &names {
        match name.rsplit_once('.').map(|(_, extension)| extension) {
            Some("js") => modules.push((name.clone(), read(web, name)?)),
            None if name == ADMIN => {}
            Some("css") if STYLES.contains(&name.as_str()) || name == SITE_STYLE => {}
            Some("css") => {
                return Err(Fault(format!(
                    "web/{name}: add it to the list of styles in {}",
                    file!()
                )));
            }
            Some("ico") => served.push(file(name.clone(), Kind::Icon, false, bytes(web, name)?)?),
            Some("html") if name == "index.html" => {}
            _ => return Err(Fault(format!("web/{name}: its type is not known in {}", file!()))),
        }
    }

    let script = hashed("app", "js", Kind::Script, script::join(&modules, FIRST)?)?;
    let style = styles(web, &STYLES)?;
    let site_style = format!("{style}{}", styles(web, &[SITE_STYLE])?);
    let style = hashed("style", "css", Kind::Style, style)?;
    served.push(file(
        SITE_STYLE.to_owned(),
        Kind::Style,
        false,
        site_style.into_bytes(),
    )?);

    served.push(document(web, "index.html", "index.html", &script, &style)?);
    served.extend([script, style]);
    if web.join(ADMIN).is_dir() {
        served.extend(administration(web, modules)?);
    }
    Ok(served)
}

/// The administration page. `modules` are those of the page, from which its own may import.
fn administration(web: &Path, mut modules: Vec<(String, String)>) -> Result<[File; 3], Fault> {
    for name in names(&web.join(ADMIN))? {
        let path = format!("{ADMIN}/{name}");
        match name.as_str() {
            ADMIN_STYLE | "index.html" => {}
            script if script.ends_with(".js") => {
                let text = read(web, &path)?;
                modules.push((path, text));
            }
            _ => return Err(Fault(format!("web/{path}: its type is not known in {}", file!()))),
        }
    }
    let joined = script::join(&modules, &format!("{ADMIN}/{FIRST}"))?;
    let script = hashed(ADMIN, "js", Kind::Script, joined)?;
    let style = styles(web, &[MAIN_STYLE, &format!("{ADMIN}/{ADMIN_STYLE}")])?;
    let style = hashed(ADMIN, "css", Kind::Style, style)?;
    let page = document(web, "admin/index.html", "admin.html", &script, &style)?;
    Ok([page, script, style])
}

/// A document with the links to its script and its style sheet. It is served under the name `to`.
fn document(web: &Path, from: &str, to: &str, script: &File, style: &File) -> Result<File, Fault> {
    let links = format!(
        "<link rel=\"stylesheet\" href=\"/web/{}\">\n<script type=\"module\" src=\"/web/{}\"></script>\n",
        style.name, script.name
    );
    let text = read(web, from)?;
    let (before, after) = text
        .split_once(PLACE)
        .ok_or_else(|| Fault(format!("web/{from} has no line {}", PLACE.trim_end())))?;
    let text = slim::page(&format!("{before}{links}{after}"));
    file(to.to_owned(), Kind::Html, false, text.into_bytes())
}

fn names(web: &Path) -> Result<Vec<String>, Fault> {
    let unreadable = |error: std::io::Error| Fault(format!("{}: {error}", web.display()));
    let mut names = Vec::new();
    for entry in std::fs::read_dir(web).map_err(unreadable)? {
        let name = entry.map_err(unreadable)?.file_name();
        let name = name
            .into_string()
            .map_err(|name| Fault(format!("the name of web/{} is not UTF-8", name.display())))?;
        names.push(name);
    }
    names.sort_unstable();
    Ok(names)
}

fn bytes(web: &Path, name: &str) -> Result<Vec<u8>, Fault> {
    std::fs::read(web.join(name)).map_err(|error| Fault(format!("web/{name}: {error}")))
}

fn read(web: &Path, name: &str) -> Result<String, Fault> {
    String::from_utf8(bytes(web, name)?).map_err(|_| Fault(format!("web/{name} is not UTF-8")))
}

fn styles(web: &Path, names: &[&str]) -> Result<String, Fault> {
    let mut joined = String::new();
    for name in names {
        joined.push_str(&slim::style(&read(web, name)?));
    }
    Ok(joined)
}

fn hashed(stem: &str, extension: &str, kind: Kind, content: String) -> Result<File, Fault> {
    let content = content.into_bytes();
    let name = format!("{stem}-{}.{extension}", hash(&content));
    file(name, kind, true, content)
}

fn hash(content: &[u8]) -> String {
    let mut hasher = DefaultHasher::new();
    content.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

fn file(name: String, kind: Kind, is_hashed: bool, plain: Vec<u8>) -> Result<File, Fault> {
    let failed = |error: String| Fault(format!("web/{name} cannot be compressed: {error}"));
    let smaller = |compressed: Vec<u8>| (compressed.len() < plain.len()).then_some(compressed);
    let (gzip, brotli) = match kind {
        // The server fills in the visitor's part of the page.
        Kind::Html => (None, None),
        _ => (
            smaller(compress::gzip(&plain).map_err(failed)?),
            smaller(compress::brotli(&plain).map_err(failed)?),
        ),
    };
    Ok(File {
        hash: hash(&plain),
        name,
        kind,
        is_hashed,
        plain,
        gzip,
        brotli,
    })
}

#[cfg(test)]
mod tests;
