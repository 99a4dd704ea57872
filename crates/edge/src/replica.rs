//! The interface of an application that is one of a pair.

use fchatd_protocol::exchange::{Input, Inputs, Outputs};

/// An application that another machine can follow: all its changes are calls with a form as data.
pub trait Replica {
    /// Keeps calls from now on, or no longer.
    fn record(&mut self, is_wanted: bool);

    /// Moves the calls since the last time to the end of `calls`. Returns true when their results can't be had again.
    fn take_calls(&mut self, calls: &mut Vec<u8>) -> bool;

    /// Writes the application down. From here on it does the same as one that adopts the image.
    ///
    /// # Errors
    /// The reason why it can't be done now.
    fn image(&mut self, outputs: &mut Outputs) -> Result<Vec<u8>, String>;

    /// Stands by from now on: it does nothing by itself.
    fn stand_by(&mut self);

    /// Goes on from the image of another application.
    ///
    /// # Errors
    /// The reason why it can't be done.
    fn adopt(&mut self, image: &[u8]) -> Result<(), String>;

    /// Makes calls of another application, and appends their outputs. `seen` gets each input.
    ///
    /// # Errors
    /// The calls can't be read.
    fn follow(
        &mut self,
        calls: &[u8],
        outputs: &mut Outputs,
        seen: &mut dyn FnMut(&Input<'_>),
    ) -> Result<(), String>;

    /// Leads from now on. Inputs that have to come first are appended.
    fn lead(&mut self, inputs: &mut Inputs);
}
