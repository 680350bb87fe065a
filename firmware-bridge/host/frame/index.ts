export { decodeCobs, encodeCobs } from './cobs.ts';
export { crc16 } from './crc16.ts';
export { FRAME_OVERHEAD_BYTES, type Frame, type FrameType, MTU_MAX, MTU_MIN } from './frame.ts';
export { decodeBody, encodeBody, encodeFrame } from './frame-codec.ts';
export { type Found, FrameSplitter } from './frame-splitter.ts';
export { isPrintable, linesOf } from './printable-text.ts';
