-- Bans of networks, and paused registration.

local play = require("tests/play")
local somebody = play.somebody
local new_room = play.new_room
local somebody_who_is = play.somebody_who_is
local count = play.count
local first = play.first
local gives = play.gives

function tests.only_administrators_decide_who_is_let_in()
    for _, role in ipairs({ "global", "super-cop" }) do
        local con = somebody_who_is(role, (new_room("public")))
        gives(10, con, "NBN", { network = "203.0.113.0/24" })
        gives(10, con, "NUB", { network = "203.0.113.0/24" })
        gives(10, con, "NBL", {})
        gives(10, con, "RGP", { paused = true })
    end
    testing.assert(s.isRegistrationPaused(), false)
end

function tests.a_network_is_banned_listed_and_let_in_again()
    local admin = somebody_who_is("admin", (new_room("public")))
    gives(1, admin, "NBN", {})
    gives(1, admin, "NBN", { network = "203.0.113.0/24", character = "Ada" })
    gives(38, admin, "NBN", { network = "203.0.113.0/24", time = 0 })
    gives(38, admin, "NBN", { network = "203.0.113.0/24", time = "soon" })
    testing.sent(admin)
    testing.command(admin, "NBN", { network = "example.org" })
    testing.assert(string.find(first(testing.sent(admin), "ERR").message, "no CIDR block", 1, true) ~= nil, true)
    gives(0, admin, "NBN", { network = "203.0.113.7/24", time = 60, reason = "<raid>" })
    gives(0, admin, "NBL", { network = "203.0.113.99" })
    local said = testing.sent(admin)
    testing.assert(count(said, "SYS"), 2)
    local _, total = s.getNetworkBans(5)
    testing.assert(total, 1)
    gives(0, admin, "NUB", { network = "203.0.113.0/24" })
    _, total = s.getNetworkBans(5)
    testing.assert(total, 0)
end

function tests.nobody_bans_the_server_or_themselves_by_mistake()
    local admin = somebody_who_is("admin", (new_room("public")))
    for _, network in ipairs({ "127.0.0.1", "0.0.0.0/0", "::1/64", s.getNetwork(admin) }) do
        testing.sent(admin)
        testing.command(admin, "NBN", { network = network })
        testing.assert(first(testing.sent(admin), "ERR").number, 1)
        testing.assert(testing.closed(admin), false)
    end
    local _, total = s.getNetworkBans(5)
    testing.assert(total, 0)
end

function tests.a_ban_ends_the_sessions_of_its_network()
    local admin = somebody_who_is("admin", (new_room("public")))
    local ada = somebody("Ada")
    testing.sent(ada)
    -- All test connections have the same address.
    gives(0, admin, "NBN", { character = u.getName(ada), reason = "raid", force = true })
    testing.assert(first(testing.sent(ada), "ERR").number, 9)
    testing.assert(testing.closed(ada), true)
end

function tests.registration_is_a_switch()
    local admin = somebody_who_is("admin", (new_room("public")))
    gives(0, admin, "RGP", { paused = true })
    testing.assert(s.isRegistrationPaused(), true)
    gives(0, admin, "RGP", {})
    testing.assert(s.isRegistrationPaused(), true)
    gives(0, admin, "RGP", { paused = false })
    testing.assert(s.isRegistrationPaused(), false)
end
