//! The results of host functions.

use std::borrow::Cow;
use std::sync::Arc;

use fchatd_protocol::json::read::Tape;

/// The type of an argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The argument is missing.
    Absent,
    /// `nil`
    Nil,
    /// A boolean.
    Boolean,
    /// A number.
    Number,
    /// A string.
    Text,
    /// A table.
    Table,
    /// A function.
    Function,
    /// Any other type.
    Other,
}

/// A host object as seen by scripts: they can compare it, store it and pass it back, and do nothing else with
/// it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Handle(pub u64);

// A handle is as large as a pointer of Lua.
const _: () = assert!(size_of::<usize>() >= size_of::<u64>());

/// A value for Lua.
#[derive(Debug)]
pub enum Value {
    /// `nil`
    Nil,
    /// A boolean.
    Boolean(bool),
    /// A number.
    Number(f64),
    /// A handle.
    Handle(Handle),
    /// A string that is part of the program.
    Static(&'static str),
    /// A string that is shared.
    Text(Arc<str>),
    /// A string made for this answer.
    Owned(String),
    /// The argument with this index, unchanged.
    Argument(usize),
    /// A table with the elements at 1, 2, ...
    List(Vec<Value>),
    /// A table with exactly these field names: the name of a list gets no prefix `array_`.
    Map(Vec<(Cow<'static, str>, Value)>),
    /// A table made from a JSON object by the rules of docs/lua.md; an empty one for any other value.
    Json(Box<Tape>),
}

/// The results of a host function.
#[derive(Debug)]
pub enum Reply {
    /// No result.
    None,
    /// One.
    One(Value),
    /// Two.
    Two(Value, Value),
    /// Three.
    Three(Value, Value, Value),
    /// Any number.
    Many(Vec<Value>),
}

macro_rules! into_value {
    ($($from:ty => |$value:ident| $into:expr;)*) => {$(
        impl From<$from> for Value {
            fn from($value: $from) -> Self {
                $into
            }
        }
        impl From<$from> for Reply {
            fn from($value: $from) -> Self {
                Reply::One($into)
            }
        }
    )*};
}

into_value! {
    bool => |value| Value::Boolean(value);
    Handle => |value| Value::Handle(value);
    f64 => |value| Value::Number(value);
    u32 => |value| Value::Number(f64::from(value));
    i32 => |value| Value::Number(f64::from(value));
    usize => |value| Value::Number(value as f64);
    &'static str => |value| Value::Static(value);
    Arc<str> => |value| Value::Text(value);
    String => |value| Value::Owned(value);
    Vec<Value> => |value| Value::List(value);
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Value::Nil, Into::into)
    }
}

impl<T: Into<Value>> FromIterator<T> for Value {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        Value::List(items.into_iter().map(Into::into).collect())
    }
}

impl From<Value> for Reply {
    fn from(value: Value) -> Self {
        Reply::One(value)
    }
}

impl From<()> for Reply {
    fn from((): ()) -> Self {
        Reply::None
    }
}

impl<A: Into<Value>, B: Into<Value>> From<(A, B)> for Reply {
    fn from((first, second): (A, B)) -> Self {
        Reply::Two(first.into(), second.into())
    }
}

/// The failure of a host function; it becomes a Lua error with the position of the call in front.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct HostError(pub Cow<'static, str>);

impl From<&'static str> for HostError {
    fn from(message: &'static str) -> Self {
        Self(Cow::Borrowed(message))
    }
}

impl From<String> for HostError {
    fn from(message: String) -> Self {
        Self(Cow::Owned(message))
    }
}
