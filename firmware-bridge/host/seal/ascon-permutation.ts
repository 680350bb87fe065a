/** Round constants of the 12 rounds; fewer rounds take the last of them (NIST SP 800-232, table 5). */
const CONSTANTS = Uint8Array.of(0xf0, 0xe1, 0xd2, 0xc3, 0xb4, 0xa5, 0x96, 0x87, 0x78, 0x69, 0x5a, 0x4b);

/**
 * The permutation Ascon-p with 8 or 12 rounds (NIST SP 800-232, section 3) on a state of five 64-bit words, each as
 * two 32-bit halves, the lower one first. JavaScript has 32-bit integers and no fast 64-bit ones: BigInt takes a
 * hundred times as long.
 */
export function permute(state: Int32Array, rounds: 8 | 12): void {
  let l0 = state[0]!;
  let h0 = state[1]!;
  let l1 = state[2]!;
  let h1 = state[3]!;
  let l2 = state[4]!;
  let h2 = state[5]!;
  let l3 = state[6]!;
  let h3 = state[7]!;
  let l4 = state[8]!;
  let h4 = state[9]!;
  for (let round = 12 - rounds; round < 12; round++) {
    // Substitution layer: 64 S-boxes side by side.
    l0 ^= l4;
    h0 ^= h4;
    l4 ^= l3;
    h4 ^= h3;
    l2 ^= CONSTANTS[round]! ^ l1;
    h2 ^= h1;
    let tl0 = l0 ^ (~l1 & l2);
    let th0 = h0 ^ (~h1 & h2);
    const tl1 = l1 ^ (~l2 & l3) ^ tl0;
    const th1 = h1 ^ (~h2 & h3) ^ th0;
    const tl2 = l2 ^ (~l3 & l4);
    const th2 = h2 ^ (~h3 & h4);
    const tl3 = l3 ^ (~l4 & l0) ^ tl2;
    const th3 = h3 ^ (~h4 & h0) ^ th2;
    const tl4 = l4 ^ (~l0 & l1);
    const th4 = h4 ^ (~h0 & h1);
    tl0 ^= tl4;
    th0 ^= th4;
    // Linear layer: each word xor itself turned right by 19 and 28, 61 and 39, 1 and 6, 10 and 17, 7 and 41 bits.
    l0 = tl0 ^ ((tl0 >>> 19) | (th0 << 13)) ^ ((tl0 >>> 28) | (th0 << 4));
    h0 = th0 ^ ((th0 >>> 19) | (tl0 << 13)) ^ ((th0 >>> 28) | (tl0 << 4));
    l1 = tl1 ^ ((th1 >>> 29) | (tl1 << 3)) ^ ((th1 >>> 7) | (tl1 << 25));
    h1 = th1 ^ ((tl1 >>> 29) | (th1 << 3)) ^ ((tl1 >>> 7) | (th1 << 25));
    // The third word is inverted: its bits are, turned or not, so three inversions make one.
    l2 = ~(tl2 ^ ((tl2 >>> 1) | (th2 << 31)) ^ ((tl2 >>> 6) | (th2 << 26)));
    h2 = ~(th2 ^ ((th2 >>> 1) | (tl2 << 31)) ^ ((th2 >>> 6) | (tl2 << 26)));
    l3 = tl3 ^ ((tl3 >>> 10) | (th3 << 22)) ^ ((tl3 >>> 17) | (th3 << 15));
    h3 = th3 ^ ((th3 >>> 10) | (tl3 << 22)) ^ ((th3 >>> 17) | (tl3 << 15));
    l4 = tl4 ^ ((tl4 >>> 7) | (th4 << 25)) ^ ((th4 >>> 9) | (tl4 << 23));
    h4 = th4 ^ ((th4 >>> 7) | (tl4 << 25)) ^ ((tl4 >>> 9) | (th4 << 23));
  }
  state[0] = l0;
  state[1] = h0;
  state[2] = l1;
  state[3] = h1;
  state[4] = l2;
  state[5] = h2;
  state[6] = l3;
  state[7] = h3;
  state[8] = l4;
  state[9] = h4;
}
