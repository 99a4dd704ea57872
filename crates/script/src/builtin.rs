//! The built-in rules, for servers without scripts of their own.

use crate::host::Scripts;

const MAIN: &str = include_str!("../../../script/main.lua");

macro_rules! modules {
    ($($name:literal),*) => {
        /// Name and source of each module except `main.lua`.
        const MODULES: &[(&str, &str)] =
            &[$(($name, include_str!(concat!("../../../script/", $name, ".lua")))),*];
    };
}

modules!(
    "administration",
    "bridge",
    "channels",
    "common",
    "dice",
    "gate",
    "ignores",
    "information",
    "login",
    "moderation",
    "staff",
    "talking"
);

/// The scripts inside the program.
pub fn scripts() -> Scripts {
    let modules = MODULES.iter();
    Scripts {
        main: MAIN.to_owned(),
        modules: modules
            .map(|&(name, source)| (name.to_owned(), source.to_owned()))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_script_of_the_folder_is_inside() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../script");
        let mut there: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .filter_map(|entry| entry.unwrap().file_name().into_string().ok())
            .filter_map(|name| name.strip_suffix(".lua").map(str::to_owned))
            .filter(|name| !matches!(name.as_str(), "main" | "tests" | "startup_config"))
            .collect();
        there.sort();
        let inside: Vec<String> = scripts().modules.into_keys().collect();
        assert_eq!(inside, there);
    }
}
