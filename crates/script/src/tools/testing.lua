-- The Lua part of the library `testing`.

local request = testing.__request
local running = coroutine.running
local thread
local asking = false
-- Whether the test has checked anything.
local has_tested = false
-- Whether the running test is the global function `runTests`.
local of_classic = false

-- Passes a request to the runner and waits for its answer. It is assigned in a separate statement so that the
-- compiler does not inline it: errors count the functions up to the test's own.
local ask
ask = function(name, what, con, text, arguments)
    if running() ~= thread then
        error("testing." .. name .. " can't be called inside a coroutine of your own", 3)
    end
    if con ~= nil and type(con) ~= "userdata" then
        error("a connection of testing.createConnection expected", 3)
    end
    asking = true
    has_tested = true
    local fine, first, second = coroutine.yield(what, con, text, arguments)
    asking = false
    if not fine then
        error(first, 3)
    end
    return first, second
end

-- Hides from a test that it runs in a coroutine.
function coroutine.running()
    local current = running()
    return current ~= thread and current or nil
end

local function show(value, depth)
    if type(value) == "string" then
        return string.format("%q", value)
    elseif type(value) ~= "table" then
        return tostring(value)
    elseif depth > 3 then
        return "{...}"
    end
    local keys, parts = {}, {}
    for key in pairs(value) do
        table.insert(keys, key)
    end
    table.sort(keys, function(one, other)
        return tostring(one) < tostring(other)
    end)
    for _, key in ipairs(keys) do
        table.insert(parts, tostring(key) .. " = " .. show(value[key], depth + 1))
    end
    return "{" .. table.concat(parts, ", ") .. "}"
end

local function equal(one, other, depth)
    if type(one) ~= "table" or type(other) ~= "table" or depth > 50 then
        return one == other
    end
    for key, value in pairs(one) do
        if not equal(value, other[key], depth + 1) then
            return false
        end
    end
    for key in pairs(other) do
        if one[key] == nil then
            return false
        end
    end
    return true
end

local function difference(actual, expected)
    return "expected " .. show(expected, 0) .. ", got " .. show(actual, 0)
end

function testing.createConnection(name)
    if type(name) ~= "string" then
        error("testing.createConnection needs a name", 2)
    end
    return (ask("createConnection", "open", nil, name))
end

function testing.removeConnection(who)
    if type(who) == "string" then
        local online, con = u.getConnection(who)
        if not online then
            error("nobody is online under the name " .. who, 2)
        end
        who = con
    end
    ask("removeConnection", "lost", who)
end

function testing.killChannel(name)
    if type(name) ~= "string" then
        error("testing.killChannel needs the name of a channel", 2)
    end
    ask("killChannel", "kill", nil, name)
end

function testing.assert(actual, expected)
    has_tested = true
    if not equal(actual, expected, 0) then
        if of_classic then
            -- These tests keep their own count, and may catch the error.
            testing.expect(actual, expected)
        end
        error(difference(actual, expected), 2)
    end
end

function testing.expect(actual, expected, what)
    has_tested = true
    if not equal(actual, expected, 0) then
        local _, place = pcall(error, "", 3)
        what = what and what .. ": " or ""
        request("mismatch", nil, place .. what .. difference(actual, expected))
    end
end

function testing.runTests() end

function testing.command(con, code, arguments)
    if type(code) ~= "string" or #code ~= 3 then
        error("testing.command needs a command of three letters", 2)
    end
    return (ask("command", "command", con, code, arguments))
end

function testing.sent(con)
    return ask("sent", "sent", con).array_list
end

function testing.closed(con)
    return (ask("closed", "closed", con))
end

function testing.advance(seconds)
    ask("advance", "advance", nil, string.format("%.3f", seconds))
end

function testing.logIn(answer)
    return ask("logIn", "login", nil, nil, answer)
end

-- Functions for the runner.

local function forward(fine, what, con, text, arguments)
    if not fine then
        request("failed", nil, tostring(what))
    elseif coroutine.status(thread) == "dead" then
        request(has_tested and "tested" or "done")
    elseif not asking then
        request("failed", nil, "the test yields by itself; only its own coroutines may")
    else
        request(what, con, text, arguments)
    end
end

function testing.__start(name)
    local body = testing.__file
    of_classic = name == "runTests"
    if of_classic then
        body = runTests
    elseif name ~= nil then
        body = tests[name]
    end
    thread = coroutine.create(body)
    forward(coroutine.resume(thread))
end

function testing.__resume(...)
    forward(coroutine.resume(thread, ...))
end

function testing.__names()
    if type(runTests) == "function" then
        request("test", nil, "runTests")
    end
    if type(tests) == "table" then
        for name, value in pairs(tests) do
            if type(name) == "string" and type(value) == "function" then
                request("test", nil, name)
            end
        end
    end
end
