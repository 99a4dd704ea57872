-- Channels and rooms: finding them, coming and going, making and changing them.

local common = require("common")
local staff = require("staff")
local text = common.text

local CHANNELS_MAX = 75
local LIST_PAUSE = 5 -- seconds between two answers to CHA, and to ORS
local ROOM_TITLE_MAX = 64 -- characters
local MODES = { both = true, ads = true, chat = true }

local DESCRIPTION_MAX, IGNORES_COUNT

local channels = {}

function channels.init()
    DESCRIPTION_MAX = s.getConfigDouble("cds_max")
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

function event.JCH(con, args)
    local channel = text(args.channel)
    if channel == nil then
        return const.FERR_BAD_SYNTAX
    end
    local found, chan = c.getChannel(string.lower(channel))
    if found and c.isApart(chan, con) then
        staff.join(con, chan)
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
            local minutes = (ban.timeout - s.getTime()) / 60
            local reason = string.format("You are timed out from this channel for %.2f minutes more.", minutes)
            u.sendError(con, const.FERR_CHANNEL_BANNED, reason)
            return const.FERR_OK
        elseif banned then
            return const.FERR_CHANNEL_BANNED
        end
        if c.getType(chan) == "private" and not c.isInvited(chan, con) then
            return const.FERR_NOT_INVITED
        end
    end
    staff.join(con, chan)
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
        -- The client thinks that it is in there: bring it back in step, with the name that it knows.
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
    if kind == "public" then
        return const.FERR_INVITE_TO_PUBLIC
    end
    if kind == "private" and not (c.isMod(chan, con) or common.is_staff(con)) then
        return const.FERR_NOT_OP
    end
    if IGNORES_COUNT and u.ignores(other, con) then
        return const.FERR_IGNORED
    end
    if kind == "private" and not c.invite(chan, other) then
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
    c.setDescription(chan, escaped)
    c.sendAll(chan, "CDS", { channel = c.getName(chan), description = escaped })
    common.log_if_public(con, chan, "CDS", args)
    s.logMessage("channel_description", con, chan, nil, escaped)
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
    local channel, status = text(args.channel), text(args.status)
    if channel == nil or (status ~= "public" and status ~= "private") then
        return const.FERR_BAD_SYNTAX
    end
    local found, chan = c.getChannel(string.lower(channel))
    if not found then
        return const.FERR_CHANNEL_NOT_FOUND
    end
    -- The staff room stays what it is, whoever asks.
    if not common.may_own(con, chan) or staff.is_staff_room(chan) then
        return const.FERR_NOT_OP
    end
    if c.getType(chan) == "public" then
        return const.FERR_BAD_SYNTAX
    end
    c.setPublic(chan, status == "public")
    local now = status == "public" and "open to everybody" or "for the invited only"
    common.tell_about(con, chan, "The room is now " .. now .. ".")
    return const.FERR_OK
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
    common.tell_about(con, chan, "Channel moderators for " .. name .. ": " .. table.concat(moderators, ", "))
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
    common.tell_about(con, chan, "Channel bans for " .. c.getName(chan) .. ": " .. table.concat(names, ", "))
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
