//! A leader whose record another process with its own name has replaced.

use std::rc::Rc;
use std::sync::Arc;

use fchatd_cluster::Timing;
use fchatd_cluster::pair::View;
use fchatd_cluster::view::{Answer, Ask, Record, Revision, Swapped};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::super::{Change, Claim, Pair, PairSettings, ToHall};
use super::{EngineLink, Guided, engine_link};
use crate::afar::hall::Hall;
use crate::afar::pairing::ToCenter;
use crate::afar::security::{Security, make_key};
use crate::http::{HttpFuture, HttpRequest, HttpService};

struct Nothing;

impl HttpService for Nothing {
    fn call(&self, _request: HttpRequest) -> HttpFuture {
        Box::pin(std::future::pending())
    }
}

/// A core, and the engine that it asks.
struct Play {
    hall: Rc<Hall<Nothing>>,
    link: EngineLink,
    to_center: UnboundedReceiver<ToCenter>,
    revision: Revision,
    record: Option<Record>,
}

impl Play {
    fn new() -> Self {
        let (ends, link) = engine_link("the engine", "");
        let settings = PairSettings {
            node: "core-0".to_owned(),
            cores: Vec::new(),
            view: View::default(),
            keep: Box::new(|_| Ok(())),
            engine: Some(ends),
        };
        let (tell, to_center) = unbounded_channel();
        let pair = Pair::new(settings, ("test", 1, 600_000), tell);
        let timing = Timing {
            silence: 600_000,
            patience: 600_000,
        };
        let key = make_key(2026).unwrap();
        let hall = Hall::new(
            ("test".to_owned(), 1, timing),
            Security::from_pem(key.as_bytes()).unwrap(),
            (Vec::new(), Arc::default()),
            Nothing,
            Some((pair, Arc::default())),
        );
        Self {
            hall,
            link,
            to_center,
            revision: 0,
            record: None,
        }
    }

    fn pair(&self) -> (&Pair, &Guided) {
        let pair = self.hall.pair.as_ref().unwrap();
        (pair, pair.engine.as_ref().unwrap())
    }

    fn want(&self, change: Change) {
        self.hall.change(self.pair().0, change);
    }

    /// The engine answers the next question. Returns true for one that was to change the record.
    async fn answer(&mut self) -> bool {
        let ask = self.link.next().await.unwrap();
        let is_swap = matches!(ask, Ask::Swap(..));
        let answer = match ask {
            Ask::Read => Answer::Record(self.revision, self.record.clone().map(Box::new)),
            Ask::Swap(from, record) if from == self.revision => {
                (self.revision, self.record) = (from + 1, Some(*record));
                Answer::Swapped(Swapped::Done(self.revision))
            }
            Ask::Swap(..) => Answer::Swapped(Swapped::Not),
        };
        let (pair, engine) = self.pair();
        self.hall.hear_answer(pair, engine, answer);
        is_swap
    }

    /// The engine carries out what this core wants, and is read once more.
    async fn grant(&mut self, change: Change) {
        self.want(change);
        while !self.answer().await {}
        assert!(!self.answer().await, "the record is read");
    }

    /// The core leads, because an operator wants that.
    async fn lead(&mut self) {
        self.grant(Change::Lead(Claim::Forced)).await;
        assert!(matches!(self.to_center.try_recv(), Ok(ToCenter::Lead(true))));
        let (taken, _is_taken) = std::sync::mpsc::channel();
        let led = ToHall::Lead(Vec::new(), Vec::new(), taken);
        self.hall.hear_center(self.pair().0, led);
        assert!(self.hall.core.borrow().leads());
    }

    /// Another process with the name of this core writes the next record.
    fn twin_leads(&mut self, standby: Option<&str>) {
        self.revision += 1;
        let record = self.record.as_mut().unwrap();
        record.epoch += 1;
        record.nonce ^= 1;
        record.standby = standby.map(str::to_owned);
    }

    /// This core finds that out by the refusal of a change that it wants, and stands by.
    async fn assert_steps_down(&mut self, standby: Option<&str>, change: Change) {
        self.twin_leads(standby);
        self.want(change.clone());
        assert!(self.answer().await, "{change:?} is written");
        assert!(!self.answer().await, "the record is read after {change:?}");
        assert!(!self.hall.core.borrow().leads(), "{change:?}, {standby:?}");
        let told = std::iter::from_fn(|| self.to_center.try_recv().ok());
        assert!(told.into_iter().any(|told| matches!(told, ToCenter::StandBy)));
        assert_eq!(self.pair().0.epoch(), self.record.as_ref().unwrap().epoch);
    }
}

#[tokio::test]
async fn a_leader_that_a_process_with_its_name_has_deposed_steps_down_whatever_it_wants() {
    for standby in [None, Some("core-1"), Some("core-2")] {
        let mut play = Play::new();
        play.lead().await;
        let protect = Change::Protect("core-1".to_owned());
        play.assert_steps_down(standby, protect.clone()).await;

        let mut play = Play::new();
        play.lead().await;
        play.grant(protect).await;
        play.assert_steps_down(standby, Change::Alone).await;
    }
}
