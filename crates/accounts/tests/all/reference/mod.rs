//! The documents of the HTTP interface are those that the table of endpoints makes: parts of docs/api.md, and
//! docs/openapi.json. With `UPDATE_REFERENCE=1` this test writes them.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod openapi;
mod tables;

use std::collections::BTreeSet;

use fchatd_accounts::{Access, Family, Method, endpoints};
use serde_json::{Value, json};

fn docs(name: &str) -> String {
    format!("{}/../../docs/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// The file has this text; with `UPDATE_REFERENCE` it gets it.
#[track_caller]
fn assert_written(name: &str, text: &str) {
    if std::env::var_os("UPDATE_REFERENCE").is_some() {
        std::fs::write(docs(name), text).unwrap();
    }
    let written = std::fs::read_to_string(docs(name)).unwrap_or_default();
    assert!(
        written == text,
        "docs/{name} is old: run this test with UPDATE_REFERENCE=1"
    );
}

/// The text with `made` between the marks of a generated part.
fn replaced(text: &str, part: &str, made: &str) -> String {
    let mark = format!("<!-- generated: {part} -->\n");
    let (before, rest) = text.split_once(&mark).unwrap();
    let (_, after) = rest.split_once("<!-- end -->").unwrap();
    format!("{before}{mark}\n{made}\n<!-- end -->{after}")
}

#[test]
fn the_reference_of_the_http_interface_is_generated() {
    let page = std::fs::read_to_string(docs("api.md")).unwrap();
    let page = replaced(&page, "clients", &tables::fields(Family::Clients));
    let page = replaced(&page, "site", &tables::fields(Family::Site));
    let page = replaced(&page, "endpoints", &tables::endpoints_table());
    assert_written("api.md", &page);
    assert_written("openapi.json", &openapi::text());
}

/// The objects of a JSON value, with the value itself.
fn objects(value: &Value) -> Vec<&serde_json::Map<String, Value>> {
    match value {
        Value::Object(members) => {
            let below = members.values().flat_map(objects);
            std::iter::once(members).chain(below).collect()
        }
        Value::Array(items) => items.iter().flat_map(objects).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    }
}

#[test]
fn the_openapi_document_is_consistent() {
    let document: Value = serde_json::from_str(&openapi::text()).unwrap();
    assert_eq!(document["openapi"], "3.1.0");
    for object in objects(&document) {
        if let Some(target) = object.get("$ref") {
            let pointer = target.as_str().unwrap().strip_prefix('#').unwrap();
            assert!(document.pointer(pointer).is_some(), "{pointer}");
        }
    }
    let schemes = document["components"]["securitySchemes"].as_object().unwrap();
    let mut ids = BTreeSet::new();
    let mut operations = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            operations += 1;
            let place = format!("{method} {path}");
            assert!(
                ids.insert(operation["operationId"].as_str().unwrap().to_owned()),
                "{place}"
            );
            assert!(operation["summary"].as_str().unwrap().ends_with('.'), "{place}");
            let parameters: Vec<&str> = operation["parameters"]
                .as_array()
                .unwrap()
                .iter()
                .filter(|one| one["in"] == "path")
                .map(|one| one["name"].as_str().unwrap())
                .collect();
            let in_path: Vec<&str> = path
                .split('{')
                .skip(1)
                .map(|part| part.split('}').next().unwrap())
                .collect();
            assert_eq!(parameters, in_path, "{place}");
            let responses = operation["responses"].as_object().unwrap();
            let is_counted = operation["tags"] != json!(["chat"]);
            for status in ["429", "503"] {
                assert_eq!(responses.contains_key(status), is_counted, "{place}: {status}");
            }
            for response in responses.values() {
                let described = response.get("description").or(response.get("$ref"));
                assert!(described.is_some(), "{place}");
            }
            for scheme in operation["security"].as_array().unwrap() {
                for name in scheme.as_object().unwrap().keys() {
                    assert!(schemes.contains_key(name), "{place} {name}");
                }
            }
        }
    }
    let rows: usize = endpoints().map(|endpoint| endpoint.methods.len()).sum();
    assert_eq!(operations, rows, "each endpoint with each method is in it");
}

#[test]
fn changes_that_cannot_be_undone_need_the_password() {
    for path in ["/api/account-delete", "/api/character-delete", "/api/password"] {
        let endpoint = endpoints().find(|one| one.place.template() == path).unwrap();
        assert_eq!(endpoint.access, Access::Password, "{path}");
        assert_eq!(endpoint.methods, [Method::Post], "{path}");
    }
}
