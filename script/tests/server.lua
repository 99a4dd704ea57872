-- The whole server: accounts, staff, searching.

local play = require("tests/play")
local somebody = play.somebody
local new_room = play.new_room
local somebody_who_is = play.somebody_who_is
local count = play.count
local first = play.first
local codes = play.codes
local gives = play.gives

-- The whole server

function tests.a_banned_account_is_out_with_all_its_characters()
    for code, number in pairs({ ACB = 9, TMO = 39 }) do
        local global = somebody_who_is("global", (new_room("public")))
        local ada, twin, bob = somebody("Ada"), somebody("Twin"), somebody("Bob")
        u.setAccountID(twin, (u.getAccountCharacterIDs(ada)))
        testing.sent(global)
        gives(0, global, code, { character = "Nobody", time = 5, reason = "x" })
        testing.assert(string.find(first(testing.sent(global), "SYS").message, "Nobody", 1, true) ~= nil, true)
        gives(0, global, code, { character = u.getName(ada), time = 5, reason = "rude" })
        testing.assert(count(testing.sent(global), "SYS"), 1)
        testing.assert({ testing.closed(ada), testing.closed(twin), testing.closed(bob) }, { true, true, false })
        testing.assert(first(testing.sent(ada), "ERR").number, number)
        local told = first(testing.sent(twin), "ERR")
        testing.assert(told.number, number)
        if code == "TMO" then
            testing.assert(string.find(told.message, "rude", 1, true) ~= nil, true)
        end
        testing.sent(global)
        gives(0, global, "UNB", { character = "Nobody At All" })
        testing.assert(count(testing.sent(global), "SYS"), 1)
    end
end

function tests.time_of_an_account_timeout_is_looked_at_first()
    local con = somebody("Ada")
    for _, time in ipairs({ 0, 5256001, -5, "x", "" }) do
        testing.expect(testing.command(con, "TMO", { character = "Nobody", time = time, reason = "x" }), 38,
            "time " .. tostring(time))
    end
    gives(19, con, "TMO", { character = "Nobody", time = 90, reason = "x" })
end

function tests.who_is_kicked_is_told()
    local global = somebody_who_is("global", (new_room("public")))
    local con = somebody("Ada")
    gives(6, global, "KIK", { character = "Nobody" })
    gives(0, global, "KIK", { character = u.getName(con) })
    testing.assert(first(testing.sent(con), "ERR").number, 40)
end

function tests.global_moderators_are_announced_to_everyone()
    local admin = somebody_who_is("admin", (new_room("public")))
    local con, other = somebody("Ada"), somebody("Bob")
    testing.sent(other)
    gives(6, admin, "AOP", { character = "Nobody" })
    gives(0, admin, "AOP", { character = string.lower(u.getName(con)) })
    testing.assert(first(testing.sent(other), "AOP"), { character = u.getName(con) })
    gives(0, admin, "DOP", { character = u.getName(con) })
    testing.assert(first(testing.sent(other), "DOP"), { character = u.getName(con) })
    gives(1, admin, "SCP", { action = "juggle", character = u.getName(con) })
    gives(0, admin, "RWD", { character = u.getName(con) })
    testing.assert(first(testing.sent(other), "STA").status, "crown")
    gives(6, admin, "RWD", { character = "Nobody" })
    gives(0, admin, "BRO", { message = "hear" })
    testing.assert(first(testing.sent(other), "BRO").character, u.getName(admin))
end

function tests.calling_the_staff()
    local chan, owner = new_room("public")
    local global = somebody_who_is("global", chan, owner)
    local super = somebody_who_is("super", chan, owner)
    local moderator = somebody_who_is("moderator", chan, owner)
    local cop = somebody_who_is("cop", chan, owner)
    local con, other = somebody("Ada"), somebody("Bob")
    for _, each in ipairs({ global, super, moderator, cop, con, other }) do
        testing.sent(each)
    end
    gives(0, con, "SFC", { action = "report", report = "help", tab = c.getName(chan) })
    gives(54, con, "SFC", { action = "report", report = "help", tab = c.getName(chan) })
    local call = first(testing.sent(global), "SFC")
    testing.assert({ call.action, call.character, call.report }, { "report", u.getName(con), "help" })
    testing.assert(count(testing.sent(super), "SFC"), 1)
    testing.assert(count(testing.sent(moderator), "SFC"), 1)
    testing.assert(count(testing.sent(cop), "SFC"), 0)
    testing.assert(count(testing.sent(other), "SFC"), 0)
    gives(0, other, "SFC", { action = "confirm", callid = "none" })
    gives(19, other, "SFC", { action = "confirm", callid = call.callid })
    gives(19, cop, "SFC", { action = "confirm", callid = call.callid })
    gives(0, moderator, "SFC", { action = "confirm", callid = call.callid })
    testing.assert(first(testing.sent(global), "SFC").moderator, u.getName(moderator))
    gives(1, con, "SFC", { action = "juggle" })
    testing.advance(121)
    gives(0, con, "SFC", { action = "report", report = "again", tab = "" })
