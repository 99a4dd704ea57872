-- Rules in the style of the classic server, for tests: the functions that such a file relies on.

local MOTD = string.format("%s rules since %s", "House", os.date("%Y", 0))
local started = os.time()

-- A typical helper of such files: it replaces a function of the host for all callers.
local original_escape = s.escapeHTML
function s.escapeHTML(text)
    return original_escape(text):gsub("%(c%)", "©")
end

local function isStaff(con)
    return u.hasAnyRole(con, { first = "admin", second = "global" })
end

local function propagateEvent(con, cmd, args)
    s.broadcast(cmd, args)
end

function partChannel(chan, con)
    local name = c.getName(chan)
    c.sendAll(chan, "LCH", { channel = name, character = u.getName(con) })
    c.part(chan, con)
    if c.getType(chan) ~= "public" and c.getUserCount(chan) < 5 and c.canDestroy(chan) then
        c.destroyChannel(string.lower(name))
    end
end

function joinChannel(chan, con)
    c.join(chan, con)
    c.sendAll(chan, "JCH", {
        channel = c.getName(chan),
        character = { identity = u.getName(con) },
        title = c.getTitle(chan),
    })
    c.sendICH(chan, con)
    u.send(con, "CDS", { channel = c.getName(chan), description = c.getDescription(chan) })
    u.send(con, "COL", { channel = c.getName(chan), array_oplist = c.getModList(chan) })
end

function event.pre_disconnect(con)
    for _, chan in ipairs(u.getChannels(con)) do
        partChannel(chan, con)
    end
    propagateEvent(con, "FLN", { character = u.getName(con) })
end

function event.ident_callback(con, args)
    if args.error ~= nil and args.error ~= "" then
        u.sendError(con, const.FERR_IDENT_FAILED)
        u.close(con)
        return const.FERR_OK
    end
    local name = args.char.name
    local lname = string.lower(name)
    local found, old = u.getConnection(lname)
    if found then
        event.pre_disconnect(old)
        u.sendError(old, const.FERR_LOGGED_IN_AGAIN)
        u.closef(old)
    end
    if not u.setIdent(con, name, lname) then
        return const.FERR_IDENT_FAILED
    end
    u.setAccountID(con, tonumber(args.account.account_id))
    u.setCharacterID(con, tonumber(args.char.character_id))
    u.setGender(con, "None")
    u.setFriends(con, args.array_friends or {})
    u.setIgnores(con, args.array_ignores or {})
    u.setKinks(con, { 1, 2 })
    u.setInfoTags(con, { Orientation = "Cuddly" })
    if args.account.admin == true or args.account.admin == 1 or args.account.admin == "1" then
        u.setAdmin(con, true)
    end
    if s.isOp(name) then
        u.setGlobMod(con, true)
    end
    u.send(con, "IDN", { character = name })
    u.send(con, "HLO", { message = MOTD })
    u.send(con, "CON", { count = s.getUserCount() })
    u.send(con, "ADL", { array_ops = s.getOpList() })
    s.sendUserList(con, "LIS", 100)
    s.broadcast("NLN", { identity = name, gender = u.getGender(con), status = "online" })
    if isStaff(con) then
        s.sendStaffCalls(con)
    end
    return const.FERR_OK
end

function event.JCH(con, args)
    local found, chan = c.getChannel(string.lower(args.channel))
    if not found then
        return const.FERR_CHANNEL_NOT_FOUND
    end
    if c.inChannel(chan, con) then
        return const.FERR_ALREADY_IN_CHANNEL
    end
    joinChannel(chan, con)
    return const.FERR_OK
end

function event.LCH(con, args)
    local found, chan = c.getChannel(string.lower(args.channel))
    if not found or not c.inChannel(chan, con) then
        return const.FERR_USER_NOT_IN_CHANNEL
    end
    partChannel(chan, con)
    return const.FERR_OK
end

function event.CCR(con, args)
    local _, chan = c.createPrivateChannel(con, s.escapeHTML(args.channel))
    joinChannel(chan, con)
    return const.FERR_OK
end

function event.RST(con, args)
    local found, chan = c.getChannel(string.lower(args.channel))
    if not found then
        return const.FERR_CHANNEL_NOT_FOUND
    end
    if not c.isMod(chan, con) then
        return const.FERR_NOT_OP
    end
    c.setPublic(chan, args.status == "public")
    u.send(con, "SYS", { message = "This room is now " .. args.status .. "." })
    return const.FERR_OK
end

function event.MSG(con, args)
    local found, chan = c.getChannel(string.lower(args.channel))
    if not found then
        return const.FERR_CHANNEL_NOT_FOUND
    end
    if u.checkUpdateTimer(con, "msg", s.getConfigDouble("msg_flood")) then
        return const.FERR_THROTTLE_MESSAGE
    end
    c.sendChannel(chan, con, "MSG", {
        character = u.getName(con),
        channel = c.getName(chan),
        message = s.escapeHTML(args.message),
    })
    return const.FERR_OK
end

-- The host has a built-in search; files for the classic server contain this nevertheless.
function event.FKS(con, args)
    return const.FERR_NOT_IMPLEMENTED
end

function event.ORS(con, args)
    c.sendORS(con)
    return const.FERR_OK
end

function event.SFC(con, args)
    local id = os.time() .. ":" .. u.getName(con)
    s.addStaffCall(id, u.getName(con), s.escapeHTML(args.report), -1, args.tab or "None")
    s.broadcastStaffCall("SFC", {
        action = "report",
        callid = id,
        character = u.getName(con),
        report = s.escapeHTML(args.report),
        tab = s.escapeHTML(args.tab or "None"),
    })
    return const.FERR_OK
end

function event.SCP(con, args)
    if not u.isAdmin(con) then
        return const.FERR_NOT_ADMIN
    end
    s.addSCop(args.character)
    return const.FERR_OK
end

-- The operator's own configuration keys about the site; the classic server returned every key.
function event.HSE(con, args)
    u.send(con, "SYS", {
        message = table.concat({
            s.getConfigString("house_name"),
            string.format("%s", s.getConfigDouble("house_floors")),
            tostring(s.getConfigBool("house_open")),
            string.format("%s", s.getConfigStringList("house_missing")),
        }, "|"),
    })
    return const.FERR_OK
end

function chat_init()
    print("chat_init after " .. (os.time() - started))
    local names = { "Lobby", "Library" }
    for _, name in ipairs(names) do
        c.createChannel(name)
    end
end
