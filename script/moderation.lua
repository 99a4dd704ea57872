-- Moderation of one channel: its moderators and owner, kicks, bans and timeouts.

local common = require("common")
local staff = require("staff")
local text = common.text

local moderation = {}

local STAFF_BANS_MAX = 1000
local BANS_MAX, MODERATORS_MAX

function moderation.init()
    BANS_MAX = s.getConfigDouble("channel_bans_max")
    MODERATORS_MAX = s.getConfigDouble("channel_moderators_max")
end

-- The channel and the character in a command, or the error number.
local function named(args)
    local channel, character = text(args.channel), text(args.character)
    if channel == nil or character == nil then
        return nil, "", const.FERR_BAD_SYNTAX
    end
    local found, chan = c.getChannel(string.lower(channel))
    if not found then
        return nil, "", const.FERR_CHANNEL_NOT_FOUND
    end
    return chan, character, const.FERR_OK
end

-- Informs all members of the channel of a change of moderators.
local function announce(chan, code, name, silent, message)
    local channel = c.getName(chan)
    if not silent then
        c.sendAll(chan, "SYS", { channel = channel, message = message })
    end
    c.sendCOL(chan)
    c.sendAll(chan, code, { channel = channel, character = name })
end

local function is_silent(value)
    return value ~= nil and value ~= false
end

function event.COA(con, args)
    if text(args.character) == "" then
        return const.FERR_BAD_SYNTAX
    end
    local chan, character, fault = named(args)
    if chan == nil then
        return fault
    end
    if not common.may_own(con, chan) then
        return const.FERR_NOT_OP
    end
    if c.isMod(chan, character) then
        return const.FERR_OK
    end
    if c.getModCount(chan) >= MODERATORS_MAX then
        return u.refuse(con, const.FERR_TOO_MANY_CHANNEL_BANS, "The channel has too many moderators. Remove one first.")
    end
    local name, other = common.canonical(character)
    if not c.addMod(chan, con, name) then
        return const.FERR_OK
    end
    if other ~= nil and c.getType(chan) == "public" then
        staff.invite(other)
    end
    announce(chan, "COA", name, is_silent(args.silent), u.getName(con) .. " has made " .. name .. " a moderator.")
    common.log_if_public(con, chan, "COA", args)
    s.logMessage("channel_op_add", con, chan, name)
    return const.FERR_OK
end

function event.COR(con, args)
    local chan, character, fault = named(args)
    if chan == nil then
        return fault
    end
    if not common.may_own(con, chan) then
        return const.FERR_NOT_OP
    end
    if c.isOwner(chan, character) then
        return const.FERR_OK
    end
    local name = c.removeMod(chan, character)
    if name == nil then
        return const.FERR_OK
    end
    if c.getType(chan) == "public" then
        staff.withdraw(name)
    end
    local message = u.getName(con) .. " has taken " .. name .. " off the moderators."
    announce(chan, "COR", name, is_silent(args.silent), message)
    common.log_if_public(con, chan, "COR", args)
    s.logMessage("channel_op_remove", con, chan, name)
    return const.FERR_OK
end

function event.CSO(con, args)
    local chan, character, fault = named(args)
    if chan == nil then
        return fault
    end
    if not common.may_own(con, chan) then
        return const.FERR_NOT_OP
    end
    local online, other = u.getConnection(string.lower(character))
    if not online then
        return const.FERR_USER_NOT_FOUND
    end
    local name = u.getName(other)
    c.setOwner(chan, other)
    announce(chan, "CSO", name, false, u.getName(con) .. " has given the channel to " .. name .. ".")
    c.sendAll(chan, "COA", { channel = c.getName(chan), character = name })
    common.log_if_public(con, chan, "CSO", args)
    s.logMessage("channel_owner_set", con, chan, other)
    return const.FERR_OK
end

-- Removes a character from the channel, visible to all members.
local function put_out(chan, target)
    c.sendAll(chan, "LCH", { channel = c.getName(chan), character = u.getName(target) })
    c.part(chan, target)
end

