//! Machines as network namespaces: each has an address of its own, and a cable that can be unplugged. Where namespaces can't be made,
//! they are loopback addresses without cables.

use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A switch with machines. They go away with this value; processes in them have to end before.
pub(super) struct Net {
    name: String,
    prefix: [u8; 3],
    machines: usize,
    has_cables: bool,
}

impl Net {
    /// So many machines. The test itself has the address 1 of their network.
    pub(super) fn of(machines: usize) -> Self {
        static NETS: AtomicUsize = AtomicUsize::new(0);
        let number = NETS.fetch_add(1, Ordering::Relaxed);
        let process = std::process::id();
        let [.., high, low] = process.to_be_bytes();
        let mut net = Self {
            name: format!("fc{process}x{number}"),
            // Networks for measurements (RFC 2544), which no machine has.
            prefix: [198, 18 | (high & 1), low.wrapping_add(number as u8)],
            machines,
            has_cables: true,
        };
        net.has_cables = net.make();
        if !net.has_cables {
            eprintln!("Network namespaces can't be made here: the machines are loopback addresses.");
            net.remove();
            let [_, high, middle, low] = process.to_be_bytes();
            net.prefix = [127, high | 0x80, middle ^ low.rotate_left(3)];
        }
        net
    }

    /// Whether machines can be cut off.
    pub(super) fn has_cables(&self) -> bool {
        self.has_cables
    }

    pub(super) fn address(&self, machine: usize) -> Ipv4Addr {
        let [first, second, third] = self.prefix;
        Ipv4Addr::new(first, second, third, machine as u8 + 2)
    }

    /// The address at which machines find the test.
    pub(super) fn own_address(&self) -> IpAddr {
        let [first, second, third] = self.prefix;
        Ipv4Addr::new(first, second, third, 1).into()
    }

    /// The words before a command that runs on a machine.
    pub(super) fn before(&self, machine: usize) -> Vec<String> {
        match self.has_cables {
            true => ["ip", "netns", "exec", &self.space(machine)]
                .map(str::to_owned)
                .to_vec(),
            false => Vec::new(),
        }
    }

    /// Cuts a machine off from all others.
    pub(super) fn unplug(&self, machine: usize) {
        assert!(run(&["link", "set", &self.plug(machine), "down"]));
    }

    pub(super) fn plug_in(&self, machine: usize) {
        assert!(run(&["link", "set", &self.plug(machine), "up"]));
    }

    /// Packets from one machine to another are lost; those of the other direction arrive.
    pub(super) fn mute(&self, from: usize, to: usize) {
        // A neighbour that nobody is: the packets are sent, and no machine takes them.
        let (space, to) = (self.space(from), self.address(to).to_string());
        let words = [
            "-n",
            &space,
            "neigh",
            "replace",
            &to,
            "lladdr",
            "02:00:00:00:00:99",
        ];
        assert!(run(&[&words[..], &["dev", "eth0", "nud", "permanent"]].concat()));
    }

    pub(super) fn unmute(&self, from: usize, to: usize) {
        let (space, to) = (self.space(from), self.address(to).to_string());
        assert!(run(&["-n", &space, "neigh", "del", &to, "dev", "eth0"]));
    }

    fn make(&self) -> bool {
        self.remove_leftovers();
        let own = format!("{}/24", self.own_address());
        let is_made = run(&["link", "add", &self.name, "type", "bridge"])
            && run(&["addr", "add", &own, "dev", &self.name])
            && run(&["link", "set", &self.name, "up"]);
        is_made && (0..self.machines).all(|machine| self.add(machine))
    }

    fn add(&self, machine: usize) -> bool {
        let (space, plug) = (self.space(machine), self.plug(machine));
        let address = format!("{}/24", self.address(machine));
        run(&["netns", "add", &space])
            && run(&[
                "link", "add", &plug, "type", "veth", "peer", "name", "eth0", "netns", &space,
            ])
            && run(&["link", "set", &plug, "master", &self.name, "up"])
            && run(&["-n", &space, "addr", "add", &address, "dev", "eth0"])
            && run(&["-n", &space, "link", "set", "eth0", "up"])
            && run(&["-n", &space, "link", "set", "lo", "up"])
    }

    fn remove(&self) {
        for machine in 0..self.machines {
            run(&["netns", "del", &self.space(machine)]);
        }
        run(&["link", "del", &self.name]);
    }

    /// Removes what tests have left behind that were killed.
    fn remove_leftovers(&self) {
        let entries = |folder: &str| {
            let entries = fs::read_dir(folder).into_iter().flatten().flatten();
            entries
                .map(|entry| entry.file_name().to_string_lossy().into_owned())
                .collect::<Vec<_>>()
        };
        let is_left = |name: &str| {
            let process = name.strip_prefix("fc").and_then(|rest| rest.split('x').next());
            let process = process.and_then(|process| process.parse::<u32>().ok());
            process.is_some_and(|process| !fs::exists(format!("/proc/{process}")).unwrap_or(true))
        };
        for space in entries("/run/netns").iter().filter(|name| is_left(name)) {
            run(&["netns", "del", space]);
        }
        for link in entries("/sys/class/net").iter().filter(|name| is_left(name)) {
            run(&["link", "del", link]);
        }
    }

    fn space(&self, machine: usize) -> String {
        format!("{}m{machine}", self.name)
    }

    /// The end of a machine's cable in the switch.
    fn plug(&self, machine: usize) -> String {
        format!("{}p{machine}", self.name)
    }
}

impl Drop for Net {
    fn drop(&mut self) {
        if self.has_cables {
            self.remove();
        }
    }
}

/// Runs `ip` with these words.
fn run(words: &[&str]) -> bool {
    let done = Command::new("ip").args(words).output();
    done.is_ok_and(|done| done.status.success())
}
