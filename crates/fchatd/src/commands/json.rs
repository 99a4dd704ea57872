//! Output for programs (`--json`): an object of JSON in each line.

use fchatd_protocol::json::write::Object;

use crate::output::OUT;

/// Prints an object in a line of its own.
pub(crate) fn print(members: impl for<'a> FnOnce(Object<'a>) -> Object<'a>) {
    OUT.json(&line(members));
}

/// An object as text, for a member of another one.
pub(crate) fn line(members: impl for<'a> FnOnce(Object<'a>) -> Object<'a>) -> String {
    let mut out = Vec::new();
    members(Object::open(&mut out)).close();
    String::from_utf8(out).unwrap_or_default()
}

/// A member that is true or false.
pub(crate) fn flag<'a>(object: Object<'a>, key: &str, value: bool) -> Object<'a> {
    raw(object, key, if value { "true" } else { "false" })
}

/// A member with a list of objects, each as [`line()`] gives it.
pub(crate) fn list<'a>(object: Object<'a>, key: &str, lines: &[String]) -> Object<'a> {
    raw(object, key, &format!("[{}]", lines.join(",")))
}

/// A member whose value is JSON already.
pub(crate) fn raw<'a>(mut object: Object<'a>, key: &str, json: &str) -> Object<'a> {
    object.key(key).extend_from_slice(json.as_bytes());
    object
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_of_all_kinds() {
        let inner = line(|object| object.text("name", "\u{202e}\"x\u{85}"));
        let whole = line(|object| {
            let object = flag(object.integer("id", 1), "admin", false);
            list(object, "characters", &[inner.clone(), inner.clone()])
        });
        assert_eq!(
            whole,
            format!("{{\"id\":1,\"admin\":false,\"characters\":[{inner},{inner}]}}")
        );
    }
}
