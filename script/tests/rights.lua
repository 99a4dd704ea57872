-- The rights of roles, as tables. A row is the actor, a column is the kind of channel or the target, and a
-- cell is "ok" or the number of the error.

local play = require("tests/play")
local somebody = play.somebody
local new_room = play.new_room
local somebody_who_is = play.somebody_who_is

-- Roles of actors and targets. All but "nobody" are in the channel.
--   nobody       not in the channel
--   member       a member without any role
--   moderator    a moderator of this channel
--   owner        the owner of this channel
--   cop          a moderator of another, public channel
--   super        a super moderator
--   global       a global moderator
--   admin        an administrator
local WHERE = { "public", "private", "pubprivate" }

-- Kicks, bans and timeouts also depend on the target.
local PUT_OUT = {
    public = [[
                | member | moderator | owner | cop | super | global | admin
        nobody    | 19   | 19        | 19    | 19  | 19    | 19     | 19
        member    | 19   | 19        | 19    | 19  | 19    | 19     | 19
        moderator | ok   | 21        | 21    | 21  | 21    | 21     | 21
        owner     | ok   | 21        | 21    | 21  | 21    | 21     | 21
        cop       | 19   | 19        | 19    | 19  | 19    | 19     | 19
        super     | ok   | 21        | 21    | 21  | 21    | 21     | 21
        global    | ok   | 21        | 21    | 21  | 21    | 21     | 21
        admin     | ok   | 21        | 21    | 21  | 21    | 21     | 21
    ]],
    private = [[
                | member | moderator | owner | cop | super | global | admin
        nobody    | 19   | 19        | 19    | 19  | 19    | 19     | 19
        member    | 19   | 19        | 19    | 19  | 19    | 19     | 19
        moderator | ok   | ok        | 21    | ok  | ok    | 21     | ok
        owner     | ok   | ok        | 21    | ok  | ok    | 21     | ok
        cop       | 19   | 19        | 19    | 19  | 19    | 19     | 19
        super     | 19   | 19        | 19    | 19  | 19    | 19     | 19
        global    | ok   | ok        | ok    | ok  | ok    | ok     | ok
        admin     | ok   | ok        | ok    | ok  | ok    | ok     | ok
    ]],
}
PUT_OUT.pubprivate = PUT_OUT.private

-- These commands do not depend on the target's role; each is tried on all kinds of targets.
local MODERATORS_RIGHT = [[
                | public | private | pubprivate
        nobody    | 19   | 19      | 19
        member    | 19   | 19      | 19
        moderator | ok   | ok      | ok
        owner     | ok   | ok      | ok
        cop       | 19   | 19      | 19
        super     | ok   | 19      | 19
        global    | ok   | ok      | ok
        admin     | ok   | ok      | ok
]]
local OWNERS_RIGHT = [[
                | public | private | pubprivate
        nobody    | 19   | 19      | 19
        member    | 19   | 19      | 19
        moderator | 19   | 19      | 19
        owner     | ok   | ok      | ok
        cop       | 19   | 19      | 19
        super     | 19   | 19      | 19
        global    | ok   | ok      | ok
        admin     | ok   | ok      | ok
]]
local IN_A_CHANNEL = {
    CDS = MODERATORS_RIGHT, -- description
    CTO = MODERATORS_RIGHT, -- topic
    CUB = MODERATORS_RIGHT, -- lift a ban
    COA = OWNERS_RIGHT, -- make a moderator
    COR = OWNERS_RIGHT, -- remove a moderator
    CSO = OWNERS_RIGHT, -- give the channel away
    RMO = OWNERS_RIGHT, -- mode
    -- Open or close a room: a public channel stays public.
    RST = [[
                | public | private | pubprivate
        nobody    | 19   | 19      | 19
        member    | 19   | 19      | 19
        moderator | 19   | 19      | 19
        owner     | 1    | ok      | ok
        cop       | 19   | 19      | 19
        super     | 19   | 19      | 19
        global    | 1    | ok      | ok
        admin     | 1    | ok      | ok
    ]],
    -- Close the channel.
    KIC = [[
                | public | private | pubprivate
        nobody    | 19   | 19      | 19
        member    | 19   | 19      | 19
        moderator | 19   | 19      | 19
        owner     | ok   | ok      | ok
        cop       | 19   | 19      | 19
        super     | 19   | 19      | 19
        global    | 19   | 19      | 19
        admin     | ok   | ok      | ok
    ]],
    -- Invite.
    CIU = [[
                | public | private | pubprivate
        nobody    | 49   | 49      | 49
        member    | 47   | 19      | ok
        moderator | 47   | ok      | ok
        owner     | 47   | ok      | ok
        cop       | 47   | 19      | ok
        super     | 47   | 19      | ok
        global    | 47   | ok      | ok
        admin     | 47   | ok      | ok
    ]],
    -- All users may list moderators and bans.
    COL = [[
                | public | private | pubprivate
        nobody    | ok   | ok      | ok
        member    | ok   | ok      | ok
        moderator | ok   | ok      | ok
        owner     | ok   | ok      | ok
        cop       | ok   | ok      | ok
        super     | ok   | ok      | ok
        global    | ok   | ok      | ok
        admin     | ok   | ok      | ok
    ]],
}
IN_A_CHANNEL.CBL = IN_A_CHANNEL.COL

