-- RLL: dice, and the bottle.

local common = require("common")
local text = common.text

local ARGUMENT_MAX = 100 -- bytes
local TERMS_MAX = 20
local NUMBER_MAX = 10000
local DICE_MAX, SIDES_MIN, SIDES_MAX = 9, 2, 500

local MESSAGE_FLOOD, IGNORES_COUNT

local dice = {}

function dice.init()
    MESSAGE_FLOOD = s.getConfigDouble("msg_flood")
    IGNORES_COUNT = s.getConfigBool("ignore_on_server")
end

-- Whether a number is valid: neither nil nor "not a number", and between two limits.
local function within(number, least, most)
    return number ~= nil and number >= least and number <= most
end

-- The terms between the signs, each with its minus: "2d6+3-1" gives "2d6", "3", "-1". nil when there are too
-- many terms or none.
local function split(argument)
    if #argument > ARGUMENT_MAX or string.find(argument, "[^%dd+ %-]") then
        return nil
    end
    local terms = {}
    for term in string.gmatch((string.gsub(argument, "%-", "+-")), "[^+]+") do
        table.insert(terms, term)
        if #terms > TERMS_MAX then
            return nil
        end
    end
    return #terms > 0 and terms or nil
end

-- The value of a term without its sign, or nil. "d6" and "6d" are plain numbers.
local function value_of(term)
    local parts = {}
    for part in string.gmatch(term, "[^d]+") do
        table.insert(parts, tonumber(part) or 0 / 0)
    end
    if #parts == 0 then
        return nil
    end
    if #parts == 1 then
        return within(parts[1], -NUMBER_MAX, NUMBER_MAX) and parts[1] or nil
    end
    local count, sides = parts[1], parts[2]
    if not within(count, 0, DICE_MAX) or not within(sides, SIDES_MIN, SIDES_MAX) then
        return nil
    end
    local sum = 0
    for _ = 1, count do
        sum = sum + math.random(math.floor(sides))
    end
    return sum
end

-- Rolls the dice of an argument: the terms, the value of each, their sum, and the calculation as text; or nil
-- when it is malformed.
local function throw(argument)
    local terms = split(argument)
    if terms == nil then
        return nil
    end
    local results, total, calculation = {}, 0, ""
    for index, term in ipairs(terms) do
        local negative = string.sub(term, 1, 1) == "-"
        local value = value_of(negative and string.sub(term, 2) or term)
        if value == nil then
            return nil
        end
        local sign = negative and " - " or (index > 1 and " + " or "")
        calculation = calculation .. sign .. tostring(value)
        if negative then
            value = 0 - value
        end
        table.insert(results, value)
        total = total + value
    end
    if #terms > 1 then
        calculation = calculation .. " = [b]" .. tostring(total) .. "[/b]"
    else
        calculation = "[b]" .. tostring(total) .. "[/b]"
    end
    return terms, results, total, calculation
end

-- Sends a roll to a channel, or to the two users of a private conversation.
local function deliver(con, chan, other, roll)
    if chan ~= nil then
        roll.channel = c.getName(chan)
        c.sendAll(chan, "RLL", roll)
    else
        roll.recipient = u.getName(other)
        u.send(con, "RLL", roll)
        if other ~= con then
            u.send(other, "RLL", roll)
        end
    end
    local kind = roll.type == "bottle" and "message_bottle" or "message_roll"
    s.logMessage(kind, con, chan, other, roll.message)
end

local function spin_bottle(con, chan, other)
    local name = u.getName(con)
    local candidates = chan ~= nil and c.getBottleList(chan, con) or { name, u.getName(other) }
    if #candidates == 0 then
        common.tell(con, "Nobody here could be chosen: the others are all busy or away.")
        return const.FERR_OK
    end
    local target = candidates[math.random(#candidates)]
    deliver(con, chan, other, {
        type = "bottle",
        character = name,
        target = target,
        message = "[user]" .. name .. "[/user] spins the bottle: [user]" .. target .. "[/user]",
    })
    return const.FERR_OK
end

function event.RLL(con, args)
    local argument = text(args.dice)
    local channel, recipient = text(args.channel), text(args.recipient)
    if argument == nil or (channel == nil and recipient == nil) then
        return const.FERR_BAD_SYNTAX
    end
    if u.checkUpdateTimer(con, "msg", MESSAGE_FLOOD) then
        return common.too_early(con)
    end
    local found, chan, other
    if channel ~= nil then
        found, chan = c.getChannel(string.lower(channel))
        if not found then
            return const.FERR_CHANNEL_NOT_FOUND
        end
        if string.lower(channel) == "frontpage" then
            return const.FERR_DICE_NOT_ALLOWED
        end
        if argument == "bottle" and c.getType(chan) == "public" then
            return const.FERR_DICE_NOT_ALLOWED
        end
        if c.getMode(chan) == "ads" then
            return const.FERR_ADS_ONLY
        end
        if not c.inChannel(chan, con) then
            return const.FERR_NOT_IN_CHANNEL
        end
    else
        found, other = u.getConnection(string.lower(recipient))
        if not found then
            return const.FERR_USER_NOT_FOUND
        end
        if IGNORES_COUNT and u.ignores(other, con) then
            return const.FERR_IGNORED
        end
    end
    if argument == "bottle" then
        return spin_bottle(con, chan, other)
    end
    local terms, results, total, calculation = throw(argument)
    if terms == nil then
        return const.FERR_BAD_ROLL_FORMAT
    end
    local name = u.getName(con)
    deliver(con, chan, other, {
        type = "dice",
        character = name,
        array_rolls = terms,
        array_results = results,
        endresult = total,
        message = "[user]" .. name .. "[/user] rolls " .. s.escapeHTML(argument) .. ": " .. calculation,
    })
    return const.FERR_OK
end

return dice
