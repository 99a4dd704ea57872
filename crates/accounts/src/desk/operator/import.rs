//! Import of accounts from another site: checks, password hashing on several threads, and progress.

use std::collections::{HashMap, HashSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use fchatd_store::{AccountName, CharacterName, Import, NewAccount, NewCharacter, Profile};

use super::import_file::{Entry, EntryFault, Password, Place};
use crate::desk::digest::name_digest;
use crate::desk::password::{PasswordHasher, check_hash, check_new_password};
use crate::desk::{AccountDesk, check_profile};
use crate::error::AccountError;

/// How often the progress is told.
const PROGRESS_PAUSE: Duration = Duration::from_millis(500);

/// Told how many of how many passwords are hashed.
pub type Progress<'a> = &'a mut dyn FnMut(usize, usize);

/// The result of an import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportOutcome {
    /// The obstacles to some of the entries, in their order.
    pub faults: Vec<EntryFault>,
    /// Accounts that were made, or would be.
    pub accounts: usize,
    /// Their characters.
    pub characters: usize,
}

impl AccountDesk {
    /// Takes accounts over. Entries with faults are left out with [`Import::SkipStrange`]; with
    /// [`Import::AllOrNothing`] one of them stops all. Passwords that are not hashed yet are hashed last, on all
    /// processors, and it takes its time.
    ///
    /// # Errors
    /// The store failed, or a password could not be hashed; then nothing was made.
    pub fn import(
        &mut self,
        entries: Vec<Result<Entry, EntryFault>>,
        how: Import,
        progress: Progress<'_>,
    ) -> Result<ImportOutcome, AccountError> {
        let Checked {
            mut accounts,
            mut passwords,
            mut places,
            mut faults,
        } = self.check_entries(entries);
        let now = self.now();
        let taken = self.accounts.import(&accounts, Import::Try, now)?;
        let lost: HashSet<usize> = taken.iter().map(|fault| fault.entry).collect();
        for fault in taken {
            faults.extend(places.get(fault.entry).map(|place| EntryFault {
                place: place.clone(),
                fault: fault.fault,
            }));
        }
        // Only passwords of entries that are still wanted are hashed.
        keep_but(&mut accounts, &lost);
        keep_but(&mut passwords, &lost);
        keep_but(&mut places, &lost);
        faults.sort_by_key(|fault| fault.place.number());
        let mut outcome = ImportOutcome {
            accounts: accounts.len(),
            characters: accounts.iter().map(|account| account.characters.len()).sum(),
            faults,
        };
        if how == Import::Try || (how == Import::AllOrNothing && !outcome.faults.is_empty()) {
            return Ok(outcome);
        }
        hash_all(&self.hasher, &mut accounts, &passwords, progress)?;
        // A name may have been taken while the passwords were hashed.
        for late in self.accounts.import(&accounts, how, now)? {
            outcome.accounts -= 1;
            outcome.characters -= accounts.get(late.entry).map_or(0, |one| one.characters.len());
            if let Some(place) = places.get(late.entry) {
                outcome.faults.push(EntryFault {
                    place: place.clone(),
                    fault: late.fault,
                });
            }
        }
        Ok(outcome)
    }

    fn check_entries(&self, entries: Vec<Result<Entry, EntryFault>>) -> Checked {
        let mut checked = Checked::default();
        let mut seen = Seen::default();
        for entry in entries {
            let fault = match entry {
                Ok(entry) => {
                    let place = entry.place.clone();
                    match self.check_entry(&entry, &mut seen) {
                        Ok((account, password)) => {
                            checked.accounts.push(account);
                            checked.passwords.push(password);
                            checked.places.push(place);
                            continue;
                        }
                        Err(fault) => EntryFault { place, fault },
                    }
                }
                Err(fault) => fault,
            };
            checked.faults.push(fault);
        }
        checked
    }

