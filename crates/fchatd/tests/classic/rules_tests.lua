-- A test file in the style of the classic server: a global function that keeps its own count.

local checks, failed = 0, 0

local function check(name, actual, expected)
    checks = checks + 1
    local fine, message = pcall(testing.assert, actual, expected)
    if not fine then
        failed = failed + 1
        print("failed: " .. name .. ": " .. tostring(message))
    end
end

local function people()
    check("ada is not there before", (u.getConnection("ada")), false)
    local ada, bob = testing.createConnection("Ada"), testing.createConnection("Bob")
    check("handles are opaque", type(ada), "userdata")
    check("and print so", tostring(ada):find("^userdata") ~= nil, true)
    check("and can be keys", ({ [ada] = 1 })[ada], 1)
    check("and are no numbers", tonumber(ada), nil)
    local found, again = u.getConnection("ada")
    check("found", found, true)
    check("the same", again == ada, true)
    check("names", u.getName(ada), "Ada")
    u.setFriends(ada, { "X" })
    u.setFriends(ada, { "Y" })
    check("friends are added", #u.getFriendList(ada), 2)
    u.setIgnores(ada, { "x" })
    u.setIgnores(ada, { "y" })
    check("ignores are added", #u.getIgnoreList(ada), 2)
    u.setCustomKinks(ada, { Tea = "yes" })
    u.setCustomKinks(ada, { Milk = "no" })
    check("kinks are added", u.getCustomKinks(ada).Tea, "yes")
    u.addRole(ada, "tester")
    check("roles under names", u.hasAnyRole(ada, { one = "x", other = "tester" }), true)
    u.closef(bob)
    check("closef frees the name", (u.getConnection("bob")), false)
    return ada
end

local function channels(ada)
    local lobby = c.createChannel("Test Lobby")
    check("made twice is the same", c.createChannel("test lobby") == lobby, true)
    c.setMode(lobby, "weird")
    check("odd modes change nothing", c.getMode(lobby), "both")
    check("a public channel can be destroyed", c.canDestroy(lobby), true)
    joinChannel(lobby, ada)
    check("joined", c.inChannel(lobby, ada), true)
    partChannel(lobby, ada)
    check("parted", c.inChannel(lobby, ada), false)
    testing.killChannel("no such channel")
    testing.killChannel("test lobby")
    check("killed", (c.getChannel("test lobby")), false)
end

local function library()
    check("json of nonsense", next(s.fromJSON("nonsense")), nil)
    check("json of a function", s.toJSON({ x = print }), '{"x":null}')
    check("json of named elements", s.toJSON({ array_x = { k = "v" } }), '{"x":["v"]}')
    check("replaced functions are heard", s.escapeHTML("(c) <b>"), "© &lt;b&gt;")
    check("numbers have 14 digits", tostring(1 / 3), "0.33333333333333")
    check("large ones", tostring(1e15), "1e+15")
    check("format of nil", string.format("%s", nil), "nil")
    check("format %a", string.format("%a", 1), "0x1p+0")
    check("rep with a separator", string.rep("ab", 2, ","), "ab,ab")
    check("bits", bit.bor(bit.lshift(1, 31), 1), -2147483647)
    check("loadstring", loadstring("return 1 + 1")(), 2)
    check("load of parts", load(function() return nil end) ~= nil, true)
    check("getfenv", getfenv(1) == _G, true)
    check("table.getn", table.getn({ 1, 2 }), 2)
    local sum = 0
    table.foreach({ 1, 2, 3 }, function(_, value) sum = sum + value end)
    check("table.foreach", sum, 6)
    check("random(0)", math.random(0), 1)
    check("binary numbers", tonumber("0b11"), 3)
    check("hexadecimal fractions", tonumber("0x1.8"), 1.5)
    check("the time", os.time() == s.getTime(), true)
    check("dates", os.date("!%Y-%m-%d", 86400), "1970-01-02")
    check("times of dates", os.time({ year = 1970, month = 1, day = 2, hour = 0 }), 86400)
    check("differences", os.difftime(5, 3), 2)
    check("unknown settings are nothing", s.getConfigDouble("no_such_key"), 0)
    check("nor texts", s.getConfigString("no_such_key"), "")
    check("nor lists", s.getConfigStringList("no_such_key"), nil)
    check("unknown constants are nil", const.FERR_NO_SUCH, nil)
    for _, forbidden in ipairs({ "io.open", "os.execute", "debug.getinfo", "package.loadlib", "os.getenv", "os.exit" }) do
        local owner, name = forbidden:match("(%a+)%.(%a+)")
        local fine, message = pcall(function() return _G[owner][name]("x") end)
        check(forbidden .. " is out of reach", fine, false)
        check(forbidden .. " says so", tostring(message):find(forbidden, 1, true) ~= nil, true)
    end
end

local function arithmetic()
    -- Many small checks, as usual in such files.
    for number = 1, 50 do
        check("escape " .. number, s.escapeHTML("<" .. number .. ">"), "&lt;" .. number .. "&gt;")
    end
end

function runTests()
    print("testing")
    local ada = people()
    channels(ada)
    library()
    arithmetic()
    testing.removeConnection("ada")
    check("removed", (u.getConnection("ada")), false)
    print(checks .. " checks, " .. failed .. " failed")
end
