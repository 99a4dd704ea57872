//! Blocks and statements: scopes and assignments.

use super::super::token::Token;
use super::{Access, Base, DEPTH_MAX, Parser, Value};

const COMPOUND: [&str; 8] = ["+=", "-=", "*=", "/=", "//=", "%=", "^=", "..="];

impl<'s> Parser<'_, 's> {
    pub(super) fn scoped<T>(&mut self, inner: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return None;
        }
        self.scopes.push(Vec::new());
        let result = inner(self);
        self.scopes.pop();
        self.depth -= 1;
        result
    }

    pub(super) fn block(&mut self) -> Option<()> {
        loop {
            match self.token() {
                None | Some(Token::Word("end" | "else" | "elseif" | "until")) => return Some(()),
                _ => self.statement()?,
            }
        }
    }

    pub(super) fn statement(&mut self) -> Option<()> {
        let token = self.token()?;
        match token {
            Token::Sign(";") => self.at += 1,
            Token::Sign("@") => self.at += 2,
            Token::Word("local") => self.local_statement()?,
            Token::Word("function") => self.function_statement()?,
            Token::Word("if") => self.if_statement()?,
            Token::Word("while") => {
                self.at += 1;
                let condition = self.expression()?;
                self.tested(&condition);
                self.expect_word("do")?;
                self.scoped(Self::block)?;
                self.expect_word("end")?;
            }
            Token::Word("repeat") => {
                self.at += 1;
                // The condition can use the locals of the block.
                self.scoped(|parser| {
                    parser.block()?;
                    parser.expect_word("until")?;
                    parser.expression().map(drop)
                })?;
            }
            Token::Word("for") => self.for_statement()?,
            Token::Word("do") => {
                self.at += 1;
                self.scoped(Self::block)?;
                self.expect_word("end")?;
            }
            Token::Word("return") => {
                self.at += 1;
                let ends = matches!(
                    self.token(),
                    None | Some(Token::Sign(";") | Token::Word("end" | "else" | "elseif" | "until"))
                );
                if !ends {
                    for value in self.expressions()? {
                        self.escapes(value);
                    }
                }
            }
            Token::Word("break") => self.at += 1,
            Token::Word("continue") if self.ends_here() => self.at += 1,
            Token::Word("export") if matches!(self.after(1), Some(Token::Word("type"))) => self.at += 1,
            Token::Word("type") if matches!(self.after(1), Some(Token::Word(_))) => self.type_statement()?,
            _ => self.expression_statement()?,
        }
        Some(())
    }

    /// Whether the current word is a complete statement and not the beginning of a call or an assignment.
    pub(super) fn ends_here(&self) -> bool {
        match self.after(1) {
            None => true,
            Some(Token::Word(_)) | Some(Token::Sign(";")) => true,
            Some(_) => false,
        }
    }

    pub(super) fn local_statement(&mut self) -> Option<()> {
        self.at += 1;
        if self.take_word("function") {
            let name = self.name()?;
            self.declare(name, None);
            return self.function_body(None);
        }
        let mut declared = Vec::new();
        loop {
            declared.push(self.name()?);
            if self.take_sign(":") {
                self.type_expression()?;
            }
            if !self.take_sign(",") {
                break;
            }
        }
        let values = if self.take_sign("=") {
            self.expressions()?
        } else {
            Vec::new()
        };
        let mut values = values.into_iter();
        for name in declared {
            let alias = values.next().and_then(|value| value.global);
            self.declare(name, alias);
        }
        for value in values {
            self.escapes(value);
        }
        Some(())
    }

    pub(super) fn function_statement(&mut self) -> Option<()> {
        self.at += 1;
        let line = self.line();
        let root = self.name()?;
        let mut path = Vec::new();
        let mut method = None;
        loop {
            if self.take_sign(".") {
                path.push(self.name()?);
            } else if self.take_sign(":") {
                method = Some("self");
                path.push(self.name()?);
                break;
            } else {
                break;
            }
        }
        let global = match self.local(root) {
            Some((_, alias)) if !path.is_empty() => alias.clone(),
            Some(_) => None,
            None => Some(root.to_owned()),
        };
        if let Some(global) = global {
            let access = if path.len() > 1 {
                Access::Read
            } else {
                Access::Write
            };
            self.note(global, path.first().map(|&field| field.to_owned()), access, line);
        }
        self.function_body(method)
    }

    /// From the parameters to `end`.
    pub(super) fn function_body(&mut self, receiver: Option<&'s str>) -> Option<()> {
        let outer = self.function;
        if outer == 0 {
            self.functions += 1;
            self.function = self.functions;
        }
        let result = self.scoped(|parser| {
            if let Some(receiver) = receiver {
                parser.declare(receiver, None);
            }
            parser.generics()?;
            parser.expect_sign("(")?;
            while !parser.take_sign(")") {
                if !parser.take_sign("...") {
                    let name = parser.name()?;
                    parser.declare(name, None);
                }
                if parser.take_sign(":") {
                    parser.type_expression()?;
                }
                parser.take_sign(",");
            }
            if parser.take_sign(":") {
                parser.type_expression()?;
            }
            parser.block()?;
            parser.expect_word("end")
        });
        self.function = outer;
        result
    }

    pub(super) fn if_statement(&mut self) -> Option<()> {
        self.at += 1;
        loop {
            let condition = self.expression()?;
            self.tested(&condition);
            self.expect_word("then")?;
            self.scoped(Self::block)?;
            if self.take_word("elseif") {
                continue;
            }
            if self.take_word("else") {
                self.scoped(Self::block)?;
            }
            return self.expect_word("end");
        }
    }

    pub(super) fn for_statement(&mut self) -> Option<()> {
        self.at += 1;
        let mut variables = Vec::new();
        loop {
            variables.push(self.name()?);
            if self.take_sign(":") {
                self.type_expression()?;
            }
            if !self.take_sign(",") {
                break;
            }
        }
        if !self.take_sign("=") {
            self.expect_word("in")?;
        }
        self.expressions()?;
        self.expect_word("do")?;
        self.scoped(|parser| {
            for variable in variables {
                parser.declare(variable, None);
            }
            parser.block()
        })?;
        self.expect_word("end")
    }

    pub(super) fn type_statement(&mut self) -> Option<()> {
        self.at += 1;
        if self.take_word("function") {
            self.name()?;
            return self.function_body(None);
        }
        self.name()?;
        self.generics()?;
        self.expect_sign("=")?;
        self.type_expression()
    }

    /// A call or an assignment.
    pub(super) fn expression_statement(&mut self) -> Option<()> {
        let first = self.suffixed()?;
        if self.is_sign("=") || self.is_sign(",") {
            let mut targets = vec![first];
            while self.take_sign(",") {
                targets.push(self.suffixed()?);
            }
            self.expect_sign("=")?;
            let fields = self.constructor_fields();
            let mut values = self.expressions()?.into_iter();
            let plain = targets.len() == 1;
            for target in targets {
                let value = values.next().unwrap_or_default();
                self.assign(target, value, fields.clone().filter(|_| plain));
            }
            return Some(());
        }
        if let Some(Token::Sign(sign)) = self.token()
            && COMPOUND.contains(&sign)
        {
            self.at += 1;
            self.read(&first);
            self.expression()?;
            self.assign(first, Value::default(), None);
            return Some(());
        }
        matches!(first, Base::Other { call: true }).then_some(())
    }

    pub(super) fn assign(&mut self, target: Base, value: Value, fields: Option<Vec<(String, u32)>>) {
        match target {
            Base::Local | Base::Other { .. } => {}
            // From now on, or earlier in a loop, the local may have another value.
            Base::Global {
                name, local: true, ..
            } => {
                self.names.open.insert(name);
            }
            Base::Global { name, line, .. } => {
                self.note(name.clone(), None, Access::Write, line);
                match fields {
                    Some(fields) => {
                        for (field, line) in fields {
                            self.note(name.clone(), Some(field), Access::Write, line);
                        }
                    }
                    None => {
                        self.names.open.insert(name);
                    }
                }
            }
            Base::Field { global, field, line } => {
                self.note(global, Some(field), Access::Write, line);
            }
            Base::Computed { global, .. } => {
                self.names.open.insert(global);
            }
        }
        self.escapes(value);
    }
}