    fn check_entry(&self, entry: &Entry, seen: &mut Seen) -> Result<(NewAccount, Password), String> {
        let name = AccountName::parse(&entry.name).map_err(phrase)?;
        match &entry.password {
            Password::Plain(password) => check_new_password(password).map_err(phrase)?,
            Password::Hashed(hash) => check_hash(hash)?,
        }
        let limit = self.live.quotas().characters;
        if entry.characters.len() > limit as usize {
            return Err(phrase(AccountError::TooManyCharacters { limit }));
        }
        let mut characters = Vec::with_capacity(entry.characters.len());
        for (written, gender) in &entry.characters {
            let name =
                CharacterName::parse(written).map_err(|error| format!("{written:?}: {}", phrase(error)))?;
            let profile = Profile {
                gender: gender.clone(),
                ..Profile::default()
            };
            check_profile(&profile).map_err(phrase)?;
            characters.push(NewCharacter {
                digest: name_digest(name.as_str()),
                name,
                gender: gender.clone(),
            });
        }
        seen.add(&name, &characters, entry)?;
        let hash = match &entry.password {
            Password::Plain(_) => String::new(),
            Password::Hashed(hash) => hash.reveal().to_owned(),
        };
        let account = NewAccount {
            name,
            password_hash: hash,
            admin: entry.admin,
            banned: entry.banned,
            characters,
        };
        Ok((account, entry.password.clone()))
    }
}

/// Fills in the missing hashes.
fn hash_all(
    hasher: &PasswordHasher,
    accounts: &mut [NewAccount],
    passwords: &[Password],
    progress: Progress<'_>,
) -> Result<(), AccountError> {
    let plain: Vec<_> = accounts
        .iter_mut()
        .zip(passwords)
        .filter_map(|(account, password)| match password {
            Password::Plain(password) => Some((&mut account.password_hash, password)),
            Password::Hashed(_) => None,
        })
        .collect();
    let total = plain.len();
    if total == 0 {
        return Ok(());
    }
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let (done, failed) = (AtomicUsize::new(0), AtomicBool::new(false));
    let work = Mutex::new(plain.into_iter());
    let waiting = thread::current();
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads.min(total))
            .map(|_| {
                scope.spawn(|| {
                    loop {
                        let next = work.lock().ok().and_then(|mut work| work.next());
                        let Some((place, password)) = next else {
                            return waiting.unpark();
                        };
                        match hasher.hash(password) {
                            Ok(hash) => *place = hash,
                            Err(_) => failed.store(true, Ordering::Relaxed),
                        }
                        done.fetch_add(1, Ordering::Relaxed);
                    }
                })
            })
            .collect();
        while !workers.iter().all(thread::ScopedJoinHandle::is_finished) {
            thread::park_timeout(PROGRESS_PAUSE);
            progress(done.load(Ordering::Relaxed), total);
        }
    });
    if failed.load(Ordering::Relaxed) || done.load(Ordering::Relaxed) < total {
        return Err(AccountError::Failed(None));
    }
    Ok(())
}

/// Entries that can be made as far as can be told without the database.
#[derive(Default)]
struct Checked {
    accounts: Vec<NewAccount>,
    /// One for each account.
    passwords: Vec<Password>,
    /// One for each account.
    places: Vec<Place>,
    faults: Vec<EntryFault>,
}

fn keep_but<T>(list: &mut Vec<T>, lost: &HashSet<usize>) {
    let mut index = 0;
    list.retain(|_| {
        index += 1;
        !lost.contains(&(index - 1))
    });
}

/// Names that the file has had so far, in lower case, with their places.
#[derive(Default)]
struct Seen {
    accounts: HashMap<String, String>,
    characters: HashMap<String, String>,
}

impl Seen {
    fn add(&mut self, name: &AccountName, characters: &[NewCharacter], entry: &Entry) -> Result<(), String> {
        let place = entry.place.to_string();
        let account = name.as_str().to_ascii_lowercase();
        if let Some(first) = self.accounts.get(&account) {
            return Err(format!("the account {:?} is in {first} already", name.as_str()));
        }
        let mut own = HashMap::new();
        for character in characters {
            let folded = character.name.as_str().to_ascii_lowercase();
            if let Some(first) = self.characters.get(&folded).or_else(|| own.get(&folded)) {
                return Err(format!(
                    "the character {:?} is in {first} already",
                    character.name.as_str()
                ));
            }
            own.insert(folded, place.clone());
        }
        self.characters.extend(own);
        self.accounts.insert(account, place);
        Ok(())
    }
}

fn phrase(error: impl std::fmt::Display) -> String {
    error.to_string().trim_end_matches('.').to_owned()
}
