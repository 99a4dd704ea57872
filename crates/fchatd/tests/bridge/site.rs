//! The program with its bridge open, and a listener.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::path::Path;
use std::process::Output;
use std::time::{SystemTime, UNIX_EPOCH};

use fchatd_dialogue::Program;
use fchatd_dialogue::program::command;
use fchatd_dialogue::websocket::WebSocket;
use serde_json::json;

pub(crate) const SECRET: &str = "a secret of the website";

pub(crate) struct Site {
    pub(crate) program: Program,
    socket: UdpSocket,
}

pub(crate) struct Admin {
    socket: WebSocket,
}

impl Site {
    /// Starts the program, with further settings.
    pub(crate) fn start(settings: &[&str]) -> Self {
        let mut words = vec!["--dev".to_owned()];
        let secret = format!("rtbsecret={SECRET}");
        for setting in ["enablertb=true", &secret]
            .into_iter()
            .chain(settings.iter().copied())
        {
            words.extend(["--set".to_owned(), setting.to_owned()]);
        }
        // The port next to a free one can be taken.
        let start = || Program::start(Path::new(env!("CARGO_BIN_EXE_fchatd")), &words);
        let program = (0..20).find_map(|_| start().ok()).expect("it starts");
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        Self { program, socket }
    }

    /// Where the bridge listens.
    pub(crate) fn bridge(&self) -> SocketAddr {
        let address = self.program.address;
        SocketAddr::new(address.ip(), address.port() + 1)
    }

    pub(crate) fn send(&self, datagram: &[u8]) {
        self.socket.send_to(datagram, self.bridge()).unwrap();
    }

    /// An administrator comes.
    pub(crate) fn admin(&self) -> Admin {
        let socket = WebSocket::open(self.program.address, "127.0.0.1").unwrap();
        let mut admin = Admin { socket };
        let login = json!({"method": "ticket", "account": "admin", "ticket": "x", "character": "Ann",
            "cname": "test", "cversion": "1"});
        admin.ask(&format!("IDN {login}"), |text| {
            text.starts_with("NLN ") && text.contains("Ann")
        });
        admin
    }

    /// Runs `fchatd bridge send` in the program's folder.
    pub(crate) fn run(&self, words: &[&str], environment: &[(&str, &str)]) -> Output {
        let mut command = command(env!("CARGO_BIN_EXE_fchatd"));
        command
            .arg("--dir")
            .arg(self.program.folder())
            .args(["bridge", "send"])
            .args(words)
            .envs(environment.iter().copied());
        command.output().unwrap()
    }
}

impl Admin {
    pub(crate) fn ask(&mut self, text: &str, is_answer: impl Fn(&str) -> bool) -> String {
        self.socket.heard.clear();
        self.socket.say(text).unwrap();
        self.hear(is_answer)
    }

    /// Waits for something.
    #[track_caller]
    pub(crate) fn hear(&mut self, is_it: impl Fn(&str) -> bool) -> String {
        self.socket.await_text(&is_it).unwrap();
        let heard = self.socket.heard.iter().find(|text| is_it(text));
        heard
            .unwrap_or_else(|| panic!("it does not come: {:?}", self.socket.heard))
            .clone()
    }

    /// Waits until the moderators are told that an account was silenced.
    #[track_caller]
    pub(crate) fn hear_silenced(&mut self, account: u64) {
        let told = format!("silenced account {account}:");
        self.hear(|text| text.starts_with("SYS ") && text.contains(&told));
    }

    /// How many were told to be silenced since the last question.
    pub(crate) fn silenced(&self) -> usize {
        let told = self.socket.heard.iter();
        told.filter(|text| text.contains("silenced account")).count()
    }

    /// The bridge's line of the status.
    pub(crate) fn status(&mut self) -> String {
        self.socket.say(r#"ZZZ {"command":"status"}"#).unwrap();
        let status = self.hear(|text| text.starts_with("ZZZ "));
        self.socket.heard.retain(|text| !text.starts_with("ZZZ "));
        let line = status
            .split("\\n")
            .find(|line| line.starts_with("real-time bridge: "));
        line.unwrap_or_else(|| panic!("{status}")).to_owned()
    }
}

pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}
