//! Whether a write-ahead log is damaged in its middle. SQLite reads a log up to the first frame that is not whole and
//! forgets the rest: right after a crash, which leaves at most one commit unfinished, and wrong for everything else.
//! The layout is that of <https://sqlite.org/fileformat2.html#walformat>.

use std::fs;
use std::path::Path;

use crate::database::with_suffix;

const HEADER: usize = 32;
const FRAME_HEADER: usize = 24;

/// The fault of the log of a database that no process has open; nothing without a log.
pub(crate) fn fault(database: &Path) -> Option<String> {
    let path = with_suffix(database, "-wal");
    let bytes = fs::read(&path).ok()?;
    let lost = lost(&bytes)?;
    let name = path.file_name().unwrap_or_default().display();
    Some(format!("{name}: {lost}"))
}

#[expect(
    clippy::indexing_slicing,
    reason = "chunks have the length of a header at least"
)]
fn lost(log: &[u8]) -> Option<String> {
    if log.is_empty() {
        return None;
    }
    let Some(head) = Head::read(log) else {
        // One that is shorter than its header was never used.
        return (log.len() > HEADER)
            .then(|| "its beginning is damaged, and so all of it is unreadable".to_owned());
    };
    let mut sums = head.sums;
    let mut whole = true;
    let mut commits = 0_usize;
    for frame in log[HEADER..].chunks_exact(FRAME_HEADER + head.page) {
        let (top, page) = frame.split_at(FRAME_HEADER);
        // Frames from before the log was begun anew have another salt.
        if top[8..16] != head.salt {
            whole = false;
            continue;
        }
        if whole {
            sums = checksum(head.big, sums, &top[..8]);
            sums = checksum(head.big, sums, page);
            whole = top[16..24] == bytes_of(sums);
        }
        commits += usize::from(!whole && top[4..8] != [0; 4]);
    }
    (commits > 1)
        .then(|| format!("it is damaged in its middle, and {commits} commits behind that can't be read"))
}

/// The content of a log's header.
struct Head {
    /// Whether checksums take numbers with the most significant byte first.
    big: bool,
    page: usize,
    salt: [u8; 8],
    sums: (u32, u32),
}

impl Head {
    fn read(log: &[u8]) -> Option<Self> {
        let header = log.get(..HEADER)?;
        let number = |at: usize| Some(u32::from_be_bytes(header.get(at..at + 4)?.try_into().ok()?));
        let magic = number(0)?;
        if magic & !1 != 0x377f_0682 {
            return None;
        }
        let big = magic & 1 == 1;
        let page = usize::try_from(number(8)?).ok()?;
        let sums = checksum(big, (0, 0), header.get(..24)?);
        let fits = (512..=65_536).contains(&page) && page.is_power_of_two();
        (fits && header.get(24..32)? == bytes_of(sums)).then_some(Self {
            big,
            page,
            salt: header.get(16..24)?.try_into().ok()?,
            sums,
        })
    }
}

fn bytes_of((one, other): (u32, u32)) -> [u8; 8] {
    ((u64::from(one) << 32) | u64::from(other)).to_be_bytes()
}

fn checksum(big: bool, (mut one, mut other): (u32, u32), bytes: &[u8]) -> (u32, u32) {
    for pair in bytes.as_chunks::<8>().0 {
        let [a, b, c, d, e, f, g, h] = *pair;
        let words = [[a, b, c, d], [e, f, g, h]];
        let [first, second] = words.map(if big {
            u32::from_be_bytes
        } else {
            u32::from_le_bytes
        });
        one = one.wrapping_add(first).wrapping_add(other);
        other = other.wrapping_add(second).wrapping_add(one);
    }
    (one, other)
}
