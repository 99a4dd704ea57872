//! Builds the page from the files in `web/` and lists the results for `server::page`. A new file there is part of the program; no
//! other list of these files exists. How modules are joined is the matter of the crate `bundle`.

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use fchatd_bundle::{File, Kind};

fn main() -> Result<(), Box<dyn Error>> {
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let web = fs::canonicalize(Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("../../web"))?;
    println!("cargo::rerun-if-changed={}", web.display());

    let mut list = String::from("&[\n");
    for File {
        name,
        kind,
        is_hashed,
        hash,
        plain,
        gzip,
        brotli,
    } in fchatd_bundle::build(&web)?
    {
        let kind = match kind {
            Kind::Html => "HTML",
            Kind::Script => "SCRIPT",
            Kind::Style => "STYLE",
            Kind::Icon => "ICON",
        };
        let mut packed = [String::from("None"), String::from("None")];
        for (place, (suffix, content)) in packed.iter_mut().zip([("gz", gzip), ("br", brotli)]) {
            if let Some(content) = content {
                let path = out.join(format!("{name}.{suffix}"));
                fs::write(&path, content)?;
                *place = format!("Some(include_bytes!({path:?}).as_slice())");
            }
        }
        let path = out.join(&name);
        fs::write(&path, plain)?;
        let [gzip, brotli] = packed;
        writeln!(
            list,
            "    PageFile {{ name: {name:?}, kind: {kind}, is_hashed: {is_hashed}, hash: {hash:?}, \
             plain: include_bytes!({path:?}).as_slice(), gzip: {gzip}, brotli: {brotli} }},"
        )?;
    }
    list.push(']');
    fs::write(out.join("page_files.rs"), list)?;
    Ok(())
}
