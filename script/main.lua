-- The rules of this server.
--
-- The server does the heavy lifting; what a command means is decided here. Each function event.XXX answers the
-- client command XXX. It gets the connection that sent it and the command's fields, and returns the number of
-- an error for the sender, or const.FERR_OK when all is well. The checks stand in the order in which clients
-- know them. A command that ends with an error does not count against the time limits it has checked.
--
-- An operator who wants other rules copies this file to script/main.lua in the server's folder and changes it.

event = {}

-- Settings that are needed for every message, read once.
local MESSAGE_MAX, PRIVATE_MAX, AD_MAX
local MESSAGE_FLOOD, STATUS_FLOOD, AD_FLOOD
local CHANNELS_MAX = 75
local LIST_PAUSE = 5 -- seconds between two answers to CHA, and to ORS
local ROOM_TITLE_MAX = 64 -- characters
local STATUS_MESSAGE_MAX = 255 -- bytes
local phrases = {}
local genders = {}

local STATUSES = { online = true, looking = true, busy = true, dnd = true, idle = true, away = true }
local MODES = { both = true, ads = true, chat = true }
local TYPING = { clear = true, paused = true, typing = true }

-- Channels whose icon codes clients do not show.
local ICON_BLACKLIST = { "frontpage" }

function chat_init()
    MESSAGE_MAX = s.getConfigDouble("msg_max")
    PRIVATE_MAX = s.getConfigDouble("priv_max")
    AD_MAX = s.getConfigDouble("lfrp_max")
    MESSAGE_FLOOD = s.getConfigDouble("msg_flood")
    STATUS_FLOOD = s.getConfigDouble("sta_flood")
    AD_FLOOD = s.getConfigDouble("lfrp_flood")
    phrases = s.getConfigStringList("blacklist_phrases")
    genders = {}
    for _, gender in ipairs(s.getConfigStringList("genders")) do
        genders[gender] = true
    end
end

-- A field as text; nil when it is missing or can't be text.
local function text(value)
    local kind = type(value)
    if kind == "string" then
        return value
    elseif kind == "number" then
        return tostring(value)
    end
    return nil
end

-- The beginning of a text, at most so many bytes, without half a character at its end.
local function cut(value, bytes)
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

-- Whether the operator does not want to see this text.
local function is_blacklisted(message)
    for _, phrase in ipairs(phrases) do
        if string.find(message, phrase, 1, true) then
            return true
        end
    end
    return false
end

-- A hell-banned character talks, and nobody hears it.
local function is_hellbanned(con)
    return u.getMiscData(con, "hellban") == "yes"
end

-- Administrators and global moderators.
local function is_staff(con)
    return u.hasRole(con, "admin") or u.hasRole(con, "global")
end

local function is_yes(value)
    return value == 1 or value == "1" or value == true
end

-- Tells everyone in the channel, and gives the newcomer what it needs to show it. Nothing else of this channel
-- may come in between: clients would leave at once.
local function join(con, chan)
    local channel = c.getName(chan)
    c.join(chan, con)
    c.sendAll(chan, "JCH", {
        channel = channel,
        character = { identity = u.getName(con) },
        title = c.getTitle(chan),
    })
    u.send(con, "COL", { channel = channel, array_oplist = c.getModList(chan) })
    c.sendICH(chan, con)
    u.send(con, "CDS", { channel = channel, description = c.getDescription(chan) })
end

-- Logging in

-- Which errors refuse a log-in, in the order in which they are looked at. The text is given where it says more
-- than the usual one.
local function refusal(con, args)
    if args.error ~= nil and args.error ~= "" then
        return const.FERR_IDENT_FAILED, text(args.error)
    end
    local char, account = args.char, args.account
    if type(char) ~= "table" or type(account) ~= "table" or text(char.name) == nil then
        return const.FERR_IDENT_FAILED
    end
    local online, old = u.getConnection(string.lower(text(char.name)))
    local count = u.getIPCount(con)
    if online and u.getAccountCharacterIDs(old) == tonumber(account.account_id) then
        -- It is about to take its own place.
        count = count - 1
    end
    if count >= s.getConfigDouble("max_per_ip") then
        return const.FERR_TOO_MANY_FROM_IP
    end
    if is_yes(account.banned) then
        return const.FERR_BANNED_FROM_SERVER
    end
    local timeout = tonumber(account.timeout) or 0
    if timeout > 0 then
        return const.FERR_BANNED_FROM_SERVER, "You are timed out from this server. Please come back later."
    end
    if (tonumber(account.account_id) or 0) == 0 or (tonumber(char.character_id) or 0) == 0 then
        return const.FERR_IDENT_FAILED
    end
    return const.FERR_OK
