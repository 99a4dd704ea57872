-- Moderation of the whole server, and commands for administrators only.

local common = require("common")
local staff = require("staff")
local text = common.text

local TOO_MANY = "Too many bans by name wait for a log-in. Lift some with UNB first."

local offline_bans = true

local administration = {}

function administration.init()
    offline_bans = s.getConfigBool("offline_bans")
end

-- Sends an error to every connection of a person's account and closes them.
local function throw_out(person, number, message)
    local account = person.con ~= nil and u.getByAccount(person.con) or u.getByAccountID(person.account)
    for _, each in ipairs(account) do
        u.sendError(each, number, message)
        u.close(each)
    end
end

-- The target of a sanction against an account, in the form of common.find_person. Targets on the staff are
-- refused.
local function target_of(con, character)
    local person, fault
    if offline_bans then
        person, fault = common.find_person(con, character)
        if person == nil then
            return nil, fault
        end
    else
        local online, target = u.getConnection(string.lower(character))
        if not online then
            return nil, const.FERR_USER_NOT_FOUND
        end
        local account = u.getAccountCharacterIDs(target)
        person = { name = u.getName(target), con = target, account = account, role = "" }
    end
    if common.is_staff_person(person) then
        return nil, const.FERR_DENIED_ON_OP
    end
    return person
end

-- Reports a sanction to the moderator. If the account is not known, the sanction takes effect at the next
-- log-in.
local function tell_done(con, person, what, measure)
    local message = person.name .. " " .. what
    if person.con == nil and person.account == 0 then
        message = person.name .. " has not been here lately, so the account is not known. The " .. measure
            .. " is kept by name: it begins when " .. person.name .. " logs in, and then holds for the account."
    end
    common.tell(con, message)
end

function event.ACB(con, args)
    local character = text(args.character)
    if character == nil then
        return const.FERR_BAD_SYNTAX
    end
    if not common.is_staff(con) then
        return const.FERR_NOT_OP
    end
    local person, fault = target_of(con, character)
    if person == nil then
        return fault
    end
    local target = person.con or person.name
    if not s.addBan(target) then
        return u.refuse(con, const.FERR_TOO_MANY_CHANNEL_BANS, TOO_MANY)
    end
    tell_done(con, person, "is banned from the server, with every character of the account.", "ban")
    s.logAction(con, "ACB", args, target)
    s.logMessage("global_ban", con, nil, target)
    throw_out(person, const.FERR_BANNED_FROM_SERVER)
    return const.FERR_OK
end

function event.TMO(con, args)
    if args.character == nil or args.time == nil or args.reason == nil then
        return const.FERR_BAD_SYNTAX
    end
    local minutes = common.minutes(args.time)
    if minutes == nil then
        return const.FERR_BAD_TIMEOUT_FORMAT
    end
    local character, reason = text(args.character), text(args.reason)
    if character == nil or reason == nil then
        return const.FERR_BAD_SYNTAX
    end
    if not common.is_staff(con) then
        return const.FERR_NOT_OP
    end
    local person, fault = target_of(con, character)
    if person == nil then
        return fault
    end
    local target = person.con or person.name
    if not s.addTimeout(target, minutes * 60) then
        return u.refuse(con, const.FERR_TOO_MANY_CHANNEL_BANS, TOO_MANY)
    end
    local time = common.duration(minutes * 60)
    tell_done(con, person, "is timed out for " .. time .. ".", "timeout")
    s.logAction(con, "TMO", args, target)
    s.logMessage("global_timeout", con, nil, target, reason)
    local message = "You have been timed out for " .. time .. ": " .. s.escapeHTML(reason)
    throw_out(person, const.FERR_TIMED_OUT, message)
    return const.FERR_OK
end

-- Sets or lifts a hell-ban of a character's account: nobody receives the account's messages. The account is
-- not told.
function event.HLB(con, args)
    local character, action = text(args.character), text(args.action)
    if character == nil or (action ~= "add" and action ~= "remove") then
        return const.FERR_BAD_SYNTAX
    end
    if not u.hasRole(con, "admin") then
        return const.FERR_NOT_ADMIN
    end
    if action == "add" then
        local person, fault = target_of(con, character)
        if person == nil then
            return fault
        end
        local target = person.con or person.name
        if not s.addHellban(target) then
            return u.refuse(con, const.FERR_TOO_MANY_CHANNEL_BANS, TOO_MANY)
        end
        tell_done(con, person, "is hell-banned, with every character of the account.", "hell-ban")
        s.logAction(con, "HLB", args, target)
    elseif s.removeHellban(character) then
        common.tell(con, s.escapeHTML(character) .. " is heard again.")
        s.logAction(con, "HLB", args)
    else
        common.tell(con, "No hell-ban is recorded under the name " .. s.escapeHTML(character) .. ".")
    end
    return const.FERR_OK
end

function event.UNB(con, args)
    local character = text(args.character)
    if character == nil then
        return const.FERR_BAD_SYNTAX
    end
    if not common.is_staff(con) then
        return const.FERR_NOT_OP
    end
    local banned = s.removeBan(string.lower(character))
    local timed_out = s.removeTimeout(string.lower(character))
    if banned or timed_out then
        common.tell(con, character .. " may come back.")
        s.logAction(con, "UNB", args)
        s.logMessage("global_unban", con, nil, character)
    else
        common.tell(con, "Nothing is recorded under the name " .. character .. ".")
    end
    return const.FERR_OK
