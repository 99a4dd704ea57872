//! Conversion between JSON and Lua tables, in both directions, by the rules of docs/lua.md.

use std::ffi::{c_int, c_void};
use std::ptr;

use fchatd_protocol::json::read::{MAX_DEPTH, Node, Tape};
use fchatd_protocol::json::write;
use mlua::ffi;

use super::arguments::{bytes, lossy, text_at};
use super::limits::{NO_MEMORY, STOPPED};
use super::{Shared, push};

/// Pushes an object as a table, and any other value as an empty table; needs [`super::push::STACK`] slots.
/// May raise.
pub(super) unsafe fn push(lua: *mut ffi::lua_State, shared: &Shared, tape: &Tape) {
    unsafe {
        match tape.root() {
            object @ Node::Object(_) => node(lua, shared, object),
            _ => ffi::lua_createtable(lua, 0, 0),
        }
    }
}

unsafe fn node(lua: *mut ffi::lua_State, shared: &Shared, value: Node<'_>) {
    unsafe {
        match value {
            Node::Null => ffi::lua_pushnil(lua),
            Node::Boolean(boolean) => ffi::lua_pushboolean(lua, c_int::from(boolean)),
            Node::Number(number) => ffi::lua_pushnumber(lua, number),
            Node::Text(string) => push::text(lua, string),
            Node::Array(elements) => {
                ffi::lua_createtable(lua, elements.len() as c_int, 0);
                let mut position = 0;
                for element in elements {
                    if matches!(element, Node::Null) {
                        // The classic server left a hole in the array.
                        position += i32::from(shared.classic);
                        continue;
                    }
                    node(lua, shared, element);
                    if matches!(element, Node::Array(_)) {
                        ffi::lua_rawgeti_(lua, ffi::LUA_REGISTRYINDEX, shared.array_reference.get());
                        ffi::lua_setmetatable(lua, -2);
                    }
                    position += 1;
                    ffi::lua_rawseti_(lua, -2, position);
                }
            }
            Node::Object(members) => {
                ffi::lua_createtable(lua, 0, members.len() as c_int);
                for (name, member) in members {
                    match member {
                        // Of several members with the same name, the last one counts.
                        Node::Array(_) => array_key(lua, name),
                        _ => push::text(lua, name),
                    }
                    node(lua, shared, member);
                    ffi::lua_rawset(lua, -3);
                }
            }
        }
    }
}

/// The key of a member that is an array.
#[expect(clippy::indexing_slicing, reason = "the key is longer than its prefix")]
unsafe fn array_key(lua: *mut ffi::lua_State, name: &str) {
    const PREFIX: &[u8] = b"array_";
    unsafe {
        let mut key = [0_u8; 64];
        let length = PREFIX.len() + name.len();
        if let Some(rest) = key.get_mut(PREFIX.len()..length) {
            rest.copy_from_slice(name.as_bytes());
            key[..PREFIX.len()].copy_from_slice(PREFIX);
            ffi::lua_pushlstring_(lua, key.as_ptr().cast(), length);
        } else {
            push::text(lua, "array_");
            push::text(lua, name);
            ffi::lua_concat(lua, 2);
        }
    }
}

/// Walks tables with raw access: no metamethod runs, and nothing raises. Needs [`super::push::STACK`] slots.
pub(super) struct Walk<'a> {
    pub(super) lua: *mut ffi::lua_State,
    pub(super) shared: &'a Shared,
    /// The length of the output at which the script's memory limit is reached. Tables that contain one
    /// another many times are small, but their JSON is not.
    pub(super) end: usize,
}

pub(super) type Reason = &'static str;

