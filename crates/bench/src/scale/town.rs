//! The accounts of a site, their channels and their acquaintances.
//!
//! The sizes of channels follow a *ladder*: the largest, a half of it, a third, and so on down to four
//! members. A site with more people has more ladders, so its channels do not grow; the largest size is a
//! parameter.

use crate::load::dice::Dice;
use crate::scale::prices::{ACCOUNTS_TENTHS, ACQUAINTANCES, CHANNELS_MAX};

/// The smallest channels have this many members online in the busiest hour.
const SMALLEST: usize = 4;
/// Attempts to find another channel for a person that is in the drawn one already.
const ATTEMPTS: usize = 20;

/// The lists of a relation: the entries of number `n` are `items[starts[n]..starts[n + 1]]`.
#[derive(Debug, Default, PartialEq, Eq)]
struct Lists {
    starts: Vec<u32>,
    items: Vec<u32>,
}

impl Lists {
    fn of(&self, number: u32) -> &[u32] {
        let number = number as usize;
        let start = self.starts.get(number).copied().unwrap_or(0) as usize;
        let end = self.starts.get(number + 1).copied().unwrap_or(0) as usize;
        self.items.get(start..end).unwrap_or(&[])
    }

    /// The same relation, read from the other side.
    fn turned(&self, count: usize) -> Self {
        let mut starts = vec![0_u32; count + 1];
        for &item in &self.items {
            starts[item as usize + 1] += 1;
        }
        for place in 1..starts.len() {
            starts[place] += starts[place - 1];
        }
        let mut next = starts.clone();
        let mut items = vec![0_u32; self.items.len()];
        for number in 0..self.starts.len().saturating_sub(1) as u32 {
            for &item in self.of(number) {
                let place = &mut next[item as usize];
                items[*place as usize] = number;
                *place += 1;
            }
        }
        Self { starts, items }
    }
}

/// A site.
#[derive(Debug, PartialEq, Eq)]
pub struct Town {
    /// People online in the busiest hour.
    pub people: usize,
    accounts: usize,
    channels: usize,
    of_person: Lists,
    of_channel: Lists,
    seed: u64,
}

impl Town {
    /// Makes the site from a seed.
    #[must_use]
    pub fn new(people: usize, largest: usize, seed: u64) -> Self {
        let accounts = people * ACCOUNTS_TENTHS / 10;
        let rungs = (largest / SMALLEST).max(1);
        // The sum of the members of the first channels of a ladder.
        let mut sums = Vec::with_capacity(rungs);
        let mut sum = 0;
        for rung in 1..=rungs {
            sum += largest / rung;
            sums.push(sum);
        }
        let memberships = people * (CHANNELS_MAX + 1) / 2;
        let ladders = ((memberships + sum / 2) / sum.max(1)).max(1);
        let channels = ladders * rungs;
        let mut dice = Dice::new(seed ^ 0x7065_6f70_6c65);
        let mut of_person = Lists::default();
        of_person.starts.push(0);
        for _ in 0..accounts {
            let first = of_person.items.len();
            let wanted = (1 + dice.below(CHANNELS_MAX)).min(channels);
            let mut attempts = ATTEMPTS;
            while of_person.items.len() - first < wanted && attempts > 0 {
                attempts -= 1;
                let ladder = dice.below(ladders);
                let ticket = dice.below(sum);
                let rung = sums.partition_point(|&upper| upper <= ticket);
                let channel = (ladder * rungs + rung) as u32;
                if !of_person.items[first..].contains(&channel) {
                    of_person.items.push(channel);
                }
            }
            of_person.starts.push(of_person.items.len() as u32);
        }
        let of_channel = of_person.turned(channels);
        Self {
            people,
            accounts,
            channels,
            of_person,
            of_channel,
            seed,
        }
    }

    /// Number of accounts.
    #[must_use]
    pub fn accounts(&self) -> usize {
        self.accounts
    }

    /// Number of channels.
    #[must_use]
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// The channels of a person.
    #[must_use]
    pub fn of_person(&self, person: u32) -> &[u32] {
        self.of_person.of(person)
    }

    /// The members of a channel, online or not.
    #[must_use]
    pub fn of_channel(&self, channel: u32) -> &[u32] {
        self.of_channel.of(channel)
    }

    /// The acquaintances of a person. They are drawn anew at each call instead of kept, so they are not
    /// mutual; only their number matters.
    pub fn acquaintances(&self, person: u32) -> impl Iterator<Item = u32> + use<> {
        let accounts = self.accounts;
        let mut dice = Dice::new(self.seed ^ (u64::from(person) << 20) ^ 0x6672_6965_6e64);
        (0..ACQUAINTANCES)
            .map(move |_| dice.below(accounts) as u32)
            .filter(move |&other| other != person)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_sides_of_membership_agree() {
        let town = Town::new(300, 40, 5);
        assert_eq!(town.accounts(), 750);
        let mut count = 0;
        for person in 0..town.accounts() as u32 {
            let channels = town.of_person(person);
            assert!((1..=CHANNELS_MAX).contains(&channels.len()));
            count += channels.len();
            for &channel in channels {
                assert!(town.of_channel(channel).contains(&person));
            }
        }
        let members = (0..town.channels() as u32).map(|channel| town.of_channel(channel).len());
        assert_eq!(members.sum::<usize>(), count);
    }

    #[test]
    fn a_larger_site_has_more_channels_and_not_larger_ones() {
        let largest = |people| {
            let town = Town::new(people, 100, 1);
            let sizes = (0..town.channels() as u32).map(|channel| town.of_channel(channel).len());
            (town.channels(), sizes.max().unwrap_or(0) * 10 / ACCOUNTS_TENTHS)
        };
        let (few, small) = largest(2_000);
        let (many, large) = largest(20_000);
        assert!(many >= 9 * few, "{few} {many}");
        assert!((80..160).contains(&small), "{small}");
        assert!((80..160).contains(&large), "{large}");
    }

    #[test]
    fn the_seed_decides() {
        assert_eq!(Town::new(100, 20, 1), Town::new(100, 20, 1));
        assert_ne!(Town::new(100, 20, 1), Town::new(100, 20, 2));
    }
}
