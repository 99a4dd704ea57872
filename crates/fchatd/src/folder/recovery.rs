//! A restore that was killed is completed before anything else uses the folder.

use std::path::Path;

use crate::failure::Failure;

/// Completes a restore, if there is one to complete. The result is a sentence about it.
///
/// # Errors
/// A restore is at work at this moment, or its files can't be moved.
pub(crate) fn complete_restore(dir: &Path) -> Result<Option<String>, Failure> {
    let resumed = fchatd_backup::resume(dir).map_err(|error| {
        format!("a restore of this folder was interrupted and can't be completed: {error}")
    })?;
    Ok(resumed.map(|resumed| {
        let before: Vec<String> = resumed
            .before
            .iter()
            .map(|folder| folder.display().to_string())
            .collect();
        let place = match before.is_empty() {
            true => String::new(),
            false => format!("; the files from before are in {}", before.join(" and ")),
        };
        format!("a restore of this folder was interrupted; it is completed now{place}")
    }))
}
