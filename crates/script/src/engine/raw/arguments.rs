//! From Lua to Rust: the arguments of a host function. No function here raises or converts values in place.
//! The needed stack slots exist in advance: [`super::push::STACK`] for nested tables, otherwise the twenty
//! that Luau gives every function.

use std::borrow::Cow;
use std::ffi::c_int;
use std::ptr;
use std::slice;

use fchatd_protocol::json::write;
use mlua::ffi;

use super::super::value::{Handle, HostError, Kind};
use super::Shared;
use super::json::Walk;
use super::limits::{NO_MEMORY, STOPPED};

/// Texts and JSON up to this size, in bytes, are not charged to the memory limit.
const BIG: usize = 4096;
/// Factor for charging a large text: escaping and parsing enlarge it.
const COPIES: usize = 8;
/// Memory charged for each text of a list, in addition to its bytes.
const ITEM: usize = 24;
/// Maximum initial capacity for the elements of a list.
const CAPACITY_MAX: usize = 1024;

/// The arguments of a call of a host function. Indices start at 1, as in Lua.
///
/// Numbers and strings convert to each other as in Lua. Errors read like Lua's own: `bad argument #2 to
/// 'getName' (string expected, got nil)`.
pub struct Arguments<'a> {
    lua: *mut ffi::lua_State,
    count: usize,
    name: &'static str,
    shared: &'a Shared,
    nested: bool,
}

impl std::fmt::Debug for Arguments<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Arguments")
            .field("function", &self.name)
            .field("count", &self.count)
            .finish()
    }
}

impl<'a> Arguments<'a> {
    /// Whether a function with this signature may read nested tables.
    pub(super) fn may_nest(signature: &str) -> bool {
        signature.contains("table")
    }

    /// `lua` must be running the host function `name`. If the function may read nested tables,
    /// [`super::push::STACK`] slots must be free; otherwise those that every function has.
    pub(super) unsafe fn new(
        lua: *mut ffi::lua_State,
        name: &'static str,
        shared: &'a Shared,
        nested: bool,
    ) -> Self {
        let count = usize::try_from(unsafe { ffi::lua_gettop(lua) }).unwrap_or(0);
        Self {
            lua,
            count,
            name,
            shared,
            nested,
        }
    }

    /// Number of arguments, including `nil`.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The type of argument `index`.
    pub fn kind(&self, index: usize) -> Kind {
        let Some(slot) = self.slot(index) else {
            return Kind::Absent;
        };
        match unsafe { ffi::lua_type(self.lua, slot) } {
            ffi::LUA_TNIL => Kind::Nil,
            ffi::LUA_TBOOLEAN => Kind::Boolean,
            ffi::LUA_TNUMBER => Kind::Number,
            ffi::LUA_TSTRING => Kind::Text,
            ffi::LUA_TTABLE => Kind::Table,
            ffi::LUA_TFUNCTION => Kind::Function,
            _ => Kind::Other,
        }
    }

    /// Whether the argument is `nil` or missing.
    pub fn is_nil(&self, index: usize) -> bool {
        matches!(self.kind(index), Kind::Absent | Kind::Nil)
    }

    /// Whether the argument is a table.
    pub fn is_table(&self, index: usize) -> bool {
        self.kind(index) == Kind::Table
    }

    /// A number, or a numeric string.
    ///
    /// # Errors
    /// The argument is anything else.
    pub fn number(&self, index: usize) -> Result<f64, HostError> {
        if let Some(slot) = self.slot(index) {
            let mut is_number = 0;
            let number = unsafe { ffi::lua_tonumberx(self.lua, slot, &raw mut is_number) };
            if is_number != 0 {
                return Ok(number);
            }
        }
        Err(self.wrong_type(index, "number"))
    }

    /// A handle.
    pub fn handle(&self, index: usize) -> Option<Handle> {
        let slot = self.slot(index)?;
        // SAFETY: reads by type; the address is used as a number and never dereferenced. Any other value gives null, which
        // is no handle.
        let address = unsafe { ffi::lua_tolightuserdata(self.lua, slot) }.addr() as u64;
        (address != 0).then_some(Handle(address))
    }

