//! Finds undefined names, in all scripts at once and without running them.
//!
//! There must be no false alarm about a correct script. So a name counts as known if a script defines it
//! itself, tests it before use, or passes it to code that cannot be analysed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::interface::{GLOBALS, LIBRARY_NAMES, constants, functions};
use super::luau::{CLASSIC, FUNCTIONS, LIBRARIES, OUT_OF_REACH, VALUES};
use super::names::{Access, Names, Use, names};
use super::near::nearest;
use crate::host::Scripts;

/// A problem in a script, certain or likely.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// The file, such as `main.lua`, or `rules/talk.lua`.
    pub file: String,
    /// The line.
    pub line: u32,
    /// True for an error; false for a hint.
    pub wrong: bool,
    /// The problem, and a suggestion if there is one.
    pub message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.wrong { "" } else { "hint: " };
        write!(formatter, "{}:{}: {kind}{}", self.file, self.line, self.message)
    }
}

/// The functions in `event` that the host calls, in addition to commands.
const CALLBACKS: [&str; 3] = ["ident_callback", "pre_disconnect", "role_lost"];

/// The files that don't compile, each with its first error.
pub fn compile(scripts: &Scripts) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, source) in sources(scripts) {
        let Err(error) = mlua::chunk::Compiler::new().compile(source) else {
            continue;
        };
        let text = match error {
            mlua::Error::SyntaxError { message, .. } => message,
            other => other.to_string(),
        };
        let text = text.lines().next().unwrap_or_default();
        // Luau writes `12: message`, sometimes with a name in front.
        let position = text.split_once(": ");
        let (line, message) = position
            .and_then(|(place, message)| Some((place.rsplit(':').next()?.trim().parse().ok()?, message)))
            .unwrap_or((0, text));
        findings.push(Finding {
            file: format!("{name}.lua"),
            line,
            wrong: true,
            message: message.to_owned(),
        });
    }
    findings
}

/// All problems in the scripts, by file and line.
pub fn check(scripts: &Scripts) -> Vec<Finding> {
    let files: Vec<(&str, Names)> = sources(scripts)
        .filter_map(|(name, source)| Some((name, names(source)?)))
        .collect();
    let followed = files.len() == 1 + scripts.modules.len();
    let known = Knowledge::new(&files, scripts.are_classic());
    let mut findings = BTreeSet::new();
    for (file, names) in &files {
        // On the classic server, undefined names were nil and scripts ran nevertheless.
        let mut report = |line: u32, wrong: bool, message: String| {
            findings.insert(Finding {
                file: format!("{file}.lua"),
                line,
                wrong: wrong && !scripts.are_classic(),
                message,
            });
        };
        for used in &names.uses {
            match (&used.field, used.access) {
                // A file that cannot be analysed may define any name.
                (None, Access::Read) if followed => {
                    if let Some(message) = known.unknown_global(file, used) {
                        report(used.line, true, message);
                    }
                }
                (Some(field), Access::Read) if followed => {
                    if let Some(message) = known
                        .unknown_global(file, used)
                        .or_else(|| known.unknown_field(used, field))
                    {
                        report(used.line, true, message);
                    }
                }
                (None, Access::Write) if followed => {
                    if let Some(message) = known.forgotten_local(used) {
                        report(used.line, false, message);
                    }
                }
                (Some(field), Access::Write) if followed => {
                    if let Some(message) = known.unknown_global(file, used) {
                        report(used.line, true, message);
                    } else if let Some(message) = known.unheard_callback(used, field) {
                        report(used.line, false, message);
                    }
                }
                _ => {}
            }
        }
        for (module, line) in &names.required {
            if !scripts.modules.contains_key(module) {
                let near = nearest(module, scripts.modules.keys().map(String::as_str));
                findings.insert(Finding {
                    file: format!("{file}.lua"),
                    line: *line,
                    wrong: true,
                    message: format!("there is no module '{module}'{}", meant(near)),
                });
            }
        }
    }
    findings.into_iter().collect()
}

fn sources(scripts: &Scripts) -> impl Iterator<Item = (&str, &str)> {
    std::iter::once(("main", scripts.main.as_str())).chain(
        scripts
            .modules
            .iter()
            .map(|(name, source)| (name.as_str(), source.as_str())),
    )
}

/// The known names: of the host, of Luau, and of the scripts themselves.
struct Knowledge {
    globals: BTreeSet<String>,
    /// The fields of the libraries, including those that scripts add.
    fields: BTreeMap<String, BTreeSet<String>>,
    open: BTreeSet<String>,
    tested: BTreeSet<(String, Option<String>)>,
    /// For each global, its assignments and reads: file and outermost function.
    writers: BTreeMap<String, BTreeSet<(usize, u32)>>,
    readers: BTreeMap<String, BTreeSet<(usize, u32)>>,
    /// Fields of `event` and similar tables that the scripts read themselves.
    read_fields: BTreeSet<(String, String)>,
}

impl Knowledge {
    fn new(files: &[(&str, Names)], classic: bool) -> Self {
        let mut known = Self {
            globals: BTreeSet::new(),
            fields: BTreeMap::new(),
            open: BTreeSet::new(),
            tested: BTreeSet::new(),
            writers: BTreeMap::new(),
            readers: BTreeMap::new(),
            read_fields: BTreeSet::new(),
        };
        known.provided();
        if classic {
            known.globals.extend(CLASSIC.map(str::to_owned));
            let strings = known.fields.entry("string".to_owned()).or_default();
            strings.insert("split".to_owned());
        }
        for (index, (_, names)) in files.iter().enumerate() {
            known.open.extend(names.open.iter().cloned());
            for used in &names.uses {
                known.learn(index, used);
            }
        }
        known
    }

