//! The library `c`: channels.

use std::sync::Arc;

use fchatd_protocol::error;
use fchatd_protocol::text::fold;
use fchatd_world::settings::keys;
use fchatd_world::{Ban, Kind, Mode, RoomRefusal, World};

use super::{admitted, channel, channel_handle, connection, frame, name, raw_frame};
use crate::engine::{Arguments, Function, HostError, Reply, Value};

type Answer = Result<Reply, HostError>;

macro_rules! functions {
    ($($name:literal $signature:literal $summary:literal $run:expr;)*) => {
        &[$(Function { library: "c", name: $name, signature: $signature, summary: $summary, run: $run }),*]
    };
}

pub(super) static FUNCTIONS: &[Function<World>] = functions! {
    "getChannel" "(lname: string): (boolean, Channel?)"
        "Whether there is a channel of this name, and the channel." |w, a| {
        Ok(match w.find_channel(&a.text(1)?) {
            Some(key) => (true, channel_handle(key)).into(),
            None => false.into(),
        })
    };
    "getName" "(chan: Channel): string"
        "The canonical name." |w, a| Ok(channel(w, a, 1)?.1.name.clone().into());
    "getTitle" "(chan: Channel): string"
        "The title, escaped." |w, a| Ok(channel(w, a, 1)?.1.title.clone().into());
    "setTitle" "(chan: Channel, title: string)"
        "Sets the title without escaping it." |w, a| {
        let title: Arc<str> = Arc::from(&*admitted::title(w, a, 2)?);
        change(w, a, |channel| channel.title = title)
    };
    "getDescription" "(chan: Channel): string"
        "The description, escaped." |w, a| Ok(channel(w, a, 1)?.1.description.clone().into());
    "setDescription" "(chan: Channel, description: string)"
        "Sets the description without escaping it." |w, a| {
        let most = 5 * w.settings.count(keys::CDS_MAX);
        let description: Arc<str> = Arc::from(&*admitted::text(w, a, 2, most)?);
        change(w, a, |channel| channel.description = description)
    };
    "getTopic" "(chan: Channel): string"
        "+ The topic, escaped; empty if there is none. The lists of channels show it." |w, a| Ok(channel(w, a, 1)?.1.topic.clone().into());
    "setTopic" "(chan: Channel, topic: string)"
        "+ Sets the topic without escaping it: one line, or an empty text." |w, a| {
        let topic: Arc<str> = Arc::from(&*admitted::topic(w, a, 2)?);
        change(w, a, |channel| channel.topic = topic)
    };
    "getType" "(chan: Channel): \"public\"|\"private\"|\"pubprivate\""
        "The type of the channel, which decides on access." |w, a| Ok(channel(w, a, 1)?.1.kind.as_str().into());
    "getMode" "(chan: Channel): \"both\"|\"ads\"|\"chat\""
        "The mode: the kinds of messages that are allowed." |w, a| Ok(channel(w, a, 1)?.1.mode.as_str().into());
    "setMode" "(chan: Channel, mode: \"both\"|\"ads\"|\"chat\")"
        "Sets the mode: the kinds of messages that are allowed." |w, a| {
        match Mode::parse(&a.text(2)?) {
            Some(mode) => change(w, a, |channel| channel.mode = mode),
            None if a.is_classic() => change(w, a, |_| {}),
            None => Err(a.bad(2, "\"both\", \"ads\" or \"chat\" expected")),
        }
    };
    "setPublic" "(chan: Channel, open: boolean)"
        "Makes a private room open, or an open one private." |w, a| {
        let (key, _) = channel(w, a, 1)?;
        let open = a.boolean(2)?;
        if !w.is_muted() {
            w.set_open(key, open);
        }
        Ok(Reply::None)
    };
    "getUserCount" "(chan: Channel): number"
        "The number of members." |w, a| Ok(channel(w, a, 1)?.1.members.len().into());
    "getTopUserCount" "(chan: Channel): number"
        "The highest number of simultaneous members." |w, a| Ok(channel(w, a, 1)?.1.peak.into());
    "canDestroy" "(chan: Channel): boolean"
        "Sets whether the channel is removed when it is empty. For scripts of the classic server: also for a public channel, which stays." |w, a| {
        let (_, channel) = channel(w, a, 1)?;
        Ok((!channel.permanent || (a.is_classic() && channel.kind == Kind::Public)).into())
    };
    "createChannel" "(name: string): Channel"
        "Creates a public channel. For scripts of the classic server: or returns the existing one of that name." |w, a| {
        let name = admitted::channel_name(w, a, 1)?;
        let made = if w.is_muted() { None } else { w.create_channel(&name, &name, Kind::Public) };
        let made = made.or_else(|| w.find_channel(&name).filter(|_| a.is_classic()));
        Ok(channel_handle(made.ok_or_else(|| a.bad(1, "a name that no channel has expected"))?).into())
    };
    "createPrivateChannel" "(con: Connection, title: string): (string, Channel)"
        "Creates a private room that this character owns; returns its name and the channel." create_room;
    "createSpecialPrivateChannel" "(name: string, title: string): Channel"
        "Creates a private room with the given name that stays when it is empty, or turns the channel of that name into one." |w, a| {
        let (name, title) = (admitted::channel_name(w, a, 1)?, admitted::title(w, a, 2)?);
        let made = w.find_channel(&name).or_else(|| w.create_channel(&name, &title, Kind::Private));
        let key = made.ok_or_else(|| a.bad(1, "a name expected"))?;
        if !w.is_muted() && let Some(channel) = w.channel_mut(key) {
            channel.permanent = true;
            channel.kind = Kind::Private;
            if a.is_classic() {
                channel.title = Arc::from(&*title);
            }
        }
        Ok(channel_handle(key).into())
    };
    "destroyChannel" "(lname: string)"
        "Ends a channel; each member gets LCH about itself." |w, a| {
        let name = a.text(1)?;
        if !w.is_muted() && let Some(key) = w.find_channel(&name) {
            w.destroy_channel(key);
        }
        Ok(Reply::None)
    };
    "sendAll" "(chan: Channel, code: string, arguments: table?)"
        "Sends everyone in the channel a command." |w, a| {
        let (key, _) = channel(w, a, 1)?;
        let frame = frame(w, a, 2)?;
        w.send_channel_frame(key, None, frame);
        Ok(Reply::None)
    };
    "sendAllRaw" "(chan: Channel, text: string)"
        "Sends everyone in the channel a raw text." |w, a| {
        let (key, _) = channel(w, a, 1)?;
        let frame = raw_frame(w, a, 2)?;
        w.send_channel_frame(key, None, frame);
        Ok(Reply::None)
    };
    "sendChannel" "(chan: Channel, con: Connection, code: string, arguments: table?)"
        "Sends everyone in the channel but this connection a command." |w, a| {
        let (key, _) = channel(w, a, 1)?;
        let (except, _) = connection(w, a, 2)?;
        let frame = frame(w, a, 3)?;
        w.send_channel_frame(key, Some(except), frame);
        Ok(Reply::None)
    };
    "sendChannelRaw" "(chan: Channel, con: Connection, text: string)"
        "Sends everyone in the channel but this connection a raw text." |w, a| {
        let (key, _) = channel(w, a, 1)?;
        let (except, _) = connection(w, a, 2)?;
        let frame = raw_frame(w, a, 3)?;
        w.send_channel_frame(key, Some(except), frame);
        Ok(Reply::None)
    };
    "sendICH" "(chan: Channel, con: Connection)"
        "Sends a connection the members of the channel." |w, a| {
        let (key, _) = channel(w, a, 1)?;
        let (recipient, _) = connection(w, a, 2)?;
        w.send_members(key, recipient);
        Ok(Reply::None)
    };
    "sendCHA" "(con: Connection)"
        "Sends a connection the public channels." |w, a| {
        let (key, _) = connection(w, a, 1)?;
        w.send_public_list(key);
        Ok(Reply::None)
    };
    "sendORS" "(con: Connection)"
        "Sends a connection the open rooms." |w, a| {
        let (key, _) = connection(w, a, 1)?;
        w.send_room_list(key);
        Ok(Reply::None)
    };
    "join" "(chan: Channel, con: Connection)"
        "Adds a connection to the channel, without sending a frame." |w, a| {
        let (key, _) = channel(w, a, 1)?;
        let (member, _) = connection(w, a, 2)?;
        if w.may_touch(member) {
            w.join(key, member);
        }
        Ok(Reply::None)
    };
    "part" "(chan: Channel, con: Connection)"
        "Removes a connection from the channel, without sending a frame." |w, a| {
        let (key, _) = channel(w, a, 1)?;
        let (member, _) = connection(w, a, 2)?;
        if w.may_touch(member) {
            w.part(key, member);
        }
        Ok(Reply::None)
    };
    "inChannel" "(chan: Channel, con: Connection): boolean"
        "Whether a connection is in the channel." |w, a| {
        let (_, channel) = channel(w, a, 1)?;
        Ok(channel.has_member(connection(w, a, 2)?.0).into())
    };
    "invite" "(chan: Channel, con: Connection): boolean"
        "Invites a character to a private room, + or to a channel that is locked. + False when it has too many invitations (invitations_max)." |w, a| {
        let folded = connection(w, a, 2)?.1.folded.clone();
        private(w, a)?;
        let (key, _) = channel(w, a, 1)?;
        Ok((w.is_muted() || w.invite(key, &folded)).into())
    };
    "checkInvitation" "(chan: Channel, con: Connection, other: Connection): string?"
        "+ The reason why a character may not invite another one to the channel now, as a sentence: an invitation by its account is pending, or too many are. nil when it may; then the invitation is pending from now on." |w, a| {
        let (key, _) = channel(w, a, 1)?;
        let (sender, _) = connection(w, a, 2)?;
        let (recipient, _) = connection(w, a, 3)?;
        // An invitation that the recipient never sees is not pending.
        let refusal = if w.is_muted() { None } else { w.begin_invitation(key, sender, recipient).err() };
        Ok(Reply::One(refusal.into()))
    };
    "removeInvite" "(chan: Channel, lname: string)"
        "Withdraws an invitation to a private room, + or to a channel that is locked." |w, a| {
        let folded = fold(&a.text(2)?).into_owned();
        private(w, a)?;
        let (key, _) = channel(w, a, 1)?;
        if !w.is_muted() {
            w.uninvite(key, &folded);
        }
        Ok(Reply::None)
    };
    "isInvited" "(chan: Channel, con: Connection): boolean"
        "Whether a character is invited to a private room, + or to a channel that is locked." |w, a| {
        private(w, a)?;
        let (_, channel) = channel(w, a, 1)?;
        Ok(channel.invited.contains(&connection(w, a, 2)?.1.folded).into())
    };
    "ban" "(chan: Channel, by: Connection|string, who: Connection|string): boolean"
        "Bans a character from the channel. + False when the list of bans is full." |w, a| ban(w, a, |_, _| Ok(0));
    "timeout" "(chan: Channel, by: Connection|string, who: Connection|string, seconds: number): boolean"
        "Bans a character from the channel for some seconds. + False when the list of bans is full." |w, a| ban(w, a, |w, a| {
            Ok(w.unix_seconds().saturating_add(a.number(4)? as i64))
        });
    "unban" "(chan: Channel, lname: string)"
        "Lifts a ban or timeout." |w, a| {
        let (key, _) = channel(w, a, 1)?;
        let name = a.text(2)?;
        if !w.is_muted() {
            w.unban_from_channel(key, &name);
        }
        Ok(Reply::None)
    };
    "isBanned" "(chan: Channel, who: Connection|string): boolean"
        "Whether a character is banned from the channel. + For a connection, bans of other characters of its account count, too (channel_ban_accounts)." |w, a| {
        Ok(ban_against(w, a)?.is_some().into())
    };
    "getBan" "(chan: Channel, who: Connection|string): (boolean, {banner: string, time: number, timeout: number, name: string}?)"
        "Whether a character is banned, with the details of the ban: the author, its beginning and end (Unix seconds, 0 for no end); + the banned name." |w, a| {
        let Some(ban) = ban_against(w, a)? else {
            return Ok(false.into());
        };
        let fields = vec![
            ("banner".into(), ban.banner.clone().into()),
            ("time".into(), (ban.time as f64).into()),
            ("timeout".into(), (ban.until as f64).into()),
            ("name".into(), ban.name.clone().into()),
        ];
        Ok((true, Value::Map(fields)).into())
    };
    "getBanList" "(chan: Channel): {string}"
        "The banned names in lower case." |w, a| {
        let (key, _) = channel(w, a, 1)?;
        w.expire_channel_bans(key);
        let (_, channel) = channel(w, a, 1)?;
        let mut bans: Vec<_> = channel.bans.iter().map(|(name, ban)| (ban.time, name.clone())).collect();
        bans.sort();
        Ok(Reply::One(bans.into_iter().map(|(_, name)| name).collect()))
    };
    "getBanCount" "(chan: Channel): number"
        "The number of bans." |w, a| {
        let (key, _) = channel(w, a, 1)?;
        w.expire_channel_bans(key);
        Ok(channel(w, a, 1)?.1.bans.len().into())
    };
    "addMod" "(chan: Channel, by: Connection|string, who: Connection|string): boolean"
        "Makes a character moderator; on a public channel it has the role cop at once. + False when it is one already, or the list is full (channel_moderators_max)." |w, a| {
        let (key, _) = channel(w, a, 1)?;
        let (by, who) = (admitted::character(w, a, 2)?, admitted::character(w, a, 3)?);
        Ok((w.is_muted() || w.add_moderator(key, &by, &who)).into())
    };
    "getModCount" "(chan: Channel): number"
        "+ The number of appointed moderators." |w, a| Ok(channel(w, a, 1)?.1.moderators.len().into());
    "sendCOL" "(chan: Channel)"
        "+ Sends everyone in the channel the list of its moderators (COL), at once or, after many changes in a short time, with a delay." |w, a| {
        let (key, _) = channel(w, a, 1)?;
        if !w.is_muted() {
            w.tell_moderators(key);
        }
        Ok(Reply::None)
    };
    "removeMod" "(chan: Channel, who: Connection|string): string?"
        "Removes a character from the moderators. + Returns the name as it was on the list." |w, a| {
        let (key, _) = channel(w, a, 1)?;
        let who = name(w, a, 2)?;
        let removed = if w.is_muted() { None } else { w.remove_moderator(key, &who) };
        Ok(Reply::One(removed.into()))
    };
    "setOwner" "(chan: Channel, who: Connection|string)"
        "Sets the owner of the channel; + with an empty name it has no owner and belongs to the staff." |w, a| {
        let is_nobody = a.text(2).is_ok_and(|name| name.is_empty());
        let owner: Arc<str> = Arc::from(if is_nobody { String::new() } else { admitted::character(w, a, 2)? });
        change(w, a, |channel| channel.owner = owner)
    };
    "setLocked" "(chan: Channel, locked: boolean)"
        "+ Locks the channel, so that only moderators and invited characters can join, or unlocks it." |w, a| {
        let (key, _) = channel(w, a, 1)?;
        let locked = a.boolean(2)?;
        if !w.is_muted() {
            w.set_locked(key, locked);
        }
        Ok(Reply::None)
    };
    "isLocked" "(chan: Channel): boolean"
        "+ Whether the channel is locked." |w, a| Ok(channel(w, a, 1)?.1.locked.into());
    "setJoinPause" "(chan: Channel, seconds: number)"
        "+ Sets slow mode: the minimum time between two joins; 0 ends it." |w, a| {
        let (key, _) = channel(w, a, 1)?;
        let seconds = a.number(2)?.clamp(0.0, f64::from(u32::MAX)) as u32;
        if !w.is_muted() {
            w.set_join_pause(key, seconds);
        }
        Ok(Reply::None)
    };
    "getJoinPause" "(chan: Channel): number"
        "+ The minimum time between two joins in seconds; 0 without slow mode." |w, a| {
        Ok(f64::from(channel(w, a, 1)?.1.join_pause).into())
    };
    "takeJoinTurn" "(chan: Channel): number"
        "+ The seconds until slow mode allows the next join. 0: a join is allowed now, and the time starts anew." |w, a| {
        let (key, _) = channel(w, a, 1)?;
        Ok((w.take_join_turn(key) as f64).into())
    };
    "putOutBanned" "(chan: Channel, who: Connection|string)"
        "+ Removes all characters from the channel that the ban of this character covers (channel_ban_accounts), as if they had left." |w, a| {
        let (key, _) = channel(w, a, 1)?;
        let who = name(w, a, 2)?;
        if !w.is_muted() && let Some(person) = w.person(&who) {
            w.put_out_banned(key, person.account);
        }
        Ok(Reply::None)
    };
    "getOwned" "(name: string): {Channel}"
        "+ The channels that a character of this name owns." |w, a| {
        let owned = w.owned_by(&a.text(1)?);
        Ok(Reply::One(owned.into_iter().map(channel_handle).collect()))
    };
    "getBottleList" "(chan: Channel, con: Connection): {string}"
        "The names of the other members whose status is online or looking." |w, a| {
        let (_, channel) = channel(w, a, 1)?;
        let (spinner, _) = connection(w, a, 2)?;
        let others = channel.members.iter().filter(|&&key| key != spinner);
        let ready = |con: &&fchatd_world::Connection| matches!(&*con.status, "online" | "looking");
        Ok(Reply::One(
            others.filter_map(|&key| w.connection(key)).filter(ready).map(|con| con.name.clone()).collect(),
        ))
    };
    "isMod" "(chan: Channel, who: Connection|string): boolean"
        "Whether a character moderates the channel, as a moderator or its owner." |w, a| {
        Ok(channel(w, a, 1)?.1.is_moderator(&name(w, a, 2)?).into())
    };
    "isOwner" "(chan: Channel, who: Connection|string): boolean"
        "Whether a character owns the channel." |w, a| {
        Ok(channel(w, a, 1)?.1.is_owner(&name(w, a, 2)?).into())
    };
    "getModList" "(chan: Channel): {string}"
        "The owner, or empty text, then the moderators, then on a public channel the super moderators." |w, a| {
        let (key, _) = channel(w, a, 1)?;
        Ok(Reply::One(w.moderators(key).into_iter().collect()))
    };
    "getAdInterval" "(chan: Channel): number"
        "+ The minimum time between two ads in seconds according to the channel's description, as in [ads: 30min]; 0 if it has none." |w, a| {
        Ok(fchatd_world::ads::interval(&channel(w, a, 1)?.1.description).into())
    };
    "getAdWait" "(chan: Channel, con: Connection, seconds: number): number"
        "+ The seconds until the character's next ad is allowed here, for this minimum time between two ads." |w, a| {
        let (key, _) = channel(w, a, 1)?;
        let (poster, _) = connection(w, a, 2)?;
        Ok(w.ad_wait(key, poster, a.number(3)?).into())
    };
    "checkUpdateTimer" "(chan: Channel, con: Connection, seconds: number): boolean"
        "True while the character's next ad is not allowed here yet; otherwise the time starts anew." |w, a| {
        let (key, _) = channel(w, a, 1)?;
        let (poster, _) = connection(w, a, 2)?;
        Ok(w.throttle_ad(key, poster, a.number(3)?).into())
    };
};