    /// Whether the scripts run in compatibility mode for the classic server.
    pub fn is_classic(&self) -> bool {
        self.shared.classic
    }

    /// A string, or a number as text (`3`, never `3.0`). Bytes that are not UTF-8 become U+FFFD.
    ///
    /// # Errors
    /// The argument is anything else.
    pub fn text(&self, index: usize) -> Result<Cow<'_, str>, HostError> {
        // SAFETY: the text lives while the argument is on the stack, which is longer than `self`.
        let text = self
            .slot(index)
            .and_then(|slot| unsafe { text_at(self.lua, slot) })
            .ok_or_else(|| self.wrong_type(index, "string"))?;
        if text.len() > BIG {
            // The result of a host function may be several times as large as its argument.
            self.shared.memory.charge(text.len().saturating_mul(COPIES))?;
        }
        Ok(text)
    }

    /// The argument's truth in Lua: `nil` (or a missing argument) and `false` are false, any other value is
    /// true.
    pub fn truth(&self, index: usize) -> bool {
        self.slot(index)
            .is_some_and(|slot| unsafe { ffi::lua_toboolean(self.lua, slot) } != 0)
    }

    /// A boolean and no other type.
    ///
    /// # Errors
    /// The argument is anything else.
    pub fn boolean(&self, index: usize) -> Result<bool, HostError> {
        match self.kind(index) {
            Kind::Boolean => Ok(self.truth(index)),
            _ => Err(self.wrong_type(index, "boolean")),
        }
    }

    /// Like [`Arguments::number`]; `None` where the argument is `nil` or missing.
    ///
    /// # Errors
    /// As [`Arguments::number`].
    pub fn optional_number(&self, index: usize) -> Result<Option<f64>, HostError> {
        if self.is_nil(index) {
            Ok(None)
        } else {
            self.number(index).map(Some)
        }
    }

    /// Like [`Arguments::text`]; `None` where the argument is `nil` or missing.
    ///
    /// # Errors
    /// As [`Arguments::text`].
    pub fn optional_text(&self, index: usize) -> Result<Option<Cow<'_, str>>, HostError> {
        if self.is_nil(index) {
            Ok(None)
        } else {
            self.text(index).map(Some)
        }
    }

    /// Like [`Arguments::boolean`]; `None` where the argument is `nil` or missing.
    ///
    /// # Errors
    /// As [`Arguments::boolean`].
    pub fn optional_boolean(&self, index: usize) -> Result<Option<bool>, HostError> {
        if self.is_nil(index) {
            Ok(None)
        } else {
            self.boolean(index).map(Some)
        }
    }

    /// The elements 1, 2, ... of a table, each read like [`Arguments::text`].
    ///
    /// # Errors
    /// When the argument is no table, or an element neither string nor number.
    pub fn text_list(&self, index: usize) -> Result<Vec<String>, HostError> {
        // A table can contain one long string many times.
        self.list(index, "string", |slot| {
            let Some(text) = (unsafe { text_at(self.lua, slot) }) else {
                return Ok(None);
            };
            self.shared.memory.charge(text.len() + ITEM)?;
            Ok(Some(text.into_owned()))
        })
    }

    /// The elements 1, 2, ... of a table, each read like [`Arguments::number`].
    ///
    /// # Errors
    /// When the argument is no table, or an element no number.
    pub fn number_list(&self, index: usize) -> Result<Vec<f64>, HostError> {
        self.list(index, "number", |slot| {
            let mut is_number = 0;
            let number = unsafe { ffi::lua_tonumberx(self.lua, slot, &raw mut is_number) };
            self.shared.memory.charge(size_of::<f64>())?;
            Ok((is_number != 0).then_some(number))
        })
    }

    /// The fields of a flat table as text, in no particular order. Values may be strings, numbers and booleans.
    ///
    /// # Errors
    /// When the argument is no table, or a key or value is of another type.
    pub fn entries(&self, index: usize) -> Result<Vec<(String, String)>, HostError> {
        let table = self.table(index)?;
        let mut entries = Vec::new();
        let mut position = 0;
        loop {
            // SAFETY: two slots are free; they are released below.
            let entry = unsafe {
                position = ffi::lua_rawiter(self.lua, table, position);
                if position < 0 {
                    return Ok(entries);
                }
                let value = match ffi::lua_type(self.lua, -1) {
                    ffi::LUA_TBOOLEAN if ffi::lua_toboolean(self.lua, -1) != 0 => Some(Cow::Borrowed("true")),
                    ffi::LUA_TBOOLEAN => Some(Cow::Borrowed("false")),
                    _ => text_at(self.lua, -1),
                };
                let entry = text_at(self.lua, -2).zip(value);
                let entry = entry.map(|(key, value)| (key.into_owned(), value.into_owned()));
                ffi::lua_settop(self.lua, -3);
                entry
            };
            let (key, value) = entry.ok_or_else(|| self.bad(index, "a table of strings expected"))?;
            self.shared.memory.charge(key.len() + value.len() + 2 * ITEM)?;
            entries.push((key, value));
        }
    }

    /// Appends the table at `index` as a JSON object (docs/lua.md). After an error `out` is unchanged.
    ///
    /// # Errors
    /// The argument is no table, or contains values without a JSON form: functions, threads, more than 32
    /// levels. Also when the function's signature does not contain `table`, because then there are too few
    /// stack slots.
    pub fn json(&self, index: usize, out: &mut Vec<u8>) -> Result<(), HostError> {
        let table = self.table(index)?;
        if !self.nested {
            return Err(self.bad(index, "the signature names no table"));
        }
        let start = out.len();
        // SAFETY: `table` is a table, and there are enough slots for each level.
        let result = unsafe {
            Walk {
                lua: self.lua,
                shared: self.shared,
                end: start.saturating_add(self.shared.memory.left()),
            }
            .object(table, out, 1)
        };
        let written = out.len() - start;
        let result = result.and_then(|()| match written {
            0..=BIG => Ok(()),
            _ => self.shared.memory.charge(written),
        });
        if let Err(reason) = result {
            out.truncate(start);
            unsafe { ffi::lua_settop(self.lua, self.count as c_int) };
            return Err(match reason {
                NO_MEMORY | STOPPED => reason.into(),
                reason => self.bad(index, reason),
            });
        }
        Ok(())
    }

    /// An error about argument `index`: `bad argument #2 to 'getName' (reason)`.
    pub fn bad(&self, index: usize, reason: &str) -> HostError {
        HostError::from(format!("bad argument #{index} to '{}' ({reason})", self.name))
    }

    /// A readable form of the argument.
    pub(in super::super) fn describe(&self, index: usize) -> Cow<'_, str> {
        match self.kind(index) {
            Kind::Boolean if self.truth(index) => Cow::Borrowed("true"),
            Kind::Boolean => Cow::Borrowed("false"),
            _ => self
                .text(index)
                .unwrap_or_else(|_| Cow::Borrowed(self.type_name(index))),
        }
    }

    /// The memory of the state in bytes.
    pub(in super::super) fn memory(&self) -> usize {
        self.shared.memory.used.get()
    }

    fn slot(&self, index: usize) -> Option<c_int> {
        (1..=self.count).contains(&index).then_some(index as c_int)
    }

    fn table(&self, index: usize) -> Result<c_int, HostError> {
        match (self.slot(index), self.kind(index)) {
            (Some(slot), Kind::Table) => Ok(slot),
            _ => Err(self.wrong_type(index, "table")),
        }
    }

    fn list<T>(
        &self,
        index: usize,
        expected: &str,
        read: impl Fn(c_int) -> Result<Option<T>, &'static str>,
    ) -> Result<Vec<T>, HostError> {
        let table = self.table(index)?;
        if self.is_classic() {
            return self.values(table, &read);
        }
        // SAFETY: `table` is a table, and one slot is free.
        unsafe {
            let length = ffi::lua_objlen_(self.lua, table);
            let mut items = Vec::with_capacity(usize::try_from(length).unwrap_or(0).min(CAPACITY_MAX));
            for position in 1..=length {
                ffi::lua_rawgeti_(self.lua, table, position);
                let item = read(-1);
                ffi::lua_settop(self.lua, -2);
                let wrong = || {
                    self.bad(
                        index,
                        &format!("{expected} expected at position {position} of the table"),
                    )
                };
                items.push(item?.ok_or_else(wrong)?);
            }
            Ok(items)
        }
    }

    /// The values of a table, with any keys; values that `read` rejects are left out.
    fn values<T>(
        &self,
        table: c_int,
        read: &impl Fn(c_int) -> Result<Option<T>, &'static str>,
    ) -> Result<Vec<T>, HostError> {
        let mut items = Vec::new();
        let mut position = 0;
        loop {
            // SAFETY: `table` is a table, and two slots are free; they are released below.
            unsafe {
                position = ffi::lua_rawiter(self.lua, table, position);
                if position < 0 {
                    return Ok(items);
                }
                let item = read(-1);
                ffi::lua_settop(self.lua, -3);
                items.extend(item?);
            }
        }
    }

    fn type_name(&self, index: usize) -> &'static str {
        match self.kind(index) {
            Kind::Absent => "no value",
            Kind::Nil => "nil",
            Kind::Boolean => "boolean",
            Kind::Number => "number",
            Kind::Text => "string",
            Kind::Table => "table",
            Kind::Function => "function",
            Kind::Other if self.handle(index).is_some() => "a handle",
            Kind::Other => "another type",
        }
    }

    fn wrong_type(&self, index: usize, expected: &str) -> HostError {
        self.bad(
            index,
            &format!("{expected} expected, got {}", self.type_name(index)),
        )
    }
}

