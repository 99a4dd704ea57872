//! The adapters to engines against real servers of the tests' own, and against servers that are none.

mod etcd;
mod garbage;
mod plays;
mod postgres;
