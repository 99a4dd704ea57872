//! Which globals a script reads and writes: its source followed with all scopes, without running it.
//!
//! The parser takes what Luau's own compiler has accepted. Where it can't follow, it says so, and nothing is
//! claimed about the file.

mod annotations;
mod expressions;
mod statements;

use std::collections::BTreeSet;

use super::token::{Placed, Token, tokens};

/// Blocks and expressions in each other; more is not followed.
const DEPTH_MAX: usize = 150;

/// What happens to a name.
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
    /// Which outermost function it stands in; 0 outside of all.
    pub(super) function: u32,
    /// The script itself asks whether it is there: `if name then`, `name or ...`, `type(name)`.
    pub(super) tested: bool,
}

/// What there is to know about the names of one file.
#[derive(Debug, Default)]
pub(super) struct Names {
    pub(super) uses: Vec<Use>,
    /// Modules that are required by a plain string, with the line.
    pub(super) required: Vec<(String, u32)>,
    /// Globals that may get fields which can't be seen: passed on, replaced, or written to with a computed key.
    pub(super) open: BTreeSet<String>,
}

/// Follows a source; nothing when it can't be followed.
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

/// A local and the global it is another name for, as in `local u = u`.
type Local<'s> = (&'s str, Option<String>);

/// What stands before an operator, a call or an assignment.
enum Base {
    /// A local that is no other name for a global.
    Local,
    /// A global, or a local that is another name for it.
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
    /// A global with a key that is computed.
    Computed {
        global: String,
        line: u32,
    },
    Other {
        call: bool,
    },
}

/// A whole expression.
#[derive(Default)]
struct Value {
    /// The place of its use in the list, where it is one name or field and nothing else.
    used: Option<usize>,
    /// The global that it is, where it is nothing else.
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

    /// The value goes where it can't be followed.
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
