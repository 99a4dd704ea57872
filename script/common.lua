-- What the other modules share: reading fields, and who may do what.

local common = {}

-- A field as text; nil when it is missing or can't be text.
function common.text(value)
    local kind = type(value)
    if kind == "string" then
        return value
    elseif kind == "number" then
        return tostring(value)
    end
    return nil
end

-- A field of a log-in answer that is yes or no.
function common.is_yes(value)
    return value == 1 or value == "1" or value == true
end

-- The beginning of a text, at most so many bytes, without half a character at its end.
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

-- Minutes as a person means them: a finite decimal of 1 or more, up to timeout_max. nil for anything else.
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

-- Sentences that programs of others look for, word by word. docs/clients.md names these programs; a test holds the words.
common.say = {
    reported = "The moderators have been alerted.",
}

-- The answer to a report that nobody hears at the moment.
common.report_kept = "No moderator is online at the moment. Your report is kept: moderators get it when they log in."

function common.say.room_is(status)
    return "This channel is now [b]" .. status .. "[/b]."
end
function common.say.unbanned(name)
    return name .. " has been removed from the channel ban list."
end

-- A time as people say it, in whole minutes: "a minute", "12 minutes".
function common.duration(seconds)
    local minutes = math.ceil(seconds / 60)
    return minutes <= 1 and "a minute" or string.format("%d minutes", minutes)
end

-- Tells somebody something that is no error.
function common.tell(con, message)
    u.send(con, "SYS", { message = message })
end

-- The same about a channel.
function common.tell_about(con, chan, message)
    u.send(con, "SYS", { channel = c.getName(chan), message = message })
end

-- The character of a name that a client typed, as everybody else knows it: its canonical name when it is online,
-- else the name as typed. Also gives the connection when it is online.
function common.canonical(name)
    local online, con = u.getConnection(string.lower(name))
    if online then
        return u.getName(con), con
    end
    return name, nil
end

-- Administrators and global moderators.
function common.is_staff(con)
    return u.hasRole(con, "admin") or u.hasRole(con, "global")
end

-- Whether somebody may do in this channel what its moderators may, without being one.
function common.overrides(con, chan)
    return common.is_staff(con) or (c.getType(chan) == "public" and u.hasRole(con, "super-cop"))
end

-- Whether somebody may moderate this channel.
function common.may_moderate(con, chan)
    return c.isMod(chan, con) or common.overrides(con, chan)
end

-- Whether somebody may do what only the owner of this channel may.
function common.may_own(con, chan)
    return c.isOwner(chan, con) or common.is_staff(con)
end

-- The character of a name that a moderator typed, online or not: { name, con, account, role }, where con is nil for
-- somebody who is not online, account is 0 while it is not known, and role is one that no list tells. Without such a
-- character: nil, and the number with which the command ends; it may be handled anew later.
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

-- Administrators and global moderators, online or not.
function common.is_staff_person(person)
    return person.role == "admin" or s.isOp(person.name) or (person.con ~= nil and common.is_staff(person.con))
end

-- Whether the list of super moderators makes somebody one. Otherwise only the login check does: a list that was taken over
-- gives nobody a right that nobody gave.
function common.is_super_by_list(name)
    return super_list_counts and s.isSCop(name)
end

-- Whether the list counts at all.
function common.super_list_counts()
    return super_list_counts
end

local PROTECTED = { "admin", "global", "super-cop", "cop" }

-- Whether a person is safe from being kicked, banned or timed out of this channel by this actor.
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

-- Moderation of public channels is everybody's business and goes to the action log.
function common.log_if_public(con, chan, code, args)
    if c.getType(chan) == "public" then
        s.logAction(con, code, args)
    end
end

local message_flood, delays_messages = 0.5, false
local filters = false

-- Hours that an account must have been there before it may make rooms and post ads.
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

-- Refuses a command for which an account is too young; nil when it is old enough or its age is not known.
function common.refuse_young(con, what)
    local made = min_age > 0 and tonumber(u.getMiscData(con, "account_made"))
    local left = made and made + min_age * 3600 - s.getTime() or 0
    if left <= 0 or u.hasAnyRole(con, TRUSTED) then
        return nil
    end
    local wait = left < 7200 and common.duration(left) or string.format("%d hours", math.ceil(left / 3600))
    return u.refuse(con, const.FERR_NOT_OP, "Your account is too young to " .. what .. ". Please try again in " .. wait .. ".")
end

-- Whether others are not to see a text.
function common.is_blacklisted(message)
    return filters and s.isBlacklisted(message)
end

-- What becomes of a message that comes too early: it waits its turn, or is refused.
function common.too_early(con)
    if delays_messages and u.postpone(con, "msg", message_flood) then
        return const.FERR_OK
    end
    return const.FERR_THROTTLE_MESSAGE
end

return common