-- Joining. "banned" stands for a permanent ban in a public channel, "expelled" for one in an open room.
local JOIN = [[
                | public | private | pubprivate | invited | banned | expelled
        nobody    | ok   | 44      | ok         | ok      | 48     | 48
        moderator | ok   | 44      | ok         | ok      | 48     | 48
        owner     | ok   | ok      | ok         | ok      | ok     | ok
        cop       | ok   | 44      | ok         | ok      | 48     | 48
        super     | ok   | 44      | ok         | ok      | 48     | 48
        global    | ok   | ok      | ok         | ok      | ok     | ok
        admin     | ok   | ok      | ok         | ok      | ok     | ok
]]

-- On the whole server.
local PUT_OFF_THE_SERVER = [[
                | member | moderator | owner | cop | super | global | admin
        member    | 19   | 19        | 19    | 19  | 19    | 19     | 19
        moderator | 19   | 19        | 19    | 19  | 19    | 19     | 19
        owner     | 19   | 19        | 19    | 19  | 19    | 19     | 19
        cop       | 19   | 19        | 19    | 19  | 19    | 19     | 19
        super     | 19   | 19        | 19    | 19  | 19    | 19     | 19
        global    | ok   | ok        | ok    | ok  | ok    | 21     | 21
        admin     | ok   | ok        | ok    | ok  | ok    | 21     | 21
]]
local ADMINS_RIGHT = [[
                | member | moderator | owner | cop | super | global | admin
        member    | 10   | 10        | 10    | 10  | 10    | 10     | 10
        moderator | 10   | 10        | 10    | 10  | 10    | 10     | 10
        owner     | 10   | 10        | 10    | 10  | 10    | 10     | 10
        cop       | 10   | 10        | 10    | 10  | 10    | 10     | 10
        super     | 10   | 10        | 10    | 10  | 10    | 10     | 10
        global    | 10   | 10        | 10    | 10  | 10    | 10     | 10
        admin     | ok   | ok        | ok    | ok  | ok    | ok     | ok
]]
local ON_THE_SERVER = {
    ACB = PUT_OFF_THE_SERVER, -- ban the account
    TMO = PUT_OFF_THE_SERVER, -- ban it for a time
    -- Kick: no role is protected.
    KIK = [[
                | member | moderator | owner | cop | super | global | admin
        member    | 19   | 19        | 19    | 19  | 19    | 19     | 19
        moderator | 19   | 19        | 19    | 19  | 19    | 19     | 19
        owner     | 19   | 19        | 19    | 19  | 19    | 19     | 19
        cop       | 19   | 19        | 19    | 19  | 19    | 19     | 19
        super     | 19   | 19        | 19    | 19  | 19    | 19     | 19
        global    | ok   | ok        | ok    | ok  | ok    | ok     | ok
        admin     | ok   | ok        | ok    | ok  | ok    | ok     | ok
    ]],
    -- Lift the ban of an account: the answer is the same without a ban.
    UNB = [[
                | member | moderator | owner | cop | super | global | admin
        member    | 19   | 19        | 19    | 19  | 19    | 19     | 19
        moderator | 19   | 19        | 19    | 19  | 19    | 19     | 19
        owner     | 19   | 19        | 19    | 19  | 19    | 19     | 19
        cop       | 19   | 19        | 19    | 19  | 19    | 19     | 19
        super     | 19   | 19        | 19    | 19  | 19    | 19     | 19
        global    | ok   | ok        | ok    | ok  | ok    | ok     | ok
        admin     | ok   | ok        | ok    | ok  | ok    | ok     | ok
    ]],
    -- Make a global moderator.
    AOP = [[
                | member | moderator | owner | cop | super | global | admin
        member    | 10   | 10        | 10    | 10  | 10    | 10     | 10
        moderator | 10   | 10        | 10    | 10  | 10    | 10     | 10
        owner     | 10   | 10        | 10    | 10  | 10    | 10     | 10
        cop       | 10   | 10        | 10    | 10  | 10    | 10     | 10
        super     | 10   | 10        | 10    | 10  | 10    | 10     | 10
        global    | 10   | 10        | 10    | 10  | 10    | 10     | 10
        admin     | ok   | ok        | ok    | ok  | ok    | 16     | ok
    ]],
    -- Remove a global moderator.
    DOP = [[
                | member | moderator | owner | cop | super | global | admin
        member    | 10   | 10        | 10    | 10  | 10    | 10     | 10
        moderator | 10   | 10        | 10    | 10  | 10    | 10     | 10
        owner     | 10   | 10        | 10    | 10  | 10    | 10     | 10
        cop       | 10   | 10        | 10    | 10  | 10    | 10     | 10
        super     | 10   | 10        | 10    | 10  | 10    | 10     | 10
        global    | 10   | 10        | 10    | 10  | 10    | 10     | 10
        admin     | 17   | 17        | 17    | 17  | 17    | ok     | 17
    ]],
    SCP = ADMINS_RIGHT, -- super moderators
    RWD = ADMINS_RIGHT, -- a crown
}

