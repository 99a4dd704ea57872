//! Lists the files of the page in `web/` for `server::page`. A new file there is part of the program, and a new module is in the
//! page's list of modules to load early; no other list of these files exists.

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// The place in `index.html` of one `modulepreload` link for each module.
const MODULES: &str = "<!--modules-->\n";
/// The module that the page starts. A script element loads it, so it needs no link.
const FIRST: &str = "app.js";

fn main() -> Result<(), Box<dyn Error>> {
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let web = fs::canonicalize(Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("../../web"))?;
    println!("cargo::rerun-if-changed={}", web.display());

    let mut names = fs::read_dir(&web)?
        .map(|entry| Ok(entry?.file_name().into_string()))
        .collect::<Result<Result<Vec<_>, _>, std::io::Error>>()?
        .map_err(|name| format!("the name of web/{} is not UTF-8", name.display()))?;
    names.sort_unstable();

    fs::write(out.join("index.html"), index(&web, &names)?)?;
    let mut list = String::from("&[\n");
    for name in &names {
        let path = if name == "index.html" {
            out.join(name)
        } else {
            web.join(name)
        };
        let kind = kind(name).ok_or_else(|| format!("web/{name}: add its type to build.rs"))?;
        writeln!(
            list,
            "    ({name:?}, {kind}, include_bytes!({path:?}).as_slice()),"
        )?;
    }
    list.push(']');
    fs::write(out.join("page_files.rs"), list)?;
    Ok(())
}

/// The constant of `server::page` that is the type of a file.
fn kind(name: &str) -> Option<&'static str> {
    match Path::new(name).extension()?.to_str()? {
        "html" => Some("HTML"),
        "css" => Some("STYLE"),
        "js" => Some("SCRIPT"),
        "ico" => Some("ICON"),
        _ => None,
    }
}

/// `index.html` with the links to its modules.
fn index(web: &Path, names: &[String]) -> Result<String, Box<dyn Error>> {
    let page = fs::read_to_string(web.join("index.html"))?;
    let (before, after) = page
        .split_once(MODULES)
        .ok_or_else(|| format!("web/index.html has no line {}", MODULES.trim_end()))?;
    let mut links = String::new();
    for name in names
        .iter()
        .filter(|name| kind(name) == Some("SCRIPT") && *name != FIRST)
    {
        writeln!(links, "<link rel=\"modulepreload\" href=\"/web/{name}\">")?;
    }
    Ok(format!("{before}{links}{after}"))
}
