//! Opening the content under its key.

use aws_lc_rs::aead::{Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::cipher::{self, DecryptingKey, DecryptionContext, UnboundCipherKey};
use aws_lc_rs::iv::FixedLength;

use super::algorithm::ContentCipher;
use super::error::DecryptError;

const GCM_IV_BYTES: usize = 12;
const GCM_TAG_BYTES: usize = 16;
const CBC_BLOCK_BYTES: usize = 16;

/// Decrypt `data` (IV first) and return the plaintext.
///
/// AES-CBC cannot tell whether a message was changed. So a wrong padding is not reported here: the whole of it stays, ending
/// in a NUL that no XML document may hold, and the message is refused by whoever parses it, as late as any other changed
/// message is. The caller must turn every later failure into [`DecryptError::Failed`].
pub fn open(cipher: ContentCipher, key: &[u8], data: Vec<u8>) -> Result<Vec<u8>, DecryptError> {
    match cipher {
        ContentCipher::Gcm { algorithm } => {
            let key = UnboundKey::new(algorithm, key).map_err(|_| DecryptError::Failed)?;
            open_gcm(&LessSafeKey::new(key), data)
        }
        ContentCipher::Cbc { algorithm, .. } => open_cbc(algorithm, key, data),
    }
}

fn open_gcm(key: &LessSafeKey, mut data: Vec<u8>) -> Result<Vec<u8>, DecryptError> {
    let (iv, sealed) = data.split_first_chunk_mut::<GCM_IV_BYTES>().ok_or(DecryptError::Failed)?;
    let nonce = Nonce::assume_unique_for_key(*iv);
    let plain_bytes = sealed.len().checked_sub(GCM_TAG_BYTES).ok_or(DecryptError::Failed)?;
    key.open_in_place(nonce, Aad::empty(), sealed).map_err(|_| DecryptError::Failed)?;
    data.drain(..GCM_IV_BYTES);
    data.truncate(plain_bytes);
    Ok(data)
}

fn open_cbc(
    algorithm: &'static cipher::Algorithm,
    key: &[u8],
    mut data: Vec<u8>,
) -> Result<Vec<u8>, DecryptError> {
    let key = UnboundCipherKey::new(algorithm, key).and_then(DecryptingKey::cbc);
    let key = key.map_err(|_| DecryptError::Failed)?;
    let (iv, blocks) = data.split_first_chunk_mut::<CBC_BLOCK_BYTES>().ok_or(DecryptError::Failed)?;
    if blocks.is_empty() {
        return Err(DecryptError::Failed);
    }
    let iv = DecryptionContext::Iv128(FixedLength::from(*iv));
    // A length that is no multiple of the block is refused in here.
    key.decrypt(blocks, iv).map_err(|_| DecryptError::Failed)?;
    data.drain(..CBC_BLOCK_BYTES);
    strip_padding(&mut data)?;
    Ok(data)
}

/// Take off the padding (XML Encryption 1.1 section 5.2): its last byte says how long it is, 1 to 16; the others are any.
///
/// No branch and no memory address depends on whether it is right: the only difference is the length that stays, which the
/// plaintext's own length hides.
fn strip_padding(data: &mut Vec<u8>) -> Result<(), DecryptError> {
    let total = data.len();
    let last = data.last_mut().ok_or(DecryptError::Failed)?;
    let length = u32::from(*last);
    // All ones if 1 <= length <= 16, else zero: the two subtractions borrow into the highest bit if they go below zero.
    let below = length.wrapping_sub(1) >> 31;
    let above = 16_u32.wrapping_sub(length) >> 31;
    let sound = std::hint::black_box((below | above).wrapping_sub(1));
    let [mask, ..] = sound.to_le_bytes();
    *last &= mask;
    let taken = usize::try_from(length & sound).map_err(|_| DecryptError::Failed)?;
    data.truncate(total.saturating_sub(taken));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_of_one_to_sixteen_is_taken_off_and_any_other_leaves_a_nul() {
        for last in 0..=255_u8 {
            let mut data = vec![b'x'; 31];
            data.push(last);
            strip_padding(&mut data).unwrap();
            if (1..=16).contains(&last) {
                assert_eq!(data, vec![b'x'; 32 - usize::from(last)]);
            } else {
                assert_eq!(data, [vec![b'x'; 31], vec![0]].concat());
            }
        }
    }
}
