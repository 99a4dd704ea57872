//! Validation of values that scripts store or add to lists: names, titles, and texts of bounded size. The
//! core validates the fields of commands by their names. This module validates the values again where they
//! are stored, whatever a script has called them. A refused value is a Lua error, and an `ERR` for the client
//! that sent the command.

use std::borrow::Cow;

use fchatd_protocol::{error, name};
use fchatd_world::World;

use super::connection;
use crate::engine::{Arguments, HostError};

/// Maximum size of an escaped title: each of its characters may have become an entity.
const TITLE_BYTES_MAX: usize = 5 * name::TITLE_BYTES_MAX;

/// The argument as a character's name: that of a connection, or a text that is a valid name.
pub(super) fn character(
    world: &mut World,
    arguments: &Arguments<'_>,
    index: usize,
) -> Result<String, HostError> {
    if let Ok((_, connection)) = connection(world, arguments, index) {
        return Ok(connection.name.to_string());
    }
    let text = arguments.text(index)?;
    if world.is_name(&text) {
        return Ok(text.into_owned());
    }
    Err(unfit(
        world,
        arguments,
        index,
        error::USER_NOT_FOUND,
        "the name of a character expected",
    ))
}

/// The argument as the name of a new channel.
pub(super) fn channel_name<'a>(
    world: &mut World,
    arguments: &'a Arguments<'_>,
    index: usize,
) -> Result<Cow<'a, str>, HostError> {
    let text = arguments.text(index)?;
    if name::is_channel(&text) {
        return Ok(text);
    }
    Err(unfit(
        world,
        arguments,
        index,
        error::BAD_CHANNEL_TITLE,
        "the name of a channel expected",
    ))
}

/// The argument as an escaped title of a channel.
pub(super) fn title<'a>(
    world: &mut World,
    arguments: &'a Arguments<'_>,
    index: usize,
) -> Result<Cow<'a, str>, HostError> {
    let text = arguments.text(index)?;
    if text.len() <= TITLE_BYTES_MAX && name::is_visible(&text) {
        return Ok(text);
    }
    Err(unfit(
        world,
        arguments,
        index,
        error::BAD_CHANNEL_TITLE,
        "a title that can be seen expected",
    ))
}

/// The argument as an escaped topic of a channel.
pub(super) fn topic<'a>(
    world: &mut World,
    arguments: &'a Arguments<'_>,
    index: usize,
) -> Result<Cow<'a, str>, HostError> {
    let text = arguments.text(index)?;
    if text.is_empty() || (text.len() <= name::TOPIC_ESCAPED_BYTES_MAX && name::is_visible(&text)) {
        return Ok(text);
    }
    Err(unfit(
        world,
        arguments,
        index,
        error::DESCRIPTION_TOO_LONG,
        "a topic of one short line expected",
    ))
}

/// The argument as a text of limited size.
pub(super) fn text<'a>(
    world: &mut World,
    arguments: &'a Arguments<'_>,
    index: usize,
    bytes: usize,
) -> Result<Cow<'a, str>, HostError> {
    let text = arguments.text(index)?;
    if text.len() <= bytes {
        return Ok(text);
    }
    Err(unfit(
        world,
        arguments,
        index,
        error::MESSAGE_TOO_LONG,
        "a shorter text expected",
    ))
}

/// Named texts from a log-in site, limited in number and size; the excess is left out.
pub(super) fn entries(mut entries: Vec<(String, String)>) -> Vec<(String, String)> {
    const ENTRIES_MAX: usize = 200;
    const KEY_BYTES_MAX: usize = 128;
    const VALUE_BYTES_MAX: usize = 4096;
    const BYTES_MAX: usize = 64 * 1024;
    // The selection must not depend on the order of a table.
    entries.sort();
    entries.truncate(ENTRIES_MAX);
    let mut bytes = 0;
    entries.retain_mut(|(key, value)| {
        value.truncate(value.floor_char_boundary(VALUE_BYTES_MAX));
        bytes += key.len() + value.len();
        key.len() <= KEY_BYTES_MAX && bytes <= BYTES_MAX
    });
    entries
}

/// Names from a log-in site, limited in number; invalid names are left out.
pub(super) fn names(mut names: Vec<String>) -> Vec<String> {
    const NAMES_MAX: usize = 5000;
    names.retain(|name| name::is_shaped(name));
    names.truncate(NAMES_MAX);
    names
}

fn unfit(world: &mut World, arguments: &Arguments<'_>, index: usize, number: i32, reason: &str) -> HostError {
    world.refuse_value(number);
    arguments.bad(index, reason)
}
