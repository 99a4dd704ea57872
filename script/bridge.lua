-- What the website tells people who are online: rtb.XXX answers its message XXX.

local common = require("common")

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

-- What the website does to people is in the action log, with the names of those who are online.
local function log(args, code, connections)
    local whom = connections[1] ~= nil and names_of(connections) or nil
    s.logAction(nil, code, args, whom)
end

local function kick(con, number, message)
    u.sendError(con, number or const.FERR_KICKED, message)
    u.close(con)
end

-- News for a user, as it stands.
function rtb.RTB(args)
    local connections = connections_of(args)
    if connections ~= nil and type(args.c) == "string" then
        for _, con in ipairs(connections) do
            u.sendRaw(con, "RTB " .. args.c)
        end
    end
end

-- Whom the account ignores was changed on the website.
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

-- From now on nobody hears this account.
function rtb.HLB(args)
    local connections = connections_of(args)
    if connections == nil then
        return
    end
    for _, con in ipairs(connections) do
        u.setMiscData(con, "hellban", "yes")
    end
    log(args, "HLB", connections)
    tell_moderators("The website has silenced account " .. tostring(args.a) .. ": " .. names_of(connections) .. ".")
end

-- The connections without the one that stays when its owner has set another password.
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

-- The account has to go; where it is banned, with the words for its owner.
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
    end
end

-- One character of the account has to go.
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
end

-- The account became an administrator's, or is one no more.
function rtb.ADM(args)
    for _, con in ipairs(connections_of(args) or {}) do
        u.setAdmin(con, common.is_yes(args.admin))
    end
end

return {}
