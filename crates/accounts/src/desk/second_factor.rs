//! The second factor: codes of an authenticator app (RFC 6238), recovery codes, and application passwords for programs that cannot
//! ask for a code. Limits of guesses are in `service::guard`.

use base64::Engine as _;
use fchatd_store::{Account, Application, ApplicationId, FactorSecret, TicketSource};
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

use crate::desk::operator::invitations::{CODE_CHARACTERS, digest, new_code};
use crate::desk::{AccountDesk, TicketGrant};
use crate::error::AccountError;
use crate::secret::Secret;

/// Seconds for which an app shows a code.
const STEP: u64 = 30;
/// Digits of a code.
const DIGITS: usize = 6;
/// Steps before and after the current one whose codes are good, because clocks differ.
const SLACK: i64 = 1;
/// Recovery codes of an account.
const RECOVERY_CODES: usize = 10;
/// Seconds in which a new secret has to be confirmed.
const CONFIRM_WITHIN: u64 = 15 * 60;
/// Application passwords of an account.
const APPLICATIONS_MAX: u32 = 20;
/// Characters of the name of an application password.
const NAME_MAX: usize = 40;
/// Characters of the name of the site in an app.
const ISSUER_MAX: usize = 64;

/// A new secret for an app.
#[derive(Debug)]
pub(crate) struct Enrolment {
    /// In base32, to be typed.
    pub(crate) secret: Secret,
    /// The address in the QR code.
    pub(crate) uri: Secret,
}

/// The second factor of an account, for its owner.
#[derive(Debug)]
pub(crate) struct FactorState {
    pub(crate) is_on: bool,
    pub(crate) recovery_codes: u32,
    pub(crate) applications: Vec<Application>,
}

impl AccountDesk {
    /// Checks a code of the second factor, where the account has one. A good code is used up.
    ///
    /// # Errors
    /// [`AccountError::NeedsCode`], [`AccountError::WrongCode`], or the store failed.
    pub(crate) fn check_code(&mut self, account: &Account, code: &Secret) -> Result<(), AccountError> {
        let Some(factor) = self.accounts.second_factor(account.id)? else {
            return Ok(());
        };
        if !factor.is_confirmed {
            return Ok(());
        }
        let is_good = match typed(code) {
            Typed::Nothing => return Err(AccountError::NeedsCode),
            Typed::Digits(code) => match self.step_of(&factor.secret, &code) {
                Some(step) => self.accounts.use_step(account.id, step)?,
                None => false,
            },
            Typed::Recovery(code) => self.accounts.use_recovery_code(account.id, digest(&code).0)?,
        };
        match is_good {
            true => Ok(()),
            false => Err(AccountError::WrongCode),
        }
    }

    /// Whether the account has a second factor in force.
    pub(crate) fn has_second_factor(&mut self, account: &Account) -> Result<bool, AccountError> {
        let factor = self.accounts.second_factor(account.id)?;
        Ok(factor.is_some_and(|factor| factor.is_confirmed))
    }

    /// Makes a secret for an app. It counts when a code of it was entered. `issuer` is the name of the site in the app.
    ///
    /// # Errors
    /// There is a second factor already, or the store failed.
    pub(crate) fn begin_second_factor(
        &mut self,
        account: &Account,
        issuer: &str,
    ) -> Result<Enrolment, AccountError> {
        let mut secret = [0; 20];
        getrandom::fill(&mut secret).map_err(|error| {
            tracing::error!(%error, "the system gives no random numbers");
            AccountError::Failed(None)
        })?;
        let now = self.now();
        if !self
            .accounts
            .begin_second_factor(account.id, &FactorSecret(secret), now)?
        {
            let sentence = "This account has a second factor already. Please switch it off first.";
            return Err(AccountError::Refused(sentence.to_owned()));
        }
        let text = base32(&secret);
        let issuer: String = issuer
            .chars()
            .filter(|one| one.is_ascii_alphanumeric() || matches!(one, '.' | '-'))
            .take(ISSUER_MAX)
            .collect();
        let issuer = if issuer.is_empty() {
            "chat".to_owned()
        } else {
            issuer
        };
        let label: String = form_urlencoded::byte_serialize(account.name.as_bytes())
            .collect::<String>()
            .replace('+', "%20");
        Ok(Enrolment {
            uri: Secret::new(format!(
                "otpauth://totp/{issuer}:{label}?secret={text}&issuer={issuer}"
            )),
            secret: Secret::new(text),
        })
    }

