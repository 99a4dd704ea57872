//! Compression at the highest level. Browsers accept Brotli over TLS only, so both formats are needed.

use zlib_rs::{DeflateConfig, ReturnCode};

/// Window bits of zlib that mean: the largest window (15), with the head and the checksum of gzip (16).
const GZIP_WINDOW_BITS: i32 = 15 + 16;
/// The room that gzip may take beside the content, in bytes, when nothing can be compressed.
const GZIP_EXTRA_BYTES: usize = 1024;

/// `content` in the format of gzip (RFC 1952).
///
/// # Errors
/// The library's code. The input cannot cause one.
pub(crate) fn gzip(content: &[u8]) -> Result<Vec<u8>, String> {
    let config = DeflateConfig {
        level: 9,
        window_bits: GZIP_WINDOW_BITS,
        mem_level: 9,
        ..DeflateConfig::default()
    };
    let mut output = vec![0; content.len() + content.len() / 100 + GZIP_EXTRA_BYTES];
    let (written, code) = zlib_rs::compress_slice(&mut output, content, config);
    match code {
        ReturnCode::Ok => Ok(written.to_vec()),
        code => Err(format!("{code:?}")),
    }
}

/// `content` in the format of Brotli (RFC 7932).
///
/// # Errors
/// The library's text. The input cannot cause one.
pub(crate) fn brotli(content: &[u8]) -> Result<Vec<u8>, String> {
    let parameters = brotli::enc::BrotliEncoderParams {
        quality: 11,
        size_hint: content.len(),
        ..Default::default()
    };
    let mut output = Vec::new();
    brotli::BrotliCompress(&mut &content[..], &mut output, &parameters).map_err(|error| error.to_string())?;
    Ok(output)
}
