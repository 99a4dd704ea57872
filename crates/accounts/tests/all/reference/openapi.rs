//! docs/openapi.json: the HTTP interface for programs that make clients (OpenAPI 3.1).

use fchatd_accounts::{
    Access, Cost, Endpoint, EndpointPlace, Family, Field, Kind, Member, Method, Shape, endpoints,
};
use serde_json::{Map, Value, json};

const ABOUT: &str = "The HTTP interface of fchatd, a server for the F-Chat protocol. All fields are form-encoded texts. \
                     Paths that end in `.php` work with `.json` in its place, too. A JSON answer with status 200 is final: \
                     its `error` is empty, or it is the reason of a refusal. The rules are in docs/api.md.";

/// The document as it stands in the file.
pub(crate) fn text() -> String {
    let mut paths = Map::new();
    for endpoint in endpoints() {
        let mut item = Map::new();
        for method in endpoint.methods {
            let name = match method {
                Method::Get => "get",
                Method::Post => "post",
            };
            item.insert(name.to_owned(), operation(endpoint, *method, name));
        }
        paths.insert(endpoint.place.template(), item.into());
    }
    let document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "fchatd",
            "version": "1",
            "description": ABOUT,
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "tags": [
            { "name": "clients", "description": "For chat clients and bots. Pages of all origins may read the answers." },
            { "name": "site", "description": "For the built-in page. Only pages of the same origin may read the answers." },
            { "name": "pages", "description": "HTML pages of the website." },
            { "name": "pictures", "description": "Avatars and pictures of the operator." },
            { "name": "chat", "description": "The page of the chat and its files. Nothing is counted for them." },
        ],
        "paths": paths,
        "components": components(),
    });
    let mut text = serde_json::to_string_pretty(&document).unwrap();
    text.push('\n');
    text
}

fn operation(endpoint: &Endpoint, method: Method, name: &str) -> Value {
    let path = endpoint.place.template();
    let name_of_root = if path == "/" { "page" } else { path.as_str() };
    let id: String = name_of_root
        .trim_matches('/')
        .trim_end_matches(".php")
        .chars()
        .filter(|letter| !matches!(letter, '{' | '}'))
        .map(|letter| {
            if letter.is_ascii_alphanumeric() {
                letter
            } else {
                '_'
            }
        })
        .collect();
    let mut operation = json!({
        "operationId": format!("{name}_{id}"),
        "tags": [tag(endpoint.family)],
        "summary": endpoint.summary,
        "parameters": parameters(endpoint, method),
        "security": security(endpoint, method),
        "responses": responses(endpoint),
    });
    if method == Method::Post {
        operation["requestBody"] = json!({
            "required": true,
            "content": { "application/x-www-form-urlencoded": { "schema": form(endpoint) } },
        });
    }
    let rate = match endpoint.cost {
        Some(Cost::Read) => "reads",
        Some(Cost::Change) => "changes",
        Some(Cost::Report) => "reports",
        Some(Cost::Export) => "exports",
        None => return operation,
    };
    operation["x-rate-limit"] = json!(rate);
    operation
}

fn tag(family: Family) -> &'static str {
    match family {
        Family::Clients => "clients",
        Family::Site => "site",
        Family::Pages => "pages",
        Family::Pictures => "pictures",
        Family::Chat => "chat",
    }
}

/// The parts of the path, and the query where the method has one.
fn parameters(endpoint: &Endpoint, method: Method) -> Value {
    let mut parameters = Vec::new();
    if let EndpointPlace::Below { part, .. } = endpoint.place {
        parameters
            .push(json!({ "name": part, "in": "path", "required": true, "schema": { "type": "string" } }));
    }
    let in_query = method == Method::Get;
    if in_query && endpoint.access == Access::Password && endpoint.family == Family::Clients {
        for name in ["account", "password"] {
            parameters.push(
                json!({ "name": name, "in": "query", "required": true, "schema": { "type": "string" } }),
            );
        }
    }
    for field in endpoint.fields.iter().filter(|_| in_query) {
        for (name, kind) in field.names {
            let mut parameter = json!({
                "name": name,
                "in": "query",
                "required": field.required && field.names.len() == 1,
                "schema": kind_schema(*kind),
            });
            if !field.about.is_empty() {
                parameter["description"] = json!(field.about);
            }
            parameters.push(parameter);
        }
    }
    parameters.into()
}

/// A ticket in the body is part of the form, which security schemes of OpenAPI cannot say.
fn security(endpoint: &Endpoint, method: Method) -> Value {
    match (endpoint.access, method) {
        (Access::Ticket, Method::Get) => json!([{ "account": [], "ticket": [] }]),
        (Access::Device, _) => json!([{ "device": [] }]),
        (Access::Session, _) => json!([{ "session": [] }]),
        (Access::ProfilePages, _) => json!([{ "session": [] }, {}]),
        (Access::Ticket, Method::Post) | (Access::Anyone | Access::Password, _) => json!([]),
    }
}

fn form(endpoint: &Endpoint) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    let mut choices = Vec::new();
    let secret = match endpoint.access {
        Access::Ticket => Some("ticket"),
        Access::Password => Some("password"),
        Access::Anyone | Access::Device | Access::Session | Access::ProfilePages => None,
    };
    if let Some(secret) = secret {
        properties.insert(
            "account".to_owned(),
            json!({ "type": "string", "description": "the account's name" }),
        );
        properties.insert(secret.to_owned(), json!({ "type": "string" }));
        required.extend(["account", secret]);
    }
    for field in endpoint.fields {
        for (name, kind) in field.names {
            properties.insert((*name).to_owned(), described(kind_schema(*kind), field.about));
        }
        match field.names {
            [(name, _)] if field.required => required.push(name),
            [_, _, ..] if field.required => choices.push(one_of(field)),
            [_, ..] | [] => {}
        }
    }
    let mut schema = json!({ "type": "object", "properties": properties, "required": required });
    if !choices.is_empty() {
        schema["allOf"] = choices.into();
    }
    schema
}