    /// Puts a new secret in force, when a code of it was entered. Gives the recovery codes, which cannot be found out later.
    ///
    /// # Errors
    /// [`AccountError::WrongCode`], there is no new secret, or the store failed.
    pub(crate) fn confirm_second_factor(
        &mut self,
        account: &Account,
        code: &Secret,
    ) -> Result<Vec<Secret>, AccountError> {
        let now = self.now();
        let factor = self.accounts.second_factor(account.id)?;
        let factor = factor
            .filter(|factor| !factor.is_confirmed && now.saturating_sub(factor.created_at) <= CONFIRM_WITHIN);
        let Some(factor) = factor else {
            let sentence =
                "There is no new second factor to confirm, or its time is over. Please begin anew.";
            return Err(AccountError::Refused(sentence.to_owned()));
        };
        let step = match typed(code) {
            Typed::Nothing => return Err(AccountError::NeedsCode),
            Typed::Digits(code) => self.step_of(&factor.secret, &code),
            Typed::Recovery(_) => None,
        };
        let step = step.ok_or(AccountError::WrongCode)?;
        let codes = recovery_codes()?;
        let digests: Vec<_> = codes.iter().map(|code| digest(code).0).collect();
        let is_used = self.accounts.use_step(account.id, step)?;
        if !is_used || !self.accounts.confirm_second_factor(account.id, &digests)? {
            return Err(AccountError::WrongCode);
        }
        Ok(codes)
    }

    /// Makes new recovery codes in the place of all others; the password and a code were entered.
    ///
    /// # Errors
    /// There is no second factor, or the store failed.
    pub(crate) fn new_recovery_codes(&mut self, account: &Account) -> Result<Vec<Secret>, AccountError> {
        self.needs_second_factor(account)?;
        let codes = recovery_codes()?;
        let digests: Vec<_> = codes.iter().map(|code| digest(code).0).collect();
        self.accounts.set_recovery_codes(account.id, &digests)?;
        Ok(codes)
    }

    /// Switches the second factor off; the password and a code were entered.
    ///
    /// # Errors
    /// There is none, or the store failed.
    pub(crate) fn end_second_factor(&mut self, account: &Account) -> Result<(), AccountError> {
        self.needs_second_factor(account)?;
        self.accounts.remove_second_factor(account.id, None)?;
        Ok(())
    }

    /// Removes the second factor of the account of that name, for an operator. Gives whether there was one. A running server writes it into
    /// the action log.
    ///
    /// # Errors
    /// No such account, or the store failed.
    pub fn remove_second_factor(&mut self, account: &str) -> Result<bool, AccountError> {
        let account = self.named_account(account)?;
        let now = self.now();
        Ok(self.accounts.remove_second_factor(account.id, Some(now))?)
    }

    /// The second factor of an account.
    pub(crate) fn factor_state(&mut self, account: &Account) -> Result<FactorState, AccountError> {
        Ok(FactorState {
            is_on: self.has_second_factor(account)?,
            recovery_codes: self.accounts.recovery_codes(account.id)?,
            applications: self.accounts.applications(account.id)?,
        })
    }

    /// Makes an application password; the password and a code were entered. It cannot be found out later.
    ///
    /// # Errors
    /// The name cannot be one, there is no second factor, there are too many, or the store failed.
    pub(crate) fn add_application(
        &mut self,
        account: &Account,
        name: &str,
    ) -> Result<(ApplicationId, Secret), AccountError> {
        self.needs_second_factor(account)?;
        let name = name.trim();
        if !(1..=NAME_MAX).contains(&name.chars().count()) || name.chars().any(char::is_control) {
            let sentence =
                format!("Please give it a name of 1 to {NAME_MAX} characters, such as the program's.");
            return Err(AccountError::Refused(sentence));
        }
        let (password, now) = (new_code()?, self.now());
        let id =
            self.accounts
                .add_application(account.id, digest(&password).0, name, APPLICATIONS_MAX, now)?;
        let id = id.ok_or_else(|| {
            let sentence =
                format!("An account can have at most {APPLICATIONS_MAX} application passwords. Please remove one first.");
            AccountError::Refused(sentence)
        })?;
        Ok((id, password))
    }

    /// Removes an application password. The tickets that it got end, and so do the account's connections to the chat.
    ///
    /// # Errors
    /// There is no such one, or the store failed.
    pub(crate) fn remove_application(
        &mut self,
        account: &Account,
        application: ApplicationId,
    ) -> Result<(), AccountError> {
        if !self.accounts.remove_application(account.id, application)? {
            let sentence = "There is no such application password any more.";
            return Err(AccountError::Refused(sentence.to_owned()));
        }
        self.live.spare.end(account.id);
        Ok(())
    }

    /// A ticket for an application password; `None` where it is none of the account's.
    ///
    /// # Errors
    /// The account is banned, or the store failed.
    pub(crate) fn ticket_by_application(
        &mut self,
        account: &str,
        password: &Secret,
    ) -> Result<Option<TicketGrant>, AccountError> {
        let Some((account, application)) = self.account_by_application(account, password)? else {
            return Ok(None);
        };
        let source = TicketSource::Application(application);
        let ticket = self.issue_ticket_for(account.id, self.now(), source)?;
        self.grant(&account, ticket).map(Some)
    }

