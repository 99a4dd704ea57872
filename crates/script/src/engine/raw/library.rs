//! The global table of scripts, and replaced or guarded library functions: those C functions of Luau that can
//! loop for long without an interrupt check. Everything here may raise.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::ptr;

use memchr::{memchr, memmem};
use mlua::ffi;

use super::arguments::{self, string};
use super::{Chunk, Sealed, Shared, limits, push};

/// Maximum number of steps in a part of a pattern that matches without interrupt checks: bytes of the subject
/// times bytes of the pattern.
const PATTERN_WORK: usize = 1 << 27;
/// Maximum number of bytes in the string arguments of a function that converts all its arguments to numbers.
const ARGUMENT_BYTES: usize = 16 << 20;
/// Up to this product of lengths, the simple search is fast enough and needs no preparation.
const SIMPLE_SEARCH: usize = 1 << 14;

const LIBRARIES: [(&CStr, ffi::lua_CFunction); 8] = [
    (c"", ffi::luaopen_base),
    (c"coroutine", ffi::luaopen_coroutine),
    (c"table", ffi::luaopen_table),
    (c"string", ffi::luaopen_string),
    (c"bit32", ffi::luaopen_bit32),
    (c"buffer", ffi::luaopen_buffer),
    (c"utf8", ffi::luaopen_utf8),
    (c"math", ffi::luaopen_math),
];

/// Removed for scripts that are not in compatibility mode: `getfenv` and `setfenv` disable Luau's fast paths,
/// and the others are not needed.
const REMOVED: [(&str, &CStr); 5] = [
    ("", c"getfenv"),
    ("", c"setfenv"),
    ("", c"newproxy"),
    ("", c"gcinfo"),
    // Quadratic without interrupt checks, and different from the classic server's function of that name.
    ("string", c"split"),
];

/// Functions of Luau that are called through a guard; the guard's upvalue is the original function.
const GUARDED: [(&str, &CStr, ffi::lua_CFunction); 15] = [
    ("string", c"find", find),
    ("string", c"match", pattern),
    ("string", c"gmatch", pattern),
    ("string", c"gsub", pattern),
    ("string", c"format", numbers),
    ("string", c"pack", numbers),
    ("string", c"char", numbers),
    ("utf8", c"char", numbers),
    ("math", c"max", numbers),
    ("math", c"min", numbers),
    ("bit32", c"band", numbers),
    ("bit32", c"bor", numbers),
    ("bit32", c"bxor", numbers),
    ("bit32", c"btest", numbers),
    ("table", c"sort", sort),
];

/// Opens the libraries. The host functions follow, then [`seal`].
pub(super) unsafe fn open(lua: *mut ffi::lua_State, shared: &Shared, prelude: &Chunk, seed: u64) {
    unsafe {
        for (name, library) in LIBRARIES {
            ffi::lua_pushcclosurek(lua, library, ptr::null(), 0, None);
            ffi::lua_pushlstring_(lua, name.as_ptr(), name.to_bytes().len());
            ffi::lua_call(lua, 1, 0);
        }
        let kept: &[&CStr] = if shared.classic {
            &[c"getfenv", c"setfenv", c"newproxy", c"gcinfo"]
        } else {
            &[]
        };
        for (library, name) in REMOVED.into_iter().filter(|(_, name)| !kept.contains(name)) {
            table(lua, library);
            ffi::lua_pushnil(lua);
            ffi::lua_setfield(lua, -2, name.as_ptr());
            ffi::lua_settop(lua, -2);
        }
        for (library, name, guard) in GUARDED {
            table(lua, library);
            ffi::lua_getfield(lua, -1, name.as_ptr());
            let original = ffi::lua_tocfunction(lua, -1);
            ffi::lua_settop(lua, -2);
            ffi::lua_pushlightuserdata(
                lua,
                original.map_or(ptr::null_mut(), |original| original as *mut c_void),
            );
            ffi::lua_pushcclosurek(lua, guard, name.as_ptr(), 1, None);
            ffi::lua_setfield(lua, -2, name.as_ptr());
            ffi::lua_settop(lua, -2);
        }
        let own = [
            (c"require", require as ffi::lua_CFunction),
            (c"loadstring", loadstring),
        ];
        for (name, function) in own.into_iter().take(if shared.classic { 2 } else { 1 }) {
            ffi::lua_pushcclosurek(lua, function, name.as_ptr(), 0, None);
            ffi::lua_setfield(lua, ffi::LUA_GLOBALSINDEX, name.as_ptr());
        }
        run(lua, prelude);

        // Scripts may write to `string`, but must not change the metatable of all strings.
        push::text(lua, "");
        if ffi::lua_getmetatable(lua, -1) != 0 {
            ffi::lua_setreadonly(lua, -1, 1);
            ffi::lua_settop(lua, -2);
        }
        ffi::lua_settop(lua, -2);

        ffi::lua_createtable(lua, 0, 0);
        ffi::lua_setreadonly(lua, -1, 1);
        shared.array_metatable.set(ffi::lua_topointer(lua, -1));
        shared.array_reference.set(ffi::lua_ref(lua, -1));
        ffi::lua_settop(lua, -2);

        table(lua, "math");
        ffi::lua_getfield(lua, -1, c"randomseed".as_ptr());
        ffi::lua_pushnumber(lua, f64::from((seed ^ (seed >> 32)) as u32 as i32));
        ffi::lua_call(lua, 1, 0);
        ffi::lua_settop(lua, -2);
    }
}

