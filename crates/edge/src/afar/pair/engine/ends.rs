//! The ends of the conversation with the engine, and its state for operators.

use fchatd_cluster::pair::View;
use fchatd_cluster::view::{Answer, Ask};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// The end of the thread for edges on other machines.
#[derive(Debug)]
pub struct EngineEnds {
    pub(super) name: String,
    pub(super) address: String,
    pub(super) asks: UnboundedSender<Ask>,
    pub(super) answers: UnboundedReceiver<Answer>,
}

/// The end of the program, which carries the questions to the engine. At most one is under way.
#[derive(Debug)]
pub struct EngineLink {
    asks: UnboundedReceiver<Ask>,
    answers: UnboundedSender<Answer>,
}

/// Both ends. The name is that of the engine for operators, and the address is that of this core for other nodes.
#[must_use]
pub fn engine_link(name: &str, address: &str) -> (EngineEnds, EngineLink) {
    let (asks, heard) = unbounded_channel();
    let (told, answers) = unbounded_channel();
    let ends = EngineEnds {
        name: name.to_owned(),
        address: address.to_owned(),
        asks,
        answers,
    };
    let link = EngineLink {
        asks: heard,
        answers: told,
    };
    (ends, link)
}

impl EngineLink {
    /// The next question; nothing when the server ends. Each one has to be answered, within a second.
    pub async fn next(&mut self) -> Option<Ask> {
        self.asks.recv().await
    }

    /// The answer to the last question.
    pub fn answer(&self, answer: Answer) {
        // The receiver is gone when the server is going down.
        let _ = self.answers.send(answer);
    }
}

/// The engine, as an operator sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineState {
    /// Its name.
    pub name: String,
    /// Whether it has answered at last.
    pub is_up: bool,
    /// The reason why it can't be used, as a sentence.
    pub fault: Option<String>,
    /// The view that it showed at last.
    pub view: Option<View>,
    /// Whether this core waits for a change of the view.
    pub is_waiting: bool,
    /// Questions without a usable answer, since the start.
    pub failures: u64,
}
