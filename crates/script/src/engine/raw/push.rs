//! From Rust to Lua: values, replies, and the host functions themselves. Everything here may raise.

use std::ffi::{CString, c_char, c_int};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;

use fchatd_protocol::json::read::MAX_DEPTH;
use mlua::ffi;

use super::super::value::{Handle, Reply, Value};
use super::super::{Argument, Function};
use super::{Arguments, Shared, json, limits, report};

/// Number of slots for reading or pushing the deepest table, plus a reserve.
pub(super) const STACK: c_int = 3 * MAX_DEPTH as c_int + 24;

pub(super) unsafe fn room(lua: *mut ffi::lua_State, slots: c_int) {
    unsafe {
        if ffi::lua_checkstack(lua, slots) == 0 {
            ffi::luaL_error(lua, c"stack overflow".as_ptr());
        }
    }
}

pub(super) unsafe fn text(lua: *mut ffi::lua_State, text: &str) {
    unsafe { ffi::lua_pushlstring_(lua, text.as_ptr().cast::<c_char>(), text.len()) };
}

/// Pushes the function `name` of the global `table`, or the global `name`; returns false if there is none.
pub(super) unsafe fn function(lua: *mut ffi::lua_State, table: &str, name: &str) -> bool {
    unsafe {
        let mut from = ffi::LUA_GLOBALSINDEX;
        if !table.is_empty() {
            text(lua, table);
            if ffi::lua_gettable(lua, from) != ffi::LUA_TTABLE {
                return false;
            }
            from = -2;
        }
        text(lua, name);
        ffi::lua_gettable(lua, from) == ffi::LUA_TFUNCTION
    }
}

/// Like [`function`], but with raw access, so that no metamethod runs.
pub(super) unsafe fn raw_function(lua: *mut ffi::lua_State, table: &str, name: &str) -> bool {
    unsafe {
        let mut from = ffi::LUA_GLOBALSINDEX;
        if !table.is_empty() {
            text(lua, table);
            if ffi::lua_rawget(lua, from) != ffi::LUA_TTABLE {
                return false;
            }
            from = -2;
        }
        text(lua, name);
        ffi::lua_rawget(lua, from) == ffi::LUA_TFUNCTION
    }
}

/// Pushes a handle: a pointer that is never dereferenced.
unsafe fn handle(lua: *mut ffi::lua_State, handle: u64) {
    unsafe { ffi::lua_pushlightuserdata(lua, ptr::without_provenance_mut(handle as usize)) };
}

pub(super) unsafe fn argument(lua: *mut ffi::lua_State, shared: &Shared, argument: &Argument<'_>) {
    unsafe {
        match *argument {
            Argument::Nil => ffi::lua_pushnil(lua),
            Argument::Boolean(boolean) => ffi::lua_pushboolean(lua, c_int::from(boolean)),
            Argument::Number(number) => ffi::lua_pushnumber(lua, number),
            Argument::Handle(Handle(handle)) => self::handle(lua, handle),
            Argument::Text(string) => text(lua, string),
            Argument::Json(tape) => json::push(lua, shared, tape),
        }
    }
}

unsafe fn value(lua: *mut ffi::lua_State, shared: &Shared, item: &Value) {
    unsafe {
        match item {
            Value::Nil => ffi::lua_pushnil(lua),
            Value::Boolean(boolean) => ffi::lua_pushboolean(lua, c_int::from(*boolean)),
            Value::Number(number) => ffi::lua_pushnumber(lua, *number),
            Value::Handle(Handle(handle)) => self::handle(lua, *handle),
            Value::Static(string) => text(lua, string),
            Value::Text(string) => text(lua, string),
            Value::Owned(string) => text(lua, string),
            Value::Argument(index) => ffi::lua_pushvalue(lua, c_int::try_from(*index).unwrap_or(0).max(1)),
            Value::List(items) => {
                room(lua, 4);
                ffi::lua_createtable(lua, c_int::try_from(items.len()).unwrap_or(0), 0);
                for (position, item) in (1..).zip(items) {
                    value(lua, shared, item);
                    ffi::lua_rawseti_(lua, -2, position);
                }
            }
            Value::Map(fields) => {
                room(lua, 4);
                ffi::lua_createtable(lua, 0, c_int::try_from(fields.len()).unwrap_or(0));
                for (name, item) in fields {
                    text(lua, name);
                    value(lua, shared, item);
                    ffi::lua_rawset(lua, -3);
                }
            }
            Value::Json(tape) => {
                room(lua, STACK);
                json::push(lua, shared, tape);
            }
        }
    }
}

