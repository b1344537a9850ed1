// Numbers as they travel: base64 of little-endian arrays, which is what every browser has.

const ARRAYS = { u1: Uint8Array, u2: Uint16Array, u4: Uint32Array };
const NO_AMOUNT = 65535;

function bytesOf(text) {
  const plain = atob(text);
  const bytes = new Uint8Array(plain.length);
  for (let at = 0; at < plain.length; at++) bytes[at] = plain.charCodeAt(at);
  return bytes;
}

function unpack(packed) {
  return new ARRAYS[packed.type](bytesOf(packed.data).buffer);
}

// Amounts are codes between the ends of what occurs; one code stands for no value.
function unpackAmounts(packed) {
  const codes = unpack(packed);
  const step = (packed.high - packed.low) / (NO_AMOUNT - 1);
  return Float32Array.from(codes, (code) => (code === NO_AMOUNT ? NaN : packed.low + code * step));
}

function unpackMask(text, count) {
  const bytes = text === null ? null : bytesOf(text);
  const mask = new Uint8Array(count);
  for (let at = 0; at < count; at++) mask[at] = bytes ? (bytes[at >> 3] >> (at & 7)) & 1 : 1;
  return mask;
}

function packMask(mask) {
  const bytes = new Uint8Array(Math.ceil(mask.length / 8));
  for (let at = 0; at < mask.length; at++) if (mask[at]) bytes[at >> 3] |= 1 << (at & 7);
  let plain = "";
  for (const byte of bytes) plain += String.fromCharCode(byte);
  return btoa(plain);
}

function clamp(value, low, high) {
  return Math.max(low, Math.min(high, value));
}
