//! A calculation instead of a measurement: the cost of a day of chat for 10,000 to a million people, under
//! several designs of the server. No server runs.
//!
//! [`town`] makes the people and their channels, [`day`] simulates the events of a day and finds how many
//! people each event reaches, [`designs`] turns one event into the cost of each design, [`prices`] has all
//! assumptions, and [`report`] the table. Everything depends only on the parameters and the seed.
//!
//! Log-ins and log-offs are simulated for all people, since they decide the people online. Of each kind of
//! event a sample is evaluated, and each evaluated event stands for many ([`Measure::samples`]).

pub mod day;
pub mod designs;
pub mod prices;
pub mod report;
pub mod town;

use crate::Error;
use day::Day;
use designs::DESIGNS;
use report::Outcome;
use town::Town;

/// More people than this do not fit in the memory of a small machine, nor in the numbers of the model.
const PEOPLE_MAX: usize = 5_000_000;
/// Above this number of shards the model's sets of shards (one bit each) end.
const SHARDS_MAX: usize = 64;
/// More evaluated events would take hours.
const SAMPLES_MAX: usize = 100_000_000;

/// The parameters of the simulation.
#[derive(Debug, Clone, clap::Args)]
pub struct Measure {
    /// People online in the busiest hour, separated by commas; one table for each number
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "10000,100000,1000000",
        value_name = "COUNT"
    )]
    pub people: Vec<usize>,
    /// Members online of the largest channels in the busiest hour
    #[arg(long, default_value_t = 1000, value_name = "COUNT")]
    pub largest: usize,
    /// Shards of the split core
    #[arg(long, default_value_t = 8, value_name = "COUNT")]
    pub shards: usize,
    /// Evaluated events of each kind, about this many in the day at most; ten times as many lines and opened
    /// channels, since they cost less to evaluate
    #[arg(long, default_value_t = 100_000, value_name = "COUNT")]
    pub samples: usize,
    /// Seed of the random numbers; the same seed gives the same tables
    #[arg(long, default_value_t = 1, value_name = "NUMBER")]
    pub seed: u64,
}

impl Default for Measure {
    fn default() -> Self {
        Self {
            people: vec![10_000, 100_000, 1_000_000],
            largest: 1000,
            shards: 8,
            samples: 100_000,
            seed: 1,
        }
    }
}

impl Measure {
    /// Checks the parameters.
    ///
    /// # Errors
    /// A number is zero or too large for the model.
    pub fn check(&self) -> Result<(), Error> {
        if self
            .people
            .iter()
            .any(|people| !(10..=PEOPLE_MAX).contains(people))
        {
            return Err(Error::new(format!(
                "--people takes numbers from 10 to {PEOPLE_MAX}"
            )));
        }
        if !(1..=SHARDS_MAX).contains(&self.shards) {
            return Err(Error::new(format!(
                "--shards takes a number from 1 to {SHARDS_MAX}"
            )));
        }
        if !(10..=PEOPLE_MAX).contains(&self.largest) {
            return Err(Error::new(format!(
                "--largest takes a number from 10 to {PEOPLE_MAX}"
            )));
        }
        if !(1..=SAMPLES_MAX).contains(&self.samples) {
            return Err(Error::new(format!(
                "--samples takes a number from 1 to {SAMPLES_MAX}"
            )));
        }
        Ok(())
    }
}

/// Simulates a day with that many people online in the busiest hour.
#[must_use]
pub fn simulate(people: usize, how: &Measure) -> Outcome {
    let town = Town::new(people, how.largest, how.seed);
    let day = Day::pass(&town, how);
    Outcome::new(&town, &day, how)
}

/// The names of the designs, in the order of the columns.
#[must_use]
pub fn names() -> [&'static str; DESIGNS] {
    designs::Design::ALL.map(designs::Design::name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_outside_of_the_model_are_refused() {
        let good = Measure::default;
        assert!(good().check().is_ok());
        let bad = [
            Measure {
                people: vec![10, 9],
                ..good()
            },
            Measure {
                people: vec![PEOPLE_MAX + 1],
                ..good()
            },
            Measure { largest: 9, ..good() },
            Measure { shards: 0, ..good() },
            Measure {
                shards: SHARDS_MAX + 1,
                ..good()
            },
            Measure { samples: 0, ..good() },
            Measure {
                samples: SAMPLES_MAX + 1,
                ..good()
            },
        ];
        for how in bad {
            let error = how.check().err();
            assert!(
                error.is_some_and(|error| error.to_string().starts_with("--")),
                "{how:?}"
            );
        }
    }

    #[test]
    fn the_smallest_numbers_are_simulated() {
        let how = Measure {
            people: vec![10],
            largest: 10,
            shards: SHARDS_MAX,
            ..Measure::default()
        };
        assert!(how.check().is_ok());
        let outcome = simulate(10, &how);
        assert!(
            outcome.columns.iter().all(|column| column.bytes > 0.0),
            "{outcome:?}"
        );
    }
}
