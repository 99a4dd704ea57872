-- Logging in and out: admission, and the initial frames for a new connection.

local common = require("common")
local staff = require("staff")
local text, is_yes = common.text, common.is_yes

-- Channels whose icon codes clients do not show.
local ICON_BLACKLIST = { "frontpage", "sex driven lfrp", "story driven lfrp" }

-- Info tags that every character has.
local TAGS = { "Gender", "Orientation", "Language preference", "Furry preference", "Dom/Sub Role", "Position" }

-- Roles on a website that make an account part of the staff here.
local STAFF_BITS = { "coder", "admin", "moderator", "helpdesk", "chanop", "chatop", "supercop" }

-- Settings that clients get, under the names that they know.
local VARIABLES = {
    { "chat_max", "msg_max" },
    { "priv_max", "priv_max" },
    { "lfrp_max", "lfrp_max" },
    { "cds_max", "cds_max" },
    { "lfrp_flood", "lfrp_flood" },
    { "msg_flood", "msg_flood" },
    { "sta_flood", "sta_flood" },
}

local genders = {}
local max_per_address = 3
local takeover_limit = 5
local variables = {}

local login = {}

-- The number of an account or a character; 0 for invalid values.
local function id(value)
    local number = value
    if type(value) ~= "number" then
        number = type(value) == "string" and tonumber(value) or 0
    end
    if number ~= number or math.abs(number) > 2 ^ 53 or number % 1 ~= 0 then
        return 0
    end
    return number
end

-- The texts in a list; other values are left out.
local function texts(list)
    local result = {}
    for _, value in ipairs(type(list) == "table" and list or {}) do
        local said = text(value)
        if said ~= nil then
            table.insert(result, said)
        end
    end
    return result
end

-- The texts of an object by their names; other values are left out.
local function fields(object)
    local result = {}
    for key, value in pairs(type(object) == "table" and object or {}) do
        if type(key) == "string" then
            result[key] = text(value)
        end
    end
    return result
end

function login.init()
    max_per_address = s.getConfigDouble("max_per_ip")
    takeover_limit = s.getConfigDouble("takeover_limit")
    genders = {}
    for _, gender in ipairs(s.getConfigStringList("genders")) do
        genders[gender] = true
    end
    for _, names in ipairs(VARIABLES) do
        local name, value = names[1], s.getConfigDouble(names[2])
        -- Connected clients need the new value, too; otherwise they would exceed the limit.
        if variables[name] ~= nil and variables[name] ~= value then
            s.broadcast("VAR", { variable = name, value = value })
        end
        variables[name] = value
    end
end

-- The number of characters online from an address, without the session that is about to be replaced.
local function count_without(con, old)
    local count = u.getIPCount(con)
    if old ~= nil and u.isSameAddress(con, old) then
        count = count - 1
    end
    return count
end

-- The first of the account's characters that is away and counts for the same address. So the remains of a
-- user's own sessions cannot lock the user out.
local function spare_session(con, account_id)
    for _, other in ipairs(account_id ~= 0 and u.getByAccountID(account_id) or {}) do
        if u.isAway(other) and u.isSameAddress(con, other) then
            return other
        end
    end
    return nil
end

