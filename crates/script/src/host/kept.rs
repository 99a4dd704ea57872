//! Limits on values that the host stores with connections for scripts. Names of roles and timers have a
//! maximum length. The sum for a connection is limited (`luaconnectiondata`). The growth during a call counts
//! towards the memory limit of the scripts until the call ends. The validation of the values is in
//! [`super::admitted`].

use std::borrow::Cow;

use fchatd_world::settings::keys;
use fchatd_world::{ConnectionKey, World};

use crate::engine::{Arguments, HostError};

/// Maximum length of the name of a role, timer or key, in bytes.
const NAME_MAX: usize = 256;
/// Memory counted for each text, in addition to its bytes.
const ITEM: usize = 32;

/// The name of a role or gender to store.
pub(super) fn name<'a>(
    world: &mut World,
    arguments: &'a Arguments<'_>,
    index: usize,
) -> Result<Cow<'a, str>, HostError> {
    let name = timer(arguments, index)?;
    world.count_kept(name.len() + ITEM);
    Ok(name)
}

/// The name of a timer. It is not counted, because most calls refer to an existing timer.
pub(super) fn timer<'a>(arguments: &'a Arguments<'_>, index: usize) -> Result<Cow<'a, str>, HostError> {
    let name = arguments.text(index)?;
    if name.len() > NAME_MAX {
        return Err(arguments.bad(index, "a name of at most 256 bytes expected"));
    }
    Ok(name)
}

/// The counted size of texts, in bytes.
pub(super) fn size<'t>(texts: impl IntoIterator<Item = &'t String>) -> usize {
    texts.into_iter().map(|text| text.len() + ITEM).sum()
}

/// Reserves memory for texts to store with a connection, while `freed` bytes are released.
pub(super) fn make_room(
    world: &mut World,
    key: ConnectionKey,
    added: usize,
    freed: usize,
) -> Result<(), HostError> {
    world.count_kept(added);
    let most = world.settings.count(keys::LUACONNECTIONDATA) << 10;
    let kept = world.connection(key).map_or(0, |connection| {
        let profile = &connection.profile;
        let maps = [&profile.custom_kinks, &profile.info_tags, &profile.misc];
        let maps = maps.into_iter().flatten().flat_map(|(key, value)| [key, value]);
        size(profile.friends.iter().chain(&profile.ignores).chain(maps))
            + connection
                .roles
                .iter()
                .map(|role| role.len() + ITEM)
                .sum::<usize>()
            + profile.kinks.len() * size_of::<f64>()
    });
    if kept.saturating_sub(freed).saturating_add(added) > most {
        return Err(format!("scripts can keep {} KiB with a connection at most", most >> 10).into());
    }
    Ok(())
}
