-- Joining and leaving channels.

local play = require("tests/play")
local somebody = play.somebody
local new_room = play.new_room
local somebody_who_is = play.somebody_who_is
local first = play.first
local codes = play.codes
local gives = play.gives

function tests.nobody_joins_twice()
    local con = somebody("Ada")
    gives(0, con, "JCH", { channel = "Frontpage" })
    testing.assert(codes(testing.sent(con)), "JCH COL ICH CDS")
    gives(28, con, "JCH", { channel = "frontpage" })
end

function tests.seventy_five_channels_are_enough()
    local con = somebody("Ada")
    for index = 1, 75 do
        c.join(c.createChannel("Channel " .. index), con)
    end
    gives(73, con, "JCH", { channel = "Frontpage" })
    gives(73, con, "JCH", { channel = "Nowhere" })
end

function tests.leaving_what_one_is_not_in()
    local con = somebody("Ada")
    gives(26, con, "LCH", { channel = "Nowhere" })
    testing.assert(codes(testing.sent(con)), "LCH ERR")
    gives(0, con, "LCH", { channel = "Frontpage" })
    testing.assert(codes(testing.sent(con)), "LCH")
    gives(0, con, "JCH", { channel = "Frontpage" })
    testing.sent(con)
    gives(0, con, "LCH", { channel = "Frontpage" })
    testing.assert(first(testing.sent(con), "LCH"), { channel = "Frontpage", character = u.getName(con) })
end

function tests.an_empty_room_ends()
    local chan, owner = new_room("private")
    local channel = c.getName(chan)
    gives(0, owner, "LCH", { channel = channel })
    testing.assert((c.getChannel(channel)), false)
    -- Also an open room that was never busy; a busy one stays for a day.
    for _, busy in ipairs({ false, true }) do
        chan, owner = new_room("pubprivate")
        channel = c.getName(chan)
        local others = {}
        for index = 2, busy and 5 or 4 do
            others[index] = somebody("Guest")
            gives(0, others[index], "JCH", { channel = channel })
        end
        for _, other in pairs(others) do
            gives(0, other, "LCH", { channel = channel })
        end
        gives(0, owner, "LCH", { channel = channel })
        testing.assert((c.getChannel(channel)), busy)
    end
    testing.advance(23 * 3600)
    testing.assert((c.getChannel(channel)), true)
    testing.advance(2 * 3600)
    testing.assert((c.getChannel(channel)), false)
end

function tests.titles_of_rooms()
    local con = somebody("Ada")
    gives(67, con, "CCR", { channel = "" })
    gives(67, con, "CCR", { channel = string.rep("x", 65) })
    gives(0, con, "CCR", { channel = string.rep("ä", 64) })
    testing.sent(con)
    gives(0, con, "CCR", { channel = "<b>" })
    local join = first(testing.sent(con), "JCH")
    testing.assert(join.title, "&lt;b&gt;")
    testing.assert(string.match(join.channel, "^ADH%-%x+$") ~= nil and #join.channel, 24)
    local _, chan = c.getChannel(join.channel)
    testing.assert({ c.isOwner(chan, con), c.isInvited(chan, con) }, { true, true })
end

function tests.the_staff_room_stays()
    local found, chan = c.getChannel("ADH-UBERAWESOMESTAFFROOM")
    testing.assert(found, true)
    testing.assert({ c.getType(chan), c.getTitle(chan) }, { "private", "Staff Room" })
    local con = somebody_who_is("admin", chan)
    testing.assert(c.inChannel(chan, con), true)
    gives(0, con, "LCH", { channel = "ADH-UBERAWESOMESTAFFROOM" })
    testing.advance(2 * 86400)
    testing.assert((c.getChannel("ADH-UBERAWESOMESTAFFROOM")), true)
end