-- The error that refuses a log-in, if any, in a fixed order of checks. The text is returned where it says
-- more than the usual one. There are no side effects: a refused character was never here.
local function refusal(con, args)
    if args.error ~= nil and args.error ~= "" then
        return const.FERR_IDENT_FAILED, text(args.error)
    end
    local char, account = args.char, args.account
    if type(char) ~= "table" or text(char.name) == nil then
        return const.FERR_IDENT_FAILED
    end
    if type(account) ~= "table" then
        -- The log-in check itself has failed.
        return const.FERR_LUA
    end
    local name = text(char.name)
    local account_id, character_id = id(account.account_id), id(char.character_id)
    local online, old = u.getConnection(string.lower(name))
    local own = online and u.getAccountCharacterIDs(old) == account_id and old or nil
    if count_without(con, own) >= max_per_address and spare_session(con, account_id) == nil then
        return const.FERR_TOO_MANY_FROM_IP
    end
    if is_yes(account.banned) then
        return const.FERR_BANNED_FROM_SERVER
    end
    if id(account.timeout) > 0 then
        return const.FERR_BANNED_FROM_SERVER, "You are timed out from this server. Please come back later."
    end
    if account_id == 0 or character_id == 0 then
        return const.FERR_IDENT_FAILED
    end
    if not (is_yes(account.admin) or s.isOp(name)) then
        if s.isBanned(account_id, name) then
            return const.FERR_BANNED_FROM_SERVER
        end
        local timed_out, seconds = s.isTimedOut(account_id, name)
        if timed_out then
            local reason = "You are timed out from this server for " .. common.duration(seconds) .. " more."
            return const.FERR_BANNED_FROM_SERVER, reason
        end
    end
    if online and not u.isAway(old) and takeover_limit > 0 and u.getTakeovers(name) >= takeover_limit then
        -- Otherwise two clients could take the character over from each other for ever.
        return const.FERR_LOGGED_IN_AGAIN, "This character is in use elsewhere, and has been taken over too often. Try again in a minute."
    end
    return const.FERR_OK
end

-- Stores the login check's data about the character.
local function set_profile(con, args)
    local tags = {}
    for _, tag in ipairs(TAGS) do
        tags[tag] = "None"
    end
    for key, value in pairs(fields(args.select)) do
        tags[key] = value
    end
    local gender = tags.Gender
    if not genders[gender] then
        gender = "None"
        tags.Gender = gender
    end
    u.setGender(con, gender)
    u.setInfoTags(con, tags)
    u.setInfoTags(con, fields(args.info))
    local kinks = {}
    for _, kink in ipairs(type(args.array_kinks) == "table" and args.array_kinks or { -1 }) do
        local number = id(kink)
        if number ~= 0 then
            table.insert(kinks, number)
        end
    end
    u.setKinks(con, kinks)
    u.setCustomKinks(con, fields(args.custom))
end

local function set_roles(con, args, resumed)
    local name = u.getName(con)
    if is_yes(args.account.admin) then
        u.setAdmin(con, true)
    else
        staff.remove_admins(id(args.account.account_id), con)
        staff.remove_admins(name, con)
    end
    if s.isOp(name) then
        u.setGlobMod(con, true)
    end
    if s.isChanOp(con) then
        u.addRole(con, "cop")
    end
    local bits = type(args.bits) == "table" and args.bits or {}
    if is_yes(bits.hellban) or resumed then
        u.setHellban(con, is_yes(bits.hellban))
    end
    if is_yes(bits.subscribed) then
        u.setMiscData(con, "subscribed", "yes")
    end
    local made = id(args.account.created_at)
    if made > 0 then
        u.setMiscData(con, "account_made", tostring(made))
    end
    if is_yes(bits.supercop) or common.is_super_by_list(name) then
        u.addRole(con, "super-cop")
    elseif resumed then
        u.removeRole(con, "super-cop")
    end
    if resumed then
        u.setMiscData(con, "staff", "")
    end
    for _, bit in ipairs(STAFF_BITS) do
        if is_yes(bits[bit]) then
            u.setMiscData(con, "staff", "yes")
        end
    end
end

-- Friends and ignores belong to the account. Changes by another of its characters since that one's log-in are
-- newer than the login check's data. So are changes by this character before its connection broke.
local function set_lists(con, args, resumed)
    if type(args.array_friends) == "table" then
        u.setFriends(con, texts(args.array_friends))
    end
    if resumed then
        return
    end
    for _, other in ipairs(u.getByAccount(con)) do
        if other ~= con then
            u.setIgnores(con, u.getIgnoreList(other))
            return
        end
    end
    u.setIgnores(con, texts(args.array_ignores))
end

local function send_variable(con, name, value)
    u.send(con, "VAR", { variable = name, value = value })
end

