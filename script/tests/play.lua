-- Shared functions of the tests: characters with roles, channels, and received frames.

local play = {}

local account = 100
local rooms = 0

-- A new character with an account of its own.
function play.somebody(name)
    account = account + 1
    name = name .. " " .. account
    local con = testing.createConnection(name)
    u.setAccountID(con, account)
    u.setCharacterID(con, account)
    return con
end

-- A new channel with its owner as a member.
function play.new_room(kind)
    rooms = rooms + 1
    local owner = play.somebody("Owner")
    local chan
    if kind == "public" then
        chan = c.createChannel("Library " .. rooms)
        c.setOwner(chan, owner)
    else
        local _
        _, chan = c.createPrivateChannel(owner, "Room " .. rooms)
        if kind == "pubprivate" then
            c.setPublic(chan, true)
        end
    end
    c.join(chan, owner)
    testing.assert(c.getType(chan), kind)
    return chan, owner
end

-- A new character with a role, joined to the channel unless the role is "nobody" or `outside` is true.
function play.somebody_who_is(role, chan, owner, outside)
    if role == "owner" then
        if outside then
            c.part(chan, owner)
        end
        return owner
    end
    local con = play.somebody(role)
    local name = u.getName(con)
    if role == "moderator" then
        c.addMod(chan, owner, name)
    elseif role == "cop" then
        rooms = rooms + 1
        c.addMod(c.createChannel("Kitchen " .. rooms), owner, name)
    elseif role == "super" then
        s.addSCop(name)
        u.addRole(con, "super-cop")
    elseif role == "global" then
        s.addOp(name)
        u.setGlobMod(con, true)
    elseif role == "admin" then
        u.setAdmin(con, true)
    end
    if role ~= "nobody" and not outside then
        c.join(chan, con)
    end
    return con
end

function play.count(sent, code)
    local found = 0
    for _, message in ipairs(sent) do
        if message.code == code then
            found = found + 1
        end
    end
    return found
end

-- The first message with a command.
function play.first(sent, code)
    for _, message in ipairs(sent) do
        if message.code == code then
            return message.args
        end
    end
    error("no " .. code .. " was sent", 2)
end

function play.codes(sent)
    local list = {}
    for _, message in ipairs(sent) do
        table.insert(list, message.code)
    end
    return table.concat(list, " ")
end

-- Sends a command and expects a number.
function play.gives(expected, con, code, arguments)
    local number = testing.command(con, code, arguments)
    testing.assert(code .. " " .. number, code .. " " .. expected)
end

return play
