//! The attacking scripts.

/// The required result of an attack.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum End {
    Done,
    Time,
    Memory,
    Error,
    /// Any of these, depending on the limit that is reached first.
    Stopped,
}

use End::*;

/// Attacks by endless loops, memory use, deep recursion and slow library functions.
pub(crate) const ATTACKS: &[(&str, End, &str)] = &[
    ("while", Time, "while true do end"),
    (
        "trace",
        Time,
        "local n = 0 while true do n = n + 1 if n % 3 == 0 then n = n * 2 % 1000 end end",
    ),
    ("fornum", Time, "local n = 0 for i = 1, 1e18 do n = n + i end"),
    ("repeat", Time, "repeat until false"),
    ("rep1e9", Memory, "return ('x'):rep(1e9)"),
    ("rep_huge", Error, "return ('xxxx'):rep(2^31 - 1)"),
    ("rep_empty", Done, "for i = 1, 10 do local _ = (''):rep(2^53) end"),
    (
        "pattern",
        Time,
        "return (('a'):rep(60)):find(('a*'):rep(30) .. 'b')",
    ),
    (
        "plainfind",
        Done,
        "return (('a'):rep(4e6)):find(('a'):rep(2e6) .. 'b', 1, true)",
    ),
    (
        "plainfind_nospecials",
        Done,
        "return (('a'):rep(4e6)):find(('a'):rep(2e6) .. 'b')",
    ),
    (
        "recurse",
        Stopped,
        "local function f(n) return 1 + f(n + 1) end return f(1)",
    ),
    (
        "tailrec",
        Stopped,
        "local function f(n) return f(n + 1) end return f(1)",
    ),
    (
        "cstackrec",
        Error,
        "local function f(x) return (('x'):gsub('.', f)) end return f('x')",
    ),
    (
        "pcallrec",
        Stopped,
        "local function f() return pcall(f) end f() while true do end",
    ),
    (
        "sortrec",
        Stopped,
        "local function f(a, b) table.sort({3, 2, 1}, f) return a < b end f(1, 2)",
    ),
    (
        "tinsert",
        Stopped,
        "local t = {} while true do table.insert(t, 'x') end",
    ),
    ("concat2g", Stopped, "local s = 'x' while true do s = s .. s end"),
    (
        "tconcat",
        Stopped,
        "local t = {} for i = 1, 1e9 do t[i] = 'xxxxxxxxxxxxxxxx' end return table.concat(t)",
    ),
    (
        "pcall",
        Time,
        "while true do pcall(function() while true do end end) end",
    ),
    (
        "pcallmem",
        Stopped,
        "while true do pcall(function() local s = 'x' while true do s = s .. s end end) end",
    ),
    (
        "xpcall",
        Time,
        "while true do xpcall(function() while true do end end, function() while true do end end) end",
    ),
    (
        "coro",
        Time,
        "while true do coroutine.wrap(function() while true do end end)() end",
    ),
    (
        "coro_pcall",
        Time,
        "while true do pcall(coroutine.wrap(function() while true do pcall(error) end end)) end",
    ),
    (
        "coro_many",
        Stopped,
        "local t = {} while true do t[#t + 1] = coroutine.create(print) end",
    ),
    (
        "coro_nest",
        Stopped,
        "local function f() return coroutine.wrap(f)() end f()",
    ),
    (
        "sort",
        Stopped,
        "local t = {} for i = 1, 3e5 do t[i] = i * 7919 % 300007 end while true do table.sort(t, function(a, b) return a < b end) end",
    ),
    (
        "sort_bad",
        Stopped,
        "local t = {} for i = 1, 3e5 do t[i] = i end while true do table.sort(t, function(a, b) return true end) end",
    ),
    (
        "sort_c",
        Time,
        "local t = table.create(2e6, 1) while true do table.sort(t) end",
    ),
    (
        "sort_num",
        Stopped,
        "local t = {} for i = 1, 3e6 do t[i] = i * 7919 % 3000017 end while true do table.sort(t) end",
    ),
    (
        "sort_strings",
        Time,
        "local p = ('x'):rep(1.5e7) local a, b = p .. 'a', p .. 'b' local t = {} for i = 1, 1e5 do t[i] = i % 2 == 0 and a or b end table.sort(t)",
    ),
    (
        "sort_c_comparison",
        Stopped,
        "local t = {} for i = 1, 1e5 do t[i] = 2e7 end table.sort(t, string.rep)",
    ),
    (
        "foreachi",
        Stopped,
        "table.foreachi(table.create(1e5, 2e7), function(_, n) local _ = ('x'):rep(n) end)",
    ),
    (
        "foreach",
        Stopped,
        "table.foreach(table.create(1e5, 2e7), function(_, n) local _ = ('x'):rep(n) end)",
    ),
    ("tmove", Time, "table.move({}, 1, 2^31 - 2, 2)"),
    ("tmove2", Time, "table.move({1}, 1, 1e9, 2, {})"),
    (
        "tfind_eq",
        Stopped,
        "local m = {__eq = table.clone} local a = setmetatable(table.create(1e6, 1), m) local t = {} for i = 1, 1e6 do t[i] = setmetatable({}, m) end table.find(t, a)",
    ),
    ("unpack", Error, "return unpack({}, 1, 1e8)"),
    (
        "unpack_wide",
        Done,
        "return select('#', unpack({}, 1, 3e5), unpack({}, 1, 3e5))",
    ),
    (
        "gsubbig",
        Stopped,
        "return (('x'):rep(1e6):gsub('', ('y'):rep(100)))",
    ),
    ("gsub_quad", Time, "return (('a'):rep(1e6):gsub('a*b', ''))"),
    (
        "gsub_rep",
        Stopped,
        "return (('a'):rep(1e6):gsub('a', function() return ('x'):rep(1e7):sub(1, 1) end))",
    ),
    ("gmatch", Time, "for _ in (('a'):rep(1e6)):gmatch('a-b') do end"),
    (
        "set",
        Error,
        "return (('a'):rep(1e7)):find('[' .. ('b'):rep(1e5) .. 'a]*c')",
    ),
    (
        "set_short",
        Stopped,
        "while true do (('a'):rep(1e5)):find('[' .. ('b'):rep(1e3) .. 'a]*c') end",
    ),
    ("balance", Time, "return (('('):rep(1e6)):find('%b()')"),
    (
        "frontier",
        Stopped,
        "while true do (('a'):rep(1e5)):find('%f[' .. ('b'):rep(1e3) .. ']') end",
    ),
    (
        "gcloop",
        Done,
        "for i = 1, 10 do setmetatable({}, {__gc = function() while true do end end}) end collectgarbage()",
    ),
    (
        "tostring_err",
        Time,
        "local o = setmetatable({}, {__tostring = function() while true do end end}) error(tostring(o))",
    ),
    (
        "error_object",
        Error,
        "error(setmetatable({}, {__tostring = function() while true do end end}))",
    ),
    (
        "on_error",
        Time,
        "on_error = function() while true do end end error('x')",
    ),
    (
        "on_error_fails",
        Error,
        "on_error = function(message) error(message) end error('x')",
    ),
    (
        "format",
        Error,
        "local o = setmetatable(table.create(1e6, ''), {__tostring = table.concat}) return string.format(('%s'):rep(8000), unpack(table.create(8000, o)))",
    ),
    (
        "format_numbers",
        Error,
        "return string.format(('%d'):rep(8000), unpack(table.create(8000, ('1'):rep(1e7))))",
    ),
    (
        "max",
        Error,
        "return math.max(unpack(table.create(8000, ('1'):rep(1e7))))",
    ),
    (
        "band",
        Error,
        "return bit32.band(unpack(table.create(8000, ('1'):rep(1e7))))",
    ),
    ("number", Done, "return tonumber(('1'):rep(2e6)) + ('1'):rep(2e6)"),
    ("create", Memory, "return table.create(6e7)"),
    ("create_loop", Stopped, "while true do table.create(1e6, 1) end"),
    ("buffer", Memory, "return buffer.create(1e9)"),
    (
        "reverse",
        Stopped,
        "local s = ('x'):rep(2e7) while true do s:reverse() end",
    ),
    ("byte", Stopped, "while true do (('x'):rep(1e5)):byte(1, -1) end"),
    (
        "pack",
        Stopped,
        "while true do string.pack('s4', ('x'):rep(1e7)) end",
    ),
    ("pack_wide", Error, "return string.pack('c2147483647', '')"),
    ("utf8", Stopped, "while true do utf8.len(('x'):rep(1e7)) end"),
    (
        "index_chain",
        Stopped,
        "local t = {} for i = 1, 1e6 do t = setmetatable({}, {__index = t}) end return t.x",
    ),
    (
        "index_self",
        Error,
        "local t = {} t.__index = t setmetatable(t, t) return t.x.y",
    ),
    (
        "newindex",
        Stopped,
        "local t = setmetatable({}, {__newindex = function(t, k, v) t[k] = v end}) t.x = 1",
    ),
    (
        "globals_index",
        Stopped,
        "setmetatable(_G, {__index = function(_, k) while true do end end}) return nothing",
    ),
    ("close", Error, "coroutine.close(coroutine.running())"),
    ("host_loop", Time, "while true do u.getName(7) end"),
    ("host_pcall", Time, "while true do pcall(u.getName, 8) end"),
    (
        "host_gsub",
        Stopped,
        "return (('x'):rep(1e7):gsub('.', toJSON or s.toJSON))",
    ),
    (
        "host_sort",
        Stopped,
        "table.sort(table.create(1e6, 7), u.getName)",
    ),
    (
        "host_big",
        Stopped,
        "local t = {} while true do t[#t + 1] = u.big() end",
    ),
    (
        "host_json_deep",
        Error,
        "local t = {} for i = 1, 100 do t = {a = t} end return s.toJSON(t)",
    ),
    ("host_json_self", Error, "local t = {} t.t = t return s.toJSON(t)"),
    (
        "host_json_wide",
        Stopped,
        "local t = {array_a = table.create(1e6, 'xxxxxxxxxx')} while true do s.toJSON(t) end",
    ),
    (
        "host_list_of_one_text",
        Memory,
        "local t = table.create(1e4, ('x'):rep(1e6)) return u.copy(t)",
    ),
    (
        "host_fields_of_one_text",
        Memory,
        "local x, t = ('x'):rep(1e6), {} for i = 1, 1e4 do t[i .. 'k'] = x end return u.copy(nil, t)",
    ),
    (
        "host_json_of_one_table",
        Stopped,
        "local t = {a = 1} for i = 1, 30 do t = {a = t, b = t} end return s.toJSON(t)",
    ),
    (
        "host_json_of_one_text",
        Stopped,
        "return s.toJSON({array_a = table.create(1e4, ('x'):rep(1e6))})",
    ),
    (
        "host_keeps_much",
        Memory,
        "while true do u.keep(('x'):rep(1e6)) end",
    ),
    (
        "host_keeps_many",
        Stopped,
        "while true do u.keep('') u.keep('some text') end",
    ),
    (
        "host_keeps_in_pcall",
        Time,
        "local x = ('x'):rep(1e6) while true do pcall(u.keep, x) end",
    ),
    ("host_huge_text", Memory, "return u.keep(('x'):rep(3e7))"),
    ("error_text", Error, "error(('x'):rep(3e6))"),
    (
        "error_text_of_host",
        Error,
        "return u.copy(table.create(10, {}), ('x'):rep(1e6))",
    ),
];
