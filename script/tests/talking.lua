-- Messages, dice, and the own profile.

local play = require("tests/play")
local somebody = play.somebody
local new_room = play.new_room
local somebody_who_is = play.somebody_who_is
local first = play.first
local codes = play.codes
local gives = play.gives

-- Talking

function tests.one_clock_for_all_that_is_said()
    local chan, owner = new_room("private")
    local channel = c.getName(chan)
    local say = {
        MSG = { channel = channel, message = "hi" },
        LRP = { channel = channel, message = "hi" },
        PRI = { recipient = u.getName(owner), message = "hi" },
        RLL = { channel = channel, dice = "1d6" },
    }
    for code, arguments in pairs(say) do
        for other, others in pairs(say) do
            local con = somebody_who_is("member", chan, owner)
            gives(0, con, code, arguments)
            gives(s.getConfigString("flood_mode") == "reject" and 5 or 0, con, other, others)
            testing.advance(0.6)
            gives(other == "LRP" and code == "LRP" and 56 or 0, con, other, others)
        end
    end
end

function tests.what_is_refused_does_not_count()
    local con = somebody("Ada")
    gives(26, con, "MSG", { channel = "Nowhere", message = "hi" })
    gives(45, con, "MSG", { channel = "Frontpage", message = "hi" })
    gives(0, con, "JCH", { channel = "Frontpage" })
    gives(0, con, "MSG", { channel = "Frontpage", message = "hi" })
end

-- Clients know the order of the refusals.
function tests.the_first_fault_of_a_message_is_told()
    local chan, owner = new_room("private")
    local channel = c.getName(chan)
    gives(0, owner, "RMO", { channel = channel, mode = "ads" })
    local long = string.rep("x", 90000)
    local stranger = somebody("Stranger")
    gives(1, stranger, "MSG", { channel = channel })
    gives(1, stranger, "MSG", { channel = {}, message = "x" })
    gives(26, stranger, "MSG", { channel = "Nowhere", message = long })
    gives(60, stranger, "MSG", { channel = channel, message = long })
    gives(0, owner, "RMO", { channel = channel, mode = "chat" })
    gives(15, stranger, "MSG", { channel = channel, message = long })
    gives(45, stranger, "MSG", { channel = channel, message = "x" })
    gives(1, stranger, "PRI", { recipient = u.getName(owner) })
    gives(1, stranger, "PRI", { recipient = true, message = "x" })
    gives(15, stranger, "PRI", { recipient = "Nobody", message = long })
    gives(6, stranger, "PRI", { recipient = "Nobody", message = "x" })
    -- Numbers are texts, too.
    local member = somebody_who_is("member", chan, owner)
    gives(0, owner, "MSG", { channel = channel, message = 5 })
    testing.assert(first(testing.sent(member), "MSG").message, "5")
end

function tests.modes()
    local chan, owner = new_room("private")
    local channel = c.getName(chan)
    local expected = {
        chat = { MSG = 0, LRP = 59, RLL = 0 },
        ads = { MSG = 60, LRP = 0, RLL = 60 },
        both = { MSG = 0, LRP = 0, RLL = 0 },
    }
    gives(1, owner, "RMO", { channel = channel, mode = "loud" })
    for mode, row in pairs(expected) do
        gives(0, owner, "RMO", { channel = channel, mode = mode })
        for code, number in pairs(row) do
            local con = somebody_who_is("member", chan, owner)
            testing.expect(testing.command(con, code, { channel = channel, message = "x", dice = "1d6" }), number,
                code .. " where mode is " .. mode)
        end
    end
end

function tests.long_messages()
    local public, owner = new_room("public")
    local private = new_room("private")
    c.join(private, owner)
    local short, long = s.getConfigDouble("msg_max"), s.getConfigDouble("priv_max")
    local tries = {
        { "MSG", { channel = c.getName(public), message = string.rep("x", short + 1) }, 15 },
        { "MSG", { channel = c.getName(private), message = string.rep("x", short + 1) }, 0 },
        { "MSG", { channel = c.getName(private), message = string.rep("x", long + 1) }, 15 },
        { "PRI", { recipient = u.getName(owner), message = string.rep("x", long + 1) }, 15 },
        { "PRI", { recipient = "Nobody", message = string.rep("x", long + 1) }, 15 },
        { "PRI", { recipient = "Nobody", message = "x" }, 6 },
    }
    for _, try_this in ipairs(tries) do
        gives(try_this[3], owner, try_this[1], try_this[2])
        testing.advance(1)
    end
end

function tests.ads_are_rare()
    local chan, owner = new_room("public")
    local arguments = { channel = c.getName(chan), message = "ad" }
    gives(0, owner, "LRP", arguments)
    testing.advance(10)
    gives(56, owner, "LRP", arguments)
    local other = c.createChannel("Other")
    c.join(other, owner)
    gives(0, owner, "LRP", { channel = "Other", message = "ad" })
    testing.advance(s.getConfigDouble("lfrp_flood"))
    gives(0, owner, "LRP", arguments)
end

function tests.a_hell_banned_character_is_not_heard()
    local chan, owner = new_room("private")
    local con = somebody_who_is("member", chan, owner)
    u.setHellban(con, true)
    testing.sent(owner)
    local channel, name = c.getName(chan), u.getName(owner)
    for _, say in ipairs({
        { "MSG", { channel = channel, message = "x" } },
        { "LRP", { channel = channel, message = "x" } },
        { "PRI", { recipient = name, message = "x" } },
        { "RLL", { channel = channel, dice = "1d6" } },
    }) do
        gives(0, con, say[1], say[2])
        testing.advance(1)
    end
    testing.assert(testing.sent(owner), {})
