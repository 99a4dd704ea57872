//! Expressions: the globals that they read, and the use of their values.

use super::super::token::Token;
use super::{Access, Base, DEPTH_MAX, Parser, Value};

/// Functions that only read a table.
const HARMLESS: [&str; 14] = [
    "pairs",
    "ipairs",
    "next",
    "type",
    "typeof",
    "print",
    "tostring",
    "rawget",
    "rawlen",
    "rawequal",
    "assert",
    "select",
    "tonumber",
    "getmetatable",
];

impl<'s> Parser<'_, 's> {
    /// The field names of the table constructor at the current position, if all of them are constant: `{ MSG
    /// = f }`.
    pub(super) fn constructor_fields(&self) -> Option<Vec<(String, u32)>> {
        if !self.is_sign("{") {
            return None;
        }
        let mut fields = Vec::new();
        let mut depth = 0_usize;
        let mut at = self.at;
        loop {
            let placed = self.tokens.get(at)?;
            let next = self.tokens.get(at + 1).map(|next| next.token);
            match placed.token {
                Token::Sign("{" | "(") | Token::Word("function" | "if" | "do" | "repeat") => depth += 1,
                Token::Sign("[") if depth == 1 => {
                    if matches!(
                        self.tokens.get(at.wrapping_sub(1)).map(|before| before.token),
                        Some(Token::Sign("{" | "," | ";"))
                    ) {
                        return None;
                    }
                }
                Token::Sign("}" | ")") | Token::Word("end" | "until") => {
                    depth = depth.checked_sub(1)?;
                    if depth == 0 {
                        return Some(fields);
                    }
                }
                Token::Word(word) if depth == 1 && next == Some(Token::Sign("=")) => {
                    fields.push((word.to_owned(), placed.line));
                }
                _ => {}
            }
            at += 1;
        }
    }

    pub(super) fn expressions(&mut self) -> Option<Vec<Value>> {
        let mut values = vec![self.expression()?];
        while self.take_sign(",") {
            values.push(self.expression()?);
        }
        Some(values)
    }

    pub(super) fn expression(&mut self) -> Option<Value> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return None;
        }
        let value = self.operands();
        self.depth -= 1;
        value
    }

    /// Operands with operators between them. Precedence does not matter for names.
    pub(super) fn operands(&mut self) -> Option<Value> {
        let first = self.operand()?;
        if self.operator().is_none() {
            return Some(first);
        }
        let mut left = first;
        while let Some(operator) = self.operator() {
            self.at += 1;
            let right = self.operand()?;
            match operator {
                "and" => self.tested(&left),
                "or" => {
                    self.tested(&left);
                    self.tested(&right);
                }
                "==" | "~=" => {
                    self.tested(&left);
                    self.tested(&right);
                }
                _ => {}
            }
            if matches!(operator, "and" | "or") {
                self.names.open.extend(left.global.take());
                self.names.open.extend(right.global.clone());
            }
            left = right;
        }
        Some(Value::default())
    }

    pub(super) fn operator(&self) -> Option<&'s str> {
        match self.token()? {
            Token::Word(word @ ("and" | "or")) => Some(word),
            Token::Sign(
                sign @ ("+" | "-" | "*" | "/" | "//" | "%" | "^" | ".." | "==" | "~=" | "<" | "<=" | ">"
                | ">="),
            ) => Some(sign),
            _ => None,
        }
    }

    pub(super) fn operand(&mut self) -> Option<Value> {
        let mut asks = false;
        let mut bare = true;
        loop {
            if self.take_word("not") {
                asks = true;
            } else if !(self.take_sign("-") || self.take_sign("#")) {
                break;
            }
            bare = false;
        }
        let value = self.simple()?;
        if asks {
            self.tested(&value);
        }
        while self.take_sign("::") {
            self.type_expression()?;
        }
        Some(if bare { value } else { Value::default() })
    }

    pub(super) fn simple(&mut self) -> Option<Value> {
        match self.token()? {
            Token::Number | Token::Text(_) | Token::Sign("...") | Token::Word("nil" | "true" | "false") => {
                self.at += 1;
            }
            Token::Template { open } => {
                self.at += 1;
                self.template(open)?;
            }
            Token::Sign("{") => self.constructor()?,
            Token::Sign("@") => {
                self.at += 2;
                return self.simple();
            }
            Token::Word("function") => {
                self.at += 1;
                self.function_body(None)?;
            }
            Token::Word("if") => self.if_expression()?,
            _ => {
                let base = self.suffixed()?;
                return Some(self.read(&base));
            }
        }
        Some(Value::default())
    }

    pub(super) fn template(&mut self, mut open: bool) -> Option<()> {
        while open {
            self.expression()?;
            let Some(Token::TemplateRest { open: another }) = self.token() else {
                return None;
            };
            self.at += 1;
            open = another;
        }
        Some(())
    }

    pub(super) fn if_expression(&mut self) -> Option<()> {
        self.at += 1;
        loop {
            let condition = self.expression()?;
            self.tested(&condition);
            self.expect_word("then")?;
            let value = self.expression()?;
            self.escapes(value);
            if self.take_word("elseif") {
                continue;
            }
            self.expect_word("else")?;
            let value = self.expression()?;
            self.escapes(value);
            return Some(());
        }
    }

    pub(super) fn constructor(&mut self) -> Option<()> {
        self.expect_sign("{")?;
        while !self.take_sign("}") {
            if self.take_sign("[") {
                self.expression()?;
                self.expect_sign("]")?;
                self.expect_sign("=")?;
            } else if self.after(1) == Some(Token::Sign("=")) && matches!(self.token(), Some(Token::Word(_)))
            {
                self.at += 2;
            }
            let value = self.expression()?;
            self.escapes(value);
            let _ = self.take_sign(",") || self.take_sign(";");
        }
        Some(())
    }

    /// A name or a bracket, followed by fields, keys and calls.
    pub(super) fn suffixed(&mut self) -> Option<Base> {
        let line = self.line();
        let mut base = if self.take_sign("(") {
            let value = self.expression()?;
            self.escapes(value);
            self.expect_sign(")")?;
            Base::Other { call: false }
        } else {
            let name = self.name()?;
            match self.local(name) {
                Some((_, Some(alias))) => Base::Global {
                    name: alias.clone(),
                    local: true,
                    line,
                },
                Some((_, None)) => Base::Local,
                None => Base::Global {
                    name: name.to_owned(),
                    local: false,
                    line,
                },
            }
        };
        loop {
            let line = self.line();
            match self.token() {
                Some(Token::Sign(".")) => {
                    self.at += 1;
                    let Some(Token::Word(field)) = self.token() else {
                        return None;
                    };
                    self.at += 1;
                    base = self.field(base, field, line);
                }
                Some(Token::Sign("[")) => {
                    self.at += 1;
                    base = match (self.token(), self.after(1)) {
                        (Some(Token::Text(field)), Some(Token::Sign("]"))) => {
                            self.at += 1;
                            self.field(base, field, line)
                        }
                        _ => {
                            let key = self.expression()?;
                            self.escapes(key);
                            self.computed(base, line)
                        }
                    };
                    self.expect_sign("]")?;
                }
                Some(Token::Sign(":")) => {
                    self.at += 1;
                    let Some(Token::Word(field)) = self.token() else {
                        return None;
                    };
                    self.at += 1;
                    let method = self.field(base, field, line);
                    self.read(&method);
                    self.call_arguments(None)?;
                    base = Base::Other { call: true };
                }
                Some(Token::Sign("(" | "{") | Token::Text(_) | Token::Template { .. }) => {
                    let value = self.read(&base);
                    self.call_arguments(value.global.as_deref())?;
                    base = Base::Other { call: true };
                }
                _ => return Some(base),
            }
        }
    }

    pub(super) fn field(&mut self, base: Base, field: &str, line: u32) -> Base {
        match base {
            Base::Global { name, .. } => Base::Field {
                global: name,
                field: field.to_owned(),
                line,
            },
            other => {
                self.read(&other);
                Base::Other { call: false }
            }
        }
    }

    pub(super) fn computed(&mut self, base: Base, line: u32) -> Base {
        match base {
            Base::Global { name, .. } => Base::Computed { global: name, line },
            other => {
                self.read(&other);
                Base::Other { call: false }
            }
        }
    }

    pub(super) fn read(&mut self, base: &Base) -> Value {
        match base {
            Base::Local | Base::Other { .. } => Value::default(),
            Base::Global { name, local, line } => Value {
                used: (!local).then(|| self.note(name.clone(), None, Access::Read, *line)),
                global: Some(name.clone()),
            },
            Base::Field { global, field, line } => Value {
                used: Some(self.note(global.clone(), Some(field.clone()), Access::Read, *line)),
                global: None,
            },
            Base::Computed { global, line } => {
                self.note(global.clone(), None, Access::Read, *line);
                Value::default()
            }
        }
    }

    pub(super) fn call_arguments(&mut self, callee: Option<&str>) -> Option<()> {
        let line = self.line();
        let mut module = None;
        match self.token()? {
            Token::Text(text) => {
                self.at += 1;
                module = Some(text);
            }
            Token::Template { open } => {
                self.at += 1;
                self.template(open)?;
            }
            Token::Sign("{") => self.constructor()?,
            Token::Sign("(") => {
                self.at += 1;
                if let (Some(Token::Text(text)), Some(Token::Sign(")"))) = (self.token(), self.after(1)) {
                    module = Some(text);
                }
                while !self.take_sign(")") {
                    let value = self.expression()?;
                    if matches!(callee, Some("type" | "typeof")) {
                        self.tested(&value);
                    }
                    if !callee.is_some_and(|callee| HARMLESS.contains(&callee)) {
                        self.escapes(value);
                    }
                    self.take_sign(",");
                }
            }
            _ => return None,
        }
        if let (Some("require"), Some(module)) = (callee, module) {
            self.names.required.push((module.to_owned(), line));
        }
        Some(())
    }
}
