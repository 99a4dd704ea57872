//! The globals that a script reads and writes: an analysis of its source with all scopes, without running it.
//!
//! The parser expects source that Luau's own compiler has accepted. Source that it does not understand is
//! reported as such, and the checker makes no statement about the file.

mod annotations;
mod expressions;
mod statements;

use std::collections::BTreeSet;

use super::token::{Placed, Token, tokens};

/// Maximum nesting of blocks and expressions; deeper ones are not analysed.
const DEPTH_MAX: usize = 150;

/// The kind of access to a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Read,
    Write,
}

/// One use of a global, or of a field of one.
#[derive(Debug, Clone)]
pub(super) struct Use {
    pub(super) global: String,
    pub(super) field: Option<String>,
    pub(super) access: Access,
    pub(super) line: u32,
    /// The outermost function that contains it; 0 outside all functions.
    pub(super) function: u32,
    /// The script tests whether the name exists: `if name then`, `name or ...`, `type(name)`.
    pub(super) tested: bool,
}

/// The names in one file.
#[derive(Debug, Default)]
pub(super) struct Names {
    pub(super) uses: Vec<Use>,
    /// Modules that are required by a string literal, with the line.
    pub(super) required: Vec<(String, u32)>,
    /// Globals that may get unknown fields: they are passed on, replaced, or written to with a computed key.
    pub(super) open: BTreeSet<String>,
}

/// Analyses a source; `None` when that is not possible.
pub(super) fn names(source: &str) -> Option<Names> {
    let tokens = tokens(source)?;
    let mut parser = Parser {
        tokens: &tokens,
        at: 0,
        scopes: vec![Vec::new()],
        names: Names::default(),
        functions: 0,
        function: 0,
        depth: 0,
    };
    parser.block()?;
    (parser.at == tokens.len()).then_some(parser.names)
}

/// A local and the global that it is an alias of, as in `local u = u`.
type Local<'s> = (&'s str, Option<String>);

/// The expression in front of an operator, a call or an assignment.
enum Base {
    /// A local that is no alias of a global.
    Local,
    /// A global, or a local alias of it.
    Global {
        name: String,
        local: bool,
        line: u32,
    },
    Field {
        global: String,
        field: String,
        line: u32,
    },
    /// A global with a computed key.
    Computed {
        global: String,
        line: u32,
    },
    Other {
        call: bool,
    },
}

/// A complete expression.
#[derive(Default)]
struct Value {
    /// The index of its use in the list, if it is a single name or field.
    used: Option<usize>,
    /// The global, if it is nothing else.
    global: Option<String>,
}

struct Parser<'t, 's> {
    tokens: &'t [Placed<'s>],
    at: usize,
    scopes: Vec<Vec<Local<'s>>>,
    names: Names,
    functions: u32,
    function: u32,
    depth: usize,
}

impl<'s> Parser<'_, 's> {
    fn token(&self) -> Option<Token<'s>> {
        self.tokens.get(self.at).map(|placed| placed.token)
    }

    fn after(&self, ahead: usize) -> Option<Token<'s>> {
        self.tokens.get(self.at + ahead).map(|placed| placed.token)
    }

    fn line(&self) -> u32 {
        self.tokens.get(self.at).map_or(0, |placed| placed.line)
    }

    fn is_word(&self, word: &str) -> bool {
        self.token() == Some(Token::Word(word))
    }

    fn is_sign(&self, sign: &str) -> bool {
        self.token() == Some(Token::Sign(sign))
    }

    fn take_word(&mut self, word: &str) -> bool {
        let found = self.is_word(word);
        self.at += usize::from(found);
        found
    }

    fn take_sign(&mut self, sign: &str) -> bool {
        let found = self.is_sign(sign);
        self.at += usize::from(found);
        found
    }

    fn expect_word(&mut self, word: &str) -> Option<()> {
        self.take_word(word).then_some(())
    }

    fn expect_sign(&mut self, sign: &str) -> Option<()> {
        self.take_sign(sign).then_some(())
    }

    fn name(&mut self) -> Option<&'s str> {
        match self.token() {
            Some(Token::Word(word)) if !is_keyword(word) => {
                self.at += 1;
                Some(word)
            }
            _ => None,
        }
    }

    fn declare(&mut self, name: &'s str, alias: Option<String>) {
        if let Some(scope) = self.scopes.last_mut() {
            scope.push((name, alias));
        }
    }

    fn local(&self, name: &str) -> Option<&Local<'s>> {
        let mut locals = self.scopes.iter().rev().flat_map(|scope| scope.iter().rev());
        locals.find(|local| local.0 == name)
    }

    fn note(&mut self, global: String, field: Option<String>, access: Access, line: u32) -> usize {
        self.names.uses.push(Use {
            global,
            field,
            access,
            line,
            function: self.function,
            tested: false,
        });
        self.names.uses.len() - 1
    }

    fn tested(&mut self, value: &Value) {
        if let Some(found) = value.used.and_then(|index| self.names.uses.get_mut(index)) {
            found.tested = true;
        }
    }

    /// The value is used where the analysis cannot follow it.
    fn escapes(&mut self, value: Value) {
        self.names.open.extend(value.global);
    }
}

pub(super) fn is_keyword(word: &str) -> bool {
    matches!(
        word,
        "and"
            | "break"
            | "do"
            | "else"
            | "elseif"
            | "end"
            | "false"
            | "for"
            | "function"
            | "if"
            | "in"
            | "local"
            | "nil"
            | "not"
            | "or"
            | "repeat"
            | "return"
            | "then"
            | "true"
            | "until"
            | "while"
    )
}
