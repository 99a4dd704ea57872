-- IGN: the ignore list of an account. All connections of the account share one list.

local common = require("common")
local text = common.text

local ignore_flood = 30

local ignores = {}

function ignores.init()
    ignore_flood = s.getConfigDouble("ignore_flood")
end

-- Sends a message to every connection of the account.
local function tell_account(con, message)
    for _, each in ipairs(u.getByAccount(con)) do
        u.send(each, "IGN", message)
    end
end

local function add(con, name)
    if s.isOp(name) then
        return const.FERR_DENIED_ON_OP
    end
    if u.getIgnoreCount(con) >= s.getConfigDouble("ignores_max") or not u.addIgnore(con, string.lower(name)) then
        return const.FERR_IGNORE_LIST_FULL
    end
    name = common.canonical(name)
    tell_account(con, { action = "add", character = name })
    s.logMessage("ignore_add", con, nil, name)
    return const.FERR_OK
end

local function delete(con, name)
    if name == "*" then
        u.setIgnores(con, {})
        tell_account(con, { action = "init", array_characters = {} })
        s.logMessage("ignore_remove", con, nil, name)
        return const.FERR_OK
    end
    u.removeIgnore(con, string.lower(name))
    name = common.canonical(name)
    tell_account(con, { action = "delete", character = name })
    s.logMessage("ignore_remove", con, nil, name)
    return const.FERR_OK
end

-- Informs a sender that a message was ignored.
local function notify(con, name)
    local online, other = u.getConnection(string.lower(name))
    if online and not u.checkUpdateTimer(con, "ignore", ignore_flood) then
        u.sendError(other, const.FERR_IGNORED, u.getName(con) .. " ignores you.")
        s.logMessage("ignore_notify", con, nil, other)
    end
    return const.FERR_OK
end

function event.IGN(con, args)
    local character = text(args.character)
    if args.action == "list" then
        u.send(con, "IGN", { action = "list", array_characters = u.getIgnoreList(con) })
        return const.FERR_OK
    elseif character == nil then
        return const.FERR_BAD_SYNTAX
    elseif args.action == "add" then
        return add(con, character)
    elseif args.action == "delete" then
        return delete(con, character)
    elseif args.action == "notify" then
        return notify(con, character)
    end
    return const.FERR_BAD_SYNTAX
end

return ignores