/// One of the names has to be there.
fn one_of(field: &Field) -> Value {
    let choices: Vec<Value> = field
        .names
        .iter()
        .map(|(name, _)| json!({ "required": [name] }))
        .collect();
    json!({ "anyOf": choices })
}

fn described(mut schema: Value, about: &str) -> Value {
    if !about.is_empty() {
        schema["description"] = json!(about);
    }
    schema
}

fn kind_schema(kind: Kind) -> Value {
    match kind {
        Kind::Text => json!({ "type": "string" }),
        Kind::Number => json!({ "type": "integer" }),
        Kind::Flag => json!({ "type": "boolean" }),
        Kind::Json => json!({ "type": "string", "contentMediaType": "application/json" }),
    }
}

fn members(members: &[Member]) -> Value {
    let properties: Map<String, Value> = members
        .iter()
        .map(|one| (one.name.to_owned(), described(shape(one.shape), one.about)))
        .collect();
    json!({ "type": "object", "properties": properties })
}

fn shape(shape: Shape) -> Value {
    match shape {
        Shape::Text => json!({ "type": "string" }),
        Shape::TextOrNull => json!({ "type": ["string", "null"] }),
        Shape::Number => json!({ "type": "integer" }),
        Shape::Flag => json!({ "type": "boolean" }),
        Shape::Texts => json!({ "type": "array", "items": { "type": "string" } }),
        Shape::Object(inner) => members(inner),
        Shape::List(inner) => json!({ "type": "array", "items": members(inner) }),
        Shape::Map(inner) => json!({ "type": "object", "additionalProperties": members(inner) }),
        Shape::TextMap => json!({ "type": "object", "additionalProperties": { "type": "string" } }),
        Shape::Any => json!({}),
    }
}

fn responses(endpoint: &Endpoint) -> Value {
    let html = |about: &str| json!({ "description": about, "content": { "text/html": { "schema": { "type": "string" } } } });
    let picture = |about: &str| json!({ "description": about, "content": { "image/*": {} } });
    let named = |name: &str| json!({ "$ref": format!("#/components/responses/{name}") });
    let mut responses = Map::new();
    let mut add = |status: &str, response: Value| responses.insert(status.to_owned(), response);
    match endpoint.family {
        Family::Clients | Family::Site => {
            let mut schema = members(endpoint.answer);
            schema["properties"]["error"] =
                json!({ "type": "string", "description": "empty, or the reason of the refusal" });
            schema["required"] = json!(["error"]);
            add(
                "200",
                json!({
                    "description": "The answer, or a final refusal, which has no other member than `error`.",
                    "content": { "application/json": { "schema": schema } },
                }),
            );
        }
        Family::Pages if endpoint.methods == [Method::Post] => {
            add(
                "302",
                json!({
                    "description": "Done.",
                    "headers": {
                        "Location": { "schema": { "type": "string" } },
                        "Set-Cookie": { "schema": { "type": "string" } },
                    },
                }),
            );
            add("403", html("Refused: the form once more, with the reason."));
            add("405", html("Another method is needed."));
        }
        Family::Pages => {
            add("200", html("The page."));
            add("403", html("The form to sign in."));
            add("404", html("There is no such page."));
            add("405", html("Another method is needed."));
        }
        Family::Chat => {
            add("200", html("The page, or the file in its own type."));
            add("304", json!({ "description": "It is as `If-None-Match` says." }));
            add("404", json!({ "description": "There is no such file." }));
            add("405", html("Another method is needed."));
            return responses.into();
        }
        Family::Pictures => {
            add("200", picture("The picture."));
            add(
                "304",
                json!({ "description": "The picture is as `If-None-Match` says." }),
            );
            add(
                "404",
                picture("There is no such picture. The body is a neutral picture, or JSON."),
            );
        }
    }
    if endpoint.methods.contains(&Method::Post) {
        add("408", named("Slow"));
        add("413", named("TooLarge"));
    }
    add("429", named("Limited"));
    add("503", named("Busy"));
    responses.into()
}

fn components() -> Value {
    let wait = json!({ "Retry-After": { "description": "Seconds to wait.", "required": true, "schema": { "type": "integer", "minimum": 1 } } });
    let error = json!({ "application/json": { "schema": { "$ref": "#/components/schemas/Error" } } });
    let temporary = |about: &str| json!({ "description": about, "headers": wait, "content": error });
    json!({
        "schemas": {
            "Error": {
                "type": "object",
                "properties": { "error": { "type": "string", "description": "A sentence for people." } },
                "required": ["error"],
            },
        },
        "responses": {
            "Slow": { "description": "Temporary: the body came too slowly.", "headers": wait },
            "TooLarge": { "description": "The body is too large." },
            "Limited": temporary("Temporary: the address or the account is over a limit."),
            "Busy": temporary("Temporary: too many requests wait, or the server has a problem."),
        },
        "securitySchemes": {
            "account": { "type": "apiKey", "in": "query", "name": "account", "description": "The account's name." },
            "ticket": {
                "type": "apiKey",
                "in": "query",
                "name": "ticket",
                "description": "A ticket from `/json/getApiTicket.php`. In `POST` requests it is a field of the form.",
            },
            "device": { "type": "apiKey", "in": "cookie", "name": "fchatd_device", "description": "The token of a device from `/api/sign-in`; over HTTPS the name is `__Host-fchatd_device`." },
            "session": { "type": "apiKey", "in": "cookie", "name": "site_session", "description": "A session from `/action/script_login.php`." },
        },
    })
}
