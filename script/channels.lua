-- Channels and rooms: finding, joining, leaving, creating and changing them.

local common = require("common")
local staff = require("staff")
local text = common.text

local CHANNELS_MAX = 75
local LIST_PAUSE = 5 -- seconds between two answers to CHA, and to ORS
local ROOM_TITLE_MAX = 64 -- characters
local JOIN_PAUSE_MAX = 3600 -- seconds
local NAMES_MAX = 16384 -- bytes of names in one frame
local MODES = { both = true, ads = true, chat = true }

local DESCRIPTION_MAX, TOPIC_FLOOD, IGNORES_COUNT

local channels = {}

function channels.init()
    DESCRIPTION_MAX = s.getConfigDouble("cds_max")
    TOPIC_FLOOD = s.getConfigDouble("topic_flood")
    IGNORES_COUNT = s.getConfigBool("ignore_on_server")
end

function event.CHA(con, args)
    if not u.checkUpdateTimer(con, "cha", LIST_PAUSE) then
        c.sendCHA(con)
    end
    return const.FERR_OK
end

function event.ORS(con, args)
    if not u.checkUpdateTimer(con, "ors", LIST_PAUSE) then
        c.sendORS(con)
    end
    return const.FERR_OK
end

local function has_all_channels(con)
    return u.getChannelCount(con) >= CHANNELS_MAX
        and not (common.is_staff(con) or u.getMiscData(con, "subscribed") == "yes")
end

-- A sentence about the current lock and slow mode of a channel; nil if there is neither.
local function entry_rules(chan)
    local rules = {}
    if c.isLocked(chan) then
        table.insert(rules, "The channel is locked: only its moderators and people whom they invite come in.")
    end
    local pause = c.getJoinPause(chan)
    if pause > 0 then
        local each = pause == 1 and "each second" or "in " .. pause .. " seconds"
        table.insert(rules, "Slow mode: one person comes in " .. each .. ".")
    end
    return #rules > 0 and table.concat(rules, " ") or nil
end

-- Joins a connection to a channel, and informs moderators about its rules.
local function enter(con, chan)
    staff.join(con, chan)
    local rules = entry_rules(chan)
    if rules ~= nil and common.may_moderate(con, chan) then
        common.tell_about(con, chan, rules)
    end
end

-- Whether the lock or slow mode refuses a connection. The connection is informed.
local function is_kept_out(con, chan)
    if c.isLocked(chan) then
        if c.isInvited(chan, con) then
            return false
        end
        local reason = "The channel " .. c.getTitle(chan) .. " is locked at the moment. Its moderators can invite you."
        u.refuse(con, const.FERR_NOT_INVITED, reason)
        return true
    end
    local wait = c.takeJoinTurn(chan)
    if wait > 0 then
        local reason = "Many people come to the channel " .. c.getTitle(chan)
            .. " at the moment, so it lets them in one after another. "
        u.refuse(con, const.FERR_NOT_INVITED, reason .. "Try again in " .. wait .. (wait == 1 and " second." or " seconds."))
        return true
    end
    return false
end

function event.JCH(con, args)
    local channel = text(args.channel)
    if channel == nil then
        return const.FERR_BAD_SYNTAX
    end
    local found, chan = c.getChannel(string.lower(channel))
    if found and c.isApart(chan, con) then
        enter(con, chan)
        return const.FERR_OK
    end
    if has_all_channels(con) then
        return const.FERR_TOO_MANY_CHANNELS
    end
    if not found then
        return const.FERR_CHANNEL_NOT_FOUND
    end
    if c.inChannel(chan, con) then
        return const.FERR_ALREADY_IN_CHANNEL
    end
    if not common.may_own(con, chan) then
        local banned, ban = c.getBan(chan, con)
        if banned and ban.timeout > 0 then
            local left = common.duration(ban.timeout - s.getTime())
            local reason = "You are timed out from the channel " .. c.getTitle(chan) .. " for " .. left .. " more."
            u.sendError(con, const.FERR_CHANNEL_BANNED, reason)
            return const.FERR_OK
        elseif banned then
            return const.FERR_CHANNEL_BANNED
        end
        if c.getType(chan) == "private" and not c.isInvited(chan, con) then
            return const.FERR_NOT_INVITED
        end
        if not common.may_moderate(con, chan) and is_kept_out(con, chan) then
            return const.FERR_OK
        end
    end
    enter(con, chan)
    return const.FERR_OK
