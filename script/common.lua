-- Functions shared by the other modules: reading fields, and rights.

local common = {}

-- A field as text; nil if it is missing or has no text form.
function common.text(value)
    local kind = type(value)
    if kind == "string" then
        return value
    elseif kind == "number" then
        return tostring(value)
    end
    return nil
end

-- The truth of a yes-or-no field in a log-in answer.
function common.is_yes(value)
    return value == 1 or value == "1" or value == true
end

-- The beginning of a text, up to a number of bytes, without an incomplete character at its end.
function common.cut(value, bytes)
    if #value <= bytes then
        return value
    end
    while bytes > 0 do
        local following = string.byte(value, bytes + 1)
        if following < 0x80 or following >= 0xC0 then
            break
        end
        bytes = bytes - 1
    end
    return string.sub(value, 1, bytes)
end

local longest_timeout, super_list_counts = 5256000, false

-- Parses a number of minutes: a finite decimal from 1 to timeout_max. nil for anything else.
function common.minutes(value)
    if type(value) == "string" and not string.find(value, "^%s*%d+%.?%d*%s*$") then
        return nil
    end
    local minutes = (type(value) == "string" or type(value) == "number") and tonumber(value) or nil
    if minutes == nil or not (minutes >= 1 and minutes <= longest_timeout) then
        return nil
    end
    return minutes
end

-- Sentences that other programs match word by word. docs/clients.md names these programs; a test checks the
-- words.
common.say = {
    reported = "The moderators have been alerted.",
}

-- The answer to a report while no moderator is online.
common.report_kept = "No moderator is online at the moment. Your report is kept: moderators get it when they log in."

function common.say.room_is(status)
    return "This channel is now [b]" .. status .. "[/b]."
end
function common.say.unbanned(name)
    return name .. " has been removed from the channel ban list."
end

-- A duration in words, in whole minutes: "a minute", "12 minutes".
function common.duration(seconds)
    local minutes = math.ceil(seconds / 60)
    return minutes <= 1 and "a minute" or string.format("%d minutes", minutes)
end

-- Sends an informational message to a connection.
function common.tell(con, message)
    u.send(con, "SYS", { message = message })
end

-- The same with a channel.
function common.tell_about(con, chan, message)
    u.send(con, "SYS", { channel = c.getName(chan), message = message })
end

-- The canonical name of a character for a name that a client typed: that of the online character, otherwise
-- the name as typed. The second result is the connection if the character is online.
function common.canonical(name)
    local online, con = u.getConnection(string.lower(name))
    if online then
        return u.getName(con), con
    end
    return name, nil
end

-- Whether a connection is an administrator or a global moderator.
function common.is_staff(con)
    return u.hasRole(con, "admin") or u.hasRole(con, "global")
end

-- Whether a connection has the rights of a moderator in this channel without being one.
function common.overrides(con, chan)
    return common.is_staff(con) or (c.getType(chan) == "public" and u.hasRole(con, "super-cop"))
end

-- Whether a connection may moderate this channel.
function common.may_moderate(con, chan)
    return c.isMod(chan, con) or common.overrides(con, chan)
end

-- Whether a connection has the rights of this channel's owner.
function common.may_own(con, chan)
    return c.isOwner(chan, con) or common.is_staff(con)
end

-- The character for a name that a moderator typed, online or not: { name, con, account, role }. con is nil
-- for a character that is offline, account is 0 while unknown, and role is one outside the moderator lists.
-- Without such a character: nil and the error number of the command, which may be handled again later.
function common.find_person(con, typed)
    local state, name, account, role = s.findCharacter(typed)
    if state == "asked" then
        return nil, const.FERR_OK
    elseif state == "nobody" then
        local reason = "There is no character named " .. s.escapeHTML(typed) .. "."
        return nil, u.refuse(con, const.FERR_USER_NOT_FOUND, reason)
    end
    local online, other = u.getConnection(name)
    return { name = name, con = online and other or nil, account = account, role = role }
end

-- Whether a person is an administrator or a global moderator, online or not.
function common.is_staff_person(person)
    return person.role == "admin" or s.isOp(person.name) or (person.con ~= nil and common.is_staff(person.con))
end

-- Whether the list of super moderators makes a character one. If the list does not count, only the login
-- check does: an imported list must not give rights that no administrator of this server has given.
function common.is_super_by_list(name)
    return super_list_counts and s.isSCop(name)
end

-- Whether the list counts.
function common.super_list_counts()
    return super_list_counts
end

local PROTECTED = { "admin", "global", "super-cop", "cop" }

-- Whether a person is protected from kicks, bans and timeouts in this channel by this actor.
function common.is_protected(person, chan, actor)
    local name, con = person.name, person.con
    if c.getType(chan) == "public" then
        return c.isMod(chan, name)
            or person.role ~= ""
            or s.isOp(name)
            or common.is_super_by_list(name)
            or s.isChanOp(name)
            or (con ~= nil and u.hasAnyRole(con, PROTECTED))
    end
    local is_safe = c.isOwner(chan, name) or s.isOp(name) or (con ~= nil and u.isGlobMod(con))
    return is_safe and not common.overrides(actor, chan)
end

-- Moderation of public channels is of general interest and goes to the action log.
function common.log_if_public(con, chan, code, args)
    if c.getType(chan) == "public" then
        s.logAction(con, code, args)
    end
end

local message_flood, delays_messages = 0.5, false
local filters = false

-- Minimum age of an account, in hours, for creating rooms and posting ads.
local min_age = 0

function common.init()
    longest_timeout = s.getConfigDouble("timeout_max")
    super_list_counts = s.getConfigBool("super_moderator_list")
    message_flood = s.getConfigDouble("msg_flood")
    delays_messages = s.getConfigString("flood_mode") == "delay"
    min_age = s.getConfigDouble("min_account_age")
    filters = #s.getConfigStringList("blacklist_phrases") > 0
end

local TRUSTED = { "admin", "global", "super-cop" }

-- Refuses a command of an account that is too young; nil if it is old enough or its age is unknown.
function common.refuse_young(con, what)
    local made = min_age > 0 and tonumber(u.getMiscData(con, "account_made"))
    local left = made and made + min_age * 3600 - s.getTime() or 0
    if left <= 0 or u.hasAnyRole(con, TRUSTED) then
        return nil
    end
    local wait = left < 7200 and common.duration(left) or string.format("%d hours", math.ceil(left / 3600))
    return u.refuse(con, const.FERR_NOT_OP, "Your account is too young to " .. what .. ". Please try again in " .. wait .. ".")
end

-- Whether a text must be hidden from others.
function common.is_blacklisted(message)
    return filters and s.isBlacklisted(message)
end

-- Handles a message that comes too early: it is delayed or refused.
function common.too_early(con)
    if delays_messages and u.postpone(con, "msg", message_flood) then
        return const.FERR_OK
    end
    return const.FERR_THROTTLE_MESSAGE
end

return common
