-- Queries of clients about the server and about characters.

local common = require("common")
local text = common.text

local profile_flood, kinks_flood = 10, 10

local information = {}

function information.init()
    profile_flood = s.getConfigDouble("profile_flood")
    kinks_flood = s.getConfigDouble("kinks_flood")
end

function event.UPT(con, args)
    local users, most_users, channels, started, now, accepted, started_text = s.getStats()
    u.send(con, "UPT", {
        users = users,
        maxusers = most_users,
        channels = channels,
        starttime = started,
        time = now,
        accepted = accepted,
        startstring = started_text,
    })
    return const.FERR_OK
end

-- The sorted keys of a table, so that all clients get them in the same order.
local function sorted_keys(values)
    local keys = {}
    for key in pairs(values) do
        table.insert(keys, key)
    end
    table.sort(keys)
    return keys
end

function event.PRO(con, args)
    local character = text(args.character)
    if character == nil then
        return const.FERR_BAD_SYNTAX
    end
    if u.checkUpdateTimer(con, "pro", profile_flood) then
        return const.FERR_THROTTLE_PROFILE
    end
    local online, other = u.getConnection(string.lower(character))
    if not online then
        return const.FERR_USER_NOT_FOUND
    end
    local name = u.getName(other)
    u.send(con, "PRD", { type = "start", character = name, message = "Profile of " .. name .. "." })
    local tags = u.getInfoTags(other)
    for _, key in ipairs(sorted_keys(tags)) do
        u.send(con, "PRD", { type = "info", character = name, key = s.escapeHTML(key), value = s.escapeHTML(tags[key]) })
    end
    u.send(con, "PRD", { type = "end", character = name, message = "End of the profile of " .. name .. "." })
    return const.FERR_OK
end

function event.KIN(con, args)
    local character = text(args.character)
    if character == nil then
        return const.FERR_BAD_SYNTAX
    end
    if u.checkUpdateTimer(con, "kin", kinks_flood) then
        return const.FERR_THROTTLE_KINKS
    end
    local online, other = u.getConnection(string.lower(character))
    if not online then
        return const.FERR_USER_NOT_FOUND
    end
    local name = u.getName(other)
    u.send(con, "KID", { type = "start", character = name, message = "Custom kinks of " .. name .. "." })
    local kinks = u.getCustomKinks(other)
    for _, key in ipairs(sorted_keys(kinks)) do
        u.send(con, "KID", { type = "custom", character = name, key = s.escapeHTML(key), value = s.escapeHTML(kinks[key]) })
    end
    u.send(con, "KID", { type = "end", character = name, message = "End of the custom kinks of " .. name .. "." })
    return const.FERR_OK
end

function event.FRL(con, args)
    u.send(con, "FRL", { array_characters = u.getFriendList(con) })
    return const.FERR_OK
end

return information
