-- Messages and statuses.

local common = require("common")
local text, cut = common.text, common.cut

local STATUS_MESSAGE_MAX = 255 -- bytes
local STATUSES = { online = true, looking = true, busy = true, dnd = true, idle = true, away = true }
local TYPING = { clear = true, paused = true, typing = true }

-- Settings, read once because they are needed for every message.
local MESSAGE_MAX, PRIVATE_MAX, AD_MAX
local MESSAGE_FLOOD, STATUS_FLOOD, AD_FLOOD
local AD_INTERVALS, IGNORES_COUNT, RESTORES_STATUS
local FILTERS = false

local talking = {}

function talking.init()
    MESSAGE_MAX = s.getConfigDouble("msg_max")
    PRIVATE_MAX = s.getConfigDouble("priv_max")
    AD_MAX = s.getConfigDouble("lfrp_max")
    MESSAGE_FLOOD = s.getConfigDouble("msg_flood")
    STATUS_FLOOD = s.getConfigDouble("sta_flood")
    AD_FLOOD = s.getConfigDouble("lfrp_flood")
    AD_INTERVALS = s.getConfigBool("ad_intervals")
    IGNORES_COUNT = s.getConfigBool("ignore_on_server")
    RESTORES_STATUS = s.getConfigBool("status_restore")
    FILTERS = #s.getConfigStringList("blacklist_phrases") > 0
end

-- The answer to a message that was not admitted.
local function not_admitted(con, number)
    if number == const.FERR_THROTTLE_MESSAGE then
        return common.too_early(con)
    end
    return number
end

function event.MSG(con, args)
    local number, chan, said =
        c.admitMessage(con, args.channel, args.message, "ads", MESSAGE_MAX, PRIVATE_MAX, MESSAGE_FLOOD)
    if chan == nil then
        return not_admitted(con, number)
    end
    c.sendMessage(chan, con, "MSG", said, "message")
    return const.FERR_OK
end

-- Informs a sender of the remaining time until the next ad.
local function refuse_ad(con, chan, pause)
    local wait = common.duration(c.getAdWait(chan, con, pause))
    return u.refuse(con, const.FERR_THROTTLE_AD, "You may post your next ad here in " .. wait .. ".")
end

function event.LRP(con, args)
    local channel, message = text(args.channel), text(args.message)
    if channel == nil or message == nil then
        return const.FERR_BAD_SYNTAX
    end
    if u.checkUpdateTimer(con, "msg", MESSAGE_FLOOD) then
        return common.too_early(con)
    end
    local found, chan = c.getChannel(channel)
    if not found then
        return const.FERR_CHANNEL_NOT_FOUND
    end
    if c.getMode(chan) == "chat" then
        return const.FERR_CHAT_ONLY
    end
    local pause = AD_FLOOD
    if AD_INTERVALS then
        pause = math.max(pause, c.getAdInterval(chan))
    end
    if c.checkUpdateTimer(chan, con, pause) then
        return refuse_ad(con, chan, pause)
    end
    if #message > AD_MAX then
        return const.FERR_MESSAGE_TOO_LONG
    end
    if not c.inChannel(chan, con) then
        return const.FERR_NOT_IN_CHANNEL
    end
    local refused = common.refuse_young(con, "post ads")
    if refused ~= nil then
        return refused
    end
    if FILTERS and s.isBlacklisted(message) then
        return const.FERR_OK
    end
    local escaped = s.escapeHTML(message)
    c.sendChannel(chan, con, "LRP", {
        channel = c.getName(chan),
        character = u.getName(con),
        message = escaped,
    })
    s.logMessage("message_ad", con, chan, nil, escaped)
    return const.FERR_OK
end

function event.PRI(con, args)
    local number, other, said =
        u.admitMessage(con, args.recipient, args.message, PRIVATE_MAX, MESSAGE_FLOOD, IGNORES_COUNT)
    if other == nil then
        return not_admitted(con, number)
    end
    u.sendMessage(other, con, "PRI", said, "message_private")
    return const.FERR_OK
end

function event.TPN(con, args)
    if args.character == nil or args.status == nil then
        return const.FERR_BAD_SYNTAX
    end
    -- An invalid status gets no answer: clients send it all the time.
    local character = text(args.character)
    if character ~= nil and TYPING[args.status] then
        local online, other = u.getConnection(character)
        if online and not (IGNORES_COUNT and u.ignores(other, con)) then
            u.send(other, "TPN", { character = u.getName(con), status = args.status })
        end
    end
    return const.FERR_OK
end

function event.STA(con, args)
    local status = text(args.status)
    if status == nil then
        return const.FERR_BAD_SYNTAX
    end
    status = string.lower(status)
    if status == "offline" and RESTORES_STATUS then
        -- Clients send this automatically after a failed attempt to reconnect.
        return const.FERR_OK
    end
    if not STATUSES[status] then
        status = "online"
    end
    local message = s.escapeHTML(cut(text(args.statusmsg) or "", STATUS_MESSAGE_MAX))
    local resumed = u.getMiscData(con, "resumed")
    if resumed == "yes" or resumed == "told" then
        -- Clients repeat their status after a reconnect; for others it has never changed. The client itself
        -- gets its status once: not again if the log-in has sent it.
        u.setMiscData(con, "resumed", "")
        local before, said = u.getStatus(con)
        if before == status and said == message then
            if resumed == "yes" then
                u.send(con, "STA", { character = u.getName(con), status = status, statusmsg = message })
            end
            return const.FERR_OK
        end
    end
    if u.checkUpdateTimer(con, "sta", STATUS_FLOOD) then
        return const.FERR_THROTTLE_STATUS
    end
    local name, shown = u.getName(con), message
    if FILTERS and s.isBlacklisted(message) then
        shown = ""
    end
    u.setStatus(con, status, shown)
    s.broadcast("STA", { character = name, status = status, statusmsg = shown })
    if shown ~= message then
        -- The author sees a text as usual that others do not get to see.
        u.send(con, "STA", { character = name, status = status, statusmsg = message })
    end
    s.logMessage("status", con, nil, nil, status .. ": " .. message)
    return const.FERR_OK
end

return talking