/// The global table is complete: from now on Luau may assume that its library functions are unchanged.
pub(super) unsafe fn seal(lua: *mut ffi::lua_State) {
    unsafe { ffi::lua_setsafeenv(lua, ffi::LUA_GLOBALSINDEX, 1) };
}

/// Pushes the global table `name`, creating it if needed; with an empty name the table of all globals.
pub(super) unsafe fn table(lua: *mut ffi::lua_State, name: &str) {
    unsafe {
        if name.is_empty() {
            ffi::lua_pushvalue(lua, ffi::LUA_GLOBALSINDEX);
            return;
        }
        push::text(lua, name);
        if ffi::lua_rawget(lua, ffi::LUA_GLOBALSINDEX) != ffi::LUA_TTABLE {
            ffi::lua_settop(lua, -2);
            ffi::lua_createtable(lua, 0, 0);
            push::text(lua, name);
            ffi::lua_pushvalue(lua, -2);
            ffi::lua_rawset(lua, ffi::LUA_GLOBALSINDEX);
        }
    }
}

pub(super) unsafe fn constant(lua: *mut ffi::lua_State, library: &str, name: &str, value: f64) {
    unsafe {
        table(lua, library);
        push::text(lua, name);
        ffi::lua_pushnumber(lua, value);
        ffi::lua_rawset(lua, -3);
        ffi::lua_settop(lua, -2);
    }
}

/// Pushes the chunk as a function, or the error message if it is none.
pub(super) unsafe fn load(lua: *mut ffi::lua_State, chunk: &Chunk) -> bool {
    let bytecode = &chunk.bytecode;
    unsafe {
        ffi::luau_load(
            lua,
            chunk.name.as_ptr(),
            bytecode.as_ptr().cast::<c_char>(),
            bytecode.len(),
            0,
        ) == ffi::LUA_OK
    }
}

/// Runs a chunk that is part of the library.
pub(super) unsafe fn run(lua: *mut ffi::lua_State, chunk: &Chunk) {
    unsafe {
        if !load(lua, chunk) {
            ffi::lua_error(lua);
        }
        ffi::lua_call(lua, 0, 0);
    }
}

/// Continues with the guarded function, in the frame of its guard.
unsafe fn original(lua: *mut ffi::lua_State) -> c_int {
    unsafe {
        let function = ffi::lua_tolightuserdata(lua, ffi::lua_upvalueindex(1));
        if function.is_null() {
            return 0;
        }
        // SAFETY: `open` stored the pointer of a function without upvalues there.
        std::mem::transmute::<*mut c_void, ffi::lua_CFunction>(function)(lua)
    }
}

/// Guard of `match`, `gmatch`, `gsub` and `find`. Luau checks for interrupts at every attempt to match, but
/// not while a repetition or a set scans the subject.
unsafe extern "C-unwind" fn pattern(lua: *mut ffi::lua_State) -> c_int {
    unsafe {
        if let (Some(subject), Some(pattern)) = (string(lua, 1), string(lua, 2))
            && subject.len().saturating_mul(pattern.len()) > PATTERN_WORK
        {
            ffi::luaL_error(lua, c"the string is too long for this pattern".as_ptr());
        }
        original(lua)
    }
}

