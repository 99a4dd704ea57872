-- The staff: their room, and reports to them.

local common = require("common")
local text = common.text

local ROOM = "ADH-UBERAWESOMESTAFFROOM"
local ROOM_LOWER = string.lower(ROOM)
local ROOM_TITLE = "Staff Room"

local CALLS_PER_ACCOUNT = 3
local staffcall_flood = 120
local report_url, report_secret = "", ""
-- Whether administrators count as staff like global moderators; nil until the settings have been read.
local admins_belong = nil

local staff = {}

-- Announces administrators that have joined or left the staff to all clients. Global moderators stay in the
-- clients' list independently of other roles.
local function announce_admins(names, code, except)
    for _, name in ipairs(names) do
        if not s.isOp(name) and except ~= nil then
            s.broadcastOthers(except, code, { character = name })
        elseif not s.isOp(name) then
            s.broadcast(code, { character = name })
        end
    end
end

function staff.init()
    CALLS_PER_ACCOUNT = s.getConfigDouble("staffcalls_per_account")
    staffcall_flood = s.getConfigDouble("staffcall_flood")
    report_url = s.getConfigString("handle_report_url")
    report_secret = s.getConfigString("handle_report_secret")
    local belong = s.getConfigBool("administrators_on_staff")
    if admins_belong ~= nil and belong ~= admins_belong then
        announce_admins(s.getAdminList(), belong and "AOP" or "DOP")
    end
    admins_belong = belong
    local found, room = c.getChannel(ROOM_LOWER)
    if not found or c.canDestroy(room) then
        room = c.createSpecialPrivateChannel(ROOM, ROOM_TITLE)
        c.setDescription(room, "For everybody who looks after this server.")
    end
end

function staff.is_staff_room(chan)
    return c.getName(chan) == ROOM
end

local function staff_room()
    local found, room = c.getChannel(ROOM_LOWER)
    return found and room or nil
end

-- The names of the staff in the clients' list (ADL): the global moderators, and the administrators who were
-- online since the start. AOP and DOP announce each change of this list and nothing else: clients rely on
-- that.
function staff.names()
    local names = s.getOpList()
    for _, name in ipairs(admins_belong and s.getAdminList() or {}) do
        if not s.isOp(name) then
            table.insert(names, name)
        end
    end
    return names
end

-- Whether a name is in the clients' list because it belongs to an administrator.
function staff.is_known_admin(name)
    return admins_belong and s.isListedAdmin(name)
end

-- Registers the online character of an administrator. Returns whether to announce it to the others
-- (staff.announce).
function staff.add_admin(con)
    return s.listAdmin(con) and admins_belong
end

-- Announces to all clients except `except` that a character belongs to an administrator.
function staff.announce(con, except)
    announce_admins({ u.getName(con) }, "AOP", except)
end

-- Removes a character, or all characters of an account (a number), from the administrators. `except` is not
-- informed.
function staff.remove_admins(whom, except)
    local names = type(whom) == "number" and s.unlistAdmins(whom) or { s.unlistAdmin(whom) }
    if admins_belong then
        announce_admins(names, "DOP", except)
    end
end

-- Announces a join to all members, and sends the new member the state of the channel. No other frame of this
-- channel may come in between: clients would leave at once. A member that lost only its connection is
-- informed alone, and then gets the messages that it has missed.
function staff.join(con, chan)
    local channel = c.getName(chan)
    local joined = { channel = channel, character = { identity = u.getName(con) }, title = c.getTitle(chan) }
    local again = c.rejoin(chan, con)
    if again then
        u.send(con, "JCH", joined)
    else
        c.join(chan, con)
        c.sendAll(chan, "JCH", joined)
    end
    u.send(con, "COL", { channel = channel, array_oplist = c.getModList(chan) })
    c.sendICH(chan, con)
    u.send(con, "CDS", { channel = channel, description = c.getDescription(chan) })
    if again then
        u.sendHeld(con, chan)
    else
        s.logMessage("channel_join", con, chan)
    end
end

-- Invites a connection to the staff room.
function staff.invite(con)
    local room = staff_room()
    if room then
        c.invite(room, con)
    end
end

-- Withdraws the invitation of a character to the staff room.
function staff.withdraw(name)
    local room = staff_room()
    if room then
        c.removeInvite(room, string.lower(name))
    end
end

-- Whether a connection gets all reports: global and super moderators, and administrators
-- (administrators_on_staff).
local function hears_reports(con)
    return u.hasAnyRole(con, { "global", "super-cop" }) or (admins_belong and u.hasRole(con, "admin"))
end

-- Whether a connection joins the staff room at the log-in. Other administrators join when they like.
local function is_on_staff(con)
    return hears_reports(con) or u.hasRole(con, "cop") or u.getMiscData(con, "staff") == "yes"
end

-- Removes a connection that does not belong to the staff from the staff room.
local function put_out(con)
    local room = staff_room()
    if room == nil or not c.inChannel(room, con) then
        return
    end
    local leave = { channel = c.getName(room), character = u.getName(con) }
    if c.isApart(room, con) then
        u.send(con, "LCH", leave)
    end
    c.sendAll(room, "LCH", leave)
    c.part(room, con)
    s.logMessage("channel_leave", con, room)
end

-- Handles the loss of a staff role, for any reason.
function event.role_lost(con)
    if not u.hasRole(con, "admin") then
        staff.remove_admins(u.getName(con))
    end
    if not (is_on_staff(con) or u.hasRole(con, "admin")) then
        staff.withdraw(u.getName(con))
        put_out(con)
    end
end