/// The bytes of the string at `index`, which must be a string; valid while it is on the stack.
pub(super) unsafe fn bytes<'a>(lua: *mut ffi::lua_State, index: c_int) -> &'a [u8] {
    unsafe { string(lua, index).unwrap_or_default() }
}

/// The bytes at `index` if it is a string; valid while it is on the stack. A number is not converted.
pub(super) unsafe fn string<'a>(lua: *mut ffi::lua_State, index: c_int) -> Option<&'a [u8]> {
    unsafe {
        let mut length = 0;
        let start = ffi::lua_tolstringatom(lua, index, &raw mut length, ptr::null_mut());
        (!start.is_null()).then(|| slice::from_raw_parts(start.cast(), length))
    }
}

/// Like `String::from_utf8_lossy`, but faster for ASCII.
pub(super) fn lossy(bytes: &[u8]) -> Cow<'_, str> {
    if bytes.is_ascii() {
        // SAFETY: ASCII is UTF-8. Nearly all strings are ASCII, and this check is cheaper than the general
        // one.
        return Cow::Borrowed(unsafe { str::from_utf8_unchecked(bytes) });
    }
    str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed)
}

pub(super) unsafe fn text_at<'a>(lua: *mut ffi::lua_State, index: c_int) -> Option<Cow<'a, str>> {
    unsafe {
        if let Some(bytes) = string(lua, index) {
            return Some(lossy(bytes));
        }
        (ffi::lua_type(lua, index) == ffi::LUA_TNUMBER)
            .then(|| Cow::Owned(number_text(ffi::lua_tonumberx(lua, index, ptr::null_mut()))))
    }
}

pub(super) fn number_text(number: f64) -> String {
    if number.is_finite() {
        let mut out = Vec::with_capacity(24);
        write::number(&mut out, number);
        String::from_utf8(out).unwrap_or_default()
    } else {
        number.to_string().to_ascii_lowercase()
    }
}
