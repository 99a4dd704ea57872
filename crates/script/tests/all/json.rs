//! JSON to Lua and back, compared with serde_json's reading of the same text.
#![expect(clippy::unwrap_used, reason = "a test may fail")]

use fchatd_protocol::json::read::Tape;
use fchatd_script::engine::{Argument, Arguments, Engine, Function, HostError, Options, Reply};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use serde_json::{Map, Value};

fn echo(out: &mut Vec<u8>, arguments: &Arguments<'_>) -> Result<Reply, HostError> {
    arguments.json(1, out)?;
    Ok(Reply::None)
}

static FUNCTIONS: &[Function<Vec<u8>>] = &[Function {
    library: "",
    name: "echo",
    signature: "(value: table)",
    summary: "",
    run: echo,
}];

#[test]
fn a_function_that_names_no_table_has_no_room_for_one() {
    static UNNAMED: &[Function<Vec<u8>>] = &[Function {
        library: "",
        name: "echo",
        signature: "(value)",
        summary: "",
        run: echo,
    }];
    let mut engine = Engine::new(&Options {
        functions: &[UNNAMED],
        ..Options::default()
    })
    .unwrap();
    let mut out = Vec::new();
    engine
        .load(&mut out, "main.lua", "function go() echo({ a = 1 }) end")
        .unwrap();
    let error = engine.call(&mut out, "", "go", &[]).unwrap_err();
    assert!(
        error
            .message
            .ends_with("bad argument #1 to 'echo' (the signature names no table)"),
        "{error:?}"
    );
    assert!(out.is_empty());
}

fn engine() -> Engine<Vec<u8>> {
    let mut engine = Engine::new(&Options {
        functions: &[FUNCTIONS],
        ..Options::default()
    })
    .unwrap();
    engine
        .load(&mut Vec::new(), "main.lua", "function go(value) echo(value) end")
        .unwrap();
    engine
}

fn round_trip(text: &str) -> Value {
    let mut out = Vec::new();
    let tape = Tape::of(text).unwrap();
    engine()
        .call(&mut out, "", "go", &[Argument::Json(&tape)])
        .unwrap();
    serde_json::from_slice(&out).unwrap()
}

/// The expected value after a round trip: no `null`, integers without a fraction.
fn expected(value: &Value) -> Value {
    match value {
        Value::Number(number) => {
            let number = number.as_f64().unwrap();
            if number.fract() == 0.0 && number.abs() <= 9_007_199_254_740_992.0 {
                Value::from(number as i64)
            } else {
                Value::from(number)
            }
        }
        Value::Array(elements) => Value::Array(
            elements
                .iter()
                .filter(|element| !element.is_null())
                .map(expected)
                .collect(),
        ),
        Value::Object(members) => Value::Object(
            members
                .iter()
                .filter(|(_, member)| !member.is_null())
                .map(|(name, member)| (name.clone(), expected(member)))
                .collect::<Map<_, _>>(),
        ),
        other => other.clone(),
    }
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        (-1e9..1e9).prop_map(|number: f64| Value::from((number * 8.0).round() / 8.0)),
        // The reader refuses NUL.
        any::<String>().prop_map(|text| Value::from(text.replace('\0', ""))),
    ];
    leaf.prop_recursive(5, 48, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::hash_map("[a-z]{0,3}|.{0,80}", inner, 0..6).prop_map(|map| {
                let members = map
                    .into_iter()
                    .map(|(name, value)| (name.replace('\0', ""), value));
                Value::Object(members.collect())
            }),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, rng_seed: RngSeed::Fixed(7), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn there_and_back(members in prop::collection::hash_map("[a-z]{1,5}", json(), 0..5)) {
        let value = Value::Object(members.into_iter().collect());
        prop_assert_eq!(round_trip(&value.to_string()), expected(&value));
    }
}

#[test]
fn nested_arrays() {
    let text = r#"{"a":[[1,2],[],[[]],{},{"b":[]},[{"c":[3]}]],"d":[]}"#;
    assert_eq!(round_trip(text), serde_json::from_str::<Value>(text).unwrap());
}

#[test]
fn anything_but_an_object_is_an_empty_table() {
    for text in ["[1,2]", "5", "\"x\"", "null", "true", "{}"] {
        assert_eq!(round_trip(text), serde_json::json!({}), "{text}");
    }
}

#[test]
fn tables_of_a_script() {
    let encode = |table: &str| {
        let mut out = b"[".to_vec();
        let result = engine().load(&mut out, "main.lua", &format!("echo({table})"));
        (
            String::from_utf8(out).unwrap(),
            result.map_err(|error| error.message),
        )
    };
    for (table, json) in [
        ("{}", "[{}"),
        ("{x = 3}", r#"[{"x":3}"#),
        ("{x = 2.5}", r#"[{"x":2.5}"#),
        ("{x = 0/0}", r#"[{"x":null}"#),
        ("{x = '\\255'}", "[{\"x\":\"\u{fffd}\"}"),
        (
            "{array_x = {1, 'a', {}, {2}, {y = 1}}}",
            r#"[{"x":[1,"a",{},[2],{"y":1}]}"#,
        ),
        ("{array_x = {}}", r#"[{"x":[]}"#),
        ("{array_x = 'text'}", r#"[{"array_x":"text"}"#),
        ("{x = {'a'}}", r#"[{"x":{"1":"a"}}"#),
        ("{[5] = true}", r#"[{"5":true}"#),
        ("setmetatable({}, {__index = {x = 1}})", "[{}"),
    ] {
        assert_eq!(encode(table), (json.to_owned(), Ok(())), "{table}");
    }
    for (table, message) in [
        ("{x = print}", "JSON has no form for"),
        ("{[true] = 1}", "a key must be"),
        ("{a = {b = {array_c = {{[print] = 1}}}}}", "a key must be"),
        ("5", "table expected, got number"),
    ] {
        let (out, result) = encode(table);
        assert_eq!(out, "[", "nothing stays of a table that failed");
        assert!(
            result.as_ref().is_err_and(|error| error.contains(message)),
            "{table}: {result:?}"
        );
    }
}

#[test]
fn depth() {
    let nested = |depth: usize| {
        format!(
            "{}{}{}",
            r#"{"a":"#.repeat(depth - 1),
            "{}",
            "}".repeat(depth - 1)
        )
    };
    assert_eq!(
        round_trip(&nested(32)),
        serde_json::from_str::<Value>(&nested(32)).unwrap()
    );
    assert!(Tape::of(&nested(33)).is_err());
}
