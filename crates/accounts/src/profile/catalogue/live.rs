//! The tables of profiles with the genders that are allowed at present. A reload replaces them.

use std::sync::{Arc, PoisonError, RwLock};

use super::Catalogue;

/// The tables with the genders that are allowed now, for all threads that share them.
#[derive(Debug)]
pub struct LiveCatalogue {
    base: Catalogue,
    current: RwLock<Arc<Catalogue>>,
}

impl LiveCatalogue {
    /// The tables with these genders; with those that stand in them, where none are given.
    #[must_use]
    pub fn new(base: Catalogue, genders: &[String]) -> Arc<Self> {
        let current = RwLock::new(Arc::new(base.with_genders(genders)));
        Arc::new(Self { base, current })
    }

    /// Allows other genders from now on.
    pub fn set_genders(&self, genders: &[String]) {
        let tables = Arc::new(self.base.with_genders(genders));
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = tables;
    }

    /// The tables as they are now.
    pub(crate) fn now(&self) -> Arc<Catalogue> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }
}
