/** Round constants: the first 32 bits of the fractional parts of the cube roots of the first 64 primes (FIPS 180-4, 4.2.2). */
const ROUNDS = Uint32Array.from(
  (
    '428a2f98 71374491 b5c0fbcf e9b5dba5 3956c25b 59f111f1 923f82a4 ab1c5ed5 d807aa98 12835b01 243185be 550c7dc3 72be5d74 80deb1fe ' +
    '9bdc06a7 c19bf174 e49b69c1 efbe4786 0fc19dc6 240ca1cc 2de92c6f 4a7484aa 5cb0a9dc 76f988da 983e5152 a831c66d b00327c8 bf597fc7 ' +
    'c6e00bf3 d5a79147 06ca6351 14292967 27b70a85 2e1b2138 4d2c6dfc 53380d13 650a7354 766a0abb 81c2c92e 92722c85 a2bfe8a1 a81a664b ' +
    'c24b8b70 c76c51a3 d192e819 d6990624 f40e3585 106aa070 19a4c116 1e376c08 2748774c 34b0bcb5 391c0cb3 4ed8aa4a 5b9cca4f 682e6ff3 ' +
    '748f82ee 78a5636f 84c87814 8cc70208 90befffa a4506ceb bef9a3f7 c67178f2'
  )
    .split(' ')
    .map((word) => Number.parseInt(word, 16)),
);

/** The same of the square roots of the first eight primes. */
const START = [
  0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
] as const;

function turned(word: number, by: number): number {
  return (word >>> by) | (word << (32 - by));
}

/** The bytes, a one, zeros, and the length in bits, so that the whole is blocks of 64 bytes. */
function padded(bytes: Uint8Array): DataView {
  const length = Math.ceil((bytes.length + 9) / 64) * 64;
  const whole = new Uint8Array(length);
  whole.set(bytes);
  whole[bytes.length] = 0x80;
  const view = new DataView(whole.buffer);
  view.setUint32(length - 8, Math.floor(bytes.length / 0x2000_0000));
  view.setUint32(length - 4, bytes.length << 3);
  return view;
}

/** The block's sixteen words, and forty-eight that follow from them. */
function schedule(block: DataView, at: number): Uint32Array {
  const words = new Uint32Array(64);
  const word = (index: number): number => words[index] ?? 0;
  for (let t = 0; t < 16; t += 1) words[t] = block.getUint32(at + 4 * t);
  for (let t = 16; t < 64; t += 1) {
    const [early, late] = [word(t - 15), word(t - 2)];
    const small = turned(early, 7) ^ turned(early, 18) ^ (early >>> 3);
    const great = turned(late, 17) ^ turned(late, 19) ^ (late >>> 10);
    words[t] = word(t - 16) + small + word(t - 7) + great;
  }
  return words;
}

type State = readonly [number, number, number, number, number, number, number, number];

function afterBlock(before: State, words: Uint32Array): State {
  let [a, b, c, d, e, f, g, h] = before;
  for (let t = 0; t < 64; t += 1) {
    const mixed = turned(e, 6) ^ turned(e, 11) ^ turned(e, 25);
    const chosen = (e & f) ^ (~e & g);
    const first = (h + mixed + chosen + (ROUNDS[t] ?? 0) + (words[t] ?? 0)) | 0;
    const spread = turned(a, 2) ^ turned(a, 13) ^ turned(a, 22);
    const second = (spread + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    [h, g, f, e, d, c, b, a] = [g, f, e, (d + first) | 0, c, b, a, (first + second) | 0];
  }
  const [p, q, r, s, t, u, v, w] = before;
  return [
    (p + a) | 0,
    (q + b) | 0,
    (r + c) | 0,
    (s + d) | 0,
    (t + e) | 0,
    (u + f) | 0,
    (v + g) | 0,
    (w + h) | 0,
  ];
}

/**
 * SHA-256 (FIPS 180-4) of a text's UTF-8 bytes, in hexadecimal. For workflows, which have no `node:crypto`; everybody else takes that.
 */
export function sha256(text: string): string {
  const blocks = padded(new TextEncoder().encode(text));
  let state: State = START;
  for (let at = 0; at < blocks.byteLength; at += 64) state = afterBlock(state, schedule(blocks, at));
  return state.map((word) => (word >>> 0).toString(16).padStart(8, '0')).join('');
}