    fn provided(&mut self) {
        let names = FUNCTIONS.iter().chain(&VALUES).copied();
        let names = names.chain(GLOBALS.iter().map(|global| global.0));
        let names = names.chain(LIBRARY_NAMES.iter().map(|library| library.0));
        let names = names.chain(LIBRARIES.iter().map(|library| library.0));
        self.globals.extend(names.map(str::to_owned));
        for (library, fields) in LIBRARIES {
            let fields = fields.iter().map(|&field| field.to_owned());
            self.fields.entry(library.to_owned()).or_default().extend(fields);
        }
        for entry in functions() {
            let fields = self.fields.entry(entry.library.to_owned()).or_default();
            fields.insert(entry.name.to_owned());
        }
        let constants = constants().map(|(name, ..)| name);
        self.fields
            .entry("const".to_owned())
            .or_default()
            .extend(constants);
        for table in ["event", "rtb", "httpcb"] {
            self.fields.entry(table.to_owned()).or_default();
        }
    }

    fn learn(&mut self, file: usize, used: &Use) {
        let Use {
            global,
            field,
            access,
            function,
            tested,
            ..
        } = used;
        let place = (file, *function);
        if *tested {
            self.tested.insert((global.clone(), field.clone()));
        }
        match (field, access) {
            (None, Access::Write) => {
                self.globals.insert(global.clone());
                self.writers.entry(global.clone()).or_default().insert(place);
            }
            // `_G.name` is the global.
            (Some(field), access) if global == "_G" => {
                if *access == Access::Write {
                    self.globals.insert(field.clone());
                }
                self.readers
                    .entry(field.clone())
                    .or_default()
                    .insert((usize::MAX, 0));
            }
            (Some(field), Access::Write) => {
                if let Some(fields) = self.fields.get_mut(global) {
                    fields.insert(field.clone());
                }
                self.readers.entry(global.clone()).or_default().insert(place);
            }
            (field, Access::Read) => {
                if let Some(field) = field {
                    self.read_fields.insert((global.clone(), field.clone()));
                }
                self.readers.entry(global.clone()).or_default().insert(place);
            }
        }
    }

    fn unknown_global(&self, file: &str, used: &Use) -> Option<String> {
        let name = &used.global;
        let exempt = self.open.contains("_G") || self.tested.contains(&(name.clone(), None));
        if exempt {
            return None;
        }
        if name == "testing" && file == "main" {
            return Some(
                "the library 'testing' exists only under `fchatd test`, in the files of the tests".into(),
            );
        }
        if self.globals.contains(name) {
            return None;
        }
        if OUT_OF_REACH.contains(&name.as_str()) {
            return Some(format!("'{name}' is not available to scripts; {}", instead(name)));
        }
        let near = nearest(name, self.globals.iter().map(String::as_str));
        Some(format!("the global '{name}' is not defined{}", meant(near)))
    }

    fn unknown_field(&self, used: &Use, field: &str) -> Option<String> {
        let library = &used.global;
        let fields = self.fields.get(library)?;
        let exempt = self.open.contains(library)
            || self.open.contains("_G")
            || self.tested.contains(&(library.clone(), None))
            || self.tested.contains(&(library.clone(), Some(field.to_owned())));
        if exempt || fields.contains(field) {
            return None;
        }
        let near = nearest(field, fields.iter().map(String::as_str));
        let near = near.map(|near| format!("{library}.{near}"));
        Some(format!("there is no {library}.{field}{}", meant(near.as_deref())))
    }

    /// A global that is assigned in one function and read nowhere else was probably intended as a local.
    fn forgotten_local(&self, used: &Use) -> Option<String> {
        let name = &used.global;
        if used.function == 0 || self.open.contains("_G") || self.is_provided(name) {
            return None;
        }
        let writers = self.writers.get(name)?;
        let [writer] = writers.iter().collect::<Vec<_>>()[..] else {
            return None;
        };
        let nobody = BTreeSet::new();
        let readers = self.readers.get(name).unwrap_or(&nobody);
        if readers.iter().any(|reader| reader != writer) {
            return None;
        }
        Some(if readers.is_empty() {
            let others = self.globals.iter().filter(|global| *global != name);
            let near = nearest(name, others.map(String::as_str));
            format!(
                "the global '{name}' is assigned here and used nowhere{}",
                near.map_or_else(|| "; was a local meant?".to_owned(), |near| meant(Some(near)))
            )
        } else {
            format!("'{name}' is used in this function only, but is a global; write 'local' before it")
        })
    }

    /// A function in `event` that no command calls.
    fn unheard_callback(&self, used: &Use, field: &str) -> Option<String> {
        if used.global != "event"
            || field.len() == 3
            || CALLBACKS.contains(&field)
            || self.open.contains("event")
            || self.read_fields.contains(&("event".to_owned(), field.to_owned()))
        {
            return None;
        }
        let near = nearest(field, CALLBACKS.into_iter());
        let near = near.map(|near| format!("event.{near}"));
        Some(format!(
            "no command or event calls event.{field}{}",
            meant(near.as_deref())
        ))
    }

    fn is_provided(&self, name: &str) -> bool {
        GLOBALS.iter().any(|global| global.0 == name)
            || self.fields.contains_key(name)
            || FUNCTIONS.contains(&name)
    }
}

fn meant(near: Option<&str>) -> String {
    near.map_or_else(String::new, |near| format!("; did you mean {near}?"))
}

fn instead(name: &str) -> &'static str {
    match name {
        "load" | "loadstring" | "loadfile" | "dofile" | "module" | "package" => {
            "require(\"name\") loads DIR/script/name.lua"
        }
        _ => "they have no files, processes or network",
    }
}