/// `string.find`: a plain search in linear time.
unsafe extern "C-unwind" fn find(lua: *mut ffi::lua_State) -> c_int {
    unsafe {
        let (Some(subject), Some(wanted)) = (string(lua, 1), string(lua, 2)) else {
            return original(lua);
        };
        let plain = ffi::lua_toboolean(lua, 4) != 0
            || !wanted.iter().any(|byte| {
                matches!(
                    byte,
                    b'^' | b'$' | b'*' | b'+' | b'?' | b'.' | b'(' | b'[' | b'%' | b'-'
                )
            });
        if !plain {
            return pattern(lua);
        }
        // Lua's rule: negative positions count from the end, and positions before the start mean the start.
        let length = subject.len();
        let mut first = i64::from(ffi::luaL_optinteger_(lua, 3, 1));
        if first < 0 {
            first += length as i64 + 1;
        }
        let mut first = usize::try_from(first.max(1) - 1).unwrap_or(0);
        if super::shared_of(lua).classic {
            first = first.min(length);
        }
        let found = subject.get(first..).and_then(|rest| search(rest, wanted));
        let Some(found) = found else {
            ffi::lua_pushnil(lua);
            return 1;
        };
        let start = first + found;
        ffi::lua_pushnumber(lua, (start + 1) as f64);
        ffi::lua_pushnumber(lua, (start + wanted.len()) as f64);
        2
    }
}

fn search(subject: &[u8], wanted: &[u8]) -> Option<usize> {
    let Some((&head, tail)) = wanted.split_first() else {
        return Some(0);
    };
    if subject.len().saturating_mul(wanted.len()) > SIMPLE_SEARCH {
        return memmem::find(subject, wanted);
    }
    let mut from = 0;
    while let Some(at) = subject.get(from..).and_then(|rest| memchr(head, rest)) {
        from += at + 1;
        if subject.get(from..).is_some_and(|rest| rest.starts_with(tail)) {
            return Some(from - 1);
        }
    }
    None
}

/// Guard of functions with any number of arguments. A string of megabytes, passed a thousand times, would be
/// parsed as a number a thousand times. The same holds for objects whose `__tostring` is a slow C function.
unsafe extern "C-unwind" fn numbers(lua: *mut ffi::lua_State) -> c_int {
    unsafe {
        let mut bytes = 0_usize;
        for index in 1..=ffi::lua_gettop(lua) {
            match ffi::lua_type(lua, index) {
                ffi::LUA_TSTRING => bytes += ffi::lua_objlen(lua, index),
                ffi::LUA_TTABLE => {
                    push::room(lua, 2);
                    if ffi::luaL_getmetafield_(lua, index, c"__tostring".as_ptr()) != 0 {
                        if ffi::lua_iscfunction(lua, -1) != 0 {
                            ffi::luaL_error(lua, c"__tostring must be a function of the script".as_ptr());
                        }
                        ffi::lua_settop(lua, -2);
                    }
                }
                _ => {}
            }
        }
        if bytes > ARGUMENT_BYTES {
            ffi::luaL_error(lua, c"the arguments are too long".as_ptr());
        }
        original(lua)
    }
}

/// `table.sort` with a comparison that checks for interrupts, in case the given one is a C function.
unsafe extern "C-unwind" fn sort(lua: *mut ffi::lua_State) -> c_int {
    unsafe {
        let given = ffi::lua_type(lua, 2);
        if given <= ffi::LUA_TNIL || ffi::lua_iscfunction(lua, 2) != 0 {
            if given <= ffi::LUA_TNIL {
                ffi::luaL_checktype(lua, 1, ffi::LUA_TTABLE);
                ffi::lua_settop(lua, 2);
            }
            ffi::lua_pushvalue(lua, 2);
            ffi::lua_pushcclosurek(lua, compare, c"sort".as_ptr(), 1, None);
            ffi::lua_replace(lua, 2);
        }
        original(lua)
    }
}