end

-- What the login check told about the character.
local function set_profile(con, args)
    local tags = { Gender = "None", Orientation = "None", Position = "None" }
    tags["Language preference"] = "None"
    tags["Furry preference"] = "None"
    tags["Dom/Sub Role"] = "None"
    for key, value in pairs(type(args.select) == "table" and args.select or {}) do
        tags[key] = text(value)
    end
    local gender = tags.Gender
    if not genders[gender] then
        gender = "None"
        tags.Gender = gender
    end
    u.setGender(con, gender)
    u.setInfoTags(con, tags)
    if type(args.info) == "table" then
        u.setInfoTags(con, args.info)
    end
    local kinks = {}
    for _, kink in ipairs(type(args.array_kinks) == "table" and args.array_kinks or { -1 }) do
        table.insert(kinks, tonumber(kink))
    end
    u.setKinks(con, kinks)
    if type(args.custom) == "table" then
        u.setCustomKinks(con, args.custom)
    end
end

local function set_roles(con, args)
    if is_yes(args.account.admin) then
        u.setAdmin(con, true)
    end
    if s.isOp(u.getName(con)) then
        u.setGlobMod(con, true)
    end
    if s.isChanOp(con) then
        u.addRole(con, "cop")
    end
    local bits = type(args.bits) == "table" and args.bits or {}
    if is_yes(bits.hellban) then
        u.setMiscData(con, "hellban", "yes")
    end
    if is_yes(bits.subscribed) then
        u.setMiscData(con, "subscribed", "yes")
    end
    if is_yes(bits.supercop) then
        u.addRole(con, "super-cop")
    end
end

local function send_variable(con, name, value)
    u.send(con, "VAR", { variable = name, value = value })
end

-- Everything a client needs to begin, in an order that clients rely on: limits before the lists, the lists
-- before the own NLN, and no other NLN before that.
local function send_burst(con, args)
    local name = u.getName(con)
    u.send(con, "IDN", { character = name })
    send_variable(con, "chat_max", MESSAGE_MAX)
    send_variable(con, "priv_max", PRIVATE_MAX)
    send_variable(con, "lfrp_max", AD_MAX)
    send_variable(con, "cds_max", s.getConfigDouble("cds_max"))
    send_variable(con, "lfrp_flood", AD_FLOOD)
    send_variable(con, "msg_flood", MESSAGE_FLOOD)
    send_variable(con, "sta_flood", STATUS_FLOOD)
    send_variable(con, "permissions", tonumber(args.permissions) or 0)
    u.send(con, "VAR", { variable = "icon_blacklist", array_value = ICON_BLACKLIST })
    u.send(con, "HLO", { message = "Welcome. This is " .. s.getConfigString("version") .. "." })
    u.send(con, "CON", { count = s.getUserCount() })
    if type(args.array_friends) == "table" then
        u.setFriends(con, args.array_friends)
        u.send(con, "FRL", { array_characters = u.getFriendList(con) })
    end
    if type(args.array_ignores) == "table" then
        u.setIgnores(con, args.array_ignores)
        u.send(con, "IGN", { action = "init", array_characters = u.getIgnoreList(con) })
    end
    u.send(con, "ADL", { array_ops = s.getOpList() })
    s.sendUserList(con, "LIS", 100)
    s.broadcast("NLN", { identity = name, status = "online", gender = u.getGender(con) })
end

-- The login check has answered.
function event.ident_callback(con, args)
    local number, reason = refusal(con, args)
    if number ~= const.FERR_OK then
        u.sendError(con, number, reason)
        u.close(con)
        return const.FERR_OK
    end
    local name = text(args.char.name)
    local online, old = u.getConnection(string.lower(name))
    if online then
        u.sendError(old, const.FERR_LOGGED_IN_AGAIN)
        u.closef(old)
    end
    if not u.setIdent(con, name, string.lower(name)) then
        return const.FERR_IDENT_FAILED
    end
    u.setAccountID(con, tonumber(args.account.account_id))
    u.setCharacterID(con, tonumber(args.char.character_id))
    set_roles(con, args)
    set_profile(con, args)
    send_burst(con, args)
    return const.FERR_OK