end

-- The channel in a command for its moderators, or the error number.
local function moderated(con, args)
    local channel = text(args.channel)
    if channel == nil then
        return nil, const.FERR_BAD_SYNTAX
    end
    local found, chan = c.getChannel(string.lower(channel))
    if not found then
        return nil, const.FERR_CHANNEL_NOT_FOUND
    end
    if not common.may_moderate(con, chan) then
        return nil, const.FERR_NOT_OP
    end
    return chan
end

-- Informs the sender and the moderators in the channel of the current rules for joining.
local function tell_moderators(con, chan)
    local rules = entry_rules(chan) or "Everybody comes in as usual."
    local message = u.getName(con) .. " has changed how people come in. " .. rules
    common.tell_about(con, chan, message)
    for _, name in ipairs(c.getModList(chan)) do
        local online, other = u.getConnection(string.lower(name))
        if online and other ~= con and c.inChannel(chan, other) then
            common.tell_about(other, chan, message)
        end
    end
end

-- Locks a channel, or unlocks it.
function event.CLK(con, args)
    local status = text(args.status)
    if status ~= "locked" and status ~= "open" then
        return const.FERR_BAD_SYNTAX
    end
    local chan, fault = moderated(con, args)
    if chan == nil then
        return fault
    end
    c.setLocked(chan, status == "locked")
    tell_moderators(con, chan)
    common.log_if_public(con, chan, "CLK", args)
    return const.FERR_OK
end

-- Slow mode: the minimum interval between two joins.
function event.CSL(con, args)
    local seconds = tonumber(text(args.seconds))
    if seconds == nil or not (seconds >= 0 and seconds <= JOIN_PAUSE_MAX) or seconds % 1 ~= 0 then
        return const.FERR_BAD_SYNTAX
    end
    local chan, fault = moderated(con, args)
    if chan == nil then
        return fault
    end
    c.setJoinPause(chan, seconds)
    tell_moderators(con, chan)
    common.log_if_public(con, chan, "CSL", args)
    return const.FERR_OK
end

function event.LCH(con, args)
    local channel = text(args.channel)
    if channel == nil then
        return const.FERR_BAD_SYNTAX
    end
    local name = u.getName(con)
    local found, chan = c.getChannel(string.lower(channel))
    if not found then
        -- The client believes that it is in the channel: correct this, with the name that the client knows.
        u.send(con, "LCH", { channel = args.channel, character = name })
        return const.FERR_CHANNEL_NOT_FOUND
    end
    local leave = { channel = c.getName(chan), character = name }
    if not c.inChannel(chan, con) then
        u.send(con, "LCH", leave)
        return const.FERR_OK
    end
    if c.isApart(chan, con) then
        u.send(con, "LCH", leave)
    end
    c.sendAll(chan, "LCH", leave)
    c.part(chan, con)
    s.logMessage("channel_leave", con, chan)
    return const.FERR_OK
end

function event.CCR(con, args)
    local title = args.channel
    if type(title) ~= "string" then
        return const.FERR_BAD_SYNTAX
    end
    local characters = utf8.len(title) or #title
    if characters < 1 or characters > ROOM_TITLE_MAX then
        return const.FERR_BAD_CHANNEL_TITLE
    end
    if has_all_channels(con) then
        return const.FERR_TOO_MANY_CHANNELS
    end
    local refused = common.refuse_young(con, "make rooms")
    if refused ~= nil then
        return refused
    end
    if common.is_blacklisted(title) then
        return u.refuse(con, const.FERR_BAD_CHANNEL_TITLE, "This title is not allowed here.")
    end
    local _, chan = c.createPrivateChannel(con, s.escapeHTML(title))
    staff.join(con, chan)
    return const.FERR_OK
end

