//! The type of the edges that serve the chat.

use fchatd_edge::Edges;

use crate::server::chat::Chat;

/// The edges of the chat.
pub(crate) type ChatEdges = Edges<Chat>;