-- All initial frames of a client, in an order that clients rely on: limits before the lists, the lists before
-- the own NLN, and no other NLN before that.
local function send_burst(con, args, resumed)
    local name = u.getName(con)
    u.send(con, "IDN", { character = name })
    for _, names in ipairs(VARIABLES) do
        send_variable(con, names[1], variables[names[1]])
    end
    send_variable(con, "permissions", id(args.permissions))
    u.send(con, "VAR", { variable = "icon_blacklist", array_value = ICON_BLACKLIST })
    u.send(con, "HLO", { message = "Welcome. This is " .. s.getConfigString("version") .. "." })
    u.send(con, "CON", { count = s.getUserCount() })
    if type(args.array_friends) == "table" then
        u.send(con, "FRL", { array_characters = u.getFriendList(con) })
    end
    if type(args.array_ignores) == "table" then
        u.send(con, "IGN", { action = "init", array_characters = u.getIgnoreList(con) })
    end
    local is_new_admin = u.hasRole(con, "admin") and staff.add_admin(con)
    u.send(con, "ADL", { array_ops = staff.names() })
    s.sendUserList(con, "LIS", 100)
    local online = { identity = name, status = "online", gender = u.getGender(con) }
    if not resumed then
        s.broadcast("NLN", online)
    else
        -- For all other clients the character was never offline.
        u.send(con, "NLN", online)
    end
    if is_new_admin then
        staff.announce(con, con)
    end
    if not resumed then
        staff.welcome(con)
        return
    end
    local status, message = u.getStatus(con)
    if status ~= "online" or message ~= "" then
        u.send(con, "STA", { character = name, status = status, statusmsg = message })
        u.setMiscData(con, "resumed", "told")
    end
    staff.welcome(con)
    u.sendHeld(con)
end

-- Resumes the session of a character whose earlier connection broke, or seems to be still there. Returns the
-- connection that represents the session.
local function resume(con, old, args)
    local account, character = u.getAccountCharacterIDs(old)
    local same = account == id(args.account.account_id)
        and character == id(args.char.character_id)
        and u.getName(old) == text(args.char.name)
    local away = u.isAway(old)
    if not same or not u.resume(con, old) then
        return nil
    end
    if not away then
        -- `con` now represents the old socket.
        u.noteTakeover(u.getName(old))
        u.sendError(con, const.FERR_LOGGED_IN_AGAIN)
        u.close(con)
    end
    -- The current data of the site applies.
    u.setAdmin(old, is_yes(args.account.admin))
    u.setMiscData(old, "resumed", "yes")
    return old
end

-- A ban by name has become a ban of an account whose other characters may be online.
local function put_out_banned(args)
    local account_id = type(args.account) == "table" and id(args.account.account_id) or 0
    if account_id == 0 or not (s.isBanned(account_id) or s.isTimedOut(account_id)) then
        return
    end
    for _, each in ipairs(u.getByAccountID(account_id)) do
        if not common.is_staff(each) then
            u.sendError(each, const.FERR_BANNED_FROM_SERVER)
            u.close(each)
        end
    end
end

-- Handles the answer of the login check.
function event.ident_callback(con, args)
    local number, reason = refusal(con, args)
    if number ~= const.FERR_OK then
        put_out_banned(args)
        u.sendError(con, number, reason)
        u.close(con)
        return const.FERR_OK
    end
    local name = text(args.char.name)
    local online, old = u.getConnection(string.lower(name))
    local spare = count_without(con, old) >= max_per_address and spare_session(con, id(args.account.account_id))
    if spare then
        u.closef(spare)
    end
    local resumed = online and resume(con, old, args)
    if resumed then
        set_roles(resumed, args, true)
        set_profile(resumed, args)
        set_lists(resumed, args, true)
        send_burst(resumed, args, true)
        return const.FERR_OK
    end
    if online then
        if not u.isAway(old) then
            u.noteTakeover(name)
        end
        u.sendError(old, const.FERR_LOGGED_IN_AGAIN)
        u.closef(old)
    end
    if not u.setIdent(con, name, string.lower(name)) then
        return const.FERR_IDENT_FAILED
    end
    u.setAccountID(con, id(args.account.account_id))
    u.setCharacterID(con, id(args.char.character_id))
    set_roles(con, args)
    set_profile(con, args)
    set_lists(con, args)
    send_burst(con, args)
    s.logMessage("connect", con)
    return const.FERR_OK
end

-- Handles the end of a character's connection.
function event.pre_disconnect(con)
    s.logMessage("disconnect", con)
end

return login
