//! The scripts: the operator's own where there are some, else the ones inside the program. `fchatd check`, the start, a
//! reload and `ZZZ isolate` read and check them by the functions here.

use std::collections::BTreeMap;
use std::path::Path;

use fchatd_script::builtin;
use fchatd_script::host::Scripts;
use fchatd_script::tools::check::{self, Finding};

use crate::failure::Failure;
use crate::folder::places::read_if_there;

/// Reads `DIR/script`: `main.lua` and all files that it may require.
///
/// # Errors
/// When a file is there and can't be read.
pub(crate) fn load(dir: &Path) -> Result<Scripts, Failure> {
    let folder = dir.join("script");
    let Some(main) = read_if_there(&folder.join("main.lua"))? else {
        let mut scripts = builtin::scripts();
        // Rules that an administrator tries out beside the ones inside the program.
        if let Some(trial) = read_if_there(&folder.join("main_test.lua"))? {
            scripts.modules.insert("main_test".into(), trial);
        }
        return Ok(scripts);
    };
    let mut modules = BTreeMap::new();
    collect(&folder, "", &mut modules)?;
    modules.remove("main");
    modules.remove("startup_config");
    Ok(Scripts { main, modules })
}

/// Adds the modules of a folder under their names: the path below `script` without `.lua`.
fn collect(folder: &Path, prefix: &str, modules: &mut BTreeMap<String, String>) -> Result<(), Failure> {
    let fault = |error: std::io::Error| format!("{} can't be read: {error}", folder.display());
    for entry in std::fs::read_dir(folder).map_err(fault)? {
        let path = entry.map_err(fault)?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
            continue;
        };
        if path.is_dir() {
            collect(&path, &format!("{prefix}{name}/"), modules)?;
        } else if let Some(module) = name.strip_suffix(".lua")
            && let Some(source) = read_if_there(&path)?
        {
            modules.insert(format!("{prefix}{module}"), source);
        }
    }
    Ok(())
}

/// Which mistakes are failures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Those in all files.
    All,
    /// Remarks about the files of the common rules: a file that is tried out, and one with tests, must not
    /// keep a server from its start.
    InForce,
    /// Those in files that rules on trial are made of.
    OnTrial,
}

impl Scope {
    fn is_failure(self, finding: &Finding) -> bool {
        let beside = match self {
            Self::All => false,
            Self::InForce => ["main_test.lua", "tests.lua"].contains(&finding.file.as_str()),
            Self::OnTrial => finding.file == "tests.lua",
        };
        finding.wrong && !beside
    }
}

/// The scripts of a folder, and the remarks of the static checks.
#[derive(Debug)]
pub(crate) struct Checked {
    pub(crate) scripts: Scripts,
    /// Sentences with file and line.
    pub(crate) remarks: Vec<String>,
}

/// Reads the scripts as [`load`] does and looks for code that does not compile and for undefined names,
/// without running any of it.
///
/// # Errors
/// A file can't be read; all mistakes, each in a line of its own with file and line, then how many there are.
pub(crate) fn load_checked(dir: &Path, scope: Scope) -> Result<Checked, Failure> {
    let scripts = load(dir)?;
    let folder = dir.join("script");
    let place = if folder.join("main.lua").is_file() {
        format!("{}/", folder.display())
    } else {
        "built-in ".to_owned()
    };
    let mut findings = check::compile(&scripts);
    if findings.is_empty() {
        findings = check::check(&scripts);
    }
    let (mistakes, remarks): (Vec<_>, Vec<_>) =
        findings.iter().partition(|finding| scope.is_failure(finding));
    let sentence = |finding: &&Finding| format!("{place}{finding}");
    if mistakes.is_empty() {
        let remarks = remarks.iter().map(sentence).collect();
        return Ok(Checked { scripts, remarks });
    }
    let mut failure: Vec<String> = findings.iter().map(|finding| sentence(&finding)).collect();
    failure.push(match mistakes.len() {
        1 => "there is a mistake in the scripts".to_owned(),
        count => format!("there are {count} mistakes in the scripts"),
    });
    Err(failure.join("\n"))
}