end

function tests.public_channels_are_made_once()
    local admin = somebody_who_is("admin", (new_room("public")))
    gives(0, admin, "CRC", { channel = "Garden" })
    local _, chan = c.getChannel("garden")
    testing.assert({ c.getName(chan), c.getType(chan) }, { "Garden", "public" })
    gives(0, admin, "CRC", { channel = "GARDEN" })
    testing.assert(c.getName(chan), "Garden")
end

function tests.a_channel_that_ends_tells_everybody()
    local chan, owner = new_room("private")
    local con = somebody_who_is("member", chan, owner)
    local channel = c.getName(chan)
    testing.sent(con)
    gives(0, owner, "KIC", { channel = channel })
    testing.assert(codes(testing.sent(con)), "BRO LCH")
end

-- Searching

function tests.searching()
    local con = somebody("Ada")
    gives(1, con, "FKS", {})
    gives(50, con, "FKS", { array_kinks = { 1 } })
    testing.advance(11)
    gives(61, con, "FKS", { array_kinks = { 1, 2, 3, 4, 5, 6 } })
    testing.advance(11)
    gives(18, con, "FKS", { array_kinks = { 1 } })
    local bob = somebody("Bob")
    u.setKinks(bob, { 1, 2 })
    testing.advance(11)
    testing.sent(con)
    gives(0, con, "FKS", { array_kinks = { "1", 2 } })
    testing.assert(first(testing.sent(con), "FKS").array_characters, { u.getName(bob) })
    u.setStatus(bob, "busy")
    testing.advance(11)
    gives(18, con, "FKS", { array_kinks = { 1 } })
end

-- Administrators that were not appointed through the chat are in the list of the staff for as long as they
-- are administrators.
function tests.the_list_of_the_staff_follows_the_administrators()
    local function log_in(name, number, admin)
        local con, fault = testing.logIn({
            error = "",
            account = { account_id = number, admin = admin },
            char = { character_id = number, name = name },
        })
        testing.assert(fault, 0)
        return con, first(testing.sent(con), "ADL").array_ops
    end
    local ada, before = log_in("Ada", 501, "0")
    testing.assert(before, {})
    local _, seen = log_in("Boss", 502, "1")
    testing.assert(seen, { "Boss" })
    testing.assert(first(testing.sent(ada), "AOP"), { character = "Boss" })
    testing.removeConnection("Boss")
    local _, later = log_in("Cem", 503, "0")
    testing.assert(later, { "Boss" })
    -- The account is no administrator's any more, which the next log-in of one of its characters reports.
    local _, after = log_in("Twin", 502, "0")
    testing.assert(after, {})
    testing.assert(first(testing.sent(ada), "DOP"), { character = "Boss" })
    -- The name belongs to another account now.
    log_in("Boss", 502, "1")
    testing.removeConnection("Boss")
    testing.sent(ada)
    local _, other = log_in("Boss", 504, "0")
    testing.assert(other, {})
    testing.assert(count(testing.sent(ada), "DOP"), 1)
    -- Appointed and removed while online.
    rtb.ADM({ a = 501, admin = true })
    rtb.ADM({ a = 501, admin = true })
    testing.assert(count(testing.sent(ada), "AOP"), 1)
    rtb.ADM({ a = 501, admin = false })
    rtb.ADM({ a = 501, admin = false })
    testing.assert(count(testing.sent(ada), "DOP"), 1)
end

-- docs/clients.md names the programs that match these words.
function tests.programs_find_their_words()
    local chan, owner = new_room("private")
    local channel = c.getName(chan)
    local function told(code, args)
        testing.sent(owner)
        gives(0, owner, code, args)
        return first(testing.sent(owner), "SYS").message
    end
    testing.assert(told("RST", { channel = channel, status = "public" }), "This channel is now [b]public[/b].")
    testing.assert(told("RST", { channel = channel, status = "private" }), "This channel is now [b]private[/b].")
    gives(0, owner, "CBU", { channel = channel, character = "Bob" })
    testing.assert(told("CUB", { channel = channel, character = "Bob" }), "Bob has been removed from the channel ban list.")
    somebody_who_is("admin", chan, owner)
    testing.assert(told("SFC", { action = "report", report = "x", tab = channel }), "The moderators have been alerted.")
    gives(28, owner, "JCH", { channel = channel })
    testing.assert(first(testing.sent(owner), "ERR").message, "You are already in the requested channel.")
end
