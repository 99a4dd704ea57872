-- Messages of the website for users who are online: rtb.XXX handles its message XXX.

local common = require("common")
local staff = require("staff")

-- The connections of the account that a message is about.
local function connections_of(args)
    local account = tonumber(args.a)
    return account ~= nil and u.getByAccountID(account) or nil
end

local function tell_moderators(message)
    s.broadcastOps("SYS", { message = message })
end

-- The names of some connections.
local function names_of(connections)
    local names = {}
    for _, con in ipairs(connections) do
        table.insert(names, u.getName(con))
    end
    return #names > 0 and table.concat(names, ", ") or "nobody who is online"
end

-- Actions of the website are written to the action log, with the names of the characters that are online.
local function log(args, code, connections)
    local whom = connections[1] ~= nil and names_of(connections) or nil
    s.logAction(nil, code, args, whom)
end

local function kick(con, number, message)
    u.sendError(con, number or const.FERR_KICKED, message)
    u.close(con)
end

-- A message for a user, sent unchanged.
function rtb.RTB(args)
    local connections = connections_of(args)
    if connections ~= nil and type(args.c) == "string" then
        for _, con in ipairs(connections) do
            u.sendRaw(con, "RTB " .. args.c)
        end
    end
end

-- The ignore list of the account was changed on the website.
function rtb.IGN(args)
    local connections = connections_of(args)
    local name = common.text(args.n)
    if connections == nil or name == nil or connections[1] == nil then
        return
    end
    if args.action == "add" then
        u.addIgnore(connections[1], string.lower(name))
    elseif args.action == "delete" then
        u.removeIgnore(connections[1], string.lower(name))
    else
        return
    end
    for _, con in ipairs(connections) do
        u.send(con, "IGN", { action = args.action, character = name })
    end
end

-- Sets a hell-ban of this account, or lifts it if `hellban` is 0. At later log-ins the login check reports
-- it.
function rtb.HLB(args)
    local connections = connections_of(args)
    if connections == nil then
        return
    end
    local hellbanned = args.hellban == nil or common.is_yes(args.hellban)
    for _, con in ipairs(connections) do
        u.setHellban(con, hellbanned)
    end
    log(args, "HLB", connections)
    if not hellbanned then
        return
    end
    tell_moderators("The website has silenced account " .. tostring(args.a) .. ": " .. names_of(connections) .. ".")
end

-- The connections except the one that stays when its owner has set another password.
local function without_kept(connections, args)
    local keep, address = common.text(args.keep), common.text(args.ip)
    if keep == nil or address == nil then
        return connections
    end
    local others = {}
    for _, con in ipairs(connections) do
        if string.lower(u.getName(con)) ~= string.lower(keep) or not u.isFrom(con, address) then
            table.insert(others, con)
        end
    end
    return others
end

-- Disconnects the account; if it is banned, with the reason for its owner.
function rtb.KIK(args)
    local connections = connections_of(args)
    if connections == nil then
        return
    end
    connections = without_kept(connections, args)
    args.ip = nil -- addresses do not belong into logs of actions
    local names = names_of(connections)
    log(args, "KIK", connections)
    for _, con in ipairs(connections) do
        if common.is_yes(args.banned) then
            kick(con, const.FERR_BANNED_FROM_SERVER, common.text(args.m))
        else
            kick(con)
        end
    end
    if not common.is_yes(args.s) then
        tell_moderators("The website has kicked account " .. tostring(args.a) .. ": " .. names .. ".")
    else
        -- The account may be deleted, with its characters.
        s.checkOwners()
    end
end

-- The successor of an owner: the first moderator, or an empty name, which gives the channel to the staff.
local function heir_of(chan, owner)
    for _, name in ipairs(c.getModList(chan)) do
        if name ~= "" and string.lower(name) ~= string.lower(owner) and c.isMod(chan, name) then
            return name
        end
    end
    return nil
end

-- A character was deleted: the channels that it owned get other owners.
local function inherit(owner)
    for _, chan in ipairs(c.getOwned(owner)) do
        local channel, heir = c.getName(chan), heir_of(chan, owner)
        c.setOwner(chan, heir or "")
        local message = owner .. " exists no more. The channel is " .. (heir or "the staff") .. "'s now."
        c.sendAll(chan, "SYS", { channel = channel, message = message })
        c.sendCOL(chan)
        if heir ~= nil then
            c.sendAll(chan, "CSO", { channel = channel, character = heir })
            c.sendAll(chan, "COA", { channel = channel, character = heir })
        end
        if c.getType(chan) == "public" then
            s.logAction(nil, "CSO", { channel = channel, character = heir or "", owner = owner })
        end
    end
end

-- The account service reports a deleted character.
function rtb.OWN(args)
    local name = common.text(args.n)
    if name ~= nil then
        staff.remove_admins(name)
        inherit(name)
    end
end

-- Disconnects one character of the account.
function rtb.CDL(args)
    local connections = connections_of(args)
    local name = common.text(args.n)
    if connections == nil or name == nil then
        return
    end
    for _, con in ipairs(connections) do
        local _, character = u.getAccountCharacterIDs(con)
        if string.lower(u.getName(con)) == string.lower(name) or character == tonumber(name) then
            kick(con)
        end
    end
    if tonumber(name) == nil then
        staff.remove_admins(name)
        inherit(name)
    else
        s.checkOwners()
    end
end

-- The account became an administrator's, or is no longer one.
function rtb.ADM(args)
    local is_admin = common.is_yes(args.admin)
    for _, con in ipairs(connections_of(args) or {}) do
        u.setAdmin(con, is_admin)
        if is_admin and staff.add_admin(con) then
            staff.announce(con)
        end
    end
    local account = tonumber(args.a)
    if not is_admin and account ~= nil then
        staff.remove_admins(account)
    end
end

return {}
