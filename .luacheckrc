-- Luacheck reads the scripts as Lua 5.1 with the names that this file adds.
std = "lua51"

-- Names of globals: `fchatd check` knows the interface of scripts, with its types, and finds misspelt names.
ignore = {
    "1..",
    -- Arguments that a handler does not use: all handlers of an event have the same ones.
    "212",
    -- Length of lines.
    "631",
}

exclude_files = {
    -- One line for each feature of the language, with expressions that nothing uses.
    "tests/conformance/lua/battery.lua",
    -- Not ours, or not kept.
    "**/node_modules/**",
    "target/**",
    "tests/.tools/**",
}
