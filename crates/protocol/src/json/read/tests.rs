//! Tests of the JSON reader: the grammar, its limits, and numbers. Properties run against `serde_json` as the model.

use super::*;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use serde_json::Value;

fn value_of(node: Node<'_>) -> Value {
    match node {
        Node::Null => Value::Null,
        Node::Boolean(boolean) => Value::Bool(boolean),
        Node::Number(number) => serde_json::json!(number),
        Node::Text(text) => Value::String(text.to_owned()),
        Node::Array(elements) => Value::Array(elements.map(value_of).collect()),
        Node::Object(members) => Value::Object(
            members
                .map(|(key, value)| (key.to_owned(), value_of(value)))
                .collect(),
        ),
    }
}

/// serde_json reads whole numbers as integers, and others perhaps one unit beside the nearest `f64`.
fn same(ours: &Value, theirs: &Value) -> bool {
    match (ours, theirs) {
        (Value::Number(a), Value::Number(b)) => {
            let (a, b) = (a.as_f64().unwrap(), b.as_f64().unwrap());
            (a - b).abs() <= a.abs().max(1e-290) * 1e-15
        }
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same(a, b)))
        }
        (a, b) => a == b,
    }
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 64, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
            prop::collection::hash_map(any::<String>(), inner, 0..8)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn agrees(text: &str) -> Result<(), TestCaseError> {
    let ours = Tape::of(text);
    let theirs: Result<Value, _> = serde_json::from_str(text);
    match (&ours, &theirs) {
        (Ok(ours), Ok(theirs)) => {
            prop_assert!(
                same(&value_of(ours.root()), theirs),
                "{text}: {ours:?} is not {theirs:?}"
            );
        }
        (Err(_), Err(_)) => {}
        (Ok(_), Err(error)) => prop_assert!(false, "{text} was taken, serde_json says: {error}"),
        // We are stricter in three things.
        (Err(error), Ok(_)) => {
            let stricter = [
                "nested too deep",
                "a string must not contain NUL",
                "the whole number has more than 64 bits",
            ];
            prop_assert!(stricter.contains(&error.reason), "{}: {}", text, error.reason);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, rng_seed: RngSeed::Fixed(7), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn reads_what_serde_json_writes(value in json()) {
        agrees(&value.to_string())?;
        agrees(&serde_json::to_string_pretty(&value).unwrap())?;
    }

    #[test]
    fn agrees_about_damaged_texts(value in json(), cut in any::<prop::sample::Index>(), with in "[\\[\\]{}\",:\\\\0-9eE.+u -]{0,3}") {
        let text: Vec<char> = value.to_string().chars().collect();
        let at = cut.index(text.len());
        let damaged: String = text[..at].iter().copied().chain(with.chars()).chain(text[at + 1..].iter().copied()).collect();
        agrees(&damaged)?;
    }

    #[test]
    fn agrees_about_noise(text in "[\\[\\]{}\",:\\\\/bfnrtu0-9aelsEDd.+ -]{0,24}") {
        agrees(&text)?;
    }

    #[test]
    fn strings_end_where_they_should(before in "[a-zé\u{80}\u{1f}\u{7f} ]{0,20}", special in "[\"\\\\\u{1f}\u{0}!#\\[\\]]", after in "[ -~]{0,12}") {
        agrees(&format!("\"{before}{special}{after}\""))?;
        agrees(&serde_json::to_string(&format!("{before}{special}{after}")).unwrap())?;
    }

    #[test]
    fn numbers_are_the_nearest(number in any::<f64>()) {
        prop_assume!(number.is_finite());
        let tape = Tape::of(&format!("{{\"n\":{number:e}}}")).unwrap();
        prop_assert_eq!(tape.number("n"), Some(number));
    }
}

#[test]
fn the_grammar_is_strict() {
    for text in [
        "",
        " ",
        "{",
        "}",
        "[1,]",
        "{\"a\":1,}",
        "{\"a\"}",
        "{a:1}",
        "{'a':1}",
        "01",
        "-",
        "-01",
        "1.",
        ".5",
        "1e",
        "1e+",
        "+1",
        "tru",
        "nulL",
        "NaN",
        "Infinity",
        "1 2",
        "{} {}",
        "\"\n\"",
        "\"\\x\"",
        "\"\\u12\"",
        "\"",
        "\u{feff}{}",
        "[1}",
        "1e999",
        "\"\\u12g4\"",
        "--1",
        "// a\n1",
    ] {
        assert!(Tape::of(text).is_err(), "{text:?}");
    }
}

#[test]
fn surrogates_come_in_pairs() {
    let tape = Tape::of(r#""\ud83d\ude00\u00e9""#).unwrap();
    assert_eq!(tape.root().text().as_deref(), Some("😀é"));
    for text in [
        r#""\ud83d""#,
        r#""\ude00""#,
        r#""\ud83dx""#,
        r#""\ud83d\n""#,
        r#""\ud83d\u0041""#,
        r#""\ud83d\ud83d\ude00""#,
    ] {
        assert_eq!(
            Tape::of(text).unwrap_err().reason,
            "a surrogate must have its partner",
            "{text}"
        );
    }
    assert_eq!(
        Tape::of(r#""\u0000""#).unwrap_err().reason,
        "a string must not contain NUL"
    );
}

#[test]
fn whole_numbers_have_64_bits() {
    assert!(Tape::of("9223372036854775807").is_ok());
    assert!(Tape::of("-9223372036854775808").is_ok());
    assert!(Tape::of("99999999999999999999").is_err());
    assert!(Tape::of("99999999999999999999.0").is_ok());
}

#[test]
fn depth_is_limited() {
    let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    assert!(Tape::of(&nested(MAX_DEPTH)).is_ok());
    assert_eq!(
        Tape::of(&nested(MAX_DEPTH + 1)).unwrap_err().reason,
        "nested too deep"
    );
    assert!(Tape::of(&"[".repeat(1_000_000)).is_err());
}

#[test]
fn members_by_name() {
    let mut tape = Tape::new();
    assert!(!tape.is_object());
    tape.parse(r#"{"a":1,"b":"two","c":true,"d":null,"n":2.5,"o":{"a":5},"l":[1,"x"],"a":3}"#)
        .unwrap();
    assert!(tape.is_object());
    assert_eq!(tape.text("a").as_deref(), Some("3"));
    assert_eq!(tape.number("a"), Some(3.0));
    assert_eq!(tape.text("n").as_deref(), Some("2.5"));
    assert_eq!(tape.text("b").as_deref(), Some("two"));
    assert_eq!(tape.number("b"), None);
    assert_eq!(tape.boolean("c"), Some(true));
    assert!(matches!(tape.get("d"), Some(Node::Null)));
    assert!(tape.get("missing").is_none());
    assert_eq!(tape.text("l"), None);
    assert!(matches!(
        tape.get("o").and_then(|node| node.get("a")),
        Some(Node::Number(5.0))
    ));
    assert!(tape.parse("{\"a\":").is_err());
    assert!(!tape.is_object(), "nothing stays after an error");
}