function event.CIU(con, args)
    local channel, character = text(args.channel), text(args.character)
    if channel == nil or character == nil then
        return const.FERR_BAD_SYNTAX
    end
    local found, chan = c.getChannel(string.lower(channel))
    if not found then
        return const.FERR_CHANNEL_NOT_FOUND
    end
    if not c.inChannel(chan, con) then
        return const.FERR_USER_NOT_IN_CHANNEL
    end
    local online, other = u.getConnection(string.lower(character))
    if not online then
        return const.FERR_USER_NOT_FOUND
    end
    local kind = c.getType(chan)
    local is_locked = c.isLocked(chan)
    if kind == "public" and not is_locked then
        return const.FERR_INVITE_TO_PUBLIC
    end
    if (kind == "private" or is_locked) and not common.may_moderate(con, chan) then
        return const.FERR_NOT_OP
    end
    if IGNORES_COUNT and u.ignores(other, con) then
        return const.FERR_IGNORED
    end
    local reason = c.checkInvitation(chan, con, other)
    if reason ~= nil then
        return u.refuse(con, const.FERR_THROTTLE_MESSAGE, reason)
    end
    if (kind == "private" or is_locked) and not c.invite(chan, other) then
        return u.refuse(con, const.FERR_TOO_MANY_CHANNEL_BANS, "The room has too many invitations. Put somebody out first.")
    end
    u.send(other, "CIU", { sender = u.getName(con), title = c.getTitle(chan), name = c.getName(chan) })
    common.tell(con, u.getName(other) .. " has been invited.")
    return const.FERR_OK
end

function event.CDS(con, args)
    local channel, description = text(args.channel), text(args.description)
    if channel == nil or description == nil then
        return const.FERR_BAD_SYNTAX
    end
    local found, chan = c.getChannel(string.lower(channel))
    if not found then
        return const.FERR_CHANNEL_NOT_FOUND
    end
    if #description > DESCRIPTION_MAX then
        return const.FERR_DESCRIPTION_TOO_LONG
    end
    if not common.may_moderate(con, chan) then
        return const.FERR_NOT_OP
    end
    local escaped = s.escapeHTML(description)
    if common.is_blacklisted(description) then
        -- The author sees a text as usual that others do not get to see.
        u.send(con, "CDS", { channel = c.getName(chan), description = escaped })
        return const.FERR_OK
    end
    c.setDescription(chan, escaped)
    c.sendAll(chan, "CDS", { channel = c.getName(chan), description = escaped })
    common.log_if_public(con, chan, "CDS", args)
    s.logMessage("channel_description", con, chan, nil, escaped)
    return const.FERR_OK
end

-- Clients that do not know topics show the sentence; others read the key `topic`.
local function topic_set(con, chan, topic)
    local sentence = topic == "" and " has removed the topic." or " has set the topic: " .. topic
    return { channel = c.getName(chan), message = u.getName(con) .. sentence, topic = topic }
end

function event.CTO(con, args)
    local channel, topic = text(args.channel), text(args.topic)
    if channel == nil or topic == nil then
        return const.FERR_BAD_SYNTAX
    end
    local found, chan = c.getChannel(string.lower(channel))
    if not found then
        return const.FERR_CHANNEL_NOT_FOUND
    end
    if not common.may_moderate(con, chan) then
        return const.FERR_NOT_OP
    end
    local escaped = s.escapeHTML(topic)
    if escaped == c.getTopic(chan) then
        return const.FERR_OK
    end
    if u.checkUpdateTimer(con, "cto", TOPIC_FLOOD) then
        return const.FERR_THROTTLE_MESSAGE
    end
    if common.is_blacklisted(topic) then
        -- As with a description: the author alone hears it.
        u.send(con, "SYS", topic_set(con, chan, escaped))
        return const.FERR_OK
    end
    c.setTopic(chan, escaped)
    c.sendAll(chan, "SYS", topic_set(con, chan, escaped))
    common.log_if_public(con, chan, "CTO", args)
    s.logMessage("channel_topic", con, chan, nil, escaped)
    return const.FERR_OK
end