end

-- Channels

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

function event.CHA(con, args)
    if not u.checkUpdateTimer(con, "cha", LIST_PAUSE) then
        c.sendCHA(con)
    end
    return const.FERR_OK
end

function event.ORS(con, args)
    if not u.checkUpdateTimer(con, "ors", LIST_PAUSE) then
        c.sendORS(con)
    end
    return const.FERR_OK
end

function event.JCH(con, args)
    local channel = text(args.channel)
    if channel == nil then
        return const.FERR_BAD_SYNTAX
    end
    if u.getChannelCount(con) >= CHANNELS_MAX and not is_staff(con) then
        return const.FERR_TOO_MANY_CHANNELS
    end
    local found, chan = c.getChannel(string.lower(channel))
    if not found then
        return const.FERR_CHANNEL_NOT_FOUND
    end
    if c.inChannel(chan, con) then
        return const.FERR_ALREADY_IN_CHANNEL
    end
    if c.getType(chan) == "private" then
        if not (c.isInvited(chan, con) or c.isOwner(chan, con) or is_staff(con)) then
            return const.FERR_NOT_INVITED
        end
    end
    join(con, chan)
    return const.FERR_OK
end

function event.LCH(con, args)
    local channel = text(args.channel)
    if channel == nil then
        return const.FERR_BAD_SYNTAX
    end
    local name = u.getName(con)
    local found, chan = c.getChannel(string.lower(channel))
    if not found then
        u.send(con, "LCH", { channel = channel, character = name })
        return const.FERR_CHANNEL_NOT_FOUND
    end
    local leave = { channel = c.getName(chan), character = name }
    if not c.inChannel(chan, con) then
        -- The client thinks that it is in there: bring it back in step.
        u.send(con, "LCH", leave)
        return const.FERR_OK
    end
    c.sendAll(chan, "LCH", leave)
    c.part(chan, con)
    return const.FERR_OK
end

function event.CCR(con, args)
    local channel = text(args.channel)
    if channel == nil then
        return const.FERR_BAD_SYNTAX
    end
    local characters = utf8.len(channel) or #channel
    if characters < 1 or characters > ROOM_TITLE_MAX then
        return const.FERR_BAD_CHANNEL_TITLE
    end
    if u.getChannelCount(con) >= CHANNELS_MAX and not is_staff(con) then
        return const.FERR_TOO_MANY_CHANNELS
    end
    local _, chan = c.createPrivateChannel(con, s.escapeHTML(channel))
    join(con, chan)
    return const.FERR_OK
end

function event.CIU(con, args)
    local channel, character = text(args.channel), text(args.character)
    if channel == nil or character == nil then
        return const.FERR_BAD_SYNTAX
    end
    local found, chan = c.getChannel(channel)
    if not found then
        return const.FERR_CHANNEL_NOT_FOUND
    end
    if not c.inChannel(chan, con) then
        return const.FERR_USER_NOT_IN_CHANNEL
    end
    local online, other = u.getConnection(character)
    if not online then
        return const.FERR_USER_NOT_FOUND
    end
    if c.getType(chan) == "public" then
        return const.FERR_INVITE_TO_PUBLIC
    end
    if c.getType(chan) == "private" then
        if not (c.isMod(chan, con) or is_staff(con)) then
            return const.FERR_NOT_OP
        end
        c.invite(chan, other)
    end
    u.send(other, "CIU", { sender = u.getName(con), title = c.getTitle(chan), name = c.getName(chan) })
    u.send(con, "SYS", { message = "Your invitation has been sent to " .. u.getName(other) .. "." })
    return const.FERR_OK
end

function event.RMO(con, args)
    local channel, mode = text(args.channel), text(args.mode)
    if channel == nil or mode == nil or not MODES[mode] then
        return const.FERR_BAD_SYNTAX
    end
    local found, chan = c.getChannel(channel)
    if not found then
        return const.FERR_CHANNEL_NOT_FOUND
    end
    if not (c.isOwner(chan, con) or is_staff(con)) then
        return const.FERR_NOT_OP
    end
    c.setMode(chan, mode)
    c.sendAll(chan, "RMO", { channel = c.getName(chan), mode = mode })
    return const.FERR_OK