impl Walk<'_> {
    /// The only check of the time limit in here: tables that contain one another many times take long.
    fn in_time(&self) -> Result<(), Reason> {
        match self.shared.alarm.as_ref().is_some_and(|alarm| alarm.expired()) {
            true => Err(STOPPED),
            false => Ok(()),
        }
    }

    /// The table at `table`, an absolute index, as an object. After an error its pushed values stay on the
    /// stack.
    pub(super) unsafe fn object(&self, table: c_int, out: &mut Vec<u8>, depth: usize) -> Result<(), Reason> {
        deep_enough(depth)?;
        self.in_time()?;
        let lua = self.lua;
        out.push(b'{');
        let start = out.len();
        let mut position = 0;
        unsafe {
            loop {
                position = ffi::lua_rawiter(lua, table, position);
                if position < 0 {
                    break;
                }
                if self.is_left_out(ffi::lua_gettop(lua)) {
                    ffi::lua_settop(lua, -3);
                    continue;
                }
                if out.len() > start {
                    out.push(b',');
                }
                let key = text_at(lua, -2).ok_or("a key must be a string or a number")?;
                let value = ffi::lua_gettop(lua);
                match key.strip_prefix("array_") {
                    Some(name) if ffi::lua_type(lua, value) == ffi::LUA_TTABLE => {
                        write::string(out, name);
                        out.push(b':');
                        self.array(value, out, depth + 1)?;
                    }
                    _ => {
                        write::string(out, &key);
                        out.push(b':');
                        self.value(value, out, depth + 1, false)?;
                    }
                }
                ffi::lua_settop(lua, -3);
            }
        }
        out.push(b'}');
        Ok(())
    }

    unsafe fn array(&self, table: c_int, out: &mut Vec<u8>, depth: usize) -> Result<(), Reason> {
        deep_enough(depth)?;
        self.in_time()?;
        let lua = self.lua;
        out.push(b'[');
        if self.shared.classic {
            unsafe { self.values(table, out, depth) }?;
            out.push(b']');
            return Ok(());
        }
        unsafe {
            for position in 1..=ffi::lua_objlen_(lua, table) {
                if position > 1 {
                    out.push(b',');
                }
                ffi::lua_rawgeti_(lua, table, position);
                self.value(ffi::lua_gettop(lua), out, depth + 1, true)?;
                ffi::lua_settop(lua, -2);
            }
        }
        out.push(b']');
        Ok(())
    }

    /// The values of a table, with any keys, as elements of an array.
    unsafe fn values(&self, table: c_int, out: &mut Vec<u8>, depth: usize) -> Result<(), Reason> {
        let lua = self.lua;
        let (start, mut position) = (out.len(), 0);
        unsafe {
            loop {
                position = ffi::lua_rawiter(lua, table, position);
                if position < 0 {
                    return Ok(());
                }
                if out.len() > start {
                    out.push(b',');
                }
                self.value(ffi::lua_gettop(lua), out, depth + 1, true)?;
                ffi::lua_settop(lua, -3);
            }
        }
    }

    /// Whether the classic server omitted a member with this value: JSON has no form for the number.
    unsafe fn is_left_out(&self, index: c_int) -> bool {
        unsafe {
            self.shared.classic
                && ffi::lua_type(self.lua, index) == ffi::LUA_TNUMBER
                && !ffi::lua_tonumberx(self.lua, index, ptr::null_mut()).is_finite()
        }
    }

    unsafe fn value(
        &self,
        index: c_int,
        out: &mut Vec<u8>,
        depth: usize,
        in_array: bool,
    ) -> Result<(), Reason> {
        let lua = self.lua;
        if out.len() > self.end {
            return Err(NO_MEMORY);
        }
        unsafe {
            match ffi::lua_type(lua, index) {
                ffi::LUA_TNIL => out.extend_from_slice(b"null"),
                ffi::LUA_TBOOLEAN if ffi::lua_toboolean(lua, index) != 0 => out.extend_from_slice(b"true"),
                ffi::LUA_TBOOLEAN => out.extend_from_slice(b"false"),
                ffi::LUA_TNUMBER => write::number(out, ffi::lua_tonumberx(lua, index, ptr::null_mut())),
                ffi::LUA_TSTRING => write::string(out, &lossy(bytes(lua, index))),
                ffi::LUA_TTABLE if in_array && self.is_array(index) => return self.array(index, out, depth),
                ffi::LUA_TTABLE => return self.object(index, out, depth),
                _ if self.shared.classic => out.extend_from_slice(b"null"),
                _ => return Err("the table holds a value that JSON has no form for"),
            }
        }
        Ok(())
    }

    /// An element of an array has no name that marks it as an array. It is an array if it came from a JSON
    /// array, or if it has an element 1.
    unsafe fn is_array(&self, table: c_int) -> bool {
        unsafe {
            let metatable: *const c_void = ffi::lua_getmetatablepointer(self.lua, table);
            if !metatable.is_null() && metatable == self.shared.array_metatable.get() {
                return true;
            }
            let first = ffi::lua_rawgeti_(self.lua, table, 1);
            ffi::lua_settop(self.lua, -2);
            first != ffi::LUA_TNIL
        }
    }
}

fn deep_enough(depth: usize) -> Result<(), Reason> {
    if depth > MAX_DEPTH {
        Err("the table nests deeper than 32 levels, or contains itself")
    } else {
        Ok(())
    }
}