fn create_room(world: &mut World, arguments: &Arguments<'_>) -> Answer {
    let (creator, _) = connection(world, arguments, 1)?;
    let title = admitted::title(world, arguments, 2)?;
    let made = world.create_room(creator, &title);
    let key = made.map_err(|refusal| {
        let text = refusal.to_string();
        let number = match refusal {
            RoomRefusal::TooQuick(_) => error::THROTTLE_MESSAGE,
            RoomRefusal::TooMany(_) | RoomRefusal::ServerFull | RoomRefusal::Impossible => {
                error::TOO_MANY_CHANNELS
            }
        };
        world.refuse_with(number, &text);
        HostError::from(text)
    })?;
    let name = world.channel(key).map(|channel| channel.name.clone());
    Ok((name, channel_handle(key)).into())
}

fn ban(
    world: &mut World,
    arguments: &Arguments<'_>,
    until: impl FnOnce(&World, &Arguments<'_>) -> Result<i64, HostError>,
) -> Answer {
    let (key, _) = channel(world, arguments, 1)?;
    let by = admitted::character(world, arguments, 2)?;
    let who = admitted::character(world, arguments, 3)?;
    let until = until(world, arguments)?;
    Ok((world.is_muted() || world.ban_from_channel(key, &by, &who, until)).into())
}

fn change(
    world: &mut World,
    arguments: &Arguments<'_>,
    change: impl FnOnce(&mut fchatd_world::Channel),
) -> Answer {
    let (key, _) = channel(world, arguments, 1)?;
    if !world.is_muted()
        && let Some(channel) = world.channel_mut(key)
    {
        change(channel);
    }
    Ok(Reply::None)
}

/// The ban of the second argument from the channel: by name, or by account.
fn ban_against<'w>(world: &'w World, arguments: &Arguments<'_>) -> Result<Option<&'w Ban>, HostError> {
    let (key, channel) = channel(world, arguments, 1)?;
    if let Ok((who, _)) = connection(world, arguments, 2) {
        return Ok(world.ban_against(key, who));
    }
    let name = arguments.text(2)?;
    Ok(channel.ban_of(&fold(&name), world.unix_seconds()))
}

/// Checks that a channel accepts invitations: only private rooms and locked channels do.
fn private(world: &World, arguments: &Arguments<'_>) -> Result<(), HostError> {
    let (_, channel) = channel(world, arguments, 1)?;
    if channel.kind == Kind::Private || channel.locked {
        Ok(())
    } else {
        Err(arguments.bad(1, "a private channel expected"))
    }
}
