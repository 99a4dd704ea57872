//! On how many threads the chat is served.

use fchatd_edge::Edges;
use fchatd_world::Settings;

use crate::server::chat::Chat;

/// The edges of the chat.
pub(crate) type ChatEdges = Edges<Chat>;

/// More edges than this are only for who asks for them: the rules are one thread, and it has to keep up.
const EDGES_CHOSEN_MAX: usize = 8;

/// The threads that the settings want (`threads`).
pub(super) fn threads(settings: &Settings) -> usize {
    match settings.count("threads") {
        0 => chosen(std::thread::available_parallelism().map_or(1, usize::from)),
        wanted => wanted,
    }
}

/// The threads that suit so many processors. With one or two, a thread of its own for the rules costs two wake-ups for each
/// lone message and gains nothing. With more, an edge is given two or three processors: the kernel's part of its
/// sockets runs beside it, and so do accounts, commits and the recorder.
fn chosen(processors: usize) -> usize {
    if processors <= 2 {
        return 1;
    }
    1 + (processors - 1).div_ceil(3).min(EDGES_CHOSEN_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_layout_grows_with_the_processors() {
        let table = [(1, 1), (2, 1), (3, 2), (4, 2), (5, 3), (8, 4), (16, 6), (64, 9)];
        for (processors, threads) in table {
            assert_eq!(chosen(processors), threads, "{processors} processors");
        }
    }
}
