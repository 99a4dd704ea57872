//! For tests only: real engines of a test's own, that can be killed, frozen and started again. They listen on loopback addresses, or
//! in network namespaces that the test has made. Nothing of the server is in here.

#![forbid(unsafe_code)]
#![expect(clippy::expect_used, clippy::panic, reason = "a test may fail")]

mod etcd;
mod nats;
mod postgres;
mod process;

pub use self::etcd::{EtcdCluster, Seat};
pub use self::nats::NatsCluster;
pub use self::postgres::{PASSWORD, PostgresServer, USER};
pub use self::process::{PATIENCE, eventually, loopback};
