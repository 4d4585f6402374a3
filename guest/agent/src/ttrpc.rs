//! ttrpc framing, server side (https://github.com/containerd/ttrpc/blob/main/PROTOCOL.md).
//!
//! ```text
//!  0        4           8      9       10
//!  | length | stream id | type | flags | length bytes of protobuf ...     (integers big endian)
//! ```
//! A request is `Request { string service = 1; string method = 2; bytes payload = 3; ... }`, an answer
//! `Response { Status status = 1; bytes payload = 2 }` with `Status { int32 code = 1; string message = 2 }`.

use crate::failure::Status;
use prost::Message;
use prost::encoding::{WireType, decode_key, decode_varint, encode_key, encode_varint, encoded_len_varint};

pub const HEADER: usize = 10;
const MAX_LENGTH: usize = 4 << 20;
const REQUEST: u8 = 1;
const RESPONSE: u8 = 2;

/// What stands at the beginning of the bytes received so far.
#[derive(Debug, PartialEq, Eq)]
pub enum Frame {
    /// Not all there: so many bytes are needed in the whole.
    Partial(usize),
    Request {
        stream: u32,
        length: usize,
    },
    /// No ttrpc, or none that a client sends.
    Garbage,
}

pub fn parse(bytes: &[u8]) -> Frame {
    let Some((header, _)) = bytes.split_first_chunk::<HEADER>() else {
        return Frame::Partial(HEADER);
    };
    let [l0, l1, l2, l3, s0, s1, s2, s3, kind, _flags] = *header;
    let length = u32::from_be_bytes([l0, l1, l2, l3]) as usize;
    let stream = u32::from_be_bytes([s0, s1, s2, s3]);
    if kind != REQUEST || length > MAX_LENGTH || stream % 2 == 0 {
        return Frame::Garbage;
    }
    match HEADER + length {
        whole if whole > bytes.len() => Frame::Partial(whole),
        _ => Frame::Request { stream, length },
    }
}

#[derive(Debug, Default, PartialEq, Eq)]
pub struct Request<'a> {
    pub service: &'a str,
    pub method: &'a str,
    pub payload: &'a [u8],
}