-- The last part of the log-in: open reports for those who get them, and the staff room for the staff.
function staff.welcome(con)
    if hears_reports(con) then
        s.sendStaffCalls(con)
    end
    local room = staff_room()
    if is_on_staff(con) and room then
        c.invite(room, con)
        staff.join(con, room)
    else
        event.role_lost(con)
    end
end

-- The public channel that a report is about, by the name of the reporter's tab.
local function public_channel(tab)
    local found, chan = c.getChannel(string.lower(tab))
    if found and c.getType(chan) == "public" then
        return chan
    end
    return nil
end

-- Sends a report to all its recipients: global and super moderators, administrators, and the moderators of
-- the channel it is about. Returns the number of current recipients. A hell-banned sender must not notice
-- that there are none, so the number of recipients for any other sender is returned.
local function send_call(tab, message)
    s.broadcastStaffCall("SFC", message)
    local heard = s.countStaffCallTargets()
    local chan = public_channel(tab)
    for _, name in ipairs(chan ~= nil and c.getModList(chan) or {}) do
        local online, moderator = u.getConnection(string.lower(name))
        if online and not hears_reports(moderator) then
            u.send(moderator, "SFC", message)
            heard = heard + (u.isAway(moderator) and 0 or 1)
        end
    end
    return heard
end

-- An unused id for a report: time and character, with a later time if the id is taken.
local function new_call_id(name)
    local time = s.getTime()
    while s.getStaffCall(time .. ":" .. name) do
        time = time + 1
    end
    return time .. ":" .. name
end

local TRUSTED = { "admin", "global", "super-cop", "cop" }

local function report(con, args)
    local words = text(args.report)
    if words == nil then
        return const.FERR_BAD_SYNTAX
    end
    if not common.is_staff(con) and s.countStaffCalls(con) >= CALLS_PER_ACCOUNT then
        local refusal = "You have " .. CALLS_PER_ACCOUNT .. " reports that nobody has confirmed yet. Wait until one is."
        return u.refuse(con, const.FERR_THROTTLE_STAFF_CALL, refusal)
    end
    if not u.hasAnyRole(con, TRUSTED) and u.checkAccountTimer(con, "sfc", staffcall_flood) then
        return const.FERR_THROTTLE_STAFF_CALL
    end
    local name = u.getName(con)
    local tab = text(args.tab) or "Unknown Tab"
    local log = tonumber(text(args.logid))
    local id = new_call_id(name)
    words = s.escapeHTML(words)
    if not s.addStaffCall(id, name, words, log or -1, s.escapeHTML(tab)) then
        return u.refuse(con, const.FERR_THROTTLE_STAFF_CALL, "Too many reports are open. Please try again later.")
    end
    local heard = send_call(tab, {
        action = "report",
        callid = id,
        report = words,
        timestamp = s.getTime(),
        character = name,
        tab = s.escapeHTML(tab),
        logid = log,
    })
    common.tell(con, heard > 0 and common.say.reported or common.report_kept)
    -- The target of a report is the reported character, where the report names one, not its author.
    local call = s.getStaffCall(id)
    s.logAction(con, "SFC", args, call and call.reported or nil)
    return const.FERR_OK
end

local function confirm(con, args)
    local id = text(args.callid)
    if id == nil then
        return const.FERR_BAD_SYNTAX
    end
    local call = s.getStaffCall(id)
    if not call then
        return const.FERR_OK
    end
    local chan = public_channel(call.tab)
    if not (u.hasAnyRole(con, { "admin", "global", "super-cop" }) or (chan ~= nil and c.isMod(chan, con))) then
        return const.FERR_NOT_OP
    end
    s.removeStaffCall(id)
    send_call(call.tab, {
        action = "confirm",
        moderator = u.getName(con),
        character = call.character,
        timestamp = call.timestamp,
        tab = call.tab,
        logid = call.logid,
    })
    s.logAction(con, "SFC", args, call.reported)
    if report_url ~= "" and call.logid > 0 then
        local _, character_id = u.getAccountCharacterIDs(con)
        local form = { log_id = call.logid, moderator = character_id, secret = report_secret }
        -- Without a connection, because the request of a connection is cancelled when the connection ends.
        http.post("report_handled", report_url, form, nil, { moderator = u.getName(con) })
    end
    return const.FERR_OK
end

-- Maximum length of a website's answer that is shown to a moderator: error pages have no place in a chat.
local ANSWER_MAX = 400

-- Handles the website's answer to a confirmed report.
function httpcb.report_handled(con, status, body, extras)
    local online, moderator = u.getConnection(string.lower(extras.moderator))
    if not online then
        return const.FERR_OK
    end
    local answer = body
    if type(body) == "table" then
        answer = text(body.message)
    end
    if type(answer) == "string" and answer ~= "" and #answer <= ANSWER_MAX and not string.find(answer, "<", 1, true) then
        common.tell(moderator, answer)
    elseif status == 0 then
        common.tell(moderator, "The website could not be told that you have confirmed the report.")
    elseif status < 200 or status > 299 then
        common.tell(moderator, "The website did not take note that you have confirmed the report: status " .. status .. ".")
    end
    return const.FERR_OK
end

function event.SFC(con, args)
    if args.action == "report" then
        return report(con, args)
    elseif args.action == "confirm" then
        return confirm(con, args)
    end
    return const.FERR_BAD_SYNTAX
end

function event.PCR(con, args)
    if not u.hasAnyRole(con, TRUSTED) then
        return const.FERR_NOT_OP
    end
    s.sendStaffCalls(con)
    common.tell(con, "These were the open reports.")
    return const.FERR_OK
end

return staff
