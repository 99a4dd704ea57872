//! The description of the API as an OpenAPI document, made from the table of endpoints. The server gives it out, and tests compare
//! docs/admin-openapi.json and docs/admin-api.md with it.

use super::reply::member;
use serde_json::{Map, Value, json};

use super::endpoint::Endpoint;
use super::endpoints::ENDPOINTS;
use super::fields::{Field, Kind};

/// The document.
pub(super) fn document() -> Value {
    let mut paths = Map::new();
    for endpoint in ENDPOINTS {
        let method = if endpoint.is_post() { "post" } else { "get" };
        paths.insert(endpoint.path.to_owned(), json!({ method: operation(endpoint) }));
    }
    let refusal = json!({
        "type": "object",
        "required": ["error", "code"],
        "properties": {
            "error": { "type": "string", "description": "a sentence for people" },
            "code": { "type": "string", "description": "a word for programs" },
        },
    });
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "fchatd, the administration",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Described in docs/admin-api.md.",
        },
        "security": [{ "token": [] }, { "session": [] }],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "token": { "type": "http", "scheme": "bearer" },
                "session": { "type": "apiKey", "in": "cookie", "name": "fchatd_admin" },
            },
            "schemas": { "Refusal": refusal },
        },
    })
}

fn operation(endpoint: &Endpoint) -> Value {
    let refusal = json!({
        "description": "a refusal",
        "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Refusal" } } },
    });
    let mut operation = json!({
        "summary": endpoint.summary,
        "description": format!("Scope: {}.", endpoint.scope),
        "responses": {
            "200": {
                "description": endpoint.answer,
                "content": { "application/json": { "schema": { "type": "object" } } },
            },
            "default": refusal,
        },
    });
    if endpoint.is_post() {
        let properties: Map<String, Value> = endpoint
            .fields
            .iter()
            .map(|field| (field.name.to_owned(), schema(field)))
            .collect();
        let needed: Vec<&str> = endpoint
            .fields
            .iter()
            .filter(|field| field.is_needed)
            .map(|field| field.name)
            .collect();
        member(
            &mut operation,
            "requestBody",
            json!({
                "required": true,
                "content": { "application/json": { "schema": {
                    "type": "object",
                    "properties": properties,
                    "required": needed,
                    "additionalProperties": false,
                } } },
            }),
        );
    } else {
        let parameters = endpoint.fields.iter().map(|field| {
            json!({
                "name": field.name,
                "in": "query",
                "required": field.is_needed,
                "description": field.meaning,
                "schema": kind(field),
            })
        });
        member(&mut operation, "parameters", parameters.collect());
    }
    operation
}

fn kind(field: &Field) -> Value {
    match field.kind {
        Kind::Text => json!({ "type": "string", "maxLength": 8192 }),
        Kind::Whole => json!({ "type": "integer", "minimum": 0 }),
        Kind::Flag => json!({ "type": "boolean" }),
    }
}

fn schema(field: &Field) -> Value {
    let mut schema = kind(field);
    member(&mut schema, "description", json!(field.meaning));
    schema
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::fs;
    use std::path::Path;

    use super::*;

    /// Compares a file with its wanted content, or writes it.
    fn compare(name: &str, wanted: impl FnOnce(&str) -> String) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../docs")
            .join(name);
        let text = fs::read_to_string(&path).unwrap_or_default();
        let wanted = wanted(&text);
        if std::env::var_os("UPDATE_REFERENCE").is_some() {
            fs::write(&path, &wanted).unwrap();
        } else {
            assert!(
                text == wanted,
                "docs/{name} is old: UPDATE_REFERENCE=1 writes it anew"
            );
        }
    }

    #[test]
    fn the_description_of_the_api_is_written() {
        compare("admin-openapi.json", |_| {
            format!("{}\n", serde_json::to_string_pretty(&document()).unwrap())
        });
    }

    #[test]
    fn the_reference_lists_all_endpoints() {
        compare("admin-api.md", |text| {
            let (head, rest) = text.split_once("<!-- endpoints -->\n").unwrap();
            let (_, tail) = rest.split_once("<!-- end of the endpoints -->").unwrap();
            let mut table = String::new();
            for endpoint in ENDPOINTS {
                let method = if endpoint.is_post() { "POST" } else { "GET" };
                table.push_str(&format!(
                    "### `{method} {}`\n\n{} Scope: `{}`.\n\n",
                    endpoint.path, endpoint.summary, endpoint.scope
                ));
                for field in endpoint.fields {
                    let needed = if field.is_needed { "" } else { " (optional)" };
                    table.push_str(&format!("- `{}`{needed}: {}\n", field.name, field.meaning));
                }
                if !endpoint.fields.is_empty() {
                    table.push('\n');
                }
                table.push_str(&format!("The answer: {}.\n\n", endpoint.answer));
            }
            format!("{head}<!-- endpoints -->\n{table}<!-- end of the endpoints -->{tail}")
        });
    }

    #[test]
    fn each_endpoint_is_there_once() {
        let mut known = HashSet::new();
        for endpoint in ENDPOINTS {
            assert!(known.insert(endpoint.path), "{}", endpoint.path);
            assert!(endpoint.summary.ends_with('.'), "{}", endpoint.path);
        }
    }
}
