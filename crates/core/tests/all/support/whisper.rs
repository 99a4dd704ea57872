//! The talk command that docs/talk-commands.md adds to the rules.

use fchatd_script::builtin;
use fchatd_script::host::Scripts;

const PAGE: &str = include_str!("../../../../../docs/talk-commands.md");

/// The server's scripts with one more module, which `main.lua` requires.
#[allow(dead_code, reason = "each test uses a part")]
pub(crate) fn scripts_with(source: &str) -> Scripts {
    let mut scripts = builtin::scripts();
    scripts.modules.insert("whisper".into(), source.into());
    let line = "require(\"talking\"),";
    assert!(scripts.main.contains(line));
    scripts.main = scripts
        .main
        .replace(line, "require(\"talking\"), require(\"whisper\"),");
    scripts
}

/// The script of the page.
#[allow(dead_code, reason = "each test uses a part")]
pub(crate) fn whisper() -> String {
    let block = PAGE.split("```lua\n").find(|block| block.contains("s.declare("));
    block.unwrap().split("```").next().unwrap().to_owned()
}