unsafe fn reply(lua: *mut ffi::lua_State, shared: &Shared, reply: &Reply) -> c_int {
    unsafe {
        match reply {
            Reply::None => 0,
            Reply::One(one) => {
                value(lua, shared, one);
                1
            }
            Reply::Two(first, second) => {
                value(lua, shared, first);
                value(lua, shared, second);
                2
            }
            Reply::Three(first, second, third) => {
                value(lua, shared, first);
                value(lua, shared, second);
                value(lua, shared, third);
                3
            }
            Reply::Many(values) => {
                let count = c_int::try_from(values.len()).unwrap_or(c_int::MAX);
                room(lua, count);
                for item in values {
                    value(lua, shared, item);
                }
                count
            }
        }
    }
}

/// Registers a host function in its library.
pub(super) unsafe fn register<H: 'static>(lua: *mut ffi::lua_State, function: &'static Function<H>) {
    let trampoline = if Arguments::may_nest(function.signature) {
        trampoline::<H, true>
    } else {
        trampoline::<H, false>
    };
    // Unwinding frees it, too; while a state is opened, only a system out of memory raises.
    let name = CString::new(function.name).unwrap_or_default();
    unsafe {
        super::library::table(lua, function.library);
        ffi::lua_pushlightuserdata(lua, ptr::from_ref(function).cast_mut().cast());
        ffi::lua_pushcclosurek(lua, trampoline, name.as_ptr(), 1, None);
        ffi::lua_setfield(lua, -2, name.as_ptr());
        ffi::lua_settop(lua, -2);
    }
}

/// The C function of every host function; `NESTED` for those that read nested tables, which need more stack.
unsafe extern "C-unwind" fn trampoline<H: 'static, const NESTED: bool>(lua: *mut ffi::lua_State) -> c_int {
    unsafe {
        let shared = super::shared_of(lua);
        let function = &*ffi::lua_tolightuserdata(lua, ffi::lua_upvalueindex(1)).cast::<Function<H>>();
        limits::poll(lua, shared.callbacks.get());
        if NESTED {
            room(lua, STACK);
        }
        match guarded(lua, shared, function, NESTED) {
            Some(answer) => reply(lua, shared, &answer),
            None => raise(lua, shared),
        }
    }
}

/// The safe part of a host function. On failure the message is stored in `shared`.
unsafe fn guarded<H: 'static>(
    lua: *mut ffi::lua_State,
    shared: &Shared,
    function: &'static Function<H>,
    nested: bool,
) -> Option<Reply> {
    let host = shared.host.get().cast::<H>();
    // Luau allocates nothing while the function runs.
    let before = shared.memory.used.get();
    let result = catch_unwind(AssertUnwindSafe(|| {
        // SAFETY: non-null only while `State::run_with::<H>` lends it. All functions of this state were
        // registered for the same `H`, and none can be called inside another.
        let host = unsafe { host.as_mut() }.ok_or("the server cannot be called at this moment")?;
        // SAFETY: `lua` is running this function and has room on its stack.
        let arguments = unsafe { Arguments::new(lua, function.name, shared, nested) };
        shared.memory.admit()?;
        let reply = (function.run)(host, &arguments);
        // SAFETY: the state was opened for this `H`.
        let held = unsafe { shared.held::<H>() };
        shared
            .memory
            .settle(before, || held.map_or(0, |held| held(host)))?;
        reply
    }));
    shared.memory.used.set(before);
    let message = match result {
        Ok(Ok(reply)) => return Some(reply),
        Ok(Err(error)) => report::shortened(&error.0).into_owned(),
        Err(panic) => {
            // The destructor of the payload could panic outside the guard.
            std::mem::forget(panic);
            format!(
                "the server failed inside of '{}', please report this",
                function.name
            )
        }
    };
    shared.message.replace(message);
    None
}

#[cold]
unsafe fn raise(lua: *mut ffi::lua_State, shared: &Shared) -> ! {
    unsafe {
        ffi::luaL_where(lua, 1);
        // No borrow of the cell may exist when the push raises.
        let (start, length) = {
            let message = shared.message.borrow();
            (message.as_ptr(), message.len())
        };
        ffi::lua_pushlstring_(lua, start.cast(), length);
        ffi::lua_concat(lua, 2);
        ffi::lua_error(lua)
    }
}
