//! The reader of recordings: it accepts whole records or names the fault; accepted ones can be written, and reads as
//! the same again. No ticket stays in a message.
#![no_main]

use fchatd_core::record::format::{self, Records};
use fchatd_core::record::{Call, Record, redacted};
use fchatd_protocol::exchange::Input;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(records) = Records::of(bytes) {
        records.for_each(drop);
    }
    // A correct checksum, so that the reader looks at the content.
    let file = wrapped(bytes);
    let mut again = Vec::new();
    let mut count = 0;
    for record in Records::of(&file).expect("it begins well").map_while(Result::ok) {
        if let Record::Call(Call::Input(Input::Message { text, .. })) = &record {
            let kept = redacted(text);
            assert_eq!(redacted(&kept), kept);
        }
        record.write(&mut again);
        count += 1;
    }
    let file = wrapped(&again);
    let taken = Records::of(&file)
        .expect("it begins well")
        .map(|record| record.expect("a record"));
    assert_eq!(taken.count(), count);
});

fn wrapped(content: &[u8]) -> Vec<u8> {
    let mut file = format::MAGIC.to_vec();
    file.extend_from_slice(&format::head(content));
    file.extend_from_slice(content);
    file
}