end

function tests.texts_are_escaped()
    local chan, owner = new_room("private")
    local con = somebody_who_is("member", chan, owner)
    testing.sent(owner)
    gives(0, con, "MSG", { channel = c.getName(chan), message = "<a> & b" })
    testing.assert(first(testing.sent(owner), "MSG").message, "&lt;a&gt; &amp; b")
end

function tests.dice()
    local chan, owner = new_room("private")
    local channel = c.getName(chan)
    local function roll(dice, where)
        testing.advance(1)
        local arguments = where or { channel = channel }
        arguments.dice = dice
        return testing.command(owner, "RLL", arguments)
    end
    for _, bad in ipairs({ "", "x", "10d6", "1d1", "1d501", "10001", "-10001", "d", "+", "-", "--5", "nan", "1e5",
        "inf", "1d6&", string.rep("1+", 20) .. "1" }) do
        testing.expect(roll(bad), 36, "dice " .. bad)
    end
    for _, good in ipairs({ "1d2", "9d500", "5", "10000", "1d6+2", "2d6-1d4+10", string.rep("1+", 19) .. "1" }) do
        testing.expect(roll(good), 0, "dice " .. good)
    end
    testing.sent(owner)
    testing.expect(roll("3+4-5"), 0)
    local rolled = first(testing.sent(owner), "RLL")
    testing.assert(rolled.endresult, 2)
    testing.assert(string.sub(rolled.message, -8), "[b]2[/b]")
    testing.expect(roll("1d6", {}), 1, "neither channel nor recipient")
    testing.expect(roll("1d6", { channel = "Nowhere" }), 26)
    testing.expect(roll("1d6", { recipient = "Nobody" }), 6)
    testing.expect(roll("1d6", { channel = "Frontpage" }), -10)
    testing.expect(roll("1d6", { channel = "Development" }), 45)
    testing.expect(roll("bottle", { channel = "Development" }), -10)
    testing.sent(owner)
    testing.expect(roll("bottle"), 0, "a bottle with nobody else there")
    testing.assert(codes(testing.sent(owner)), "SYS")
    local other = somebody_who_is("member", chan, owner)
    testing.sent(owner)
    testing.expect(roll("bottle"), 0)
    testing.assert(first(testing.sent(owner), "RLL").target, u.getName(other))
end

-- The own profile and that of others

function tests.status()
    local con = somebody("Ada")
    testing.sent(con)
    gives(0, con, "STA", { status = "BUSY", statusmsg = "<x>" })
    testing.assert(first(testing.sent(con), "STA"), { character = u.getName(con), status = "busy", statusmsg = "&lt;x&gt;" })
    gives(14, con, "STA", { status = "away" })
    for _, invented in ipairs({ "crown", "invisible", "" }) do
        testing.advance(6)
        testing.sent(con)
        gives(0, con, "STA", { status = invented })
        testing.assert(first(testing.sent(con), "STA").status, "online")
    end
end

function tests.typing()
    local ada, bob = somebody("Ada"), somebody("Bob")
    testing.sent(bob)
    gives(0, ada, "TPN", { character = u.getName(bob), status = "typing" })
    testing.assert(first(testing.sent(bob), "TPN"), { character = u.getName(ada), status = "typing" })
    gives(0, ada, "TPN", { character = u.getName(bob), status = "juggling" })
    gives(0, ada, "TPN", { character = "Nobody", status = "typing" })
    testing.assert(testing.sent(bob), {})
end

function tests.profiles_and_kinks_are_asked_for_slowly()
    for code, number in pairs({ PRO = 7, KIN = 13 }) do
        local ada, bob = somebody("Ada"), somebody("Bob")
        gives(6, ada, code, { character = "Nobody" })
        gives(0, ada, code, { character = u.getName(bob) })
        gives(number, ada, code, { character = u.getName(bob) })
        testing.advance(11)
        gives(0, ada, code, { character = u.getName(bob) })
    end
end

function tests.ignoring()
    local ada = somebody("Ada")
    local twin = somebody("Twin")
    u.setAccountID(twin, (u.getAccountCharacterIDs(ada)))
    local global = somebody_who_is("global", c.createChannel("Some"))
    testing.sent(twin)
    gives(0, ada, "IGN", { action = "add", character = "Troll" })
    testing.assert(string.lower(first(testing.sent(twin), "IGN").character), "troll")
    gives(21, ada, "IGN", { action = "add", character = u.getName(global) })
    gives(1, ada, "IGN", { action = "juggle", character = "x" })
    testing.sent(ada)
    gives(0, ada, "IGN", { action = "list" })
    testing.assert(#first(testing.sent(ada), "IGN").array_characters, 1)
    gives(0, ada, "IGN", { action = "delete", character = "TROLL" })
    testing.sent(ada)
    gives(0, ada, "IGN", { action = "list" })
    testing.assert(#first(testing.sent(ada), "IGN").array_characters, 0)
    local names = {}
    for index = 1, 300 do
        names[index] = "troll " .. index
    end
    u.setIgnores(ada, names)
    gives(64, ada, "IGN", { action = "add", character = "One More" })
    testing.sent(twin)
    gives(0, ada, "IGN", { action = "delete", character = "*" })
    testing.assert(first(testing.sent(twin), "IGN"), { action = "init", array_characters = {} })
    gives(0, ada, "IGN", { action = "notify", character = u.getName(twin) })
    testing.assert(first(testing.sent(twin), "ERR").number, 20)
end
