-- Bans of networks, and paused registration. For administrators.

local common = require("common")
local text = common.text

-- Maximum number of list entries in one answer.
local SHOWN = 50
-- A hundred years.
local MINUTES_MAX = 100 * 365 * 24 * 60

-- The seconds until the end of a new ban; nil for a ban without an end, false for an invalid value.
local function seconds(value)
    if value == nil then
        return nil
    end
    local minutes = (type(value) == "string" or type(value) == "number") and tonumber(value) or nil
    if minutes == nil or not (minutes >= 1 and minutes <= MINUTES_MAX) then
        return false
    end
    return minutes * 60
end

-- Bans a network, or the network of an online character.
function event.NBN(con, args)
    local network, character, reason = text(args.network), text(args.character), text(args.reason) or ""
    if (network == nil) == (character == nil) then
        return const.FERR_BAD_SYNTAX
    end
    if not u.hasRole(con, "admin") then
        return const.FERR_NOT_ADMIN
    end
    local time = seconds(args.time)
    if time == false then
        return const.FERR_BAD_TIMEOUT_FORMAT
    end
    if character ~= nil then
        local online, target = u.getConnection(string.lower(character))
        if not online then
            return const.FERR_USER_NOT_FOUND
        end
        if common.is_staff(target) and not common.is_yes(args.force) then
            return const.FERR_DENIED_ON_OP
        end
        network = s.getNetwork(target)
    end
    local banned, outcome = s.addNetworkBan(con, network, reason, time, common.is_yes(args.force))
    if not banned then
        u.sendError(con, const.FERR_BAD_SYNTAX, outcome)
        return const.FERR_OK
    end
    common.tell(con, network .. " is banned. Sessions ended: " .. tostring(outcome) .. ".")
    s.logAction(con, "NBN", args, network)
    return const.FERR_OK
end

function event.NUB(con, args)
    local network = text(args.network)
    if network == nil then
        return const.FERR_BAD_SYNTAX
    end
    if not u.hasRole(con, "admin") then
        return const.FERR_NOT_ADMIN
    end
    local removed = s.removeNetworkBan(network)
    if removed == nil then
        common.tell(con, network .. " is not on the list of banned networks. A ban is removed as it was written.")
        return const.FERR_OK
    end
    common.tell(con, removed .. " is not banned any more.")
    s.logAction(con, "NUB", args, removed)
    return const.FERR_OK
end

-- Lists banned networks, or those that contain an address.
function event.NBL(con, args)
    if not u.hasRole(con, "admin") then
        return const.FERR_NOT_ADMIN
    end
    local bans, count = s.getNetworkBans(SHOWN, text(args.network))
    local now = s.getTime()
    local lines = { "Banned networks: " .. tostring(count) }
    for _, ban in ipairs(bans) do
        local line = ban.network .. " by " .. ban.by
        if ban.ends > 0 then
            line = line .. ", ends in " .. common.duration(ban.ends - now)
        end
        if ban.reason ~= "" then
            line = line .. ": " .. s.escapeHTML(ban.reason)
        end
        table.insert(lines, line)
    end
    if count > #bans then
        table.insert(lines, "These are the newest; `fchatd ban list` shows all.")
    end
    common.tell(con, table.concat(lines, "\n"))
    return const.FERR_OK
end

-- Pauses or resumes registration, or reports its state.
function event.RGP(con, args)
    if not u.hasRole(con, "admin") then
        return const.FERR_NOT_ADMIN
    end
    if args.paused ~= nil and s.pauseRegistration(common.is_yes(args.paused)) then
        s.logAction(con, "RGP", args)
    end
    if s.isRegistrationPaused() then
        common.tell(con, "Registration is paused: nobody can make an account.")
    else
        common.tell(con, "Registration is not paused.")
    end
    return const.FERR_OK
end

return {}
