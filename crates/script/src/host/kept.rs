//! Values that scripts have the host keep with connections: names of roles and timers are bounded, all of a connection together is
//! (`luaconnectiondata`), and what a call adds counts towards the memory limit of the scripts until the call ends. The
//! values that may be kept at all are in [`super::admitted`].

use std::borrow::Cow;

use fchatd_world::settings::keys;
use fchatd_world::{ConnectionKey, World};

use crate::engine::{Arguments, HostError};

/// Bytes of the name of a role, of a timer and of a key.
const NAME_MAX: usize = 256;
/// Counted for each text, beside its bytes.
const ITEM: usize = 32;

/// The name of a role or gender, which is kept.
pub(super) fn name<'a>(
    world: &mut World,
    arguments: &'a Arguments<'_>,
    index: usize,
) -> Result<Cow<'a, str>, HostError> {
    let name = timer(arguments, index)?;
    world.count_kept(name.len() + ITEM);
    Ok(name)
}

/// The name of a timer. It is not counted, because most calls find one that is there.
pub(super) fn timer<'a>(arguments: &'a Arguments<'_>, index: usize) -> Result<Cow<'a, str>, HostError> {
    let name = arguments.text(index)?;
    if name.len() > NAME_MAX {
        return Err(arguments.bad(index, "a name of at most 256 bytes expected"));
    }
    Ok(name)
}

/// The bytes of texts as they are counted.
pub(super) fn size<'t>(texts: impl IntoIterator<Item = &'t String>) -> usize {
    texts.into_iter().map(|text| text.len() + ITEM).sum()
}

/// Makes room for texts that are kept with a connection, where `freed` bytes of others go.
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
