-- The functions of the classic server's library that differ from Luau's: Lua 5.1 with the additions of
-- LuaJIT.

local format, rep, gsub, find, sub = string.format, string.rep, string.gsub, string.find, string.sub
local concat, insert = table.concat, table.insert
local type, select, error, setmetatable, rawget = type, select, error, setmetatable, rawget
local floor, frexp, random = math.floor, math.frexp, math.random
local luau_tostring, luau_tonumber, luau_print = tostring, tonumber, print

-- Formats numbers with 14 digits.
local function number_text(value)
    if value ~= value then
        return "nan"
    elseif value == math.huge then
        return "inf"
    elseif value == -math.huge then
        return "-inf"
    end
    return format("%.14g", value)
end

function tostring(...)
    if select("#", ...) == 0 then
        error("bad argument #1 to 'tostring' (value expected)", 2)
    end
    local value = ...
    return type(value) == "number" and number_text(value) or luau_tostring(value)
end

local WORDS = { nan = 0 / 0, inf = math.huge, infinity = math.huge }

-- Parses numbers such as 0x1.8p4: hexadecimal digits before and after the point, and a power of two.
local function hexadecimal(text)
    local sign, whole, part, power = string.match(text, "^%s*([+-]?)0[xX](%x*)%.?(%x*)[pP]?([+-]?%d*)%s*$")
    if sign == nil or #whole + #part == 0 or (find(text, "[pP]") and not find(power, "%d")) then
        return nil
    end
    local value = 0
    for digit in string.gmatch(whole .. part, "%x") do
        value = value * 16 + luau_tonumber(digit, 16)
    end
    value = value * 2 ^ ((luau_tonumber(power) or 0) - 4 * #part)
    return sign == "-" and -value or value
end

function tonumber(value, base)
    if base ~= nil then
        local digits = type(value) == "string" and string.match(value, "^%s*%-(%w+)%s*$")
        local number = luau_tonumber(digits or value, base)
        return digits and number and -number or number
    end
    local number = luau_tonumber(value)
    if number ~= nil or type(value) ~= "string" or #value > 1000 then
        return number
    end
    local sign, word = string.match(string.lower(value), "^%s*([+-]?)(%a+)%s*$")
    if sign ~= nil and WORDS[word] ~= nil then
        return sign == "-" and -WORDS[word] or WORDS[word]
    end
    local bits = string.match(value, "^%s*0[bB]([01]+)%s*$")
    return bits and luau_tonumber(bits, 2) or hexadecimal(value)
end

-- Formats a number like %a.
local function hexadecimal_text(value, capital)
    local text
    if value ~= value or value == math.huge or value == -math.huge then
        text = number_text(value)
    elseif value == 0 then
        text = (1 / value < 0 and "-" or "") .. "0x0p+0"
    else
        local mantissa, exponent = frexp(value < 0 and -value or value)
        mantissa, exponent = mantissa * 2 - 1, exponent - 1
        local digits = ""
        while mantissa > 0 do
            mantissa = mantissa * 16
            local digit = floor(mantissa)
            digits = digits .. format("%x", digit)
            mantissa = mantissa - digit
        end
        text = (value < 0 and "-" or "") .. "0x1" .. (digits ~= "" and "." .. digits or "") .. format("p%+d", exponent)
    end
    return capital and string.upper(text) or text
end

-- Format letters with another meaning here, each with its formatting function.
local INSTEAD = {
    s = function(value)
        return tostring(value)
    end,
    d = function(value)
        local number = tonumber(value)
        return number ~= nil and number ~= number and "-9223372036854775808" or nil
    end,
    a = function(value)
        return hexadecimal_text(tonumber(value) or error("number expected", 0), false)
    end,
    A = function(value)
        return hexadecimal_text(tonumber(value) or error("number expected", 0), true)
    end,
    p = function(value)
        return (gsub(luau_tostring(value), "^%a+: ", ""))
    end,
}
INSTEAD.i = INSTEAD.d

function string.format(text, ...)
    text = type(text) == "number" and number_text(text) or text
    if type(text) ~= "string" or not find(text, "%%[^%%]*[sdiaAp]") then
        return format(text, ...)
    end
    local values, count, at = { ... }, select("#", ...), 0
    local changed = gsub(text, "%%([-+ #0]*%d*%.?%d*)(.)", function(flags, letter)
        if letter == "%" then
            return nil
        end
        at = at + 1
        local instead = INSTEAD[letter]
        if instead == nil or at > count then
            return nil
        end
        local value = instead(values[at])
        if value == nil then
            return nil
        end
        values[at] = value
        return "%" .. (letter == "d" and "" or flags) .. "s"
    end)
    return format(changed, unpack(values, 1, count))
end

function string.rep(text, times, separator)
    if separator == nil or separator == "" or times < 2 then
        return rep(text, times)
    end
    return rep(text .. separator, times - 1) .. text
end

-- Splits a text at separators, which are plain text unless `pattern` is true; makes at most `most` splits.
function string.split(text, separator, most, pattern)
    if separator == nil or separator == "" then
        error("bad argument #1 to 'split' (a separator expected)", 2)
    end
    local parts, from = {}, 1
    while text ~= "" do
        local first, last = find(text, separator, from, not pattern)
        if first == nil or most == 0 or last < first then
            break
        end
        insert(parts, sub(text, from, first - 1))
        from = last + 1
        most = most and most - 1
    end
    if text ~= "" then
        insert(parts, sub(text, from))
    end
    return parts
end

-- Limits need not be integers, and the interval may be empty.
function math.random(first, last)
    if first == nil then
        return random()
    end
    local low, high = 1, tonumber(first)
    if last ~= nil then
        low, high = high, tonumber(last)
    end
    if low == nil or high == nil then
        error("bad argument to 'random' (number expected)", 2)
    end
    return floor(random() * (high - low + 1)) + low
end

-- Converts to signed 32 bits, as in LuaJIT.
local function signed(value)
    return value >= 2 ^ 31 and value - 2 ^ 32 or value
end

bit = {}
local function define(functions, arguments)
    for name, luau in functions do
        bit[name] = function(...)
            return signed(luau(arguments(...)))
        end
    end
end
define(
    { band = bit32.band, bor = bit32.bor, bxor = bit32.bxor, bnot = bit32.bnot, bswap = bit32.byteswap },
    function(...)
        return ...
    end
)
-- Only the lower five bits of a shift count are used.
define(
    { lshift = bit32.lshift, rshift = bit32.rshift, arshift = bit32.arshift, rol = bit32.lrotate, ror = bit32.rrotate },
    function(value, places)
        return value, bit32.band(places, 31)
    end
)
function bit.tobit(value)
    return signed(bit32.band(value, 0xFFFFFFFF))
end
function bit.tohex(value, digits)
    digits = digits or 8
    local text = format("%08x", bit32.band(value, 0xFFFFFFFF))
    text = sub(text, -math.min(math.abs(digits), 8))
    return digits < 0 and string.upper(text) or text
end

function load(source, name)
    if type(source) == "function" then
        local parts = {}
        while true do
            local part = source()
            if part == nil or part == "" then
                break
            end
            insert(parts, part)
        end
        source = concat(parts)
    end
    return loadstring(source, name or "=(load)")
end

function print(...)
    local value = ...
    if select("#", ...) ~= 1 or (type(value) ~= "string" and type(value) ~= "number") then
        error("print takes one text or number", 2)
    end
    luau_print(tostring(value))
end

-- Unavailable functions; calling one raises an error with an explanation.
local function absent(name)
    return name .. " is not available to scripts: they have no files, no processes, and no network but through http"
end
for _, library in { "io", "debug", "package", "jit" } do
    getfenv(0)[library] = setmetatable({}, {
        __index = function(_, name)
            error(absent(library .. "." .. luau_tostring(name)), 2)
        end,
        __metatable = false,
    })
end
os = rawget(getfenv(0), "os") or {}
for _, name in { "execute", "remove", "rename", "exit", "getenv", "tmpname" } do
    os[name] = function()
        error(absent("os." .. name), 2)
    end
end
for _, name in { "dofile", "loadfile", "module" } do
    getfenv(0)[name] = function()
        error(absent(name), 2)
    end
end
function string.dump()
    error(absent("string.dump"), 2)
end