unsafe extern "C-unwind" fn compare(lua: *mut ffi::lua_State) -> c_int {
    unsafe {
        limits::poll(lua, super::shared_of(lua).callbacks.get());
        ffi::lua_pushvalue(lua, ffi::lua_upvalueindex(1));
        if ffi::lua_type(lua, -1) == ffi::LUA_TNIL {
            ffi::lua_pushboolean(lua, ffi::lua_lessthan(lua, 1, 2));
        } else {
            ffi::lua_insert(lua, 1);
            ffi::lua_call(lua, 2, 1);
        }
        1
    }
}

/// Maximum size of the source for `loadstring`, in bytes; the compiler cannot be interrupted.
const SOURCE_BYTES: usize = 64 << 10;

/// `loadstring(source, name)`: the source as a function, or nil and the error message. Bytecode is refused,
/// because Luau would trust it blindly.
unsafe extern "C-unwind" fn loadstring(lua: *mut ffi::lua_State) -> c_int {
    unsafe {
        limits::poll(lua, super::shared_of(lua).callbacks.get());
        ffi::luaL_checktype(lua, 1, ffi::LUA_TSTRING);
        let bytes = arguments::bytes(lua, 1);
        let source = std::str::from_utf8(bytes).ok();
        let Some(source) = source.filter(|source| source.len() <= SOURCE_BYTES) else {
            ffi::lua_pushnil(lua);
            push::text(lua, "loadstring takes text in UTF-8, of at most 64 KiB");
            return 2;
        };
        let name = match string(lua, 2) {
            Some(name) => arguments::lossy(name).into_owned(),
            None => source
                .lines()
                .next()
                .unwrap_or_default()
                .chars()
                .take(40)
                .collect(),
        };
        // Unwinding frees the name and the chunk, like a return.
        let chunk = Sealed::none().compile(name.trim_start_matches(['=', '@']), source);
        if load(lua, &chunk) {
            return 1;
        }
        ffi::lua_pushnil(lua);
        ffi::lua_insert(lua, -2);
        2
    }
}

/// `require(name)`: the result of a module's main chunk, which runs once.
unsafe extern "C-unwind" fn require(lua: *mut ffi::lua_State) -> c_int {
    unsafe {
        let shared = super::shared_of(lua);
        ffi::luaL_checktype(lua, 1, ffi::LUA_TSTRING);
        ffi::lua_settop(lua, 1);
        ffi::lua_getfield(lua, ffi::LUA_REGISTRYINDEX, c"fchatd modules".as_ptr());
        if ffi::lua_type(lua, 2) == ffi::LUA_TNIL {
            ffi::lua_settop(lua, 1);
            ffi::lua_createtable(lua, 0, 0);
            ffi::lua_pushvalue(lua, 2);
            ffi::lua_setfield(lua, ffi::LUA_REGISTRYINDEX, c"fchatd modules".as_ptr());
        }
        ffi::lua_pushvalue(lua, 1);
        match ffi::lua_rawget(lua, 2) {
            ffi::LUA_TNIL => {}
            // The mark of a module that is being loaded.
            ffi::LUA_TLIGHTUSERDATA => {
                let name = ffi::lua_tolstring(lua, 1, ptr::null_mut());
                ffi::luaL_error(
                    lua,
                    c"module '%s' requires itself, or failed before".as_ptr(),
                    name,
                );
            }
            _ => return 1,
        }
        let name = arguments::bytes(lua, 1);
        let Some((_, chunk)) = shared
            .modules
            .iter()
            .find(|(module, _)| module.as_bytes() == name)
        else {
            let name = ffi::lua_tolstring(lua, 1, ptr::null_mut());
            ffi::luaL_error(lua, c"there is no module '%s'".as_ptr(), name);
        };
        ffi::lua_pushvalue(lua, 1);
        ffi::lua_pushlightuserdata(lua, ptr::null_mut());
        ffi::lua_rawset(lua, 2);
        if !load(lua, chunk) {
            ffi::lua_error(lua);
        }
        ffi::lua_call(lua, 0, 1);
        if ffi::lua_type(lua, -1) == ffi::LUA_TNIL {
            ffi::lua_settop(lua, -2);
            ffi::lua_pushboolean(lua, 1);
        }
        ffi::lua_pushvalue(lua, 1);
        ffi::lua_pushvalue(lua, -2);
        ffi::lua_rawset(lua, 2);
        1
    }
}