end

-- Talking

function event.MSG(con, args)
    local channel, message = text(args.channel), text(args.message)
    if channel == nil or message == nil then
        return const.FERR_BAD_SYNTAX
    end
    if u.checkUpdateTimer(con, "msg", MESSAGE_FLOOD) then
        return const.FERR_THROTTLE_MESSAGE
    end
    local found, chan = c.getChannel(channel)
    if not found then
        return const.FERR_CHANNEL_NOT_FOUND
    end
    if c.getMode(chan) == "ads" then
        return const.FERR_ADS_ONLY
    end
    if #message > (c.getType(chan) == "public" and MESSAGE_MAX or PRIVATE_MAX) then
        return const.FERR_MESSAGE_TOO_LONG
    end
    if not c.inChannel(chan, con) then
        return const.FERR_NOT_IN_CHANNEL
    end
    if is_blacklisted(message) or is_hellbanned(con) then
        return const.FERR_OK
    end
    c.sendChannel(chan, con, "MSG", {
        channel = c.getName(chan),
        character = u.getName(con),
        message = s.escapeHTML(message),
    })
    return const.FERR_OK
end

function event.LRP(con, args)
    local channel, message = text(args.channel), text(args.message)
    if channel == nil or message == nil then
        return const.FERR_BAD_SYNTAX
    end
    if u.checkUpdateTimer(con, "msg", MESSAGE_FLOOD) then
        return const.FERR_THROTTLE_MESSAGE
    end
    local found, chan = c.getChannel(channel)
    if not found then
        return const.FERR_CHANNEL_NOT_FOUND
    end
    if c.getMode(chan) == "chat" then
        return const.FERR_CHAT_ONLY
    end
    if c.checkUpdateTimer(chan, con, AD_FLOOD) then
        return const.FERR_THROTTLE_AD
    end
    if #message > AD_MAX then
        return const.FERR_MESSAGE_TOO_LONG
    end
    if not c.inChannel(chan, con) then
        return const.FERR_NOT_IN_CHANNEL
    end
    if is_blacklisted(message) or is_hellbanned(con) then
        return const.FERR_OK
    end
    c.sendChannel(chan, con, "LRP", {
        channel = c.getName(chan),
        character = u.getName(con),
        message = s.escapeHTML(message),
    })
    return const.FERR_OK
end

function event.PRI(con, args)
    local recipient, message = text(args.recipient), text(args.message)
    if recipient == nil or message == nil then
        return const.FERR_BAD_SYNTAX
    end
    if u.checkUpdateTimer(con, "msg", MESSAGE_FLOOD) then
        return const.FERR_THROTTLE_MESSAGE
    end
    if #message > PRIVATE_MAX then
        return const.FERR_MESSAGE_TOO_LONG
    end
    local online, other = u.getConnection(recipient)
    if not online then
        return const.FERR_USER_NOT_FOUND
    end
    if is_hellbanned(con) then
        return const.FERR_OK
    end
    u.send(other, "PRI", {
        character = u.getName(con),
        message = s.escapeHTML(message),
        recipient = u.getName(other),
    })
    return const.FERR_OK
end

function event.TPN(con, args)
    local character, status = text(args.character), text(args.status)
    if character == nil or status == nil then
        return const.FERR_BAD_SYNTAX
    end
    local online, other = u.getConnection(character)
    if online and TYPING[status] then
        u.send(other, "TPN", { character = u.getName(con), status = status })
    end
    return const.FERR_OK
end

function event.STA(con, args)
    local status = text(args.status)
    if status == nil then
        return const.FERR_BAD_SYNTAX
    end
    if u.checkUpdateTimer(con, "sta", STATUS_FLOOD) then
        return const.FERR_THROTTLE_STATUS
    end
    status = string.lower(status)
    if not STATUSES[status] then
        status = "online"
    end
    local message = s.escapeHTML(cut(text(args.statusmsg) or "", STATUS_MESSAGE_MAX))
    u.setStatus(con, status, message)
    s.broadcast("STA", { character = u.getName(con), status = status, statusmsg = message })
    return const.FERR_OK
end
