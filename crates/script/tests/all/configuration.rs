//! Classic configuration files.

use fchatd_script::configuration::{Setting, SettingItem, SettingValue, evaluate};

fn setting(key: &str, value: SettingValue, line: u32) -> Setting {
    Setting {
        key: key.to_owned(),
        value,
        line,
    }
}

fn text(text: &str) -> SettingValue {
    SettingValue::Text(text.to_owned())
}

#[test]
fn a_classic_file() {
    let source = r#"
-- the server
bindaddr="127.0.0.1"
port=19722
enableredis=false
log_start = not enableredis
luatimeout=0.25
load_balancers={"10.20.1.1", 7}
login_url="http://" .. bindaddr .. ":" .. (port + 1) .. "/login"
blacklist_phrases={}
for _, word in ipairs({"a", "b"}) do
    table.insert(blacklist_phrases, word)
end
local helper = 5
function unused() return helper end
port=9722
nothing = nil
"#;
    let item = |text: &str| SettingItem::Text(text.to_owned());
    assert_eq!(
        evaluate("startup_config.lua", source).unwrap(),
        [
            setting("bindaddr", text("127.0.0.1"), 3),
            setting("enableredis", SettingValue::Boolean(false), 5),
            setting("log_start", SettingValue::Boolean(true), 6),
            setting("luatimeout", SettingValue::Number(0.25), 7),
            setting(
                "load_balancers",
                SettingValue::List(vec![item("10.20.1.1"), SettingItem::Number(7.0)]),
                8
            ),
            setting("login_url", text("http://127.0.0.1:19723/login"), 9),
            setting(
                "blacklist_phrases",
                SettingValue::List(vec![item("a"), item("b")]),
                10
            ),
            setting("port", SettingValue::Number(9722.0), 16),
        ]
    );
}

#[test]
fn errors_have_their_line() {
    for (source, line, message) in [
        ("a = 1\nb = = 2", 2, "'='"),
        ("a = 1\n\nerror('wrong')", 3, "wrong"),
        ("a = nothing.x", 1, "index nil"),
        ("a = os.time()", 1, "index nil"),
        ("a = io.open('x')", 1, "index nil"),
        ("a = require('x')", 1, "call a nil"),
        ("local a = 1\nwhile true do end", 2, "too long"),
        (
            "while true do pcall(function() while true do end end) end",
            1,
            "too long",
        ),
        ("\nlocal function f() return f() end f()", 2, "overflow"),
        ("local function f() return 1 + f() end f()", 1, "overflow"),
        (
            "\n\nlocal s = ('a'):rep(1e6) s = s:gsub(('a?'):rep(50) .. ('a*'):rep(50) .. 'b', '')",
            3,
            "too long",
        ),
        ("a = ('x'):rep(1e9)", 0, "memory"),
        ("local t = {} while true do t = {t} end", 0, "memory"),
        ("local t = {} for i = 1, 1e9 do t[i] = i end", 0, "memory"),
        (
            "a = ('x'):rep(1e7):find(('x'):rep(5e6) .. 'y', 1, true)",
            1,
            "call missing method",
        ),
        ("table.sort({})", 1, "call a nil"),
        ("a = setmetatable({}, {})", 1, "call a nil"),
        ("a = loadstring('')", 1, "call a nil"),
    ] {
        let error = evaluate("c.lua", source).unwrap_err();
        assert!(error.message.contains(message), "{source}: {error}");
        if line > 0 {
            assert_eq!(error.line, line, "{source}: {error}");
            assert!(
                error.to_string().starts_with(&format!("c.lua:{line}: ")),
                "{error}"
            );
        }
    }
}

#[test]
fn impossible_values_are_told_for_each_key() {
    let unusable = |source: &str| {
        let found = evaluate("c.lua", source).unwrap();
        match &found[..] {
            [
                Setting {
                    value: SettingValue::Unusable(what),
                    ..
                },
            ] => *what,
            other => panic!("{source}: {other:?}"),
        }
    };
    for source in [
        "b = {c = 1}",
        "b = {1, nil, 3}",
        "b = {} b[2^40] = 1",
        "b = {} b[0] = 1",
    ] {
        assert!(unusable(source).contains("names or gaps"), "{source}");
    }
    for source in [
        "b = {1, {}}",
        "b = {true}",
        "b = {'\\255'}",
        "b = {0/0}",
        "b = {} b[1] = b",
        "local t = {} for _ = 1, 1e5 do t = {t} end b = {t}",
    ] {
        assert!(unusable(source).contains("a list with more"), "{source}");
    }
    assert!(unusable("b = '\\255'").contains("UTF-8"));
    for source in ["b = 0/0", "b = 1/0", "b = -1/0"] {
        assert!(unusable(source).contains("not finite"), "{source}");
    }
    assert_eq!(
        evaluate("c.lua", "a = {1, {}} b = 1").unwrap().len(),
        2,
        "the rest counts"
    );
}

#[test]
fn a_huge_file_is_refused() {
    let error = evaluate("c.lua", &" ".repeat(2 << 20)).unwrap_err();
    assert!(error.message.contains("at most"), "{error}");
}

#[test]
fn an_empty_file_has_no_settings() {
    assert_eq!(evaluate("c.lua", "").unwrap(), []);
}