function event.RMO(con, args)
    local channel, mode = text(args.channel), text(args.mode)
    if channel == nil or mode == nil then
        return const.FERR_BAD_SYNTAX
    end
    mode = string.lower(mode)
    if not MODES[mode] then
        return const.FERR_BAD_SYNTAX
    end
    local found, chan = c.getChannel(string.lower(channel))
    if not found then
        return const.FERR_CHANNEL_NOT_FOUND
    end
    if not common.may_own(con, chan) then
        return const.FERR_NOT_OP
    end
    c.setMode(chan, mode)
    c.sendAll(chan, "RMO", { channel = c.getName(chan), mode = mode })
    common.log_if_public(con, chan, "RMO", args)
    return const.FERR_OK
end

function event.RST(con, args)
    local channel, status = text(args.channel), string.lower(text(args.status) or "")
    if channel == nil or (status ~= "public" and status ~= "private") then
        return const.FERR_BAD_SYNTAX
    end
    local found, chan = c.getChannel(string.lower(channel))
    if not found then
        return const.FERR_CHANNEL_NOT_FOUND
    end
    -- The type of the staff room cannot be changed by any user.
    if not common.may_own(con, chan) or staff.is_staff_room(chan) then
        return const.FERR_NOT_OP
    end
    if c.getType(chan) == "public" then
        return const.FERR_BAD_SYNTAX
    end
    c.setPublic(chan, status == "public")
    common.tell_about(con, chan, common.say.room_is(status))
    return const.FERR_OK
end

-- Sends a list of names: usually in one frame, a long list in several frames with the same beginning.
local function tell_names(con, chan, beginning, names)
    local heading = beginning .. c.getTitle(chan) .. ": "
    local part, bytes = {}, 0
    for _, name in ipairs(names) do
        if bytes + #name > NAMES_MAX then
            common.tell_about(con, chan, heading .. table.concat(part, ", "))
            part, bytes = {}, 0
        end
        table.insert(part, name)
        bytes = bytes + #name + 2
    end
    common.tell_about(con, chan, heading .. table.concat(part, ", "))
end

function event.COL(con, args)
    local channel = text(args.channel)
    if channel == nil then
        return const.FERR_BAD_SYNTAX
    end
    local found, chan = c.getChannel(string.lower(channel))
    if not found then
        return const.FERR_CHANNEL_NOT_FOUND
    end
    local name, moderators = c.getName(chan), c.getModList(chan)
    u.send(con, "COL", { channel = name, array_oplist = moderators })
    tell_names(con, chan, "Channel moderators for ", moderators)
    return const.FERR_OK
end

function event.CBL(con, args)
    local channel = text(args.channel)
    if channel == nil then
        return const.FERR_BAD_SYNTAX
    end
    local found, chan = c.getChannel(string.lower(channel))
    if not found then
        return const.FERR_CHANNEL_NOT_FOUND
    end
    local names = {}
    for _, lname in ipairs(c.getBanList(chan)) do
        local _, ban = c.getBan(chan, lname)
        table.insert(names, ban and ban.name or lname)
    end
    tell_names(con, chan, "Channel bans for ", names)
    return const.FERR_OK
end

function event.CRC(con, args)
    local channel = text(args.channel)
    if channel == nil or channel == "" then
        return const.FERR_BAD_SYNTAX
    end
    if not u.hasRole(con, "admin") then
        return const.FERR_NOT_OP
    end
    if not c.getChannel(string.lower(channel)) then
        c.createChannel(channel)
        common.tell(con, "The public channel " .. channel .. " has been made.")
        s.logAction(con, "CRC", args)
    end
    return const.FERR_OK
end

function event.KIC(con, args)
    local channel = text(args.channel)
    if channel == nil then
        return const.FERR_BAD_SYNTAX
    end
    local found, chan = c.getChannel(string.lower(channel))
    if not found then
        return const.FERR_CHANNEL_NOT_FOUND
    end
    if not (c.isOwner(chan, con) or u.hasRole(con, "admin")) or staff.is_staff_room(chan) then
        return const.FERR_NOT_OP
    end
    local title = c.getTitle(chan)
    s.logMessage("channel_destroy", con, chan)
    common.log_if_public(con, chan, "KIC", args)
    c.sendAll(chan, "BRO", { message = "The channel " .. title .. " has been closed for good." })
    c.destroyChannel(string.lower(c.getName(chan)))
    common.tell(con, "The channel " .. title .. " is gone.")
    return const.FERR_OK
end

return channels
