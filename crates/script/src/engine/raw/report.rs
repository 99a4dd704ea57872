//! Messages and tracebacks of errors that end a call.

use std::borrow::Cow;
use std::ffi::{CStr, c_int};
use std::fmt::Write as _;
use std::ptr;

use mlua::ffi;

use super::super::samples::Call;
use super::{Flag, arguments, push};

/// Maximum length of a message, in bytes; a script can raise any text as an error.
const MESSAGE_MAX: usize = 8 << 10;
/// Maximum number of levels in a traceback.
const TRACEBACK: c_int = 30;

/// The message handler: stores the message and the traceback outside Lua, where the memory limit does not
/// apply, and passes the message to the script's `on_error`, if there is one.
pub(super) unsafe extern "C-unwind" fn handler(lua: *mut ffi::lua_State) -> c_int {
    unsafe {
        let shared = super::shared_of(lua);
        shared.message.replace(describe(lua, 1));
        write_traceback(lua, &mut shared.traceback.borrow_mut());
        shared.recorded.set(true);
        let expired = shared.alarm.as_ref().is_some_and(|alarm| alarm.expired());
        if !expired && shared.flag.get() == Flag::None && push::raw_function(lua, "", "on_error") {
            ffi::lua_pushvalue(lua, 1);
            ffi::lua_call(lua, 1, 1);
            if ffi::lua_type(lua, -1) == ffi::LUA_TSTRING {
                shared.message.replace(describe(lua, -1));
            }
        }
        1
    }
}

/// The error value as text. It runs no code and has no side effects.
pub(super) unsafe fn describe(lua: *mut ffi::lua_State, index: c_int) -> String {
    unsafe {
        match ffi::lua_type(lua, index) {
            ffi::LUA_TSTRING => {
                let bytes = arguments::bytes(lua, index);
                // More than the maximum, so that truncation is visible.
                let start = bytes.get(..MESSAGE_MAX * 2).unwrap_or(bytes);
                shortened(&arguments::lossy(start)).into_owned()
            }
            ffi::LUA_TNUMBER => arguments::number_text(ffi::lua_tonumberx(lua, index, ptr::null_mut())),
            kind => {
                let name = CStr::from_ptr(ffi::lua_typename(lua, kind)).to_string_lossy();
                format!("the script raised a {name} value as an error")
            }
        }
    }
}

/// The beginning of a long message.
pub(super) fn shortened(message: &str) -> Cow<'_, str> {
    if message.len() <= MESSAGE_MAX {
        return Cow::Borrowed(message);
    }
    let end = message.floor_char_boundary(MESSAGE_MAX);
    Cow::Owned(format!(
        "{} … (shortened)",
        message.get(..end).unwrap_or_default()
    ))
}

unsafe fn write_traceback(lua: *mut ffi::lua_State, out: &mut String) {
    out.clear();
    // SAFETY: zero is valid for the plain fields of the struct. With these letters `lua_getinfo` pushes and
    // allocates nothing, and its pointers are valid as long as the function is on the stack.
    unsafe {
        let mut info: ffi::lua_Debug = std::mem::zeroed();
        let mut level = 1;
        while level <= TRACEBACK && ffi::lua_getinfo(lua, level, c"sln".as_ptr(), &raw mut info) != 0 {
            level += 1;
            let _ = write!(out, "{}", CStr::from_ptr(info.short_src).to_string_lossy());
            if info.currentline > 0 {
                let _ = write!(out, ":{}", info.currentline);
            }
            if !info.name.is_null() {
                let _ = write!(out, " in {}", CStr::from_ptr(info.name).to_string_lossy());
            }
            out.push('\n');
        }
    }
}

/// The running functions, the innermost first. It runs no code and has no side effects.
pub(super) unsafe fn stack(lua: *mut ffi::lua_State) -> Vec<Call> {
    let mut calls = Vec::new();
    // SAFETY: as in `write_traceback`.
    unsafe {
        let mut info: ffi::lua_Debug = std::mem::zeroed();
        for level in 0..TRACEBACK {
            if ffi::lua_getinfo(lua, level, c"sln".as_ptr(), &raw mut info) == 0 {
                break;
            }
            let function = if info.name.is_null() {
                String::new()
            } else {
                CStr::from_ptr(info.name).to_string_lossy().into_owned()
            };
            calls.push(Call {
                function,
                file: CStr::from_ptr(info.short_src).to_string_lossy().into_owned(),
                line: u32::try_from(info.currentline).unwrap_or(0),
            });
        }
    }
    calls
}