-- Commands without a target. The moderator is one of a public channel, and so a cop.
local ALONE = [[
                | BRO | RLD | ZZZ | CRC | PCR | AWC
        member    | 10  | 10  | 10  | 19  | 19  | -3
        moderator | 10  | 10  | 10  | 19  | ok  | -3
        owner     | 10  | 10  | 10  | 19  | 19  | -3
        cop       | 10  | 10  | 10  | 19  | ok | -3
        super     | 10  | 10  | 10  | 19  | ok | -3
        global    | 10  | 10  | 10  | 19  | ok | -3
        admin     | ok  | ok  | ok  | ok  | ok | -3
]]

-- Trying every cell

-- Calls visit(row, column, number) for each cell.
local function each_cell(text, visit)
    local columns
    for line in string.gmatch(text, "[^\n]+") do
        local cells = {}
        for cell in string.gmatch(line, "[^|]+") do
            table.insert(cells, string.match(cell, "^%s*(.-)%s*$"))
        end
        if #cells > 1 then
            if columns == nil then
                columns = cells
            else
                testing.assert(#cells, #columns)
                for index = 2, #cells do
                    visit(cells[1], columns[index], cells[index] == "ok" and 0 or tonumber(cells[index]))
                end
            end
        end
    end
end

-- The current state of everything that could change.
local function picture(chan, target)
    local exists = c.getChannel(c.getName(chan))
    return {
        inside = c.inChannel(chan, target),
        banned = c.isBanned(chan, target),
        invited = c.getType(chan) == "private" and c.isInvited(chan, target),
        moderator = c.isMod(chan, target),
        owner = c.isOwner(chan, target),
        description = c.getDescription(chan),
        topic = c.getTopic(chan),
        mode = c.getMode(chan),
        kind = c.getType(chan),
        operator = s.isOp(u.getName(target)),
        closed = testing.closed(target),
        exists = exists,
    }
end

local OTHER_STATUS = { public = "private", private = "public", pubprivate = "private" }

-- The fields of each command.
local function fields(code, chan, target)
    local channel, character = c.getName(chan), u.getName(target)
    local all = {
        CDS = { channel = channel, description = "changed" },
        CTO = { channel = channel, topic = "changed" },
        RMO = { channel = channel, mode = "chat" },
        RST = { channel = channel, status = OTHER_STATUS[c.getType(chan)] },
        CTU = { channel = channel, character = character, length = 30 },
        TMO = { character = character, time = 30, reason = "test" },
        SCP = { action = "add", character = character },
        BRO = { message = "hear" },
        RLD = {},
        ZZZ = { command = "status" },
        CRC = { channel = "Garden of " .. character },
        PCR = {},
        AWC = { character = character },
    }
    return all[code] or { channel = channel, character = character }
end

-- Checks the effects of an accepted command. `before` is the state before it.
local function has_happened(code, chan, target, before)
    local now = code ~= "KIC" and picture(chan, target)
    local checks = {
        CKU = function() return not now.inside and not now.banned end,
        CBU = function()
            local _, ban = c.getBan(chan, target)
            return now.banned and not now.inside and ban.timeout == 0
        end,
        CTU = function()
            local _, ban = c.getBan(chan, target)
            return now.banned and not now.inside and ban.timeout > s.getTime()
        end,
        CUB = function() return not now.banned end,
        CDS = function() return now.description == "changed" end,
        CTO = function() return now.topic == "changed" end,
        COA = function() return now.moderator end,
        COR = function() return not now.moderator or before.owner end,
        CSO = function() return now.owner and now.moderator end,
        RMO = function() return now.mode == "chat" end,
        RST = function() return now.kind ~= before.kind and now.kind ~= "public" end,
        CIU = function() return now.kind ~= "private" or now.invited end,
        AOP = function() return now.operator and u.hasRole(target, "global") end,
        DOP = function() return not now.operator and not u.hasRole(target, "global") end,
    }
    return checks[code] == nil or checks[code]()
end

-- One cell: a new channel, a new actor, a new target.
local function try(code, kind, actor_role, target_role, expected)
    local what = code .. " " .. kind .. ": " .. actor_role .. " to " .. target_role
    local chan, owner = new_room(kind)
    local actor = somebody_who_is(actor_role, chan, owner)
    local target = somebody_who_is(target_role, chan, owner)
    if code == "CUB" then
        c.ban(chan, owner, target)
    elseif code == "CIU" and target ~= owner then
        c.part(chan, target)
    end
    local before = picture(chan, target)
    local name = c.getName(chan)
    local arguments = fields(code, chan, target)
    local number = testing.command(actor, code, arguments)
    testing.expect(number, expected, what)
    if number ~= expected then
        return
    elseif code == "KIC" and expected == 0 then
        testing.expect((c.getChannel(name)), false, what .. ": the channel is gone")
    elseif code == "ACB" or code == "TMO" or code == "KIK" then
        testing.expect(testing.closed(target), expected == 0, what .. ": the target's connection is closed")
    elseif expected == 0 then
        testing.expect(has_happened(code, chan, target, before), true, what .. ": it has happened")
    else
        testing.expect(picture(chan, target), before, what .. ": nothing has happened")
    end
end

local TARGETS = { "member", "moderator", "owner", "cop", "super", "global", "admin" }

for _, code in ipairs({ "CKU", "CBU", "CTU" }) do
    for _, kind in ipairs(WHERE) do
        tests["who may: " .. code .. " " .. kind] = function()
            each_cell(PUT_OUT[kind], function(actor, target, expected)
                try(code, kind, actor, target, expected)
            end)
        end
    end
end

for code, rights in pairs(IN_A_CHANNEL) do
    tests["who may: " .. code] = function()
        each_cell(rights, function(actor, kind, expected)
            for _, target in ipairs(TARGETS) do
                try(code, kind, actor, target, expected)
            end
        end)
    end
end

for code, rights in pairs(ON_THE_SERVER) do
    tests["who may: " .. code] = function()
        each_cell(rights, function(actor, target, expected)
            try(code, "public", actor, target, expected)
        end)
    end
end

tests["who may: without a target"] = function()
    each_cell(ALONE, function(actor, code, expected)
        try(code, "public", actor, "member", expected)
    end)
end

tests["who may: JCH"] = function()
    local kinds = { invited = "private", banned = "public", expelled = "pubprivate" }
    each_cell(JOIN, function(role, where, expected)
        local chan, owner = new_room(kinds[where] or where)
        -- A room ends with its last member.
        c.join(chan, somebody("Host"))
        local con = somebody_who_is(role, chan, owner, true)
        if where == "invited" then
            c.invite(chan, con)
        elseif where == "banned" or where == "expelled" then
            c.ban(chan, owner, con)
        end
        local number = testing.command(con, "JCH", { channel = c.getName(chan) })
        testing.expect(number, expected, "JCH " .. where .. ": " .. role)
        testing.expect(c.inChannel(chan, con), expected == 0, "JCH " .. where .. ": " .. role .. " is inside")
    end)
end