impl<'a> Request<'a> {
    /// Reads the protobuf of a request where it lies; `None` when it is none.
    pub fn decode(mut bytes: &'a [u8]) -> Option<Request<'a>> {
        let mut request = Request::default();
        while !bytes.is_empty() {
            let (field, kind) = decode_key(&mut bytes).ok()?;
            match kind {
                WireType::Varint => drop(decode_varint(&mut bytes).ok()?),
                WireType::LengthDelimited => {
                    let length = usize::try_from(decode_varint(&mut bytes).ok()?).ok()?;
                    let (value, rest) = bytes.split_at_checked(length)?;
                    bytes = rest;
                    match field {
                        1 => request.service = std::str::from_utf8(value).ok()?,
                        2 => request.method = std::str::from_utf8(value).ok()?,
                        3 => request.payload = value,
                        _ => {}
                    }
                }
                _ => return None,
            }
        }
        Some(request)
    }
}

/// Appends an answer to `out`.
pub fn respond(out: &mut Vec<u8>, stream: u32, message: &impl Message) {
    let length = message.encoded_len();
    header(out, stream, 1 + encoded_len_varint(length as u64) + length);
    encode_key(2, WireType::LengthDelimited, out);
    encode_varint(length as u64, out);
    message.encode_raw(out);
}

/// Appends a ReadOutputResponse { bytes data = 1; bool end = 2 } without copying the data into a message first.
pub fn respond_output(out: &mut Vec<u8>, stream: u32, data: &[u8], end: bool) {
    let data_length = match data.len() {
        0 => 0,
        length => 1 + encoded_len_varint(length as u64) + length,
    };
    let length = data_length + if end { 2 } else { 0 };
    header(out, stream, 1 + encoded_len_varint(length as u64) + length);
    encode_key(2, WireType::LengthDelimited, out);
    encode_varint(length as u64, out);
    if !data.is_empty() {
        encode_key(1, WireType::LengthDelimited, out);
        encode_varint(data.len() as u64, out);
        out.extend_from_slice(data);
    }
    if end {
        encode_key(2, WireType::Varint, out);
        encode_varint(1, out);
    }
}

/// Appends a refusal to `out`.
pub fn refuse(out: &mut Vec<u8>, stream: u32, status: &Status) {
    let message = status.message.as_bytes();
    let inner = 2 + 1 + encoded_len_varint(message.len() as u64) + message.len();
    header(out, stream, 1 + encoded_len_varint(inner as u64) + inner);
    encode_key(1, WireType::LengthDelimited, out);
    encode_varint(inner as u64, out);
    encode_key(1, WireType::Varint, out);
    encode_varint(status.code as u64, out);
    encode_key(2, WireType::LengthDelimited, out);
    encode_varint(message.len() as u64, out);
    out.extend_from_slice(message);
}

fn header(out: &mut Vec<u8>, stream: u32, length: usize) {
    out.reserve(HEADER + length);
    out.extend_from_slice(&(length as u32).to_be_bytes());
    out.extend_from_slice(&stream.to_be_bytes());
    out.extend_from_slice(&[RESPONSE, 0]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{CheckRequest, ReadOutputResponse};
    use crate::failure::Code;

    fn frame(stream: u32, kind: u8, body: &[u8]) -> Vec<u8> {
        let mut bytes = (body.len() as u32).to_be_bytes().to_vec();
        bytes.extend(stream.to_be_bytes());
        bytes.extend([kind, 0]);
        bytes.extend(body);
        bytes
    }

    #[test]
    fn a_frame_is_asked_for_byte_by_byte() {
        let whole = frame(1, REQUEST, b"abc");
        for cut in 0..HEADER {
            assert_eq!(parse(&whole[..cut]), Frame::Partial(HEADER));
        }
        assert_eq!(parse(&whole[..HEADER + 2]), Frame::Partial(HEADER + 3));
        assert_eq!(parse(&whole), Frame::Request { stream: 1, length: 3 });
    }

    #[test]
    fn garbage_is_recognised() {
        assert_eq!(parse(&[0xff; 16]), Frame::Garbage);
        assert_eq!(parse(&frame(2, REQUEST, b"")), Frame::Garbage, "even stream ids are the server's");
        assert_eq!(parse(&frame(1, RESPONSE, b"")), Frame::Garbage);
        assert_eq!(Request::decode(&[0x0a, 0x7f, b'x']), None, "a length beyond the end");
        assert_eq!(Request::decode(&[0x0a, 0x01, 0xff]), None, "a service that is not UTF-8");
        assert_eq!(Request::decode(&[0xff; 20]), None);
    }

    #[test]
    fn unknown_fields_of_a_request_are_skipped() {
        let bytes = [0x0a, 1, b's', 0x12, 1, b'm', 0x20, 5, 0x2a, 1, 0, 0x1a, 2, 8, 9];
        let request = Request { service: "s", method: "m", payload: &[8, 9] };
        assert_eq!(Request::decode(&bytes), Some(request));
    }

    #[test]
    fn output_is_answered_as_its_message_would_be() {
        for (data, end) in [(vec![], true), (vec![], false), (vec![7; 300], false), (b"x".to_vec(), true)] {
            let (mut expected, mut out) = (Vec::new(), Vec::new());
            respond_output(&mut out, 3, &data, end);
            respond(&mut expected, 3, &ReadOutputResponse { data, end });
            assert_eq!(out, expected);
        }
    }

    #[test]
    fn lengths_of_answers_are_right() {
        let mut out = Vec::new();
        respond(&mut out, 3, &CheckRequest {});
        assert_eq!(out, [0, 0, 0, 2, 0, 0, 0, 3, RESPONSE, 0, 0x12, 0]);
        out.clear();
        refuse(&mut out, 5, &Status::new(Code::NotFound, "x".repeat(200)));
        assert_eq!(out.len(), HEADER + u32::from_be_bytes(out[..4].try_into().unwrap()) as usize);
        assert_eq!(out[10..18], [0x0a, 0xcd, 0x01, 0x08, 5, 0x12, 0xc8, 0x01]);
    }
}