-- A character that was removed from a private room or a locked channel needs a new invitation.
local function withdraw_invitation(chan, name)
    if c.getType(chan) == "private" or c.isLocked(chan) then
        c.removeInvite(chan, string.lower(name))
    end
end

function event.CKU(con, args)
    local chan, character, fault = named(args)
    if chan == nil then
        return fault
    end
    local online, target = u.getConnection(string.lower(character))
    if not online then
        return const.FERR_USER_NOT_FOUND
    end
    if not common.may_moderate(con, chan) then
        return const.FERR_NOT_OP
    end
    if not (c.inChannel(chan, con) and c.inChannel(chan, target)) then
        return const.FERR_USER_NOT_IN_CHANNEL
    end
    local name = u.getName(target)
    if common.is_protected({ name = name, con = target, role = "" }, chan, con) then
        return const.FERR_DENIED_ON_OP
    end
    withdraw_invitation(chan, name)
    c.sendAll(chan, "CKU", { channel = c.getName(chan), operator = u.getName(con), character = name })
    put_out(chan, target)
    common.log_if_public(con, chan, "CKU", args)
    s.logMessage("channel_kick", con, chan, target)
    return const.FERR_OK
end

-- The common part of CBU and CTU: the checks after the right to use them, and the effects. `length` is in
-- minutes, nil for a permanent ban.
local function keep_out(con, chan, character, code, length, args)
    if c.getBanCount(chan) >= BANS_MAX and not common.overrides(con, chan) then
        return const.FERR_TOO_MANY_CHANNEL_BANS
    end
    local person, fault = common.find_person(con, character)
    if person == nil then
        return fault
    end
    if common.is_protected(person, chan, con) then
        return const.FERR_DENIED_ON_OP
    end
    local name, target = person.name, person.con
    if c.isBanned(chan, name) then
        return const.FERR_ALREADY_CHANNEL_BANNED
    end
    if c.getBanCount(chan) >= math.max(BANS_MAX, STAFF_BANS_MAX) then
        return const.FERR_TOO_MANY_CHANNEL_BANS
    end
    c.sendAll(chan, code, {
        channel = c.getName(chan),
        operator = u.getName(con),
        character = name,
        length = length,
    })
    if length ~= nil then
        c.timeout(chan, con, name, length * 60)
    else
        c.ban(chan, con, name)
    end
    if target ~= nil and c.inChannel(chan, target) then
        put_out(chan, target)
    end
    c.putOutBanned(chan, name)
    common.log_if_public(con, chan, code, args)
    s.logMessage(length ~= nil and "channel_timeout" or "channel_ban", con, chan, name)
    return const.FERR_OK
end

function event.CBU(con, args)
    local chan, character, fault = named(args)
    if chan == nil then
        return fault
    end
    if not common.may_moderate(con, chan) then
        return const.FERR_NOT_OP
    end
    return keep_out(con, chan, character, "CBU", nil, args)
end

function event.CTU(con, args)
    if args.channel == nil or args.character == nil or args.length == nil then
        return const.FERR_BAD_SYNTAX
    end
    local length = common.minutes(args.length)
    if length == nil then
        return const.FERR_BAD_TIMEOUT_FORMAT
    end
    local chan, character, fault = named(args)
    if chan == nil then
        return fault
    end
    if not common.may_moderate(con, chan) then
        return const.FERR_NOT_OP
    end
    if not c.inChannel(chan, con) then
        return const.FERR_USER_NOT_IN_CHANNEL
    end
    return keep_out(con, chan, character, "CTU", length, args)
end

function event.CUB(con, args)
    local chan, character, fault = named(args)
    if chan == nil then
        return fault
    end
    if not common.may_moderate(con, chan) then
        return const.FERR_NOT_OP
    end
    if not c.isBanned(chan, character) then
        return const.FERR_NOT_CHANNEL_BANNED
    end
    c.unban(chan, string.lower(character))
    local name = common.canonical(character)
    common.tell_about(con, chan, common.say.unbanned(name))
    common.log_if_public(con, chan, "CUB", args)
    s.logMessage("channel_ban_remove", con, chan, name)
    return const.FERR_OK
end

return moderation
