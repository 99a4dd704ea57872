//! Type annotations in a script, which are skipped: they refer to no globals.

use super::super::token::Token;
use super::Parser;

impl Parser<'_, '_> {
    pub(super) fn generics(&mut self) -> Option<()> {
        if self.is_sign("<") {
            let mut depth = 0_usize;
            loop {
                match self.token()? {
                    Token::Sign("<") => depth += 1,
                    Token::Sign(">") => depth -= 1,
                    _ => {}
                }
                self.at += 1;
                if depth == 0 {
                    break;
                }
            }
        }
        Some(())
    }

    pub(super) fn type_expression(&mut self) -> Option<()> {
        let _ = self.take_sign("|") || self.take_sign("&");
        loop {
            self.simple_type()?;
            while self.take_sign("?") {}
            if !(self.take_sign("|") || self.take_sign("&") || self.take_sign("->")) {
                return Some(());
            }
        }
    }

    pub(super) fn simple_type(&mut self) -> Option<()> {
        self.take_sign("...");
        match self.token()? {
            Token::Text(_) => self.at += 1,
            Token::Sign("(" | "{" | "<") => self.balanced()?,
            Token::Word("typeof") => {
                self.at += 1;
                self.balanced()?;
            }
            Token::Word(_) => {
                self.at += 1;
                while self.take_sign(".") {
                    self.name()?;
                }
                self.generics()?;
                self.take_sign("...");
            }
            _ => return None,
        }
        // Generic functions: the parameters follow the brackets.
        if self.is_sign("(")
            && matches!(
                self.tokens.get(self.at.wrapping_sub(1)).map(|t| t.token),
                Some(Token::Sign(">"))
            )
        {
            self.balanced()?;
        }
        Some(())
    }

    pub(super) fn balanced(&mut self) -> Option<()> {
        let mut depth = 0_usize;
        loop {
            match self.token()? {
                Token::Sign("(" | "{" | "[" | "<") => depth += 1,
                Token::Sign(")" | "}" | "]" | ">") => depth = depth.checked_sub(1)?,
                _ => {}
            }
            self.at += 1;
            if depth == 0 {
                return Some(());
            }
        }
    }
}