end

-- Horizon sends this name.
event.UBN = event.UNB

function event.KIK(con, args)
    local character = text(args.character)
    if character == nil then
        return const.FERR_BAD_SYNTAX
    end
    if not common.is_staff(con) then
        return const.FERR_NOT_OP
    end
    local online, target = u.getConnection(string.lower(character))
    if not online then
        return const.FERR_USER_NOT_FOUND
    end
    u.sendError(target, const.FERR_KICKED)
    u.close(target)
    common.tell(con, u.getName(target) .. " has been kicked from the server.")
    s.logAction(con, "KIK", args)
    s.logMessage("global_kick", con, nil, target)
    return const.FERR_OK
end

function event.AOP(con, args)
    local character = text(args.character)
    if character == nil then
        return const.FERR_BAD_SYNTAX
    end
    if not u.hasRole(con, "admin") then
        return const.FERR_NOT_ADMIN
    end
    local online, target = u.getConnection(string.lower(character))
    if not online then
        return const.FERR_USER_NOT_FOUND
    end
    local name = u.getName(target)
    if s.isOp(name) then
        return const.FERR_ALREADY_OP
    end
    if not s.addOp(name) then
        return u.refuse(con, const.FERR_ALREADY_OP, "There are too many global moderators. Take one off the list first.")
    end
    u.setGlobMod(target, true)
    if not staff.is_known_admin(name) then
        s.broadcast("AOP", { character = name })
    end
    common.tell(con, name .. " is a global moderator now.")
    s.logAction(con, "AOP", args)
    s.logMessage("global_op_add", con, nil, target)
    return const.FERR_OK
end

function event.DOP(con, args)
    local character = text(args.character)
    if character == nil then
        return const.FERR_BAD_SYNTAX
    end
    if not u.hasRole(con, "admin") then
        return const.FERR_NOT_ADMIN
    end
    local name = s.removeOp(character)
    if name == nil then
        return const.FERR_NOT_AN_OP
    end
    local online, target = u.getConnection(string.lower(name))
    if online then
        u.setGlobMod(target, false)
    end
    if not staff.is_known_admin(name) then
        s.broadcast("DOP", { character = name })
    end
    common.tell(con, name .. " is no global moderator any more.")
    s.logAction(con, "DOP", args)
    s.logMessage("global_op_remove", con, nil, name)
    return const.FERR_OK
end

function event.SCP(con, args)
    local action, character = text(args.action), text(args.character)
    if args.action == nil and args.character == nil then
        return const.FERR_BAD_SYNTAX
    end
    if not u.hasRole(con, "admin") then
        return const.FERR_NOT_ADMIN
    end
    if character == nil or (action ~= "add" and action ~= "remove") then
        return const.FERR_BAD_SYNTAX
    end
    local name, target = common.canonical(character)
    if action == "add" then
        if not s.isSCop(name) and not s.addSCop(name) then
            return u.refuse(con, const.FERR_ALREADY_OP, "There are too many super moderators. Take one off the list first.")
        end
        if target ~= nil and common.super_list_counts() then
            u.addRole(target, "super-cop")
        end
    else
        s.removeSCop(name)
        if target ~= nil and common.super_list_counts() then
            u.removeRole(target, "super-cop")
        end
    end
    s.logAction(con, "SCP", args)
    return const.FERR_OK
end

function event.RWD(con, args)
    local character = text(args.character)
    if character == nil then
        return const.FERR_BAD_SYNTAX
    end
    if not u.hasRole(con, "admin") then
        return const.FERR_NOT_ADMIN
    end
    local online, target = u.getConnection(string.lower(character))
    if not online then
        return const.FERR_USER_NOT_FOUND
    end
    u.setStatus(target, "crown", nil)
    local status, message = u.getStatus(target)
    s.broadcast("STA", { character = u.getName(target), status = status, statusmsg = message })
    s.logAction(con, "RWD", args)
    return const.FERR_OK
end

function event.BRO(con, args)
    local message = text(args.message)
    if message == nil then
        return const.FERR_BAD_SYNTAX
    end
    if not u.hasRole(con, "admin") then
        return const.FERR_NOT_ADMIN
    end
    if #message > s.getConfigDouble("priv_max") then
        return const.FERR_MESSAGE_TOO_LONG
    end
    local name, escaped = u.getName(con), s.escapeHTML(message)
    -- Clients remove this prefix, so it must not change.
    s.broadcast("BRO", { character = name, message = "[b]Broadcast from " .. name .. ":[/b] " .. escaped })
    s.logAction(con, "BRO", args)
    s.logMessage("broadcast", con, nil, nil, escaped)
    return const.FERR_OK
end

function event.RLD(con, args)
    if not u.hasRole(con, "admin") then
        return const.FERR_NOT_ADMIN
    end
    local save = args.save ~= nil
    s.reload(save)
    if save then
        common.tell(con, "The state is being saved.")
    end
    common.tell(con, "Configuration, bans and moderators are being read again.")
    s.logAction(con, "RLD", args)
    return const.FERR_OK
end

function event.AWC(con, args)
    return const.FERR_NOT_IMPLEMENTED
end

return administration
