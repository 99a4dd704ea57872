-- Names, bans, timeouts and moderators: the rules that tables cannot express.

local play = require("tests/play")
local somebody = play.somebody
local new_room = play.new_room
local somebody_who_is = play.somebody_who_is
local count = play.count
local first = play.first
local codes = play.codes
local gives = play.gives

-- Names and channels

function tests.fields_are_checked_before_all_else()
    local con = somebody("Ada")
    local needed = {
        MSG = { "channel", "message" }, LRP = { "channel", "message" }, PRI = { "recipient", "message" },
        JCH = { "channel" }, LCH = { "channel" }, CCR = { "channel" }, CIU = { "channel", "character" },
        CDS = { "channel", "description" }, CTO = { "channel", "topic" }, RMO = { "channel", "mode" }, RST = { "channel", "status" },
        COL = { "channel" }, CBL = { "channel" }, COA = { "channel", "character" },
        COR = { "channel", "character" }, CSO = { "channel", "character" }, CKU = { "channel", "character" },
        CBU = { "channel", "character" }, CTU = { "channel", "character", "length" },
        CUB = { "channel", "character" }, KIC = { "channel" }, CRC = { "channel" }, ACB = { "character" },
        TMO = { "character", "time", "reason" }, UNB = { "character" }, KIK = { "character" },
        AOP = { "character" }, DOP = { "character" }, RWD = { "character" },
        BRO = { "message" }, SFC = { "action" }, PRO = { "character" }, KIN = { "character" },
        STA = { "status" }, TPN = { "character", "status" }, IGN = { "action" }, RLL = { "dice" },
    }
    for code, names in pairs(needed) do
        for _, missing in ipairs(names) do
            local arguments = {}
            for _, name in ipairs(names) do
                if name ~= missing then
                    arguments[name] = "nothing"
                end
            end
            testing.expect(testing.command(con, code, arguments), 1, code .. " without " .. missing)
        end
    end
    gives(1, con, "SCP", {})
    gives(1, con, "RLL", {})
end

function tests.channels_that_are_not_there()
    local con = somebody("Ada")
    for _, code in ipairs({ "MSG", "LRP", "JCH", "LCH", "CDS", "CTO", "COL", "CBL", "CIU", "CKU", "CBU", "CUB", "COA", "COR",
        "CSO", "KIC" }) do
        local arguments = { channel = "Nowhere", character = "Nobody", message = "x", description = "x", topic = "x" }
        testing.expect(testing.command(con, code, arguments), 26, code)
        testing.advance(1)
    end
    gives(26, con, "RMO", { channel = "Nowhere", mode = "ads" })
    gives(26, con, "RST", { channel = "Nowhere", status = "public" })
    gives(26, con, "CTU", { channel = "Nowhere", character = "Nobody", length = 5 })
end

function tests.names_ignore_case_and_answers_have_the_canonical_one()
    local chan, owner = new_room("public")
    local con = somebody("Ada")
    gives(0, con, "JCH", { channel = string.upper(c.getName(chan)) })
    testing.assert(first(testing.sent(con), "JCH").channel, c.getName(chan))
    testing.sent(owner)
    gives(0, owner, "CBU", { channel = string.lower(c.getName(chan)), character = string.upper(u.getName(con)) })
    local ban = first(testing.sent(owner), "CBU")
    testing.assert(ban, { channel = c.getName(chan), operator = u.getName(owner), character = u.getName(con) })
    gives(41, owner, "CBU", { channel = c.getName(chan), character = string.lower(u.getName(con)) })
end

-- Bans and timeouts

function tests.timeouts_are_one_minute_to_years()
    local chan, owner = new_room("public")
    local channel = c.getName(chan)
    for _, length in ipairs({ 0, -1, 5256001, 1e12, "x", "", "5256001", "0", "1e1000", "nan", "inf", true, {} }) do
        testing.expect(testing.command(owner, "CTU", { channel = channel, character = "Bob", length = length }), 38,
            "length " .. tostring(length))
        -- This check comes before the search for the channel.
        testing.expect(testing.command(owner, "CTU", { channel = "x", character = "Bob", length = length }), 38)
    end
    for index, length in ipairs({ 1, 91, "1", "525600", 5256000, 45 }) do
        gives(0, owner, "CTU", { channel = channel, character = "Bob" .. index, length = length })
        testing.assert(c.isBanned(chan, "Bob" .. index), true)
    end
end

function tests.a_timeout_ends()
    local chan, owner = new_room("public")
    local con = somebody("Ada")
    local channel = c.getName(chan)
    gives(0, owner, "CTU", { channel = channel, character = u.getName(con), length = 10 })
    gives(48, con, "JCH", { channel = channel })
    testing.advance(9 * 60)
    testing.sent(con)
    gives(48, con, "JCH", { channel = channel })
    testing.assert(string.find(first(testing.sent(con), "ERR").message, "a minute more", 1, true) ~= nil, true)
    testing.advance(2 * 60)
    gives(0, con, "JCH", { channel = channel })
    testing.assert(c.getBanCount(chan) == 0 or not c.isBanned(chan, con), true)
