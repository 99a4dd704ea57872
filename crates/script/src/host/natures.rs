//! The part of the library `s` about the natures of commands ([`fchatd_protocol::command::nature`]): scripts declare
//! commands of their own, and read the nature of any command.

use fchatd_protocol::command::Code;
use fchatd_protocol::command::nature::{DECLARED_MAX, Names, Nature, Natures, Order, Refused, WEIGHT_MAX};
use fchatd_world::World;

use crate::engine::{Arguments, Function, HostError, Reply, Value};

macro_rules! functions {
    ($($name:literal $signature:literal $summary:literal $run:expr;)*) => {
        &[$(Function { library: "s", name: $name, signature: $signature, summary: $summary, run: $run }),*]
    };
}

pub(super) static FUNCTIONS: &[Function<World>] = functions! {
    "declare" "(code: string, nature: {talk: boolean?, held: boolean?, ordered: boolean?, keeps_names: boolean?, weight: number?})"
        "+ Declares a command of the scripts: its nature holds until the scripts are read again. Only while scripts are loaded, and in chat_init." declare;
    "getNature" "(code: string): {talk: boolean, held: boolean, ordered: boolean, keeps_names: boolean, weight: number, known: boolean}"
        "+ The nature of a command; known: the code belongs to the server, so that only its weight can be raised." |w, a| {
        let code = code(a)?;
        let nature = w.natures.of(code);
        let flag = |name: &'static str, value: bool| (name.into(), value.into());
        Ok(Reply::One(Value::Map(vec![
            flag("talk", nature.is_talk()),
            flag("held", nature.is_held()),
            flag("ordered", nature.order() == Order::Message),
            flag("keeps_names", nature.names_check() != Names::LookedUp),
            ("weight".into(), f64::from(nature.weight()).into()),
            flag("known", nature.is_known()),
        ])))
    };
};

fn declare(world: &mut World, arguments: &Arguments<'_>) -> Result<Reply, HostError> {
    let code = code(arguments)?;
    if !world.natures.may_declare {
        return Err("commands can be declared while scripts are loaded and in chat_init only".into());
    }
    let mut nature = Natures::base(code);
    for (property, value) in arguments.entries(2)? {
        nature = with(nature, &property, &value).map_err(|expected| arguments.bad(2, &expected))?;
    }
    let declared = match world.isolated {
        // Rules on trial are checked, and change nothing for others.
        Some(_) => world.natures.clone().declare(code, nature),
        None => world.natures.declare(code, nature),
    };
    declared.map_err(|refused| match refused {
        Refused::Known => format!(
            "{code:?} is a command of the server: a declaration can only raise its weight. Codes that begin with X are free"
        ),
        Refused::TooMany => format!("scripts can declare {DECLARED_MAX} commands at most"),
    })?;
    Ok(Reply::None)
}

fn code(arguments: &Arguments<'_>) -> Result<Code, HostError> {
    let text = arguments.text(1)?;
    let bytes: Option<[u8; 3]> = text.as_bytes().try_into().ok();
    bytes
        .and_then(Code::of)
        .ok_or_else(|| arguments.bad(1, "a code of three capital letters expected"))
}

/// The nature with a property of a declaration.
///
/// # Errors
/// The sentence names the properties and values that a declaration may have.
fn with(nature: Nature, property: &str, value: &str) -> Result<Nature, String> {
    let set = |nature: Nature, is_so: bool| match property {
        "talk" => nature.with_talk(is_so),
        "held" => nature.with_held(is_so),
        "ordered" => nature.ordered(if is_so { Order::Message } else { Order::Free }),
        _ => nature.names(if is_so { Names::Kept } else { Names::LookedUp }),
    };
    match (property, value) {
        ("talk" | "held" | "ordered" | "keeps_names", "true") => Ok(set(nature, true)),
        ("talk" | "held" | "ordered" | "keeps_names", "false") => Ok(set(nature, false)),
        ("talk" | "held" | "ordered" | "keeps_names", _) => {
            Err(format!("{property}: true or false expected"))
        }
        ("weight", text) => match text.parse::<f64>() {
            Ok(weight) if weight.fract() == 0.0 && (1.0..=f64::from(WEIGHT_MAX)).contains(&weight) => {
                Ok(nature.weighing(weight as u8))
            }
            _ => Err(format!("weight: a whole number from 1 to {WEIGHT_MAX} expected")),
        },
        (property, _) => Err(format!(
            "talk, held, ordered, keeps_names or weight expected, not {:?}",
            property.chars().take(40).collect::<String>()
        )),
    }
}
