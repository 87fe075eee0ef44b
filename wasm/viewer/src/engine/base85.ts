/** Bytes as text that stands in a script as it is: five characters for four bytes, none of which needs to be escaped. */

/** Printable ASCII without quotes, backslash, dollar, ampersand and the sign that begins a tag. */
const ALPHABET = Array.from({ length: 94 }, (_, place) => String.fromCharCode(33 + place)).filter((character) => !"\"'`\\$&<>~".includes(character)).join("");

const BASE = ALPHABET.length;

/** Four bytes are a number in five digits; at the end fewer bytes are one digit more than they are. */
export function encode(bytes: Uint8Array): string {
  const padded = new Uint8Array(Math.ceil(bytes.length / 4) * 4);
  padded.set(bytes);
  const view = new DataView(padded.buffer);
  const groups: string[] = [];
  for (let place = 0; place < padded.length; place += 4) {
    let digits = "";
    for (let rest = view.getUint32(place), digit = 0; digit < 5; digit++, rest = Math.floor(rest / BASE)) digits = ALPHABET.charAt(rest % BASE) + digits;
    groups.push(digits.slice(0, Math.min(4, bytes.length - place) + 1));
  }
  return groups.join("");
}

export function decode(text: string): Uint8Array<ArrayBuffer> {
  const values = new Uint8Array(128);
  for (let value = 0; value < BASE; value++) values[ALPHABET.charCodeAt(value)] = value;
  const groups = Math.ceil(text.length / 5);
  const padded = text.padEnd(groups * 5, ALPHABET.charAt(BASE - 1));
  const view = new DataView(new ArrayBuffer(groups * 4));
  for (let group = 0; group < groups; group++) {
    let number = 0;
    for (let digit = 0; digit < 5; digit++) number = number * BASE + (values[padded.charCodeAt(group * 5 + digit)] ?? 0);
    view.setUint32(group * 4, number);
  }
  return new Uint8Array(view.buffer, 0, text.length - groups);
}
