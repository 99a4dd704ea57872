//! Global functions in addition to Luau's, and functions of Luau's library that are replaced by Lua code.

use super::{Arguments, Function, HostError, Kind, Reply, Value};

/// Luau's own versions are loops in C without interrupt checks; these are loops in Lua.
pub(super) const PRELUDE: &str = r#"
local next, type = next, type
local function check(t, name)
    if type(t) ~= "table" then
        error("bad argument #1 to '" .. name .. "' (table expected, got " .. type(t) .. ")", 3)
    end
end
function table.foreach(t, f)
    check(t, "foreach")
    for k, v in next, t do
        local result = f(k, v)
        if result ~= nil then return result end
    end
    return
end
function table.foreachi(t, f)
    check(t, "foreachi")
    for i = 1, #t do
        local result = f(i, t[i])
        if result ~= nil then return result end
    end
    return
end
function table.find(t, value, first)
    check(t, "find")
    local i = first or 1
    while true do
        local v = t[i]
        if v == nil then return nil end
        if v == value then return i end
        i += 1
    end
end
function table.move(from, first, last, at, to)
    check(from, "move")
    to = to or from
    if last >= first then
        if at > last or at <= first or to ~= from then
            for i = 0, last - first do to[at + i] = from[first + i] end
        else
            for i = last - first, 0, -1 do to[at + i] = from[first + i] end
        end
    end
    return to
end
"#;

/// The functions of the classic server's library that differ, for scripts that expect them.
pub(super) const CLASSIC: &str = include_str!("classic.lua");

/// `print`, `collectgarbage` and `on_error`.
pub(super) const fn functions<H: 'static>() -> &'static [Function<H>] {
    const {
        &[
            Function {
                library: "",
                name: "print",
                signature: "(value: any)",
                summary: "Writes the value to the log of the server.",
                run: print::<H>,
            },
            Function {
                library: "",
                name: "collectgarbage",
                signature: "(what: string?): number",
                summary: "With \"count\": the memory in use in KiB. All else does nothing and returns 0.",
                run: collectgarbage::<H>,
            },
            Function {
                library: "",
                name: "on_error",
                signature: "(message: string): string",
                summary: "Gets the message of every error that ends a call, and returns the message to log.",
                run: on_error::<H>,
            },
        ]
    }
}

/// Maximum length of a printed line, in bytes.
const PRINTED_MAX: usize = 8 << 10;

fn print<H>(_: &mut H, arguments: &Arguments<'_>) -> Result<Reply, HostError> {
    let mut line = String::new();
    for index in 1..=arguments.count() {
        if index > 1 {
            line.push('\t');
        }
        line.push_str(&arguments.describe(index));
        if line.len() > PRINTED_MAX {
            line.truncate(line.floor_char_boundary(PRINTED_MAX));
            line.push_str(" … (shortened)");
            break;
        }
    }
    tracing::info!(target: "script", "{line}");
    Ok(Reply::None)
}

fn collectgarbage<H>(_: &mut H, arguments: &Arguments<'_>) -> Result<Reply, HostError> {
    let count = arguments.optional_text(1)?.is_some_and(|what| what == "count");
    Ok(Reply::One(Value::Number(if count {
        arguments.memory() as f64 / 1024.0
    } else {
        0.0
    })))
}

fn on_error<H>(_: &mut H, arguments: &Arguments<'_>) -> Result<Reply, HostError> {
    // The engine describes values that are not strings.
    Ok(if arguments.kind(1) == Kind::Text {
        arguments.text(1)?.into_owned().into()
    } else {
        Reply::None
    })
}
