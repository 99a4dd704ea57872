//! The tables of docs/api.md.

use fchatd_accounts::{Access, Body, Cost, Endpoint, Family, Field, Member, Method, Shape, endpoints};

/// The endpoints of a family with their fields and answers.
pub(crate) fn fields(family: Family) -> String {
    let mut table = "| endpoint | effect | fields | answer beside `error` |\n|---|---|---|---|\n".to_owned();
    for endpoint in endpoints().filter(|one| one.family == family) {
        let name = match family {
            Family::Clients => endpoint.name().to_owned(),
            Family::Site | Family::Pages | Family::Pictures | Family::Chat => endpoint.place.template(),
        };
        let fields: Vec<String> = endpoint.fields.iter().map(field).collect();
        let answer: Vec<String> = endpoint.answer.iter().map(member).collect();
        table += &format!(
            "| `{name}` | {} | {} | {} |\n",
            endpoint.summary,
            fields.join("; "),
            answer.join("; ")
        );
    }
    table
}

fn field(field: &Field) -> String {
    let names: Vec<String> = field.names.iter().map(|(name, _)| format!("`{name}`")).collect();
    let names = names.join(" or ");
    let names = if field.required {
        names
    } else {
        format!("{names} (optional)")
    };
    match field.about {
        "" => names,
        about => format!("{names}: {about}"),
    }
}

fn member(member: &Member) -> String {
    let names = |members: &[Member]| {
        let names: Vec<&str> = members.iter().map(|one| one.name).collect();
        names.join(", ")
    };
    let shape = match member.shape {
        Shape::Text | Shape::TextOrNull | Shape::Number | Shape::Flag | Shape::Any => String::new(),
        Shape::Texts => " [text]".to_owned(),
        Shape::Object(members) => format!(" {{{}}}", names(members)),
        Shape::List(members) => format!(" [{{{}}}]", names(members)),
        Shape::Map(members) => format!(" {{name: {{{}}}}}", names(members)),
        Shape::TextMap => " {name: text}".to_owned(),
    };
    match member.about {
        "" => format!("`{}`{shape}", member.name),
        about => format!("`{}`{shape}: {about}", member.name),
    }
}

/// All endpoints with their methods, access and limits.
pub(crate) fn endpoints_table() -> String {
    let mut table =
        "| path | methods | access | rate limit | body, KiB |\n|---|---|---|---|---|\n".to_owned();
    for endpoint in endpoints() {
        let methods: Vec<&str> = endpoint.methods.iter().map(|one| method(*one)).collect();
        table += &format!(
            "| `{}` | {} | {} | {} | {} |\n",
            endpoint.place.template(),
            methods.join(", "),
            access(endpoint.access),
            rate(endpoint),
            body(endpoint),
        );
    }
    table
}

fn method(method: Method) -> &'static str {
    match method {
        Method::Get => "`GET`",
        Method::Post => "`POST`",
    }
}

fn access(access: Access) -> &'static str {
    match access {
        Access::Anyone => "all",
        Access::Ticket => "ticket",
        Access::Password => "password",
        Access::Device => "device",
        Access::Session => "session",
        Access::ProfilePages => "`profile_pages`",
    }
}

fn rate(endpoint: &Endpoint) -> &'static str {
    if endpoint.family == Family::Chat {
        return "none";
    }
    match (endpoint.cost, endpoint.access) {
        (Some(Cost::Read), _) => "reads",
        (Some(Cost::Change), _) => "changes",
        (Some(Cost::Report), _) => "reports",
        (Some(Cost::Export), _) => "exports",
        (None, Access::Password) => "passwords",
        (None, Access::Anyone | Access::Ticket | Access::Device | Access::Session | Access::ProfilePages) => {
            "address"
        }
    }
}

fn body(endpoint: &Endpoint) -> String {
    match endpoint.body {
        _ if !endpoint.methods.contains(&Method::Post) => String::new(),
        Body::Usual => "64".to_owned(),
        Body::AtLeast(bytes) => (bytes / 1024).to_string(),
    }
}
