//! The scripts: the operator's own where there are some, else the ones inside the program.

use std::collections::BTreeMap;
use std::path::Path;

use fchatd_script::builtin;
use fchatd_script::host::Scripts;

use crate::Failure;
use crate::configuration::read_if_there;

/// Reads `DIR/script`: `main.lua` and whatever it may require.
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