    /// The account that an application password belongs to.
    ///
    /// # Errors
    /// The account is banned, or the store failed.
    pub(crate) fn account_by_application(
        &mut self,
        account: &str,
        password: &Secret,
    ) -> Result<Option<(Account, ApplicationId)>, AccountError> {
        let Some((account, _)) = self.accounts.find_account(account.trim())? else {
            return Ok(None);
        };
        let now = self.now();
        let found = self
            .accounts
            .use_application(account.id, digest(password).0, now)?;
        let Some(application) = found else { return Ok(None) };
        self.check_standing(&account)?;
        Ok(Some((account, application)))
    }

    fn needs_second_factor(&mut self, account: &Account) -> Result<(), AccountError> {
        match self.has_second_factor(account)? {
            true => Ok(()),
            false => Err(AccountError::Refused(
                "This account has no second factor.".to_owned(),
            )),
        }
    }

    /// The time step near now whose code this is.
    fn step_of(&self, secret: &FactorSecret, code: &str) -> Option<i64> {
        let now = i64::try_from(self.now() / STEP).ok()?;
        (now - SLACK..=now + SLACK).find(|step| code_of(secret, *step).as_deref() == Some(code))
    }
}

/// Whether a password can be one that the server has made, by its length and its letters.
pub(crate) fn looks_made(password: &Secret) -> bool {
    let letters = password
        .reveal()
        .bytes()
        .filter(u8::is_ascii_alphanumeric)
        .count();
    letters == CODE_CHARACTERS
        && password
            .reveal()
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b' '))
}

/// A code as people type it.
enum Typed {
    Nothing,
    /// Of an app.
    Digits(String),
    Recovery(Secret),
}

fn typed(code: &Secret) -> Typed {
    let code: String = code
        .reveal()
        .chars()
        .filter(|one| !one.is_whitespace() && *one != '-')
        .collect();
    if code.is_empty() {
        Typed::Nothing
    } else if code.len() == DIGITS && code.bytes().all(|byte| byte.is_ascii_digit()) {
        Typed::Digits(code)
    } else {
        Typed::Recovery(Secret::new(code))
    }
}

/// The code of a time step (RFC 4226, 5.3).
fn code_of(secret: &FactorSecret, step: i64) -> Option<String> {
    let mut mac = Hmac::<Sha1>::new_from_slice(&secret.0).ok()?;
    mac.update(&step.to_be_bytes());
    let hash = mac.finalize().into_bytes();
    let offset = usize::from(hash.last()? & 15);
    let part: [u8; 4] = hash.get(offset..offset + 4)?.try_into().ok()?;
    let number = (u32::from_be_bytes(part) & 0x7fff_ffff) % 1_000_000;
    Some(format!("{number:06}"))
}

fn recovery_codes() -> Result<Vec<Secret>, AccountError> {
    (0..RECOVERY_CODES).map(|_| new_code()).collect()
}

/// A picture of an address that a camera can read: SVG as a `data:` address.
pub(crate) fn qr_code(text: &Secret) -> Result<String, AccountError> {
    let code = qrcode::QrCode::new(text.reveal().as_bytes()).map_err(|error| {
        tracing::error!(%error, "a QR code could not be made");
        AccountError::Failed(None)
    })?;
    let svg = code
        .render::<qrcode::render::svg::Color<'_>>()
        .min_dimensions(240, 240)
        .build();
    let encoded = base64::engine::general_purpose::STANDARD.encode(svg);
    Ok(format!("data:image/svg+xml;base64,{encoded}"))
}

/// Base32 (RFC 4648) of a whole number of groups of 5 bytes, which needs no padding.
fn base32(bytes: &[u8; 20]) -> String {
    const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let mut text = String::with_capacity(32);
    for group in bytes.chunks(5) {
        let bits = group
            .iter()
            .fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
        for place in (0..8).rev() {
            let index = usize::try_from(bits >> (place * 5) & 31).unwrap_or(0);
            text.push(char::from(LETTERS.get(index).copied().unwrap_or(b'A')));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: FactorSecret = FactorSecret(*b"12345678901234567890");

    #[test]
    fn codes_are_those_of_the_standard() {
        // RFC 6238, appendix B: the last six of its eight digits.
        for (time, wanted) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000_i64, "353130"),
        ] {
            assert_eq!(code_of(&SECRET, time / 30).as_deref(), Some(wanted), "{time}");
        }
    }

    #[test]
    fn secrets_are_typed_in_base32() {
        assert_eq!(
            base32(b"12345678901234567890"),
            "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
        );
        assert_eq!(base32(&[255; 20]), "7".repeat(32));
    }

    #[test]
    fn a_qr_code_is_a_picture_without_scripts() {
        let picture = qr_code(&Secret::new("otpauth://totp/chat:ada?secret=A")).unwrap();
        let encoded = picture.strip_prefix("data:image/svg+xml;base64,").unwrap();
        let svg = base64::engine::general_purpose::STANDARD.decode(encoded).unwrap();
        let svg = String::from_utf8(svg).unwrap();
        assert!(svg.contains("<svg") && !svg.contains("script") && !svg.contains("otpauth"));
    }
}
