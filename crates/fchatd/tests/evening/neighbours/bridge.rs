//! The website's sender on the real-time bridge.

use std::cell::Cell;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use fchatd_links::sign;
use serde_json::json;

use crate::people::ADMINISTRATORS;
use crate::world::Evening;

/// So long an order may take.
const PATIENCE: Duration = Duration::from_secs(15);

pub(crate) const SECRET: &str = "known to website and chat";

thread_local! {
    /// Orders that were sent, and noise; over all senders, which come and go.
    static SENT: Cell<(u64, u64)> = const { Cell::new((0, 0)) };
}

pub(crate) struct Bridge {
    socket: UdpSocket,
    to: SocketAddr,
}

impl Bridge {
    pub(crate) fn settings() -> [String; 2] {
        ["enablertb=true".to_owned(), format!("rtbsecret={SECRET}")]
    }

    pub(crate) fn open(server: SocketAddr) -> Self {
        Self {
            socket: UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap(),
            to: SocketAddr::new(server.ip(), server.port() + 1),
        }
    }

    fn send(&self, code: &str, json: &str) {
        let (orders, noise) = SENT.get();
        SENT.set((orders + 1, noise + 1));
        // Another person tries it, too.
        self.socket
            .send_to(&sign::v2("another secret", now(), code, json), self.to)
            .unwrap();
        let datagram = match orders % 2 {
            0 => sign::classic(SECRET, code, json),
            _ => sign::v2(SECRET, now(), code, json),
        };
        self.socket.send_to(&datagram, self.to).unwrap();
    }

    pub(crate) fn taken(&self) -> u64 {
        SENT.get().0
    }

    pub(crate) fn refused(&self) -> u64 {
        SENT.get().1
    }

    /// News for an account, which all of its characters hear once.
    pub(crate) fn tell_somebody(&self, evening: &mut Evening) {
        let online: Vec<i64> = online(evening, 0);
        let Some(account) = evening.chance.pick(&online).copied() else {
            return;
        };
        let news = format!("news {} for you", self.taken());
        let content = json!({ "news": news }).to_string();
        self.send("RTB", &json!({"a": account, "c": content}).to_string());
        let heard = |evening: &Evening| {
            let mut all = evening
                .people
                .iter()
                .filter(|person| person.is_online() && person.account_number == account);
            all.all(|person| person.view.news.iter().filter(|other| **other == news).count() == 1)
        };
        settle_until(evening, &format!("account {account} hears {news:?}"), heard);
        let others = evening
            .people
            .iter()
            .filter(|person| person.account_number != account);
        assert_eq!(
            others.filter(|person| person.view.news.contains(&news)).count(),
            0
        );
    }

    /// An account has to go.
    pub(crate) fn throw_somebody_out(&self, evening: &mut Evening) {
        let online = online(evening, ADMINISTRATORS);
        let Some(account) = evening.chance.pick(&online).copied() else {
            return;
        };
        // The same order twice within a second is taken for a repetition.
        self.send("KIK", &json!({"a": account, "order": self.taken()}).to_string());
        let gone = |evening: &Evening| {
            let mut all = evening
                .people
                .iter()
                .filter(|person| person.account_number == account);
            all.all(|person| !person.is_online())
        };
        settle_until(evening, &format!("account {account} is thrown out"), gone);
    }
}

/// Accounts with a character online, but for the first ones.
fn online(evening: &Evening, from: usize) -> Vec<i64> {
    let online = evening
        .people
        .iter()
        .skip(from)
        .filter(|person| person.is_online());
    online.map(|person| person.account_number).collect()
}

#[track_caller]
fn settle_until(evening: &mut Evening, what: &str, is_so: impl Fn(&Evening) -> bool) {
    let start = Instant::now();
    loop {
        evening.settle();
        if is_so(evening) {
            return;
        }
        assert!(start.elapsed() < PATIENCE, "it never happens: {what}");
    }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}
