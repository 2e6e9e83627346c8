//! Packed buffers of a batch: one frame of LZ4 or Zstandard, read to its end. Its checksums stand there, and nothing but padding stands behind it.

use std::io::Read;

use polars_arrow_format::ipc::CompressionType;

use super::refusal::Defect;

/// The first bytes of a frame of Zstandard.
const ZSTANDARD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];
/// What stands behind the last block of a frame of LZ4.
const END_OF_LZ4: &[u8] = &[0; 4];
/// Buffers lie at multiples of 8 bytes or of 64: some writers count the zeros up to there as the buffer's own.
const ALIGNMENT: usize = 64;

/// Unpacks a frame of as many bytes as its buffer promises into `content`, which has room for them.
pub(super) fn unpack(
    codec: CompressionType,
    packed: &[u8],
    promised: u64,
    content: &mut Vec<u8>,
) -> Result<(), Defect> {
    let behind = match codec {
        CompressionType::Lz4Frame => {
            let mut frame = lz4_flex::frame::FrameDecoder::new(packed);
            fill(&mut frame, promised, content)?;
            // A frame that breaks off between two blocks has ended, to this reader.
            if frame.get_ref().len() < END_OF_LZ4.len() {
                return Err("that is cut off".to_owned());
            }
            if !frame.get_ref().starts_with(END_OF_LZ4) {
                return Err(more_than(promised));
            }
            end(&mut frame, promised)?;
            frame.into_inner()
        }
        // The library that unpacks it reads older formats as well.
        CompressionType::Zstd if !packed.starts_with(ZSTANDARD) => return Err("that is no Zstandard".to_owned()),
        CompressionType::Zstd => {
            let frame = zstd::stream::read::Decoder::with_buffer(packed);
            let mut frame = frame.map_err(|error| format!("that is not read ({error})"))?.single_frame();
            fill(&mut frame, promised, content)?;
            end(&mut frame, promised)?;
            frame.finish()
        }
    };
    if behind.len() >= ALIGNMENT || behind.iter().any(|&byte| byte != 0) {
        return Err(format!("with {} bytes behind its end", behind.len()));
    }
    Ok(())
}

/// Reads as many bytes as are promised, and no more.
fn fill(frame: &mut dyn Read, promised: u64, content: &mut Vec<u8>) -> Result<(), Defect> {
    frame.take(promised).read_to_end(content).map_err(damaged)?;
    match content.len() as u64 == promised {
        true => Ok(()),
        false => Err(format!("of {} bytes, not {promised}", content.len())),
    }
}

/// Reads what stands behind the last byte of the content: the end of the frame, with its checksum.
fn end(frame: &mut dyn Read, promised: u64) -> Result<(), Defect> {
    match frame.read(&mut [0]).map_err(damaged)? {
        0 => Ok(()),
        _ => Err(more_than(promised)),
    }
}

fn damaged(error: std::io::Error) -> Defect {
    format!("that is damaged ({error})")
}

fn more_than(promised: u64) -> Defect {
    format!("of more than {promised} bytes")
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use lz4_flex::frame::{BlockSize, FrameEncoder, FrameInfo};

    use super::*;

    const LZ4: CompressionType = CompressionType::Lz4Frame;
    const ZSTD: CompressionType = CompressionType::Zstd;

    /// Numbers that repeat, so that they are packed and not stored; more than a block of LZ4.
    fn content() -> Vec<u8> {
        (0..100_000_u32).map(|at| (at % 251) as u8).collect()
    }

    fn lz4(content: &[u8]) -> Vec<u8> {
        let info = FrameInfo::new().content_checksum(true).block_size(BlockSize::Max64KB);
        let mut frame = FrameEncoder::with_frame_info(info, Vec::new());
        frame.write_all(content).unwrap();
        frame.finish().unwrap()
    }

    fn zstandard(content: &[u8]) -> Vec<u8> {
        let mut frame = zstd::stream::write::Encoder::new(Vec::new(), 3).unwrap();
        frame.include_checksum(true).unwrap();
        frame.write_all(content).unwrap();
        frame.finish().unwrap()
    }

    fn read(codec: CompressionType, packed: &[u8], promised: usize) -> Result<Vec<u8>, Defect> {
        let mut content = Vec::new();
        unpack(codec, packed, promised as u64, &mut content).map(|()| content)
    }

    #[test]
    fn a_frame_and_its_padding() {
        let content = content();
        for (codec, packed) in [(LZ4, lz4(&content)), (ZSTD, zstandard(&content))] {
            assert_eq!(read(codec, &packed, content.len()).as_ref(), Ok(&content));
            assert_eq!(read(codec, &[&packed[..], &[0; 7]].concat(), content.len()).as_ref(), Ok(&content));
        }
    }

    /// The content is whole in each of these: what is wrong stands behind its last byte.
    #[test]
    fn what_stands_behind_the_content_is_looked_at() {
        let content = content();
        for (codec, packed) in [(LZ4, lz4(&content)), (ZSTD, zstandard(&content))] {
            let refused = |packed: &[u8]| read(codec, packed, content.len()).unwrap_err();
            let mut other = packed.clone();
            *other.last_mut().unwrap() ^= 1;
            assert!(refused(&other).starts_with("that is damaged ("), "{}", refused(&other));
            // The checksum is missing, then the end of the blocks.
            for cut in [1, 4, 5, 8] {
                let found = refused(&packed[..packed.len() - cut]);
                assert!(found.starts_with("that is "), "{cut}: {found}");
            }
            for more in [&[1_u8][..], &[0, 0, 1], &[0; 64], &packed[..]] {
                let behind = format!("with {} bytes behind its end", more.len());
                assert_eq!(refused(&[&packed[..], more].concat()), behind);
            }
            assert_eq!(read(codec, &packed, content.len() - 1).unwrap_err(), "of more than 99999 bytes");
            assert_eq!(read(codec, &packed, content.len() + 1).unwrap_err(), "of 100000 bytes, not 100001");
            // Where a block of LZ4 ends.
            assert_eq!(read(codec, &packed, 1 << 16).unwrap_err(), "of more than 65536 bytes");
        }
        assert_eq!(read(ZSTD, &lz4(&content), content.len()).unwrap_err(), "that is no Zstandard");
    }
}
