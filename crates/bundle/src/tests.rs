//! Small pages, built. The browser tests run the real one.

use super::*;

fn page(files: &[(&str, &str)]) -> Result<Vec<File>, Fault> {
    let folder = tempfile::tempdir().unwrap();
    let usual = [
        (
            "index.html",
            "<head>\n  <!--site:head-->\n<!--bundle-->\n</head>\n",
        ),
        ("style.css", "/* Colours\n * of all */\na {\n  color: red;\n}\n"),
        ("bbcode.css", "b { color: blue; }\n"),
        ("talk.css", ""),
        ("people.css", ""),
        ("looks.css", ""),
        ("site.css", ".site { margin: 0; }\n"),
    ];
    for (name, content) in usual.iter().chain(files) {
        std::fs::write(folder.path().join(name), content).unwrap();
    }
    build(folder.path())
}

fn text(files: &[File], begin: &str) -> String {
    let found = files.iter().find(|file| file.name.starts_with(begin)).unwrap();
    String::from_utf8(found.plain.clone()).unwrap()
}

fn refused(files: &[(&str, &str)], words: &str) {
    let fault = page(files).unwrap_err().to_string();
    assert!(fault.contains(words), "{fault}");
}

#[test]
fn modules_run_after_those_that_they_import() {
    let files = page(&[
        (
            "app.js",
            "// The start.\nimport {\n  two,\n  one as first,\n} from './both.js';\nimport './side.js';\n\nconst two2 = 2;\nfirst(two, two2);\n",
        ),
        ("both.js", "import { base } from './the-base.js';\nexport const two = base * 2;\nexport async function one(x) {\n  return x; // the same\n}\n"),
        ("side.js", "import { base } from './the-base.js';\nconsole.log(base);\n"),
        ("the-base.js", "/** The\n * base. */\nexport const base = 1;\n"),
    ])
    .unwrap();
    assert_eq!(
        text(&files, "app-"),
        "const $the_base = (() => {\nconst base = 1;\nreturn { base };\n})();\n\
         const $both = (() => {\nconst { base } = $the_base;\nconst two = base * 2;\nasync function one(x) {\nreturn x; // the same\n}\nreturn { two, one };\n})();\n\
         const $side = (() => {\nconst { base } = $the_base;\nconsole.log(base);\nreturn {  };\n})();\n\
         const $app = (() => {\nconst { two, one: first } = $both;\nconst two2 = 2;\nfirst(two, two2);\nreturn {  };\n})();\n\
         export const modules = { 'the-base': $the_base, 'both': $both, 'side': $side, 'app': $app, };\n"
    );
    assert_eq!(
        text(&files, "style-"),
        "a {\ncolor: red;\n}\nb { color: blue; }\n"
    );
    assert_eq!(
        text(&files, "site.css"),
        "a {\ncolor: red;\n}\nb { color: blue; }\n.site { margin: 0; }\n"
    );
}

#[test]
fn index_links_what_is_there() {
    let files = page(&[("app.js", "start();\n")]).unwrap();
    let index = text(&files, "index.html");
    for file in files.iter().filter(|file| file.is_hashed) {
        assert!(index.contains(&format!("\"/web/{}\"", file.name)), "{index}");
    }
    assert!(index.starts_with("<head>\n<!--site:head-->\n<link"), "{index}");
    let other = page(&[("app.js", "stop();\n")]).unwrap();
    assert_ne!(
        index,
        text(&other, "index.html"),
        "another script has another name"
    );
}

#[test]
fn other_forms_are_refused_with_the_files_name() {
    for (module, words) in [
        (
            "import * as all from './app.js';\n",
            "web/other.js: \"import * as all",
        ),
        ("import one from './app.js';\n", "write import { … }"),
        ("import { one } from 'elsewhere';\n", "write import { … }"),
        ("import { one\n", "does not end"),
        ("export default 1;\n", "only export function"),
        ("export let one = 1;\n", "only export function"),
        ("export { one };\n", "only export function"),
        (
            "const a = `one\ntwo`;\n",
            "web/other.js, line 1: a template literal",
        ),
        ("import './app.js';\n", "app.js → other.js → app.js"),
        ("import './missing.js';\n", "web/other.js needs missing.js"),
    ] {
        refused(
            &[("app.js", "import './other.js';\n"), ("other.js", module)],
            words,
        );
    }
    refused(
        &[("app.js", "start();\n"), ("lost.js", "lost();\n")],
        "web/lost.js: no module imports it",
    );
    refused(
        &[("app.js", "start();\n"), ("new.css", "")],
        "web/new.css: add it",
    );
    refused(
        &[("app.js", "start();\n"), ("new.png", "")],
        "web/new.png: its type",
    );
    refused(
        &[("app.js", ""), ("index.html", "<p>\n")],
        "no line <!--bundle-->",
    );
}

#[test]
fn compressed_files_unpack_to_the_same() {
    let script = "const number = 1; // and again and again\n".repeat(100);
    let files = page(&[("app.js", &script)]).unwrap();
    let file = files.iter().find(|file| file.kind == Kind::Script).unwrap();
    let mut unpacked = Vec::new();
    let mut packed = file.brotli.as_deref().unwrap();
    brotli::BrotliDecompress(&mut packed, &mut unpacked).unwrap();
    assert_eq!(unpacked, file.plain);
    let config = zlib_rs::InflateConfig { window_bits: 31 };
    let mut unpacked = vec![0; file.plain.len()];
    let (unpacked, code) = zlib_rs::decompress_slice(&mut unpacked, file.gzip.as_deref().unwrap(), config);
    assert_eq!(code, zlib_rs::ReturnCode::Ok);
    assert_eq!(unpacked, file.plain);
}
