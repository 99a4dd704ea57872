//! Call stacks with their counters, each stored once in a table of fixed size. A signal handler adds to the
//! table, so adding must not allocate.

#![expect(unsafe_code, reason = "the conditions stand beside each use")]

/// The path of this file in debug information.
pub(crate) const FILE: &str = file!();
/// Maximum number of recorded calls of a stack, the innermost ones.
pub(crate) const DEPTH: usize = 64;
/// Maximum number of different stacks.
const CAPACITY: usize = 8192;
/// Maximum number of probed entries for a stack.
const PROBES: usize = 32;

/// A stack: code addresses, the innermost first.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stack {
    frames: [usize; DEPTH],
    depth: usize,
}

impl Stack {
    /// The stack of the caller.
    #[inline(never)]
    pub(crate) fn here() -> Self {
        let mut stack = Self {
            frames: [0; DEPTH],
            depth: 0,
        };
        // SAFETY: walking the stack takes no lock of this process and allocates nothing. The word
        // "unsynchronized" warns of unsynchronised symbol look-ups, and there are none here.
        unsafe {
            backtrace::trace_unsynchronized(|frame| {
                // The outermost caller has no return address.
                if let Some(place) = stack
                    .frames
                    .get_mut(stack.depth)
                    .filter(|_| !frame.ip().is_null())
                {
                    *place = frame.ip() as usize;
                    stack.depth += 1;
                }
                stack.depth < DEPTH
            });
        }
        stack
    }

    /// The stack from the call at this address on; the whole stack when that is not found.
    pub(crate) fn from(mut self, address: usize) -> Self {
        if let Some(start) = self.frames().iter().position(|&frame| frame == address) {
            self.frames.copy_within(start..self.depth, 0);
            self.depth -= start;
        }
        self
    }

    pub(crate) fn frames(&self) -> &[usize] {
        self.frames.get(..self.depth).unwrap_or_default()
    }

    fn hash(&self) -> u64 {
        // FNV-1a over words; 0 marks free entries.
        let hash = self
            .frames()
            .iter()
            .fold(0xcbf2_9ce4_8422_2325, |hash: u64, &frame| {
                (hash ^ frame as u64)
                    .wrapping_mul(0x0000_0100_0000_01b3)
                    .rotate_left(23)
            });
        hash.max(1)
    }
}

/// The counters of a stack.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Sums {
    /// Samples, or objects.
    pub(crate) count: f64,
    /// Bytes.
    pub(crate) bytes: f64,
    /// Objects that still exist.
    pub(crate) live_count: f64,
    /// Bytes of these objects.
    pub(crate) live_bytes: f64,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    hash: u64,
    stack: Stack,
    sums: Sums,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Table {
    entries: Vec<Entry>,
    /// Number of samples without room in the table.
    pub(crate) lost: u64,
}

impl Table {
    /// An empty table of some megabytes.
    pub(crate) fn new() -> Self {
        let free = Entry {
            hash: 0,
            stack: Stack {
                frames: [0; DEPTH],
                depth: 0,
            },
            sums: Sums::default(),
        };
        Self {
            entries: vec![free; CAPACITY],
            lost: 0,
        }
    }

    /// The index of a stack; `None` when the table is full. Does not allocate.
    pub(crate) fn place(&mut self, stack: &Stack) -> Option<u32> {
        let hash = stack.hash();
        for probe in 0..PROBES {
            let place = (hash as usize).wrapping_add(probe) % CAPACITY;
            let entry = self.entries.get_mut(place)?;
            if entry.hash == 0 {
                entry.hash = hash;
                entry.stack = *stack;
            }
            if entry.hash == hash && entry.stack.frames() == stack.frames() {
                return Some(place as u32);
            }
        }
        self.lost += 1;
        None
    }

    pub(crate) fn sums(&mut self, place: u32) -> Option<&mut Sums> {
        self.entries.get_mut(place as usize).map(|entry| &mut entry.sums)
    }

    /// The stacks with their counters.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Stack, Sums)> {
        let used = self.entries.iter().filter(|entry| entry.hash != 0);
        used.map(|entry| (&entry.stack, entry.sums))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stack(frames: &[usize]) -> Stack {
        let mut stack = Stack {
            frames: [0; DEPTH],
            depth: frames.len(),
        };
        stack.frames[..frames.len()].copy_from_slice(frames);
        stack
    }

    #[test]
    fn a_stack_has_one_place_and_a_full_table_loses_samples() {
        let mut table = Table::new();
        let first = table.place(&stack(&[1, 2, 3])).unwrap();
        assert_ne!(table.place(&stack(&[1, 2])), Some(first));
        assert_eq!(table.place(&stack(&[1, 2, 3])), Some(first));
        for number in 0..2 * CAPACITY {
            table.place(&stack(&[number, 7]));
        }
        assert!(table.lost > 0);
        assert!(table.iter().count() > CAPACITY / 2);
        assert_eq!(table.place(&stack(&[1, 2, 3])), Some(first));
    }

    #[test]
    fn a_stack_begins_where_it_is_told() {
        assert_eq!(stack(&[1, 2, 3]).from(2).frames(), [2, 3]);
        assert_eq!(stack(&[1, 2, 3]).from(9).frames(), [1, 2, 3]);
        assert!(Stack::here().frames().len() > 2);
    }
}
