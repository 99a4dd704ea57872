//! Joins the modules of the page into one. Each becomes a function that runs once, after the modules that it imports from, and
//! returns its exports:
//!
//! ```text
//! const $text = (() => {
//! const { node: element } = $page;
//! …
//! return { node, later };
//! })();
//! ```
//!
//! So names of different modules never meet. The result exports `modules`, the exports of each module by its name without `.js`,
//! for tests in the browser. Differences to real modules would show with circles of imports and with exported variables that
//! change: both are refused.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;

use crate::{Fault, slim};

/// Joins the modules that `first` needs; `modules` are all files with name and content. The name of a module in a folder below
/// `web/` begins with the folder.
///
/// # Errors
/// A form of `import` or `export` that is not understood, an import from a file that does not exist, a circle of imports, or a
/// module in the folder of `first` that nothing imports.
pub(crate) fn join(modules: &[(String, String)], first: &str) -> Result<String, Fault> {
    let mut parsed = HashMap::new();
    for (name, text) in modules {
        parsed.insert(name.as_str(), Module::parse(name, text)?);
    }
    let mut order = Order {
        modules: &parsed,
        done: HashSet::new(),
        names: Vec::new(),
    };
    order.visit(first, &mut Vec::new())?;
    if let Some((unused, _)) = modules
        .iter()
        .find(|(name, _)| folder(name) == folder(first) && !order.done.contains(name.as_str()))
    {
        return Err(Fault(format!("web/{unused}: no module imports it")));
    }
    let mut joined = String::new();
    let mut all = String::new();
    for name in order.names {
        let module = &parsed[name];
        let _ = write!(
            joined,
            "const {} = (() => {{\n{}",
            variable(name),
            module.text(name)?
        );
        let _ = write!(all, "'{}': {}, ", name.trim_end_matches(".js"), variable(name));
        let _ = writeln!(joined, "return {{ {} }};\n}})();", module.exports.join(", "));
    }
    let _ = writeln!(joined, "export const modules = {{ {all}}};");
    Ok(joined)
}

/// The variable with the exports of a module; the page's own names have no dollar sign.
fn variable(name: &str) -> String {
    format!("${}", name.trim_end_matches(".js").replace(['-', '/'], "_"))
}

/// The folder of a module, with the slash; empty for the page's own.
fn folder(name: &str) -> &str {
    name.rfind('/').map_or("", |end| &name[..=end])
}

struct Import {
    /// The text between the braces, such as `node, open as openEntry`; `None` where the module is only run.
    names: Option<String>,
    from: String,
}

struct Module {
    imports: Vec<Import>,
    exports: Vec<String>,
    /// The lines after the imports, without `export`.
    body: String,
}

impl Module {
    fn parse(name: &str, text: &str) -> Result<Self, Fault> {
        let refuse = |line: &str, why: &str| Fault(format!("web/{name}: \"{}\": {why}", line.trim_end()));
        let mut module = Self {
            imports: Vec::new(),
            exports: Vec::new(),
            body: String::new(),
        };
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            if line.starts_with("import ") {
                let mut statement = line.to_owned();
                while !statement.ends_with(';') {
                    let more = lines
                        .next()
                        .ok_or_else(|| refuse(line, "the import does not end"))?;
                    statement.push(' ');
                    statement.push_str(more.trim());
                }
                let import = Import::parse(&statement, folder(name)).ok_or_else(|| {
                    refuse(
                        &statement,
                        "write import { … } from './FILE.js'; or import './FILE.js';",
                    )
                })?;
                module.imports.push(import);
                continue;
            }
            if let Some(declaration) = line.strip_prefix("export ") {
                let exported = exported(declaration).ok_or_else(|| {
                    refuse(line, "only export function, export async function, export class and export const NAME are understood")
                })?;
                module.exports.push(exported.to_owned());
                module.body.push_str(declaration);
            } else {
                module.body.push_str(line);
            }
            module.body.push('\n');
        }
        Ok(module)
    }

    /// The imports as declarations, and the body.
    fn text(&self, name: &str) -> Result<String, Fault> {
        let mut text = String::new();
        for import in &self.imports {
            if let Some(names) = &import.names {
                let names = names.replace(" as ", ": ");
                let _ = writeln!(text, "const {{ {names} }} = {};", variable(&import.from));
            }
        }
        text.push_str(&slim::script(name, &self.body)?);
        Ok(text)
    }
}

impl Import {
    /// An import in a module of this folder.
    fn parse(statement: &str, folder: &str) -> Option<Self> {
        let rest = statement.strip_prefix("import ")?.strip_suffix(';')?.trim();
        let (names, file) = match rest.strip_prefix('{') {
            Some(rest) => {
                let (names, file) = rest.split_once('}')?;
                let names = names.trim().trim_end_matches(',').to_owned();
                (Some(names), file.trim().strip_prefix("from ")?)
            }
            None => (None, rest),
        };
        let from = file.trim().strip_prefix('\'')?.strip_suffix('\'')?;
        let from = match from.strip_prefix("./") {
            Some(own) => format!("{folder}{own}"),
            None if folder.is_empty() => return None,
            None => from.strip_prefix("../")?.to_owned(),
        };
        Some(Self { names, from })
    }
}

/// The name that a declaration exports.
fn exported(declaration: &str) -> Option<&str> {
    let forms = ["async function ", "function ", "class ", "const "];
    let rest = forms.iter().find_map(|form| declaration.strip_prefix(form))?;
    let end = rest.find(|letter: char| !letter.is_alphanumeric() && letter != '_')?;
    (end > 0).then(|| &rest[..end])
}

/// The order in which a browser would run the modules: the imported ones first, in the order of the imports.
struct Order<'m> {
    modules: &'m HashMap<&'m str, Module>,
    done: HashSet<&'m str>,
    names: Vec<&'m str>,
}

impl<'m> Order<'m> {
    fn visit(&mut self, name: &str, path: &mut Vec<&'m str>) -> Result<(), Fault> {
        let Some((&name, module)) = self.modules.get_key_value(name) else {
            let by = path.last().copied().unwrap_or("index.html");
            return Err(Fault(format!("web/{by} needs {name}, and web/ has no such file")));
        };
        if self.done.contains(name) {
            return Ok(());
        }
        if let Some(begin) = path.iter().position(|known| *known == name) {
            let circle = path.get(begin..).unwrap_or_default().join(" → ");
            return Err(Fault(format!(
                "web/{name}: a circle of imports: {circle} → {name}"
            )));
        }
        path.push(name);
        for import in &module.imports {
            self.visit(&import.from, path)?;
        }
        path.pop();
        self.done.insert(name);
        self.names.push(name);
        Ok(())
    }
}