end

function tests.who_is_offline_can_be_banned()
    local chan, owner = new_room("private")
    local channel = c.getName(chan)
    gives(0, owner, "CBU", { channel = channel, character = "Far Away" })
    gives(41, owner, "CBU", { channel = channel, character = "far away" })
    gives(0, owner, "CUB", { channel = channel, character = "FAR AWAY" })
    gives(42, owner, "CUB", { channel = channel, character = "Far Away" })
    gives(6, owner, "CKU", { channel = channel, character = "Far Away" })
end

function tests.a_channel_has_three_hundred_bans_unless_staff_wants_more()
    local chan, owner = new_room("public")
    local channel = c.getName(chan)
    for index = 1, 300 do
        c.ban(chan, owner, "Troll " .. index)
    end
    gives(74, owner, "CBU", { channel = channel, character = "One More" })
    gives(74, owner, "CTU", { channel = channel, character = "One More", length = 5 })
    for _, role in ipairs({ "super", "global", "admin" }) do
        gives(0, somebody_who_is(role, chan, owner), "CBU", { channel = channel, character = "For " .. role })
    end
end

function tests.a_moderator_outside_can_ban_but_not_kick_or_time_out()
    local chan, owner = new_room("public")
    local channel = c.getName(chan)
    local moderator = somebody_who_is("moderator", chan, owner, true)
    local member = somebody_who_is("member", chan, owner)
    gives(49, moderator, "CKU", { channel = channel, character = u.getName(member) })
    gives(49, moderator, "CTU", { channel = channel, character = u.getName(member), length = 5 })
    gives(0, moderator, "CBU", { channel = channel, character = u.getName(member) })
    local inside = somebody_who_is("moderator", chan, owner)
    gives(49, inside, "CKU", { channel = channel, character = u.getName(member) })
end

function tests.who_is_put_out_hears_it_and_needs_a_new_invitation()
    local chan, owner = new_room("private")
    local channel = c.getName(chan)
    for _, code in ipairs({ "CKU", "CBU", "CTU" }) do
        local con = somebody("Guest")
        gives(0, owner, "CIU", { channel = channel, character = u.getName(con) })
        gives(0, con, "JCH", { channel = channel })
        testing.sent(con)
        gives(0, owner, code, { channel = channel, character = u.getName(con), length = 5 })
        testing.assert(codes(testing.sent(con)), code .. " LCH")
        testing.assert(c.isInvited(chan, con), false)
        gives(code == "CKU" and 44 or 48, con, "JCH", { channel = channel })
    end
end

-- Moderators and owners

function tests.moderators_come_and_go_before_everybody()
    local chan, owner = new_room("public")
    local channel = c.getName(chan)
    local con = somebody_who_is("member", chan, owner)
    local name = u.getName(con)
    testing.sent(con)
    gives(0, owner, "COA", { channel = channel, character = name })
    local sent = testing.sent(con)
    testing.assert(first(sent, "COA"), { channel = channel, character = name })
    testing.assert(first(sent, "COL").array_oplist, { u.getName(owner), name })
    testing.assert(count(sent, "SYS"), 1)
    testing.assert(u.hasRole(con, "cop"), true)
    gives(0, owner, "COA", { channel = channel, character = name })
    testing.assert(testing.sent(con), {})
    gives(0, owner, "COR", { channel = channel, character = name, silent = true })
    sent = testing.sent(con)
    testing.assert(count(sent, "SYS"), 0)
    testing.assert(first(sent, "COR"), { channel = channel, character = name })
    testing.assert(u.hasRole(con, "cop"), false)
end

function tests.a_channel_is_given_away()
    local chan, owner = new_room("private")
    local channel = c.getName(chan)
    local con = somebody_who_is("member", chan, owner)
    gives(6, owner, "CSO", { channel = channel, character = "Nobody" })
    testing.sent(con)
    gives(0, owner, "CSO", { channel = channel, character = u.getName(con) })
    testing.assert(codes(testing.sent(con)), "SYS COL CSO COA")
    testing.assert({ c.isOwner(chan, con), c.isOwner(chan, owner) }, { true, false })
    gives(19, owner, "CSO", { channel = channel, character = u.getName(owner) })
end

function tests.the_list_of_moderators_has_an_empty_place_for_no_owner()
    local con = somebody("Ada")
    gives(0, con, "COL", { channel = "Frontpage" })
    testing.assert(first(testing.sent(con), "COL").array_oplist, { "" })
end
